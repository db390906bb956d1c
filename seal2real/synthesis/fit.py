"""Measure ink and photography of a real image: paper, light, blur, noise, JPEG, ink colour.

Each measurement inverts one effect of ``capture`` or ``ink``; tests draw images with known
parameters and find them again. Equal images give equal numbers to the last bit on every machine:
no products of matrices (BLAS sums in an order of each processor), no logarithm of NumPy's.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from seal2real.pages.decode import check_image, upright_rgb
from seal2real.pages.files import MAX_PIXELS
from seal2real.synthesis.capture import PAGE_WHITE, CaptureParams
from seal2real.synthesis.compression import block_phase, find_jpeg, quality_of
from seal2real.synthesis.fit_ink import find_chroma_blur, find_ink, true_hue
from seal2real.synthesis.fit_noise import (
    MOST_NOISE,
    bare_blocks,
    chroma_noise,
    noise_before_jpeg,
    paper_noise,
    steps_of,
)
from seal2real.synthesis.fit_planes import Floats, blocks_of, luma_of
from seal2real.synthesis.focus import Focus, find_focus, measure_edges

__all__ = ["Measured", "measure", "measure_folder"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
_BLOCK = 16  # px, blocks that look for the local paper colour
_MIN_SIDE = 64
# Larger images are measured at their centre: what is measured does not need more.
_MAX_SIDE = 1600
# Light and shade of photographs swing about twice across; smooth noise of amount 1 and such a feature
# size spans so much between its 5th and 95th percentile (mean of 300).
_LIGHT_FEATURE, _LIGHT_SPAN = 0.45, 0.87
# Lens and black are found in turn so many times.
_ROUNDS = 3


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
    # sigma of a further blur of colour, px; None without coloured ink
    chroma_blur_sigma_px: float | None
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
    rgb = upright_rgb(image)
    if min(rgb.shape[:2]) < _MIN_SIDE:
        raise ValueError(
            f"fit: image must be at least {_MIN_SIDE} px wide and high, got "
            f"{rgb.shape[1]}x{rgb.shape[0]}; leave it out"
        )
    if not quality:
        quality, subsampling = find_jpeg(rgb)
    rgb = _centre(rgb)
    if quality:
        # Within blocks of the JPEG, as in the drawn impressions that they are compared with.
        y, x = block_phase(rgb)
        rgb = rgb[y:, x:]
    pixels = rgb.astype(np.float64)
    field = _paper_field(pixels)
    paper = np.median(field.reshape(-1, 3), axis=0)
    luma = luma_of(pixels)
    full = _spread(field, pixels.shape[:2])
    lit = luma_of(full)
    blocks = bare_blocks(luma, lit, apart=quality > 0)
    focus, black = _focus_and_black(pixels, full, quality)
    capture = _capture(paper, black, focus, quality, subsampling)
    above, bare = pixels - black, full - black
    ink = find_ink(above, bare)
    if quality:
        noise, texture = noise_before_jpeg(steps_of(luma, blocks), ink, capture)
    else:
        noise, texture = paper_noise(luma, blocks)
    capture = replace(
        capture, noise_sigma=min(noise, MOST_NOISE), texture_sigma=min(texture, MOST_NOISE)
    )
    chroma_blur = find_chroma_blur(above, bare, ink, capture)
    if ink.coloured:
        ink = true_hue(ink, replace(capture, chroma_blur_sigma_px=chroma_blur or 0.0))
    return Measured(
        paper=(float(paper[0]), float(paper[1]), float(paper[2])),
        black=black,
        light_amount=_light_amount(luma_of(field)),
        light_scale_px=_LIGHT_FEATURE * max(pixels.shape[:2]),
        blur_sigma_px=focus.sigma_px,
        sharpen=focus.sharpen,
        chroma_blur_sigma_px=chroma_blur,
        noise_sigma=noise,
        chroma_sigma=chroma_noise(pixels, luma, blocks),
        texture_sigma=texture,
        jpeg_quality=quality,
        subsampling=subsampling,
        colour=ink.colour,
        ink=ink.split(),
    )


def _centre(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    top, left = max(height - _MAX_SIDE, 0) // 2, max(width - _MAX_SIDE, 0) // 2
    return rgb[top : top + _MAX_SIDE, left : left + _MAX_SIDE]


def _paper_field(pixels: Floats) -> Floats:  # [rows, columns, 3]
    """Return the local paper colour: bright in its block, and no less than its neighbourhood."""
    field = np.percentile(blocks_of(pixels, _BLOCK), 80, axis=2)
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


def _focus_and_black(pixels: Floats, paper: Floats, quality: int) -> tuple[Focus, float]:
    """Return the lens and the level of full black, each found with the other.

    What counts as print depends on the light that the capture adds to black; and how dark thin
    print becomes depends on the lens. Images without print tell neither: their black is 0.

    Args:
        pixels: [H, W, 3].
        paper: the same of bare paper.
        quality: of the JPEG that the image went through, or 0.
    """
    clearest = pixels.max(axis=2)
    bare, print_level = float(np.median(paper.max(axis=2))), float(np.percentile(clearest, 0.5))
    focus, black = find_focus(None), 0.0
    for _ in range(_ROUNDS):
        edges = measure_edges(((pixels - black) / np.maximum(paper - black, 1.0)).max(axis=2))
        if edges is None:
            break
        focus = find_focus(edges, quality)
        # how dark the lens lets thin print become
        share = focus.darkest
        black = min(max((print_level - share * bare) / max(1.0 - share, 0.2), 0.0), 0.3 * bare)
    return focus, black


def _capture(
    paper: Floats, black: float, focus: Focus, quality: int, subsampling: str | None
) -> CaptureParams:
    """Return the photography, but for noise, under which drawn pages have these measures."""
    brightest = max(float(paper.max()), 1.0)
    r, g, b = (float(p) / brightest for p in paper)
    return CaptureParams(
        kind="phone",
        gain=(r, g, b),
        black=black,
        white=black + (brightest - black) * 255.0 / PAGE_WHITE,
        blur_sigma_px=focus.sigma_px,
        sharpen=focus.sharpen,
        jpeg_quality=quality or None,
        jpeg_subsampling=subsampling or "420",
    )


def _jpeg_settings(image: Image.Image) -> tuple[int, str | None]:
    """Return (quality, subsampling) of a JPEG file; (0, None) of anything else."""
    tables = getattr(image, "quantization", None)
    if not tables:
        return 0, None
    quality = quality_of(sum(tables[0]))
    layer = getattr(image, "layer", None)
    if not layer or len(layer) < 3:
        return quality, None
    factors = (layer[0][1], layer[0][2])
    return quality, {(1, 1): "444", (2, 1): "422", (2, 2): "420"}.get(factors)
