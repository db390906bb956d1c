"""Which mask belongs to which image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.crops.ignore import IgnoreMasks, without_masks


def put(path: Path, size: tuple[int, int] = (8, 6), value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)
    return path


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a.png", "a.png"),
        ("a.jpg", "a.mask.png"),
        ("a.jpg", "a.ignore.png"),
        ("a.png", "a_mask.png"),
        ("cc_1_tile.png", "cc_1_overlaymask.png"),
    ],
)
def test_masks_are_found_by_name(tmp_path: Path, image: str, mask: str) -> None:
    path = put(tmp_path / "images" / image.replace(".jpg", ".png"))
    made = put(tmp_path / "masks" / mask, value=255)
    masks = IgnoreMasks(tmp_path / "masks")
    assert masks.path(path) == made
    assert masks.read(path, (6, 8)).all()
    assert masks.path(tmp_path / "images" / "other.png") is None
    assert not masks.read(tmp_path / "images" / "other.png", (6, 8)).any()


def test_masks_may_lie_among_the_images(tmp_path: Path) -> None:
    images = [put(tmp_path / f"cc_{n}_tile.png") for n in (1, 2)]
    mask = put(tmp_path / "cc_1_overlaymask.png", value=255)
    files = sorted([*images, mask])
    assert without_masks(files, tmp_path, tmp_path) == images
    assert without_masks(files, tmp_path, None) == files
    masks = IgnoreMasks(tmp_path)
    assert masks.path(images[0]) == mask
    assert masks.path(images[1]) is None


def test_a_folder_of_masks_below_is_not_searched(tmp_path: Path) -> None:
    image, mask = put(tmp_path / "a.png"), put(tmp_path / "masks" / "a.png")
    assert without_masks([image, mask], tmp_path, tmp_path / "masks") == [image]


def test_what_is_wrong_with_a_mask_is_said(tmp_path: Path) -> None:
    image = put(tmp_path / "images" / "a.png")
    mask = put(tmp_path / "masks" / "a.mask.png", (5, 5))
    with pytest.raises(ValueError, match=r"its mask a.mask.png has 5 x 5 pixels, the image 8 x 6"):
        IgnoreMasks(tmp_path / "masks").read(image, (6, 8))
    mask.write_bytes(b"no picture")
    with pytest.raises(ValueError, match="its mask a.mask.png is damaged"):
        IgnoreMasks(tmp_path / "masks").read(image, (6, 8))
    put(tmp_path / "masks" / "a.ignore.png")
    with pytest.raises(ValueError, match="folder must hold one mask an image, got"):
        IgnoreMasks(tmp_path / "masks")


def test_grey_values_from_128_on_are_ignored(tmp_path: Path) -> None:
    mask = put(tmp_path / "masks" / "a.png", (2, 1))
    Image.fromarray(np.array([[127, 128]], np.uint8)).save(mask)
    found = IgnoreMasks(tmp_path / "masks").read(tmp_path / "a.png", (1, 2))
    assert found.tolist() == [[False, True]]
