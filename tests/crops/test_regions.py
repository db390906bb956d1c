"""Connected regions against a flood fill, and rectangles known by construction."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real.crops.regions import Rectangle, find_regions, smallest_rectangle


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


@pytest.mark.parametrize("angle", [0.0, 30.0, 118.0])
def test_a_turned_rectangle_is_found(angle: float) -> None:
    """The squares whose middles lie in a 60 x 25 rectangle, and a stray tail at its side."""
    true = Rectangle(70.0, 64.0, 60.0, 25.0, angle)
    rows, columns = np.mgrid[0:130, 0:140].reshape(2, -1)
    points = np.stack([columns, rows], axis=1) + 0.5
    within = points[true.radii(points) <= 1.0]
    tail = np.stack([np.full(20, 70.5), np.arange(20) + 0.5], axis=1)
    for cloud in (within, np.concatenate([within, tail])):
        found = smallest_rectangle(cloud)
        assert (found.x, found.y) == pytest.approx((70.0, 64.0), abs=0.8)
        assert (found.width, found.height) == pytest.approx((60.0, 25.0), abs=2.0)
        assert abs((found.angle_deg - angle + 90) % 180 - 90) <= 2.0


def test_a_rectangle_is_measured_as_by_hand() -> None:
    """A 4 x 2 rectangle that stands upright: box, radii, and points of the sides."""
    upright = Rectangle(10.0, 20.0, 4.0, 2.0, 90.0)
    assert upright.box() == pytest.approx((9.0, 18.0, 11.0, 22.0))
    points = np.array([[10.0, 22.0], [11.0, 20.0], [10.5, 20.0], [12.0, 24.0]])
    np.testing.assert_allclose(upright.radii(points), [1.0, 1.0, 0.5, 2.0])
    edge = upright.edge(12)
    np.testing.assert_allclose(upright.radii(edge), 1.0)
    np.testing.assert_allclose(np.hypot(*np.diff(edge, axis=0).T).max(), 1.0)
    assert upright.scaled(2.0).axes == (8.0, 4.0)
