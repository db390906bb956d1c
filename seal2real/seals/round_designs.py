"""Designs of round seals: company, department, special use, contract, finance, government, date.

Each design is ``(rng, texts, size) -> SealSpec``; measures follow the engravers' guide (diameter:
border, star, glyph height, gap, arc) and vary about it.
"""

from __future__ import annotations

import dataclasses
import math

from seal2real.rng import Rng
from seal2real.seals.corpus import Texts
from seal2real.seals.design import (
    EMBLEM_KINDS,
    LIMITED_USES,
    PURPOSES,
    Disc,
    Size,
    diameter_of,
    finish,
    owner_ring,
    text_font,
)
from seal2real.seals.fit import Box, fit_line, fit_ring, mm, text_height
from seal2real.seals.spec import Border, Emblem, LineText, RingText, Rule, SealSpec, Star

__all__ = [
    "company",
    "contract",
    "date_round",
    "department",
    "finance_round",
    "government",
    "inspection",
    "joint_stock",
    "limited_use",
    "private",
    "society",
    "special_use",
]


def _star_seal(rng: Rng, kind: str, texts: Texts, disc: Disc, code: float) -> SealSpec:
    """Name above, star in the middle, perhaps a code below."""
    ring = owner_ring(texts, disc, text_font(rng))
    lift = mm(rng.uniform(-0.6, 0.2))
    limit = 2 * (disc.tops - ring.height_mm) - 2.0
    star = Star(mm(min(disc.star, limit)), 0.0, lift)
    return finish(rng, kind, texts, disc, (ring,), star=star, code=code)


