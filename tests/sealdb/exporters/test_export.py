"""What all exporters share: whole folders, options, splits, refusals, equal bytes."""

from __future__ import annotations

import errno
import inspect
import os
from pathlib import Path

import pytest

from seal2real.sealdb.errors import DamagedError, WriteError
from seal2real.sealdb.exporters import FORMATS, export, parse_options
from seal2real.sealdb.reader import SealDB
from tests.support.labelled import SCENES
from tests.support.labelled_db import make_db

NAMES = [
    "coco",
    "yolo-seg",
    "paddleocr-det",
    "paddleocr-rec",
    "paddleocr-lmdb",
    "rest",
    "hf",
    "parquet",
    "labelme",
    "pairs",
    "unpaired",
]


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """Options that a format cannot do without."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("real")
    for number in range(6):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(folder / f"{number}.png")
    return lambda to: {"real": str(folder)} if to == "unpaired" else {}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_formats_are_those_promised():
    """The list of the command line."""
    assert list(FORMATS) == NAMES


@pytest.mark.parametrize("to", NAMES)
def test_options_are_keywords_of_the_writer(to):
    """Each declared option exists, so that --help does not promise what nobody reads."""
    entry = FORMATS[to]
    parameters = inspect.signature(entry.write).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        assert set(parameters) - {"job"} == set(entry.options)
    assert parse_options(to, {}) == {n: option.default for n, option in entry.options.items()}


@pytest.mark.parametrize("to", NAMES)
def test_equal_input_gives_equal_bytes(db, tmp_path, options, to):
    """Twice, the second time from the folder's path instead of the open dataset."""
    pytest.importorskip("lmdb")
    export(db, to, tmp_path / "a", progress=False, **options(to))
    export(str(db.path), to, tmp_path / "b", progress=False, **options(to))
    one, other = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert one == other and one
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("to", NAMES)
def test_splits_can_be_chosen(db, tmp_path, options, to):
    """Only what was asked for is written, the same as in the whole export."""
    pytest.importorskip("lmdb")
    report = export(db, to, tmp_path / "a", progress=False, splits=["test"], **options(to))
    assert report.samples == {"test": 2}
    names = " ".join(contents(tmp_path / "a"))
    assert "train" not in names and "val" not in names.replace("valA", "")


@pytest.mark.parametrize("to", NAMES)
def test_nothing_half_written(db, tmp_path, options, monkeypatch, to):
    """The disk is full after the second sample: no folder stays, the message names it."""
    pytest.importorskip("lmdb")
    real_data, calls = type(next(iter(db))).data, []

    def data(self, name):
        calls.append(name)
        if len(calls) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real_data(self, name)

    monkeypatch.setattr(type(next(iter(db))), "data", data)
    with pytest.raises(WriteError, match=r"export: dest must have room, got .*out.*free some"):
        export(db, to, tmp_path / "out", progress=False, **options(to))
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_taken(db, tmp_path):
    """As made by mkdir beforehand."""
    (tmp_path / "out").mkdir()
    export(db, "pairs", tmp_path / "out", progress=False)
    assert contents(tmp_path / "out")


def test_a_full_folder_is_refused(db, tmp_path):
    """What lies there is not touched."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match=r"export: dest must be a new or empty folder"):
        export(db, "pairs", tmp_path / "out", progress=False)
    assert contents(tmp_path / "out") == {"mine.txt": b"keep"}
    with pytest.raises(FileExistsError, match=r"got the file .*mine.txt; choose another name"):
        export(db, "pairs", tmp_path / "out" / "mine.txt", progress=False)


def test_the_dataset_itself_is_refused(db):
    """verify would find foreign files there."""
    for dest in (db.path, db.path / "labels", db.path / ".." / db.path.name / "x"):
        with pytest.raises(ValueError, match=r"export: dest must lie outside .*, which is read"):
            export(db, "pairs", dest, progress=False)
    assert not (db.path / "labels").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(db, tmp_path):
    """The system's refusal, with the remedy."""
    tmp_path.chmod(0o500)
    with pytest.raises(WriteError, match=r"export: dest must be writable"):
        export(db, "pairs", tmp_path / "out", progress=False)
    tmp_path.chmod(0o700)


