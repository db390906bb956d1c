"""Windows of real images: what is cut, what counts as valid, and what is refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from seal2real.rng import Rng
from seal2real.training.data.real import (
    MOST_ENLARGED,
    RealCrops,
    _cut,
    _sample_view,
    _View,
)
from seal2real.training.data.real_files import BORDER_PX, list_real, read_real, split_images


def paint(path: Path, size: tuple[int, int] = (200, 180), seed: int = 0) -> np.ndarray:
    """Write a picture of smooth random colours and return it, [H, W, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return np.asarray(image)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pictures in a plain folder."""
    for number in range(10):
        paint(tmp_path / f"p{number}.png", seed=number)
    return tmp_path


def test_a_plain_window_is_the_middle_of_the_trimmed_picture(tmp_path: Path) -> None:
    """Expected pixels are sliced from the file by hand."""
    pictures = [paint(tmp_path / f"p{n}.png", seed=n) for n in range(10)]
    crops = RealCrops(tmp_path, 96, split="all", augment=False)
    item = crops[3]
    inner = pictures[3][BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    top, left = (inner.shape[0] - 96) // 2, (inner.shape[1] - 96) // 2
    expected = inner[top : top + 96, left : left + 96].transpose(2, 0, 1)
    np.testing.assert_array_equal(item["image"], expected)
    assert item["image"].dtype == np.uint8
    assert item["valid"].all()
    # a 40 mm seal is taken to fill the trimmed picture
    assert item["px_per_mm"] == pytest.approx((200 - 2 * BORDER_PX) / 40.0)


def test_windows_are_functions_of_seed_and_index(folder: Path) -> None:
    """Another object, another order and a pickled copy give the same bytes; another seed not."""
    first = RealCrops(folder, 128, seed=4)
    items = [first[i] for i in range(12)]
    again = pickle.loads(pickle.dumps(RealCrops(folder, 128, seed=4)))
    for i in reversed(range(12)):
        np.testing.assert_array_equal(again[i]["image"], items[i]["image"])
        np.testing.assert_array_equal(again[i]["valid"], items[i]["valid"])
        assert again[i]["px_per_mm"] == items[i]["px_per_mm"]
    assert any(
        (RealCrops(folder, 128, seed=5)[i]["image"] != items[i]["image"]).any() for i in range(3)
    )


def test_a_round_sees_every_image_once(folder: Path) -> None:
    crops = RealCrops(folder, 128, split="all")
    rounds = [[crops.image_number(10 * turn + i) for i in range(10)] for turn in range(3)]
    assert all(sorted(seen) == list(range(10)) for seen in rounds)
    assert rounds[0] != rounds[1]


def test_what_lies_outside_the_picture_is_not_valid(folder: Path) -> None:
    """188 x 168 px of picture in a window of 256: the valid share is known."""
    item = RealCrops(folder, 256, split="all", augment=False)[0]
    assert item["valid"].sum() == 188 * 168
    rows = np.flatnonzero(item["valid"].any(axis=1))
    assert (rows[0], rows[-1]) == (44, 211)


def test_ignored_pixels_are_not_valid_and_painted_over(folder: Path) -> None:
    """A red box and its mask: the box is gone from the image, and valid is False there."""
    pixels = np.full((180, 200, 3), 210, np.uint8)
    pixels[60:100, 50:54] = (255, 0, 0)
    Image.fromarray(pixels).save(folder / "p0.png")
    mask = np.zeros((180, 200), np.uint8)
    mask[60:100, 50:54] = 255
    Image.fromarray(mask).save(folder / "p0.ignore.png")
    crops = RealCrops(folder, 160, split="all", augment=False)
    assert len(crops) == 10  # the mask is not an image of its own
    item = crops[0]
    np.testing.assert_array_equal(item["image"], np.full((3, 160, 160), 210, np.uint8))
    left, top = 50 - (BORDER_PX + 14), 60 - (BORDER_PX + 4)
    assert not item["valid"][top : top + 40, left : left + 4].any()
    assert item["valid"].sum() == 160 * 160 - (40 + 6) * (4 + 6)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 200.0, -75.0])
@pytest.mark.parametrize("scale", [1.0, 1.2])
def test_a_point_goes_where_the_view_says(angle: float, scale: float) -> None:
    """A dot right of the middle turns clockwise and moves away by the scale."""
    pixels = np.zeros((201, 201, 3), np.uint8)
    pixels[98:103, 138:143] = 255  # centre (140.5, 100.5), 40 px right of the middle
    window, valid = _cut(pixels, np.ones((201, 201), bool), _View(scale, angle, (0.5, 0.5)), 120)
    y, x = np.nonzero(window[..., 0] > 100)
    radians = np.radians(angle)
    expected = 60 + 40 * scale * np.array([np.cos(radians), np.sin(radians)])
    np.testing.assert_allclose([x.mean() + 0.5, y.mean() + 0.5], expected, atol=0.8)
    assert valid.all()


def test_no_window_is_enlarged_beyond_the_limit() -> None:
    scales = [_sample_view(Rng(1, i), small=i % 2 == 0).scale for i in range(500)]
    assert max(scales) <= MOST_ENLARGED
    assert max(scales) > 1.2
    assert min(scales[::2]) >= 1.0
    assert 0.85 <= min(scales[1::2]) < 0.9
    assert scales.count(1.0) > 150


def test_a_window_as_photographed_is_a_part_of_the_picture(folder: Path) -> None:
    """Turned by quarters, nothing else: found again in the picture, pixel by pixel."""
    crops = RealCrops(folder, 64, split="all")
    turns = set()
    for index in range(12):
        item = crops.as_photographed(index)
        assert item["px_per_mm"] == crops._base_scale(crops.image_number(index))
        whole = crops.whole(crops.image_number(index))
        window = item["image"].transpose(1, 2, 0)
        for turn in range(4):
            views = np.lib.stride_tricks.sliding_window_view(
                np.rot90(whole, turn), (64, 64), axis=(0, 1)
            )
            first = (views[..., 0, 0] == window[0, 0]).all(axis=2)
            if any((views[y, x].transpose(1, 2, 0) == window).all() for y, x in np.argwhere(first)):
                turns.add(turn)
                break
        else:
            pytest.fail(f"window {index} is not in its picture")
    assert len(turns) > 1
    scales = crops.scales(12, as_photographed=True)
    assert scales == [crops.as_photographed(index)["px_per_mm"] for index in range(12)]


def test_scales_are_those_of_the_windows(folder: Path) -> None:
    crops = RealCrops(folder, 128, seed=2, px_per_mm=6.0)
    assert crops.scales(6) == [crops[i]["px_per_mm"] for i in range(6)]
    assert all(0.85 * 6 <= scale <= 1.25 * 6 for scale in crops.scales(200))


def test_fine_scans_are_shrunk_to_300_dpi(tmp_path: Path) -> None:
    for number in range(8):
        paint(tmp_path / f"p{number}.png", (412, 412), seed=number)
    item = RealCrops(tmp_path, 200, split="all", px_per_mm=24.0, augment=False)[0]
    assert item["px_per_mm"] == 12.0
    assert item["valid"].all()  # 400 px at half the size fill the window of 200


def test_sources_are_held_out_whole(folder: Path) -> None:
    """Three sources of 4, 4 and 2 images: no source on both sides, and folds cover all."""
    rows = ["file,source"] + [f"p{n}.png,company {n % 3 if n < 8 else n % 2}" for n in range(10)]
    groups = folder / "groups.csv"
    groups.write_text("\n".join(rows))
    images = list_real(folder, groups=groups)
    held = [split_images(images, "held", 3, fold) for fold in range(3)]
    assert sorted(i.path for part in held for i in part) == [i.path for i in images]
    for fold in range(3):
        train = split_images(images, "train", 3, fold)
        assert not {i.source for i in train} & {i.source for i in held[fold]}
        assert len(train) + len(held[fold]) == 10


def write_listing(folder: Path, count: int = 10) -> None:
    """Turn a plain folder into what `seal2real crops` writes."""
    rows = [
        {"file": f"crops/p{n}.png", "source": f"scan{n // 2}.jpg", "px_per_mm": 5.0 + n}
        for n in range(count)
    ]
    for number in range(count):
        paint(folder / f"crops/p{number}.png", seed=number)
    (folder / "crops.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


def test_the_listing_gives_scale_and_source_and_pruned_crops_are_left_out(tmp_path: Path) -> None:
    write_listing(tmp_path)
    (tmp_path / "crops/p3.png").unlink()
    (tmp_path / "exclude.txt").write_text("# not seals\np4.png\ncrops/p5.png\n")
    images = list_real(tmp_path)
    assert [i.path.stem for i in images] == ["p0", "p1", "p2", "p6", "p7", "p8", "p9"]
    assert [i.px_per_mm for i in images] == [5.0, 6.0, 7.0, 11.0, 12.0, 13.0, 14.0]
    assert images[3].source == "scan3.jpg"


def test_files_that_windows_wrote(tmp_path: Path) -> None:
    """A byte order mark hides no name; another encoding and an unknown name are said."""
    write_listing(tmp_path)
    (tmp_path / "exclude.txt").write_text("p4.png\n", encoding="utf-8-sig")
    assert len(list_real(tmp_path)) == 9
    (tmp_path / "exclude.txt").write_text("p4.png\nq4.png\n")
    with pytest.raises(ValueError, match=r"exclude.txt must name files of .*, got 'q4.png' in"):
        list_real(tmp_path)
    (tmp_path / "exclude.txt").unlink()
    groups = tmp_path / "g.csv"
    groups.write_text("file,source\np0.png,甲公司\n", encoding="gbk")
    with pytest.raises(ValueError, match=r"g.csv must be UTF-8, got byte \d+ that is not; save"):
        list_real(tmp_path, groups=groups)


def test_photographs_are_turned_upright(folder: Path) -> None:
    """Orientation 6: the file lies on its side; a mask fits what is seen."""
    turned = Image.open(folder / "p0.png").transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned.save(folder / "q.png", exif=exif)
    Image.new("L", (200, 180)).save(folder / "q.ignore.png")
    (image,) = (item for item in list_real(folder) if item.path.name == "q.png")
    assert image.size == (200, 180)
    with Image.open(folder / "p0.png") as upright:
        np.testing.assert_array_equal(read_real(image.path), np.asarray(upright))


def test_fewer_than_eight_images_are_refused(tmp_path: Path) -> None:
    for number in range(7):
        paint(tmp_path / f"p{number}.png")
    with pytest.raises(ValueError, match="folder must hold at least 8 images, got 7 in .*; add"):
        RealCrops(tmp_path, 128)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "I;16", "P"])
def test_a_wrong_mode_is_refused_by_name(folder: Path, mode: str) -> None:
    name = "bad.tif" if mode == "CMYK" else "bad.png"
    Image.new(mode, (200, 200)).save(folder / name)
    with pytest.raises(ValueError, match=f"{name} must be an 8-bit RGB image, got mode .*; conv"):
        RealCrops(folder, 128)


def test_a_wrong_size_is_refused_by_name(folder: Path) -> None:
    paint(folder / "tiny.png", (75, 200))
    with pytest.raises(ValueError, match=r"tiny.png must be at least 76 px .* got 75 x 200; rem"):
        RealCrops(folder, 128)


def test_a_picture_too_small_for_the_window_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"p0.png must fill half .*got 168 px for windows of 512"):
        RealCrops(folder, 512)


def test_a_damaged_file_is_refused_by_name(folder: Path) -> None:
    (folder / "p0.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match="p0.png must be a complete image"):
        RealCrops(folder, 128)


def test_a_file_cut_short_is_refused_by_name(folder: Path) -> None:
    """A PNG when it is listed; a JPEG, whose header says all that the list needs, when decoded."""
    paint(folder / "o.jpg")
    whole = (folder / "o.jpg").read_bytes()
    (folder / "o.jpg").write_bytes(whole[: len(whole) // 2])
    crops = RealCrops(folder, 128, split="all", augment=False)
    with pytest.raises(ValueError, match=r"o.jpg must be a complete image, got .*; repair or rem"):
        crops[0]
    whole = (folder / "p0.png").read_bytes()
    (folder / "p0.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"p0.png must be a complete image, got .*; repair or rem"):
        RealCrops(folder, 128)


def test_an_image_of_too_many_pixels_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    with pytest.raises(ValueError, match=r"p0.png must be a complete image, got Image size"):
        RealCrops(folder, 128)


def test_a_damaged_mask_is_refused_by_name(folder: Path) -> None:
    (folder / "p0.ignore.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"p0.ignore.png must be a complete image, .*; make it ag"):
        RealCrops(folder, 128)


def test_a_mask_of_another_size_is_refused_by_name(folder: Path) -> None:
    Image.new("L", (10, 10)).save(folder / "p0.ignore.png")
    with pytest.raises(ValueError, match="p0.ignore.png must have the image's size 200 x 180"):
        RealCrops(folder, 128, split="all", augment=False)[0]


def test_bad_arguments_say_what_to_do(folder: Path) -> None:
    with pytest.raises(ValueError, match="size must be a positive multiple of 8, got 100"):
        RealCrops(folder, 100)
    with pytest.raises(ValueError, match="split must be one of train, held, all, got 'val'"):
        RealCrops(folder, 128, split="val")
    with pytest.raises(ValueError, match="folds must be at most the number of sources, got 11"):
        RealCrops(folder, 128, folds=11)
    with pytest.raises(ValueError, match=r"px_per_mm must be in \(0.5, 100.0\), got 0.0"):
        RealCrops(folder, 128, px_per_mm=0.0)
    with pytest.raises(FileNotFoundError, match="folder must exist"):
        RealCrops(folder / "none", 128)
    (folder / "g.csv").write_text("file,source\np0.png,a\n")
    with pytest.raises(ValueError, match="groups must name every image, got none for p1.png"):
        RealCrops(folder, 128, groups=folder / "g.csv")
