"""Datasets that several tests read; those that change one copy it first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from tests.support.tiny_samples import TinyFactory


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipe:
    """Return a recipe whose 15 shards cover all three splits."""
    return Recipe(count=60, seed=3)


@pytest.fixture(scope="session")
def tiny_db(tmp_path_factory: pytest.TempPathFactory, tiny_recipe: Recipe) -> Path:
    """Return a finished dataset; do not change it."""
    out = tmp_path_factory.mktemp("sealdb") / "tiny"
    run_shards(tiny_recipe, TinyFactory(tiny_recipe), out)
    return out


@pytest.fixture
def tiny_copy(tiny_db: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished dataset, to change at will."""
    return Path(shutil.copytree(tiny_db, tmp_path / "copy"))
