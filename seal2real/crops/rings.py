"""Rings in the plane of ink: a vote for circles, then ellipses fitted to what the rays meet.

A ring is one long line, which print is not; so it is found where the ink is known well and the
seal's area is not: on dense print, faded, overprinted.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from seal2real.crops.ellipse import Ellipse, fit_ring, refit_ring

__all__ = ["edge_seen", "ring_candidates", "sharpened"]

Plane = NDArray[np.float32]

# The vote is held on squares of this many px of the plane.
_VOTE_CELL = 2
# Radii tried, each this much larger than the one before; the ring's width in radii covers the step
# and seals seen at a slant.
_STEP, _WIDTH = 1.09, 0.16
# Votes of at least this difference between the ring and its two neighbours, 0..1.
_LEAST_VOTE = 0.05
# Along x and y: as it is, and for seals with an axis ratio of about 1.3.
_SQUEEZES = ((1.0, 1.0), (0.78, 1.0), (1.0, 0.78))
_MOST_RINGS = 5
_RAYS = 180
_THRESHOLD = 0.4
# Where the rays look for the ring's outer edge, in radii, and how far off points may lie: first
# round a voted circle, then ever closer round the ellipse found.
_FIRST = (0.75, 1.20, 0.045)
_CLOSER = ((0.86, 1.13, 0.03), (0.92, 1.07, 0.02))
# Fewer rays than this say nothing about the ring.
_LEAST_ENDS = 24


def ring_candidates(ink: Plane, radius_px: tuple[float, float]) -> list[Ellipse]:
    """Return ellipses round the rings of a plane of ink, in px of the plane.

    Args:
        ink: float32 [H, W], probability of ink.
        radius_px: least and greatest radius.
    """
    found = []
    for start in _voted(ink, radius_px):
        points = _ends(ink, start, *_FIRST[:2])
        size = (0.7 * start.b, 1.4 * start.a)
        ring = fit_ring(points, max(_FIRST[2] * start.b, 1.0), size_px=size)
        if ring is not None:
            found.append(sharpened(ink, ring[0]))
    return found


def sharpened(ink: Plane, ellipse: Ellipse) -> Ellipse:
    """Return the ellipse fitted to the ends of ink ever closer to its edge."""
    for low, high, tolerance in _CLOSER:
        points = _ends(ink, ellipse, low, high)
        if len(points) < _LEAST_ENDS:
            break
        size = (0.8 * ellipse.b, 1.2 * ellipse.a)
        ellipse, _ = refit_ring(ellipse, points, max(tolerance * ellipse.b, 0.75), size)
    return ellipse


def edge_seen(
    ink: Plane, middle: tuple[float, float], edge: NDArray[np.float64], slack_px: float
) -> float:
    """Return the share 0..1 of the points of an outline with ink at or just within them.

    Args:
        ink: float32 [H, W], probability of ink.
        middle: of the outline, x, y.
        edge: float64 [N, 2] x, y; points outside the plane do not count.
        slack_px: how far out the ink may end; it may end twice as far in.
    """
    inside = ((edge >= 0) & (edge < np.array(ink.shape[::-1]))).all(axis=1)
    if not inside.any():
        return 0.0
    centre = np.array(middle)
    spokes = edge[inside] - centre
    reach = np.maximum(np.hypot(*spokes.T), 1e-6)
    offsets = np.arange(-2.0 * slack_px, slack_px + 0.01, 0.5)
    factor = 1.0 + offsets[None] / reach[:, None]
    at = centre + spokes[:, None] * factor[..., None]
    values = sampled(ink, at[..., 0] - 0.5, at[..., 1] - 0.5).max(axis=1)
    return float((values > _THRESHOLD).mean())


def _voted(ink: Plane, radius_px: tuple[float, float]) -> list[Ellipse]:
    """Return the ellipses that much of the ink lies on, the best first.

    Circles are looked for in the plane as it is, and squeezed along x and along y: that finds
    seals that are seen at a slant.
    """
    found: list[tuple[float, Ellipse]] = []
    for squeeze_x, squeeze_y in _SQUEEZES:
        coarse = _pooled(ink, _VOTE_CELL)
        shape = (round(coarse.shape[0] * squeeze_y), round(coarse.shape[1] * squeeze_x))
        plane = np.asarray(Pillow.fromarray(coarse).resize(shape[::-1], Pillow.Resampling.BILINEAR))
        for vote, x, y, radius in _circles(plane, radius_px):
            a, b = _VOTE_CELL * radius / squeeze_x, _VOTE_CELL * radius / squeeze_y
            centre = (_VOTE_CELL * x / squeeze_x, _VOTE_CELL * y / squeeze_y)
            turned = (a, b, 0.0) if a >= b else (b, a, 90.0)
            found.append((vote, Ellipse(*centre, *turned)))
    chosen: list[Ellipse] = []
    for _, ellipse in sorted(found, key=lambda pair: -pair[0]):
        if all(_apart(ellipse, other) for other in chosen):
            chosen.append(ellipse)
    return chosen[:_MOST_RINGS]


def _apart(one: Ellipse, two: Ellipse) -> bool:
    """Return whether two voted ellipses are not one ring."""
    larger = max(one.a, two.a)
    near = math.hypot(one.x - two.x, one.y - two.y) < 0.35 * larger
    return not (near and min(one.a, two.a) > 0.6 * larger)


def _circles(
    coarse: Plane, radius_px: tuple[float, float]
) -> list[tuple[float, float, float, float]]:
    """Return (vote, x, y, radius) of circles in a plane of vote cells, in cells."""
    height, width = coarse.shape
    least = max(radius_px[0] / _VOTE_CELL, 3.0)
    largest = min(radius_px[1] / _VOTE_CELL, 0.7 * min(height, width))
    if largest < least:
        return []
    count = int(math.log(largest / least) / math.log(_STEP)) + 1
    radii = [least * _STEP**k for k in range(count)]
    # Circles may reach beyond the plane by a third of themselves.
    pad = int(1.4 * radii[-1]) + 2
    shape = (_fast(height + 2 * pad), _fast(width + 2 * pad))
    spectrum = np.fft.rfft2(coarse, shape)
    # A long line is better evidence than a short one: print has many small circles.
    votes = np.stack(
        [
            _votes(spectrum, radius, shape)[:height, :width] * math.sqrt(radius / radii[-1])
            for radius in radii
        ]
    )
    found = []
    rows, columns = np.mgrid[0:height, 0:width]
    for _ in range(_MOST_RINGS):
        k, y, x = (int(i) for i in np.unravel_index(int(votes.argmax()), votes.shape))
        vote, radius = float(votes[k, y, x]), radii[k]
        if vote < _LEAST_VOTE:
            break
        found.append((vote, x + 0.5, y + 0.5, radius))
        near = np.hypot(rows - y, columns - x) < 0.35 * radius
        similar = [i for i, other in enumerate(radii) if 0.6 < other / radius < 1.6]
        votes[similar[0] : similar[-1] + 1, near] = -1.0
    return found


def _pooled(plane: Plane, cell: int) -> Plane:
    """Return means of squares; a rim that fills none is extended by its edge."""
    pad = ((0, -plane.shape[0] % cell), (0, -plane.shape[1] % cell))
    wide = np.pad(plane, pad, mode="edge")
    shape = (wide.shape[0] // cell, cell, wide.shape[1] // cell, cell)
    return np.asarray(wide.reshape(shape).mean(axis=(1, 3)), np.float32)


def _fast(length: int) -> int:
    """Return the next length that a Fourier transform is quick with: 2^a or 3 * 2^a."""
    power = 1 << (length - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= length else power


def _votes(
    spectrum: NDArray[np.complex128], radius: float, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return mean ink on the circle less that on its two neighbours, for every middle."""
    half = max(0.5 * _WIDTH * radius, 0.75)
    reach = int(radius + 4 * half) + 2
    offset = np.arange(-reach, reach + 1)
    distance = np.hypot(*np.meshgrid(offset, offset)) - radius
    on = (np.abs(distance) <= half).astype(np.float64)
    beside = ((np.abs(distance) > half) & (np.abs(distance) <= 3 * half)).astype(np.float64)
    kernel = np.zeros(shape)
    kernel[offset[:, None], offset[None]] = on / on.sum() - beside / beside.sum()
    # The kernel is symmetric, so correlation and convolution are one.
    return np.fft.irfft2(spectrum * np.fft.rfft2(kernel), shape)


