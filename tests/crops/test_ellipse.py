"""The ring fit on ellipses known exactly: missing arcs, outliers, noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seal2real.crops.ellipse import Ellipse, fit_ellipse, fit_ring

TRUE = Ellipse(132.4, 118.9, 121.3, 104.6, 37.0)


def apart(found: Ellipse, true: Ellipse) -> float:
    """Return the greatest distance between the edges, px, by brute force over 720 points."""
    return float(np.abs(true.distances(found.edge(720))).max())


@pytest.mark.parametrize("angle", [0.0, 37.0, 90.0, 151.0])
@pytest.mark.parametrize("axes", [(120.0, 119.0), (140.0, 90.0), (12.0, 7.0)])
def test_exact_points_give_the_ellipse_back(angle: float, axes: tuple[float, float]) -> None:
    true = Ellipse(-40.0, 300.0, *axes, angle)
    found = fit_ellipse(true.edge(40))
    assert found is not None
    assert apart(found, true) < 1e-4
    assert found.a == pytest.approx(axes[0], rel=1e-6)
    assert math.sin(math.radians(found.angle_deg - angle)) == pytest.approx(0.0, abs=1e-3)


def test_distances_and_box_are_those_of_a_circle() -> None:
    """On a circle of radius 5 both are known by hand."""
    circle = Ellipse(10.0, 20.0, 5.0, 5.0, 63.0)
    points = np.array([[18.0, 20.0], [10.0, 17.0], [10.0, 25.0]])
    np.testing.assert_allclose(circle.distances(points), [3.0, -2.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(circle.box(), [5.0, 15.0, 15.0, 25.0])
    long = Ellipse(0.0, 0.0, 4.0, 1.0, 90.0)
    np.testing.assert_allclose(long.box(), [-1.0, -4.0, 1.0, 4.0], atol=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.5])
def test_a_ring_with_gaps_noise_and_outliers_is_found(missing: float) -> None:
    """Half an arc gone and a third of the points wrong: the edge is still within 2 % of a."""
    rng = np.random.default_rng(5)
    points = TRUE.edge(360)[round(360 * missing) :]
    points = points + rng.normal(0.0, 0.6, points.shape)
    wrong = rng.choice(len(points), len(points) // 3, replace=False)
    shrink = rng.uniform(0.5, 0.93, (len(wrong), 1))  # inner rings, text, the star
    middle = np.array([[TRUE.x, TRUE.y]])
    points[wrong] = middle + (points[wrong] - middle) * shrink
    found = fit_ring(points, 3.5, size_px=(40.0, 200.0))
    assert found is not None
    ellipse, seen = found
    assert apart(ellipse, TRUE) < (1.5 if missing < 0.5 else 0.05 * TRUE.a)
    assert seen == pytest.approx(1.0 - missing, abs=0.12)


def test_a_tag_beside_the_ring_does_not_pull_it() -> None:
    """A dense cluster outside, as many points as the ring itself has."""
    rng = np.random.default_rng(1)
    tag = np.array([30.0, -10.0]) + rng.uniform(0.0, 14.0, (360, 2))
    points = np.concatenate([TRUE.edge(360), tag])
    order = np.argsort(np.arctan2(points[:, 1] - TRUE.y, points[:, 0] - TRUE.x))
    found = fit_ring(points[order], 3.0, size_px=(40.0, 200.0))
    assert found is not None
    assert apart(found[0], TRUE) < 1.5


def test_the_search_repeats_itself() -> None:
    points = TRUE.edge(100) + np.random.default_rng(2).normal(0.0, 2.0, (100, 2))
    assert fit_ring(points, 3.0, size_px=(10.0, 300.0)) == fit_ring(
        points, 3.0, size_px=(10.0, 300.0)
    )


def test_nothing_is_found_where_nothing_is() -> None:
    assert fit_ring(np.zeros((4, 2)), 2.0, size_px=(10.0, 100.0)) is None
    line = np.stack([np.arange(50.0), np.arange(50.0)], axis=1)
    assert fit_ring(line, 2.0, size_px=(10.0, 100.0)) is None
    assert fit_ellipse(np.ones((8, 2))) is None
    # the ellipse is there, but larger than what is asked for
    assert fit_ring(TRUE.edge(90), 2.0, size_px=(10.0, 60.0)) is None
    with pytest.raises(ValueError, match="points must be at least 6, got 5"):
        fit_ellipse(np.zeros((5, 2)))
