"""Any image file as an upright RGB page: modes, profiles, rotation, resolution."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from seal2real.pages.files import MAX_PIXELS

__all__ = ["ImageInfo", "check_image", "open_rgba", "read_image", "upright_rgb"]

_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
# Exposure time, f-number, focal length: only cameras write them, and then dpi means nothing.
_CAMERA_TAGS = (0x829A, 0x829D, 0x920A)
# Written by software that does not know: never the resolution of a scan.
_DEFAULT_DPI = (72.0, 96.0)
_DPI_RANGE = (50.0, 2400.0)
# Fax has oblong pixels (204 x 98 dpi); beyond this ratio the image is resampled to square ones.
_SQUARE = 1.02


@dataclass(frozen=True)
class ImageInfo:
    """What a file says about its image, after EXIF rotation.

    ``dpi`` is (x, y), or None where it is missing or not credible; ``frames`` counts the pages of
    a TIFF, 1 elsewhere.
    """

    width: int
    height: int
    frames: int
    dpi: tuple[float, float] | None


def check_image(path: Path, max_pixels: int) -> ImageInfo:
    """Decode every page of an image file and return what it holds.

    Raises:
        ValueError: if it is empty, truncated, not an image or over ``max_pixels``; the message
            is the reason alone, for a list of bad files.
    """
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    try:
        with _opened(path) as image:
            frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
            for frame in range(frames):
                image.seek(frame)
                _check_pixels(image, max_pixels)
                _decode_small(image)
            image.seek(0)
            return _info(image, frames)
    except UnidentifiedImageError:
        raise ValueError("it is not an image that Pillow can read") from None
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        # Pillow reports damaged files by any of these
        raise ValueError(f"it is truncated or damaged ({error})") from None


def read_image(
    path: Path, frame: int = 0, max_scale: float = 1.0
) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return page ``frame`` of an image file, upright sRGB on white.

    Args:
        path: a file that `check_image` accepts.
        frame: page of a TIFF.
        max_scale: the image is shrunk to this share of its size (1 keeps it).
    """
    with _opened(path) as image:
        image.seek(frame)
        width, height = image.size
        dpi = _dpi(image)
        target = (max(round(width * max_scale), 1), max(round(height * max_scale), 1))
        if max_scale < 1.0:
            image.draft(None, target)  # JPEG decodes to the next larger power of two: saves memory
        image.load()
        rgb = _to_rgb(image)
        orientation = _orientation(image)
    if dpi and max(dpi) > _SQUARE * min(dpi):
        stretch = (max(dpi) / dpi[0], max(dpi) / dpi[1])
        target = (round(target[0] * stretch[0]), round(target[1] * stretch[1]))
    if rgb.size != target:
        rgb = rgb.resize(target, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.array(_upright(rgb, orientation))


def upright_rgb(image: Image.Image) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return an open image as upright sRGB on white, whatever its mode, at its own size."""
    return np.array(_upright(_to_rgb(image), _orientation(image)))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image; our own limit stands in for Pillow's, whose warnings are noise here."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                yield image
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _check_pixels(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise ValueError(
            f"it has {width} x {height} = {width * height / 1e6:.1f} megapixels, more than "
            f"max_pixels {max_pixels / 1e6:.1f}"
        )


def _decode_small(image: Image.Image) -> None:
    """Decode all of the data, JPEG at an eighth of the size, to find truncation."""
    image.draft(None, (max(image.width // 8, 1), max(image.height // 8, 1)))
    image.load()


def _info(image: Image.Image, frames: int) -> ImageInfo:
    """Return the description of the first page; draft mode has shrunk ``image.size``."""
    dpi = _dpi(image)
    with _opened(Path(image.filename)) as fresh:  # type: ignore[attr-defined]
        width, height = fresh.size
        turned = fresh.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    if dpi and max(dpi) > _SQUARE * min(dpi):
        width = round(width * max(dpi) / dpi[0])
        height = round(height * max(dpi) / dpi[1])
        dpi = (max(dpi), max(dpi))
    if turned:
        width, height = height, width
    return ImageInfo(width, height, frames, dpi)


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    """Return the credible resolution of ``image`` or None."""
    said = image.info.get("dpi")
    if not said or _is_photograph(image):
        return None
    try:
        x, y = float(said[0]), float(said[1])
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    for value in (x, y):
        if not _DPI_RANGE[0] <= value <= _DPI_RANGE[1]:
            return None
    if all(any(abs(value - bad) < 0.5 for bad in _DEFAULT_DPI) for value in (x, y)):
        return None
    return x, y


def _is_photograph(image: Image.Image) -> bool:
    exif = image.getexif()
    details = exif.get_ifd(_EXIF_IFD) if exif else {}
    return any(tag in details for tag in _CAMERA_TAGS)


def _to_rgb(image: Image.Image, *, flatten: bool = True) -> Image.Image:
    """Return ``image`` as RGB through its ICC profile where it has a usable one.

    What is transparent becomes white, unless ``flatten`` is off: then alpha is dropped.
    """
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    if image.mode in ("P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA", "La", "RGBa") else None
    base = image.convert({"RGBA": "RGB", "LA": "L"}.get(image.mode, image.mode))
    rgb = _through_profile(base, profile) if profile else None
    rgb = rgb or base.convert("RGB")
    if not flatten or alpha is None or alpha.getextrema() == (255, 255):
        return rgb
    white = Image.new("RGB", rgb.size, (255, 255, 255))
    white.paste(rgb, mask=alpha)
    return white


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return ``image`` converted to sRGB, or None if its profile is broken or does not fit it."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return a 16-bit, 32-bit or float grey image with 8 bits."""
    values = np.asarray(image)
    if image.mode == "F":
        peak = float(values.max(initial=0.0))
        scaled = values * np.float32(255.0 if peak <= 1.0 else 1.0)
        clipped = np.clip(scaled, np.float32(0), np.float32(255))
        return Image.fromarray(clipped.astype(np.uint8))
    wide = np.clip(values.astype(np.int64), 0, 65535)
    deep = image.mode.startswith("I;16") or int(wide.max(initial=0)) > 255
    return Image.fromarray((wide // 257 if deep else wide).astype(np.uint8))


def open_rgba(path: Path) -> tuple[NDArray[np.uint8], float | None]:
    """Return an image file with its transparency, upright, and its credible dpi or None.

    Returns:
        uint8 [H, W, 4] RGBA (alpha 255 where the file has none), pixels an inch or None.

    Raises:
        ValueError: if the file is not a complete image; it is named.
    """
    try:
        info = check_image(path, MAX_PIXELS)
    except ValueError as error:
        raise ValueError(
            f"open_rgba: path must be a complete image, got {path}: {error}; repair or remove it"
        ) from None
    with _opened(path) as image:
        image.load()
        alpha = np.full((image.height, image.width), 255, np.uint8)
        if "A" in image.getbands() or "transparency" in image.info:
            alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        orientation = _orientation(image)
        rgb = _to_rgb(image, flatten=False)
    rgba = Image.merge("RGBA", (*rgb.split(), Image.fromarray(alpha)))
    return np.array(_upright(rgba, orientation)), None if info.dpi is None else info.dpi[0]


def _orientation(image: Image.Image) -> int:
    return int(image.getexif().get(_ORIENTATION, 1))


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return ``image`` turned as its EXIF orientation asks."""
    if orientation == 1:
        return image
    exif = image.getexif()
    exif[_ORIENTATION] = orientation
    turned = ImageOps.exif_transpose(image)
    return image if turned is None else turned
