"""Encode and decode the images of a sample.

Entropy coding is libjpeg-turbo's, through simplejpeg or Pillow, whichever is the faster for the
job. Both of its integer DCTs, its colour conversion and its subsampling give the same bits with
every instruction set (its own regression tests hold them to one checksum), so files repeat.
"""

from __future__ import annotations

import io
from functools import cached_property
from typing import Literal

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from seal2real import _C

__all__ = [
    "JpegPage",
    "Subsampling",
    "decode_jpeg",
    "decode_png",
    "encode_jpeg",
    "encode_pair",
    "encode_png",
    "restart_interval",
]

Subsampling = Literal["4:2:0", "4:2:2", "4:4:4"]

# Width and height in pixels of the smallest unit that a JPEG codes.
_MCU = {"4:2:0": (16, 16), "4:2:2": (16, 8), "4:4:4": (8, 8)}
_MAX_JPEG_SIDE = 65500  # libjpeg's JPEG_MAX_DIMENSION
# Two simplejpeg encodings cost 2.0; a page with restart markers 1.2, and each changed share of it
# 1.2 again and the gathering 0.15, so that splicing pays up to about half (512x512, quality 90).
_MAX_SPLICED_SHARE = 0.5


def encode_jpeg(
    rgb: NDArray[np.uint8],  # [H, W, 3]
    quality: int = 90,
    subsampling: Subsampling = "4:2:0",
) -> bytes:
    """Return ``rgb`` as a baseline JPEG file with libjpeg's standard tables.

    simplejpeg takes 0.61 ms where Pillow takes 0.84 for a 512x512 scan at quality 90. It always
    uses the faster integer DCT: 41.9 against 42.0 dB at 0.15 % more bytes.

    Raises:
        TypeError: if ``rgb`` is not uint8 [H, W, 3].
        ValueError: if ``quality`` is not 1..100, ``subsampling`` is unknown, or a side is not
            1..65500 pixels.
    """
    _check("encode_jpeg", rgb, quality, subsampling)
    data: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(rgb), quality, "RGB", subsampling.replace(":", "")
    )
    return data


def encode_pair(
    clean: NDArray[np.uint8],  # [H, W, 3]
    changed: NDArray[np.uint8],  # [H, W, 3]
    quality: int = 90,
) -> tuple[bytes, bytes]:
    """Return two pictures that differ in places as JPEG files (4:2:0) made in the same way.

    Where they differ little, as a page with a seal does, only what differs is encoded twice.
    The way depends on both pictures, so it tells nothing about which of them a file is.

    Raises:
        TypeError: if a picture is not uint8 [H, W, 3].
        ValueError: if ``quality`` is not 1..100, a side is not 1..65500 pixels, or the sizes
            differ.
    """
    _check("encode_pair", clean, quality, "4:2:0")
    if clean.shape != changed.shape:
        raise ValueError(
            f"encode_pair: changed must have the shape of clean, got {list(changed.shape)} for "
            f"{list(clean.shape)}; pass two pictures of one page"
        )
    page = JpegPage(clean, quality)
    if page.changed_share(changed) > _MAX_SPLICED_SHARE:
        return encode_jpeg(clean, quality), encode_jpeg(changed, quality)
    return page.data, page.splice(changed)