def test_a_file_as_parent(db, tmp_path):
    """DEST below a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match=r"export: dest must have a folder as its parent"):
        export(db, "pairs", tmp_path / "file" / "sub" / "out", progress=False)


@pytest.mark.parametrize(
    ("to", "more", "message"),
    [
        ("cocoo", {}, r"export: to must be one of coco, .*got 'cocoo'; did you mean coco\?"),
        ("coco", {"categori": 1}, r"option of coco must be one of part, category.*did you mean"),
        ("coco", {"category": "x"}, r"export: category must be one of shape, type, seal, got 'x'"),
        ("pairs", {"masks": "maybe"}, r"export: masks must be of type bool, got 'maybe'"),
        ("parquet", {"rows_per_file": "2.5"}, r"export: rows_per_file must be of type int"),
        ("parquet", {"rows_per_file": 2.5}, r"export: rows_per_file must be of type int"),
        ("parquet", {"rows_per_file": True}, r"export: rows_per_file must be of type int"),
        ("rest", {"min_visible": "1.5"}, r"export: min_visible must lie in 0..1, got '1.5'"),
        ("rest", {"min_visible": "nan"}, r"export: min_visible must lie in 0..1, got 'nan'"),
        ("paddleocr-rec", {"quality": 0}, r"export: quality must lie in 1..100, got 0"),
        ("pairs", {"splits": ["tain"]}, r"split must be one of train, val, test.*mean train\?"),
        ("pairs", {"splits": []}, r"export: splits must hold samples, got none"),
        ("pairs", {"part": "forged"}, r"export: part must be in every sample, got 'forged'"),
    ],
)
def test_bad_arguments_are_refused(db, tmp_path, to, more, message):
    """Thing, rule, value and remedy; nothing is written."""
    with pytest.raises(ValueError, match=message):
        export(db, to, tmp_path / "out", progress=False, **more)
    assert not list(tmp_path.iterdir())


def test_a_split_without_samples_is_refused(tmp_path):
    """The dataset has no test part."""
    db = make_db(tmp_path / "db", SCENES[:1])
    with pytest.raises(ValueError, match=r"export: splits must hold samples, got none in test"):
        export(db, "pairs", tmp_path / "out", progress=False, splits=["test"])


def test_no_dataset(tmp_path):
    """A folder without dataset.json."""
    with pytest.raises(ValueError, match=r"must hold a finished dataset"):
        export(tmp_path, "pairs", tmp_path / "out", progress=False)


@pytest.mark.parametrize("to", ["coco", "paddleocr-det", "parquet", "labelme", "rest"])
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("page", None, r"page: None is not of type 'object'"),
        ("seals", [{}], r"seals/0: 'id' is a required property"),
        ("seals", 3, r"seals: 3 is not of type 'array'"),
    ],
)
def test_damaged_records_are_named(db, tmp_path, monkeypatch, to, key, value, message):
    """Whatever a broken record makes an exporter do, the user reads sample and rule."""
    sample = db[0]
    sample.record[key] = value
    monkeypatch.setattr(SealDB, "samples", lambda self, split=None: iter([sample]))
    with pytest.raises(DamagedError, match=f"export: record must .* got 000000000 with {message}"):
        export(db, to, tmp_path / "out", progress=False)
    assert not list(tmp_path.iterdir())


def test_hostile_ids_are_refused(db, tmp_path, monkeypatch):
    """An id out of an archive that is a path never becomes a file name."""
    sample = next(iter(db))
    sample.id = "../../evil"
    monkeypatch.setattr(SealDB, "samples", lambda self, split=None: iter([sample]))
    with pytest.raises(ValueError, match=r"export: id must be letters, digits, _ and -"):
        export(db, "pairs", tmp_path / "sub" / "out", progress=False)
    assert not (tmp_path / "evil.jpg").exists()
