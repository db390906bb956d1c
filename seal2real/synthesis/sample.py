"""What synthesis makes: a page with and without seals, its labels and its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["INK_ABSORBANCE", "MAX_SEALS", "SHAPE_COVERAGE", "Sample"]

# A pixel belongs to a seal's `ink` layer from this absorbance on (docs/data-format.md).
INK_ABSORBANCE = 0.15
# A pixel belongs to a seal's `shape` layer from this share of ideal coverage on.
SHAPE_COVERAGE = 0.5
# Masks hold one bit a seal in 8-bit planes.
MAX_SEALS = 8


@dataclass(frozen=True)
class Sample:
    """One synthetic image with everything known about it.

    All arrays share H and W; x points right, y down, and the origin is the corner of the
    top-left pixel.
    """

    # uint8 [H, W, 3], RGB: the page with its seals (the paper's I_s)
    synthetic: NDArray[np.uint8]
    # uint8 [H, W, 3], RGB: the same page without seals (I_d)
    clean: NDArray[np.uint8]
    # uint8 [H, W]: bit k is the impressed ink of seal k
    mask: NDArray[np.uint8]
    # uint8 [H, W]: bit k is the ideal shape of seal k
    shape: NDArray[np.uint8]
    # uint8 [H, W]: class of the topmost seal part, 0 is background
    classes: NDArray[np.uint8]
    # bool [H, W]: outside it `clean` and `synthetic` are equal
    support: NDArray[np.bool_]
    # the canonical record, as written to {id}.json
    record: dict[str, Any]
    # uint8 [H, W, 3], RGB: the page after realisation (I_f); None without one
    forged: NDArray[np.uint8] | None = None
    # uint8 [H, W]: ideal coverage of the seals, 255 is full, before any ink; a forger's `ink`
    # plane is this over 255. Not stored; None where it is not known
    coverage: NDArray[np.uint8] | None = None
