"""What a run holds on to when it is resumed, and what a refused one leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("tensorboard")

from seal2real.training.config import Config  # noqa: E402
from seal2real.training.errors import CheckpointError  # noqa: E402
from seal2real.training.loop import run_stage  # noqa: E402
from seal2real.training.presets import resolve  # noqa: E402
from seal2real.training.stage import Context, Stage  # noqa: E402
from tests.support.small_stage import train_small  # noqa: E402


def test_files_named_by_settings_are_held_by_hash(tmp_path: Path) -> None:
    """A profile may move, but not change; of page folders names and sizes count."""
    profile, pages = tmp_path / "a.toml", tmp_path / "pages"
    profile.write_text("noise = 1")
    pages.mkdir()
    (pages / "scan.png").write_bytes(b"12345")
    words = ("small.steps=4", f"data.pages=['{pages}']")
    assert train_small(tmp_path / "run", (*words, f"data.profile={profile}")).finished
    moved = tmp_path / "b.toml"
    profile.rename(moved)
    assert train_small(tmp_path / "run", (*words, f"data.profile={moved}")).finished
    moved.write_text("noise = 2")
    with pytest.raises(CheckpointError, match="must rest on the same profile, got a checkpoint"):
        train_small(tmp_path / "run", (*words, f"data.profile={moved}"))
    moved.write_text("noise = 1")
    (pages / "more.png").write_bytes(b"1")
    with pytest.raises(CheckpointError, match="must rest on the same pages"):
        train_small(tmp_path / "run", (*words, f"data.profile={moved}"))


def test_a_run_refused_at_once_leaves_nothing(tmp_path: Path) -> None:
    def build(_config: Config, _context: Context) -> Stage:
        raise ValueError("too few images")

    with pytest.raises(ValueError, match="too few images"):
        run_stage(build, resolve("tiny", "", ("loop.device=cpu",)), tmp_path / "run", "small")
    assert not (tmp_path / "run").exists()
    (tmp_path / "own").mkdir()
    with pytest.raises(ValueError, match="too few images"):
        run_stage(build, resolve("tiny", "", ("loop.device=cpu",)), tmp_path / "own", "small")
    assert [*(tmp_path / "own").iterdir()] == [], "a folder that was there stays"


def test_a_run_does_not_lie_among_its_images(tmp_path: Path) -> None:
    """Its sample grids would be real images of the next run."""
    with pytest.raises(
        ValueError, match=r"run_stage: OUT must lie outside data.real, got .*run in"
    ):
        train_small(tmp_path / "run", (f"data.real={tmp_path}",))
    assert not (tmp_path / "run").exists()


def test_a_shorter_run_is_refused(tmp_path: Path) -> None:
    """A checkpoint of step 4 is no start of a run of 3."""
    assert train_small(tmp_path, ("small.steps=4",)).finished
    with pytest.raises(
        CheckpointError, match=r"small.steps must be at least what .* 4, got a run of 3"
    ):
        train_small(tmp_path, ("small.steps=3",))


def test_a_longer_run_goes_on_from_a_finished_one(tmp_path: Path) -> None:
    """Steps may grow: the weights of the shorter run are replaced."""
    assert train_small(tmp_path, ("small.steps=4",)).finished
    short = (tmp_path / "weights/cleaner.safetensors").read_bytes()
    assert train_small(tmp_path, ("small.steps=6",)).step == 6
    assert (tmp_path / "weights/cleaner.safetensors").read_bytes() != short
