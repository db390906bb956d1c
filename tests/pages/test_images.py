"""Image pages: every mode a scanner writes, resolution, rotation, and files to refuse."""

from __future__ import annotations

import io
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from seal2real.pages import ImageFolderPages, NoUsablePages, open_pages
from seal2real.pages.images import open_rgba

SIZE = (210, 297)
SCAN = {"dpi": (150, 150)}


def ramp() -> Image.Image:
    """Red grows to the right, green downwards; the top-left corner is marked blue."""
    x = np.linspace(0, 255, SIZE[0])[None].repeat(SIZE[1], axis=0)
    y = np.linspace(0, 255, SIZE[1])[:, None].repeat(SIZE[0], axis=1)
    array = np.stack([x, y, np.zeros_like(x)], axis=2).astype(np.uint8)
    array[:40, :40] = (0, 0, 255)
    return Image.fromarray(array)


def only_page(path: Path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ImageFolderPages(path, **options).page(0)


def close(page, expected: Image.Image, atol: int) -> bool:
    wanted = np.asarray(expected.convert("RGB")).astype(int)
    return page.image.shape == wanted.shape and np.abs(page.image - wanted).mean() <= atol


@pytest.mark.parametrize(
    ("mode", "suffix", "atol"),
    [
        ("RGB", "png", 0),
        ("RGB", "jpg", 4),
        ("CMYK", "jpg", 6),
        ("CMYK", "tif", 2),
        ("L", "png", 0),
        ("1", "tif", 0),
        ("P", "png", 0),
        ("RGB", "webp", 6),
        ("YCbCr", "jpg", 5),
    ],
)
def test_modes_arrive_as_rgb(tmp_path: Path, mode: str, suffix: str, atol: int) -> None:
    """Expected: Pillow's own plain conversion of the picture that was saved."""
    image = ramp().convert(mode)
    image.save(tmp_path / f"a.{suffix}", **SCAN)
    page = only_page(tmp_path)
    assert close(page, image, atol)
    if suffix != "webp":  # has no field for it
        assert page.dpi == pytest.approx(150, abs=0.1)


def test_sixteen_bits_keep_their_greys(tmp_path: Path) -> None:
    """A 16-bit value v shows as v / 257."""
    values = np.linspace(0, 65535, SIZE[0] * SIZE[1]).reshape(SIZE[1], SIZE[0])
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / "a.png")
    page = only_page(tmp_path)
    assert np.abs(page.image[..., 0].astype(int) - values / 257).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_paper(tmp_path: Path, mode: str) -> None:
    """What is transparent shows white paper; what is opaque keeps its colour."""
    image = Image.new("RGBA", SIZE, (200, 0, 0, 0))
    image.paste((0, 0, 0, 255), (50, 50, 100, 100))
    image.convert(mode).save(tmp_path / ("a.tif" if mode == "PA" else "a.png"))
    page = only_page(tmp_path)
    assert (page.image[10, 10] == 255).all()
    assert (page.image[75, 75] == 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int) -> None:
    """The stored picture is turned so that the blue corner is top-left again (EXIF 2.3, 0x0112)."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = ramp() if orientation == 1 else ramp().transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif, **SCAN)
    assert close(only_page(tmp_path), ramp(), 0)


def swapped_profile() -> bytes:
    """Return sRGB's profile with the names of its red and blue primaries exchanged."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")


def test_icc_profile_is_applied(tmp_path: Path) -> None:
    """In a profile with red and blue exchanged the picture's red means blue; a broken one nothing."""
    ramp().save(tmp_path / "a.png", icc_profile=swapped_profile())
    red, green, blue = ramp().split()
    assert close(only_page(tmp_path), Image.merge("RGB", (blue, green, red)), 1)
    ramp().save(tmp_path / "a.png", icc_profile=b"not a profile" * 20)
    assert close(only_page(tmp_path), ramp(), 0)


def test_unknown_dpi_takes_the_page_width_and_warns(tmp_path: Path) -> None:
    """210 px on 210 mm are 25.4 dpi; 72 and 96 are what software writes when it does not know."""
    ramp().save(tmp_path / "none.png")
    ramp().save(tmp_path / "screen.png", dpi=(96, 96))
    ramp().save(tmp_path / "scan.png", dpi=(300, 300))
    with pytest.warns(UserWarning, match=r"2 of 3 images have no credible dpi.*--page-width-mm"):
        pages = ImageFolderPages(tmp_path)
    assert [pages.page(i).dpi for i in range(3)] == pytest.approx([25.4, 300, 25.4], abs=0.1)
    with pytest.warns(UserWarning, match="taken as 105 mm"):
        half = ImageFolderPages(tmp_path, page_width_mm=105)
    assert half.page(0).dpi == pytest.approx(50.8)


