"""Designs of oval seals: foreign-invested (bilingual), invoice, and plain oval office seals."""

from __future__ import annotations

from seal2real.rng import Rng
from seal2real.seals.corpus import Texts
from seal2real.seals.design import PURPOSES, Size, bottom_code, security_cuts, text_font
from seal2real.seals.fit import Box, Outline, clear_arc, fit_line, fit_ring, mm, text_height
from seal2real.seals.spec import Border, Emblem, LineText, RingText, SealSpec, Star

__all__ = ["foreign_invested", "invoice", "oval_office"]


def _axes(rng: Rng, size: Size, usual: tuple[float, float]) -> Outline:
    """Return shape, width, height: the caller's, or the usual ones within 2 %."""
    scale = rng.uniform(0.98, 1.02) if rng.bernoulli(0.3) else 1.0
    return "oval", mm(size[0] or usual[0] * scale), mm(size[1] or usual[1] * scale)


def _top_ring(
    text: str,
    outline: Outline,
    inset: float,
    height: float,
    arc: float,
    fonts: dict[str, str | None],
    **bounds: float,
) -> RingText:
    """Return ring text centred at the top."""
    fit = fit_ring(text, str(fonts["font"]), outline, inset, height, arc, **bounds)
    return RingText(
        text,
        fit.height_mm,
        radius_mm=mm(outline[1] / 2 - inset),
        arc_deg=fit.arc_deg,
        condense=fit.condense,
        **fonts,  # type: ignore[arg-type]
    )


