"""Paste a realised crop back into its page, so that nothing outside the support changes.

The forger is trained through the same composite (``seal2real.training.composite`` is this
arithmetic on tensors): it cannot gain by repainting paper, and the paste leaves no halo.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seal2real import _C

__all__ = ["FEATHER_FULL", "feather", "feather_reach_px", "paste"]

# Weight of a pixel that is the forger's alone.
FEATHER_FULL = 255
# Ink reaches past its label (absorbance 0.15) by its bleed and the lens's blur: so far, in mm and
# at least in px, the forger has the page to itself. With twice as much it smoothed the grain of the
# paper around strokes, which a classifier saw.
_INNER_MM = 0.15
_INNER_PX = 1
# Half the width of the ramp from there to the page, in mm and at least in px.
_RAMP_MM = 0.15
_RAMP_PX = 1
# 20320 dpi: radii of 120 px, of 128 that the native feather takes.
_MOST_PX_PER_MM = 800.0


def feather_reach_px(px_per_mm: float) -> int:
    """Return how far from ink a feather can be above 0, px.

    Raises:
        ValueError: if ``px_per_mm`` is not in (0, 800].
    """
    inner, ramp = _radii(px_per_mm)
    return inner + 2 * ramp


def feather(
    mask: NDArray[np.bool_],  # [H, W]
    support: NDArray[np.bool_],  # [H, W]
    px_per_mm: float,
) -> NDArray[np.uint8]:  # [H, W]
    """Return the weight of the forger in every pixel, in 1/255.

    It is 255 within about 0.15 mm of ink and falls in a line to 0 at about 0.45 mm, in whole px and
    in squares: grown ink, blurred by a box. Outside the support it is 0, so that a pasted page
    equals the synthetic one there bit for bit. A share in [0, 1] is ``feather(...) / 255``.

    Args:
        mask: where any seal left ink (absorbance at least 0.15).
        support: where clean and synthetic page may differ; contains the ink.
        px_per_mm: scale of the image.

    Raises:
        TypeError: if a plane is not bool.
        ValueError: if the planes differ in size, are not [H, W], or ``px_per_mm`` is not in
            (0, 800].
    """
    for name, plane in (("mask", mask), ("support", support)):
        if plane.dtype != np.bool_:
            raise TypeError(
                f"feather: {name} must be bool, got {plane.dtype}; compare the plane with 0"
            )
    if mask.ndim != 2 or mask.shape != support.shape:
        raise ValueError(
            f"feather: mask and support must be [H, W] of one size, got {list(mask.shape)} and "
            f"{list(support.shape)}; take both from one sample"
        )
    inner, ramp = _radii(px_per_mm)
    weight: NDArray[np.uint8] = _C.feather(mask.view(np.uint8), support.view(np.uint8), inner, ramp)
    return weight


def paste(
    forged: NDArray[np.uint8],  # [H, W, 3]
    synthetic: NDArray[np.uint8],  # [H, W, 3]
    weight: NDArray[np.uint8],  # [H, W]
    clean: NDArray[np.uint8],  # [H, W, 3]
) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return the synthetic page with as much ink as the forged one has.

    What the ink takes from a pixel's light (synthetic - clean, a vector d) is scaled by 1 + g, where
    g, within [-1, 1], is the share of d that forged - synthetic amounts to: their product over
    |d|² + 16². So the forger says how much ink there is; its hue stays, bare paper and print stay,
    and no edge moves. Then the two are mixed, weight of 255 for the scaled one, in integers. Where
    the weight is 0, and where ``forged`` is ``synthetic``, the result is ``synthetic``.

    Raises:
        TypeError: if an array is not uint8.
        ValueError: if the sizes differ.
    """
    planes = (("forged", forged), ("synthetic", synthetic), ("weight", weight), ("clean", clean))
    for name, array in planes:
        if array.dtype != np.uint8:
            raise TypeError(f"paste: {name} must be uint8, got {array.dtype}; quantise it first")
    if not forged.shape == synthetic.shape == clean.shape == (*weight.shape, 3):
        shapes = [list(plane.shape) for plane in (forged, synthetic, clean, weight)]
        raise ValueError(
            "paste: forged, synthetic and clean must be [H, W, 3] with weight [H, W], got "
            f"{shapes}; take all from one sample"
        )
    pasted: NDArray[np.uint8] = _C.paste(forged, synthetic, weight, clean)
    return pasted


def _radii(px_per_mm: float) -> tuple[int, int]:
    """Return (inner, ramp): radius of full weight and half width of the ramp, px."""
    if not 0.0 < px_per_mm <= _MOST_PX_PER_MM:
        raise ValueError(
            f"feather: px_per_mm must be above 0 and at most {_MOST_PX_PER_MM:g}, got {px_per_mm}; "
            "it is dpi / 25.4"
        )
    return (
        max(_INNER_PX, round(_INNER_MM * px_per_mm)),
        max(_RAMP_PX, round(_RAMP_MM * px_per_mm)),
    )
