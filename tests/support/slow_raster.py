"""A rasterizer that shares nothing with the C++ one: winding numbers at 16 x 16 points a pixel.

Shapes are lists of closed polygons filled by the non-zero rule; several shapes are joined by
boolean operations on the samples, so overlaps are right by construction.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shape", "edge_pixels", "inside", "pixel_samples", "truth_of"]

SIDE = 16
# Given samples [..., 2], tells which are inked.
Shape = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


def pixel_samples(pixels: NDArray[np.intp], side: int = SIDE) -> NDArray[np.float64]:
    """Return the samples [P, side^2, 2] of pixels [P, 2] (row, column): a grid of centres."""
    i, j = np.meshgrid(np.arange(side), np.arange(side))
    offsets = np.stack([(i.ravel() + 0.5) / side, (j.ravel() + 0.5) / side], axis=1)
    return pixels[:, None, ::-1] + offsets


def inside(points: NDArray[np.float64], contours: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Tell for points [..., 2] whether the winding number of ``contours`` ([N, 2] each) is not 0."""
    x, y = points[..., 0], points[..., 1]
    winding = np.zeros(x.shape, dtype=np.int32)
    for contour in contours:
        for (x0, y0), (x1, y1) in zip(contour, np.roll(contour, -1, axis=0), strict=True):
            if y0 == y1:
                continue
            crosses = (y >= min(y0, y1)) & (y < max(y0, y1))
            left = x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) <= x
            winding += np.where(crosses & left, 1 if y1 > y0 else -1, 0).astype(np.int32)
    return winding != 0


def edge_pixels(drawn: NDArray[np.uint8], shape: Shape) -> NDArray[np.intp]:
    """Return (row, column) of the pixels where drawing or shape changes within two pixels.

    Everywhere else one sample a pixel is enough: it must agree with the drawing.
    """
    every = np.argwhere(np.ones(drawn.shape, dtype=bool))
    centre = shape(pixel_samples(every, 1)).reshape(drawn.shape)
    partial = (drawn > 0) & (drawn < 255)
    changes = np.zeros(drawn.shape, dtype=bool)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            moved = np.roll(centre, (dy, dx), (0, 1)) != centre
            changes |= moved | np.roll(partial, (dy // 2, dx // 2), (0, 1))
    assert np.array_equal(drawn[~changes] == 255, centre[~changes])
    return np.argwhere(changes)


def truth_of(drawn: NDArray[np.uint8], shape: Shape) -> tuple[float, float]:
    """Return mean and greatest difference (of 255) over the pixels that either covers partly."""
    pixels = edge_pixels(drawn, shape)
    truth = shape(pixel_samples(pixels)).mean(axis=1) * 255.0
    values = drawn[pixels[:, 0], pixels[:, 1]].astype(np.float64)
    partial = ((values > 0) & (values < 255)) | ((truth >= 1.0) & (truth <= 254.0))
    difference = np.abs(values - truth)[partial]
    return float(difference.mean()), float(difference.max())
