"""A small Seal-DB of drawn seals, made once per session by the real generator."""

from __future__ import annotations

from pathlib import Path

from seal2real.sealdb.reader import SealDB
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.synthesis.generate import SampleFactory

__all__ = ["make_tiny_db"]


def make_tiny_db(folder: Path, count: int = 26, size: str = "320", seed: int = 3) -> SealDB:
    """Draw ``count`` samples of every preset into ``folder``; all splits have some from 26 on."""
    recipe = Recipe(count=count, seed=seed, size=size, dpi=150.0)
    run_shards(recipe, SampleFactory(recipe), folder, progress=False)
    return SealDB(folder)
