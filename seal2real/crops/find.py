"""Seals in one image: where, how large, of which colour and shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from seal2real.crops.colour import ink_colour
from seal2real.crops.ellipse import Ellipse, fit_ellipse
from seal2real.crops.regions import Rectangle, find_regions, smallest_rectangle
from seal2real.crops.rings import edge_seen, ring_candidates, sharpened
from seal2real.crops.segment import seal_planes

__all__ = ["FoundSeal", "Scale", "find_seals", "image_scale"]

Image = NDArray[np.uint8]
Planes = NDArray[np.float32]
Region = NDArray[np.int64]  # [N, 2] row, column

# Usual sizes, mm: diameter of a round seal, long axis of an oval (40 x 30, 45 x 30), side of a
# name seal, long side of a box.
PLAUSIBLE_MM = {"round": 40.0, "oval": 42.0, "square": 20.0, "rectangle": 45.0}
# Diameter of a round seal in the image that the network sees, px: what it finds best; and the
# range of axes that each searched size looks for. Sizes are searched a factor of 2 apart.
_SEEN_PX = 220.0
_SEEN_RANGE = (120.0, 400.0)
_A4_WIDTH_MM = 210.0
_THRESHOLD = 0.5
# Least side of a cornered seal in the image that the network sees, px, and of any in the file.
_LEAST_SEEN_PX = 40.0
LEAST_PX = 48.0
# Greatest ratio of axes of a round seal: seen from 40 degrees.
_ROUND = 1.30
_SQUARE = 1.25
# Share of a ring that is evidence enough: worn ones are not seen whole.
_RING_ENOUGH, _SIDES_ENOUGH = 0.7, 0.6
# How far round an outline seal area speaks against it, in outlines; and how much it costs.
_BEYOND, _IOU_SHARE = 1.3, 0.65
# Few seals are so oblong, but two arcs of different seals often are.
_OBLONG_COST = 0.5
# Least share of a seal that lies in the image.
_LEAST_VISIBLE = 0.55
# Two finds are one seal from this overlap on.
_SAME = 0.4
# Points of an outline that are looked at.
_POINTS = 72
# Sizes of real seals, mm.
_SEAL_MM = (8.0, 70.0)


@dataclass(frozen=True)
class Scale:
    """Pixels per millimetre of an image, and how they are known: "dpi" or "page width"."""

    px_per_mm: float
    known_by: str


@dataclass(frozen=True)
class FoundSeal:
    """One seal in an image, px of the file; x right, y down, corner of the first pixel is 0, 0."""

    # round, oval, square or rectangle
    shape: str
    x: float
    y: float
    # full long and short axis, or sides
    diameter_px: float
    short_px: float
    # of the long axis, from x towards y, [0, 180)
    angle_deg: float
    # 0..1
    score: float
    # red, blue, purple or black (grey is black)
    colour: str
    px_per_mm: float
    # "dpi", "page width" or "seal": from the usual size of its shape
    scale_by: str
    # share of the outline where ink was seen to end
    edge_seen: float

    @property
    def outline(self) -> Ellipse | Rectangle:
        """The outline in px of the file."""
        if self.shape in ("round", "oval"):
            half = (self.diameter_px / 2, self.short_px / 2)
            return Ellipse(self.x, self.y, *half, self.angle_deg)
        return Rectangle(self.x, self.y, self.diameter_px, self.short_px, self.angle_deg)

    def box(self) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 of the upright box round it."""
        return self.outline.box()


def image_scale(
    width_px: int, dpi: tuple[float, float] | None, page_width_mm: float | None
) -> Scale | None:
    """Return the scale of an image if its resolution is credible or its width was said."""
    if page_width_mm is not None:
        return Scale(width_px / page_width_mm, "page width")
    if dpi is not None:
        return Scale(dpi[0] / 25.4, "dpi")
    return None


