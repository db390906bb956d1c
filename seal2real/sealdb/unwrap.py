"""Text lines straightened through their polygons, with the map back to the image.

A text polygon has an even number of points: the first half runs along the top edge of the glyphs in
reading order, the second half comes back along the bottom edge, so point ``i`` pairs with point
``n - 1 - i``. Each pair of neighbours spans a quad; a strip is the row of these quads, each
stretched to the strip's height. NumPy only, and only + - * / sqrt and integer rounding, so that
strips are the same bytes everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Strip", "densify", "unwrap", "unwrap_chars"]

Method = Literal["dense", "spline"]

# A strip longer than this is a degenerate polygon, not a text line (A0 at 600 dpi is 28 000 px).
MAX_STRIP_PX = 32_768
# Points per spline segment: at 16 the chord error of a 37 degree segment is below 0.01 %.
SPLINE_STEPS = 16


@dataclass(frozen=True)
class Strip:
    """A straightened text line.

    Attributes:
        image: uint8 [h, w] or [h, w, 3], the text from left to right.
        quads: float64 [k, 4, 2], image px; the quads that make the strip, each from its own
            top-left corner, top edge in reading order first.
        starts: float64 [k + 1], strip px; quad ``i`` covers ``starts[i] <= x < starts[i + 1]``.
    """

    image: NDArray[np.uint8]
    quads: NDArray[np.float64]
    starts: NDArray[np.float64]

    def to_image(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map strip points to the image.

        Args:
            points: [N, 2] (x, y) in strip px, origin at the corner of the top-left pixel; points
                beyond the ends continue the outermost quad.

        Returns:
            float64 [N, 2] in image px, origin at the corner of the top-left pixel.
        """
        xy = np.asarray(points, np.float64).reshape(-1, 2)
        return _map(self.quads, self.starts, xy[:, 0], xy[:, 1] / self.image.shape[0])

    def coordinates(self) -> NDArray[np.float64]:
        """Return float64 [h, w, 2]: the image point (x, y) under the centre of each strip pixel."""
        height, width = self.image.shape[:2]
        return _pixel_map(self.quads, self.starts, height, width)


def unwrap(
    image: NDArray[np.uint8],  # [H, W] or [H, W, C]
    polygon: ArrayLike,  # [2m, 2]
    *,
    height_px: int | None = None,
    method: Method = "dense",
) -> Strip:
    """Straighten the text line inside ``polygon``.

    Args:
        image: uint8 [H, W] or [H, W, C].
        polygon: [2m, 2] (x, y) in px, m >= 2; the first half along the top of the glyphs in reading
            order, the second half back along the bottom.
        height_px: height of the strip; None keeps the mean height of the polygon.
        method: ``dense`` joins the points by straight lines, right for our dense polygons;
            ``spline`` lays a cubic spline through each edge first, right for polygons of few points.

    Returns:
        The strip; its width keeps the proportions along the line's middle.

    Raises:
        ValueError: polygon of odd or too few points, not finite, or without length or height;
            unknown method; height below 1.

    Source: the rectifier of PaddleX's seal recognition (a polygon's two sides resampled, then a
        homography per section). Deviation: sections are paired and bilinear, and a spline, not a
        chord, joins the points.
    """
    points = _polygon(polygon)
    if method not in ("dense", "spline"):
        raise ValueError(f"unwrap: method must be 'dense' or 'spline', got {method!r}; use 'dense'")
    if method == "spline":
        points = densify(points)
    half = len(points) // 2
    top, bottom = points[:half], points[half:][::-1]
    quads = np.stack([top[:-1], top[1:], bottom[1:], bottom[:-1]], axis=1)
    return _strip(image, quads, height_px)


def unwrap_chars(
    image: NDArray[np.uint8],  # [H, W] or [H, W, C]
    quads: ArrayLike,  # [n, 4, 2]
    *,
    height_px: int | None = None,
) -> Strip:
    """Set the characters of a text upright side by side, in the order given.

    For texts that no polygon can straighten: names set in a grid, and rings whose glyphs stand
    against the reading order. Each character keeps its own proportions.

    Args:
        image: uint8 [H, W] or [H, W, C].
        quads: [n, 4, 2] (x, y) in px, each from its glyph's own top-left, clockwise.
        height_px: height of the strip; None keeps the mean height of the quads.

    Raises:
        ValueError: quads of another shape, not finite, or without area; height below 1.
    """
    array = np.asarray(quads, np.float64)
    if array.ndim != 3 or array.shape[1:] != (4, 2) or not len(array):
        raise ValueError(
            f"unwrap_chars: quads must have shape [n, 4, 2] with n >= 1, got {list(array.shape)}; "
            "pass the characters' quads"
        )
    _require_finite("unwrap_chars", "quads", array)
    return _strip(image, array, height_px, even=False)


