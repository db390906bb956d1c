"""Whether a text can be read in the final image."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.exporters._job import Option, part_of
from seal2real.sealdb.exporters._labels import all_readable, cut

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["LEGIBLE_OPTIONS", "Legibility", "separation"]

LEGIBLE_OPTIONS = {
    "min_visible": Option(
        0.3,
        "a text counts as legible when at least this share of each character was inked",
        limits=(0, 1),
    ),
    "min_separation": Option(
        0.75,
        "and when its ink stands out from the paper by this many standard deviations",
        limits=(0, 100),
    ),
}
# Fewer pixels of ink or of paper say nothing.
_MIN_PIXELS = 8


class Legibility:
    """Judges the texts of one sample.

    Args:
        sample: the sample.
        part: the image that is written.
        min_visible: share of each character's ideal pixels that must be inked.
        min_separation: see :func:`separation`; 0 does not look at the image.
    """

    def __init__(
        self, sample: DbSample, part: str, min_visible: float, min_separation: float
    ) -> None:
        self._sample = sample
        self._part = part
        self._min_visible = min_visible
        self._min_separation = min_separation

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """The written image, uint8 [H, W, 3]."""
        return self._sample.image(part_of(self._sample, self._part))

    @cached_property
    def _mask(self) -> NDArray[np.uint8]:
        return self._sample.mask

    def why_not(self, seal: dict[str, Any], text: dict[str, Any], key: str) -> str | None:
        """Return why a seal's text cannot be read, or None; ``key`` is the polygon looked at."""
        if cut(text[key], self._sample.record["page"]):
            return "text cut by the border"
        if any(char["visible"] < self._min_visible for char in text["chars"]):
            return "text not inked"
        if self._min_separation > 0.0:
            found = separation(self.image, self._mask, seal["bit"], text["polygon"])
            if found < self._min_separation:
                return "text lost in capture"
        return None

    def why_not_line(self, line: dict[str, Any]) -> str | None:
        """Return why a page line cannot be read, or None."""
        if cut(line["polygon"], self._sample.record["page"]):
            return "text cut by the border"
        return None if all_readable(line) else "text not readable"


def separation(
    image: NDArray[np.uint8],  # [H, W, 3]
    mask: NDArray[np.uint8],  # [H, W] a bit per seal
    bit: int,
    polygon: list[list[float]],
) -> float:
    """Return by how many standard deviations a text's ink differs from the bare paper round it.

    Measured in the upright box of the text, in the channel where it is largest: |mean of ink -
    mean of paper| over the root of their mean variance (at least one grey level). Below 0.75
    people see noise: light red ink in a two-level fax, mostly.

    Args:
        polygon: of the text, px.
    """
    height, width = mask.shape
    xs, ys = [point[0] for point in polygon], [point[1] for point in polygon]
    x0, y0 = max(math.floor(min(xs)), 0), max(math.floor(min(ys)), 0)
    x1, y1 = min(math.ceil(max(xs)), width), min(math.ceil(max(ys)), height)
    window = image[y0:y1, x0:x1]
    held = mask[y0:y1, x0:x1]
    ink, paper = window[(held >> bit) & 1 > 0], window[held == 0]
    if len(ink) < _MIN_PIXELS or len(paper) < _MIN_PIXELS:
        # Nothing to compare with: a text that fills its box is judged by its ink alone.
        return math.inf if len(ink) >= _MIN_PIXELS else 0.0
    (ink_mean, ink_var), (paper_mean, paper_var) = _moments(ink), _moments(paper)
    spread = np.sqrt((ink_var + paper_var) * 0.5 + 1.0)
    return float((np.abs(ink_mean - paper_mean) / spread).max())


def _moments(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of each channel of ``pixels`` [N, 3].

    From histograms: their sums are integers, so they are the same on every machine.
    """
    counts = np.stack([np.bincount(pixels[:, k], minlength=256) for k in range(pixels.shape[1])])
    levels = np.arange(256, dtype=np.int64)
    number = len(pixels)
    total, squares = (counts * levels).sum(axis=1), (counts * levels * levels).sum(axis=1)
    mean = total / number
    return mean, (squares * number - total * total) / (number * number)
