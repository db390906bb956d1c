"""What designs share: measures of a round seal, fonts, codes, security cuts, words."""

from __future__ import annotations

from seal2real.rng import Rng
from seal2real.seals.corpus import Texts
from seal2real.seals.fit import Box, Outline, clear_arc, fit_ring, mm, text_units
from seal2real.seals.spec import (
    Border,
    Emblem,
    LineText,
    RingText,
    Rule,
    SealSpec,
    SecurityLine,
    Star,
)

__all__ = [
    "EMBLEM_KINDS",
    "LIMITED_USES",
    "PURPOSES",
    "Disc",
    "Size",
    "bottom_code",
    "diameter_of",
    "finish",
    "owner_ring",
    "security_cuts",
    "text_font",
]

# What the caller fixes: width and height in mm, None to sample.
Size = tuple[float | None, float | None]

# (diameter, border, star, glyph height, gap)
_GUIDE = (
    (18.0, 0.6, 5.0, 2.6, 0.4),
    (30.0, 1.0, 10.0, 4.2, 0.6),
    (38.0, 1.0, 12.0, 6.0, 0.8),
    (40.0, 1.2, 13.5, 6.5, 0.8),
    (42.0, 1.2, 14.0, 7.0, 1.0),
    (45.0, 1.5, 15.0, 7.2, 1.2),
    (60.0, 1.5, 20.0, 9.5, 1.6),
)
PURPOSES = (
    "合同专用章",
    "业务专用章",
    "财务专用章",
    "人事专用章",
    "采购专用章",
    "销售专用章",
    "行政专用章",
    "投标专用章",
    "工程专用章",
    "质检专用章",
    "技术专用章",
    "仓库专用章",
    "收发专用章",
    "报关专用章",
    "档案专用章",
    "资料专用章",
    "物流专用章",
    "结算专用章",
    "法务专用章",
    "科研专用章",
    "现场专用章",
    "证明专用章",
    "合同章",
    "业务章",
    "收货专用章",
    "出库专用章",
    "教务专用章",
    "考试专用章",
)
LIMITED_USES = (
    "用于研究",
    "研究专用",
    "科研专用",
    "教学专用",
    "测试专用",
    "演示专用",
    "存档专用",
    "内部使用",
    "仅供参考",
)
EMBLEM_KINDS = ("gear", "wheat_ring", "bell", "book", "shield", "dove")


class Disc:
    """Measures of one round seal, sampled about the guide for its diameter."""

    def __init__(self, rng: Rng, diameter: float) -> None:
        """Sample border, star, glyph height and gap for ``diameter``."""
        self.diameter = diameter
        below = max((row for row in _GUIDE if row[0] <= diameter), default=_GUIDE[0])
        above = min((row for row in _GUIDE if row[0] >= diameter), default=_GUIDE[-1])
        span = above[0] - below[0]
        t = (diameter - below[0]) / span if span > 0 else 0.0
        border, star, height, gap = (
            low + t * (high - low) for low, high in zip(below[1:], above[1:], strict=True)
        )
        self.border = mm(border * rng.uniform(0.85, 1.15))
        self.star = mm(star * rng.uniform(0.93, 1.07))
        self.height = mm(height * rng.uniform(0.88, 1.06))
        self.gap = mm(gap * rng.uniform(0.75, 1.3))
        self.borders: tuple[Border, ...] = (Border(self.border),)
        self.arc = rng.uniform(248, 272)
        self.widest = rng.uniform(0.68, 0.88)
        self.widest = rng.uniform(0.68, 0.88)

    @property
    def radius(self) -> float:
        """Outer radius."""
        return self.diameter / 2

    @property
    def inner(self) -> float:
        """Radius of the inner edge of the innermost outer border."""
        last = self.borders[-1]
        return self.radius - last.inset_mm - last.width_mm

    @property
    def tops(self) -> float:
        """Radius of the curve of the ring text's glyph tops."""
        return mm(self.inner - self.gap)

    def add_inner_ring(self, rng: Rng, dashed: bool = False) -> None:
        """Add a thin ring just inside the border."""
        inset = mm(self.border + rng.uniform(0.3, 0.6))
        dash = mm(rng.uniform(0.8, 1.6)) if dashed else 0.0
        thin = Border(mm(rng.uniform(0.12, 0.3)), inset, dash, mm(dash * 0.6))
        self.borders = (*self.borders, thin)


