"""Setting a page: lines, paragraphs, rules and tables, top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seal2real.pages.canvas import Canvas, Mark, Rect, Rgb, Run
from seal2real.pages.glyphs import PageFont
from seal2real.pages.linebreak import break_lines
from seal2real.pages.page import MM_PER_INCH, Anchor, Page, PageChars, PageLine, box_quad

__all__ = ["Face", "Sheet", "Stock"]

Box = tuple[float, float, float, float]
IntBox = tuple[int, int, int, int]
POINTS_PER_INCH = 72.0


@dataclass(frozen=True)
class Stock:
    """Paper and inks of a page."""

    width_mm: float
    height_mm: float
    dpi: float
    paper: Rgb
    # body print as it looks on white
    ink: Rgb
    # left, top, right, bottom
    margins_mm: tuple[float, float, float, float]
    # how print spreads, see `Canvas`
    gain: float = 1.0


@dataclass(frozen=True)
class Face:
    """A font at a size; ``leading`` is baseline distance in em."""

    font: PageFont
    size_px: int
    leading: float = 1.6

    @property
    def step(self) -> float:
        """Baseline distance in pixels."""
        return self.leading * self.size_px

    def width(self, text: str) -> float:
        """Return the set width of ``text`` in pixels."""
        return self.font.width(text) * self.size_px

    def scaled(self, factor: float, leading: float | None = None) -> Face:
        """Return the same font at ``factor`` times the size."""
        size = max(int(self.size_px * factor + 0.5), 4)
        return Face(self.font, size, self.leading if leading is None else leading)


class Sheet:
    """A page in the making: a draw list, its text lines and a cursor ``y``."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.px_per_mm = stock.dpi / MM_PER_INCH
        self.width = int(stock.width_mm * self.px_per_mm + 0.5)
        self.height = int(stock.height_mm * self.px_per_mm + 0.5)
        left, top, right, bottom = stock.margins_mm
        self.left = self.mm(left)
        self.right = self.width - self.mm(right)
        self.top = self.mm(top)
        self.bottom = self.height - self.mm(bottom)
        self.y = self.top
        self.canvas = Canvas(self.width, self.height, stock.paper, stock.gain)
        self.canvas.layer(stock.ink)  # the first layer is the fast one
        self.lines: list[PageLine] = []
        self.anchors: list[Anchor] = []
        self.negatives: list[dict[str, Any]] = []

    def mm(self, value: float) -> float:
        """Return millimetres in pixels."""
        return value * self.px_per_mm

    def face(self, font: PageFont, points: float, leading: float = 1.6) -> Face:
        """Return ``font`` at ``points`` (1/72 inch)."""
        return Face(font, max(int(points * self.stock.dpi / POINTS_PER_INCH + 0.5), 4), leading)

    @property
    def measure(self) -> float:
        """Width between the margins, pixels."""
        return self.right - self.left

    def room(self) -> float:
        """Pixels left above the bottom margin."""
        return self.bottom - self.y

    def put(
        self,
        text: str,
        x: float,
        baseline: float,
        face: Face,
        *,
        align: str = "left",
        spacing: float = 0.0,
        colour: Rgb | None = None,
    ) -> Box:
        """Set one line; ``x`` is its left, centre or right, ``spacing`` pixels after a glyph.

        Returns:
            Its box (cells of the visible characters), or an empty box at the pen.
        """
        pens, width = _pens(text, face, spacing)
        shift = {"left": 0.0, "center": width / 2, "right": width}[align]
        return self.put_at(text, [x - shift + pen for pen in pens], baseline, face, colour)

    def put_at(
        self,
        text: str,
        pens: Sequence[float],  # one for each character of text, page px
        baseline: float,
        face: Face,
        colour: Rgb | None = None,
    ) -> Box:
        """Set the characters of ``text`` at given pens and record the line."""
        base = int(baseline + 0.5)
        letters = "".join(text.split())
        if not letters:
            x = pens[0] if pens else 0.0
            return (x, float(base), x, float(base))
        lefts = [*pens]
        if len(letters) < len(text):
            lefts = [x for c, x in zip(text, pens, strict=True) if not c.isspace()]
        size = face.size_px
        advances, above, below = zip(*face.font.all_metrics(letters), strict=True)
        top = base - size * max(above)
        bottom = max(base + size * max(below), top + 1.0)
        rights = [x + size * advance for x, advance in zip(lefts, advances, strict=True)]
        box = (lefts[0], top, rights[-1], bottom)
        bounds = (min(min(lefts), min(rights)), top, max(max(lefts), max(rights)), bottom)
        chars = PageChars.in_row(letters, lefts, rights, top, bottom)
        self.lines.append(PageLine(text, box_quad(*bounds), chars))
        reach = size  # a mask may stand out of its cell: italics, hinting
        self._layer(colour).append(
            Run(face.font, size, letters, tuple(lefts), base, _grown(box, reach))
        )
        return box

    def paragraph(
        self,
        text: str,
        face: Face,
        *,
        indent_em: float = 2.0,
        left: float | None = None,
        right: float | None = None,
        justify: bool = True,
        after_em: float = 0.0,
        whole: bool = False,
    ) -> bool:
        """Set ``text`` in lines from the cursor down; stop at the bottom margin.

        With ``whole``, a text that does not fit is left out altogether.

        Returns:
            Whether all of it fitted.
        """
        left = self.left if left is None else left
        right = self.right if right is None else right
        rows = break_lines(text, face, right - left, indent_em * face.size_px)
        if whole and self.y + len(rows) * face.step > self.bottom:
            return False
        for row in rows:
            if self.y + face.step > self.bottom:
                return False
            pens = row.pens(left, right if justify and not row.last else None, face)
            self.put_at(row.text, pens, self.y + _ascent(face), face)
            self.y += face.step
        self.y += after_em * face.size_px
        return True

    def title(self, text: str, face: Face, *, spacing: float = 0.0) -> Box:
        """Set a centred line at the cursor and move on."""
        middle = (self.left + self.right) / 2
        box = self.put(text, middle, self.y + _ascent(face), face, align="center", spacing=spacing)
        self.y += face.step
        self.anchor("title", box)
        return box

    def row(self, text: str, face: Face, *, align: str = "left", x: float | None = None) -> Box:
        """Set one line at the cursor, at the left or right margin or centred, and move on."""
        middle = (self.left + self.right) / 2
        place = {"left": self.left, "center": middle, "right": self.right}[align]
        box = self.put(text, place if x is None else x, self.y + _ascent(face), face, align=align)
        self.y += face.step
        return box

    def fit(self, text: str, width: float, face: Face) -> Face:
        """Return ``face``, or a smaller one at which ``text`` is at most ``width`` wide."""
        wide = face.width(text)
        return face if wide <= width else face.scaled(0.98 * width / wide)

    def hrule(
        self, y: float, x0: float, x1: float, mm: float = 0.2, colour: Rgb | None = None
    ) -> None:
        """Draw a horizontal rule ``mm`` thick (at least a pixel), centred on ``y``."""
        thick = max(int(self.mm(mm) + 0.5), 1)
        top = int(y - thick / 2 + 0.5)
        self.fill((x0, top, x1, top + thick), colour=colour)

    def vrule(
        self, x: float, y0: float, y1: float, mm: float = 0.2, colour: Rgb | None = None
    ) -> None:
        """Draw a vertical rule ``mm`` thick (at least a pixel), centred on ``x``."""
        thick = max(int(self.mm(mm) + 0.5), 1)
        left = int(x - thick / 2 + 0.5)
        self.fill((left, y0, left + thick, y1), colour=colour)

    def frame(self, box: Box, mm: float = 0.2, colour: Rgb | None = None) -> None:
        """Draw the four sides of ``box``."""
        x0, y0, x1, y1 = box
        half = max(self.mm(mm) / 2, 0.5)
        for y in (y0, y1):
            self.hrule(y, x0 - half, x1 + half, mm, colour)
        for x in (x0, x1):
            self.vrule(x, y0, y1, mm, colour)

    def fill(self, box: Box, level: int = 255, colour: Rgb | None = None) -> None:
        """Fill ``box``, rounded to whole pixels, with ``level``/255 of the ink."""
        rounded = _rounded(box, self.width, self.height)
        self._layer(colour).append(Rect(rounded, level))

    def mark(self, mark: Mark, colour: Rgb) -> None:
        """Draw a shape that is neither text nor rule."""
        self._layer(colour).append(mark)

    def negative(self, kind: str, box: Box, **fields: Any) -> None:
        """Record something drawn that a reader may take for a seal."""
        rounded = _rounded((box[0], box[1], box[2] + 0.5, box[3] + 0.5), self.width, self.height)
        self.negatives.append({"kind": kind, "bbox": list(rounded), **fields})

    def anchor(self, kind: str, box: Box) -> None:
        """Remember a place for the placement rules."""
        self.anchors.append(Anchor(kind, box))

    def finish(self, kind: str, source: dict[str, Any]) -> Page:
        """Return the page."""
        body = (self.left, self.top, self.right, max(self.y, self.top + 1))
        return Page(
            self.canvas,
            self.stock.dpi,
            kind,
            source,
            tuple(self.lines),
            (*self.anchors, Anchor("body", body)),
            tuple(self.negatives),
            self.stock.paper,
        )

    def _layer(self, colour: Rgb | None) -> list[Any]:
        return self.canvas.layer(self.stock.ink if colour is None else colour)


def _pens(text: str, face: Face, spacing: float) -> tuple[list[float], float]:
    """Return the pens of ``text`` from 0, and its width without the last spacing."""
    pens, pen, size = [], 0.0, face.size_px
    for advance, _, _ in face.font.all_metrics(text):
        pens.append(pen)
        pen += advance * size + spacing
    return pens, pen - (spacing if text else 0.0)


def _ascent(face: Face) -> float:
    """Return the distance from the top of a line's slot to its baseline, pixels."""
    # 0.38 em above mid-height centres the em box of hanzi (0.88 up, 0.12 down) in the slot
    return face.step / 2 + 0.38 * face.size_px


def _grown(box: Box, margin: float) -> IntBox:
    return (
        int(box[0] - margin) - 1,
        int(box[1] - margin) - 1,
        int(box[2] + margin) + 2,
        int(box[3] + margin) + 2,
    )


def _rounded(box: Box, width: int, height: int) -> IntBox:
    x0, y0, x1, y1 = (int(v + 0.5) if v > 0 else 0 for v in box)
    return (min(x0, width), min(y0, height), min(x1, width), min(y1, height))
