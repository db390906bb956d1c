"""The colour of a seal's ink, by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from seal2real.crops.fill import fill_ignored, grow
from seal2real.synthesis.ink import COLOURS

__all__ = ["ink_colour"]

# Share of absorbance between channels below which ink is black. Print is known to have no colour,
# so that beside it the share can be small: of 10 black and 11 blue impressions photographed the
# black ones have at most 0.05, the blue ones at least 0.13 (the pale ones, in shade). Without print
# the light's own colour is not known, and black ink has up to 0.15.
_COLOURLESS, _COLOURLESS_WITHOUT_PRINT = 0.10, 0.25
# Ink is seen best where it is most colourful: elsewhere print lies over it.
_STRONGEST = 60.0
# Squares of dark print that tell its absorbance, and the share between channels up to which it is
# taken for black: headings may be printed in colour.
_LEAST_PRINT, _MOST_TINT = 40, 0.3


def ink_colour(
    image: NDArray[np.uint8],  # [H, W, 3] RGB
    ink: NDArray[np.bool_],  # [ceil(H / 2), ceil(W / 2)]
) -> str:
    """Return "red", "blue", "purple" or "black": what the ink absorbs of the paper round it."""
    height, width = ink.shape
    small = Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BOX)
    pixels = np.asarray(small)
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return "black"
    at = (
        slice(max(rows.min() - 8, 0), rows.max() + 9),
        slice(max(columns.min() - 8, 0), columns.max() + 9),
    )
    part, inked = pixels[at], ink[at]
    dark = part.max(axis=2) < np.percentile(part.max(axis=2), 50) * 0.75
    hidden = grow(inked, 1) | dark
    if hidden.all():
        return "black"
    absorbed = _absorbed(part, fill_ignored(part, hidden))
    found = absorbed[inked]
    spread = np.ptp(found, axis=1)
    strong = found[spread >= np.percentile(spread, _STRONGEST)]
    mean = np.maximum(np.median(strong, axis=0), 0.0)
    balance = _balance(absorbed[dark & ~grow(inked, 2)])
    if balance is None:
        black = _tint(mean) < _COLOURLESS_WITHOUT_PRINT
    else:  # a cast of the light grows with the ink, one of the camera's black level does not
        black = min(_tint(mean), _tint(mean / balance)) < _COLOURLESS
    if black:
        return "black"
    return max(("red", "blue", "purple"), key=lambda name: _closeness(mean, name))


def _tint(absorbed: NDArray[np.float64]) -> float:  # [3]
    """Return the share of an absorbance that differs between channels, 0..1."""
    return float(np.ptp(absorbed) / max(absorbed.max(), 1e-6))


def _absorbed(
    part: NDArray[np.uint8],  # [H, W, 3]
    paper: NDArray[np.uint8],  # [H, W, 3]
) -> NDArray[np.float64]:  # [H, W, 3]
    """Return what each channel lost on its way through ink or print."""
    return np.log((paper + 1.0) / (part + 1.0))


def _balance(print_: NDArray[np.float64]) -> NDArray[np.float64] | None:  # [N, 3] -> [3]
    """Return the absorbance of black print by channel, mean 1; None where no print tells it."""
    if len(print_) < _LEAST_PRINT:
        return None
    mean = np.maximum(np.median(print_, axis=0), 1e-6)
    if _tint(mean) > _MOST_TINT:
        return None
    balance: NDArray[np.float64] = mean / mean.mean()
    return balance


def _closeness(absorbed: NDArray[np.float64], name: str) -> float:
    """Return the cosine between an absorbance and that of a named ink, both less their grey."""
    other = -np.log(np.array(COLOURS[name]))
    one, other = absorbed - absorbed.min(), other - other.min()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))
