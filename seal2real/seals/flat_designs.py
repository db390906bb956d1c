"""Designs of straight-sided stamps: receipt, paid, date, strip, number, and framed ring stamps."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

from seal2real.detmath import det_atan2
from seal2real.rng import Rng
from seal2real.seals.corpus import Texts
from seal2real.seals.design import PURPOSES, Size, bottom_code, security_cuts, text_font
from seal2real.seals.fit import Outline, fit_line, fit_ring, mm, perimeter, text_height, text_units
from seal2real.seals.spec import Border, LineText, RingText, Rule, SealSpec, Star

__all__ = [
    "date_rectangle",
    "number",
    "paid",
    "receipt",
    "rectangle_ring",
    "rhombus",
    "square_ring",
    "strip",
    "triangle",
]

WORDS = (
    "收讫",
    "付讫",
    "转讫",
    "现金收讫",
    "现金付讫",
    "银行收讫",
    "银行付讫",
    "转账付讫",
    "业务清讫",
    "作废",
    "已审核",
    "已核销",
    "已报销",
    "已开票",
    "已入账",
    "附件",
    "原件",
    "副本",
    "受控文件",
    "存档",
    "与原件相符",
    "此件与原件一致",
    "仅供参考",
    "检验合格",
    "合格",
    "不合格",
    "已验收",
    "已发货",
    "已收货",
    "加急",
    "样品",
    "此复印件仅供办理业务使用",
)
_LEAST_TWO_ROWS = 5.5  # mm: below, the second row would be too small to read
# (text, role, font, share of the height)
Row = tuple[str, str, str, float]


def _rows(
    rng: Rng,
    rows: list[Row],
    width: float,
    height: float,
    middle: float = 0.0,
    spread: float = 0.35,
) -> tuple[LineText, ...]:
    """Stack rows about ``middle`` within width x height; each is condensed to fit."""
    total = sum(share for *_, share in rows)
    air = height * 0.06 if len(rows) > 1 else 0.0
    room = height - air * (len(rows) - 1)
    y = middle - height / 2
    lines = []
    for text, role, font, share in rows:
        em = mm(room * share / total)
        tall = text_height(text, em)
        # a long text is set lower rather than ever narrower
        tall = mm(min(tall, width / (0.55 * text_units(text, font))))
        scale = fit_line(text, font, tall, width, rng.uniform(0.85, 1.0))
        natural = scale * tall * text_units(text, font)
        wide = rng.bernoulli(spread) and 0.55 * width < natural < 0.85 * width
        lines.append(
            LineText(
                text,
                tall,
                y_mm=mm(y + em / 2),
                width_mm=mm(width * rng.uniform(0.86, 1.0)) if wide else None,
                condense=scale * (0.9 if wide else 1.0),
                font=font,
                role=role,
                spread=wide,
            )
        )
        y += em + air
    return tuple(lines)


def _upright(text: str, font: str, em: float, width: float, height: float) -> LineText:
    """Return a column of at most ``em`` within width x height."""
    size = mm(min(em, width, height / len(text)))
    return LineText(text, size, width_mm=mm(height), vertical=True, font=font, role="purpose")


def _left(lines: tuple[LineText, ...], edge: float) -> tuple[LineText, ...]:
    """Return ``lines`` set with one scale and flush at x = ``edge``."""
    scale = min(line.condense or 1.0 for line in lines)
    shifted = []
    for line in lines:
        half = scale * line.height_mm * text_units(line.text, line.font) / 2
        shifted.append(
            dataclasses.replace(
                line, x_mm=mm(edge + half), condense=scale, spread=False, width_mm=None
            )
        )
    return tuple(shifted)


def _frame(rng: Rng, double: float = 0.3, dashed: float = 0.0) -> tuple[Border, ...]:
    """Return one border, or a thick and a thin one."""
    width = mm(rng.uniform(0.4, 0.95))
    if rng.bernoulli(double):
        dash = mm(rng.uniform(0.8, 1.6)) if rng.bernoulli(dashed) else 0.0
        inset = mm(width + rng.uniform(0.3, 0.6))
        return Border(width), Border(mm(rng.uniform(0.15, 0.3)), inset, dash, mm(dash * 0.6))
    return (Border(width),)


def _inner(borders: tuple[Border, ...]) -> float:
    """Return the distance of the innermost border's inner edge from the outer edge."""
    return borders[-1].inset_mm + borders[-1].width_mm if borders else 0.0


