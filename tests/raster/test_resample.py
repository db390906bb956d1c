"""Resampling against Pillow, whose BICUBIC the first datasets were drawn with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from seal2real import _C


@pytest.fixture(params=_C.isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every instruction set of this machine in turn."""
    _C.set_isa(request.param)
    yield request.param
    _C.set_isa(_C.isas()[-1])


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pillow's result, rows first: from version 13 on it takes columns first where they shrink
    more than rows, which no window of a sample does.
    """
    for size in ((width, image.shape[0]), (width, height)):
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    return image


@pytest.mark.parametrize(
    ("height", "width", "out_height", "out_width"),
    [
        (430, 430, 256, 256),
        (257, 257, 256, 256),
        (61, 61, 131, 131),
        (1, 1, 5, 3),
        (5, 3, 1, 1),
        (16, 16, 16, 7),
        (33, 50, 20, 50),
        (40, 17, 40, 17),
        (300, 9, 4, 100),
    ],
)
def test_bytes_are_pillows(
    isa: str, height: int, width: int, out_height: int, out_width: int
) -> None:
    """Noise, and black and white, which overshoots at every edge; all ISAs."""
    noise = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    for image in (noise, np.where(noise > 127, np.uint8(255), np.uint8(0))):
        made = _C.resample(image, out_width, out_height)
        assert np.array_equal(made, resized(image, out_width, out_height)), isa


def test_sizes_drawn_at_random(isa: str) -> None:
    """Both enlarged and shrunk, against Pillow."""
    rng = np.random.default_rng(7)
    for _ in range(40):
        height, width, out_height, out_width = (int(v) for v in rng.integers(1, 120, 4))
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        made = _C.resample(image, out_width, out_height)
        assert np.array_equal(made, resized(image, out_width, out_height)), isa


def test_a_view_is_taken_as_it_looks() -> None:
    """A window of a larger page is no contiguous array."""
    page = np.random.default_rng(3).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    view = page[5:45, 7:47]
    assert np.array_equal(_C.resample(view, 20, 20), resized(np.ascontiguousarray(view), 20, 20))


def test_refusals() -> None:
    """Whatever would ask for too much memory, or for nothing."""
    image = np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(ValueError, match="resample: image must have shape"):
        _C.resample(image[..., 0], 2, 2)
    with pytest.raises(ValueError, match="resample: image must not be empty"):
        _C.resample(image[:0], 2, 2)
    for width, height in ((0, 2), (2, -1), (1 << 20, 1 << 20), (1 << 27, 1)):
        with pytest.raises(
            ValueError, match=r"resample: width times .* of 4 rows; ask for a small"
        ):
            _C.resample(image, width, height)
