"""Paint over what must not be looked at: drawn boxes, tags, titles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

__all__ = ["fill_ignored", "grow"]

Floats = NDArray[np.float32]


def grow(mask: NDArray[np.bool_], radius_px: int) -> NDArray[np.bool_]:
    """Return bool [H, W] dilated by a square of side 2 ``radius_px`` + 1."""
    if radius_px < 1 or not mask.any():
        return mask
    plane = Image.fromarray(mask.astype(np.uint8) * 255)
    return np.asarray(plane.filter(ImageFilter.MaxFilter(2 * radius_px + 1))) > 0


def fill_ignored(
    image: NDArray[np.uint8],  # [H, W, 3] RGB
    ignore: NDArray[np.bool_],  # [H, W]
) -> NDArray[np.uint8]:  # [H, W, 3] RGB
    """Return ``image`` with the ignored pixels replaced by what lies round them.

    Colours are averaged over what is known in ever larger squares and carried back down, so that
    a box's line takes the paper's colour and a large hole turns smooth.

    Source: Gortler et al. 1996, "The Lumigraph", section 3.4 (pull-push).

    Raises:
        ValueError: if the shapes differ or nothing is left to fill from.
    """
    if image.shape[:2] != ignore.shape or image.ndim != 3:
        raise ValueError(
            f"fill_ignored: ignore must have the image's size {image.shape[:2]}, got "
            f"{ignore.shape}; make the mask from the same image"
        )
    if not ignore.any():
        return image
    if ignore.all():
        raise ValueError(
            "fill_ignored: ignore must leave some pixels, got a mask of all of them; "
            "255 marks what to ignore, 0 what to use"
        )
    known = (~ignore).astype(np.float32)[..., None]
    filled = _pull_push(image.astype(np.float32) * known, known)
    out = image.copy()
    out[ignore] = np.rint(filled[ignore]).astype(np.uint8)
    return out


def _pull_push(weighted: Floats, weight: Floats) -> Floats:
    """Return colours everywhere; ``weighted`` [H, W, 3] is colour times ``weight`` [H, W, 1]."""
    colour = np.asarray(weighted / np.maximum(weight, 1e-6), np.float32)
    if (weight > 0).all():
        return colour
    below = _pull_push(_halved(weighted), _halved(weight))
    height, width = weight.shape[:2]
    coarse: Floats = below.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    share = np.minimum(weight, np.float32(1.0))
    return coarse + share * (colour - coarse)


def _halved(plane: Floats) -> Floats:
    """Return the sums of 2 x 2 squares; an odd rim is paired with nothing."""
    odd = ((0, plane.shape[0] % 2), (0, plane.shape[1] % 2), (0, 0))
    even = np.pad(plane, odd)
    summed: Floats = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return summed