def find_seals(
    session: Any,
    image: Image,  # [H, W, 3] RGB
    scale: Scale | None = None,
    *,
    min_score: float = 0.5,
) -> list[FoundSeal]:
    """Return the seals of an image, the surest first.

    Args:
        session: from `open_segmenter`.
        image: a scan or photograph, upright; ignored parts painted over (`fill_ignored`).
        scale: if known; otherwise the image is searched in several sizes.
        min_score: 0..1; less sure finds are left out.

    Raises:
        ValueError: if ``min_score`` is out of range.
    """
    if not 0.0 <= min_score <= 1.0:
        raise ValueError(
            f"find_seals: min_score must be in 0..1, got {min_score}; 0.5 is the default"
        )
    found: list[FoundSeal] = []
    for factor in _factors(image.shape, scale):
        seen = _resized(image, factor)
        planes = seal_planes(session, seen)
        for seal in _find_in_planes(planes, seen):
            found.append(_in_file(seal, factor, scale))
    large = [seal for seal in found if seal.short_px >= LEAST_PX and _credible(seal)]
    return [seal for seal in _distinct(large) if seal.score >= min_score]


def _factors(shape: tuple[int, ...], scale: Scale | None) -> list[float]:
    """Return the sizes at which an image is searched, shares of its own; never above 1.

    A seal of 40 mm should be about _SEEN_PX wide. Without a scale it is anything between what it
    would be on an A4 page and the whole image.
    """
    smallest = PLAUSIBLE_MM["round"] * (scale.px_per_mm if scale else min(shape[:2]) / _A4_WIDTH_MM)
    largest = smallest if scale else float(min(shape[:2]))
    first = min(1.0, _SEEN_PX / smallest)
    factors = [first]
    while largest * factors[-1] > 1.6 * _SEEN_PX:
        factors.append(factors[-1] / 2.0)
    return factors


def _resized(image: Image, factor: float) -> Image:
    if factor == 1.0:
        return image
    height, width = image.shape[:2]
    size = (max(round(width * factor), 32), max(round(height * factor), 32))
    return np.asarray(Pillow.fromarray(image).resize(size, Pillow.Resampling.BICUBIC))


def _find_in_planes(planes: Planes, image: Image) -> list[FoundSeal]:
    """Return the seals of one searched size, in px of ``image``; px_per_mm is not filled in."""
    radii = (_SEEN_RANGE[0] / 4, _SEEN_RANGE[1] / 4)
    outlines: list[Ellipse | Rectangle] = list(ring_candidates(planes[0], radii))
    area = planes[1] > _THRESHOLD
    least = int(0.6 * (_LEAST_SEEN_PX / 2) ** 2)
    outlines += [o for region in find_regions(area, least) for o in _outlines(region, planes)]
    found = _distinct([s for s in (_seal(o, planes, image) for o in outlines) if s is not None])
    # Seals that touch are one region: look again at what the sure ones leave.
    for seal in found:
        if seal.score > 0.4:
            area &= ~_within(seal.outline.scaled(0.5), area.shape, 1.12)
    rest = [o for region in find_regions(area, least) for o in _outlines(region, planes)]
    return found + [s for s in (_seal(o, planes, image) for o in rest) if s is not None]


def _outlines(region: Region, planes: Planes) -> list[Ellipse | Rectangle]:
    """Return the ellipse and the rectangle that a region of seal area may be."""
    rectangle = smallest_rectangle(_middles(region))
    if rectangle.height < _LEAST_SEEN_PX / 2:
        return []
    ellipse = fit_ellipse(_rim(region, planes.shape[1:]))
    if ellipse is None or ellipse.a > 2.0 * ellipse.b:
        return [rectangle]
    return [rectangle, sharpened(planes[0], ellipse)]


def _seal(outline: Ellipse | Rectangle, planes: Planes, image: Image) -> FoundSeal | None:
    """Return the seal with an outline in px of the planes; None if most of it is cut off."""
    within = _within(outline, planes.shape[1:])
    if within.sum() < _LEAST_VISIBLE * outline.area:
        return None
    long, short = outline.axes
    round_ = isinstance(outline, Ellipse)
    slack = max((0.0125 if round_ else 0.03) * short, 1.0)
    seen = edge_seen(planes[0], (outline.x, outline.y), outline.edge(_POINTS), slack)
    enough = _RING_ENOUGH if round_ else _SIDES_ENOUGH
    return FoundSeal(
        shape=_shape_name(outline),
        x=2 * outline.x,
        y=2 * outline.y,
        diameter_px=2 * long,
        short_px=2 * short,
        angle_deg=outline.angle_deg,
        score=_agreement(outline, within, planes[1]) * min(seen / enough, 1.0),
        colour=ink_colour(image, within & (planes[0] > _THRESHOLD)),
        px_per_mm=0.0,
        scale_by="",
        edge_seen=seen,
    )


