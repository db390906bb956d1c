"""Drawn pages for the segmenter: every colour, strength, scale and light that users may have.

A drawn sample knows its clean page, so an impression can be taken off and put back in another
colour and strength: colours that presets seldom use, and ink so pale that only a trained eye sees it.
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from seal2real.pages import PageSource, open_pages
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.ink import COLOURS
from seal2real.synthesis.sample import Sample

__all__ = ["SegmentStream", "recolour"]

# Resolutions that pages are drawn at: 3 to 12 px/mm, times the change of size below.
_DPIS = (76, 100, 127, 150, 200, 250, 300)
_DRAWN_PX = 512
# Windows cut from one drawn sample: drawing costs as much as learning from one.
_VIEWS = 3
# Side of the window in the drawing over its side in the result.
_ZOOM = (0.6, 1.7)
_SEAL_FREE, _NEGATIVES = 0.2, 0.5
_COLOURS = {"red": 0.40, "blue": 0.26, "purple": 0.10, "black": 0.14, "grey": 0.10}
_RECOLOURED = 0.6
_STRENGTH = (0.3, 1.3)

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class _Pages(SampleFactory):
    """The usual samples, but more of the pages carry marks that are not seals."""

    @cached_property
    def pages(self) -> tuple[PageSource, ...]:
        """Drawn pages."""
        recipe = self.recipe
        return (open_pages("procedural", dpi=recipe.dpi, seed=recipe.seed, negatives=_NEGATIVES),)


class SegmentStream:
    """Windows of drawn pages with their seals' ink and area; item ``index`` is a function of it.

    An item is a dict: "image" uint8 [3, size, size] RGB; "ink" and "inside" bool [size, size]:
    inked pixels, and the area that a seal's outline encloses.

    Args:
        seed: names the stream.
        size: side of the windows, px.
    """

    def __init__(self, seed: int, size: int = 256) -> None:
        self.seed = seed
        self.size = size
        self._drawn = lru_cache(maxsize=2)(self._draw)

    @cached_property
    def _factories(self) -> tuple[_Pages, ...]:
        options = {"seal_free": _SEAL_FREE}
        # count only bounds the index; sizes of splits do not matter here
        return tuple(
            _Pages(Recipe(10**9, self.seed, size=str(_DRAWN_PX), dpi=dpi, options=options))
            for dpi in _DPIS
        )

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return window ``index``, 0 or more."""
        sample = self._drawn(index // _VIEWS)
        rng = Rng(self.seed, "segments", "view", index)
        image = _pressed_again(rng.child("ink"), sample)
        planes = (image, sample.mask > 0, _inside(sample))
        image, ink, inside = _turned(rng.child("turn"), *_windowed(rng, *planes, self.size))
        image = _photographed(rng.child("photo"), image)
        return {
            "image": np.ascontiguousarray(image.transpose(2, 0, 1)),
            "ink": np.ascontiguousarray(ink),
            "inside": np.ascontiguousarray(inside),
        }

    def _draw(self, number: int) -> Sample:
        factory = Rng(self.seed, "segments", "dpi", number).choice(self._factories)
        return factory(number)


def recolour(
    clean: Rgb,  # [H, W, 3]
    sealed: Rgb,  # [H, W, 3]
    transmittance: tuple[float, float, float] | None,
    strength: float,
) -> Rgb:  # [H, W, 3]
    """Return the sealed page with its ink in another colour and strength.

    The absorbance log(clean / sealed) is scaled; with a new colour its channels' mean is spread
    over the channels as the new ink's is (Beer-Lambert, as in ``blend_ink``). Pixels that do not
    differ stay as they are.

    Args:
        clean: the page without the seal.
        sealed: the same page with it.
        transmittance: light left at absorbance 1, 0..1 a channel; None keeps the colour.
        strength: factor of the absorbance.
    """
    before = clean.astype(np.float32) + 1.0
    absorbed = np.log(before / (sealed.astype(np.float32) + 1.0))
    if transmittance is not None:
        depth = -np.log(np.asarray(transmittance, np.float32))
        density = np.maximum(absorbed, 0.0).mean(axis=2, keepdims=True)
        absorbed = density * depth / depth.mean()
    mixed = np.clip(before * np.exp(-strength * absorbed) - 1.0, 0, 255)
    same = (clean == sealed).all(axis=2, keepdims=True)
    return np.where(same, clean, np.rint(mixed).astype(np.uint8))


def _pressed_again(rng: Rng, sample: Sample) -> Rgb:
    colour = None
    if rng.bernoulli(_RECOLOURED):
        name = rng.weighted(tuple(_COLOURS), tuple(_COLOURS.values()))
        r, g, b = (min(max(t * rng.lognormal(0.0, 0.2), 0.05), 0.95) for t in COLOURS[name])
        colour = (r, g, b)
    strength = rng.uniform(*_STRENGTH)
    return recolour(sample.clean, sample.synthetic, colour, strength)


def _inside(sample: Sample) -> Mask:
    """Return the area within the seals' outlines."""
    height, width = sample.mask.shape
    plane = Image.new("1", (width, height))
    for seal in sample.record["seals"]:
        ImageDraw.Draw(plane).polygon([(x, y) for x, y in seal["outline"]], fill=1)
    return np.asarray(plane)


def _windowed(rng: Rng, image: Rgb, ink: Mask, inside: Mask, size: int) -> tuple[Rgb, Mask, Mask]:
    """Return a random square of the drawing, resized to ``size``."""
    low, high = (math.log(zoom) for zoom in _ZOOM)
    limit = min(image.shape[:2])
    side = min(round(size * math.exp(rng.uniform(low, high))), limit)
    left, top = (rng.integer(0, edge - side + 1) for edge in (image.shape[1], image.shape[0]))
    at = (slice(top, top + side), slice(left, left + side))
    cut = Image.fromarray(image[at]).resize((size, size), Image.Resampling.BICUBIC)
    planes = (
        Image.fromarray(plane[at].astype(np.uint8) * 255).resize((size, size), Image.Resampling.BOX)
        for plane in (ink, inside)
    )
    inked, within = (np.asarray(plane) >= 128 for plane in planes)
    return np.asarray(cut), inked, within


def _turned(rng: Rng, image: Rgb, ink: Mask, inside: Mask) -> tuple[Rgb, Mask, Mask]:
    """Return the planes after a random quarter turn."""
    quarter = rng.integer(0, 4)
    return np.rot90(image, quarter), np.rot90(ink, quarter), np.rot90(inside, quarter)


def _photographed(rng: Rng, image: Rgb) -> Rgb:
    """Return the window under another light, a little out of focus, compressed again."""
    if rng.bernoulli(0.4):
        sigma = rng.uniform(0.3, 1.3)
        image = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma)))
    light = _light(rng, image.shape[0]) * np.array(
        [math.exp(rng.normal(0.0, 0.07)) for _ in range(3)], np.float32
    )
    levels = 255.0 * np.clip(image / 255.0 * light, 0.0, 1.0) ** math.exp(rng.normal(0.0, 0.15))
    out = np.rint(levels).astype(np.uint8)
    if not rng.bernoulli(0.5):
        return out
    quality = rng.integer(40, 96)
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(out), quality, "RGB", "420")
    return simplejpeg.decode_jpeg(data, "RGB")


def _light(rng: Rng, size: int) -> NDArray[np.float32]:
    """Return the light over a window, [size, size, 1]: level, slope, and a shadow's edge."""
    y, x = (np.mgrid[0:size, 0:size] / size - 0.5).astype(np.float32)
    field = rng.uniform(0.45, 1.15) + rng.normal(0.0, 0.12) * x + rng.normal(0.0, 0.12) * y
    if rng.bernoulli(0.25):
        angle = rng.uniform(0.0, 2.0 * math.pi)
        distance = x * math.cos(angle) + y * math.sin(angle) - rng.uniform(-0.4, 0.4)
        edge = 1.0 / (1.0 + np.exp(-distance * rng.uniform(8.0, 60.0)))
        field = field * (1.0 - rng.uniform(0.1, 0.5) * edge)
    return np.asarray(field, np.float32)[..., None]
