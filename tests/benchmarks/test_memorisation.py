"""Copies are found at any angle and place; other seals are not taken for copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("torch")

from benchmarks.memorisation import BAR, nearest
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.data.real import RealCrops


def drawn(size: int, seed: int, count: int) -> list[NDArray[np.uint8]]:
    stream = DrawnStream(size, seed=seed, px_per_mm=(5.9, 6.1), seal_free=0.0)
    return [stream[2 * k]["synthetic"].transpose(1, 2, 0) for k in range(count)]


def test_copies_are_found_and_others_are_not(tmp_path: Path) -> None:
    """Copies are windows as training cuts them: scaled, turned, re-lit, mirrored at the rims."""
    for number, image in enumerate(drawn(256, 1, 8)):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    windows = RealCrops(tmp_path, 192, seed=4, split="all", px_per_mm=6.0)
    images = [windows.whole(number) for number in range(2)]
    chosen = [index for index in range(80) if windows.image_number(index) < 2][:6]
    copies = [np.ascontiguousarray(windows[k]["image"].transpose(1, 2, 0)) for k in chosen]
    scores = nearest([*drawn(192, 2, 3), *copies], images)
    assert (scores[3:] >= BAR).all()
    assert (scores[:3] < 0.75).all()
    assert (scores <= 1.0 + 1e-4).all()


def test_a_sample_larger_than_the_image(tmp_path: Path) -> None:
    """A whole image on paper, off the middle."""
    (image,) = drawn(160, 1, 1)
    paper = np.full((192, 192, 3), np.median(image, axis=(0, 1)).astype(np.uint8))
    paper[28:188, 20:180] = image
    assert nearest([paper], [image])[0] >= BAR
