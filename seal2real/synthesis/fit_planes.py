"""Planes of photographs, as the measurements of ``fit`` look at them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seal2real.synthesis.capture import PAGE_WHITE, CaptureParams

__all__ = ["Floats", "blocks_of", "grown", "less_black", "luma_of"]

Floats = npt.NDArray[np.float64]

# Rec. 601: weights of red, green and blue in luma.
_LUMA = (0.299, 0.587, 0.114)


def luma_of(rgb: Floats) -> Floats:  # [..., 3] -> [...]
    """Return the luma (Rec. 601)."""
    red, green, blue = _LUMA
    return rgb[..., 0] * red + rgb[..., 1] * green + rgb[..., 2] * blue


def blocks_of(plane: Floats, size: int) -> Floats:
    """Cut [H, W, ...] into [rows, columns, size * size, ...]; what is left over is dropped."""
    rows, columns = plane.shape[0] // size, plane.shape[1] // size
    rest = plane.shape[2:]
    cut = plane[: rows * size, : columns * size].reshape(rows, size, columns, size, *rest)
    return np.moveaxis(cut, 2, 1).reshape(rows, columns, size * size, *rest)


def grown(mask: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Return which pixels have one of the mask within a square of that reach."""
    padded = np.pad(mask, reach)
    size = 2 * reach + 1
    rows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0).any(axis=-1)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(rows, size, axis=1).any(axis=-1))


def less_black(image: npt.NDArray[np.uint8], capture: CaptureParams) -> tuple[Floats, Floats]:
    """Return the light of a photographed page and of its bare paper, less that added to black."""
    above = image.astype(np.float64) - capture.black
    bare = np.array(capture.gain) * (capture.white * PAGE_WHITE / 255.0) - capture.black
    return above, np.broadcast_to(bare, above.shape)
