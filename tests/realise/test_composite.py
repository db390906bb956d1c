"""The feather and the paste: exact where it counts, and equal to a plain transcription."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real.realise.composite import feather, feather_reach_px, paste

PX_PER_MM = 200 / 25.4


def disc(height: int = 60, width: int = 70) -> np.ndarray:
    """A disc of ink off the centre, reaching the left edge."""
    rows, columns = np.indices((height, width))
    return (rows - 30) ** 2 + (columns - 10) ** 2 <= 144


def slow_feather(mask: np.ndarray, support: np.ndarray, inner: int, ramp: int) -> np.ndarray:
    """The definition pixel by pixel: ink within a square, then the share of such in a square."""

    def near(y: int, x: int) -> bool:
        r = inner + ramp
        rows = slice(max(y - r, 0), max(y + r + 1, 0))
        return bool(mask[rows, max(x - r, 0) : max(x + r + 1, 0)].any())

    out = np.zeros(mask.shape, np.uint8)
    for y, x in np.argwhere(support):
        square = [
            near(v, u) for v in range(y - ramp, y + ramp + 1) for u in range(x - ramp, x + ramp + 1)
        ]
        out[y, x] = sum(square) * 255 // len(square)
    return out


def test_the_feather_is_its_definition() -> None:
    """At 200 dpi 0.15 mm are 1 px; values from a slow transcription."""
    mask = disc()
    support = np.ones_like(mask)
    support[:, 40:] = False
    assert np.array_equal(feather(mask, support, PX_PER_MM), slow_feather(mask, support, 1, 1))


@pytest.mark.parametrize("px_per_mm", [2.0, 4.0, PX_PER_MM, 11.8, 23.6])
def test_full_on_ink_zero_beyond_its_reach(px_per_mm: float) -> None:
    """Full weight on ink whatever the scale; nothing farther away than the stated reach."""
    mask = disc()
    weight = feather(mask, np.ones_like(mask), px_per_mm)
    assert (weight[mask] == 255).all()
    columns = np.flatnonzero((weight > 0).any(axis=0))
    # The disc ends at column 22.
    assert columns[-1] == 22 + feather_reach_px(px_per_mm)


def test_without_ink_there_is_nothing_to_paste() -> None:
    """A seal-free page has weight 0 everywhere."""
    empty = np.zeros((8, 9), bool)
    assert not feather(empty, ~empty, 8.0).any()


def test_outside_the_support_the_page_is_untouched() -> None:
    """Bit for bit, against noise: the property that makes the clean pair exact."""
    rng = np.random.default_rng(1)
    mask = disc()
    support = np.zeros_like(mask)
    support[20:40, :25] = True
    synthetic, forged = rng.integers(0, 256, (2, *mask.shape, 3), dtype=np.uint8)
    weight = feather(mask & support, support, PX_PER_MM)
    pasted = paste(forged, synthetic, weight, np.full_like(forged, 255))
    assert np.array_equal(pasted[~support], synthetic[~support])
    assert np.array_equal(pasted[weight == 255], forged[weight == 255])


def test_the_paste_rounds_the_exact_mixture() -> None:
    """Against float64 on every pair of a few values with every weight."""
    values = np.array([0, 1, 2, 127, 128, 254, 255], np.uint8)
    forged, synthetic, weight = np.meshgrid(values, values, np.arange(256, dtype=np.uint8))
    shape = (7 * 7, 256)
    weight = weight.reshape(shape)
    a, b = (np.repeat(v.reshape(shape)[..., None], 3, axis=2) for v in (forged, synthetic))
    share = weight[..., None] / 255.0
    exact = a * share + b * (1.0 - share)
    white = np.full_like(a, 255)
    assert np.abs(paste(a, b, weight, white) - exact).max() <= 0.5 + 1e-9


def test_ink_never_brightens_the_page() -> None:
    """A pixel lighter than clean and synthetic page counts as the lighter of these, by channel."""
    rng = np.random.default_rng(2)
    forged, synthetic, clean = rng.integers(0, 256, (3, 40, 50, 3), dtype=np.uint8)
    weight = np.full((40, 50), 255, np.uint8)
    pasted = paste(forged, synthetic, weight, clean)
    bound = np.where(clean > synthetic, clean, synthetic)
    assert np.array_equal(pasted, np.where(forged > bound, bound, forged))
    assert (forged > bound).any()


def test_refusals() -> None:
    """Each message names argument, rule and remedy."""
    plane, image = np.ones((4, 5), bool), np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(TypeError, match="feather: mask must be bool, got uint8"):
        feather(plane.astype(np.uint8), plane, 8.0)
    with pytest.raises(ValueError, match="mask and support must be .* of one size"):
        feather(plane, plane[:3], 8.0)
    with pytest.raises(ValueError, match="px_per_mm must be finite and above 0, got 0.0"):
        feather(plane, plane, 0.0)
    with pytest.raises(TypeError, match="paste: forged must be uint8, got float64"):
        paste(image.astype(np.float64), image, plane.astype(np.uint8), image)
    with pytest.raises(ValueError, match="forged, synthetic and clean must be"):
        paste(image, image[:3], plane.astype(np.uint8), image)
