"""Measure ink and photography of a real image: paper, light, blur, noise, JPEG, ink colour.

Each measurement inverts one effect of ``capture`` or ``ink``; tests draw images with known
parameters and find them again. Equal images give equal numbers to the last bit on every machine:
no products of matrices (BLAS sums in an order of each processor), no logarithm of NumPy's.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from seal2real.detmath import det_exp, det_log
from seal2real.pages.decode import check_image
from seal2real.pages.files import MAX_PIXELS
from seal2real.synthesis.focus import Focus, find_focus, measure_edges
from seal2real.synthesis.ink import COLOURS

__all__ = ["Measured", "measure", "measure_folder"]

Floats = npt.NDArray[np.float64]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
_BLOCK = 16  # px, blocks that look for the local paper colour
_FLAT = 8  # px, blocks that measure noise
_MIN_SIDE = 64
# Share of light between channels that only coloured ink has, the light that its clearest channel
# leaves, and the least share of it in a picture.
_COLOURFUL = 0.12
_NOT_PRINT = 0.4
_INK_SHARE = 0.006
# Larger images are measured at their centre: what is measured does not need more.
_MAX_SIDE = 1600
# Light and shade of photographs swing about twice across; smooth noise of amount 1 and such a feature
# size spans so much between its 5th and 95th percentile (mean of 300).
_LIGHT_FEATURE, _LIGHT_SPAN = 0.45, 0.87
# Lens and black are found in turn so many times.
_ROUNDS = 3
# Rec. 601: weights of red, green and blue in luma.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Measured:
    """What one image shows."""

    # paper colour (r, g, b), 0..255
    paper: tuple[float, float, float]
    # darkest print, luma 0..255
    black: float
    # swing of the illumination, and the distance over which it swings, px
    light_amount: float
    light_scale_px: float
    # sigma of the blur, px, and the share of detail that was added again
    blur_sigma_px: float
    sharpen: float
    # of 255: the sensor's, each channel's own, and the paper's coarser relief
    noise_sigma: float
    chroma_sigma: float
    texture_sigma: float
    # 1..100, 0 when unknown
    jpeg_quality: int
    # "444", "422", "420" or None when unknown
    subsampling: str | None
    # colour of the ink, or None without any
    colour: str | None
    # light left at absorbance 1 (r, g, b), and strength
    ink: tuple[float, float, float, float]


def measure_folder(folder: Path) -> list[Measured]:
    """Measure every readable image below ``folder``, in the order of their names.

    Raises:
        ValueError: if there is no usable image.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    measured = []
    for path in tqdm(paths, desc="fit", unit="image", disable=len(paths) < 20):
        try:
            check_image(path, MAX_PIXELS)
            with Image.open(path) as image:
                measured.append(measure(image))
        except (OSError, UnidentifiedImageError, ValueError) as error:
            warnings.warn(f"fit: left out {path.name}: {error}", stacklevel=2)
    if not measured:
        raise ValueError(
            f"fit: folder must hold images of at least {_MIN_SIDE} px, got none usable in "
            f"{folder}; give a folder of scans or photographs"
        )
    return measured


def measure(image: Image.Image) -> Measured:
    """Measure one image.

    Raises:
        ValueError: if it is smaller than 64 px.
    """
    quality, subsampling = _jpeg_settings(image)
    rgb = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    if min(rgb.shape[:2]) < _MIN_SIDE:
        raise ValueError(
            f"fit: image must be at least {_MIN_SIDE} px wide and high, got "
            f"{rgb.shape[1]}x{rgb.shape[0]}; leave it out"
        )
    pixels = _centre(rgb).astype(np.float64)
    field = _paper_field(pixels)
    paper = np.median(field.reshape(-1, 3), axis=0)
    luma = _luma(pixels)
    full = _spread(field, pixels.shape[:2])
    bare = float(_luma(paper))
    lit = _luma(full)
    noise, texture, chroma = _noise(pixels, luma, lit)
    focus, black = _focus_and_black(pixels, full, luma, bare)
    colour, ink = _ink(pixels - black, full - black)
    return Measured(
        paper=(float(paper[0]), float(paper[1]), float(paper[2])),
        black=black,
        light_amount=_light_amount(_luma(field)),
        light_scale_px=_LIGHT_FEATURE * max(pixels.shape[:2]),
        blur_sigma_px=focus.sigma_px,
        sharpen=focus.sharpen,
        noise_sigma=noise,
        chroma_sigma=chroma,
        texture_sigma=texture,
        jpeg_quality=quality,
        subsampling=subsampling,
        colour=colour,
        ink=ink,
    )


