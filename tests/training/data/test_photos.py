"""Crops of photographs: where they come from, what they never show, and that they repeat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.training.data.photos import PhotoCrops, find_photos


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def photograph(side: int, value: int) -> np.ndarray:
    return np.full((side, side, 3), value)


def test_crops_are_functions_of_seed_and_index(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3))
    save(tmp_path / "a.png", noise)
    crops = PhotoCrops((tmp_path,), 64, seed=3)
    again = PhotoCrops((tmp_path,), 64, seed=3)
    assert crops[5].shape == (3, 64, 64)
    assert crops[5].dtype == np.uint8
    assert np.array_equal(crops[5], again[5])
    assert not np.array_equal(crops[5], crops[6])
    assert not np.array_equal(crops[5], PhotoCrops((tmp_path,), 64, seed=4)[5])


@pytest.mark.parametrize("name", ["a.ignore.png", "a_overlaymask.png"])
def test_ignored_pixels_never_show(tmp_path: Path, name: str) -> None:
    """The right half is pure red and masked: no crop may hold a pixel of it."""
    pixels = photograph(300, 120)
    pixels[:, 150:] = (255, 0, 0)
    save(tmp_path / "a.png", pixels)
    mask = np.zeros((300, 300))
    mask[:, 150:] = 255
    save(tmp_path / name, mask)
    crops = PhotoCrops((tmp_path,), 64)
    assert [path.name for path in crops.files] == ["a.png"]
    for i in range(30):
        red, green = crops[i][0].astype(int), crops[i][1].astype(int)
        assert (red - green).max() < 60  # colour jitter alone


def test_masks_of_tiles_are_found_by_their_own_names(tmp_path: Path) -> None:
    """NAME_tile.png has its mask in NAME_overlaymask.png."""
    save(tmp_path / "cc_1_tile.png", photograph(100, 50))
    save(tmp_path / "cc_1_overlaymask.png", np.full((100, 100), 255))
    crops = PhotoCrops((tmp_path,), 64)
    with pytest.raises(ValueError, match="must have room for crops of 64 px"):
        crops[0]


def test_names_left_out_are_left_out(tmp_path: Path) -> None:
    for name in ("a.png", "b/c_1.jpg", "b/c_2.JPG", "d.txt"):
        save(tmp_path / name, photograph(80, 9)) if name[-3:] != "txt" else (
            tmp_path / name
        ).write_text("")
    found = find_photos((tmp_path,), (), ("c_1*",))
    assert [path.name for path in found] == ["a.png", "c_2.JPG"]
    assert [path.name for path in find_photos((tmp_path,), ("c_*",))] == ["c_1.jpg", "c_2.JPG"]


def test_folders_without_photographs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folders must hold photographs, got none"):
        PhotoCrops((tmp_path,), 64)


def test_photographs_smaller_than_a_crop(tmp_path: Path) -> None:
    save(tmp_path / "a.png", photograph(40, 9))
    with pytest.raises(ValueError, match="use larger photographs"):
        PhotoCrops((tmp_path,), 64)[0]


def test_light_varies_but_stays_plausible(tmp_path: Path) -> None:
    save(tmp_path / "a.png", photograph(200, 128))
    means = [PhotoCrops((tmp_path,), 64)[i].mean() for i in range(40)]
    assert 90 < min(means) < 120
    assert 136 < max(means) < 170