def _font(rng: Rng) -> str:
    """Return the font of a business stamp: Hei and Song alike."""
    return rng.choice(("song", "hei"))


def _corner(rng: Rng, side: float) -> float:
    """Return a corner radius: sharp or gently rounded."""
    return mm(side * rng.uniform(0.03, 0.14)) if rng.bernoulli(0.5) else 0.0


def paid(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Word stamp in a frame: 现金付讫, 作废, 与原件相符."""
    text = texts.given("purpose") or rng.choice(WORDS)
    em = rng.uniform(5.0, 9.0) if len(text) <= 5 else rng.uniform(3.5, 5.0)
    width = mm(size[0] or len(text) * em * rng.uniform(0.95, 1.1) + 4)
    height = mm(size[1] or em * rng.uniform(1.35, 1.6) + 2)
    borders = _frame(rng, 0.4)
    inset = _inner(borders)
    font = _font(rng)
    if rng.bernoulli(0.14) and len(text) <= 6 and size == (None, None):
        width, height = height, width
        lines: tuple[LineText, ...] = (
            _upright(text, font, em, width - 2 * inset - 0.8, height - 2 * inset - 1.6),
        )
    else:
        rows: list[Row] = [(text, "purpose", font, 1.0)]
        lines = _rows(rng, rows, width - 2 * inset - 2.0, min(em, height - 2 * inset - 0.8))
    return SealSpec(
        "paid",
        "rectangle",
        width,
        height,
        _corner(rng, height),
        borders=borders,
        lines=lines,
        owner=texts["owner"],
    )


def receipt(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Receipt stamp: owner over the word, a rule between, perhaps the date below."""
    width, height = mm(size[0] or rng.uniform(36, 52)), mm(size[1] or rng.uniform(14, 22))
    borders = _frame(rng, 0.3, 0.3)
    inset = _inner(borders)
    font = _font(rng)
    word = texts.given("purpose") or rng.choice(("收货专用章", "收 讫", "已收货", "收件专用章"))
    rows: list[Row] = [(texts["owner"], "owner", font, 0.85), (word, "purpose", font, 1.1)]
    if rng.bernoulli(0.5):
        rows.append((texts["date"], "date", "hei", 0.85))
    lines = _rows(rng, rows, width - 2 * inset - 2.4, height - 2 * inset - 1.8)
    rules: tuple[Rule, ...] = ()
    if rng.bernoulli(0.4):
        y = mm(
            (lines[0].y_mm + lines[0].height_mm / 2 + lines[1].y_mm - lines[1].height_mm / 2) / 2
        )
        half = mm(width / 2 - inset)
        rules = (Rule(-half, y, half, y, mm(rng.uniform(0.15, 0.3))),)
    return SealSpec(
        "receipt",
        "rectangle",
        width,
        height,
        _corner(rng, height),
        borders=borders,
        lines=lines,
        rules=rules,
        owner=texts["owner"],
    )


def date_rectangle(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Date stamp: a date alone, or with a word before or above it."""
    word = texts.given("purpose") or rng.choice(
        ("收文日期", "验收日期", "到货日期", "审核", "收 文")
    )
    borders = _frame(rng, 0.2) if rng.bernoulli(0.7) else ()
    inset = _inner(borders)
    rows: list[Row] = [(texts["date"], "date", "hei", 1.0)]
    if rng.bernoulli(0.6):
        rows.insert(0, (word, "purpose", _font(rng), 1.1))
    em = rng.uniform(3.2, 4.6)
    width = mm(size[0] or em * rng.uniform(6.2, 7.2) + 2 * inset + 2)
    height = mm(size[1] or em * 1.15 * len(rows) + 2 * inset + 1.6)
    lines = _rows(rng, rows, width - 2 * inset - 1.6, height - 2 * inset - 1.2)
    return SealSpec(
        "date_rectangle",
        "rectangle",
        width,
        height,
        _corner(rng, height) if borders else 0.0,
        borders=borders,
        lines=lines,
        owner=texts["owner"],
    )


def strip(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Business strip: name, then tax id, bank and account, phone; mostly flush left."""
    font = _font(rng)
    rows: list[Row] = [(texts["owner"], "owner", font, 1.25)]
    more: list[Row] = [
        (f"税号：{texts['tax']}", "tax", font, 1.0),
        (f"开户行：{texts['bank']}", "bank", font, 1.0),
        (f"账号：{texts['account']}", "account", font, 1.0),
        (f"电话：{texts['phone']}", "phone", font, 1.0),
    ]
    rows += [row for row in more if rng.bernoulli(0.6)]
    em = rng.uniform(2.9, 4.2)
    borders = _frame(rng, 0.1) if rng.bernoulli(0.5) else ()
    inset = _inner(borders)
    width = mm(size[0] or max(em * 0.9 * len(texts["owner"]), 48) + 2 * inset + 2)
    height = mm(size[1] or em * 1.12 * (len(rows) + 0.2) + 2 * inset + 1)
    lines = _rows(rng, rows, width - 2 * inset - 1.6, height - 2 * inset - 1.0, spread=0.0)
    if rng.bernoulli(0.75):
        lines = _left(lines, inset + 0.8 - width / 2)
    return SealSpec(
        "strip",
        "rectangle",
        width,
        height,
        borders=borders,
        lines=lines,
        owner=texts["owner"],
    )


def number(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Number stamp: a running number, framed or bare."""
    digits = rng.integer(4, 9)
    value = f"{rng.integer(0, 10**digits):0{digits}d}"
    text = rng.choice(("No.{}", "编号：{}", "第{}号", "{}", "NO {}")).format(value)
    em = rng.uniform(3.5, 6.0)
    borders = _frame(rng, 0.15) if rng.bernoulli(0.5) else ()
    inset = _inner(borders)
    width = mm(size[0] or em * 0.72 * len(text) + 2 * inset + 2)
    height = mm(size[1] or em * 1.15 + 2 * inset + 1)
    rows: list[Row] = [(text, "serial", "hei", 1.0)]
    lines = _rows(rng, rows, width - 2 * inset - 1.2, height - 2 * inset - 0.6)
    return SealSpec(
        "number",
        "rectangle",
        width,
        height,
        _corner(rng, height) if borders else 0.0,
        borders=borders,
        lines=lines,
        owner=texts["owner"],
    )


def _outline_ring(
    text: str, shape: Outline, inset: float, fonts: dict[str, str | None], ring: _Ring
) -> RingText:
    """Return the owner along the outline of any shape; the ring's arc is also its longest."""
    fit = fit_ring(
        text,
        str(fonts["font"]),
        shape,
        inset,
        ring.em,
        ring.arc,
        widest=0.85,
        longest_deg=ring.arc,
        corner_mm=ring.corner,
    )
    return RingText(
        text,
        fit.height_mm,
        radius_mm=mm(shape[1] / 2 - inset),
        arc_deg=fit.arc_deg,
        condense=fit.condense,
        **fonts,  # type: ignore[arg-type]
    )


def _code_place(rng: Rng, outline: Outline) -> float:
    """Return where a code stands: the middle of the base, or of a rhombus's lower side."""
    if outline[0] != "rhombus":
        return 180.0
    turn = float(det_atan2(outline[1], outline[2])) * 180 / math.pi
    return mm(180 + rng.choice((-1, 1)) * turn)


class _Ring(NamedTuple):
    """Owner's text along an outline: em height and radius of the seal's corners, mm; arc, degrees."""

    em: float
    corner: float
    arc: float


_Middle = tuple[tuple[LineText, ...], Star | None]


def _ring_stamp(
    rng: Rng,
    kind: str,
    texts: Texts,
    outline: Outline,
    borders: tuple[Border, ...],
    ring: _Ring,
    middle: _Middle,
) -> SealSpec:
    """Owner along the outline, lines or a star in the middle, code below, cuts by chance."""
    edge = _inner(borders)
    fonts = text_font(rng)
    inset = mm(edge + rng.uniform(0.5, 0.9))
    rings: tuple[RingText, ...] = (_outline_ring(texts["owner"], outline, inset, fonts, ring),)
    if rng.bernoulli(0.55):
        rings = (*rings, bottom_code(rng, texts, outline, edge, _code_place(rng, outline)))
    return SealSpec(
        kind,
        outline[0],
        outline[1],
        outline[2],
        ring.corner,
        borders=borders,
        ring_texts=rings,
        lines=middle[0],
        star=middle[1],
        security_lines=security_cuts(rng, outline[2] / 2) if rng.bernoulli(0.2) else (),
        owner=texts["owner"],
    )


def _middle(rng: Rng, texts: Texts, width: float, height: float, y: float, star: float) -> _Middle:
    """Return what stands in the middle of a ring stamp: a star, or words and perhaps a date."""
    if rng.bernoulli(star):
        return (), Star(mm(min(width, height) * rng.uniform(0.75, 0.9)), 0.0, mm(y))
    text = texts.given("purpose") or rng.choice(PURPOSES + WORDS[:10])
    rows: list[Row] = [(text, "purpose", _font(rng), 1.0)]
    if rng.bernoulli(0.4) and min(height, 0.5 * width) > _LEAST_TWO_ROWS:
        rows.append((texts["date"], "date", "hei", 0.75))
    tall = min(height, width * (0.36 if len(rows) == 1 else 0.5))
    return _rows(rng, rows, width, tall, y), None


def square_ring(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Square seal with the name along its outline."""
    side = size[0] or mm(rng.uniform(32, 42))
    borders = _frame(rng, 0.4, 0.4)
    em = side * rng.uniform(0.12, 0.14)
    room = side - 2 * (_inner(borders) + em + 3.0)
    middle = _middle(rng, texts, room, room, 0.0, 0.4)
    corner = mm(side * rng.uniform(0.2, 0.36))
    outline = ("square", side, side)
    ring = _Ring(em, corner, rng.uniform(230, 265))
    return _ring_stamp(rng, "square_ring", texts, outline, borders, ring, middle)


def rectangle_ring(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Rectangular seal with the name along its outline."""
    width, height = mm(size[0] or rng.uniform(44, 54)), mm(size[1] or rng.uniform(26, 32))
    borders = _frame(rng, 0.4, 0.4)
    em = height * rng.uniform(0.13, 0.15)
    edge = _inner(borders) + em + 2.4
    middle = _middle(rng, texts, width - 2 * edge, height - 2 * edge, 0.0, 0.3)
    # along the top only, with any corner, or round generous corners down the sides
    around = rng.bernoulli(0.5)
    corner = mm(height * (rng.uniform(0.26, 0.4) if around else rng.uniform(0.04, 0.25)))
    outline = ("rectangle", width, height)
    ring = _Ring(em, corner, rng.uniform(200, 235) if around else rng.uniform(96, 102))
    return _ring_stamp(rng, "rectangle_ring", texts, outline, borders, ring, middle)


def _inradius(outline: Outline) -> float:
    """Return the radius of the circle inside a triangle or rhombus: twice its area / perimeter."""
    return outline[1] * outline[2] / perimeter(*outline)


def triangle(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Triangular stamp: the name up one side and down the other, words above the base."""
    width = mm(size[0] or rng.uniform(38, 48))
    height = mm(size[1] or width * rng.uniform(0.8, 0.88))
    borders = _frame(rng, 0.35, 0.4)
    outline = ("triangle", width, height)
    em = width * rng.uniform(0.085, 0.1)
    inradius = _inradius(outline)
    room = inradius - _inner(borders) - em - 1.0
    # the incentre lies an inradius above the base; words stand a little lower, where it is wider
    y = height / 2 - inradius + 0.12 * room
    middle = _middle(rng, texts, 1.9 * room, 1.5 * room, y, 0.3)
    # the tip must be blunt, or the glyphs around it run into each other
    corner = mm(rng.uniform(4.5, 6.5))
    ring = _Ring(em, corner, rng.uniform(228, 246))
    return _ring_stamp(rng, "triangle", texts, outline, borders, ring, middle)


def rhombus(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Rhombic stamp: the name along the upper sides, words in the middle."""
    width = mm(size[0] or rng.uniform(44, 56))
    height = mm(size[1] or width * rng.uniform(0.6, 0.85))
    borders = _frame(rng, 0.35, 0.4)
    outline = ("rhombus", width, height)
    em = height * rng.uniform(0.095, 0.115)
    room = _inradius(outline) - _inner(borders) - em - 1.0
    middle = _middle(rng, texts, 2.0 * room, 1.2 * room, 0.0, 0.25)
    corner = mm(rng.uniform(2.5, 5.0))
    ring = _Ring(em, corner, rng.uniform(150, 176))
    return _ring_stamp(rng, "rhombus", texts, outline, borders, ring, middle)
