"""The user's own seal cut-outs, pressed as they are (the paper's template matching).

A cut-out is an image with alpha, or an impression on white. Its ink coverage is found once; pressing
it resamples that coverage, so masks are exact. Cut-outs are never realised further.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.pages.decode import open_rgba
from seal2real.pages.files import BadFile, refuse_strict
from seal2real.pages.page import MM_PER_INCH
from seal2real.sealdb.splits import SPLITS, split_of_key
from seal2real.synthesis.warp import Warp

__all__ = ["TEMPLATE_CLASS", "Template", "load_templates", "template_splits"]

Box = tuple[int, int, int, int]

# Class id of impressions whose parts are not known (docs/data-format.md).
TEMPLATE_CLASS = 7
# Width of a cut-out without a credible resolution: the most common company seal.
DEFAULT_WIDTH_MM = 40.0
# Cut-outs are kept at no more than this many pixels a side; a 40 mm seal at 600 dpi has 945.
_MAX_SIDE = 1024
# Resolutions that programs write without knowing.
_UNKNOWN_DPI = (0, 1, 72, 96)
# Up to here a pixel is paper: its grain, JPEG and uneven light.
_PAPER_DARKNESS = 40
# Impressions hold less ink than this, negative (白文) seals included.
_MOST_INKED = 0.85
_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


@dataclass(frozen=True)
class Template:
    """One cut-out: its coverage, ink and size."""

    # file name, without folders
    name: str
    # of the file's bytes
    sha256: str
    width_mm: float
    height_mm: float
    # uint8 [h, w], 255 is full ink
    coverage: NDArray[np.uint8]
    # share of red, green and blue light left by full ink, 0..1
    transmittance: tuple[float, float, float]

    @property
    def outline_mm(self) -> NDArray[np.float64]:
        """The cut-out's rectangle [4, 2] in mm around its centre."""
        x, y = self.width_mm / 2, self.height_mm / 2
        return np.array([[-x, -y], [x, -y], [x, y], [-x, y]])

    def draw(self, warp: Warp, box: Box, px_per_mm: float) -> NDArray[np.uint8]:
        """Return the coverage uint8 [h, w] of the window ``box`` (x0, y0, x1, y1 in px)."""
        x0, y0, x1, y1 = box
        source = _reduced(self.coverage, px_per_mm * self.width_mm)
        height, width = source.shape
        # Four window corners -> template px: exact for any homography, which is what Pillow takes.
        to_template = _inverse(warp.h)
        scale = (width / self.width_mm, height / self.height_mm)
        h = to_template
        rows = (
            (scale[0] * h[0] + width / 2 * h[6], scale[0] * h[1] + width / 2 * h[7],
             scale[0] * h[2] + width / 2 * h[8]),
            (scale[1] * h[3] + height / 2 * h[6], scale[1] * h[4] + height / 2 * h[7],
             scale[1] * h[5] + height / 2 * h[8]),
            (h[6], h[7], h[8]),
        )  # fmt: skip
        shifted = [(a, b, a * x0 + b * y0 + c) for a, b, c in rows]
        norm = shifted[2][2]
        data = tuple(value / norm for row in shifted for value in row)[:8]
        picture = Image.fromarray(source).transform(
            (x1 - x0, y1 - y0), Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR
        )
        return np.array(picture)

    def to_dict(self) -> dict[str, Any]:
        """Return what the record says of the cut-out."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "width_mm": self.width_mm,
            "height_mm": self.height_mm,
            "transmittance": list(self.transmittance),
        }


def load_templates(
    folder: Path, width_mm: float | None = None, *, strict: bool = False
) -> tuple[tuple[Template, ...], tuple[BadFile, ...]]:
    """Read every image of ``folder`` as a seal cut-out, in the order of names.

    Args:
        folder: images with alpha, or impressions on light paper.
        width_mm: width of all cut-outs; None takes each file's resolution, else 40 mm with a
            warning.
        strict: an unusable file is an error.

    Returns:
        The cut-outs, and the files that cannot be used.

    Raises:
        ValueError: if no file can be used, or one cannot and ``strict`` is set.
    """
    if not folder.is_dir():
        raise ValueError(
            f"load_templates: folder must be a folder of cut-outs, got {folder}; check --templates"
        )
    usable, bad = [], []
    unsized = 0
    for file in sorted(f for f in folder.iterdir() if f.suffix.lower() in _SUFFIXES):
        try:
            template, sized = _load(file, width_mm)
        except ValueError as error:
            bad.append(BadFile(file.name, str(error)))
            continue
        usable.append(template)
        unsized += not sized
    if unsized:
        warnings.warn(
            f"{unsized} of {len(usable)} cut-outs have no credible resolution: they are pressed "
            f"{DEFAULT_WIDTH_MM:g} mm wide; set --template-width-mm if they are not",
            stacklevel=2,
        )
    if strict and bad:
        raise refuse_strict("load_templates", bad)
    if not usable:
        listed = "; ".join(f"{file.file}: {file.reason}" for file in bad) or "no image at all"
        raise ValueError(
            f"load_templates: {folder} must hold at least one cut-out, got {listed}; "
            f"add files ending in {', '.join(_SUFFIXES)}"
        )
    return tuple(usable), tuple(bad)


def template_splits(
    templates: tuple[Template, ...], fractions: tuple[Fraction, Fraction, Fraction]
) -> dict[str, tuple[Template, ...]]:
    """Return the cut-outs of each split, decided by the hashes of their files.

    Args:
        templates: all cut-outs.
        fractions: shares of train, val and test; a split with share 0 may stay empty.

    Raises:
        ValueError: if a split with a share gets no cut-out.
    """
    parts: dict[str, tuple[Template, ...]] = {
        split: tuple(t for t in templates if split_of_key(fractions, t.sha256) == split)
        for split in SPLITS
    }
    for split, share in zip(SPLITS, fractions, strict=True):
        if share > 0 and not parts[split]:
            raise ValueError(
                f"template_splits: templates must give every split a cut-out, got none of "
                f"{len(templates)} for {split}; add cut-outs or write --split 1,0,0"
            )
    return parts


def _load(file: Path, width_mm: float | None) -> tuple[Template, bool]:
    """Return a cut-out, and whether its size is known."""
    rgba, dpi = open_rgba(file)
    coverage, transmittance = _separate(rgba, file)
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    coverage = coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    sized = width_mm is not None or (dpi is not None and round(dpi) not in _UNKNOWN_DPI)
    if width_mm is None:
        width_mm = MM_PER_INCH * coverage.shape[1] / dpi if sized and dpi else DEFAULT_WIDTH_MM
    height_mm = width_mm * coverage.shape[0] / coverage.shape[1]
    side = max(coverage.shape)
    if side > _MAX_SIDE:
        size = tuple(max(1, n * _MAX_SIDE // side) for n in (coverage.shape[1], coverage.shape[0]))
        coverage = np.array(Image.fromarray(coverage).resize(size, Image.Resampling.BOX))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Template(file.name, digest, width_mm, height_mm, coverage, transmittance), sized


def _separate(
    rgba: NDArray[np.uint8],  # [H, W, 4]
    file: Path,
) -> tuple[NDArray[np.uint8], tuple[float, float, float]]:
    """Split a cut-out into coverage uint8 [H, W] and the light that its full ink leaves."""
    alpha = rgba[..., 3].astype(np.int64)
    opaque = bool((alpha == 255).all())
    light = _without_paper(rgba[..., :3]) if opaque else rgba[..., :3].astype(np.int64)
    # Whichever channel the ink absorbs most says how much ink lies there, whatever its colour.
    darkness = (255 - light.min(axis=2)) * alpha // 255
    inked = darkness > (_PAPER_DARKNESS if opaque else 0)
    if not inked.any():
        raise ValueError(
            f"load_templates: {file.name} must show an impression, got a blank image; "
            "remove the file or crop the seal again"
        )
    share = int(np.count_nonzero(inked)) / inked.size
    if share > _MOST_INKED:
        raise ValueError(
            f"load_templates: {file.name} must be a seal with alpha or on even, light paper, got "
            f"{100 * share:.0f} % dark pixels; cut the seal out, or make the paper white"
        )
    # Full ink is the 95th percentile, not the maximum: black print under a cut-out and the ringing
    # of JPEG are darker than the ink.
    values = np.sort(darkness[inked])
    full = max(int(values[len(values) * 95 // 100]), 1)
    coverage = np.minimum(darkness * 255 // full, 255)
    coverage[~inked] = 0
    strong = darkness >= full * 3 // 4
    count = int(np.count_nonzero(strong))
    red, green, blue = (int(light[..., c][strong].sum()) / (255 * count) for c in range(3))
    return coverage.astype(np.uint8), (red, green, blue)


def _without_paper(
    rgb: NDArray[np.uint8],  # [H, W, 3]
) -> NDArray[np.int64]:  # [H, W, 3]
    """Return the light left of the paper's own, 0..255; scans are not quite white."""
    light = rgb.astype(np.int64)
    # the lighter tenth of every channel is paper, also beside a filled (白文) seal
    paper = np.sort(light.reshape(-1, 3), axis=0)[rgb[..., 0].size * 9 // 10]
    return np.minimum(light * 255 // np.maximum(paper, 1), 255)


@lru_cache(maxsize=32)
def _reduced_bytes(data: bytes, shape: tuple[int, int], width: int) -> NDArray[np.uint8]:
    source = Image.frombytes("L", (shape[1], shape[0]), data)
    size = (width, max(1, shape[0] * width // shape[1]))
    return np.array(source.resize(size, Image.Resampling.BOX))


def _reduced(coverage: NDArray[np.uint8], width_px: float) -> NDArray[np.uint8]:
    """Return ``coverage`` box-filtered to about ``width_px`` where it is larger."""
    width = max(1, round(width_px))
    if width >= coverage.shape[1]:
        return coverage
    height, full = coverage.shape
    return _reduced_bytes(coverage.tobytes(), (height, full), width)


def _inverse(h: tuple[float, ...]) -> tuple[float, ...]:
    """Return the inverse of a row-major 3x3 matrix by cofactors (no LAPACK: same bytes anywhere)."""
    a, b, c, d, e, f, g, i, j = h
    det = a * (e * j - f * i) - b * (d * j - f * g) + c * (d * i - e * g)
    return tuple(
        value / det
        for value in (
            e * j - f * i, c * i - b * j, b * f - c * e,
            f * g - d * j, a * j - c * g, c * d - a * f,
            d * i - e * g, b * g - a * i, a * e - b * d,
        )
    )  # fmt: skip
