"""What makes one drawn seal many: the forger's noise planes, the same in training and realisation.

No torch, so that a machine without torch can realise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.rng import Rng

__all__ = ["NATIVE_PX_PER_MM", "native_size", "noise_planes"]

Floats = NDArray[np.float32]

# The forger is trained at 100-300 dpi; above, it works on a page shrunk to 300 dpi.
NATIVE_PX_PER_MM = 300.0 / 25.4
# Knots of the low-frequency planes, mm apart: pressure and inking, and blots.
_CELLS_MM = (6.0, 1.5)


def native_size(height: int, width: int, px_per_mm: float) -> tuple[int, int, float]:
    """Return (height, width, px_per_mm) at which the forger sees an image: at most 300 dpi.

    Raises:
        ValueError: if ``px_per_mm`` is not positive and finite.
    """
    _check_scale("native_size", px_per_mm)
    if px_per_mm <= NATIVE_PX_PER_MM:
        return height, width, px_per_mm
    share = NATIVE_PX_PER_MM / px_per_mm
    return max(1, round(height * share)), max(1, round(width * share)), NATIVE_PX_PER_MM


def noise_planes(
    rng: Rng,
    height: int,
    width: int,
    px_per_mm: float,
    channels: int,
) -> Floats:  # [channels, H, W]
    """Return noise of mean 0 and variance 1 in every pixel.

    The first half of the channels (rounded up) is independent in every pixel; the others vary
    smoothly, with knots 6 mm and 1.5 mm apart in turn.

    Args:
        rng: the stream of this sample, seal and attempt.
        height: of the image as the forger sees it (``native_size``), px.
        width: likewise.
        px_per_mm: scale of that image.
        channels: the forger's ``noise_channels``; may be 0.

    Raises:
        ValueError: if a size is below 1, ``channels`` negative, or ``px_per_mm`` not positive and
            finite.
    """
    _check_scale("noise_planes", px_per_mm)
    if height < 1 or width < 1 or channels < 0:
        raise ValueError(
            f"noise_planes: height and width must be at least 1 and channels at least 0, got "
            f"{height}, {width}, {channels}; take them from the image and the forger"
        )
    planes = np.empty((channels, height, width), np.float32)
    fine = (channels + 1) // 2
    for k in range(fine):
        # uniform: 13 times as fast as normal draws
        planes[k] = rng.child("pixel", k).white_noise(height, width)
    for k in range(fine, channels):
        cell = _CELLS_MM[(k - fine) % len(_CELLS_MM)] * px_per_mm
        planes[k] = _smooth(rng.child("smooth", k - fine), height, width, cell)
    return planes


def _smooth(rng: Rng, height: int, width: int, cell_px: float) -> Floats:
    """Return normal draws on a grid, interpolated so that the variance is 1 everywhere."""
    low_y, share_y, knots_y = _between(height, cell_px, rng.uniform())
    low_x, share_x, knots_x = _between(width, cell_px, rng.uniform())
    grid = rng.normals(knots_y * knots_x).astype(np.float32).reshape(knots_y, knots_x)
    plane: Floats = _C.smooth_noise(grid, low_y, share_y, low_x, share_x)
    return plane


def _between(length: int, cell_px: float, offset: float) -> tuple[NDArray[np.intp], Floats, int]:
    """Return the knot before every pixel, how far along to the next it lies, and the knots."""
    place = (np.arange(length) + 0.5) / cell_px + offset
    low = place.astype(np.intp)
    return low, (place - low).astype(np.float32), int(low[-1]) + 2


def _check_scale(function: str, px_per_mm: float) -> None:
    if not 0.0 < px_per_mm < float("inf"):
        raise ValueError(
            f"{function}: px_per_mm must be finite and above 0, got {px_per_mm}; it is dpi / 25.4"
        )