def densify(polygon: ArrayLike, steps: int = SPLINE_STEPS) -> NDArray[np.float64]:
    """Lay cubic splines through the two edges of a text polygon and resample them.

    Both edges share one parameter (chord lengths of the middle line), so pairs stay pairs. The end
    segments are those of a not-a-knot spline: a natural spline would straighten an arc's ends.

    Args:
        polygon: [2m, 2] as in :func:`unwrap`.
        steps: points per segment.

    Returns:
        float64 [2k, 2] with k = (m - 1) * steps + 1.
    """
    points = _polygon(polygon)
    half = len(points) // 2
    top, bottom = points[:half], points[half:][::-1]
    middle = (top + bottom) * 0.5
    lengths = _lengths(middle[1:] - middle[:-1])
    keep = np.concatenate([[True], lengths > 0.0])
    knots = np.concatenate([[0.0], np.cumsum(lengths[lengths > 0.0])])
    if len(knots) < 2:
        raise ValueError(
            "densify: polygon must have length along its middle, got a point; pass a text polygon"
        )
    # A point that both edges repeat has no length and would make the spline's system singular:
    # `keep` left it out.
    offsets = np.arange(steps, dtype=np.float64) / steps
    spans = knots[1:] - knots[:-1]
    where = np.append((knots[:-1, None] + spans[:, None] * offsets).reshape(-1), knots[-1])
    edges = [_spline(knots, edge[keep], where) for edge in (top, bottom)]
    return np.concatenate([edges[0], edges[1][::-1]])


