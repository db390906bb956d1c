"""Coverages and pages for tests of ink and capture, drawn with NumPy alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def ring_and_bars(height: int, width: int, radius: float, center: tuple[float, float]) -> Bytes:
    """Return coverage u8 [H, W] of a ring, a disc and bars: thick and thin parts, round edges."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    distance = np.sqrt((x - center[0]) ** 2 + (y - center[1]) ** 2)
    ring = np.clip(radius * 0.05 - np.abs(distance - radius * 0.95) + 0.5, 0.0, 1.0)
    disc = np.clip(radius * 0.3 - distance + 0.5, 0.0, 1.0)
    bars = ((distance > radius * 0.45) & (distance < radius * 0.8) & (x // 4 % 3 == 0)) * 1.0
    return np.floor(np.maximum.reduce([ring, disc, bars]) * 255.0 + 0.5).astype(np.uint8)


def printed_page(height: int, width: int) -> Bytes:
    """Return a page u8 [H, W, 3] with colour, gradients and black lines."""
    y, x = np.mgrid[0:height, 0:width]
    page = np.empty((height, width, 3), np.uint8)
    page[..., 0] = 225 + x * 20 // max(width, 1)
    page[..., 1] = 232 + y * 15 // max(height, 1)
    page[..., 2] = 220 + (x + y) % 7
    page[(y % 23 < 3) & (x % 11 < 8)] = 30
    return page
