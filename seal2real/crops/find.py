"""Seals in one image: where, how large, of which colour and shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from seal2real.crops.colour import ink_colour
from seal2real.crops.ellipse import Ellipse, fit_ring
from seal2real.crops.regions import Rectangle, find_regions, smallest_rectangle
from seal2real.crops.segment import seal_planes

__all__ = ["FoundSeal", "Scale", "find_seals", "image_scale"]

Image = NDArray[np.uint8]
Planes = NDArray[np.float32]
Region = NDArray[np.int64]  # [N, 2] row, column

# Usual sizes, mm: diameter of a round seal, long axis of an oval (40 x 30, 45 x 30), side of a
# name seal, long side of a box.
PLAUSIBLE_MM = {"round": 40.0, "oval": 42.0, "square": 20.0, "rectangle": 45.0}
# Side or diameter of a seal in the image that the network sees, px: what it finds best.
_SEEN_PX = 220.0
_A4_WIDTH_MM = 210.0
_THRESHOLD = 0.5
# Least extent of a seal in the image the network sees, px, and in the file.
_LEAST_SEEN_PX = 28.0
LEAST_PX = 48.0
# Greatest ratio of axes of a round seal: seen from 40 degrees.
_ROUND = 1.30
# A region that fills its smallest rectangle more than this has corners (an ellipse fills 0.785).
_CORNERED = 0.89
# Least share of an ellipse that lies in the image.
_LEAST_VISIBLE = 0.55
# Two finds are one seal from this overlap on.
_SAME = 0.4
# Rays from a region's middle that look for its edge.
_RAYS = 360
# How far off a ring's edge points may lie, in half axes.
_TOLERANCE = 0.03
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
    # red, blue, purple, black or grey
    colour: str
    px_per_mm: float
    # "dpi", "page width" or "seal": from the usual size of its shape
    scale_by: str
    # share of the outline's sectors where the ring was seen; 0 for cornered seals
    ring_seen: float

    @property
    def ellipse(self) -> Ellipse:
        """The outline of a round or oval seal, of others the ellipse within."""
        return Ellipse(self.x, self.y, self.diameter_px / 2, self.short_px / 2, self.angle_deg)

    def box(self) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 of the upright box round it."""
        if self.shape in ("round", "oval"):
            return self.ellipse.box()
        turn = math.radians(self.angle_deg)
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        half_x = (self.diameter_px * cos + self.short_px * sin) / 2
        half_y = (self.diameter_px * sin + self.short_px * cos) / 2
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y


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
    least = int(0.5 * (_LEAST_SEEN_PX / 2) ** 2)
    found: list[FoundSeal] = []
    for region in find_regions(planes[1] > _THRESHOLD, least):
        found.extend(_seals_of_region(region, planes, image))
    return found


