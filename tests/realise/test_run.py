"""Draw, realise, judge, try again: what becomes of samples that move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seal2real import SealDB
from seal2real.realise.gate import GATE, judge
from seal2real.realise.methods import engine_versions, weights_sha256
from seal2real.realise.run import Realisation, RealisedFactory
from seal2real.rng import Rng
from seal2real.sealdb.errors import SampleError
from seal2real.sealdb.provenance import COMPOSITE, COMPOSITE_TRAINED, extract
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.sealdb.verify import verify
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample
from tests.support.forgers import write_forger
from tests.support.trees import tree_bytes

DRAWN = Recipe(count=12, seed=3, size="128", dpi=72.0, shard_samples=4)
# The test forger's residual times this, and light added to it by as much of `LIGHTER`: some samples
# need several attempts, some fail all.
ROUGH, WILD, LIGHTER = 4.0, 16.0, 0.05


def forged(weights: Path, recipe: Recipe = DRAWN, **settings: object) -> Recipe:
    """``recipe`` with the realisation by the forger in ``weights``."""
    told = Realisation(
        weights=weights_sha256(weights), engine=engine_versions("forger"), **settings
    )  # type: ignore[arg-type]
    return replace(recipe, realisation=told.to_dict())


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Path]:
    """Forgers that do more and more harm."""
    folder = tmp_path_factory.mktemp("weights")
    return {s: write_forger(folder / f"{s}.onnx", s, s * LIGHTER) for s in (1.0, ROUGH, WILD)}


def test_a_sample_that_moved_is_drawn_again(weights: dict[float, Path]) -> None:
    """Some need more than one attempt; the record says which streams drew what was kept."""
    factory = RealisedFactory(forged(weights[ROUGH]), weights[ROUGH])
    drawn = SampleFactory(DRAWN)
    attempts = []
    for index in range(DRAWN.count):
        sample = factory(index)
        assert sample is not None and sample.forged is not None
        told = sample.record["realisation"]
        attempts.append(told["attempts"])
        assert told["passed"] and not told["failed"]
        assert sample.record["seed"] == [DRAWN.seed, index, told["attempts"] - 1]
        # The scores are those of this forgery, the labels those of this drawing.
        again = drawn(index, told["attempts"] - 1)
        assert told["gate_scores"] == judge(sample.forged, again, GATE).scores
        assert np.array_equal(sample.mask, again.mask)
    assert max(attempts) > 1
    assert min(attempts) == 1


def test_dropped_samples_leave_counted_holes(weights: dict[float, Path], tmp_path: Path) -> None:
    """Ids keep their numbers, the index has no row, verification agrees, and so do exporters."""
    recipe, out = forged(weights[WILD]), tmp_path / "db"
    run_shards(recipe, RealisedFactory(recipe, weights[WILD]), out, progress=False)
    with SealDB(out) as db:
        counts = db.info["counts"]["realisation"]
        held = [sample.index for sample in db]
        dropped = sorted(set(range(DRAWN.count)) - set(held))
        assert 0 < len(dropped) < DRAWN.count
        assert counts == {
            "requested": DRAWN.count,
            "kept": len(held),
            "redone": sum(sample.record["realisation"]["attempts"] > 1 for sample in db),
            "flagged": 0,
            "dropped": len(dropped),
        }
        assert db[f"{held[-1]:09d}"].index == held[-1] == db[-1].index
        with pytest.raises(KeyError, match="one that was not dropped"):
            db[f"{dropped[0]:09d}"]
    report = verify(out, progress=False)
    assert report.ok, report.problems


def test_keep_flags_what_failed(weights: dict[float, Path], tmp_path: Path) -> None:
    """Nobody is missing; what failed says so in record and index, with its scores."""
    recipe, out = forged(weights[WILD], policy="keep"), tmp_path / "db"
    run_shards(recipe, RealisedFactory(recipe, weights[WILD]), out, progress=False)
    with SealDB(out) as db:
        failed = [sample for sample in db if not sample.record["realisation"]["passed"]]
        assert len(db) == DRAWN.count
        assert db.info["counts"]["realisation"]["flagged"] == len(failed) > 0
        assert db.index["gate_passed"].to_pylist().count(False) == len(failed)
        for sample in failed:
            told = sample.record["realisation"]
            assert told["attempts"] == 4
            assert told["failed"]
    assert verify(out, progress=False).ok


def test_a_forged_dataset_is_exact_outside_the_support(
    weights: dict[float, Path], tmp_path: Path
) -> None:
    """As stored in PNG: forged, synthetic and clean are equal there; provenance tells them apart."""
    recipe = forged(weights[1.0], replace(DRAWN, image_format="png", count=6))
    run_shards(recipe, RealisedFactory(recipe, weights[1.0]), tmp_path / "db", progress=False)
    changed = 0
    with SealDB(tmp_path / "db") as db:
        for sample in db:
            outside = ~sample.support
            assert sample.forged is not None
            assert np.array_equal(sample.forged[outside], sample.clean[outside])
            changed += int((sample.forged != sample.synthetic).sum())
            kinds = {
                name: extract(sample.data(name)).digital_source_type  # type: ignore[union-attr]
                for name in ("forged", "synthetic", "clean", "mask")
            }
            assert kinds.pop("forged") == COMPOSITE_TRAINED
            assert set(kinds.values()) == {COMPOSITE}
    assert changed > 0


def test_samples_made_together_are_those_made_alone(
    weights: dict[float, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holes and later attempts among them, in two whole parts and a rest; whole pages one by one."""
    monkeypatch.setattr("seal2real.realise.run._MOST_TOGETHER", 5)
    factory = RealisedFactory(forged(weights[WILD]), weights[WILD])
    alone = [factory(index) for index in range(DRAWN.count)]
    order: list[str] = []

    def noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            order.append(name)
            return call(*arguments)

        return run

    for name in ("drawn", "realiser"):
        vars(factory)[name] = noted(name, getattr(factory, name))
    together = [*factory.many(range(DRAWN.count))]
    assert order[:10] == ["drawn"] * 5 + ["realiser"] * 5
    assert factory.together == 5
    assert None in alone and any(made is not None for made in alone)
    for a, b in zip(alone, together, strict=True):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert a.record == b.record
            assert np.array_equal(a.forged, b.forged) and np.array_equal(a.mask, b.mask)
    whole = forged(weights[WILD], replace(DRAWN, size="page"))
    assert RealisedFactory(whole, weights[WILD]).together == 1


