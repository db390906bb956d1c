"""Connected regions of a mask, and a region's shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rectangle", "find_regions", "smallest_rectangle"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Rectangle:
    """A turned rectangle in px; ``angle_deg`` turns its long side from x towards y, [0, 180)."""

    x: float
    y: float
    width: float
    height: float
    angle_deg: float

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
    """Return the turned rectangle of least area round points [N, 2] x, y; tried in whole degrees."""
    best: tuple[float, Rectangle] | None = None
    for degrees in range(90):
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        u = points[:, 0] * cos + points[:, 1] * sin
        v = points[:, 1] * cos - points[:, 0] * sin
        low_u, high_u, low_v, high_v = u.min(), u.max(), v.min(), v.max()
        width, height = float(high_u - low_u), float(high_v - low_v)
        if best is None or width * height < best[0]:
            mid_u, mid_v = (low_u + high_u) / 2, (low_v + high_v) / 2
            centre = (float(mid_u * cos - mid_v * sin), float(mid_u * sin + mid_v * cos))
            turned = degrees if width >= height else degrees + 90
            sides = (max(width, height), min(width, height))
            best = (width * height, Rectangle(*centre, *sides, float(turned % 180)))
    assert best is not None
    return best[1]
