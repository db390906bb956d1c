"""How big glyphs may be so that a text fits its ring or line the way engravers do it.

Engravers first narrow the glyphs, then lower them, then lengthen the arc. All lengths in mm, angles
in degrees; floats go through + - * / sqrt and our own sine only.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import NamedTuple

from seal2real.detmath import det_atan2, det_cos, det_sin
from seal2real.seals.fonts import get_font

__all__ = [
    "Box",
    "Outline",
    "RingFit",
    "arc_length",
    "clear_arc",
    "fit_line",
    "fit_ring",
    "is_latin",
    "mm",
    "perimeter",
    "text_height",
    "text_units",
]

Outline = tuple[str, float, float]  # shape, width, height in mm

_FIRST_WIDE = 0x2E80  # as csrc/raster/typeset.cpp
_CAPITALS = 0.74  # em: height of digits and capitals in both embedded fonts, within 0.01
_TRIMMED = "（）［］｛｝《》〈〉【】「」『』〔〕“”‘’、，。：；！？·"
_BRACKET_BEARING = 0.06  # em
_ROW_CURVE = 2 / 3  # of the height inwards: where layout measures advances on a ring
_STEPS = 32  # chords over half an arc: within 0.3 % of an ellipse's length, 1 % at sharp corners
_NARROWEST = 0.4  # horizontal scale below which hanzi cannot be read
# Shares of the wanted height: down to the first, glyphs are lowered before their arc grows; below
# the second, a ring looks empty and the text counts as too long.
_LOWER_FIRST, _LOWEST = 0.72, 0.58
_TURN_SHARE = 1.2  # least radius of a ring text at corners, in its heights (layout_ring.cpp)


def mm(value: float) -> float:
    """Round to 0.01 mm: finer is noise in a spec that people read."""
    return round(value, 2)


def is_latin(text: str) -> bool:
    """Tell whether layout measures ``text`` by its capitals' height: no CJK character in it."""
    return all(ord(char) < _FIRST_WIDE for char in text)


def text_height(text: str, em_mm: float) -> float:
    """Return the ``height_mm`` that sets ``text`` at ``em_mm``: less for digits and Latin."""
    return mm(em_mm * _CAPITALS) if is_latin(text) else mm(em_mm)


@functools.lru_cache(maxsize=1 << 14)
def _char_units(char: str, font: str) -> float:
    """Return the advance of one character in em; brackets without their blank half."""
    face = get_font(font)
    if not face.has(ord(char)):
        return 1.0  # layout refuses the character later
    glyph = face.outline(ord(char))
    if char in _TRIMMED and glyph.box is not None:
        return min(glyph.advance, glyph.box[2] - glyph.box[0] + 2 * _BRACKET_BEARING)
    return glyph.advance


def text_units(text: str, font: str) -> float:
    """Return the natural advance of ``text`` as a multiple of its ``height_mm``."""
    total = 0.0
    for char in text:
        total += _char_units(char, font)
    return total / (_CAPITALS if is_latin(text) else 1.0)


def perimeter(shape: str, width: float, height: float) -> float:
    """Return the length of a straight-sided outline with sharp corners."""
    if shape == "rhombus":
        return 2 * math.sqrt(width * width + height * height)
    if shape == "triangle":
        return width + 2 * math.sqrt(width * width / 4 + height * height)
    return 2 * (width + height)


def _ray(outline: Outline, inset: float, sine: float, cosine: float) -> float:
    """Return how far the outline, moved inwards, is from the centre at an angle from the top."""
    shape, width, height = outline
    a, b = width / 2 - inset, height / 2 - inset
    across, along = max(abs(sine), 1e-9), max(abs(cosine), 1e-9)
    if shape in ("round", "oval"):
        return 1 / math.sqrt(sine * sine / (a * a) + cosine * cosine / (b * b))
    if shape == "rhombus":
        side = math.sqrt(width * width + height * height)
        return (width * height / 2 - inset * side) / (across * height + along * width)
    if shape == "triangle":
        side = math.sqrt(height * height + width * width / 4)
        towards = across * height + cosine * width / 2
        slant = (width * height / 4 - inset * side) / towards if towards > 1e-9 else math.inf
        return min(slant, b / -cosine if cosine < -1e-9 else math.inf)
    return min(a / across, b / along)


