"""Capture: each effect, windows, the support guarantee, instruction sets."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from seal2real import _C
from seal2real.rng import Rng
from seal2real.sealdb.record import MCU_PX
from seal2real.synthesis.capture import (
    CAPTURE_KINDS,
    CaptureParams,
    apply_capture,
    capture_pair,
    jpeg_round_trip,
    sample_capture,
)
from tests.support.impressions import printed_page, ring_and_bars

FULL = CaptureParams(
    kind="phone",
    light_amount=0.3,
    light_scale_px=100.0,
    light_slope_x=0.2,
    gain=(1.03, 1.0, 0.95),
    blur_sigma_px=0.9,
    sharpen=0.7,
    chroma_blur_sigma_px=1.3,
    black=20.0,
    white=220.0,
    bend=0.1,
    contrast=0.2,
    noise_sigma=3.0,
    chroma_sigma=1.5,
    texture_sigma=2.0,
    band_amount=0.03,
    streak_amount=0.02,
    dust_density=0.001,
    seed=987654321987654321,
)


def sealed_pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return clean, sealed and ink mask with a seal in the middle that fades out."""
    clean = printed_page(height, width)
    radius = min(height, width) * 0.2
    coverage = ring_and_bars(height, width, radius, (width * 0.55, height * 0.5))
    density = (coverage // 2).astype(np.uint8)
    sealed = _C.blend(clean, density, (0.86, 0.17, 0.16))
    return clean, sealed, density >= 15


def slow_pair(clean: np.ndarray, sealed: np.ndarray, params: CaptureParams) -> np.ndarray:
    """Capture the whole sealed page, as the definition says."""
    return apply_capture(sealed, params)


def test_none_changes_nothing() -> None:
    """The neutral capture is the identity, also through the pipeline itself (to rounding)."""
    page = printed_page(50, 70)
    assert np.array_equal(apply_capture(page, CaptureParams()), page)
    through = apply_capture(page, CaptureParams(kind="scanner")).astype(int)
    assert np.abs(through - page).max() <= 1


@pytest.mark.parametrize("kind", CAPTURE_KINDS)
@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
@pytest.mark.parametrize("size", [(160, 192), (161, 203), (130, 257)])
def test_outside_the_support_nothing_differs(
    kind: str, subsampling: str, size: tuple[int, int]
) -> None:
    """Clean and sealed are equal arrays there, and the fast path equals whole captures."""
    clean, sealed, mask = sealed_pair(*size)
    sampled = sample_capture(Rng(11, kind, subsampling), kind)
    quality = None if kind == "fax" else 70
    params = replace(sampled, jpeg_quality=quality, jpeg_subsampling=subsampling)
    one, two, support = capture_pair(clean, sealed, mask, params)
    assert support.shape == clean.shape[:2]
    assert support.dtype == bool
    assert np.array_equal(one[~support], two[~support])
    assert np.array_equal(one, apply_capture(clean, params))
    assert np.array_equal(two, slow_pair(clean, sealed, params))
    assert (~support).sum() > 0
    assert not np.array_equal(one, two)


def test_support_without_jpeg_is_the_ink_grown_by_the_blur() -> None:
    """One inked pixel grows to a square of the capture's radius; with JPEG to 3 x 3 cells."""
    clean = printed_page(96, 112)
    sealed = clean.copy()
    sealed[40, 50] = 0
    params = CaptureParams(kind="phone", blur_sigma_px=0.9)
    radius = _C.capture_radius(params)
    mask = np.zeros((96, 112), np.uint8)
    support = capture_pair(clean, sealed, mask, params)[2]
    expected = np.zeros((96, 112), bool)
    expected[40 - radius : 41 + radius, 50 - radius : 51 + radius] = True
    assert np.array_equal(support, expected)
    jpeg = capture_pair(clean, sealed, mask, replace(params, jpeg_quality=80))[2]
    # Columns 47..53 touch two cells.
    expected[16:64, 16:80] = True
    assert np.array_equal(jpeg, expected)


def test_faint_ink_outside_the_mask_still_counts() -> None:
    """Pixels that differ are in the support, whatever mask the caller passes."""
    clean, sealed, _ = sealed_pair(160, 192)
    one, two, support = capture_pair(clean, sealed, np.zeros((160, 192), bool), FULL)
    assert np.array_equal(one[~support], two[~support])


def test_equal_pages_have_no_support() -> None:
    """Without a seal nothing differs anywhere."""
    clean = printed_page(64, 80)
    one, two, support = capture_pair(clean, clean, np.zeros((64, 80), bool), FULL)
    assert not support.any()
    assert np.array_equal(one, two)


@pytest.mark.parametrize("kind", ["scanner", "photocopier", "fax", "phone"])
def test_windows_agree(kind: str) -> None:
    """A window of the result is the result of the window, away from its rim."""
    page = printed_page(200, 240)
    params = replace(sample_capture(Rng(3, kind), kind), jpeg_quality=None)
    radius = _C.capture_radius(params)
    whole = apply_capture(page, params)
    window = apply_capture(np.ascontiguousarray(page[48:160, 64:209]), params, (64, 48))
    inner = slice(radius, 112 - radius), slice(radius, 145 - radius)
    assert np.array_equal(window[inner], whole[48:160, 64:209][inner])


def test_instruction_sets_agree() -> None:
    """The same bytes from every compiled path for every kind and odd sizes."""
    before = _C.isa()
    page = printed_page(77, 141)
    results = []
    try:
        for isa in _C.isas():
            _C.set_isa(isa)
            params = [FULL, *(sample_capture(Rng(8, kind), kind) for kind in CAPTURE_KINDS)]
            results.append([apply_capture(page, p).tobytes() for p in params])
    finally:
        _C.set_isa(before)
    assert all(result == results[0] for result in results)


def flat(level: int, size: int = 256) -> np.ndarray:
    """Return a grey picture."""
    return np.full((size, size, 3), level, np.uint8)


def test_noise_has_the_sigma_asked_for() -> None:
    """Deviation of grey after noise, against sqrt(sum of squares) of the three parts."""
    params = CaptureParams(kind="phone", noise_sigma=4.0, chroma_sigma=3.0, texture_sigma=5.0)
    out = apply_capture(flat(128), params).astype(float)
    assert out[..., 1].std() == pytest.approx((16 + 9 + 25) ** 0.5, rel=0.08)
    assert (out[..., 0] - out[..., 1]).std() == pytest.approx((2 * 9) ** 0.5, rel=0.08)
    assert out.mean() == pytest.approx(128, abs=0.7)


def test_blur_has_the_sigma_asked_for() -> None:
    """Second moment of a blurred point is sigma squared; the sum is kept."""
    for sigma in (0.5, 1.0, 1.7, 3.0):
        image = flat(0, 65)
        image[28:37, 28:37] = 255
        params = CaptureParams(kind="phone", blur_sigma_px=sigma)
        row = apply_capture(image, params)[32, :, 1].astype(float)
        x = np.arange(65) - 32
        variance = (row * x * x).sum() / row.sum()
        assert variance - (81 - 1) / 12 == pytest.approx(sigma * sigma, rel=0.12, abs=0.05)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5])
