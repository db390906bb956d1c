"""Copies are found at any angle and place; other seals are not taken for copies."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("torch")

from benchmarks.memorisation import BAR, nearest
from seal2real.training.data.drawn import DrawnStream


def drawn(size: int, seed: int, count: int) -> list[NDArray[np.uint8]]:
    stream = DrawnStream(size, seed=seed, px_per_mm=(5.9, 6.1), seal_free=0.0)
    return [stream[2 * k]["synthetic"].transpose(1, 2, 0) for k in range(count)]


def test_copies_are_found_and_others_are_not() -> None:
    """Of three samples one is a part of an image, turned by 135 degrees and darkened."""
    images = drawn(320, 1, 3)
    copy = (
        Image.fromarray(images[1]).rotate(135, Image.Resampling.BILINEAR).crop((80, 80, 240, 240))
    )
    dark = (np.asarray(copy) * 0.8).astype(np.uint8)
    scores = nearest([*drawn(160, 2, 2), dark], images)
    assert scores[2] >= BAR
    assert (scores[:2] < 0.75).all()
    assert (scores >= -1).all() and (scores <= 1.0 + 1e-4).all()