@functools.lru_cache(maxsize=1 << 10)
def _directions(arc_deg: float) -> tuple[tuple[float, float], ...]:
    """Return (sine, cosine) at equal steps over half of an arc centred at the top."""
    angles = [arc_deg * k / (2 * _STEPS) * math.pi / 180 for k in range(_STEPS + 1)]
    return tuple((float(det_sin(angle)), float(det_cos(angle))) for angle in angles)


def _corners(outline: Outline) -> tuple[tuple[float, float], ...]:
    """Return (angle from the top in degrees, tan of half the turn) of corners on the right."""
    shape, width, height = outline
    if shape == "triangle":
        half = math.sqrt(width * width / 4 + height * height)
        at = 180 - float(det_atan2(width, height)) * 180 / math.pi
        return (0.0, 2 * height / width), (at, (half + width / 2) / height)
    if shape == "rhombus":
        return (0.0, height / width), (90.0, width / height)
    if shape in ("square", "rectangle"):
        at = float(det_atan2(width, height)) * 180 / math.pi
        return (at, 1.0), (180.0 - at, 1.0)
    return ()


def corner_loss(outline: Outline, arc_deg: float, radius: float) -> float:
    """Return how much shorter rounding makes the part of the outline under ``arc_deg``."""
    loss = 0.0
    for at, tangent in _corners(outline):
        if at < arc_deg / 2 + 8:
            turn = 2 * float(det_atan2(tangent, 1.0))
            loss += (1 if at == 0 else 2) * radius * (2 * tangent - turn)
    return loss


def arc_length(outline: Outline, inset: float, arc_deg: float) -> float:
    """Return the length of the outline, moved inwards, under ``arc_deg`` centred at the top."""
    if outline[0] == "round":
        return (outline[1] / 2 - inset) * arc_deg * math.pi / 180
    total, last = 0.0, None
    for sine, cosine in _directions(arc_deg):
        radius = _ray(outline, inset, sine, cosine)
        point = (radius * sine, radius * cosine)
        if last is not None:
            dx, dy = point[0] - last[0], point[1] - last[1]
            total += math.sqrt(dx * dx + dy * dy)
        last = point
    return 2 * total


def _arc_of_length(outline: Outline, inset: float, length: float, longest_deg: float) -> float:
    """Return the arc, at most ``longest_deg``, whose length is at least ``length``."""
    low, high = 0, round(longest_deg)
    while high - low > 1:
        middle = (low + high) // 2
        if arc_length(outline, inset, middle) < length:
            low = middle
        else:
            high = middle
    return float(high)


@dataclasses.dataclass(frozen=True)
class RingFit:
    """Glyph height, horizontal scale and arc that let a text fit its ring."""

    height_mm: float
    condense: float
    arc_deg: float