def test_chroma_blur_softens_colour_alone(sigma: float) -> None:
    """Differences of channels spread by sigma; (r + 2 g + b) / 4 stays where it was."""
    image = flat(0, 65)
    image[:] = (120, 120, 120)
    image[28:37, 28:37] = (180, 100, 80)
    plain = CaptureParams(kind="phone")
    before = apply_capture(image, plain).astype(int)
    after = apply_capture(image, replace(plain, chroma_blur_sigma_px=sigma)).astype(int)
    luma = (before - after) @ [1, 2, 1]
    assert np.abs(luma).max() <= 4
    row = (after[32, :, 0] - after[32, :, 2]).astype(float)
    x = np.arange(65) - 32
    variance = (row * x * x).sum() / row.sum()
    assert variance - (81 - 1) / 12 == pytest.approx(sigma * sigma, rel=0.15, abs=0.1)


def test_chroma_blur_of_grey_copies_changes_nothing() -> None:
    grey = CaptureParams(kind="photocopier", grey=True, blur_sigma_px=0.7)
    soft = replace(grey, chroma_blur_sigma_px=3.0)
    page = printed_page(64, 80)
    assert np.array_equal(apply_capture(page, grey), apply_capture(page, soft))
    assert _C.capture_radius(grey) == _C.capture_radius(soft)


@pytest.mark.parametrize("kind", ["scanner", "phone"])
def test_outside_the_support_soft_colour_does_not_differ(kind: str) -> None:
    """The support reaches as far as colour is blurred."""
    clean, sealed, mask = sealed_pair(161, 203)
    for quality in (None, 70):
        sampled = replace(sample_capture(Rng(11, kind), kind), chroma_blur_sigma_px=3.0)
        params = replace(sampled, grey=False, jpeg_quality=quality)
        one, two, support = capture_pair(clean, sealed, mask, params)
        assert np.array_equal(one[~support], two[~support])
        assert np.array_equal(two, slow_pair(clean, sealed, params))
        assert (~support).any()


