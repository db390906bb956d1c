"""A Seal-DB of scenes (tests.support.labelled), written by the real writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seal2real.sealdb.reader import SealDB
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.synthesis.sample import Sample
from tests.support.labelled import SCENES, Scene, planes, record

__all__ = ["SceneFactory", "make_db"]

# Shares under which the shards of a few samples can fall into any mix of splits.
_SHARES = ("0.5,0.2,0.3", "0.34,0.33,0.33", "1,0,0")
_SEEDS = 200


@dataclass(frozen=True)
class SceneFactory:
    """Make the sample of a scene."""

    scenes: tuple[Scene, ...]

    def __call__(self, index: int) -> Sample:
        """Return sample ``index``."""
        arrays = planes(self.scenes[index])
        return Sample(**arrays, record=record(index, self.scenes[index], arrays))


def make_db(folder: Path, scenes: Sequence[Scene] = SCENES, image_format: str = "jpg") -> SealDB:
    """Write ``scenes`` to ``folder``, one a shard, and open the dataset.

    The split of a shard follows from the recipe, so a seed is looked for under which every scene
    falls into its split.
    """
    for split in _SHARES:
        for seed in range(_SEEDS):
            recipe = Recipe(
                count=len(scenes),
                seed=seed,
                shard_samples=1,
                split=split,
                image_format=image_format,
            )
            if [recipe.split_of(i) for i in range(len(scenes))] == [s.split for s in scenes]:
                run_shards(recipe, SceneFactory(tuple(scenes)), folder, progress=False)
                return SealDB(folder)
    raise AssertionError("no seed gives these splits; put the scenes in another order")
