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


def native_size(height: int, width: int, px_per_mm: float) -> tuple[int, int, float]:
    """Return (height, width, px_per_mm) at which the forger sees an image: at most 300 dpi.

    Raises:
        ValueError: if ``px_per_mm`` is not positive and finite.
    """
    if not 0.0 < px_per_mm < float("inf"):
        raise ValueError(
            f"native_size: px_per_mm must be finite and above 0, got {px_per_mm}; it is dpi / 25.4"
        )
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
        ValueError: if a size is below 1, ``channels`` negative, or ``px_per_mm`` not finite or below
            0.01.
    """
    planes: Floats = _C.noise_planes(rng, channels, height, width, px_per_mm)
    return planes
