"""JPEG is found in pixels: quality and subsampling that went in, and nothing where nothing did."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from seal2real.pages import ProceduralPages
from seal2real.rng import Rng
from seal2real.synthesis.capture import CaptureParams, apply_capture, jpeg_round_trip
from seal2real.synthesis.compression import find_jpeg
from seal2real.synthesis.ink import apply_ink, blend_ink, sample_ink
from tests.support.impressions import ring_and_bars

SIZE = 320
PHONE = CaptureParams(
    kind="phone", blur_sigma_px=0.8, white=220.0, noise_sigma=2.0, chroma_sigma=0.5, seed=5
)


def photograph(colour: str | None = "red", capture: CaptureParams = PHONE) -> np.ndarray:
    """Return print, with a seal in the middle where there is a colour."""
    page = ProceduralPages(160.0, seed=7, languages=("zh",), kinds=("contract",)).page(3)
    x, y = (page.width - SIZE) // 2, (page.height - SIZE) // 2
    shown = page.window(x, y, x + SIZE, y + SIZE)
    if colour is not None:
        ink = replace(sample_ink(Rng(2), colour=colour), contact=1.0, fade=0.0)
        coverage = ring_and_bars(SIZE, SIZE, 130.0, (160.0, 160.0))
        density = apply_ink(
            coverage, ink, px_per_mm=6.0, center_px=(160.0, 160.0), half_size_px=(130.0, 130.0)
        )
        shown = blend_ink(shown, density, ink)
    return apply_capture(shown, capture)


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
@pytest.mark.parametrize("quality", [30, 50, 75, 85, 90])
@pytest.mark.parametrize("colour", ["red", "blue"])
def test_settings_are_found_wherever_blocks_start(
    colour: str, quality: int, subsampling: str
) -> None:
    """What is left of a compressed photograph after it was cut, to the rounding of tables."""
    shown = jpeg_round_trip(photograph(colour), quality, subsampling)[5:, 11:]
    found, how = find_jpeg(shown)
    assert abs(found - quality) <= 2
    assert how == subsampling


@pytest.mark.parametrize("quality", [60, 80])
def test_another_encoder_is_found_as_well(quality: int) -> None:
    """Pillow's files, read back."""
    stream = io.BytesIO()
    Image.fromarray(photograph()).save(stream, "jpeg", quality=quality)
    found, how = find_jpeg(np.asarray(Image.open(stream)))
    assert abs(found - quality) <= 1
    assert how == "420"


@pytest.mark.parametrize("colour", [None, "red"])
@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0])
def test_pixels_that_were_never_compressed_have_no_quality(
    colour: str | None, noise: float
) -> None:
    assert find_jpeg(photograph(colour, replace(PHONE, noise_sigma=noise))) == (0, None)


@pytest.mark.parametrize("side", [160, 250, 400])
def test_resizing_wipes_it_out(side: int) -> None:
    """Steps are gone: what a drawn page would need is no JPEG at this size."""
    small = Image.fromarray(jpeg_round_trip(photograph(), 75, "420")).resize((side, side))
    assert find_jpeg(np.asarray(small)) == (0, None)


def test_slight_compression_does_not_count() -> None:
    """Steps of one or two levels are lost in the rounding of pixels."""
    assert find_jpeg(jpeg_round_trip(photograph(), 98, "444")) == (0, None)


@pytest.mark.parametrize("subsampling", ["444", "420"])
@pytest.mark.parametrize("quality", [50, 75, 85])
def test_images_without_colour_leave_subsampling_open(quality: int, subsampling: str) -> None:
    found, how = find_jpeg(jpeg_round_trip(photograph(None), quality, subsampling))
    assert abs(found - quality) <= 2
    assert how is None


@pytest.mark.parametrize("shape", [(31, 400), (400, 31), (1, 1), (64, 64)])
def test_small_and_empty_images_say_nothing(shape: tuple[int, int]) -> None:
    assert find_jpeg(np.full((*shape, 3), 200, np.uint8)) == (0, None)