def decode_jpeg(data: bytes) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return the RGB pixels of a JPEG file.

    Raises:
        ValueError: if ``data`` is not a whole JPEG file.
    """
    rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", strict=True)
    return rgb


def encode_png(image: NDArray[np.uint8]) -> bytes:  # [H, W] or [H, W, 3]
    """Return ``image`` as an 8-bit PNG file, grey for [H, W].

    Grey images are taken for masks and class maps: the native run-length writer stores them
    smaller and several times faster than zlib does, and photographs in grey larger.

    Raises:
        TypeError: if ``image`` is not uint8 [H, W] or [H, W, 3].
        ValueError: if a side of a grey image is not 1..65535 pixels.
    """
    if image.ndim == 2:
        data: bytes = _C.png_encode_mask(image)
        return data
    _check_rgb("encode_png", image)
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG", compress_level=1)
    return out.getvalue()


def decode_png(data: bytes) -> NDArray[np.uint8]:  # [H, W] or [H, W, 3]
    """Return the pixels of an 8-bit grey or RGB PNG file.

    Raises:
        OSError: if ``data`` is not a whole PNG file.
    """
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return np.asarray(image)


def restart_interval(width: int, subsampling: Subsampling = "4:2:0", target: int = 8) -> int:
    """Return how many MCUs a restart segment of an image ``width`` pixels wide holds.

    It divides the MCUs of a row, so that every segment is a rectangle: the divisor in
    target/2..2*target nearest to ``target``, or the whole row where there is none.
    """
    across = -(-width // _MCU[subsampling][0])
    fitting = [n for n in range(max(1, target // 2), 2 * target + 1) if across % n == 0]
    return min(fitting, key=lambda n: (abs(n - target), n), default=across)


class JpegPage:
    """A page encoded once, from which changed copies are made by re-encoding what changed.

    The JPEG has a restart marker every :func:`restart_interval` MCUs. Between two markers a
    segment depends on its own pixels alone, so a copy shares all segments that no changed pixel
    lies in, and equals the full encoding byte for byte.

    Args:
        rgb: the page, uint8 [H, W, 3]; kept, not copied, and not to be changed afterwards.
        quality: 1..100.
        subsampling: "4:2:0", "4:2:2" or "4:4:4".
        restart_mcus: MCUs a segment is meant to hold.

    Raises:
        TypeError: if ``rgb`` is not uint8 [H, W, 3].
        ValueError: if ``quality`` is not 1..100, ``subsampling`` is unknown, or a side is not
            1..65500 pixels.
    """

    def __init__(
        self,
        rgb: NDArray[np.uint8],  # [H, W, 3]
        quality: int = 90,
        subsampling: Subsampling = "4:2:0",
        restart_mcus: int = 8,
    ) -> None:
        _check("JpegPage", rgb, quality, subsampling)
        self._rgb = np.ascontiguousarray(rgb)
        self._quality = quality
        self._subsampling = subsampling
        self._restart = restart_interval(rgb.shape[1], subsampling, restart_mcus)
        mcu_width, self._segment_height = _MCU[subsampling]
        self._segment_width = mcu_width * self._restart

    @cached_property
    def data(self) -> bytes:
        """The JPEG file of the page itself, encoded on first use."""
        height, width = self._rgb.shape[:2]
        whole = (0, 0, width, height, np.zeros(1, np.int32), False)
        return self._encode(_C.jpeg_stack(self._rgb, self._rgb, *whole))

    @cached_property
    def _segments(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the segments of ``data`` begin and end."""
        found: tuple[NDArray[np.int64], NDArray[np.int64]] = _C.jpeg_scan(self.data)
        return found

    def changed_share(
        self,
        window: NDArray[np.uint8],  # [h, w, 3]
        x0: int = 0,
        y0: int = 0,
    ) -> float:
        """Return the share of segments, 0..1, that :meth:`splice` would encode."""
        height, width = self._rgb.shape[:2]
        size = (self._segment_width, self._segment_height)
        total = -(-width // size[0]) * -(-height // size[1])
        changed: int = _C.jpeg_changed(self._rgb, np.ascontiguousarray(window), x0, y0, *size).size
        return changed / total

    def splice(
        self,
        window: NDArray[np.uint8],  # [h, w, 3]
        x0: int = 0,
        y0: int = 0,
    ) -> bytes:
        """Return the JPEG of the page with ``window`` pasted at (``x0``, ``y0``).

        Args:
            window: uint8 RGB, at most as large as the page; by default a whole changed page.
            x0: column of the window's left edge on the page.
            y0: row of its top edge.

        Raises:
            ValueError: if the window does not lie inside the page or is not [h, w, 3].
        """
        window = np.ascontiguousarray(window)
        size = (self._segment_width, self._segment_height)
        numbers = _C.jpeg_changed(self._rgb, window, x0, y0, *size)
        stacks = []
        for group, across in self._groups(numbers):
            pixels = _C.jpeg_stack(self._rgb, window, x0, y0, *size, group, across)
            stacks.append((self._encode(pixels), group))
        spliced: bytes = _C.jpeg_splice(self.data, *self._segments, stacks)
        return spliced

    def _groups(self, numbers: NDArray[np.int32]) -> list[tuple[NDArray[np.int32], bool]]:
        """Return ``numbers`` in groups that can be encoded as one image, and how they are laid.

        The encoder pads the last MCUs of an image in its own way, so segments cut by the image's
        edge must be cut by the edge of their stack: those at the right lie below each other, those
        at the bottom beside each other.
        """
        height, width = self._rgb.shape[:2]
        columns = -(-width // self._segment_width)
        bottom = numbers // columns == height // self._segment_height
        right = (numbers % columns == width // self._segment_width) & ~bottom
        groups = [(numbers[~(bottom | right)], False), (numbers[right], False)]
        groups.append((numbers[bottom], True))
        return [(group, across) for group, across in groups if group.size]

    def _encode(self, rgbx: NDArray[np.uint8]) -> bytes:  # [h, w, 4]
        """Return the pixels as a JPEG file with the page's settings; the fourth byte is ignored."""
        out = io.BytesIO()
        # Pillow reads RGBX where it lies; RGB would be copied first.
        image = Image.frombuffer("RGBX", rgbx.shape[1::-1], rgbx, "raw", "RGBX", 0, 1)
        image.save(
            out,
            "JPEG",
            quality=self._quality,
            subsampling=self._subsampling,
            restart_marker_blocks=self._restart,
        )
        return out.getvalue()


def _check(where: str, rgb: NDArray[np.uint8], quality: int, subsampling: str) -> None:
    """Raise the errors that the public functions document."""
    _check_rgb(where, rgb)
    if not 1 <= quality <= 100:
        raise ValueError(f"{where}: quality must be 1..100, got {quality}; 90 is the usual choice")
    if subsampling not in _MCU:
        raise ValueError(
            f"{where}: subsampling must be one of {', '.join(_MCU)}, got {subsampling!r}; "
            "4:2:0 is the usual choice"
        )
    if not all(1 <= side <= _MAX_JPEG_SIDE for side in rgb.shape[:2]):
        raise ValueError(
            f"{where}: rgb must have sides of 1..{_MAX_JPEG_SIDE} pixels, got "
            f"{rgb.shape[1]}x{rgb.shape[0]}; cut or scale it"
        )


def _check_rgb(where: str, rgb: NDArray[np.uint8]) -> None:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise TypeError(
            f"{where}: image must be uint8 [H, W, 3], got {rgb.dtype} {list(rgb.shape)}; "
            "convert it with np.asarray(image.convert('RGB'))"
        )
