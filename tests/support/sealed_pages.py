"""Drawn pages with one whole round seal, and seal-free ones: what the finder is tested on."""

from __future__ import annotations

import numpy as np

from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample


def sealed(count: int, *, seed: int = 31, size: str = "480", dpi: float = 150.0) -> list[Sample]:
    """Return samples with one round company seal that is wholly in the picture."""
    options = {"cross_page": 0.0, "seal_free": 0.0, "capture": "scanner"}
    recipe = Recipe(10_000, seed, size=size, dpi=dpi, presets=("company",), options=options)
    factory, found, index = SampleFactory(recipe), [], 0
    while len(found) < count:
        sample = factory(index)
        index += 1
        seals = sample.record["seals"]
        outline = np.array(seals[0]["outline"]) if len(seals) == 1 else np.zeros((1, 2))
        limit = np.array(sample.mask.shape[::-1])
        if (outline > 0).all() and (outline < limit).all():
            found.append(sample)
    return found


def seal_free(count: int, *, seed: int = 32) -> list[Sample]:
    """Return samples without a seal, some with marks that are none."""
    options = {"seal_free": 1.0, "cross_page": 0.0}
    factory = SampleFactory(Recipe(count, seed, size="480", dpi=150.0, options=options))
    return [factory(index) for index in range(count)]
