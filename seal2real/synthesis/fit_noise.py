"""Noise of a photograph's bare paper, also where JPEG has changed it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from seal2real.synthesis.capture import CaptureParams, apply_capture
from seal2real.synthesis.fit_ink import Ink, impressions
from seal2real.synthesis.fit_planes import Floats, blocks_of, grown, less_black, luma_of

__all__ = [
    "MOST_NOISE",
    "bare_blocks",
    "chroma_noise",
    "noise_before_jpeg",
    "paper_noise",
    "steps_of",
]

# px, blocks that measure noise
_FLAT = 8
# Fewer blocks apart from print tell less than all bare ones. Squared difference of far neighbours
# that relief of sigma 1 has, to the percentile that is taken.
_FEW, _RELIEF_FAR = 12, 1.10
# How often the range of noise is halved, of 255; what a capture takes.
_HALVINGS, MOST_NOISE = 7, 64.0


def bare_blocks(luma: Floats, paper: Floats, *, apart: bool) -> npt.NDArray[np.bool_]:
    """Return which blocks show nothing but paper, [rows, columns]; all if hardly one does.

    With ``apart`` their neighbours show no more: JPEG makes noise around strokes.
    """
    bare = blocks_of(luma / np.maximum(paper, 1.0), _FLAT).min(axis=2) > 0.85
    if apart:
        quiet = ~grown(~bare, 1)
        bare = quiet if quiet.sum() >= _FEW else bare
    return bare if bare.sum() >= 4 else np.ones_like(bare)


def paper_noise(luma: Floats, blocks: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return sigma of fine noise and of coarse relief on bare paper.

    Differences of near and of far neighbours tell the two apart: fine noise of sigma 1 has squares
    of 1 and 2, relief of 0.22 and 1.5 (measured on ``capture`` at 2.7 px).
    """
    near, far = steps_of(luma, blocks)
    # The factors are those of the percentile that _steps takes.
    coarse = max((far - 1.66 / 0.91 * near) / (_RELIEF_FAR - 1.66 / 0.91 * 0.18), 0.0)
    fine = max((near - 0.18 * coarse) / 0.91, 0.0)
    return float(np.sqrt(fine)), float(np.sqrt(coarse))


def chroma_noise(pixels: Floats, luma: Floats, blocks: npt.NDArray[np.bool_]) -> float:
    """Return sigma of what each channel's noise has of its own on bare paper."""
    own = [pixels[..., channel] - luma for channel in range(3)]
    return float(np.mean([_flat_sigma(blocks_of(plane, _FLAT)[blocks]) for plane in own]))


def steps_of(luma: Floats, blocks: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the squared differences of near and of far neighbours."""
    square = blocks_of(luma, _FLAT)[blocks].reshape(-1, _FLAT, _FLAT)
    return _steps(square, 1), _steps(square, 4)


def noise_before_jpeg(
    steps: tuple[float, float], ink: Ink, capture: CaptureParams
) -> tuple[float, float]:
    """Return sigma of noise and of relief that leave such differences beside drawn impressions.

    JPEG drops weak noise, turns fine noise coarse, and makes noise around strokes: relief is what
    noise alone does not explain. Noise that JPEG takes away altogether is as strong as it may be.
    """
    page = impressions(ink)

    def left(sigma: float) -> tuple[float, float]:
        shown, bare = less_black(apply_capture(page, replace(capture, noise_sigma=sigma)), capture)
        luma = luma_of(shown)
        return steps_of(luma, bare_blocks(luma, luma_of(bare), apart=True))

    low, high = 0.0, MOST_NOISE / 4.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if left(middle)[0] <= steps[0] else (low, middle)
    unexplained = max(steps[1] - left(low)[1], 0.0)
    return low, float(np.sqrt(unexplained / _RELIEF_FAR))


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
