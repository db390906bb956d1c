"""Drawn pages as training crops at native scale, streamed: nothing is written to disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real.pages.page import MM_PER_INCH, Page
from seal2real.rng import Rng, det_exp, det_log
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.choose import (
    Placed,
    choose_window,
    visible_extent,
    window_start,
)
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.options import ANY_ANGLE
from seal2real.synthesis.plan import Window
from seal2real.synthesis.sample import Sample
from seal2real.training.data.captions import caption

__all__ = ["PX_PER_MM", "DrawnStream", "native_window"]

# From 100 to 300 dpi. Photographs of seals have 4 to 9 pixels per mm; scans have up to 11.8.
PX_PER_MM = (4.0, 11.8)
# Pages are set at multiples of this resolution, so that neighbours in a batch can share one.
_DPI_STEP = 5.0
# Estimates of real images are blurred by this factor, because each is an estimate.
_ESTIMATE_SPREAD = 0.04
# Shares of seal-free crops and of cross-page parts.
_SEAL_FREE = 0.2
_CROSS_PAGE = 0.02
# A crop's centre stays within this share of the seal's half size from the seal's centre.
_REACH = 0.85
# Items of a stream. A split of a tenth needs ten times as many indices of the recipe.
_LENGTH = 10**7
_COUNT = 10**9
_SHARD = 64
# Shards in a row that hold all three splits (see seal2real.sealdb.recipe).
_WALK = 13
_SPLITS = ("train", "val", "test")


class DrawnStream:
    """Drawn samples by index, each a function of (seed, index) alone.

    Crops keep the page's own scale: a seal that is larger than a crop is cut, never shrunk, so
    edges and strokes look as they do on a page of that resolution. The class has ``__len__`` and
    ``__getitem__``, all that a torch DataLoader asks of a map-style dataset; it pickles small, and
    each worker opens its own sources.

    An item is a dict:
        "clean", "synthetic": uint8 [3, H, W] RGB, equal outside "support".
        "mask": bool [H, W], ink of absorbance 0.15 or more.
        "support": bool [H, W].
        "coverage": uint8 [H, W], ideal coverage, 255 is full.
        "classes": uint8 [H, W], see ``seal2real.sealdb.record.CLASS_NAMES``.
        "px_per_mm": float.
        "caption": str, English.
        "sealed": bool, whether any ink is in the crop.

    Args:
        size: side of the crops in px, 64 or more.
        seed: any integer.
        px_per_mm: (low, high), drawn evenly in the logarithm; or a list of three or more estimates
            measured on real images, from which each page takes one, blurred by 4 %.
        seal_free: share of pages without seals, 0..1.
        any_angle: share of seals pressed any way round, 0..1.
        language: of procedural pages: "zh", "en" or "both".
        rules: what places seals, of ``seal2real.synthesis.options.PLACEMENT_RULES``; empty takes all.
        page_reuse: consecutive indices that share a page (and its scale): a page costs about as
            much as a crop of it.
        pages: page sources, as for ``seal2real synth --pages``.
        presets: seal presets; empty takes all.
        corpus: texts of seals; None is the fictional default.
        profile: TOML profile fitted to real images by ``seal2real fit``; None takes captures and
            inks of every kind.
        capture: a capture kind, or "auto".
        split: "train", "val" or "test": the stream draws only owners (and pages) of this split.
        turned: turn every crop by a random number of quarters, as windows of real images are.

    Raises:
        ValueError: if a scale is not positive, or an argument breaks its rule.
    """

    def __init__(
        self,
        size: int = 256,
        *,
        seed: int = 0,
        px_per_mm: Iterable[float] = PX_PER_MM,
        seal_free: float = _SEAL_FREE,
        any_angle: float = ANY_ANGLE,
        language: str = "both",
        rules: tuple[str, ...] = (),
        page_reuse: int = 2,
        pages: tuple[str, ...] = ("procedural",),
        presets: tuple[str, ...] = (),
        corpus: str | None = None,
        profile: str | None = None,
        capture: str = "auto",
        split: str = "train",
        turned: bool = False,
    ) -> None:
        self.px_per_mm = _scales(px_per_mm)
        self.split = _split(split)
        self.turned = turned
        self.recipe = Recipe(
            count=_COUNT,
            seed=seed,
            size=str(size),
            pages=pages,
            presets=presets,
            corpus=corpus,
            profile=profile,
            shard_samples=_SHARD,
            options={
                "seal_free": seal_free,
                "cross_page": _CROSS_PAGE,
                "any_angle": any_angle,
                "language": language,
                "rules": rules,
                "page_reuse": page_reuse,
                "capture": capture,
            },
        )
        self.page_reuse = page_reuse
        # an opened factory per resolution, as needed
        self._factories: dict[float, SampleFactory] = {}

    def __len__(self) -> int:
        """Return 10^7: a stream, not a dataset."""
        return _LENGTH

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return item ``index``."""
        if not 0 <= index < _LENGTH:
            raise IndexError(f"DrawnStream: index must be in 0..{_LENGTH - 1}, got {index}")
        sample = self.sample(index)
        words = caption(sample.record, Rng(self.recipe.seed, "caption", index))
        turn = Rng(self.recipe.seed, "quarter", index).integer(0, 4) if self.turned else 0
        return _item(sample, words, turn)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_factories": {}}

    def sample(self, index: int) -> Sample:
        """Return item ``index`` as a :class:`Sample`, record included."""
        dpi = self._dpi(index)
        factory = self._factories.get(dpi)
        if factory is None:
            factory = self._open(dpi)
        return factory(self._recipe_index(index))

    def _dpi(self, index: int) -> float:
        """Return the resolution of the page of ``index``."""
        rng = Rng(self.recipe.seed, "scale", index // self.page_reuse)
        if len(self.px_per_mm) == 2:
            low, high = (float(det_log(value)) for value in self.px_per_mm)
            scale = float(det_exp(rng.uniform(low, high)))
        else:
            scale = rng.choice(self.px_per_mm) * rng.lognormal(0.0, _ESTIMATE_SPREAD)
        return max(round(scale * MM_PER_INCH / _DPI_STEP), 2) * _DPI_STEP

    def _open(self, dpi: float) -> SampleFactory:
        """Return a factory of pages at ``dpi``; all share the texts, which take long to open."""
        factory = SampleFactory(replace(self.recipe, dpi=dpi), native_window)
        if self._factories:
            factory.__dict__["corpus"] = next(iter(self._factories.values())).corpus
        self._factories[dpi] = factory
        return factory

    def _recipe_index(self, index: int) -> int:
        """Return the sample of the recipe that is number ``index`` of the split."""
        number, within = divmod(index, _SHARD)
        shards = range(number * _WALK, (number + 1) * _WALK)
        shard = next(k for k in shards if self.recipe.split_of_shard(k) == self.split)
        return shard * _SHARD + within


def native_window(rng: Rng, page: Page, seals: list[Placed], pixels: int | None) -> Window:
    """Return a window at the page's own scale, over some part of the first seal.

    Args:
        rng: stream of the window.
        page: the page.
        seals: what is pressed on it; without any, the window lies anywhere.
        pixels: side of the square window.

    Raises:
        ValueError: if ``pixels`` is None.
    """
    if pixels is None:
        raise ValueError("native_window: pixels must be a number, got None; crops have a size")
    if not seals:
        return choose_window(rng, page, seals, pixels)
    (x, y), _ = visible_extent(seals[0], page)
    width = seals[0].stamp.width_mm * page.px_per_mm
    height = seals[0].stamp.height_mm * page.px_per_mm
    x += rng.uniform(-_REACH, _REACH) * abs(width - pixels) / 2
    y += rng.uniform(-_REACH, _REACH) * abs(height - pixels) / 2
    x0 = window_start(round(x - pixels / 2), pixels, page.width)
    y0 = window_start(round(y - pixels / 2), pixels, page.height)
    return Window(x0, y0, x0 + pixels, y0 + pixels, pixels, pixels)


def _item(sample: Sample, words: str, turn: int) -> dict[str, Any]:
    """Return a sample as an item, ``turn`` quarters anticlockwise."""

    def plane(pixels: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.rot90(pixels, turn))

    assert sample.coverage is not None  # known of whatever was just drawn
    return {
        "clean": np.ascontiguousarray(plane(sample.clean).transpose(2, 0, 1)),
        "synthetic": np.ascontiguousarray(plane(sample.synthetic).transpose(2, 0, 1)),
        "mask": plane(sample.mask) != 0,
        "support": plane(sample.support),
        "coverage": plane(sample.coverage),
        "classes": plane(sample.classes),
        "px_per_mm": float(sample.record["page"]["dpi"]) / MM_PER_INCH,
        "caption": words,
        "sealed": bool(sample.record["seals"]),
    }


def _scales(px_per_mm: Iterable[float]) -> tuple[float, ...]:
    scales = tuple(float(value) for value in px_per_mm)
    if len(scales) < 2 or not all(0.5 <= value <= 50 for value in scales):
        raise ValueError(
            f"DrawnStream: px_per_mm must be (low, high) or a list of estimates, each in 0.5..50, "
            f"got {scales[:5]}; 300 dpi is 11.8"
        )
    if len(scales) == 2 and scales[0] > scales[1]:
        raise ValueError(
            f"DrawnStream: px_per_mm must rise from low to high, got {scales}; swap them"
        )
    return scales


def _split(split: str) -> str:
    if split not in _SPLITS:
        raise ValueError(
            f"DrawnStream: split must be one of {', '.join(_SPLITS)}, got {split!r}; choose one"
        )
    return split
