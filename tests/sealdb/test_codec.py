"""Codecs: files that other libraries read, and splices equal to full encodings."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from seal2real import _C
from seal2real.sealdb.codec import (
    JpegPage,
    decode_jpeg,
    decode_png,
    encode_jpeg,
    encode_pair,
    encode_png,
    restart_interval,
)

SIZES = [(1, 1), (16, 16), (17, 129), (31, 250), (33, 976), (64, 135), (100, 1000), (512, 512)]


def page(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """A picture with flat, smooth and noisy parts."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 235, np.uint8)
    image[: height // 2] = rng.integers(0, 256, (height // 2, width, 3))
    image[:, : width // 3, 0] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    return image


def full_encode(rgb: NDArray[np.uint8], subsampling: str, restart: int) -> bytes:
    out = io.BytesIO()
    settings = {"quality": 90, "subsampling": subsampling, "restart_marker_blocks": restart}
    Image.fromarray(rgb).save(out, "JPEG", **settings)
    return out.getvalue()


def random_mask(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """One of five kinds: noise, speckle, blocks, long runs, blank."""
    kind = rng.integers(5)
    if kind == 0:
        return rng.integers(0, 256, (height, width), dtype=np.uint8)
    if kind == 1:
        return ((rng.random((height, width)) < rng.random()) * rng.integers(1, 256)).astype(
            np.uint8
        )
    if kind == 2:
        blocks = rng.integers(0, 7, (height // 5 + 1, width // 5 + 1), dtype=np.uint8)
        return np.kron(blocks, np.ones((5, 5), np.uint8))[:height, :width].copy()
    if kind == 3:
        return (np.cumsum(rng.random((height, width)) < 0.02, axis=1) % 7).astype(np.uint8)
    return np.full((height, width), rng.integers(256), np.uint8)


def test_mask_png_reads_back_through_pillow() -> None:
    """Expected pixels are the input; Pillow's reader checks chunk CRCs, zlib the Adler-32."""
    rng = np.random.default_rng(0)
    for _ in range(600):
        mask = random_mask(rng, *rng.integers(1, 90, 2))
        data = encode_png(mask)
        with Image.open(io.BytesIO(data)) as image:
            assert image.mode == "L"
            np.testing.assert_array_equal(np.asarray(image), mask)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (3, 65535), (1448, 1024)])
def test_mask_png_of_unusual_sizes(size: tuple[int, int]) -> None:
    """Sizes round the limits of matches (258), blocks (16 384 runs) and sides (65 535)."""
    mask = random_mask(np.random.default_rng(1), *size)
    noise = np.random.default_rng(2).integers(0, 3, size, dtype=np.uint8)
    for image in (mask, noise, np.zeros(size, np.uint8)):
        np.testing.assert_array_equal(decode_png(encode_png(image)), image)


@pytest.mark.parametrize("length", [*range(1, 12), *range(255, 265), *range(514, 524)])
def test_mask_png_stream_is_whole_zlib(length: int) -> None:
    """Runs round the longest match; zlib itself must find nothing before or behind the stream."""
    mask = np.zeros((3, length + 5), np.uint8)
    mask[1, 2 : 2 + length] = 9
    data = encode_png(mask)
    start = data.index(b"IDAT")
    size = int.from_bytes(data[start - 4 : start], "big")
    stream = zlib.decompressobj()
    raw = stream.decompress(data[start + 4 : start + 4 + size])
    assert stream.eof
    assert stream.unused_data == b""
    assert len(raw) == 3 * (mask.shape[1] + 1)


def test_mask_png_of_a_crop_equals_that_of_its_copy() -> None:
    """Rows and pixels may stand apart in memory; the file is that of the dense copy."""
    whole = random_mask(np.random.default_rng(3), 60, 80)
    for crop in (whole[10:40, 5:50], whole[::-1], whole[:, ::3], whole.T):
        assert encode_png(crop) == encode_png(crop.copy())


def test_mask_png_is_smaller_than_zlib_at_its_fastest() -> None:
    """Reference: Pillow's PNG at compression level 1 of a disc with worn edges."""
    y, x = np.mgrid[:512, :512]
    wear = np.random.default_rng(4).normal(0, 2, (512, 512))
    mask = (np.hypot(y - 256, x - 256) + wear < 200).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG", compress_level=1)
    assert len(encode_png(mask)) < len(out.getvalue())


def test_rgb_png_reads_back() -> None:
    """PNG is lossless: the expected pixels are the input."""
    np.testing.assert_array_equal(decode_png(encode_png(page(33, 21))), page(33, 21))


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("size", SIZES)
def test_spliced_jpeg_equals_full_encode(size: tuple[int, int], subsampling: str) -> None:
    """Reference: Pillow's encoding of the whole changed picture at the same restart interval."""
    rng = np.random.default_rng(5)
    base = page(*size)
    source = JpegPage(base, 90, subsampling)  # type: ignore[arg-type]
    restart = restart_interval(size[1], subsampling)  # type: ignore[arg-type]
    assert source.data == full_encode(base, subsampling, restart)
    for _ in range(6):
        y0, x0 = (int(rng.integers(0, side)) for side in size)
        y1, x1 = int(rng.integers(y0, size[0])) + 1, int(rng.integers(x0, size[1])) + 1
        changed = base.copy()
        changed[y0:y1, x0:x1] = rng.integers(0, 256, (y1 - y0, x1 - x0, 3))
        expected = full_encode(changed, subsampling, restart)
        assert source.splice(changed) == expected
        assert source.splice(changed[y0:y1, x0:x1], x0, y0) == expected


def test_splice_of_an_unchanged_page_is_the_page() -> None:
    """Nothing changed, so nothing is encoded."""
    base = page(70, 300)
    source = JpegPage(base)
    assert source.splice(base) == source.data
    assert source.splice(base[5:5, 7:7], 7, 5) == source.data


def test_splice_keeps_decoded_pixels_away_from_the_change() -> None:
    """A change touches its segment; upsampled chroma carries it one pixel further at most."""
    base = page(160, 640)
    changed = base.copy()
    changed[70:75, 300:310] = 0
    difference = decode_jpeg(JpegPage(base).splice(changed)) != decode_jpeg(JpegPage(base).data)
    rows, columns = np.nonzero(difference.any(axis=2))
    assert rows.min() >= 63 and rows.max() <= 80
    assert columns.min() >= 287 and columns.max() <= 320


@pytest.mark.parametrize(
    ("width", "expected"), [(512, 8), (1024, 8), (1000, 7), (2480, 5), (976, 61), (100, 7), (1, 1)]
)
def test_restart_interval(width: int, expected: int) -> None:
    """By hand: 512 px are 32 MCUs, 1000 px 63 = 7 * 9, 2480 px 155 = 5 * 31, 976 px 61 (prime)."""
    assert restart_interval(width) == expected


def psnr(data: bytes, rgb: NDArray[np.uint8]) -> float:
    error = np.mean((decode_jpeg(data).astype(float) - rgb) ** 2)
    return float(10 * np.log10(255**2 / error))


def test_jpeg_is_as_good_as_pillows() -> None:
    """Same tables, so size within 1 %; the faster DCT costs 0.1 to 0.2 dB at quality 90."""
    rgb = page(120, 200)
    reference = full_encode(rgb, "4:2:0", 0)
    data = encode_jpeg(rgb)
    assert abs(len(data) - len(reference)) < 0.01 * len(reference)
    assert psnr(data, rgb) > psnr(reference, rgb) - 0.3


@pytest.mark.parametrize("side", [10, 150])
def test_pair_is_encoded_alike(side: int) -> None:
    """Both files, spliced (little changed) or not, carry the same header and good pixels."""
    clean = page(160, 256)
    changed = clean.copy()
    changed[5 : 5 + side, 5 : 5 + side] //= 2
    first, second = encode_pair(clean, changed)
    header = first.index(b"\xff\xda")
    assert first[:header] == second[:header]
    assert (b"\xff\xdd" in first[:header]) == (side == 10)
    assert abs(psnr(first, clean) - psnr(encode_jpeg(clean), clean)) < 0.5
    assert abs(psnr(second, changed) - psnr(encode_jpeg(changed), changed)) < 0.5


def test_files_do_not_depend_on_the_encoders_instruction_set() -> None:
    """libjpeg-turbo without SIMD (JSIMD_FORCENONE) must write what it writes with AVX2."""
    code = (
        "import hashlib;"
        "from tests.sealdb.test_codec import page;"
        "from seal2real.sealdb.codec import *;"
        "p = JpegPage(page(160, 640)); q = page(160, 640, 1);"
        "print(hashlib.sha256(p.data + p.splice(q) + encode_jpeg(q)).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **extra},
            check=True,
            capture_output=True,
        ).stdout
        for extra in ({}, {"JSIMD_FORCENONE": "1"}, {"JSIMD_FORCESSE2": "1"})
    }
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: encode_jpeg(page(8, 8), 0), ValueError, "quality must be 1..100, got 0"),
        (lambda: encode_jpeg(page(8, 8), 90, "4:1:1"), ValueError, "one of 4:2:0, 4:2:2, 4:4:4"),  # type: ignore[arg-type]
        (lambda: JpegPage(page(0, 8)), ValueError, r"sides of 1\.\.65500 pixels, got 8x0"),
        (lambda: encode_jpeg(np.zeros((8, 8), np.uint8)), TypeError, r"must be uint8 \[H, W, 3\]"),
        (lambda: encode_pair(page(8, 8), page(8, 9)), ValueError, r"shape of clean, got \[8, 9"),
        (lambda: encode_png(np.zeros((8, 8, 2), np.uint8)), TypeError, r"got uint8 \[8, 8, 2\]"),
        (lambda: encode_png(np.zeros((0, 8), np.uint8)), ValueError, "got 0x8; cut the page"),
        (lambda: encode_png(np.zeros((1, 65536), np.uint8)), ValueError, "got 1x65536"),
        (lambda: encode_png(np.zeros((4, 4), np.uint16)), TypeError, "must be a uint8 array"),
        (lambda: JpegPage(page(8, 8)).splice(page(8, 9)), ValueError, "lie inside the page"),
        (lambda: JpegPage(page(8, 8)).splice(page(4, 4), -1), ValueError, r"got \(-1, 0\)"),
        (lambda: _C.jpeg_scan(b""), ValueError, "does not begin with SOI"),
        (lambda: _C.jpeg_scan(encode_jpeg(page(8, 8))[:-2]), ValueError, "ends inside its scan"),
    ],
)
def test_refusals(call, error: type[Exception], message: str) -> None:
    """Each refusal names the argument, its rule and what it got."""
    with pytest.raises(error, match=message):
        call()


def test_scan_of_damaged_streams_refuses_or_stays_inside() -> None:
    """Any damage to a stream is either refused or leaves a table inside the data."""
    rng = np.random.default_rng(6)
    whole = JpegPage(page(48, 256)).data
    for _ in range(2000):
        data = bytearray(whole[: int(rng.integers(0, len(whole) + 1))])
        for at in rng.integers(0, max(len(data), 1), 3):
            if data:
                data[at] = int(rng.integers(256)) if rng.random() < 0.5 else 0xFF
        try:
            begins, ends = _C.jpeg_scan(bytes(data))
        except ValueError:
            continue
        assert (begins <= ends).all()
        assert ends[-1] <= len(data)
