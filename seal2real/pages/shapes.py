"""Coverage of freehand strokes and soft fields, from + - * / and sqrt only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seal2real.rng import Rng

__all__ = ["Point", "polygon_cover", "smooth_curve", "stroke_cover", "to_u8", "value_noise"]

Point = tuple[float, float]
Field = NDArray[np.float64]


def stroke_cover(
    shape: tuple[int, int],
    points: Sequence[Point],
    widths: Sequence[float],
) -> Field:
    """Return the coverage 0..1 [H, W] of a polyline with round ends.

    Args:
        shape: H, W.
        points: vertices (x, y) in pixels.
        widths: width at each vertex, pixels; between them it changes evenly.
    """
    cover = np.zeros(shape)
    for (a, wa), (b, wb) in pairwise(zip(points, widths, strict=True)):
        _add_segment(cover, a, b, wa, wb)
    return cover


def _add_segment(cover: Field, a: Point, b: Point, wa: float, wb: float) -> None:
    """Raise ``cover`` to a capsule from ``a`` to ``b``, in the box that it reaches."""
    reach = max(wa, wb) / 2 + 1.0
    x0, x1 = int(min(a[0], b[0]) - reach), int(max(a[0], b[0]) + reach) + 1
    y0, y1 = int(min(a[1], b[1]) - reach), int(max(a[1], b[1]) + reach) + 1
    x0, y0 = max(x0, 0), max(y0, 0)
    part = cover[y0 : max(y1, 0), x0 : max(x1, 0)]
    if not part.size:
        return
    px = (np.arange(part.shape[1]) + (x0 + 0.5 - a[0]))[None]
    py = (np.arange(part.shape[0]) + (y0 + 0.5 - a[1]))[:, None]
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = max(dx * dx + dy * dy, 1e-12)
    along = np.clip((px * dx + py * dy) / length2, 0.0, 1.0)
    ex, ey = px - along * dx, py - along * dy
    radius = (wa + along * (wb - wa)) / 2
    np.maximum(part, np.clip(radius - np.sqrt(ex * ex + ey * ey) + 0.5, 0.0, 1.0), out=part)


def polygon_cover(shape: tuple[int, int], points: Sequence[Point]) -> Field:
    """Return the coverage 0..1 [H, W] of a convex polygon, clockwise (y down), about exact."""
    cover = np.ones(shape)
    x = (np.arange(shape[1]) + 0.5)[None]
    y = (np.arange(shape[0]) + 0.5)[:, None]
    for (ax, ay), (bx, by) in zip(points, (*points[1:], points[0]), strict=True):
        dx, dy = bx - ax, by - ay
        length = float(np.sqrt(dx * dx + dy * dy)) or 1.0
        inside = ((y - ay) * dx - (x - ax) * dy) / length
        np.minimum(cover, np.clip(inside + 0.5, 0.0, 1.0), out=cover)
    return cover


def smooth_curve(points: Sequence[Point], steps: int = 6) -> list[Point]:
    """Return a Catmull-Rom curve through ``points``, ``steps`` segments between two."""
    ends = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for i in range(1, len(ends) - 2):
        p0, p1, p2, p3 = ends[i - 1 : i + 3]
        curve.extend(
            (
                _spline(p0[0], p1[0], p2[0], p3[0], k / steps),
                _spline(p0[1], p1[1], p2[1], p3[1], k / steps),
            )
            for k in range(steps)
        )
    curve.append(points[-1])
    return curve


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    """Return the Catmull-Rom spline of four values at ``t`` between the middle two."""
    return 0.5 * (
        2 * b
        + (c - a) * t
        + (2 * a - 5 * b + 4 * c - d) * t * t
        + (3 * (b - c) + d - a) * t * t * t
    )


def value_noise(rng: Rng, shape: tuple[int, int], cell_px: float) -> Field:
    """Return smooth noise 0..1 [H, W] that changes over about ``cell_px`` pixels."""
    rows, columns = (int(side / cell_px) + 2 for side in shape)
    grid = np.asarray(rng.uniforms(rows * columns)).reshape(rows, columns)
    y, x = np.arange(shape[0]) / cell_px, np.arange(shape[1]) / cell_px
    iy, ix = y.astype(np.int64), x.astype(np.int64)
    fy, fx = (y - iy)[:, None], (x - ix)[None]
    fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
    a, b = grid[iy][:, ix], grid[iy][:, ix + 1]
    c, d = grid[iy + 1][:, ix], grid[iy + 1][:, ix + 1]
    upper, lower = a + fx * (b - a), c + fx * (d - c)
    result: Field = upper + fy * (lower - upper)
    return result


def to_u8(cover: Field) -> NDArray[np.uint8]:
    """Return coverage 0..1 as 0..255."""
    return (np.clip(cover, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