def _luma(rgb: Floats) -> Floats:  # [..., 3] -> [...]
    red, green, blue = _LUMA
    return rgb[..., 0] * red + rgb[..., 1] * green + rgb[..., 2] * blue


def _centre(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    top, left = max(height - _MAX_SIDE, 0) // 2, max(width - _MAX_SIDE, 0) // 2
    return rgb[top : top + _MAX_SIDE, left : left + _MAX_SIDE]


def _blocks(plane: Floats, size: int) -> Floats:
    """Cut [H, W, ...] into [rows, columns, size * size, ...]; what is left over is dropped."""
    rows, columns = plane.shape[0] // size, plane.shape[1] // size
    rest = plane.shape[2:]
    cut = plane[: rows * size, : columns * size].reshape(rows, size, columns, size, *rest)
    return np.moveaxis(cut, 2, 1).reshape(rows, columns, size * size, *rest)


def _paper_field(pixels: Floats) -> Floats:  # [rows, columns, 3]
    """Return the local paper colour: bright in its block, and no less than its neighbourhood."""
    field = np.percentile(_blocks(pixels, _BLOCK), 80, axis=2)
    # A block inside print or a star has no paper; its surroundings do.
    padded = np.pad(field, ((2, 2), (2, 2), (0, 0)), mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(0, 1))
    return np.median(views.reshape(*field.shape, 25), axis=3)


def _spread(field: Floats, shape: tuple[int, int]) -> Floats:
    """Repeat block values to pixels [H, W, 3]."""
    rows = np.minimum(np.arange(shape[0]) // _BLOCK, field.shape[0] - 1)
    columns = np.minimum(np.arange(shape[1]) // _BLOCK, field.shape[1] - 1)
    return field[rows[:, None], columns[None, :]]


def _light_amount(light: Floats) -> float:  # [rows, columns]
    """Return the swing of the light over the picture, as a share of its median."""
    low, high = np.percentile(light / max(float(np.median(light)), 1.0), (5, 95))
    return float(high - low) / _LIGHT_SPAN


def _black(luma: Floats, paper: float, darkest: float) -> float:
    """Return the level of full black, given how dark the lens lets thin print become."""
    print_level = float(np.percentile(luma, 0.5))
    return (print_level - darkest * paper) / max(1.0 - darkest, 0.2)


def _focus_and_black(
    pixels: Floats, paper: Floats, luma: Floats, bare: float
) -> tuple[Focus, float]:
    """Return the lens and the level of full black, each found with the other.

    What counts as print depends on the light that the capture adds to black; and how dark thin
    print becomes depends on the lens.
    """
    black = 0.0
    for _ in range(_ROUNDS):
        light = (pixels - black) / np.maximum(paper - black, 1.0)
        focus = find_focus(measure_edges(light.max(axis=2)))
        black = min(max(_black(luma, bare, focus.darkest), 0.0), 0.3 * bare)
    return focus, black


def _noise(pixels: Floats, luma: Floats, paper: Floats) -> tuple[float, float, float]:
    """Return sigma of fine noise, of coarse relief and of chroma on bare paper.

    Differences of near and of far neighbours tell the two apart: fine noise of sigma 1 has squares
    of 1 and 2, relief of 0.22 and 1.5 (measured on ``capture`` at 2.7 px).
    """
    bare = _blocks(luma / np.maximum(paper, 1.0), _FLAT).min(axis=2) > 0.85
    if bare.sum() < 4:
        bare = np.ones_like(bare)
    square = _blocks(luma, _FLAT)[bare].reshape(-1, _FLAT, _FLAT)
    near, far = _steps(square, 1), _steps(square, 4)
    # The factors are those of the percentile that _steps takes.
    coarse = max((far - 1.66 / 0.91 * near) / (1.10 - 1.66 / 0.91 * 0.18), 0.0)
    fine = max((near - 0.18 * coarse) / 0.91, 0.0)
    own = [pixels[..., channel] - luma for channel in range(3)]
    chroma = float(np.mean([_flat_sigma(_blocks(plane, _FLAT)[bare]) for plane in own]))
    return float(np.sqrt(fine)), float(np.sqrt(coarse)), chroma


def _steps(square: Floats, distance: int) -> float:  # [N, size, size]
    """Return a low percentile of the blocks' mean squared difference at a distance."""
    across = (square[:, :, distance:] - square[:, :, :-distance]) ** 2
    down = (square[:, distance:] - square[:, :-distance]) ** 2
    # The lower part: blocks with faint print or ink differ more.
    return float(np.percentile(0.5 * (across.mean(axis=(1, 2)) + down.mean(axis=(1, 2))), 35))


def _flat_sigma(blocks: Floats) -> float:  # [N, size * size]
    """Return a low percentile of the blocks' deviation from their own plane."""
    size = _FLAT
    y, x = np.mgrid[0:size, 0:size].reshape(2, -1) - (size - 1) / 2.0
    rest = blocks - blocks.mean(axis=1, keepdims=True)
    for axis in (x, y):
        slope = (rest * axis).sum(axis=1) / (axis * axis).sum()
        rest = rest - np.outer(slope, axis)
    # The lower part: blocks with faint print or ink deviate more.
    return float(np.percentile(np.sqrt((rest**2).mean(axis=1)), 35))


def _ink(pixels: Floats, paper: Floats) -> tuple[str | None, tuple[float, float, float, float]]:
    """Return the colour's name and (r, g, b, strength): hue of its strongest part, median strength.

    Drawn ones of known ink: the median reads 1.04 of the strength on thin strokes under sharpened
    lenses, the most colourful third 1.5; on bold ones under a plain lens they read 0.8 and 1.05.

    Both arguments are [H, W, 3], less the light that the capture adds to black.
    """
    # Chroma is blocky and rims of pictures are ringed: leave the border out.
    light = np.clip(pixels / np.clip(paper, 2.0, 255.0), 0.01, 1.5)[6:-6, 6:-6].reshape(-1, 3)
    absorbed = -det_log(light)
    # Differences of light, not of absorbance: those are large in any noisy black.
    colourful = light.max(axis=1) - light.min(axis=1)
    ink = (colourful > _COLOURFUL) & (light.max(axis=1) > _NOT_PRINT)
    if ink.mean() < _INK_SHARE:
        return _dark_ink(absorbed[light.min(axis=1) < 0.7], len(absorbed))
    # The most colourful, not the darkest: those lie under print.
    strong = absorbed[ink & (colourful >= np.percentile(colourful[ink], 70))]
    hue = np.median(strong, axis=0).clip(0.02)
    channel = int(hue.argmax())
    typical = float(np.median(absorbed[ink, channel]))
    return _as_ink(_colour_name(hue), hue * (typical / float(hue[channel])))


def _dark_ink(dark: Floats, count: int) -> tuple[str | None, tuple[float, float, float, float]]:
    """Return black ink where an image is colourless but has plenty of dark pixels."""
    if len(dark) < 0.02 * count:
        return None, (0.0, 0.0, 0.0, 0.0)
    return _as_ink("black", np.median(dark, axis=0).clip(0.05))


def _colour_name(absorbed: Floats) -> str:
    """Return the name of the coloured ink whose direction is nearest."""

    def closeness(name: str) -> float:
        other = -det_log(np.array(COLOURS[name]))
        norms = (absorbed * absorbed).sum() * (other * other).sum()
        return float((absorbed * other).sum() / np.sqrt(norms))

    return max(("red", "blue", "purple"), key=closeness)


def _as_ink(name: str, absorbed: Floats) -> tuple[str, tuple[float, float, float, float]]:
    """Split an absorbance into transmittance at 1 (the named colour's depth) and strength."""
    depth = -float(det_log(min(COLOURS[name])))
    strength = max(float(absorbed.max()) / depth, 0.05)
    r, g, b = (float(t) for t in det_exp(-absorbed / strength))
    return name, (r, g, b, strength)


def _jpeg_settings(image: Image.Image) -> tuple[int, str | None]:
    """Return (quality, subsampling) of a JPEG file; (0, None) of anything else."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return 0, None
    quality = _quality_of(sum(tables[0]))
    layer = getattr(image, "layer", None)
    if not layer or len(layer) < 3:
        return quality, None
    factors = (layer[0][1], layer[0][2])
    return quality, {(1, 1): "444", (2, 1): "422", (2, 2): "420"}.get(factors)


# Sum of libjpeg's luminance table at quality 50.
_TABLE_SUM = 3688.0


def _quality_of(table_sum: int) -> int:
    """Return the libjpeg quality whose luminance table has about this sum."""
    scale = 100.0 * table_sum / _TABLE_SUM
    quality = 100.0 - scale / 2.0 if scale <= 100.0 else 5000.0 / scale
    return int(min(max(round(quality), 1), 100))
