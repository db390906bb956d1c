"""Same recipe, same forger, same bytes: workers, parts, lone samples, resumed runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal2real import SealDB
from seal2real.realise.methods import engine_versions, weights_sha256
from seal2real.realise.run import Realisation, RealisedFactory
from seal2real.sealdb.encode import encode_sample
from seal2real.sealdb.provenance import Provenance
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from tests.support.forgers import write_forger
from tests.support.trees import differing

# Strong enough that some samples are redone and some dropped.
_STRENGTH, _LIGHTER = 16.0, 2.0


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forger that fails the gate at times."""
    return write_forger(tmp_path_factory.mktemp("weights") / "forger.onnx", _STRENGTH, _LIGHTER)


def recipe(weights: Path) -> Recipe:
    """Five shards of two crops."""
    told = Realisation(weights=weights_sha256(weights), engine=engine_versions("forger"))
    return Recipe(
        count=10, seed=7, size="128", dpi=72.0, shard_samples=2, realisation=told.to_dict()
    )


def make(weights: Path, out: Path, workers: int = 1, shard: str | None = None) -> Path:
    """Make the dataset in ``out``."""
    told = recipe(weights)
    factory = RealisedFactory(told, weights)
    run_shards(told, factory, out, workers=workers, shard=shard, progress=False)
    return out


@pytest.fixture(scope="module")
def reference(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset as this process makes it; some samples were redone, some dropped."""
    out = make(weights, tmp_path_factory.mktemp("reference") / "db")
    with SealDB(out) as db:
        counts = db.info["counts"]["realisation"]
        assert counts["redone"] > 0
        assert counts["dropped"] > 0
    return out


def test_workers_do_not_change_a_byte(weights: Path, reference: Path, tmp_path: Path) -> None:
    """Three processes, each with a session of its own, in another order."""
    assert differing(reference, make(weights, tmp_path / "db", workers=3)) == []


def test_parts_join_to_the_same_dataset(weights: Path, reference: Path, tmp_path: Path) -> None:
    """--shard 1/2, then 0/2."""
    for part in ("1/2", "0/2"):
        make(weights, tmp_path / "db", shard=part)
    assert differing(reference, tmp_path / "db") == []


def test_a_resumed_run_ends_in_the_same_bytes(
    weights: Path, reference: Path, tmp_path: Path
) -> None:
    """One shard lost, the rest kept: only that one is made again."""
    out = make(weights, tmp_path / "db")
    lost = sorted((out / "shards").iterdir())[1]
    lost.unlink()
    report = run_shards(recipe(weights), RealisedFactory(recipe(weights), weights), out)
    assert report.made == 1
    assert differing(reference, out) == []


def test_a_sample_alone_has_the_same_pixels(weights: Path, reference: Path) -> None:
    """The last one first, without any other before it: all its files, byte for byte."""
    told = recipe(weights)
    factory = RealisedFactory(told, weights)
    with SealDB(reference) as db:
        for stored in reversed(list(db)):
            alone = factory(stored.index)
            assert alone is not None
            _, files = encode_sample(alone, "jpg", told.quality, Provenance(told.dataset_id))
            assert sorted(files) == sorted(stored.members)
            assert all(stored.data(name) == data for name, data in files.items())
        held = {sample.index for sample in db}
    dropped = sorted(set(range(10)) - held)
    assert factory(dropped[0]) is None
