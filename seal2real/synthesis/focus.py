"""Blur and sharpening of a photograph, found by photographing a drawn target in every way.

Blur flattens the edges of print, sharpening steepens them and leaves a bright seam beside them.
``find_focus`` looks up which pair of parameters gives a target the same light beside its print,
averaged over all edges: noise and light, which a single edge suffers from, cancel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from seal2real import _C
from seal2real.pages import ProceduralPages
from seal2real.synthesis.capture import CaptureParams, jpeg_round_trip

__all__ = ["Edges", "Focus", "find_focus", "measure_edges"]

Floats = npt.NDArray[np.float64]

_SIGMAS = tuple(0.2 + 0.1 * k for k in range(17))
_SHARPENS = tuple(0.2 * k for k in range(16))
# The target: windows (width, height) of so many drawn pages, at a resolution where strokes of print
# are 1 to 2 px wide, as in the photographs and scans of whole documents.
_TARGET_DPI = 160.0
_TARGET_PX = (320, 80)
_TARGET_PAGES = 4
_PAPER = 200.0
# Print takes at least so much of the paper's light; with less there is none.
_LEAST_CONTRAST = 0.4
# Shares of the darkest print's contrast to the paper: an edge lies where light crosses the first,
# beside a pixel of print that has at least the second and bare pixels of less than the third.
_CROSSED, _DARK, _CLEAR = 0.3, 0.6, 0.18
# Pixels looked at on either side; of the light ones the first are still the edge's own, and the last
# stand for bare paper.
_DARK_PX, _LIGHT_PX, _EDGE_PX, _BARE_PX = 3, 8, 2, 3
# Qualities of JPEG that the target is photographed with lie so far apart.
_QUALITY_STEP = 5
# How much the light pixels but the last count: the nearest depends on the stroke's own width.
_WEIGHTS = (0.3, 1.0, 2.0, 2.0, 1.0)
# Fewer edge pixels than this tell nothing.
_ENOUGH = 150


@dataclass(frozen=True)
class Edges:
    """What the edges of print look like."""

    # light 1, 2, ... px beside print, less that of the paper farther off, over the contrast
    beside: tuple[float, ...]
    # darkest print as a share of the paper
    darkest: float


@dataclass(frozen=True)
class Focus:
    """A lens: blur and sharpening, and how dark it lets thin print become."""

    sigma_px: float
    sharpen: float
    darkest: float


def measure_edges(
    light: Floats,  # [H, W]
) -> Edges | None:
    """Return what the edges of print look like; None where there is too little print.

    Args:
        light: of each pixel's clearest channel, as a share of the paper's: coloured ink, whose edges
            are its own, is bright there.
    """
    darkest = float(np.percentile(light, 0.5))
    if 1.0 - darkest < _LEAST_CONTRAST:
        return None
    crossed, dark, clear = (1.0 - share * (1.0 - darkest) for share in (_CROSSED, _DARK, _CLEAR))
    found = []
    for plane in (light, light[:, ::-1], light.T, light.T[:, ::-1]):
        views = np.lib.stride_tricks.sliding_window_view(plane, _DARK_PX + _LIGHT_PX, axis=1)
        edge = (views[..., _DARK_PX - 1] < crossed) & (views[..., _DARK_PX] >= crossed)
        edge &= views[..., :_DARK_PX].min(axis=2) <= dark
        edge &= views[..., _DARK_PX + _EDGE_PX :].min(axis=2) > clear
        found.append(views[edge])
    edges = np.concatenate(found)
    if len(edges) < _ENOUGH:
        return None
    edges = edges / edges[:, -_BARE_PX:].mean(axis=1, keepdims=True)
    contrast = 1.0 - edges[:, :_DARK_PX].min(axis=1).mean()
    beside = (edges[:, _DARK_PX:-_BARE_PX].mean(axis=0) - 1.0) / contrast
    return Edges(tuple(float(v) for v in beside), darkest)


def find_focus(edges: Edges | None, quality: int = 0) -> Focus:
    """Return the lens under which a target shows such edges; a middling one for None.

    Args:
        edges: of the photograph.
        quality: of the JPEG that it went through, 1..100; 0: none. Compression flattens edges and
            rings beside them, so the target goes through one of about that quality.
    """
    if edges is None:
        return Focus(0.7, 0.0, 0.25)

    def distance(known: tuple[Focus, Edges]) -> float:
        pairs = zip(known[1].beside, edges.beside, strict=True)
        return sum(w * (a - b) ** 2 for w, (a, b) in zip(_WEIGHTS, pairs, strict=True))

    nearest = max(round(quality / _QUALITY_STEP), 1) * _QUALITY_STEP if quality else 0
    return min(_targets(nearest), key=distance)[0]


@lru_cache(maxsize=32)
def _targets(quality: int) -> tuple[tuple[Focus, Edges], ...]:
    """Photograph the target with every lens."""
    page = _target()
    found = []
    for sigma in _SIGMAS:
        for sharpen in _SHARPENS:
            lens = CaptureParams(
                kind="phone", blur_sigma_px=sigma, sharpen=sharpen, white=_PAPER, noise_sigma=2.0
            )
            shown = _C.capture(page, lens, (0, 0))
            if quality:
                shown = jpeg_round_trip(shown, quality, "420")
            # all channels of a grey target are alike but for noise: green will do
            edges = measure_edges(shown[..., 1] / _PAPER)
            if edges is not None:
                found.append((Focus(sigma, sharpen, edges.darkest), edges))
    return tuple(found)


def _target() -> npt.NDArray[np.uint8]:  # [H, W, 3]
    """Return print as it is on pages: parts of a few contracts, full of text, one above the other."""
    pages = ProceduralPages(_TARGET_DPI, seed=1, languages=("zh",), kinds=("contract",))
    parts = []
    for number in range(_TARGET_PAGES):
        page = pages.page(number)
        x0, y0 = (page.width - _TARGET_PX[0]) // 2, (page.height - _TARGET_PX[1]) // 2
        part = page.window(x0, y0, x0 + _TARGET_PX[0], y0 + _TARGET_PX[1]).astype(np.float64)
        parts.append(part.min(axis=2) / float(min(page.paper)))
    grey = np.floor(np.concatenate(parts).clip(0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
