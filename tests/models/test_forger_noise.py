"""Noise planes: moments, smoothness in mm, streams."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from seal2real import _C
from seal2real.models.forger_noise import NATIVE_PX_PER_MM, native_size, noise_planes
from seal2real.rng import Rng


@pytest.mark.parametrize("px_per_mm", [3.9, 11.8])
def test_every_pixel_has_mean_0_and_variance_1(px_per_mm: float) -> None:
    """Over 800 draws of one pixel, within five standard errors."""
    draws = np.stack([noise_planes(Rng(1, k), 9, 13, px_per_mm, 4) for k in range(800)])
    assert np.abs(draws.mean(axis=0)).max() < 5 / np.sqrt(800)
    # The variance of a normal's variance estimate is 2 / n.
    assert np.abs(draws.var(axis=0) - 1).max() < 5 * np.sqrt(2 / 800)


def test_fine_planes_are_white_and_smooth_ones_are_smooth_in_mm() -> None:
    """Neighbours are independent in the first half; in the second their correlation follows mm."""

    def neighbours(px_per_mm: float) -> list[float]:
        planes = noise_planes(Rng(3), 512, 512, px_per_mm, 4)
        return [float(np.corrcoef(p[:, 1:].ravel(), p[:, :-1].ravel())[0, 1]) for p in planes]

    coarse, fine = neighbours(4.0), neighbours(8.0)
    assert max(abs(c) for c in coarse[:2] + fine[:2]) < 0.02
    assert coarse[2] > 0.99 and 0.85 < coarse[3] < coarse[2]
    assert fine[3] > coarse[3], "the same mm are more pixels"


def test_a_smooth_plane_is_its_knots_interpolated_and_scaled_back() -> None:
    """Against a transcription in float64; at a knot nothing is mixed."""
    grid = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    ys, xs = np.array([0.0, 0.25, 1.5, 2.75]), np.array([0.5, 1.0, 1.125])

    def mixed(values: NDArray[np.float64], place: float) -> NDArray[np.float64]:
        k, s = int(place), place % 1
        both: NDArray[np.float64] = (1 - s) * values[k] + s * values[k + 1]
        return both / np.sqrt((1 - s) ** 2 + s**2)

    wanted = [[mixed(mixed(grid.astype(np.float64), y), x) for x in xs] for y in ys]
    places = [(p.astype(np.int64), (p % 1).astype(np.float32)) for p in (ys, xs)]
    np.testing.assert_allclose(_C.smooth_noise(grid, *places[0], *places[1]), wanted, rtol=1e-6)
    with pytest.raises(ValueError, match="smooth_noise: before must name knots"):
        _C.smooth_noise(grid[:3], *places[0], *places[1])
    with pytest.raises(ValueError, match="vectors of one length, got 4 and 3 values"):
        _C.smooth_noise(grid, places[0][0], places[1][1], *places[1])
    with pytest.raises(ValueError, match=r"grid must be \[rows, columns\], got 1 axes"):
        _C.smooth_noise(grid[0], *places[0], *places[1])


def test_streams() -> None:
    a, b = noise_planes(Rng(1, 2), 16, 16, 5.0, 3), noise_planes(Rng(1, 2), 16, 16, 5.0, 3)
    assert np.array_equal(a, b) and a.dtype == np.float32
    assert not np.array_equal(a, noise_planes(Rng(1, 3), 16, 16, 5.0, 3))
    assert not np.array_equal(a[0], a[1])
    assert noise_planes(Rng(1), 4, 5, 5.0, 0).shape == (0, 4, 5)
    assert np.isfinite(noise_planes(Rng(1), 1, 1, 0.5, 6)).all()


def test_native_size() -> None:
    """300 dpi is 11.81 px per mm: below nothing changes, 600 dpi is halved."""
    assert native_size(100, 50, 200 / 25.4) == (100, 50, 200 / 25.4)
    assert native_size(100, 50, NATIVE_PX_PER_MM) == (100, 50, NATIVE_PX_PER_MM)
    assert native_size(100, 50, 600 / 25.4) == (50, 25, NATIVE_PX_PER_MM)
    assert native_size(1, 1, 6000 / 25.4)[:2] == (1, 1)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="noise_planes: px_per_mm must be finite"):
        noise_planes(Rng(1), 4, 4, 0.0, 1)
    with pytest.raises(ValueError, match="native_size: px_per_mm must be finite"):
        native_size(4, 4, float("nan"))
    with pytest.raises(ValueError, match="height and width must be at least 1"):
        noise_planes(Rng(1), 0, 4, 5.0, 1)