def _ends(ink: Plane, ellipse: Ellipse, low: float, high: float) -> NDArray[np.float64]:
    """Return where ink ends on rays from the middle outwards, between pixels, [N, 2] x, y."""
    angles = np.arange(_RAYS, dtype=np.float64) * (2.0 * math.pi / _RAYS)
    edge = _edge_at(ellipse, angles)
    middle = np.array([ellipse.x, ellipse.y])
    size = math.sqrt(ellipse.a * ellipse.b)
    factors = np.arange(low, high + 1.0 / size, 0.5 / size)
    at = middle + (edge - middle)[:, None] * factors[None, :, None]
    along = sampled(ink, at[..., 0] - 0.5, at[..., 1] - 0.5)
    falls = (along[:, :-1] > _THRESHOLD) & (along[:, 1:] <= _THRESHOLD)
    rays = np.flatnonzero(falls.any(axis=1))
    last = falls.shape[1] - 1 - np.argmax(falls[rays][:, ::-1], axis=1)
    inner, outer = along[rays, last], along[rays, last + 1]
    share = (inner - _THRESHOLD) / np.maximum(inner - outer, 1e-6)
    factor = factors[last] + share * (factors[1] - factors[0])
    return np.asarray(middle + (edge[rays] - middle) * factor[:, None])


def _edge_at(ellipse: Ellipse, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points of the edge at these angles round its own axes, [N, 2]."""
    turn = math.radians(ellipse.angle_deg)
    along, across = ellipse.a * np.cos(angles), ellipse.b * np.sin(angles)
    x = ellipse.x + along * math.cos(turn) - across * math.sin(turn)
    y = ellipse.y + along * math.sin(turn) + across * math.cos(turn)
    return np.stack([x, y], axis=1)


def sampled(plane: Plane, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return bilinear values at pixel indices x, y; outside the plane they are 0."""
    padded = np.pad(plane, 1)
    x = np.clip(x + 1.0, 0.0, padded.shape[1] - 1.001)
    y = np.clip(y + 1.0, 0.0, padded.shape[0] - 1.001)
    x0, y0 = x.astype(np.int64), y.astype(np.int64)
    dx, dy = x - x0, y - y0
    top = padded[y0, x0] * (1 - dx) + padded[y0, x0 + 1] * dx
    bottom = padded[y0 + 1, x0] * (1 - dx) + padded[y0 + 1, x0 + 1] * dx
    return np.asarray(top * (1 - dy) + bottom * dy)
