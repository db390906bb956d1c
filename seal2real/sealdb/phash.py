"""Perceptual hashes: 256 bits that survive re-encoding, scaling and mild photography.

The hash is the sign pattern of the low 16 x 16 frequencies of a 32 x 32 luma grid. All numbers are
whole and below 2^47, which doubles add without rounding in any order: equal pixels have equal hashes
on every machine.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.detmath import det_cos

__all__ = ["HASH_BITS", "MATCH_BITS", "hamming", "perceptual_hash"]

_GRID = 32
_FREQUENCIES = 16
HASH_BITS = _FREQUENCIES * _FREQUENCIES
# Re-encoded copies differ in fewer bits than this, unrelated pages in about half of all
# (tests/sealdb/test_provenance.py measures both).
MATCH_BITS = 40
_PI = 3.141592653589793


@cache
def _basis() -> NDArray[np.float64]:  # [16, 32]
    """Return the first rows of the DCT-II matrix times 4096, rounded to whole numbers."""
    rows = [
        [round(4096 * float(det_cos(_PI * k * (2 * n + 1) / (2 * _GRID)))) for n in range(_GRID)]
        for k in range(_FREQUENCIES)
    ]
    return np.array(rows, np.float64)  # NumPy multiplies integers 4 times as slowly


def perceptual_hash(
    image: NDArray[np.uint8],  # [H, W, 3]
) -> bytes:
    """Return the 32 bytes that stand for how ``image`` (RGB) looks.

    Images below 32 pixels a side are repeated up to that.
    """
    height, width = image.shape[:2]
    if min(height, width) < _GRID:
        image = image.repeat(-(-_GRID // height), axis=0).repeat(-(-_GRID // width), axis=1)
    grid = _C.luma_grid(np.ascontiguousarray(image), _GRID, _GRID).astype(np.float64)
    basis = _basis()
    waves = basis @ grid @ basis.T
    bits = waves > 0
    bits[0, 0] = False  # the mean brightness says nothing about the picture
    return np.packbits(bits).tobytes()


def hamming(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return in how many bits hashes differ; ``a`` [..., 32] against ``b`` [..., 32]."""
    return np.bitwise_count(a ^ b).sum(axis=-1, dtype=np.int64)
