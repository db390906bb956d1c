"""JPEG compression of an image that is no JPEG file any more, found in its pixels.

Crops of photographs are often kept as PNG, but their pixels still are what a JPEG decoder made: in
blocks of 8 px the cosine coefficients lie at multiples of the steps they were quantised with, and
colour was stored at half the resolution. Sums are written out term by term: equal images give equal
numbers on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seal2real.detmath import det_cos, det_exp, det_log
from seal2real.synthesis.fit_planes import Floats, luma_of

__all__ = ["block_phase", "find_jpeg", "quality_of"]

_BLOCK = 8
# Middle of the image that is looked at, px: 4096 blocks tell enough.
_SIDE = 512
# Sum of libjpeg's luminance table at quality 50.
_TABLE_SUM = 3688.0
# Its entries that pictures leave coefficients in: (row, column) -> step.
_LUMA_STEPS = {
    (0, 1): 11, (1, 0): 12, (1, 1): 12, (0, 2): 10, (2, 0): 14,
    (1, 2): 14, (2, 1): 13, (2, 2): 16, (0, 3): 16, (3, 0): 14,
}  # fmt: skip
_CHROMA_TERMS = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))
# High frequencies, which quantising mostly makes zero.
_FINE_TERMS = ((3, 3), (2, 5), (5, 2), (4, 4))
_STEPS = np.arange(1.0, 101.0)
# Deviation of a coefficient from its multiple: pixels are rounded. Smaller ones are noise.
_LUMA_SIGMA, _CHROMA_SIGMA, _LEAST = 0.5, 0.8, 1.5
# Share of coefficients that clipped pixels or a second compression move off the multiples.
_ASTRAY = 0.1
# What a coefficient must say for a step, against any value being as likely, in nats; how many must be
# there, and how many frequencies must agree that there are steps.
_CLEAR, _ENOUGH, _TERMS = 0.5, 30, 3
# Chroma of RGB (JFIF).
_CB, _CR = (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312)


def find_jpeg(rgb: npt.NDArray[np.uint8]) -> tuple[int, str | None]:  # [H, W, 3]
    """Return (quality, subsampling) of the JPEG that an image went through last.

    Quality is libjpeg's, 1..100, and 0 without a trace of compression at this size (none, above about
    90, or the image was resized afterwards). Subsampling is "444", "422", "420", or None where
    the image has too little colour to tell.
    """
    if min(rgb.shape[:2]) < 4 * _BLOCK:
        return 0, None
    pixels, _ = _middle(rgb)
    luma = luma_of(pixels)
    phase = _phase(luma)
    quality = _quality(luma, phase)
    if not quality:
        return 0, None
    return quality, _subsampling([_mix(pixels, _CB), _mix(pixels, _CR)], phase)


def block_phase(rgb: npt.NDArray[np.uint8]) -> tuple[int, int]:  # [H, W, 3]
    """Return the first pixel (y, x), below 8 each, where blocks of a compressed image start.

    The image has at least 32 px a side.
    """
    pixels, origin = _middle(rgb)
    y, x = _phase(luma_of(pixels))
    return (origin[0] + y) % _BLOCK, (origin[1] + x) % _BLOCK


def _middle(rgb: npt.NDArray[np.uint8]) -> tuple[Floats, tuple[int, int]]:
    """Return the part of an image that is looked at, and its first pixel (y, x)."""
    height, width = rgb.shape[:2]
    top, left = max(height - _SIDE, 0) // 2, max(width - _SIDE, 0) // 2
    return rgb[top : top + _SIDE, left : left + _SIDE].astype(np.float64), (top, left)


def quality_of(table_sum: float) -> int:
    """Return the libjpeg quality, 1..100, whose luminance table has about this sum."""
    return _quality_of_scale(100.0 * table_sum / _TABLE_SUM)


def _quality_of_scale(percent: float) -> int:
    """Return the libjpeg quality whose tables are ``percent`` of those at quality 50."""
    quality = 100.0 - percent / 2.0 if percent <= 100.0 else 5000.0 / percent
    return int(min(max(round(quality), 1), 100))


def _mix(pixels: Floats, weights: tuple[float, float, float]) -> Floats:  # [H, W, 3] -> [H, W]
    red, green, blue = weights
    return pixels[..., 0] * red + pixels[..., 1] * green + pixels[..., 2] * blue


def _waves() -> Floats:
    """Return the cosines of an orthonormal DCT-II over a block: [frequency, pixel]."""
    k = np.arange(_BLOCK, dtype=np.float64)
    waves = 0.5 * det_cos((2.0 * k[None] + 1.0) * k[:, None] * (np.pi / 16.0))
    waves[0] *= np.sqrt(0.5)
    return np.asarray(waves)


_WAVES = _waves()


def _filtered(plane: Floats, taps: Sequence[float], axis: int) -> Floats:
    """Return the sums over every window of ``len(taps)`` pixels along an axis."""
    count = plane.shape[axis] - len(taps) + 1
    total = np.zeros(1)
    for k, tap in enumerate(taps):
        part = plane[k : k + count] if axis == 0 else plane[:, k : k + count]
        total = total + tap * part
    return total


def _coefficients(plane: Floats, term: tuple[int, int]) -> Floats:
    """Return a cosine coefficient of the block that starts at every pixel."""
    row, column = term
    return _filtered(_filtered(plane, _WAVES[column].tolist(), 1), _WAVES[row].tolist(), 0)


def _phase(luma: Floats) -> tuple[int, int]:
    """Return where blocks start, (y, x) below 8: there most of the fine coefficients are zero."""
    none = np.zeros((_BLOCK, _BLOCK))
    for term in _FINE_TERMS:
        small = np.abs(_coefficients(luma, term)) < _LUMA_SIGMA
        for y in range(_BLOCK):
            for x in range(_BLOCK):
                none[y, x] += small[y::_BLOCK, x::_BLOCK].mean()
    y, x = divmod(int(none.argmax()), _BLOCK)
    return y, x


def _best_step(values: Floats, sigma: float) -> tuple[float, float]:
    """Return the step whose multiples the values lie at, and what a value says for it, in nats.

    Compared with values that may lie anywhere; 0 nats where too few values tell.
    """
    seen = values[np.abs(values) > _LEAST]
    if len(seen) < _ENOUGH:
        return 0.0, 0.0
    gains = []
    for step in _STEPS:
        # What is not zero is one step away from it at least.
        off = np.abs(seen) - np.maximum(np.round(np.abs(seen) / step), 1.0) * step
        density = det_exp(-0.5 * (off / sigma) ** 2) / (sigma * np.sqrt(2.0 * np.pi))
        gains.append(float(det_log((1.0 - _ASTRAY) * density * step + _ASTRAY).mean()))
    best = int(np.argmax(gains))
    return float(_STEPS[best]), gains[best]


def _quality(luma: Floats, phase: tuple[int, int]) -> int:
    """Return the quality that the steps of low frequencies speak for; 0 where there are none."""
    y, x = phase
    scales = []
    for term, step in _LUMA_STEPS.items():
        values = _coefficients(luma, term)[y::_BLOCK, x::_BLOCK].ravel()
        found, gain = _best_step(values, _LUMA_SIGMA)
        if gain > _CLEAR:
            scales.append(100.0 * found / step)
    return _quality_of_scale(float(np.median(scales))) if len(scales) >= _TERMS else 0


def _halved(plane: Floats, start: int, axis: int) -> Floats:
    """Return the samples that a decoder's triangle filter made two pixels of, from ``start`` on.

    The filter gives (3 a + b) / 4 and (a + 3 b) / 4 between samples a and b; this undoes it from both
    sides of a sample. The first sample, which lacks a neighbour, is left out with its whole block.
    """
    first = start + 2 * _BLOCK - 1
    cut = plane[first:] if axis == 0 else plane[:, first:]
    sums = _filtered(cut, (-0.25, 0.75, 0.75, -0.25), axis)
    return sums[::2] if axis == 0 else sums[:, ::2]


def _subsampling(chroma: Sequence[Floats], phase: tuple[int, int]) -> str | None:
    """Return the subsampling under which colour lies at multiples of steps as well."""
    y, x = phase
    whole = [plane[y:, x:] for plane in chroma]
    gains = {"444": _colour_gain(whole)}
    across = [[_halved(plane, shift, 1) for plane in whole] for shift in (0, _BLOCK)]
    gains["422"] = max(_colour_gain(planes) for planes in across)
    both = [
        [_halved(plane, shift, 0) for plane in planes] for planes in across for shift in (0, _BLOCK)
    ]
    gains["420"] = max(_colour_gain(planes) for planes in both)
    name = max(gains, key=lambda key: gains[key])
    return name if gains[name] > _CLEAR else None


def _colour_gain(planes: Sequence[Floats]) -> float:
    """Return what a coefficient of colour says for steps, in nats, mean over frequencies."""
    gains = []
    for term in _CHROMA_TERMS:
        values = [_coefficients(plane, term)[::_BLOCK, ::_BLOCK].ravel() for plane in planes]
        gains.append(_best_step(np.concatenate(values), _CHROMA_SIGMA)[1])
    return float(np.mean(gains))