def test_camera_dpi_is_not_believed(tmp_path: Path) -> None:
    """Cameras write 300 dpi whatever the distance; an exposure time gives them away."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829A] = 0.01
    ramp().save(tmp_path / "photo.jpg", dpi=(300, 300), exif=exif)
    assert only_page(tmp_path).dpi == pytest.approx(25.4)


def test_fax_pixels_become_square(tmp_path: Path) -> None:
    """A fax has 204 x 98 dpi: upright it must be 204/98 times as tall."""
    ramp().convert("L").save(tmp_path / "fax.tif", dpi=(204, 98))
    page = only_page(tmp_path)
    assert page.image.shape[:2] == (round(297 * 204 / 98), 210)
    assert page.dpi == pytest.approx(204)


def test_fine_scans_are_shrunk_to_the_limit(tmp_path: Path) -> None:
    """600 dpi become 300: half the pixels a side, the same millimetres."""
    ramp().save(tmp_path / "fine.png", dpi=(600, 600))
    page = only_page(tmp_path)
    assert page.width == 105
    assert page.height in (148, 149)
    assert page.dpi == pytest.approx(300, abs=0.1)


def test_every_page_of_a_tiff(tmp_path: Path) -> None:
    """Two frames, two pages, each its own picture."""
    ramp().save(
        tmp_path / "a.tif", save_all=True, append_images=[Image.new("RGB", SIZE, "red")], **SCAN
    )
    pages = ImageFolderPages(tmp_path)
    assert len(pages) == 2
    assert (pages.page(1).image[100, 100] == (255, 0, 0)).all()
    assert pages.key(0) == pages.key(1)


def bad_folder(folder: Path) -> None:
    """A good page, and one of each kind that must be refused."""
    ramp().save(folder / "good.png", **SCAN)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.png").write_text("not an image")
    for suffix, format_name in (("jpg", "JPEG"), ("png", "PNG"), ("tif", "TIFF")):
        data = io.BytesIO()
        ramp().save(data, format_name)
        whole = data.getvalue()
        (folder / f"cut.{suffix}").write_bytes(whole[: len(whole) * 2 // 3])
    Image.new("L", (400, 300)).save(folder / "wide.png")
    (folder / "notes.csv").write_text("1,2")


def test_bad_files_are_found_before_drawing_and_described(tmp_path: Path) -> None:
    """Six of seven images are refused, each with its reason; other files are no pages at all."""
    bad_folder(tmp_path)
    pages = ImageFolderPages(tmp_path, max_pixels=100_000)
    assert len(pages) == 1
    described = pages.describe()
    reasons = {entry["file"]: entry["reason"] for entry in described["bad"]}
    assert described["bad_count"] == 6
    assert sorted(reasons) == ["cut.jpg", "cut.png", "cut.tif", "empty.jpg", "text.png", "wide.png"]
    assert "empty" in reasons["empty.jpg"]
    assert "0.1 megapixels, more than max_pixels" in reasons["wide.png"]
    assert "not an image" in reasons["text.png"]
    assert all("truncated" in reasons[f"cut.{s}"] for s in ("jpg", "png", "tif"))


def test_strict_stops_and_nothing_usable_is_an_error(tmp_path: Path) -> None:
    """Both name the files."""
    bad_folder(tmp_path)
    (tmp_path / "wide.png").unlink()
    with pytest.raises(ValueError, match=r"must all be usable under strict.*empty\.jpg: the file"):
        open_pages(tmp_path, strict=True)
    (tmp_path / "good.png").unlink()
    with pytest.raises(NoUsablePages, match=r"folder must hold at least one usable image or PDF"):
        open_pages(tmp_path)
    with pytest.raises(FileNotFoundError, match="open_pages: args must be"):
        open_pages(tmp_path / "nowhere")


def test_default_limit_is_a_hundred_megapixels(tmp_path: Path) -> None:
    """10001 x 10000 pixels are just above; the header is enough to tell."""
    Image.new("1", (10_001, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(NoUsablePages, match=r"huge\.png: it has 10001 x 10000 = 100\.0 megapixels"):
        ImageFolderPages(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"page_width_mm": 0}, "page_width_mm must be in 10..3000, got 0"),
        ({"max_pixels": -1}, "max_pixels must be positive, got -1"),
    ],
)
def test_numbers_out_of_range(tmp_path: Path, options: dict, message: str) -> None:
    """The argument is named before any file is read."""
    with pytest.raises(ValueError, match=message):
        ImageFolderPages(tmp_path, **options)


def test_pickled_source_reads_the_same_pages(tmp_path: Path) -> None:
    """Workers get the source by pickle."""
    ramp().save(tmp_path / "a.png", **SCAN)
    source = ImageFolderPages(tmp_path)
    again = pickle.loads(pickle.dumps(source))
    assert np.array_equal(again.page(0).image, source.page(0).image)
    assert again.key(0) == source.key(0)


def test_open_rgba_keeps_transparency(tmp_path: Path) -> None:
    """Colour under transparency and alpha both arrive; without alpha it is 255."""
    image = Image.new("RGBA", SIZE, (200, 10, 30, 77))
    image.save(tmp_path / "cut.png", dpi=(300, 300))
    rgba, dpi = open_rgba(tmp_path / "cut.png")
    assert (rgba == (200, 10, 30, 77)).all()
    assert dpi == pytest.approx(300, abs=0.1)
    ramp().save(tmp_path / "plain.png")
    plain, unknown = open_rgba(tmp_path / "plain.png")
    assert (plain[..., 3] == 255).all()
    assert unknown is None
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"open_rgba: path must be a complete image, got .*bad"):
        open_rgba(tmp_path / "bad.png")
