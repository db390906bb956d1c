"""Blur and sharpening of a photograph, found by photographing a drawn target in every way.

Blur flattens the edges of print, sharpening steepens them and leaves a bright seam beside them.
``find_focus`` looks up which pair of parameters gives a target the same steepness and seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from seal2real import _C
from seal2real.pages import ProceduralPages
from seal2real.synthesis.capture import CaptureParams

__all__ = ["Edges", "Focus", "find_focus", "measure_edges"]

Floats = npt.NDArray[np.float64]

_SIGMAS = tuple(0.2 + 0.1 * k for k in range(17))
_SHARPENS = tuple(0.2 * k for k in range(11))
# The target: windows (width, height) of so many drawn pages, at a resolution where strokes of print
# are 1 to 2 px wide, as in the photographs and scans of whole documents.
_TARGET_DPI = 160.0
_TARGET_PX = (320, 80)
_TARGET_PAGES = 4
_PAPER = 200.0
# Print must take this share of the paper's light to count as an edge.
_CONTRAST = 0.45
# Fewer edge pixels than this tell nothing.
_ENOUGH = 150


@dataclass(frozen=True)
class Edges:
    """What the edges of print look like."""

    # central difference over local contrast at steep edges, 0..0.5
    steepness: float
    # light beyond the paper's beside print, as a share of the paper
    seam: float
    # darkest print as a share of the paper
    darkest: float


@dataclass(frozen=True)
class Focus:
    """A lens: blur and sharpening, and how dark it lets thin print become."""

    sigma_px: float
    sharpen: float
    darkest: float


def measure_edges(
    luma: Floats,  # [H, W]
    paper: Floats,  # [H, W]
) -> Edges | None:
    """Return what the edges of print look like; None where there is too little print."""
    light = luma / np.maximum(paper, 1.0)
    steep, seams = [], []
    # Upright and level edges apart: a slanted one looks softer to either difference.
    for plane in (light, light.T):
        slope = np.abs(plane[:, 2:] - plane[:, :-2]) / 2.0
        views = np.lib.stride_tricks.sliding_window_view(plane, 7, axis=1)
        low, high = views.min(axis=2), views.max(axis=2)
        edge = high - low > _CONTRAST
        steep.append((slope[:, 2:-2] / np.maximum(high - low, 0.01))[edge])
        seams.append(high[edge])
    if sum(part.size for part in steep) < _ENOUGH:
        return None
    return Edges(
        float(np.percentile(np.concatenate(steep), 93)),
        float(np.median(np.concatenate(seams))) - 1.0,
        float(np.percentile(light, 0.5)),
    )


def find_focus(edges: Edges | None) -> Focus:
    """Return the lens under which a target shows such edges; a middling one for None."""
    if edges is None:
        return Focus(0.7, 0.0, 0.25)

    def distance(known: tuple[Focus, Edges]) -> float:
        # Both are read to about 0.02.
        steep = known[1].steepness - edges.steepness
        seam = known[1].seam - edges.seam
        return steep * steep + seam * seam

    return min(_targets(), key=distance)[0]


@lru_cache(maxsize=1)
def _targets() -> tuple[tuple[Focus, Edges], ...]:
    """Photograph the target with every lens."""
    page = _target()
    found = []
    for sigma in _SIGMAS:
        for sharpen in _SHARPENS:
            lens = CaptureParams(
                kind="phone", blur_sigma_px=sigma, sharpen=sharpen, white=_PAPER, noise_sigma=2.0
            )
            # all channels of a grey target are alike but for noise: green will do
            luma = _C.capture(page, lens, (0, 0))[..., 1].astype(np.float64)
            edges = measure_edges(luma, np.full_like(luma, _PAPER))
            if edges is not None:
                found.append((Focus(sigma, sharpen, edges.darkest), edges))
    return tuple(found)


def _target() -> npt.NDArray[np.uint8]:
    """Draw print as it is on pages: parts of a few contracts, full of text, one above the other."""
    pages = ProceduralPages(_TARGET_DPI, seed=1, languages=("zh",), kinds=("contract",))
    parts = []
    for number in range(_TARGET_PAGES):
        page = pages.page(number)
        x0, y0 = (page.width - _TARGET_PX[0]) // 2, (page.height - _TARGET_PX[1]) // 2
        part = page.window(x0, y0, x0 + _TARGET_PX[0], y0 + _TARGET_PX[1]).astype(np.float64)
        parts.append(part.min(axis=2) / float(min(page.paper)))
    grey = np.floor(np.concatenate(parts).clip(0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
