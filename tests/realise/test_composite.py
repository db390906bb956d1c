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


def boxed_feather(mask: np.ndarray, support: np.ndarray, inner: int, ramp: int) -> np.ndarray:
    """The same by running sums over the padded plane, for planes of any size."""

    def box_sum(plane: np.ndarray, radius: int) -> np.ndarray:
        side = 2 * radius + 1
        total = np.zeros((plane.shape[0] + 1, plane.shape[1] + 1), np.int64)
        total[1:, 1:] = plane.cumsum(axis=0).cumsum(axis=1)
        return (
            total[side:, side:]
            - total[:-side, side:]
            - total[side:, :-side]
            + total[:-side, :-side]
        )

    grown = box_sum(np.pad(mask.astype(np.int64), inner + 2 * ramp), inner + ramp) > 0
    weight = box_sum(grown.astype(np.int64), ramp) * 255 // (2 * ramp + 1) ** 2
    return np.where(support, weight, 0).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (37, 1), (33, 70), (130, 64)])
@pytest.mark.parametrize("dpi", [50, 200, 250, 300, 600, 2400])
def test_the_feather_at_any_size_and_scale(shape: tuple[int, int], dpi: int) -> None:
    """Few and many inked pixels, at the edges too, against running sums in NumPy."""
    rng = np.random.default_rng(dpi)
    px_per_mm = dpi / 25.4
    radius = max(1, round(0.15 * px_per_mm))
    for share in (0.001, 0.02, 0.6):
        mask = rng.random(shape) < share
        mask[0, -1] |= share > 0.5
        support = rng.random(shape) < 0.8
        wanted = boxed_feather(mask, support, radius, radius)
        assert np.array_equal(feather(mask, support, px_per_mm), wanted)


def test_a_view_is_taken_as_it_looks() -> None:
    """Planes of a larger page are no contiguous arrays."""
    mask = disc(80, 90)[10:70, 5:75]
    assert np.array_equal(
        feather(mask, np.ones((60, 70), bool), PX_PER_MM),
        feather(mask.copy(), np.ones((60, 70), bool), PX_PER_MM),
    )


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


def scaled(forged: np.ndarray, synthetic: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """The ink's effect scaled as `paste` says, in float64."""
    page, other = synthetic.astype(np.float64), clean.astype(np.float64)
    ink = page - other
    asked = ((forged - page) * ink).sum(-1, keepdims=True)
    share = np.clip(asked / ((ink**2).sum(-1, keepdims=True) + 256.0), -1.0, 1.0)
    return np.clip(page + share * ink, 0.0, np.maximum(page, other))


def noise_images(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (3, 60, 70, 3), dtype=np.uint8)


def test_outside_the_support_the_page_is_untouched() -> None:
    """Bit for bit, against noise: the property that makes the clean pair exact."""
    mask = disc()
    support = np.zeros_like(mask)
    support[20:40, :25] = True
    forged, synthetic, clean = (
        image[: mask.shape[0], : mask.shape[1]] for image in noise_images(1)
    )
    weight = feather(mask & support, support, PX_PER_MM)
    pasted = paste(*(np.ascontiguousarray(p) for p in (forged, synthetic, weight, clean)))
    assert np.array_equal(pasted[~support], synthetic[~support])
    assert (pasted[weight > 0] != synthetic[weight > 0]).any()


def test_the_paste_rounds_the_exact_mixture() -> None:
    """Against float64 on noise with every weight."""
    forged, synthetic, clean = noise_images(2)
    weight = (np.arange(60 * 70) % 256).astype(np.uint8).reshape(60, 70)
    share = weight[..., None] / 255.0
    exact = scaled(forged, synthetic, clean) * share + synthetic * (1.0 - share)
    assert np.abs(paste(forged, synthetic, weight, clean) - exact).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(("asked", "wanted"), [(183, 183), (185, 185)])
def test_halves_are_rounded_away_from_the_page(asked: int, wanted: int) -> None:
    """Ink of 16 levels in red, asked for 1 more or less: along 16, power 256 + 16^2, a half."""
    clean = np.full((1, 1, 3), 200, np.uint8)
    synthetic, forged = clean.copy(), clean.copy()
    synthetic[..., 0], forged[..., 0] = 184, asked
    pasted = paste(forged, synthetic, np.full((1, 1), 255, np.uint8), clean)
    assert pasted[0, 0].tolist() == [wanted, 200, 200]


def test_the_identity_changes_nothing() -> None:
    _, synthetic, clean = noise_images(3)
    for value in (0, 1, 128, 255):
        weight = np.full((60, 70), value, np.uint8)
        assert np.array_equal(paste(synthetic, synthetic, weight, clean), synthetic)


def test_ink_keeps_its_hue_and_paper_stays_paper() -> None:
    """Red ink asked to be blue, white or black is red, of another strength; bare paper is paper."""
    clean = np.full((1, 4, 3), (240, 238, 230), np.uint8)
    synthetic = clean.copy()
    synthetic[0, 1:] = (220, 138, 130)
    forged = np.array([[(90, 90, 90), (110, 118, 220), (255, 255, 255), (0, 0, 0)]], np.uint8)
    pasted = paste(forged, synthetic, np.full((1, 4), 255, np.uint8), clean).astype(int)
    assert pasted[0, 0].tolist() == [240, 238, 230]
    effect, before = (x[0, 1:].astype(int) - clean[0, 1:] for x in (pasted, synthetic))
    lengths = np.linalg.norm(effect, axis=1), np.linalg.norm(before, axis=1)
    apart = effect - before * (lengths[0] / lengths[1])[:, None]
    assert np.abs(apart).max() <= 1.0
    strength = lengths[0] / lengths[1]
    assert strength[1] < 0.05
    assert 1.5 < strength[2] <= 2.01


def test_refusals() -> None:
    """Each message names argument, rule and remedy."""
    plane, image = np.ones((4, 5), bool), np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(TypeError, match="feather: mask must be bool, got uint8"):
        feather(plane.astype(np.uint8), plane, 8.0)
    with pytest.raises(ValueError, match="mask and support must be .* of one size"):
        feather(plane, plane[:3], 8.0)
    with pytest.raises(
        ValueError, match="px_per_mm must be above 0 and at most 800, got 0.0; it is dpi"
    ):
        feather(plane, plane, 0.0)
    with pytest.raises(ValueError, match="at most 800, got 1000.0"):
        feather(plane, plane, 1000.0)
    with pytest.raises(ValueError, match="at most 800, got 1e\\+300"):
        feather_reach_px(1e300)
    with pytest.raises(TypeError, match="paste: forged must be uint8, got float64"):
        paste(image.astype(np.float64), image, plane.astype(np.uint8), image)
    with pytest.raises(ValueError, match="forged, synthetic and clean must be"):
        paste(image, image[:3], plane.astype(np.uint8), image)
