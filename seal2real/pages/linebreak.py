"""Breaking Chinese and English text into lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from seal2real.pages.glyphs import PageFont

__all__ = ["Row", "break_lines"]

# Punctuation that may not begin, or end, a line (the usual prohibition rules).
_NO_START = frozenset("，。、；：？！）》」』】’”…—％%,.;:?!)]}")
_NO_END = frozenset("（《「『【‘“([{$￥¥")
# Justified lines may be stretched by at most this many em for each gap.
_MAX_STRETCH_EM = 0.5


class FaceLike(Protocol):
    """What line breaking needs of a face."""

    @property
    def font(self) -> PageFont:
        """The font, for advances."""

    @property
    def size_px(self) -> int:
        """Pixels per em."""


@dataclass(frozen=True)
class Row:
    """One line: its text, indent in pixels, natural width in pixels and whether it is the last."""

    text: str
    indent: float
    width: float
    last: bool

    def pens(self, left: float, right: float | None, face: FaceLike) -> list[float]:
        """Return the pens from ``left``; with ``right``, stretched so that the line ends there."""
        gaps = [] if right is None else _gaps(self.text)
        extra = 0.0
        if right is not None and gaps:
            extra = (right - left - self.indent - self.width) / len(gaps)
            if not 0.0 < extra <= _MAX_STRETCH_EM * face.size_px * max(1.0, _spacing(self.text)):
                extra = 0.0
        pens, pen, at, size = [], left + self.indent, 0, face.size_px
        for index, (advance, _, _) in enumerate(face.font.all_metrics(self.text)):
            pens.append(pen)
            pen += advance * size
            if at < len(gaps) and gaps[at] == index:
                pen += extra
                at += 1
        return pens


def break_lines(text: str, face: FaceLike, width: float, indent: float = 0.0) -> list[Row]:
    """Return the rows of ``text`` set to ``width`` pixels, the first indented."""
    rows: list[Row] = []
    units = list(_units(text))
    line: list[tuple[str, float]] = []
    used, limit = 0.0, width - indent
    for unit in units:
        wide = face.font.width(unit) * face.size_px
        if line and used + (0.0 if unit.isspace() else wide) > limit:
            carried = _carry(line, unit)
            rows.append(_row(line, width - limit, False))
            line = carried
            used, limit = sum((w for _, w in line), 0.0), width
        if line or not unit.isspace():
            line.append((unit, wide))
            used += wide
    if line:
        rows.append(_row(line, width - limit, True))
    return rows


def _row(line: list[tuple[str, float]], indent: float, last: bool) -> Row:
    while line and line[-1][0].isspace():
        line = line[:-1]
    return Row("".join(u for u, _ in line), indent, sum((w for _, w in line), 0.0), last)


def _carry(line: list[tuple[str, float]], unit: str) -> list[tuple[str, float]]:
    """Take from the end of ``line`` what must go on with ``unit``; return it."""
    carried: list[tuple[str, float]] = []
    first = unit
    while len(line) > 1 and len(carried) < 3:
        if first[0] not in _NO_START and line[-1][0][-1] not in _NO_END:
            break
        carried.insert(0, line.pop())
        first = carried[0][0]
    return carried


def _units(text: str) -> Iterator[str]:
    """Yield what cannot be broken: single hanzi and punctuation, Latin words, single spaces."""
    word = ""
    for char in text:
        if _is_word(char):
            word += char
            continue
        if word:
            yield word
            word = ""
        yield char
    if word:
        yield word


def _is_word(char: str) -> bool:
    return char < "\u2000" and not char.isspace()


def _gaps(text: str) -> list[int]:
    """Return the indices of characters after which a justified line may be stretched."""
    spaces = [i for i, char in enumerate(text) if char.isspace()]
    hanzi = [i for i in range(len(text) - 1) if not (_is_word(text[i]) and _is_word(text[i + 1]))]
    return spaces if 3 * len(spaces) > len(hanzi) else hanzi


def _spacing(text: str) -> float:
    """Return how much more a gap of ``text`` may be stretched: word spaces bear more."""
    return 3.0 if any(char.isspace() for char in text) else 1.0
