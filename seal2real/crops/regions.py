"""Connected regions of a mask, and a region's shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rectangle", "find_regions", "smallest_rectangle"]

Mask = NDArray[np.bool_]

# Share of a region on each side of a rectangle that does not count, and points that are enough.
_STRAY = 0.025
_MOST_POINTS = 2000


@dataclass(frozen=True)
class Rectangle:
    """A turned rectangle in px; ``angle_deg`` turns its long side from x towards y, [0, 180)."""

    x: float
    y: float
    width: float
    height: float
    angle_deg: float

    @property
    def axes(self) -> tuple[float, float]:
        """Long and short side."""
        return self.width, self.height

    @property
    def area(self) -> float:
        """Area in square px."""
        return self.width * self.height

    def scaled(self, factor: float) -> Rectangle:
        """Return it in an image that is ``factor`` times as large."""
        sides = (self.width * factor, self.height * factor)
        return Rectangle(self.x * factor, self.y * factor, *sides, self.angle_deg)

    def radii(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far out points [N, 2] lie: 1 on the sides, 0 in the middle, [N]."""
        turn = math.radians(self.angle_deg)
        dx, dy = points[:, 0] - self.x, points[:, 1] - self.y
        along = np.abs(dx * math.cos(turn) + dy * math.sin(turn)) / (self.width / 2)
        across = np.abs(dy * math.cos(turn) - dx * math.sin(turn)) / (self.height / 2)
        return np.asarray(np.maximum(along, across))

    def box(self) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 of the upright box round it."""
        turn = math.radians(self.angle_deg)
        cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
        half_x = (self.width * cos + self.height * sin) / 2
        half_y = (self.width * sin + self.height * cos) / 2
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y

    def edge(self, count: int) -> NDArray[np.float64]:
        """Return ``count`` points of the sides, x, y, equally far apart."""
        turn = math.radians(self.angle_deg)
        along = np.array([math.cos(turn), math.sin(turn)]) * self.width / 2
        across = np.array([-math.sin(turn), math.cos(turn)]) * self.height / 2
        corners = np.stack([-along - across, along - across, along + across, across - along])
        lengths = np.array([0.0, self.width, self.height, self.width, self.height]).cumsum()
        at = (np.arange(count) + 0.5) * lengths[-1] / count
        side = np.searchsorted(lengths, at, side="right") - 1
        share = ((at - lengths[side]) / np.diff(lengths)[side])[:, None]
        ends = np.roll(corners, -1, axis=0)
        return np.asarray(
            corners[side] * (1 - share) + ends[side] * share + np.array([self.x, self.y])
        )


def find_regions(mask: Mask, least_px: int) -> list[NDArray[np.int64]]:
    """Return the 4-connected regions of a mask, the largest first.

    Args:
        mask: bool [H, W].
        least_px: smaller regions are left out.

    Returns:
        Arrays [N, 2] of (row, column).
    """
    rows, starts, ends = _runs(mask)
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    above = 0
    for i in range(len(rows)):
        while above < i and (
            rows[above] < rows[i] - 1 or (rows[above] == rows[i] - 1 and ends[above] <= starts[i])
        ):
            above += 1
        other = above
        while other < i and rows[other] == rows[i] - 1 and starts[other] < ends[i]:
            parent[root(other)] = root(i)
            other += 1
    groups: dict[int, list[int]] = {}
    for i in range(len(rows)):
        groups.setdefault(root(i), []).append(i)
    regions = []
    for runs in groups.values():
        if sum(ends[i] - starts[i] for i in runs) >= least_px:
            columns = [np.arange(starts[i], ends[i]) for i in runs]
            lines = [np.full(ends[i] - starts[i], rows[i]) for i in runs]
            regions.append(np.stack([np.concatenate(lines), np.concatenate(columns)], axis=1))
    return sorted(regions, key=lambda region: -len(region))


def _runs(mask: Mask) -> tuple[list[int], list[int], list[int]]:
    """Return row, first and last-plus-one column of every horizontal run, in reading order."""
    wide = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    wide[:, 1:-1] = mask
    step = np.diff(wide, axis=1)
    rows, starts = np.nonzero(step == 1)
    ends = np.nonzero(step == -1)[1]
    return rows.tolist(), starts.tolist(), ends.tolist()


def smallest_rectangle(points: NDArray[np.float64]) -> Rectangle:
    """Return the turned rectangle of least area that an even spread of points fills.

    Sides lie where they would for an even spread whose outer twentieth is missing, so that a few
    stray points do not move them.

    Args:
        points: float64 [N, 2] x, y: middles of a region's squares of side 1.
    """
    thin = points[:: max(len(points) // _MOST_POINTS, 1)]
    best: tuple[float, Rectangle] | None = None
    for degrees in range(0, 90, 2):
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        (mid_u, width), (mid_v, height) = (
            _spread(axis)
            for axis in (thin[:, 0] * cos + thin[:, 1] * sin, thin[:, 1] * cos - thin[:, 0] * sin)
        )
        if best is None or width * height < best[0]:
            centre = (mid_u * cos - mid_v * sin, mid_u * sin + mid_v * cos)
            turned = degrees if width >= height else degrees + 90
            sides = (max(width, height), min(width, height))
            best = (width * height, Rectangle(*centre, *sides, float(turned % 180)))
    assert best is not None
    return best[1]


def _spread(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return middle and length of the interval that values fill evenly, but for the outer ones."""
    low, high = np.percentile(values, [100 * _STRAY, 100 * (1 - _STRAY)])
    return float(low + high) / 2, float(high - low) / (1 - 2 * _STRAY)