def _shape_name(outline: Ellipse | Rectangle) -> str:
    long, short = outline.axes
    if isinstance(outline, Ellipse):
        return "round" if long <= _ROUND * short else "oval"
    return "square" if long <= _SQUARE * short else "rectangle"


def _agreement(outline: Ellipse | Rectangle, within: NDArray[np.bool_], area: Planes) -> float:
    """Return how well an outline and the seal area agree: its mean inside, less what lies round it.

    Area round an outline speaks against it (it is a part of a larger seal), but not as much as
    holes within it: on dense print the network's area is frayed.
    """
    beyond = _within(outline, area.shape, _BEYOND) & ~within
    held = float(area[within].sum())
    union = float(within.sum()) + float(area[beyond].sum())
    oblong = 1.0
    if isinstance(outline, Ellipse):
        oblong = max(1.0 - _OBLONG_COST * max(outline.a / outline.b - _ROUND, 0.0), 0.0)
    return oblong * held / float(within.sum()) * (1.0 - _IOU_SHARE + _IOU_SHARE * held / union)


def _within(
    outline: Ellipse | Rectangle, shape: tuple[int, ...], grown: float = 1.0
) -> NDArray[np.bool_]:
    """Return which squares of a plane lie in an outline made ``grown`` times as large."""
    mask = np.zeros(shape, bool)
    x0, y0, x1, y1 = outline.box()
    margin = (grown - 1.0) * outline.axes[0] / 2 + 1.0
    left, top = max(int(x0 - margin), 0), max(int(y0 - margin), 0)
    right, bottom = int(x1 + margin) + 1, int(y1 + margin) + 1
    part = mask[top : max(bottom, 0), left : max(right, 0)]
    rows, columns = np.mgrid[0 : part.shape[0], 0 : part.shape[1]].reshape(2, -1)
    points = np.stack([columns + left + 0.5, rows + top + 0.5], axis=1)
    part[:] = (outline.radii(points) <= grown).reshape(part.shape)
    return mask


def _middles(region: Region) -> NDArray[np.float64]:
    """Return the middles of a region's squares, x, y in px of the plane."""
    return np.asarray(region[:, ::-1] + 0.5, np.float64)


def _rim(region: Region, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the corners of a region's outermost squares by row and by column, x, y in px of the plane."""
    points = []
    for axis in (0, 1):
        low = np.full(shape[axis], np.iinfo(np.int64).max)
        high = np.full(shape[axis], -1)
        np.minimum.at(low, region[:, axis], region[:, 1 - axis])
        np.maximum.at(high, region[:, axis], region[:, 1 - axis])
        lines = np.flatnonzero(high >= 0)
        for edge in (low[lines], high[lines] + 1):
            pair = (edge, lines + 0.5) if axis == 0 else (lines + 0.5, edge)
            points.append(np.stack(pair, axis=1))
    return np.concatenate(points).astype(np.float64)


def _in_file(seal: FoundSeal, factor: float, scale: Scale | None) -> FoundSeal:
    """Return the seal in px of the file, with pixels per mm."""
    diameter = seal.diameter_px / factor
    px_per_mm, known_by = diameter / PLAUSIBLE_MM[seal.shape], "seal"
    if scale is not None and _SEAL_MM[0] <= diameter / scale.px_per_mm <= _SEAL_MM[1]:
        px_per_mm, known_by = scale.px_per_mm, scale.known_by
    return replace(
        seal,
        x=seal.x / factor,
        y=seal.y / factor,
        diameter_px=diameter,
        short_px=seal.short_px / factor,
        px_per_mm=px_per_mm,
        scale_by=known_by,
    )


def _credible(seal: FoundSeal) -> bool:
    """Return whether a seal of known scale has a seal's size."""
    return seal.diameter_px / seal.px_per_mm <= _SEAL_MM[1]


def _distinct(found: Sequence[FoundSeal]) -> list[FoundSeal]:
    """Return the finds without those that overlap a surer one."""
    kept: list[FoundSeal] = []
    for seal in sorted(found, key=lambda s: (-s.score, s.x, s.y)):
        if all(_overlap(seal.box(), other.box()) < _SAME for other in kept):
            kept.append(seal)
    return kept


def _overlap(
    one: tuple[float, float, float, float], two: tuple[float, float, float, float]
) -> float:
    """Return the shared area of two boxes over that of the smaller one."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, two)]
    return width * height / max(min(areas), 1e-9)
