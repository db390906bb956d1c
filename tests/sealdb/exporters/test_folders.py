"""Paired and unpaired folders."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.exporters import export
from seal2real.sealdb.splits import parse_fractions, split_of_key
from tests.support.labelled import SCENES
from tests.support.labelled_db import make_db


def names(folder) -> list[str]:
    """File names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def test_pairs_have_equal_names(db, tmp_path):
    """Every split: input and target of one name, the stored bytes, masks by stem."""
    dest = tmp_path / "out"
    report = export(db, "pairs", dest, progress=False)
    assert report.items == len(db)
    for split in db.splits:
        ids = [sample.id for sample in db.samples(split)]
        assert names(dest / split / "input") == names(dest / split / "target")
        assert names(dest / split / "mask") == [f"{name}.png" for name in ids]
        for sample in db.samples(split):
            name = f"{sample.id}.jpg"
            assert (dest / split / "input" / name).read_bytes() == sample.data("synthetic")
            assert (dest / split / "target" / name).read_bytes() == sample.data("clean")
            with Image.open(dest / split / "mask" / f"{sample.id}.png") as mask:
                assert np.array_equal(np.asarray(mask), sample.mask)


def test_pairs_of_png_datasets(tmp_path):
    """The suffix is that of the stored files."""
    db = make_db(tmp_path / "db", SCENES[:1], image_format="png")
    export(db, "pairs", tmp_path / "out", progress=False, masks="off")
    assert names(tmp_path / "out" / "train") == ["input", "target"]
    assert names(tmp_path / "out" / "train" / "input") == ["000000000.png"]


@pytest.fixture
def real(tmp_path):
    """A folder of twelve readable images in two subfolders, one broken and one other file."""
    folder = tmp_path / "real"
    for number in range(12):
        path = folder / ("a" if number % 2 else "b") / f"scan{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 9, 3), 20 * number, np.uint8)).save(path)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no image")
    (folder / "notes.txt").write_text("no image")
    return folder


def test_unpaired_sides(db, tmp_path, real):
    """A is the drawn part; B holds each real image once, in the split that its hash decides."""
    dest = tmp_path / "out"
    report = export(db, "unpaired", dest, progress=False, real=str(real))
    assert report.skipped == {"real image not readable": 1}
    for sample in db:
        held = dest / f"{sample.split}A" / f"{sample.id}.jpg"
        assert held.read_bytes() == sample.data("synthetic")
    fractions = parse_fractions(db.info["recipe"]["split"])
    expected = {split: set() for split in db.splits}
    for path in real.glob("*/*.png"):
        data = path.read_bytes()
        expected[split_of_key(fractions, hashlib.sha256(data).hexdigest())].add(data)
    found = {
        split: {path.read_bytes() for path in (dest / f"{split}B").iterdir()}
        for split in db.splits
        if (dest / f"{split}B").exists()
    }
    assert found == {split: data for split, data in expected.items() if data}
    assert sum(map(len, found.values())) == 12


def test_unpaired_needs_real_images(db, tmp_path):
    """Neither a real part nor a folder: nothing is written, the message says what to give."""
    with pytest.raises(ValueError, match=r"export: unpaired must have real images, .*real=DIR"):
        export(db, "unpaired", tmp_path / "out", progress=False)
    assert not list(tmp_path.iterdir())


def test_unpaired_folder_must_exist(db, tmp_path):
    """A mistyped folder is named."""
    with pytest.raises(ValueError, match=r"export: real must be a folder of images, got .*nowhere"):
        export(db, "unpaired", tmp_path / "out", progress=False, real=str(tmp_path / "nowhere"))