def test_what_fails_among_samples_made_together_is_named(
    weights: dict[float, Path], tmp_path: Path
) -> None:
    """The sixth cannot be realised: those before it are made, and the error names it."""
    recipe = forged(weights[1.0])
    factory = RealisedFactory(recipe, weights[1.0])
    realise = factory.realiser

    def fails(sample: Sample, rng: Rng) -> np.ndarray:
        if sample.record["index"] == 5:
            raise RuntimeError("out of paper")
        return realise(sample, rng)

    vars(factory)["realiser"] = fails
    samples = factory.many(range(DRAWN.count))
    assert len([next(samples) for _ in range(5)]) == 5
    with pytest.raises(RuntimeError, match="out of paper"):
        next(samples)
    with pytest.raises(SampleError, match=r"run_shards: sample 5 .*RuntimeError: out of paper"):
        run_shards(recipe, factory, tmp_path / "db", progress=False)


def test_verify_finds_a_forged_image_that_changed_the_page(
    weights: dict[float, Path], tmp_path: Path
) -> None:
    """Scope crop repaints the paper: its records say so, and verify holds a lie against them."""
    recipe = forged(weights[1.0], replace(DRAWN, count=4), scope="crop", policy="keep")
    factory = RealisedFactory(recipe, weights[1.0])
    run_shards(recipe, factory, tmp_path / "db", progress=False)
    assert verify(tmp_path / "db", progress=False).ok
    with SealDB(tmp_path / "db") as db:
        assert not any(sample.record["realisation"]["clean_exact"] for sample in db)
    run_shards(recipe, _Liar(factory), tmp_path / "lie", progress=False)
    messages = [str(problem) for problem in verify(tmp_path / "lie", progress=False).problems]
    assert any("forged" in m and "must equal clean outside the support" in m for m in messages)