def _polygon(polygon: ArrayLike) -> NDArray[np.float64]:
    """Return ``polygon`` as float64 [2m, 2], checked."""
    points = np.asarray(polygon, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 4 or len(points) % 2:
        raise ValueError(
            "unwrap: polygon must have an even number (>= 4) of (x, y) points, got shape "
            f"{list(points.shape)}; pass a text's polygon or polygon16"
        )
    _require_finite("unwrap", "polygon", points)
    return points


def _require_finite(function: str, argument: str, values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise ValueError(
            f"{function}: {argument} must be finite, got NaN or infinity; check the label"
        )


def _lengths(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = vectors[..., 0], vectors[..., 1]
    return np.sqrt(x * x + y * y)


def _total(values: NDArray[np.float64]) -> float:
    """Sum from left to right: the order of NumPy's sum depends on the CPU, Python's on its version."""
    return float(np.cumsum(values)[-1])


def _strip(
    image: NDArray[np.uint8],
    quads: NDArray[np.float64],  # [k, 4, 2]
    height_px: int | None,
    even: bool = True,
) -> Strip:
    """Lay ``quads`` side by side and sample ``image`` through them.

    Their widths are scaled by one factor (``even``), or each keeps its own proportions.
    """
    if height_px is not None and height_px < 1:
        raise ValueError(
            f"unwrap: height_px must be at least 1, got {height_px}; use None for native"
        )
    heights = _lengths((quads[:, 3] + quads[:, 2] - quads[:, 0] - quads[:, 1]) * 0.5)
    widths = _lengths((quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) * 0.5)
    # Weighted by width, so that many short sections of a bend do not outweigh the straight part.
    total = _total(widths)
    mean = _total(heights * widths) / total if total > 0.0 else 0.0
    if not mean > 0.0 or (not even and not (heights > 0.0).all()):
        raise ValueError(
            f"unwrap: polygon must have length and height, got {total} x {mean} px; check the label"
        )
    height = height_px if height_px is not None else max(1, round(mean))
    scale = height / (np.full(len(heights), mean) if even else heights)
    starts = np.concatenate([[0.0], np.cumsum(widths * scale)])
    width = max(1, round(float(starts[-1])))
    if width > MAX_STRIP_PX:
        raise ValueError(
            f"unwrap: strip must be at most {MAX_STRIP_PX} px long, got {width}; lower height_px"
        )
    # The last column ends where the last quad ends.
    starts = starts * (width / float(starts[-1]))
    where = _pixel_map(quads, starts, height, width)
    return Strip(_bilinear(image, where), quads, starts)


def _pixel_map(
    quads: NDArray[np.float64], starts: NDArray[np.float64], height: int, width: int
) -> NDArray[np.float64]:
    x = np.broadcast_to(np.arange(width) + 0.5, (height, width))
    v = np.broadcast_to(((np.arange(height) + 0.5) / height)[:, None], (height, width))
    return _map(quads, starts, x.reshape(-1), v.reshape(-1)).reshape(height, width, 2)


def _map(
    quads: NDArray[np.float64],  # [k, 4, 2]
    starts: NDArray[np.float64],  # [k + 1]
    x: NDArray[np.float64],  # [N] strip px
    v: NDArray[np.float64],  # [N] 0 top .. 1 bottom
) -> NDArray[np.float64]:
    """Bilinear map of (x, v) through the quad that covers x."""
    spans = starts[1:] - starts[:-1]
    # Empty quads cover no x: look among the others only.
    used = np.flatnonzero(spans > 0.0)
    which = np.clip(np.searchsorted(starts[used], x, "right") - 1, 0, len(used) - 1)
    index = used[which]
    u = ((x - starts[index]) / spans[index])[:, None]
    corners = quads[index]
    top = corners[:, 0] + (corners[:, 1] - corners[:, 0]) * u
    bottom = corners[:, 3] + (corners[:, 2] - corners[:, 3]) * u
    return top + (bottom - top) * v[:, None]


def _bilinear(image: NDArray[np.uint8], where: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Sample ``image`` at ``where`` [h, w, 2]; beyond the border the border pixel repeats."""
    if image.ndim not in (2, 3) or image.dtype != np.uint8 or not image.size:
        raise ValueError(
            f"unwrap: image must be uint8 [H, W] or [H, W, C], got {image.dtype} "
            f"{list(image.shape)}; convert it first"
        )
    rows, columns = image.shape[:2]
    # a pixel's value stands at its centre: pixel k at k + 0.5
    x = np.clip(where[..., 0] - 0.5, 0.0, columns - 1.0)
    y = np.clip(where[..., 1] - 0.5, 0.0, rows - 1.0)
    x0 = np.minimum(x.astype(np.int64), max(columns - 2, 0))
    y0 = np.minimum(y.astype(np.int64), max(rows - 2, 0))
    x1, y1 = np.minimum(x0 + 1, columns - 1), np.minimum(y0 + 1, rows - 1)
    fx, fy = x - x0, y - y0
    if image.ndim == 3:
        fx, fy = fx[..., None], fy[..., None]
    source = image.astype(np.float64)
    upper = source[y0, x0] + (source[y0, x1] - source[y0, x0]) * fx
    lower = source[y1, x0] + (source[y1, x1] - source[y1, x0]) * fx
    mixed: NDArray[np.uint8] = np.floor(upper + (lower - upper) * fy + 0.5).astype(np.uint8)
    return mixed


def _spline(
    knots: NDArray[np.float64],  # [m] increasing
    values: NDArray[np.float64],  # [m, 2]
    where: NDArray[np.float64],  # [N] within the knots
) -> NDArray[np.float64]:
    """Not-a-knot cubic spline through (knots, values); a line or parabola below four knots."""
    if len(knots) < 4:
        return _lagrange(knots, values, where)
    spans = knots[1:] - knots[:-1]
    slopes = (values[1:] - values[:-1]) / spans[:, None]
    second = _second_derivatives(spans, slopes)
    index = np.clip(np.searchsorted(knots, where, "right") - 1, 0, len(knots) - 2)
    h = spans[index][:, None]
    b = (where - knots[index])[:, None]
    a = h - b
    left, right = second[index], second[index + 1]
    # Source: Press et al., Numerical Recipes, section 3.3.
    line = (a * values[index] + b * values[index + 1]) / h
    return line + ((a * a * a / h - h * a) * left + (b * b * b / h - h * b) * right) / 6.0


def _second_derivatives(
    spans: NDArray[np.float64], slopes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve the spline's equations for the second derivatives at the knots [m, 2].

    Inner row i: h[i-1] M[i-1] + 2 (h[i-1] + h[i]) M[i] + h[i] M[i+1] = 6 (s[i] - s[i-1]).
    Not-a-knot ends: M[0] = M[1] - (M[2] - M[1]) h[0] / h[1], and its mirror image.
    Gaussian elimination by hand: LAPACK's order of operations depends on the CPU.
    """
    inner = len(spans) - 1
    below, diagonal, above = spans[:-1].copy(), 2.0 * (spans[:-1] + spans[1:]), spans[1:].copy()
    first, last = spans[0] / spans[1], spans[-1] / spans[-2]
    diagonal[0] += below[0] * (1.0 + first)
    above[0] -= below[0] * first
    diagonal[-1] += above[-1] * (1.0 + last)
    below[-1] -= above[-1] * last
    solution = 6.0 * (slopes[1:] - slopes[:-1])
    for i in range(1, inner):
        factor = below[i] / diagonal[i - 1]
        diagonal[i] -= factor * above[i - 1]
        solution[i] -= factor * solution[i - 1]
    solution[-1] /= diagonal[-1]
    for i in range(inner - 2, -1, -1):
        solution[i] = (solution[i] - above[i] * solution[i + 1]) / diagonal[i]
    start = solution[0] - (solution[1] - solution[0]) * first
    end = solution[-1] + (solution[-1] - solution[-2]) * last
    return np.concatenate([start[None], solution, end[None]])


def _lagrange(
    knots: NDArray[np.float64], values: NDArray[np.float64], where: NDArray[np.float64]
) -> NDArray[np.float64]:
    # at most three knots: the line or parabola through them, without a system to solve
    result = np.zeros((len(where), 2))
    for i in range(len(knots)):
        weight = np.ones(len(where))
        for j in range(len(knots)):
            if j != i:
                weight = weight * ((where - knots[j]) / (knots[i] - knots[j]))
        result = result + weight[:, None] * values[i]
    return result