def _seals_of_region(
    region: Region, planes: Planes, image: Image, depth: int = 0
) -> list[FoundSeal]:
    """Return the seal of a region; what it leaves uncovered is looked at again."""
    seal = _measured(region, planes, image)
    if seal is None:
        return []
    rest = region[seal.ellipse.radii(_middles(region)) > 1.15]
    if depth >= 3 or len(rest) < 0.3 * len(region):
        return [seal]
    inside = np.zeros(planes.shape[1:], bool)
    inside[rest[:, 0], rest[:, 1]] = True
    least = int(0.5 * (_LEAST_SEEN_PX / 2) ** 2)
    parts = find_regions(inside, max(least, len(region) // 5))
    others = [s for part in parts for s in _seals_of_region(part, planes, image, depth + 1)]
    return [seal, *others]


def _measured(region: Region, planes: Planes, image: Image) -> FoundSeal | None:
    """Return the seal that a region shows, in px of ``image``."""
    rim = _rim(region, planes.shape[1:])
    outline = smallest_rectangle(rim)
    fill = 4.0 * len(region) / max(outline.width * outline.height, 1.0)
    ring = _ring(region, rim, planes)
    sure = float(planes[1][region[:, 0], region[:, 1]].mean())
    if fill > _CORNERED or ring is None:
        return _cornered(region, outline, fill, sure, planes, image)
    ellipse, seen = ring
    visible, agree = _agreement(ellipse, region, planes.shape[1:])
    if visible < _LEAST_VISIBLE:
        return None
    oblong = ellipse.a / ellipse.b
    colour = ink_colour(image, _ink(region, planes))
    return FoundSeal(
        shape="round" if oblong <= _ROUND else "oval",
        x=ellipse.x,
        y=ellipse.y,
        diameter_px=2 * ellipse.a,
        short_px=2 * ellipse.b,
        angle_deg=ellipse.angle_deg,
        score=sure * agree * (0.5 + 0.5 * seen),
        colour=colour,
        px_per_mm=0.0,
        scale_by="",
        ring_seen=seen,
    )


def _cornered(
    region: Region,
    outline: Rectangle,
    fill: float,
    sure: float,
    planes: Planes,
    image: Image,
) -> FoundSeal | None:
    """Return a square or rectangular seal."""
    if min(outline.width, outline.height) < _LEAST_SEEN_PX / 2:
        return None
    oblong = outline.width / max(outline.height, 1.0)
    return FoundSeal(
        shape="square" if oblong <= 1.25 else "rectangle",
        x=outline.x,
        y=outline.y,
        diameter_px=outline.width,
        short_px=outline.height,
        angle_deg=outline.angle_deg,
        score=sure * min(fill / _CORNERED, 1.0),
        colour=ink_colour(image, _ink(region, planes)),
        px_per_mm=0.0,
        scale_by="",
        ring_seen=0.0,
    )


def _middles(region: Region) -> NDArray[np.float64]:
    """Return the middles of a region's squares, x, y in image px."""
    return np.asarray(2.0 * region[:, ::-1] + 1.0, np.float64)


def _rim(region: Region, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the corners of a region's outermost squares by row and by column, x, y in image px."""
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
    return 2.0 * np.concatenate(points).astype(np.float64)


def _ring(region: Region, rim: NDArray[np.float64], planes: Planes) -> tuple[Ellipse, float] | None:
    """Return the ellipse of a region's outer edge: where ink ends on rays, and the region's rim.

    The rim carries the parts where the ring left no ink; where it did, the ink decides.
    """
    middle = (rim.min(axis=0) + rim.max(axis=0)) / 2.0
    reach = float(np.hypot(*(rim - middle).T).max())
    ink = _outer_ink(planes[0], region, middle, reach)
    points = np.concatenate([ink, _off_image(rim, planes.shape[1:])])
    points = points[np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))]
    tolerance = max(_TOLERANCE * reach, 1.5)
    found = fit_ring(points, tolerance, size_px=(_LEAST_SEEN_PX / 2, 1.3 * reach))
    if found is None:
        return None
    near = ink[np.abs(found[0].distances(ink)) < tolerance] if len(ink) else ink
    if len(near) < 0.25 * _RAYS:
        return found
    sharper = fit_ring(near, tolerance, size_px=(_LEAST_SEEN_PX / 2, 1.3 * reach))
    # A short arc alone does not say where the rest of the ring is.
    return (sharper[0], found[1]) if sharper is not None and sharper[1] >= 0.7 else found


def _off_image(rim: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the rim without the points that the image's own edge cuts."""
    height, width = 2.0 * shape[0], 2.0 * shape[1]
    x, y = rim.T
    return rim[(x > 3.0) & (y > 3.0) & (x < width - 3.0) & (y < height - 3.0)]


def _outer_ink(
    ink: Planes, region: Region, middle: NDArray[np.float64], reach: float
) -> NDArray[np.float64]:
    """Return where ink ends on rays from the middle outwards, between pixels, x, y in image px."""
    mine = np.zeros(ink.shape, np.float32)
    mine[region[:, 0], region[:, 1]] = 1.0
    mine = _widened(mine, 2) * ink
    angles = np.arange(_RAYS) * (2.0 * math.pi / _RAYS)
    radii = np.arange(0.35 * reach, 1.05 * reach + 3.0, 0.5)
    x = middle[0] + np.cos(angles)[:, None] * radii
    y = middle[1] + np.sin(angles)[:, None] * radii
    along = _sampled(mine, x / 2.0 - 0.5, y / 2.0 - 0.5)
    above = along > _THRESHOLD
    last = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    usable = above.any(axis=1) & (last < above.shape[1] - 1)
    rays = np.flatnonzero(usable)
    inner, outer = along[rays, last[rays]], along[rays, last[rays] + 1]
    radius = radii[last[rays]] + 0.5 * (inner - _THRESHOLD) / np.maximum(inner - outer, 1e-6)
    return np.stack(
        [middle[0] + np.cos(angles[rays]) * radius, middle[1] + np.sin(angles[rays]) * radius],
        axis=1,
    )


def _widened(mask: Planes, radius: int) -> Planes:
    """Return the mask grown by ``radius`` squares."""
    out = mask.copy()
    for axis in (0, 1):
        for shift in range(1, radius + 1):
            for sign in (-shift, shift):
                np.maximum(out, np.roll(mask, sign, axis), out=out)
        mask = out.copy()
    return out


def _sampled(plane: Planes, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return bilinear values; outside the plane they are 0."""
    padded = np.pad(plane, 1)
    x = np.clip(x + 1.0, 0.0, padded.shape[1] - 1.001)
    y = np.clip(y + 1.0, 0.0, padded.shape[0] - 1.001)
    x0, y0 = x.astype(np.int64), y.astype(np.int64)
    dx, dy = x - x0, y - y0
    top = padded[y0, x0] * (1 - dx) + padded[y0, x0 + 1] * dx
    bottom = padded[y0 + 1, x0] * (1 - dx) + padded[y0 + 1, x0 + 1] * dx
    return np.asarray(top * (1 - dy) + bottom * dy)


def _agreement(ellipse: Ellipse, region: Region, shape: tuple[int, ...]) -> tuple[float, float]:
    """Return the share of the ellipse in the image, and its IoU with the region there."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].reshape(2, -1)
    within = ellipse.radii(np.stack([columns, rows], axis=1) * 2.0 + 1.0) <= 1.0
    whole = math.pi * ellipse.a * ellipse.b / 4.0
    mine = ellipse.radii(_middles(region)) <= 1.0
    either = within.sum() + len(region) - mine.sum()
    return float(within.sum() / whole), float(mine.sum() / max(either, 1))


def _ink(region: Region, planes: Planes) -> NDArray[np.bool_]:
    """Return the region's inked squares, bool like one plane."""
    inked = np.zeros(planes.shape[1:], bool)
    inked[region[:, 0], region[:, 1]] = True
    return np.asarray(inked & (planes[0] > _THRESHOLD))


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
