"""Hard negatives: marks on a page that are not seals but look a little like them.

Fingerprints, coffee rings, pen rings, ticks, underlines, logos and signatures. Each is recorded with its
kind, box and colour, so that a reader knows what was there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real.pages.cache import PageCache
from seal2real.pages.canvas import Mark, Rgb, stain
from seal2real.pages.files import BadFile
from seal2real.pages.marks import coffee_ring, fingerprint, logo, pen_ring, pen_stroke, signature
from seal2real.pages.page import Page, Raster
from seal2real.rng import Rng

__all__ = ["NEGATIVE_KINDS", "WithNegatives", "add_negatives"]

Box = tuple[int, int, int, int]

_REDS: tuple[Rgb, ...] = ((206, 32, 40), (190, 24, 36), (224, 60, 54), (214, 44, 70))
_PENS: tuple[Rgb, ...] = ((28, 34, 96), (20, 22, 30), (36, 52, 140), (40, 40, 44))
_BRANDS: tuple[Rgb, ...] = (
    (200, 30, 40),
    (22, 84, 160),
    (20, 128, 92),
    (226, 122, 20),
    (96, 48, 132),
)
_BROWNS: tuple[Rgb, ...] = ((190, 158, 116), (170, 132, 92), (204, 178, 138))


@dataclass(frozen=True)
class _Kind:
    """How often a mark comes, its size range in mm, its inks and where it goes."""

    weight: float
    low_mm: tuple[float, float]
    high_mm: tuple[float, float]
    inks: tuple[Rgb, ...]
    make: Callable[[Rng, tuple[int, int], float], NDArray[np.uint8]]
    where: tuple[str, ...]


NEGATIVE_KINDS: dict[str, _Kind] = {
    "fingerprint": _Kind(
        3.0, (13.0, 18.0), (17.0, 24.0), _REDS, fingerprint, ("signature", "date", "text")
    ),
    "pen_ring": _Kind(2.0, (12.0, 7.0), (46.0, 20.0), _REDS, pen_ring, ("text", "amount")),
    "tick": _Kind(
        2.0, (6.0, 6.0), (18.0, 16.0), _REDS, partial(pen_stroke, kind="tick"), ("text", "side")
    ),
    "underline": _Kind(
        1.5, (25.0, 3.0), (80.0, 5.0), _REDS, partial(pen_stroke, kind="line"), ("below",)
    ),
    "logo": _Kind(2.0, (10.0, 10.0), (19.0, 19.0), _BRANDS, logo, ("head",)),
    "coffee_ring": _Kind(1.0, (62.0, 62.0), (88.0, 88.0), _BROWNS, coffee_ring, ("anywhere",)),
    "signature": _Kind(2.0, (22.0, 8.0), (46.0, 16.0), _PENS, signature, ("signature", "date")),
}
_COUNTS, _COUNT_WEIGHTS = (1, 2, 3), (6.0, 3.0, 1.0)


def add_negatives(
    page: Page, rng: Rng, kinds: Sequence[str] | None = None, count: int | None = None
) -> Page:
    """Return ``page`` with marks that are not seals, recorded in ``negatives``.

    Args:
        page: any page; it is left as it is.
        rng: stream of the marks.
        kinds: from `NEGATIVE_KINDS`; None is all.
        count: number of marks; None draws 1 to 3.

    Raises:
        ValueError: if a kind is unknown or the count is negative.
    """
    names = _checked(kinds, count)
    if count is None:
        count = rng.weighted(_COUNTS, _COUNT_WEIGHTS)
    marks: list[tuple[Rgb, Mark]] = []
    records: list[dict[str, Any]] = []
    for number in range(count):
        stream = rng.child("negative", number)
        name = stream.weighted(names, [NEGATIVE_KINDS[n].weight for n in names])
        made = _make(stream, page, name)
        if made is None:
            continue
        colour, mark = made
        marks.append(made)
        records.append({"kind": name, "bbox": _clipped(mark.box, page), "colour": list(colour)})
    if not marks:
        return page
    raster = _Marked(page.raster, tuple(marks))
    negatives = (*page.negatives, *records)
    return replace(page, raster=raster, negatives=negatives, _memo={})


class WithNegatives:
    """A source some of whose pages bear marks that are not seals.

    Args:
        source: the pages.
        share: probability that a page gets marks.
        seed: of the marks.

    Raises:
        ValueError: if ``share`` is not in 0..1.
    """

    def __init__(self, source: Any, share: float, seed: int = 0) -> None:
        if not 0.0 <= share <= 1.0:
            raise ValueError(
                f"WithNegatives: share must be in 0..1, got {share}; 0.2 marks one page in five"
            )
        self._source = source
        self._share = share
        self._seed = seed
        self._cache = PageCache()
        self.bad: tuple[BadFile, ...] = source.bad

    def __len__(self) -> int:
        """Return the number of pages."""
        return len(self._source)

    def page(self, i: int) -> Page:
        """Return page ``i``, kept for the next call."""
        return self._cache.get(i, self._make)

    def key(self, i: int) -> str:
        """Return what decides the split of page ``i``."""
        return str(self._source.key(i))

    def describe(self) -> dict[str, Any]:
        """Return what dataset.json records."""
        return {**self._source.describe(), "negatives": self._share}

    def _make(self, i: int) -> Page:
        page: Page = self._source.page(i)
        rng = Rng(self._seed, "negatives", i)
        return add_negatives(page, rng) if rng.bernoulli(self._share) else page


class _Marked:
    """A raster with marks over it."""

    def __init__(self, below: Raster, marks: tuple[tuple[Rgb, Mark], ...]) -> None:
        self.width = below.width
        self.height = below.height
        self._below = below
        self._marks = marks
        self._made: dict[int, NDArray[np.uint8]] = {}

    def window(self, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
        """Return the pixels below with the marks of the window stained in."""
        image = self._below.window(x0, y0, x1, y1)
        fresh = False
        for number, (colour, mark) in enumerate(self._marks):
            left, top = max(mark.box[0], x0), max(mark.box[1], y0)
            right, bottom = min(mark.box[2], x1), min(mark.box[3], y1)
            if left >= right or top >= bottom:
                continue
            # Marks stain in the order they were drawn; each multiplies what lies below it.
            if not fresh:
                image, fresh = image.copy(), True  # the window may be a view of a kept page
            if number not in self._made:
                self._made[number] = mark.make()
            bx, by = mark.box[:2]
            cover = self._made[number][top - by : bottom - by, left - bx : right - bx]
            stain(image[top - y0 : bottom - y0, left - x0 : right - x0], cover, colour)
        return image


def _checked(kinds: Sequence[str] | None, count: int | None) -> tuple[str, ...]:
    names = tuple(NEGATIVE_KINDS) if kinds is None else tuple(kinds)
    unknown = [name for name in names if name not in NEGATIVE_KINDS]
    if unknown or not names:
        raise ValueError(
            f"add_negatives: kinds must be of {', '.join(NEGATIVE_KINDS)}, got "
            f"{unknown or 'none'}; choose from these"
        )
    if count is not None and count < 0:
        raise ValueError(f"add_negatives: count must be >= 0, got {count}; None draws one to three")
    return names


def _make(rng: Rng, page: Page, name: str) -> tuple[Rgb, Mark] | None:
    """Return ink and shape of one mark, or None if it finds no place."""
    kind = NEGATIVE_KINDS[name]
    scale = rng.uniform()
    size = [
        max(int((low + scale * (high - low)) * rng.uniform(0.9, 1.1) * page.px_per_mm), 4)
        for low, high in zip(kind.low_mm, kind.high_mm, strict=True)
    ]
    center = _place(rng, page, rng.choice(kind.where), (size[0], size[1]))
    if center is None:
        return None
    x0, y0 = int(center[0] - size[0] / 2), int(center[1] - size[1] / 2)
    box = (x0, y0, x0 + size[0], y0 + size[1])
    if box[0] >= page.width or box[1] >= page.height or box[2] <= 0 or box[3] <= 0:
        return None
    shape = (size[1], size[0])
    make = partial(kind.make, rng.child("shape"), shape, page.px_per_mm)
    return rng.choice(kind.inks), Mark(box, make)


def _place(rng: Rng, page: Page, where: str, size: tuple[int, int]) -> tuple[float, float] | None:
    """Return the centre of a mark on the page, pixels."""
    if where == "head":
        if any(anchor.kind == "letterhead" for anchor in page.anchors):
            return None
        inset = 7.0 * page.px_per_mm
        x = inset + size[0] / 2
        return (x if rng.bernoulli(0.6) else page.width - x), inset + size[1] / 2
    if where == "anywhere":
        return rng.uniform(0.0, page.width), rng.uniform(0.0, page.height)
    boxes = [a.box for a in page.anchors if a.kind == where]
    if not boxes:
        boxes = [
            (*line.polygon.min(axis=0).tolist(), *line.polygon.max(axis=0).tolist())
            for line in page.lines
        ]
    if not boxes:
        return rng.uniform(0.1, 0.9) * page.width, rng.uniform(0.1, 0.9) * page.height
    x0, y0, x1, y1 = rng.choice(boxes)
    if where == "side":
        return x1 + rng.uniform(0.2, 0.8) * size[0], (y0 + y1) / 2
    if where == "below":
        return x0 + size[0] / 2 + rng.uniform(0.0, 0.3) * (x1 - x0), y1 + size[1] / 2
    return rng.uniform(x0, x1), (y0 + y1) / 2 + 0.2 * size[1] * rng.normal()


def _clipped(box: Box, page: Page) -> list[int]:
    return [max(box[0], 0), max(box[1], 0), min(box[2], page.width), min(box[3], page.height)]
