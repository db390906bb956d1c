"""The arithmetic of benchmarks/base_quality.py, on coders whose quality is known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from benchmarks.base_quality import Errors, ocr_loss, photographs, psnr_rows  # noqa: E402


def test_psnr_of_a_known_error() -> None:
    """Eight levels of 255 everywhere are 20 log10(255 / 8) dB; a second, perfect image halves it."""
    image = torch.full((1, 3, 16, 16), 128 / 127.5 - 1)  # a level of a file
    errors = Errors()
    errors.add(image + 16 / 255, image)
    wanted = 20 * math.log10(255 / 8)
    assert errors.row()["psnr"] == pytest.approx(wanted, abs=0.1)
    errors.add(image, image)
    assert errors.row()["psnr"] == pytest.approx(wanted + 10 * math.log10(2), abs=0.1)


def test_rows_name_images_and_coders() -> None:
    images = [np.full((16, 16, 3), 100, np.uint8)] * 2
    rows = psnr_rows({"same": lambda x: x, "grey": torch.zeros_like}, {"flat": iter(images)})
    assert [(row["images"], row["coder"], row["count"]) for row in rows] == [
        ("flat", "same", 2),
        ("flat", "grey", 2),
    ]
    assert rows[0]["psnr"] > 60 > rows[1]["psnr"]


def test_photographs_lose_their_rim(tmp_path: Path) -> None:
    pixels = np.full((100, 90, 3), 200, np.uint8)
    pixels[:6], pixels[-6:], pixels[:, :6], pixels[:, -6:] = 0, 0, 0, 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (native,) = photographs((tmp_path / "a.png",), enlarged=False)
    assert native.shape == (88, 72, 3)
    assert (native == 200).all()
    (enlarged,) = photographs((tmp_path / "a.png",), enlarged=True)
    assert enlarged.shape == (256, 256, 3)


def test_ocr_counts_what_coding_loses() -> None:
    """A reader that sees black ink reads everything before, nothing after a coder that whitens."""

    def whiten(image: torch.Tensor) -> torch.Tensor:
        return torch.ones_like(image)

    def reader(strip: np.ndarray) -> str:
        return "公" if strip[6:-6, 12:-12].min() < 128 else ""

    (same, *parts), (blank, *_) = ocr_loss(lambda x: x, 4, reader), ocr_loss(whiten, 4, reader)
    assert sum(part["characters"] for part in parts) == same["characters"]
    assert same["loss_points"] == 0.0
    assert same["interval"] == [0.0, 0.0]
    low, high = blank["interval"]
    assert low < blank["loss_points"] < high
    assert same["characters"] == blank["characters"] > 20
    assert blank["before"] == same["before"]
    assert blank["after"] == 0.0
    assert blank["loss_points"] == pytest.approx(same["before"], abs=0.01)
