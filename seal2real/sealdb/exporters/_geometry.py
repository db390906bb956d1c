"""Polygons against the borders of an image. Only + - * /, so labels are the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["Point", "area", "box", "clamp", "clip", "inside"]

Point = tuple[float, float]
Points = Sequence[Sequence[float]]


def clip(points: Points, width: float, height: float) -> list[Point]:
    """Return the part of a polygon inside [0, width] x [0, height]; empty when none is.

    Source: Sutherland and Hodgman 1974; exact for convex polygons, which seal outlines are.
    """
    result: list[Point] = [(float(x), float(y)) for x, y in points]
    borders: list[tuple[int, float, Callable[[float, float], bool]]] = [
        (0, 0.0, lambda value, limit: value >= limit),
        (0, width, lambda value, limit: value <= limit),
        (1, 0.0, lambda value, limit: value >= limit),
        (1, height, lambda value, limit: value <= limit),
    ]
    for axis, limit, keeps in borders:
        result = _clip_border(result, axis, limit, keeps)
    return result if len(result) >= 3 and abs(area(result)) > 0.0 else []


def _clip_border(
    points: list[Point], axis: int, limit: float, keeps: Callable[[float, float], bool]
) -> list[Point]:
    kept: list[Point] = []
    for here, there in zip(points, points[1:] + points[:1], strict=True):
        if keeps(here[axis], limit):
            kept.append(here)
        if keeps(here[axis], limit) != keeps(there[axis], limit):
            share = (limit - here[axis]) / (there[axis] - here[axis])
            other = here[1 - axis] + (there[1 - axis] - here[1 - axis]) * share
            kept.append((limit, other) if axis == 0 else (other, limit))
    return kept


def clamp(points: Points, width: float, height: float) -> list[Point]:
    """Move points outside the image to its border; the number of points stays."""
    return [(min(max(float(x), 0.0), width), min(max(float(y), 0.0), height)) for x, y in points]


def inside(points: Points, width: float, height: float, slack: float = 0.0) -> bool:
    """Say whether every point lies in the image, ``slack`` px beyond its border allowed."""
    return all(-slack <= x <= width + slack and -slack <= y <= height + slack for x, y in points)


def area(points: Points) -> float:
    """Return the signed area in px squared: positive when clockwise in the image (y down)."""
    total = 0.0
    for here, there in zip(points, [*points[1:], points[0]], strict=True):
        total += here[0] * there[1] - there[0] * here[1]
    return total / 2.0


def box(points: Points) -> tuple[float, float, float, float]:
    """Return x0, y0, x1, y1 of the smallest upright box."""
    xs, ys = [float(p[0]) for p in points], [float(p[1]) for p in points]
    return min(xs), min(ys), max(xs), max(ys)
