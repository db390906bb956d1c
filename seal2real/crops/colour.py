"""The colour of a seal's ink, by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from seal2real.crops.fill import fill_ignored, grow
from seal2real.synthesis.ink import COLOURS

__all__ = ["ink_colour"]

# Share of absorbance between channels below which ink is black.
_COLOURLESS = 0.33
# Ink is seen best where it is most colourful: elsewhere print lies over it.
_STRONGEST = 60.0


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
    paper = fill_ignored(part, hidden) if not hidden.all() else part
    absorbed = np.log((paper[inked] + 1.0) / (part[inked] + 1.0))
    spread = absorbed.max(axis=1) - absorbed.min(axis=1)
    strong = absorbed[spread >= np.percentile(spread, _STRONGEST)]
    mean = np.maximum(np.median(strong, axis=0), 0.0)
    if mean.max() - mean.min() < _COLOURLESS * max(float(mean.max()), 1e-6):
        return "black"
    return max(("red", "blue", "purple"), key=lambda name: _closeness(mean, name))


def _closeness(absorbed: NDArray[np.float64], name: str) -> float:
    """Return the cosine between an absorbance and that of a named ink."""
    other = -np.log(np.array(COLOURS[name]))
    return float(absorbed @ other / np.sqrt((absorbed @ absorbed) * (other @ other)))