class _Liar:
    """Claims of another factory's samples that their clean pair is exact."""

    def __init__(self, factory: RealisedFactory) -> None:
        self.factory = factory

    def __call__(self, index: int) -> object:
        sample = self.factory(index)
        assert sample is not None
        told = {**sample.record["realisation"], "clean_exact": True}
        return replace(sample, record={**sample.record, "realisation": told})


def test_a_dataset_is_realised_without_being_changed(
    weights: dict[float, Path], tmp_path: Path
) -> None:
    """The same ids, labels, shards and synthetic pictures; the source is byte for byte as before."""
    recipe = replace(DRAWN, image_format="png", count=8)
    run_shards(recipe, SampleFactory(recipe), tmp_path / "drawn", progress=False)
    before = tree_bytes(tmp_path / "drawn")
    told = forged(weights[1.0], recipe, source=recipe.dataset_id)
    factory = RealisedFactory(told, weights[1.0], tmp_path / "drawn")
    run_shards(told, factory, tmp_path / "forged", progress=False)
    assert tree_bytes(tmp_path / "drawn") == before
    with SealDB(tmp_path / "drawn") as drawn, SealDB(tmp_path / "forged") as made:
        assert [s["name"] for s in made.info["shards"]] == [s["name"] for s in drawn.info["shards"]]
        assert len(made) == len(drawn)
        for a, b in zip(drawn, made, strict=True):
            assert a.id == b.id
            assert np.array_equal(a.synthetic, b.synthetic)
            for name in ("seals", "page", "support", "seed"):
                assert a.record[name] == b.record[name]
            assert b.has("forged")
    assert verify(tmp_path / "forged", progress=False).ok


def test_a_realised_dataset_can_be_realised_again(
    weights: dict[float, Path], tmp_path: Path
) -> None:
    """Attempts and holes of the source are taken over: the labels are those that were kept."""
    rough = forged(weights[WILD])
    run_shards(rough, RealisedFactory(rough, weights[WILD]), tmp_path / "a", progress=False)
    told = forged(weights[1.0], DRAWN, source=rough.dataset_id)
    factory = RealisedFactory(told, weights[1.0], tmp_path / "a")
    run_shards(told, factory, tmp_path / "b", progress=False)
    with SealDB(tmp_path / "a") as a, SealDB(tmp_path / "b") as b:
        kept = {sample.id for sample in b}
        assert kept <= {sample.id for sample in a}
        assert len(kept) >= len(a) - 1
        for sample in b:
            assert sample.record["seals"] == a[sample.id].record["seals"]


def test_a_source_that_draws_other_labels_is_refused(
    weights: dict[float, Path], tmp_path: Path
) -> None:
    """A recipe with another seed: the first label that differs stops the run."""
    run_shards(DRAWN, SampleFactory(DRAWN), tmp_path / "drawn", progress=False)
    other = forged(weights[1.0], replace(DRAWN, seed=4))
    with pytest.raises(ValueError, match="must be redrawn as it is stored, got another"):
        RealisedFactory(other, weights[1.0], tmp_path / "drawn")(0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "magic"}, "method must be one of traditional, forger"),
        ({"policy": "hide", "weights": "0" * 64}, "policy must be one of drop, keep"),
        ({"scope": "page", "weights": "0" * 64}, "scope must be one of support, crop"),
        ({"attempts": 5, "weights": "0" * 64}, "attempts must be in 1..4, got 5"),
        ({"method": "forger"}, "weights must be given for every method but traditional"),
        ({"method": "traditional", "weights": "0" * 64}, "weights must be given for every"),
    ],
)
def test_refusals(settings: dict[str, object], message: str) -> None:
    """Invalid realisations cannot be built."""
    with pytest.raises(ValueError, match=message):
        Realisation(**settings)  # type: ignore[arg-type]


def test_unknown_keys_are_named() -> None:
    """A recipe of a newer version is not half understood."""
    with pytest.raises(ValueError, match="keys must be among method, .*got 'mehtod'"):
        Realisation.from_dict({"mehtod": "forger"})
    with pytest.raises(ValueError, match="recipe must have a realisation"):
        RealisedFactory(DRAWN)