def company(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Official seal of a limited company: round 40, star."""
    disc = Disc(rng, diameter_of(rng, size, (40.0,)))
    if rng.bernoulli(0.08):
        disc.add_inner_ring(rng, dashed=rng.bernoulli(0.3))
    return _star_seal(rng, "company", texts, disc, code=0.65)


def joint_stock(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Official seal of a joint-stock or state-owned company: round 42."""
    disc = Disc(rng, diameter_of(rng, size, (42.0, 42.0, 45.0)))
    if rng.bernoulli(0.15):
        disc.add_inner_ring(rng)
    return _star_seal(rng, "joint_stock", texts, disc, code=0.6)


def private(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Official seal of a sole trader: round 38."""
    disc = Disc(rng, diameter_of(rng, size, (38.0, 38.0, 36.0, 40.0)))
    return _star_seal(rng, "private", texts, disc, code=0.5)


def purpose_line(
    rng: Rng, disc: Disc, text: str, fonts: dict[str, str | None], top: float, role: str = "purpose"
) -> LineText:
    """Return a straight line whose top is ``top`` mm below the centre."""
    height = mm(min(disc.diameter * rng.uniform(0.105, 0.135), 6.0))
    room = disc.diameter * rng.uniform(0.42, 0.56)
    condense = fit_line(text, str(fonts["font"]), height, room, rng.uniform(0.62, 0.9))
    return LineText(
        text,
        height,
        y_mm=mm(top + height / 2),
        condense=condense,
        spacing_mm=mm(height * rng.uniform(0.03, 0.1)),
        role=role,
        **fonts,  # type: ignore[arg-type]
    )


def line_box(line: LineText) -> Box:
    """Return a box that holds a centred horizontal line of hanzi."""
    scale = 1.0 if line.condense is None else line.condense
    count = len(line.text)
    half = count * line.height_mm * scale / 2 + (count - 1) * line.spacing_mm / 2
    return Box(
        line.x_mm - half,
        line.y_mm - line.height_mm / 2,
        line.x_mm + half,
        line.y_mm + line.height_mm / 2,
    )


def _bottom_purpose(
    rng: Rng, texts: Texts, disc: Disc, purpose: str, fonts: dict[str, str | None]
) -> tuple[RingText, RingText]:
    """Return the name along the top and the purpose along the bottom, both left to right."""
    disc.arc = rng.uniform(195, 215)
    upper = owner_ring(texts, disc, fonts, Box(-0.1, disc.radius - 1, 0.1, disc.radius))
    outline = ("round", disc.diameter, disc.diameter)
    inset = mm(disc.radius - disc.tops)
    height = disc.height * rng.uniform(0.72, 0.9)
    font = str(fonts["font"])
    fit = fit_ring(purpose, font, outline, inset, height, 95, widest=disc.widest, longest_deg=100)
    lower = RingText(
        purpose,
        fit.height_mm,
        radius_mm=disc.tops,
        arc_deg=fit.arc_deg,
        center_deg=180.0,
        direction="ccw",
        condense=fit.condense,
        role="purpose",
        **fonts,  # type: ignore[arg-type]
    )
    return upper, lower


def _line_seal(
    rng: Rng,
    kind: str,
    texts: Texts,
    disc: Disc,
    text: str,
    starred: bool,
    role: str = "purpose",
    code: float = 0.5,
) -> SealSpec:
    """Name above, star or nothing in the middle, a straight line below the centre."""
    fonts = text_font(rng)
    star = None
    top = disc.radius * rng.uniform(0.16, 0.28)
    if starred:
        star = Star(mm(disc.star * 0.92), 0.0, mm(-disc.diameter * rng.uniform(0.02, 0.045)))
        # the lower tips of a star lie 0.81 of its radius below its middle
        top = star.y_mm + 0.405 * star.diameter_mm + disc.diameter * rng.uniform(0.025, 0.05)
    line = purpose_line(rng, disc, text, fonts, top, role)
    ring = owner_ring(texts, disc, fonts, line_box(line))
    return finish(rng, kind, texts, disc, (ring,), (line,), star=star, code=code)


def special_use(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Special-use seal: round 40, blank centre or star, the purpose straight below the centre."""
    disc = Disc(rng, diameter_of(rng, size, (40.0, 40.0, 38.0)))
    purpose = texts.given("purpose") or rng.choice(PURPOSES)
    if rng.bernoulli(0.12):
        purpose += f"({rng.integer(1, 6)})"
    if rng.bernoulli(0.15):
        rings = _bottom_purpose(rng, texts, disc, purpose, text_font(rng))
        return finish(rng, "special_use", texts, disc, rings, star=Star(disc.star), code=0.0)
    return _line_seal(rng, "special_use", texts, disc, purpose, rng.bernoulli(0.62))


def limited_use(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Seal for one declared use, as shops cut them: round 40, thin border and tall thin letters.

    Measured on photographs of such seals unrolled round their rings, as shares of the diameter:
    letters reach from 0.03 to 0.21 inside the edge, the star's points to 0.165 from the centre,
    those of the line are 0.15 to 0.17 tall.
    """
    disc = Disc(rng, diameter_of(rng, size, (40.0, 40.0, 42.0)))
    d = disc.diameter
    disc.borders = (Border(mm(rng.uniform(0.5, 0.9))),)
    disc.star = mm(d * rng.uniform(0.315, 0.345))
    disc.height = mm(d * rng.uniform(0.18, 0.205))
    disc.gap = mm(d * rng.uniform(0.015, 0.035))
    disc.widest = rng.uniform(0.55, 0.72)
    disc.arc = rng.uniform(225, 255)
    font = rng.weighted(("song-text", "song", "hei-text"), (0.75, 0.15, 0.1))
    fonts: dict[str, str | None] = {"font": font, "font_role": None}
    star = Star(disc.star, 0.0, mm(d * rng.uniform(-0.02, 0.02)))
    height = mm(d * rng.uniform(0.15, 0.175))
    line = LineText(
        texts.given("purpose") or rng.choice(LIMITED_USES),
        height,
        y_mm=mm(d * rng.uniform(0.25, 0.29)),
        condense=round(rng.uniform(0.75, 0.95), 2),
        spacing_mm=mm(height * rng.uniform(0.0, 0.15)),
        role="purpose",
        **fonts,  # type: ignore[arg-type]
    )
    ring = owner_ring(texts, disc, fonts, line_box(line))
    return finish(rng, "limited_use", texts, disc, (ring,), (line,), star=star, code=0.0)


def finance_round(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Finance seal: round 38 with star."""
    disc = Disc(rng, diameter_of(rng, size, (38.0, 38.0, 40.0)))
    purpose = texts.given("purpose") or "财务专用章"
    return _line_seal(rng, "finance_round", texts, disc, purpose, rng.bernoulli(0.8))


def department(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Seal of a department: round 38, star, the department straight below."""
    disc = Disc(rng, diameter_of(rng, size, (38.0, 38.0, 40.0)))
    return _line_seal(rng, "department", texts, disc, texts["department"], True, "department")


def contract(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Contract seal of older practice: round 58, bank, account, phone lines, serial."""
    disc = Disc(rng, diameter_of(rng, size, (58.0, 58.0, 55.0, 60.0)))
    disc.height = mm(disc.diameter * rng.uniform(0.115, 0.135))
    disc.arc = rng.uniform(215, 240)
    fonts = text_font(rng)
    font = str(fonts["font"])
    purpose = texts.given("purpose") or "合同专用章"
    d = disc.diameter
    head = LineText(
        purpose,
        mm(d * 0.1),
        y_mm=mm(-d * rng.uniform(0.06, 0.09)),
        condense=round(rng.uniform(0.75, 0.9), 2),
        spacing_mm=mm(d * 0.008),
        **fonts,  # type: ignore[arg-type]
    )
    rows = [("bank", f"开户行：{texts['bank']}"), ("account", f"账号：{texts['account']}")]
    rows.append(("phone", f"电话：{texts['phone']}"))
    height, step = mm(d * rng.uniform(0.05, 0.06)), d * rng.uniform(0.072, 0.082)
    first = head.y_mm + d * rng.uniform(0.1, 0.12)
    lines = [head]
    for i, (role, text) in enumerate(rows):
        room = d * (0.56 - 0.04 * i)
        scale = fit_line(text, font, height, room, 0.85)
        y = mm(first + i * step)
        lines.append(
            LineText(text, height, y_mm=y, condense=scale, role=role, **fonts)  # type: ignore[arg-type]
        )
    if rng.bernoulli(0.7):
        y = mm(lines[-1].y_mm + step * 1.1)
        lines.append(
            LineText(texts["serial"], mm(height * 0.85), y_mm=y, font="hei", role="serial")
        )
    widest = d * 0.28
    ring = owner_ring(texts, disc, fonts, Box(-widest, first - height, widest, d * 0.3))
    return finish(rng, "contract", texts, disc, (ring,), tuple(lines), code=0.35)


def government(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Government-style seal: round 42 to 60 by rank, Song, placeholder emblem or star."""
    disc = Disc(rng, diameter_of(rng, size, (42.0, 42.0, 45.0, 50.0, 60.0)))
    if rng.bernoulli(0.2):
        disc.add_inner_ring(rng)
    fonts: dict[str, str | None] = {"font": "song", "font_role": None}
    ring = owner_ring(texts, disc, fonts)
    if rng.bernoulli(0.04):
        # the old style reads from right to left
        ring = dataclasses.replace(ring, direction="ccw_out")
    room = 2 * (disc.tops - ring.height_mm) - 2.0
    if rng.bernoulli(0.35):
        star = Star(mm(min(disc.star, room)))
        return finish(rng, "government", texts, disc, (ring,), star=star, code=0.5)
    emblem = Emblem(
        rng.choice(EMBLEM_KINDS), mm(min(disc.diameter * rng.uniform(0.35, 0.42), room))
    )
    return finish(rng, "government", texts, disc, (ring,), emblem=emblem, code=0.5)


def society(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Union, association or institution: round 42, border 1.0 and an inner line of 0.1."""
    disc = Disc(rng, diameter_of(rng, size, (42.0, 42.0, 40.0, 38.0)))
    disc.border = 1.0
    disc.borders = (Border(1.0),)
    if rng.bernoulli(0.7):
        disc.borders = (Border(1.0), Border(mm(rng.uniform(0.1, 0.2)), mm(rng.uniform(1.3, 1.7))))
    ring = owner_ring(texts, disc, text_font(rng))
    room = 2 * (disc.tops - ring.height_mm) - 2.0
    if rng.bernoulli(0.5):
        star = Star(mm(min(disc.star, room)))
        return finish(rng, "society", texts, disc, (ring,), star=star, code=0.55)
    emblem = Emblem(rng.choice(EMBLEM_KINDS), mm(min(disc.diameter * 0.36, room)))
    return finish(rng, "society", texts, disc, (ring,), emblem=emblem, code=0.55)


def date_round(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Round date stamp: owner above, date between two rules, a word below."""
    disc = Disc(rng, diameter_of(rng, size, (30.0, 32.0, 34.0, 36.0, 38.0)))
    disc.borders = (Border(mm(rng.uniform(0.5, 0.9))),)
    disc.height = mm(disc.diameter * rng.uniform(0.115, 0.135))
    disc.arc = rng.uniform(165, 195)
    if rng.bernoulli(0.3):
        disc.add_inner_ring(rng, dashed=rng.bernoulli(0.4))
    fonts = text_font(rng)
    d = disc.diameter
    half, inner = d * rng.uniform(0.075, 0.095), disc.inner
    chord = mm(0.99 * math.sqrt(inner * inner - half * half))
    thick = mm(rng.uniform(0.25, 0.5))
    rules = tuple(Rule(-chord, mm(s * half), chord, mm(s * half), thick) for s in (-1.0, 1.0))
    date = texts["date"]
    height = text_height(date, half * rng.uniform(1.3, 1.55))
    scale = fit_line(date, "hei", height, 1.75 * chord, 0.95)
    line = LineText(date, height, condense=scale, font="hei", role="date")
    ring = owner_ring(texts, disc, fonts, Box(-inner, -half, inner, half))
    words = rng.choice(("收讫", "付讫", "转讫", "已收", "收件", "验讫", "发货", "核销", "签收"))
    word = LineText(
        words,
        mm(d * rng.uniform(0.12, 0.15)),
        y_mm=mm(half + d * rng.uniform(0.13, 0.16)),
        condense=round(rng.uniform(0.8, 1.0), 2),
        spacing_mm=mm(d * rng.uniform(0.02, 0.07)),
        **fonts,  # type: ignore[arg-type]
    )
    return finish(rng, "date_round", texts, disc, (ring,), (line, word), rules=rules, code=0.15)


def inspection(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Small round inspector's stamp: one or two words and a number."""
    diameter = diameter_of(rng, size, (12.0, 14.0, 16.0, 18.0, 20.0))
    disc = Disc(rng, diameter)
    disc.borders = (Border(mm(diameter * rng.uniform(0.025, 0.045))),)
    if rng.bernoulli(0.3):
        disc.add_inner_ring(rng)
    fonts = text_font(rng)
    words = rng.choice(("检验", "合格", "质检", "QC", "已检", "检", "PASS", "复核", "校对"))
    height = text_height(words, diameter * 0.27)
    scale = fit_line(words, str(fonts["font"]), height, diameter * 0.62, 0.95)
    number = f"{rng.integer(1, 100):02d}"
    lines = (
        LineText(words, height, y_mm=mm(-diameter * 0.13), condense=scale, **fonts),  # type: ignore[arg-type]
        LineText(number, mm(diameter * 0.19), y_mm=mm(diameter * 0.17), font="hei", role="serial"),
    )
    return finish(rng, "inspection", texts, disc, (), lines, code=0.0)
