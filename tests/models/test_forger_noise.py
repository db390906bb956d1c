"""Noise planes: moments, smoothness in mm, streams."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

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


def test_a_white_plane_is_uniform_draws() -> None:
    """The draws of ``uniforms``, stretched to [-sqrt 3, sqrt 3) and rounded to float32."""
    planes = noise_planes(Rng(2), 70, 3, 5.0, 3)
    for k in range(2):
        wanted = (2.0 * Rng(2, "pixel", k).uniforms(210) - 1.0) * np.sqrt(3.0)
        np.testing.assert_array_equal(planes[k], wanted.astype(np.float32).reshape(70, 3))


@pytest.mark.parametrize(("channel", "cell_mm"), [(0, 6.0), (1, 1.5), (2, 6.0)])
def test_a_smooth_plane_is_its_knots_interpolated_and_scaled_back(
    channel: int, cell_mm: float
) -> None:
    """Against a transcription in float64 of the same draws."""
    height, width, px_per_mm = 37, 50, 3.0
    rng = Rng(4, "smooth", channel)
    offsets = rng.uniform(), rng.uniform()
    ys, xs = (
        (np.arange(n) + 0.5) / (cell_mm * px_per_mm) + offset
        for n, offset in zip((height, width), offsets, strict=True)
    )
    shape = int(ys[-1]) + 2, int(xs[-1]) + 2
    grid = rng.normals(shape[0] * shape[1]).reshape(shape)

    def mixed(values: NDArray[np.float64], place: float) -> NDArray[np.float64]:
        k, s = int(place), place % 1
        both: NDArray[np.float64] = (1 - s) * values[k] + s * values[k + 1]
        return both / np.sqrt((1 - s) ** 2 + s**2)

    wanted = [[mixed(mixed(grid, y), x) for x in xs] for y in ys]
    plane = noise_planes(Rng(4), height, width, px_per_mm, 6)[3 + channel]
    np.testing.assert_allclose(plane, wanted, rtol=1e-4, atol=1e-5)


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
    with pytest.raises(
        ValueError, match="noise_planes: px_per_mm must be finite and at least 0.01, got 0.0"
    ):
        noise_planes(Rng(1), 4, 4, 0.0, 1)
    with pytest.raises(ValueError, match="native_size: px_per_mm must be finite"):
        native_size(4, 4, float("nan"))
    with pytest.raises(ValueError, match="height and width must be at least 1"):
        noise_planes(Rng(1), 0, 4, 5.0, 1)
