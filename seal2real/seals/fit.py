"""How big glyphs may be so that a text fits its ring or line the way engravers do it.

Engravers first narrow the glyphs, then lower them, then lengthen the arc. All lengths in mm, angles
in degrees; floats go through + - * / sqrt and our own sine only.
"""

from __future__ import annotations

import dataclasses
import math

from seal2real.detmath import det_cos, det_sin
from seal2real.seals.fonts import get_font

__all__ = [
    "Box",
    "RingFit",
    "clear_arc",
    "fit_line",
    "fit_ring",
    "mm",
    "perimeter",
    "text_units",
]

_FALLBACK_ADVANCE = 1.0  # em, for a character that the font lacks; layout refuses it later


def mm(value: float) -> float:
    """Round to 0.01 mm: finer is noise in a spec that people read."""
    return round(value, 2)


def text_units(text: str, font: str) -> float:
    """Return the natural advance of ``text`` in em (hanzi 1, digits about 0.6)."""
    face = get_font(font)
    total = 0.0
    for char in text:
        code = ord(char)
        total += face.advance(code) if face.has(code) else _FALLBACK_ADVANCE
    return total


def perimeter(shape: str, width: float, height: float, inset: float = 0.0) -> float:
    """Return the length of the outline of ``shape`` moved inwards by ``inset``.

    Source: Ramanujan 1914 for the ellipse. Corners are taken as sharp.
    """
    w, h = width - 2 * inset, height - 2 * inset
    if shape in ("round", "oval"):
        a, b = w / 2, h / 2
        return math.pi * (3 * (a + b) - math.sqrt((3 * a + b) * (a + 3 * b)))
    if shape in ("square", "rectangle"):
        return 2 * (w + h)
    if shape == "rhombus":
        length = 2 * math.sqrt(width * width + height * height)
        area = width * height / 2
    else:
        length = width + 2 * math.sqrt(width * width / 4 + height * height)
        area = width * height / 2
    inradius = 2 * area / length
    return length * max(0.05, 1 - inset / inradius)


@dataclasses.dataclass(frozen=True)
class RingFit:
    """Glyph height, horizontal scale and arc that let a text fit its ring."""

    height_mm: float
    condense: float
    arc_deg: float


def fit_ring(
    text: str,
    font: str,
    outline: tuple[str, float, float],
    inset_mm: float,
    height_mm: float,
    arc_deg: float,
    *,
    fill: float = 0.86,
    narrowest: float = 0.5,
    widest: float = 0.75,
    longest_deg: float = 285.0,
) -> RingFit:
    """Fit ``text`` on the curve ``inset_mm`` inside ``outline`` (shape, width, height).

    Args:
        text, font: what is written.
        outline: the seal's shape and outer size.
        inset_mm: distance of the glyph tops from the outer edge.
        height_mm: wanted em height; lowered to 60 % of it at most.
        arc_deg: wanted arc; a short text gets less, a long one up to ``longest_deg``.
        fill: share of each slot that the glyph takes, the rest is air.
        narrowest, widest: bounds of the horizontal scale.
        longest_deg: bound of the arc.
    """
    units = text_units(text, font)
    height, arc = height_mm, arc_deg
    while True:
        slot = perimeter(*outline, inset_mm + height / 2) * arc / 360 / units
        condense = slot * fill / height
        if condense >= narrowest:
            break
        if height > 0.72 * height_mm or arc >= longest_deg:
            height *= 0.97
        else:
            arc = min(arc + 4, longest_deg)
        if height < 0.45 * height_mm:
            break
    if condense > widest:
        # a short text keeps its letterspace: at most one glyph of air between two
        condense = widest
        arc = min(arc, arc * min(1.0, 1.55 * condense * height / slot))
    return RingFit(mm(height), round(condense, 3), mm(arc))


def fit_line(text: str, font: str, height_mm: float, width_mm: float, widest: float = 0.9) -> float:
    """Return the horizontal scale (at most ``widest``) at which a line fits ``width_mm``."""
    return round(min(widest, 0.985 * width_mm / (text_units(text, font) * height_mm)), 3)


@dataclasses.dataclass(frozen=True)
class Box:
    """An axis-aligned box in seal mm."""

    x0: float
    y0: float
    x1: float
    y1: float

    def distance_sq(self, x: float, y: float) -> float:
        """Return the squared distance of a point, 0 inside."""
        dx = max(self.x0 - x, 0.0, x - self.x1)
        dy = max(self.y0 - y, 0.0, y - self.y1)
        return dx * dx + dy * dy


def clear_arc(
    arc_deg: float, tops_mm: tuple[float, float], height_mm: float, box: Box, gap_mm: float = 0.7
) -> float:
    """Return ``arc_deg`` shortened until the ring text keeps ``gap_mm`` from a centre line.

    Args:
        arc_deg: arc of a text centred at the top.
        tops_mm: half-axes of the curve of the glyph tops.
        height_mm: em height, inwards from there.
        box: what to keep clear of.
        gap_mm: the least distance.
    """
    a, b = tops_mm
    half = arc_deg / 2
    while half > 40:
        angle = half * math.pi / 180
        sine, cosine = float(det_sin(angle)), float(det_cos(angle))
        radii = [(a - t * height_mm, b - t * height_mm) for t in (0.0, 0.5, 1.0)]
        least = min(box.distance_sq(ra * sine, -rb * cosine) for ra, rb in radii)
        if least >= gap_mm * gap_mm:
            break
        half -= 2
    return 2 * half
