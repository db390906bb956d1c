"""The driver's commands are ones that the trainers understand, a fold and seed each."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from benchmarks.train_folds import commands, realised
from benchmarks.two_sample import FOLDS
from seal2real.training.presets import resolve


def test_every_fold_and_seed_is_trained_once_with_settings_that_exist(tmp_path: Path) -> None:
    given = list(commands(tmp_path, 2, {"forger": ["forger.steps=7"], "prior": ["prior.steps=5"]}))
    assert len({(stage, folder) for stage, folder, _ in given}) == len(given) == FOLDS * (1 + 2 * 2)
    for stage, folder, words in given:
        config = resolve("tiny", "", tuple(words))
        fold = next(part for part in folder.parts if part.startswith("fold"))
        assert config.data.real == str(tmp_path / fold / "crops")
        if stage == "forger":
            assert config.forger.prior == str(tmp_path / fold / "prior" / "weights")
            assert (config.forger.steps, config.prior.steps) == (7, resolve().prior.steps)
        if stage == "prior":
            assert config.prior.steps == 5
        else:
            assert folder.name == f"{stage}-seed{config.loop.seed}"


def test_results_are_named_by_seed_in_the_order_of_the_folds(tmp_path: Path) -> None:
    files = realised(tmp_path, "gan", 2).rpartition(":")[2].rstrip("'").split(";")
    for seed, part in enumerate(files):
        names = [Path(file).relative_to(tmp_path).as_posix() for file in part.split(",")]
        assert names == [f"fold{k}/gan-seed{seed}/weights/gan.onnx" for k in range(FOLDS)]
    assert len(files) == 2
