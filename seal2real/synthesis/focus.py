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
from seal2real.rng import Rng
from seal2real.synthesis.capture import CaptureParams

__all__ = ["Edges", "Focus", "find_focus", "measure_edges"]

Floats = npt.NDArray[np.float64]

_SIGMAS = tuple(0.2 + 0.1 * k for k in range(17))
_SHARPENS = tuple(0.2 * k for k in range(11))
_TARGET_PX = 160
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
    """Draw strokes as print has them: 1.5 to 3 px wide, upright and level, edges between pixels."""
    rng = Rng(0, "focus target")
    light = np.ones((_TARGET_PX, _TARGET_PX))
    for k in range(90):
        x0, y0 = rng.uniform(4.0, _TARGET_PX - 24.0), rng.uniform(4.0, _TARGET_PX - 24.0)
        width, length = rng.uniform(1.5, 3.0), rng.uniform(6.0, 16.0)
        size = (length, width) if k % 2 else (width, length)
        cover = np.outer(_run(y0, y0 + size[1]), _run(x0, x0 + size[0]))
        light *= 1.0 - cover
    grey = np.floor(light * 255.0 + 0.5).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _run(start: float, stop: float) -> Floats:
    """Return the share of each pixel of a row that lies in [start, stop)."""
    left = np.arange(_TARGET_PX, dtype=np.float64)
    return np.clip(np.minimum(left + 1.0, stop) - np.maximum(left, start), 0.0, 1.0)
