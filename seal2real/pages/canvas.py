"""A page as a list of things to draw, any window of which is drawn alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.detmath import det_exp, det_log
from seal2real.pages.glyphs import PageFont

__all__ = ["Canvas", "Mark", "Rect", "Rgb", "Run", "stain"]

Rgb = tuple[int, int, int]
Box = tuple[int, int, int, int]


class Run(NamedTuple):  # not a dataclass: a page has dozens, and tuples are made faster
    """Glyphs on one baseline: ``xs`` are their pens, all in page pixels."""

    font: PageFont
    size_px: int
    letters: str
    xs: tuple[float, ...]
    baseline: int
    box: Box


@dataclass(frozen=True)
class Rect:
    """A filled rectangle (a rule or a shaded cell), ``level`` 255 is full ink."""

    box: Box
    level: int


@dataclass(frozen=True)
class Mark:
    """A shape whose coverage uint8 [h, w] over ``box`` is made when first needed."""

    box: Box
    make: Callable[[], NDArray[np.uint8]]


Item = Run | Rect | Mark


class Canvas:
    """The draw list of a page: layers of one ink each over bare paper.

    Inks absorb: what lies under a layer shows through it.

    Args:
        width, height: of the page, px.
        paper: its colour.
        gain: of a pixel covered by a share c, 1 - (1 - c)^gain is inked: print spreads on paper. At
            1 outlines stay as they are.
    """

    def __init__(self, width: int, height: int, paper: Rgb, gain: float = 1.0) -> None:
        self.width = width
        self.height = height
        self.paper = paper
        self._layers: list[tuple[Rgb, list[Item]]] = []
        self._made: dict[int, NDArray[np.uint8]] = {}
        # A millionth: bare paper left at full cover, as its logarithm must be finite.
        bare = det_exp(gain * det_log(np.maximum(1.0 - np.arange(256) / 255.0, 1e-6)))
        self._inked = np.floor(255.0 * (1.0 - bare) + 0.5).astype(np.uint8)

    def layer(self, colour: Rgb) -> list[Item]:
        """Return the items of the layer inked ``colour`` (as on white), made at first use."""
        for known, items in self._layers:
            if known == colour:
                return items
        self._layers.append((colour, []))
        return self._layers[-1][1]

    def window(self, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
        """Return the pixels of a window inside the page, uint8 [y1 - y0, x1 - x0, 3] RGB."""
        out: NDArray[np.uint8] | None = None
        for colour, items in self._layers:
            shown = [item for item in items if _overlap(item.box, (x0, y0, x1, y1))]
            if not shown and out is not None:
                continue
            if out is None:
                cover = self._cover(shown, (x0, y0, x1, y1))
                out = _ink_on_paper(cover, self._inked, self.paper, colour)
            else:
                self._stain_items(out, shown, colour, (x0, y0, x1, y1))
        if out is None:
            out = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
            out[:] = self.paper
        return out

    def _cover(self, items: list[Item], window: Box) -> NDArray[np.uint8]:
        """Return the coverage of ``items`` over ``window``."""
        x0, y0, x1, y1 = window
        cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for item in items:
            if isinstance(item, Run):
                _draw_run(cover, item, x0, y0)
            elif isinstance(item, Rect):
                _paste(cover, item.level, item.box, x0, y0)
            else:
                _paste(cover, self._coverage(item), item.box, x0, y0)
        return cover

    def _coverage(self, mark: Mark) -> NDArray[np.uint8]:
        """Return the coverage of ``mark``, kept: marks are few and windows many."""
        found = self._made.get(id(mark))
        if found is None:
            found = self._made[id(mark)] = mark.make()
        return found

    def _stain_items(
        self, out: NDArray[np.uint8], items: list[Item], colour: Rgb, window: Box
    ) -> None:
        """Blend the union box of ``items`` into ``out``, which shows ``window``."""
        x0, y0, x1, y1 = window
        box = (
            max(min(item.box[0] for item in items), x0),
            max(min(item.box[1] for item in items), y0),
            min(max(item.box[2] for item in items), x1),
            min(max(item.box[3] for item in items), y1),
        )
        part = out[box[1] - y0 : box[3] - y0, box[0] - x0 : box[2] - x0]
        stain(part, self._inked[self._cover(items, box)], colour)


def stain(
    image: NDArray[np.uint8],  # [H, W, 3]
    cover: NDArray[np.uint8],  # [H, W]
    colour: Rgb,
) -> None:
    """Lay an absorbing ink of ``colour`` over ``image`` in place: image * (1 - a (1 - colour))."""
    alpha = cover.astype(np.int32)
    for channel, value in enumerate(colour):
        plane = image[..., channel]
        # 65025 = 255 * 255: both shares are of 255; half of it rounds to the nearest level
        kept = 65025 - alpha * (255 - value)
        plane[:] = (plane * kept + 32512) // 65025


def _ink_on_paper(
    cover: NDArray[np.uint8],  # [H, W]
    inked: NDArray[np.uint8],  # [256]
    paper: Rgb,
    colour: Rgb,
) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return an RGB image of one ink on bare paper, through a palette."""
    palette = np.empty((1, 256, 3), np.uint8)
    palette[:] = paper
    stain(palette, inked[None], colour)
    image: NDArray[np.uint8] = _C.coloured(cover, palette[0])
    return image


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _draw_run(cover: NDArray[np.uint8], run: Run, x0: int, y0: int) -> None:
    """Draw the glyphs of ``run`` that touch ``cover``, whose corner is (x0, y0)."""
    reach = 2 * run.size_px
    right = x0 + cover.shape[1] + reach
    for char, x in zip(run.letters, run.xs, strict=True):
        if not x0 - reach < x < right:
            continue
        pen, phase = run.font.phase(char, x)
        mask, left, top = run.font.mask(char, run.size_px, phase)
        height, width = mask.shape
        at_x, at_y = pen + left, run.baseline + top
        _paste(cover, mask, (at_x, at_y, at_x + width, at_y + height), x0, y0)


def _paste(
    cover: NDArray[np.uint8], value: NDArray[np.uint8] | int, box: Box, x0: int, y0: int
) -> None:
    """Raise ``cover`` (corner at x0, y0) to ``value`` over the part of ``box`` that it shows."""
    left, top, right, bottom = box[0] - x0, box[1] - y0, box[2] - x0, box[3] - y0
    # Most glyphs lie inside: without what follows drawing a sample takes 3.61 ms instead of 3.70.
    if left >= 0 and top >= 0 and right <= cover.shape[1] and bottom <= cover.shape[0]:
        view = cover[top:bottom, left:right]
        np.maximum(view, value, out=view)
        return
    cut_x, cut_y = max(-left, 0), max(-top, 0)
    view = cover[top + cut_y : max(bottom, 0), left + cut_x : max(right, 0)]
    if not view.size:
        return
    if not isinstance(value, int):
        value = value[cut_y : cut_y + view.shape[0], cut_x : cut_x + view.shape[1]]
    np.maximum(view, value, out=view)


def describe_box(box: Box) -> dict[str, Any]:
    """Return ``{"bbox": [...]}`` of a box for a record."""
    return {"bbox": [int(v) for v in box]}
