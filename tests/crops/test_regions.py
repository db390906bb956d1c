"""Connected regions against a flood fill, and rectangles known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real.crops.regions import find_regions, smallest_rectangle


def flood(mask: np.ndarray) -> list[set[tuple[int, int]]]:
    """Return the 4-connected regions by flood fill: slow, and written differently."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    regions = []
    while left:
        front = [left.pop()]
        region = set(front)
        while front:
            y, x = front.pop()
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in left:
                    left.remove(near)
                    region.add(near)
                    front.append(near)
        regions.append(region)
    return regions


@pytest.mark.parametrize("seed", range(12))
def test_regions_are_those_of_a_flood_fill(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 30)), int(rng.integers(1, 30)))
    mask = rng.random(shape) < rng.uniform(0.2, 0.8)
    found = [{(int(y), int(x)) for y, x in region} for region in find_regions(mask, 1)]
    assert sorted(map(sorted, found)) == sorted(map(sorted, flood(mask)))
    assert [len(r) for r in found] == sorted((len(r) for r in found), reverse=True)
    large = [r for r in found if len(r) >= 4]
    assert len(find_regions(mask, 4)) == len(large)


def test_a_turned_rectangle_is_found() -> None:
    """Corners of a 40 x 10 rectangle turned by 30 degrees."""
    turn = np.radians(30.0)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = np.array([[20, 5], [-20, 5], [-20, -5], [20, -5]]) @ axes + [7.0, -3.0]
    found = smallest_rectangle(corners)
    assert (found.x, found.y) == pytest.approx((7.0, -3.0))
    assert (found.width, found.height, found.angle_deg) == pytest.approx((40.0, 10.0, 30.0))
    upright = smallest_rectangle(corners @ axes.T @ np.array([[0.0, 1.0], [-1.0, 0.0]]))
    assert (upright.width, upright.angle_deg) == pytest.approx((40.0, 90.0))