def test_tone_light_and_gain() -> None:
    """Black and white map as asked; gains and light scale the page."""
    ends = CaptureParams(kind="scanner", black=30.0, white=210.0)
    assert np.abs(apply_capture(flat(0, 16), ends).astype(int) - 30).max() <= 1
    assert np.abs(apply_capture(flat(255, 16), ends).astype(int) - 210).max() <= 1
    cast = apply_capture(flat(200, 16), CaptureParams(kind="phone", gain=(1.0, 0.8, 0.5)))
    assert np.abs(cast[0, 0].astype(int) - [200, 160, 100]).max() <= 1
    lamp = CaptureParams(kind="phone", light_amount=0.3, light_scale_px=90.0)
    lit = [apply_capture(flat(120), replace(lamp, seed=k)).astype(float) for k in range(8)]
    # Two octaves of 0.8 and 0.2 of 0.3 * 120 over few lattice points: 10.1 measured over 40 seeds.
    assert 8 < np.mean([image.std() for image in lit]) < 13
    assert max(np.abs(np.diff(image[..., 0], axis=0)).max() for image in lit) <= 3


def test_fax_is_two_levels_and_grey() -> None:
    """A fax knows black and white only, and repeats lines where asked to."""
    params = replace(sample_capture(Rng(1), "fax"), line_px=2, dust_density=0.0)
    out = apply_capture(printed_page(64, 80), replace(params, threshold_softness=0.5))
    assert set(np.unique(out)) == {0, 255}
    assert np.array_equal(out[..., 0], out[..., 2])


def test_grey_loses_colour_by_luma() -> None:
    """Grey is 0.30 R + 0.59 G + 0.11 B (BT.601) in all three channels."""
    image = flat(0, 16)
    image[..., 0] = 200
    out = apply_capture(image, CaptureParams(kind="photocopier", grey=True))
    assert np.abs(out.astype(int) - 60).max() <= 1


def test_jpeg_strength() -> None:
    """Lower quality is further from the original; 4:4:4 keeps colour edges better than 4:2:0."""
    _, sealed, _ = sealed_pair(160, 192)
    error = [
        np.abs(jpeg_round_trip(sealed, q, s).astype(float) - sealed).mean()
        for q, s in ((95, "444"), (95, "420"), (50, "420"))
    ]
    assert error[0] < error[1] < error[2]


def test_record_round_trip_and_sampling() -> None:
    """JSON gives back equal parameters; equal streams give equal captures."""
    for kind in CAPTURE_KINDS:
        params = sample_capture(Rng(2, kind), kind)
        assert params.kind == kind
        assert CaptureParams.from_dict(json.loads(json.dumps(params.to_dict()))) == params
        assert set(params.to_dict()) == {field.name for field in fields(CaptureParams)}
        assert params == sample_capture(Rng(2, kind), kind)
    drawn = {sample_capture(Rng(5, k)).kind for k in range(120)}
    assert drawn == set(CAPTURE_KINDS)


def test_refusals() -> None:
    """Each wrong argument is named with its rule."""
    with pytest.raises(ValueError, match="kind must be one of none, scanner"):
        sample_capture(Rng(1), "camera")
    with pytest.raises(ValueError, match=r"jpeg_quality must be in \[1, 100\], got 0"):
        CaptureParams(jpeg_quality=0)
    with pytest.raises(ValueError, match="jpeg_subsampling must be one of 444, 422, 420"):
        CaptureParams(jpeg_subsampling="411")
    with pytest.raises(ValueError, match="gain must be three factors"):
        CaptureParams(gain=(1.0, 1.0, 3.0))
    with pytest.raises(ValueError, match="record must hold known fields, got 'lens'"):
        CaptureParams.from_dict({"lens": 1})
    with pytest.raises(ValueError, match="origin_px must be non-negative multiples of 16"):
        apply_capture(printed_page(32, 32), CaptureParams(jpeg_quality=80), (MCU_PX + 1, 0))
    with pytest.raises(ValueError, match="support: clean must have the other array's H and W"):
        capture_pair(flat(0, 8), flat(0, 9), np.zeros((8, 8), bool), FULL)
    with pytest.raises(ValueError, match=r"capture: image must have shape \[H, W, 3\]"):
        _C.capture(np.zeros((8, 8), np.uint8), FULL, (0, 0))


def test_tiny_and_empty_images() -> None:
    """Sizes down to nothing are captured without touching other memory."""
    for height, width in ((0, 0), (0, 5), (1, 1), (1, 40), (40, 1), (3, 7)):
        image = np.full((height, width, 3), 200, np.uint8)
        assert _C.capture(image, FULL, (0, 0)).shape == image.shape


@pytest.mark.parametrize("kind", CAPTURE_KINDS)
def test_small_windows_of_coarse_pages_have_a_capture(kind: str) -> None:
    """Light and shade of a few inches at 5 dpi are narrower than the narrowest that is drawn."""
    image = np.full((64, 64, 3), 240, np.uint8)
    for index in range(8):
        params = sample_capture(Rng(index), kind, dpi=5.0)
        clean, sealed, _ = capture_pair(image, image, np.zeros((64, 64), bool), params)
        np.testing.assert_array_equal(clean, sealed)