def text_font(rng: Rng) -> dict[str, str | None]:
    """Sample the font of a round seal: Song by habit, sometimes FangSong (stand-in) or Hei."""
    font, role = rng.weighted(
        (("song", None), ("song", "fangsong"), ("hei", None)), (0.82, 0.08, 0.1)
    )
    return {"font": font, "font_role": role}


def owner_ring(
    texts: Texts, disc: Disc, fonts: dict[str, str | None], keep_clear: Box | None = None
) -> RingText:
    """Return the owner's name along the top, clear of the centre line."""
    arc = disc.arc
    if keep_clear is not None:
        arc = clear_arc(arc, (disc.tops, disc.tops), disc.height, keep_clear)
    outline = ("round", disc.diameter, disc.diameter)
    inset = disc.radius - disc.tops
    name = texts["owner"]
    longest = 285.0 if keep_clear is None else arc
    font = str(fonts["font"])
    fit = fit_ring(
        name, font, outline, inset, disc.height, arc, widest=disc.widest, longest_deg=longest
    )
    return RingText(
        name,
        fit.height_mm,
        radius_mm=disc.tops,
        arc_deg=fit.arc_deg,
        condense=fit.condense,
        **fonts,  # type: ignore[arg-type]
    )


def bottom_code(
    rng: Rng, texts: Texts, outline: Outline, inset_mm: float, center_deg: float = 180.0
) -> RingText:
    """Return the registration code along the bottom, close to the border.

    Args:
        rng: the design's stream.
        texts: where the code comes from.
        outline: the seal's shape, width and height.
        inset_mm: distance of the innermost border's inner edge from the outer edge.
        center_deg: where its middle stands.
    """
    height = mm(rng.uniform(1.05, 1.45))
    depth = mm(inset_mm + rng.uniform(0.35, 0.6))
    condense = round(rng.uniform(0.8, 1.0), 2)
    arc = None
    if outline[0] == "round":
        radius = outline[1] / 2 - depth - 2 / 3 * height
        natural = condense * height * text_units(texts["code"], "hei")
        arc = mm(min(140.0, natural * rng.uniform(1.05, 1.4) / radius * 57.2958))
    return RingText(
        texts["code"],
        height,
        radius_mm=mm(outline[1] / 2 - depth),
        arc_deg=arc,
        center_deg=center_deg,
        direction="ccw",
        font="hei",
        condense=condense,
        role="code",
    )


def security_cuts(rng: Rng, radius_mm: float) -> tuple[SecurityLine, ...]:
    """Return 3 to 6 fine cuts across the border."""
    return tuple(
        SecurityLine(
            mm(rng.uniform(0, 360)),
            mm(radius_mm - rng.uniform(0.8, 2.2)),
            mm(rng.uniform(2.0, 3.6)),
            mm(rng.uniform(0.12, 0.2)),
            rng.weighted(("radial", "tangential"), (0.85, 0.15)),
        )
        for _ in range(rng.integer(3, 7))
    )


def diameter_of(rng: Rng, size: Size, usual: tuple[float, ...]) -> float:
    """Return the caller's width, or one of the usual diameters within half a millimetre."""
    if size[0] is not None:
        return size[0]
    return mm(rng.choice(usual) + (rng.uniform(-0.5, 0.5) if rng.bernoulli(0.3) else 0.0))


def finish(
    rng: Rng,
    kind: str,
    texts: Texts,
    disc: Disc,
    rings: tuple[RingText, ...],
    lines: tuple[LineText, ...] = (),
    *,
    star: Star | None = None,
    emblem: Emblem | None = None,
    rules: tuple[Rule, ...] = (),
    code: float = 0.6,
) -> SealSpec:
    """Add code and security lines by chance and build the spec."""
    if code and rng.bernoulli(code):
        outline = ("round", disc.diameter, disc.diameter)
        rings = (*rings, bottom_code(rng, texts, outline, disc.radius - disc.inner))
    cuts = security_cuts(rng, disc.radius) if rng.bernoulli(0.22) else ()
    return SealSpec(
        kind,
        "round",
        disc.diameter,
        disc.diameter,
        borders=disc.borders,
        ring_texts=rings,
        lines=lines,
        star=star,
        emblem=emblem,
        rules=rules,
        security_lines=cuts,
        owner=texts["owner"],
    )
