"""Every row of the ablation is a training that the settings allow, and differs from the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from PIL import Image

from benchmarks.ablation import ROWS, curves, grid, settings_of
from seal2real.realise.forger import default_weights
from seal2real.training.presets import resolve


def test_rows_are_trainings_that_differ_and_are_as_long() -> None:
    forgers = [resolve("tiny", "", tuple(settings_of(row))).forger for row in ROWS]
    assert len({repr(forger) for forger in forgers}) == len(ROWS)
    assert {forger.warmup_steps + forger.steps for forger in forgers} == {300}
    shipped = resolve().forger
    assert forgers[list(ROWS).index("moments")].moments_weight == shipped.moments_weight


def test_curves_take_runs_that_lack_a_loss(tmp_path: Path) -> None:
    for name, row in (("a", {"step": 1, "eq4": 0.5}), ("b", {"step": 1, "moments": 0.7})):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    curves({name: tmp_path / name for name in "ab"}, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 500


def test_grid_shows_the_drawing_above_every_network() -> None:
    picture = grid([default_weights()], None)
    assert picture.size == (6 * 160, 2 * 160)
    above, below = picture.crop((0, 0, 960, 160)), picture.crop((0, 160, 960, 320))
    assert above.tobytes() != below.tobytes()