def fit_ring(
    text: str,
    font: str,
    outline: Outline,
    inset_mm: float,
    height_mm: float,
    arc_deg: float,
    *,
    fill: float = 0.86,
    narrowest: float = 0.5,
    widest: float = 0.75,
    longest_deg: float = 285.0,
    loosest: float = 1.55,
    corner_mm: float = 0.0,
) -> RingFit:
    """Fit ``text`` on the curve ``inset_mm`` inside ``outline`` (shape, width, height).

    Args:
        text: what is written.
        font: in which font.
        outline: the seal's shape and outer size.
        inset_mm: distance of the glyph tops from the outer edge.
        height_mm: wanted em height; lowered to 60 % of it at most.
        arc_deg: wanted arc; a short text gets less, a long one up to ``longest_deg``.
        fill: share of each slot that the glyph takes, the rest is air.
        narrowest: lower bound of the horizontal scale.
        widest: upper bound of it.
        longest_deg: bound of the arc.
        loosest: bound of the slots of a short text, in glyph widths.
        corner_mm: radius of the seal's own corners.

    Raises:
        ValueError: if the text is too long for its ring.
    """
    row = _Row(outline, inset_mm, height_mm, corner_mm, text_units(text, font), fill)
    slots = _first_wide_enough(row, arc_deg, longest_deg, narrowest)
    if slots.condense < _NARROWEST:
        raise ValueError(
            f"fit_ring: text must fit its ring at a scale of {_NARROWEST} or more, got "
            f"{slots.condense:.2f} for {text[:20]!r}; text too long for its ring: shorten it or "
            "enlarge the seal"
        )
    arc = slots.arc_deg
    if slots.condense > widest:
        # a short text is not drawn out: its arc shrinks until its slots are loose, no more
        length = loosest * widest * slots.height_mm * row.units + slots.loss_mm
        arc = _arc_of_length(outline, inset_mm + _ROW_CURVE * slots.height_mm, length, arc)
    return RingFit(mm(slots.height_mm), round(min(slots.condense, widest), 3), mm(arc))


class _Row(NamedTuple):
    """A text that wants to run along an outline; the fields are arguments of `fit_ring`."""

    outline: Outline
    inset_mm: float
    height_mm: float
    corner_mm: float
    # length of the text in em
    units: float
    fill: float


class _Slots(NamedTuple):
    """Equal slots for a row's glyphs on an arc, and the horizontal scale that fills them."""

    height_mm: float
    arc_deg: float
    condense: float
    # what corners take from the arc's length
    loss_mm: float


def _first_wide_enough(row: _Row, arc_deg: float, longest_deg: float, narrowest: float) -> _Slots:
    """Lower the glyphs, then lengthen the arc, until their scale is ``narrowest`` or nothing helps."""
    height, arc = row.height_mm, float(round(arc_deg))
    lengths = _arc_lengths(row, arc)
    while True:
        slots = _slots(row, height, arc, lengths)
        if slots.condense >= narrowest or height < _LOWEST * row.height_mm:
            return slots
        # A seal's engraver first takes a size smaller, and lets the text run on only then.
        if height > _LOWER_FIRST * row.height_mm or arc >= longest_deg:
            height *= 0.97
        else:
            arc = min(arc + 4, longest_deg)
            lengths = _arc_lengths(row, arc)


def _arc_lengths(row: _Row, arc_deg: float) -> tuple[float, float]:
    """Return the arc's length at the glyphs' tops, and an em height further in."""
    inner = row.inset_mm + row.height_mm
    return arc_length(row.outline, row.inset_mm, arc_deg), arc_length(row.outline, inner, arc_deg)


def _slots(row: _Row, height: float, arc: float, lengths: tuple[float, float]) -> _Slots:
    """Return the slots at a glyph height; ``lengths`` are those of `_arc_lengths`."""
    depth = row.inset_mm + _ROW_CURVE * height
    turn = max(row.corner_mm - depth, _TURN_SHARE * height)
    loss = corner_loss(row.outline, arc, turn)
    outer, inner = lengths
    # The length falls all but linearly with the depth (exactly for circles): two measurements an
    # arc serve every height that is tried on it.
    slot = (outer + (inner - outer) * (depth - row.inset_mm) / row.height_mm - loss) / row.units
    return _Slots(height, arc, slot * row.fill / height, loss)


def fit_line(text: str, font: str, height_mm: float, width_mm: float, widest: float = 0.9) -> float:
    """Return the horizontal scale (at most ``widest``) at which a line fits ``width_mm``.

    Raises:
        ValueError: if the text is too long for its line.
    """
    scale = 0.985 * width_mm / (text_units(text, font) * height_mm)
    if scale < _NARROWEST:
        raise ValueError(
            f"fit_line: text must fit {width_mm:.1f} mm at a scale of {_NARROWEST} or more, got "
            f"{scale:.2f} for {text[:20]!r}; text too long for its line: shorten it or enlarge the "
            "seal"
        )
    return round(min(widest, scale), 3)


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
