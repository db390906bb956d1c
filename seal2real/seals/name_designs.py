"""Designs of name seals: 朱文 and 白文, square, round, columns; and the square finance seal."""

from __future__ import annotations

from seal2real.rng import Rng
from seal2real.seals.corpus import Texts
from seal2real.seals.design import Size
from seal2real.seals.fit import mm
from seal2real.seals.spec import Border, NameGrid, SealSpec

__all__ = ["finance_square", "name_column", "name_round", "name_square"]

_FONTS = (("song", None), ("hei", None))


def _seal_text(rng: Rng, name: str) -> str:
    """Return a name as carved: alone, or with 印, 之印, 印章 to fill the square."""
    endings = {2: ("印", "之印", "印章", ""), 3: ("印", "印", ""), 4: ("",)}
    return name + rng.choice(endings.get(len(name), ("",)))


def _columns(rng: Rng, count: int) -> tuple[int, ...]:
    """Return how many characters stand in each column of a square."""
    return {
        1: (1,),
        2: rng.choice(((2,), (1, 1))),
        3: rng.choice(((1, 2), (1, 2), (2, 1))),
        4: (2, 2),
        5: (2, 3),
        6: (3, 3),
    }.get(count, _grid(count))


def _grid(count: int) -> tuple[int, ...]:
    """Return near-square columns for a long text; they differ by one character at most."""
    columns = 2
    while columns * columns < count:
        columns += 1
    least, more = divmod(count, columns)
    return (least + 1,) * more + (least,) * (columns - more)


def _name(rng: Rng, text: str, columns: tuple[int, ...], side: float) -> NameGrid:
    """Return the grid: positive or negative cut, margins in proportion to ``side``."""
    cut = rng.choice(("zhu", "bai"))
    font, role = rng.weighted(_FONTS, (0.75, 0.25))
    margin = side * (rng.uniform(0.03, 0.06) if cut == "zhu" else rng.uniform(0.06, 0.09))
    gap = mm(side * rng.uniform(0.02, 0.045))
    return NameGrid(text, columns, cut, font, role, mm(margin), gap)


def _borders(rng: Rng, name: NameGrid, side: float) -> tuple[Border, ...]:
    """Return the frame: always around 朱文, seldom around 白文."""
    if name.cut == "bai":
        return ()
    width = mm(side * rng.uniform(0.035, 0.06))
    if rng.bernoulli(0.12):
        return Border(width), Border(mm(width * 0.4), mm(width * 1.8))
    return (Border(width),)


def _private(
    kind: str,
    shape: str,
    texts: Texts,
    sides: tuple[float, float],
    corner: float,
    name: NameGrid,
    borders: tuple[Border, ...],
) -> SealSpec:
    """Build a seal that is nothing but a name."""
    return SealSpec(
        kind, shape, sides[0], sides[1], corner, borders=borders, name=name, owner=texts["owner"]
    )


def name_square(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Square name seal, 18 to 25 mm, columns from right to left."""
    side = size[0] or mm(rng.uniform(16, 25))
    text = _seal_text(rng, texts["person"])
    name = _name(rng, text, _columns(rng, len(text)), side)
    corner = mm(side * rng.uniform(0, 0.08)) if rng.bernoulli(0.5) else 0.0
    borders = _borders(rng, name, side)
    return _private("name_square", "square", texts, (side, side), corner, name, borders)


def name_round(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Round name seal, 18 to 25 mm."""
    side = size[0] or mm(rng.uniform(17, 25))
    text = _seal_text(rng, texts["person"])
    name = _name(rng, text, _columns(rng, len(text)), side * 0.8)
    borders = _borders(rng, name, side * 0.9)
    return _private("name_round", "round", texts, (side, side), 0.0, name, borders)


def name_column(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Rectangular name seal: a column read downwards, or a row read from either side."""
    text = texts["person"] + ("印" if rng.bernoulli(0.25) else "")
    short = rng.uniform(7.5, 11)
    long = short * len(text) * rng.uniform(0.85, 1.05)
    upright = rng.bernoulli(0.65)
    sides = (short, long) if upright else (long, short)
    width, height = mm(size[0] or sides[0]), mm(size[1] or sides[1])
    columns = (len(text),) if upright else (1,) * len(text)
    if len(text) > 6:  # a user's owner that is no person
        columns = _grid(len(text))
    name = _name(rng, text, columns, short)
    if not upright and rng.bernoulli(0.7):
        name = NameGrid(
            text, columns, name.cut, name.font, name.font_role, name.margin_mm, name.gap_mm, False
        )
    corner = mm(short * rng.uniform(0, 0.12)) if rng.bernoulli(0.5) else 0.0
    borders = _borders(rng, name, short)
    return _private("name_column", "rectangle", texts, (width, height), corner, name, borders)


def finance_square(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Finance seal: square 22 to 25, owner and 财务专用章 in columns from right to left."""
    side = size[0] or mm(rng.uniform(22, 25))
    ending = texts.given("purpose") or rng.choice(("财务专用章", "财务专用章", "财务章", "专用章"))
    owner = "".join(char for char in texts["owner"] if char not in "（）()")
    text = (owner[: 24 - len(ending)] if len(owner) + len(ending) > 24 else owner) + ending
    font, role = rng.weighted((("song", None), ("song", "fangsong"), ("hei", None)), (6, 2, 2))
    name = NameGrid(
        text,
        _grid(len(text)),
        "zhu",
        font,
        role,
        mm(side * rng.uniform(0.02, 0.035)),
        mm(side * rng.uniform(0.012, 0.022)),
        rng.bernoulli(0.7),
    )
    corner = mm(rng.uniform(0, 1.2)) if rng.bernoulli(0.4) else 0.0
    borders = (Border(mm(rng.uniform(0.8, 1.2))),)
    return _private("finance_square", "square", texts, (side, side), corner, name, borders)