def invoice(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Invoice seal: oval 40 x 30, border 1; name 4.2 high, tax id 3.7 x 1.3 over 26, purpose 4.6 x 3.

    The prescribed FangSong is recorded as ``font_role``; digits stand for Arial.
    """
    outline = _axes(rng, size, (40.0, 30.0))
    _, width, height = outline
    fonts: dict[str, str | None] = {"font": "song", "font_role": "fangsong"}
    unit = width / 40.0
    tax_em = mm(3.7 * unit)
    tax_scale = fit_line(texts["tax"], "hei", tax_em, 26 * unit, 1.0)
    tax_y = mm(-rng.uniform(0.2, 1.0) * unit)
    tax = LineText(
        texts["tax"],
        tax_em,
        y_mm=tax_y,
        condense=tax_scale,
        font="hei",
        font_role="arial",
        role="tax",
    )
    words = LineText(
        texts.given("purpose") or "发票专用章",
        mm(4.6 * unit),
        y_mm=mm(tax_y + (1.85 + rng.uniform(0.7, 1.1) + 2.3) * unit),
        condense=0.652,
        spacing_mm=mm(rng.uniform(0.1, 0.35) * unit),
        **fonts,  # type: ignore[arg-type]
    )
    lines: tuple[LineText, ...] = (tax, words)
    if rng.bernoulli(0.45):
        y = mm(words.y_mm + (2.3 + 0.3 + 1.4) * unit)
        lines = (
            *lines,
            LineText(texts["serial"], mm(1.9 * unit), y_mm=y, font="hei", role="serial"),
        )
    inset = mm((1.0 + rng.uniform(0.5, 0.8)) * unit)
    em = 4.2 * unit
    box = Box(-13 * unit, tax_y - 1.85 * unit, 13 * unit, words.y_mm)
    tops = (width / 2 - inset, height / 2 - inset)
    arc = clear_arc(rng.uniform(225, 260), tops, em, box, 0.35)
    ring = _top_ring(texts["owner"], outline, inset, em, arc, fonts, longest_deg=arc, loosest=2.3)
    return SealSpec(
        "invoice",
        "oval",
        width,
        height,
        borders=(Border(mm(unit)),),
        ring_texts=(ring,),
        lines=lines,
        owner=texts["owner"],
    )


def foreign_invested(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Foreign-invested company: oval 45 x 30, Chinese above, English below, logo or star."""
    outline = _axes(rng, size, (45.0, 30.0))
    _, width, height = outline
    border = mm(rng.uniform(0.9, 1.1))
    borders: tuple[Border, ...] = (Border(border),)
    if rng.bernoulli(0.2):
        borders = (
            *borders,
            Border(mm(rng.uniform(0.12, 0.25)), mm(border + rng.uniform(0.3, 0.5))),
        )
    edge = borders[-1].inset_mm + borders[-1].width_mm
    inset = mm(edge + rng.uniform(0.5, 0.8))
    fonts = text_font(rng)
    upper = _top_ring(
        texts["owner"],
        outline,
        inset,
        rng.uniform(4.0, 4.7),
        rng.uniform(185, 205),
        fonts,
        longest_deg=212.0,
    )
    lower = _bottom_ring(rng, texts["english"], outline, inset)
    purpose = texts.given("purpose") or (rng.choice(PURPOSES) if rng.bernoulli(0.35) else None)
    star, emblem, lines = _oval_centre(rng, height, purpose, fonts)
    return SealSpec(
        "foreign_invested",
        "oval",
        width,
        height,
        borders=borders,
        ring_texts=(upper, lower),
        lines=lines,
        star=star,
        emblem=emblem,
        security_lines=security_cuts(rng, height / 2) if rng.bernoulli(0.15) else (),
        owner=texts["owner"],
    )


def _bottom_ring(rng: Rng, text: str, outline: Outline, inset: float) -> RingText:
    """Return an English name along the bottom, read from left to right."""
    height = rng.uniform(1.9, 2.3)
    fit = fit_ring(
        text,
        "hei",
        outline,
        inset,
        height,
        rng.uniform(112, 128),
        fill=0.97,
        narrowest=0.55,
        widest=0.95,
        longest_deg=136.0,
    )
    return RingText(
        text,
        fit.height_mm,
        radius_mm=mm(outline[1] / 2 - inset),
        arc_deg=fit.arc_deg,
        center_deg=180.0,
        direction="ccw",
        font="hei",
        condense=fit.condense,
        role="owner",
    )


def _oval_centre(
    rng: Rng, height: float, purpose: str | None, fonts: dict[str, str | None]
) -> tuple[Star | None, Emblem | None, tuple[LineText, ...]]:
    """Return star, emblem, lines of an oval's middle."""
    if purpose is not None:
        em = mm(height * rng.uniform(0.12, 0.15))
        scale = fit_line(purpose, str(fonts["font"]), em, height * 0.72, 0.85)
        line = LineText(purpose, em, y_mm=mm(height * 0.03), condense=scale, **fonts)  # type: ignore[arg-type]
        return None, None, (line,)
    if rng.bernoulli(0.6):
        return Star(mm(height * rng.uniform(0.26, 0.32))), None, ()
    kind = rng.choice(("gear", "shield", "book", "dove"))
    return None, Emblem(kind, mm(height * rng.uniform(0.26, 0.32))), ()


def oval_office(rng: Rng, texts: Texts, size: Size) -> SealSpec:
    """Plain oval office seal: name above, purpose or date in the middle, a code below."""
    usual = rng.choice(((38.0, 26.0), (42.0, 30.0), (45.0, 32.0), (35.0, 25.0)))
    outline = _axes(rng, size, usual)
    _, width, height = outline
    border = mm(rng.uniform(0.6, 1.1))
    dash = mm(rng.uniform(0.8, 1.4)) if rng.bernoulli(0.25) else 0.0
    borders = [Border(border)]
    if rng.bernoulli(0.5):
        borders.append(Border(0.25, mm(border + 0.4), dash, mm(dash * 0.6)))
    edge = borders[-1].inset_mm + borders[-1].width_mm
    inset = mm(edge + rng.uniform(0.4, 0.8))
    fonts = text_font(rng)
    em = height * rng.uniform(0.125, 0.145)
    dated = rng.bernoulli(0.4)
    text = texts["date"] if dated else (texts.given("purpose") or rng.choice(PURPOSES))
    role, font = ("date", "hei") if dated else ("purpose", str(fonts["font"]))
    line_em = text_height(text, height * rng.uniform(0.13, 0.17))
    scale = fit_line(text, font, line_em, width * 0.56, 0.9)
    line = LineText(text, line_em, y_mm=mm(height * 0.05), condense=scale, font=font, role=role)
    tops = (width / 2 - inset, height / 2 - inset)
    box = Box(-width * 0.28, line.y_mm - line_em / 2, width * 0.28, line.y_mm + line_em / 2)
    arc = clear_arc(rng.uniform(200, 240), tops, em, box, 0.5)
    rings: tuple[RingText, ...] = (
        _top_ring(texts["owner"], outline, inset, em, arc, fonts, longest_deg=arc),
    )
    if rng.bernoulli(0.55):
        rings = (*rings, bottom_code(rng, texts, outline, edge))
    return SealSpec(
        "oval_office",
        "oval",
        width,
        height,
        borders=tuple(borders),
        ring_texts=rings,
        lines=(line,),
        security_lines=security_cuts(rng, height / 2) if rng.bernoulli(0.2) else (),
        owner=texts["owner"],
    )
