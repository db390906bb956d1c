"""``seal2real labels``."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from seal2real.cli import main
from seal2real.sealdb.exporters import FORMATS
from seal2real.sealdb.reader import SealDB
from tests.support.labelled_db import make_db


@pytest.fixture(scope="module")
def db(tmp_path_factory) -> SealDB:
    """The scenes of tests.support.labelled as a Seal-DB."""
    return make_db(tmp_path_factory.mktemp("labels") / "db")


def run(*arguments: object):
    """Run the command; its output has both streams."""
    return CliRunner().invoke(main, ["labels", *map(str, arguments)])


def test_writes_and_reports(db, tmp_path):
    """One line of counts, and what was left out."""
    result = run(db.path, "--to", "paddleocr-rec", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "6 labels on train 3, val 1, test 2 samples" in result.output
    assert "left out: 2 x text not inked" in result.output
    assert (tmp_path / "out" / "train.txt").is_file()


def test_options_and_splits(db, tmp_path):
    """--set and --split reach the exporter; keys may be written with hyphens."""
    dest = tmp_path / "out"
    result = run(
        db.path, "--to", "paddleocr-det", dest, "--split", "test", "--set", "min-visible=0.05"
    )
    assert result.exit_code == 0, result.output
    assert [path.name for path in dest.glob("*.txt")] == ["test.txt"]
    first = (dest / "test.txt").read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(first.split("\t")[1])[1]["transcription"] == "壬癸子丑"


def test_dry_run_writes_nothing(db, tmp_path):
    """The resolved options are printed."""
    result = run(db.path, "--to", "coco", tmp_path / "out", "--dry-run", "--set", "category=type")
    assert result.exit_code == 0, result.output
    assert "train 3, val 1, test 2" in result.output
    assert "category = type" in result.output and "part = auto" in result.output
    assert not list(tmp_path.iterdir())


def test_help_shows_every_format():
    """Files on disk and options of each, and a worked example."""
    result = run("--help")
    assert result.exit_code == 0
    assert "seal2real labels out --to coco out-coco" in result.output
    for name, entry in FORMATS.items():
        assert f"{name}: {entry.summary}" in result.output
        assert all(line.strip() in result.output for line in entry.layout.splitlines())
        assert all(f"--set {key}=" in result.output for key in entry.options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "coco", "--set", "category"], "--set must be KEY=VALUE, got 'category'"),
        (["--to", "coco", "--set", "categry=type"], "did you mean category?"),
        (["--to", "coco", "--set", "category=colour"], "must be one of shape, type, seal"),
        (["--to", "coco", "--split", "dev"], "split must be one of train, val, test"),
        (["--to", "coc"], "'coc' is not one of"),
        (["--to", "unpaired"], "unpaired must have real images"),
    ],
)
def test_mistakes_exit_with_2(db, tmp_path, arguments, message):
    """One line that names the thing, no trace, nothing written."""
    result = run(db.path, *arguments, tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.output and "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_a_full_target_is_refused(db, tmp_path):
    """DEST with files in it stays as it is."""
    (tmp_path / "mine.txt").write_text("keep")
    result = run(db.path, "--to", "pairs", tmp_path)
    assert result.exit_code == 2
    assert "dest must be a new or empty folder" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_missing_package_is_named(db, tmp_path, monkeypatch):
    """Without lmdb, paddleocr-lmdb says what to install."""
    monkeypatch.setitem(sys.modules, "lmdb", None)
    result = run(db.path, "--to", "paddleocr-lmdb", tmp_path / "out")
    assert result.exit_code == 2
    assert "must have the package lmdb, got none; pip install lmdb" in result.output
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_dataset(tmp_path):
    """Named, with the command that makes one."""
    (tmp_path / "db").mkdir()
    result = run(tmp_path / "db", "--to", "pairs", tmp_path / "out")
    assert result.exit_code == 2
    assert "must hold a finished dataset" in result.output
