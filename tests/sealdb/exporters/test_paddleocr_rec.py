"""PaddleOCR recognition crops and LMDB, read back by their rules."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.exporters import export
from seal2real.sealdb.provenance import extract
from seal2real.sealdb.unwrap import unwrap, unwrap_chars
from tests.support.label_parsers import read_paddleocr_rec
from tests.support.labelled import Disc, Scene, Text
from tests.support.labelled_db import make_db

EXPECTED = {
    "train": ["甲乙丙公司", "甲乙丙公司", "丁戊己庚辛有限公司", "91A00", "乙 甲"],
    # one seal is cut by the border, one has no ink
    "val": [],
    "test": ["寅卯辰巳"],
}


@pytest.fixture(scope="module")
def dest(db, tmp_path_factory) -> Path:
    """The whole dataset as crops."""
    folder = tmp_path_factory.mktemp("rec") / "out"
    export(db, "paddleocr-rec", folder, progress=False)
    return folder


def read_all(dest: Path, splits) -> dict[str, dict[str, str]]:
    """Read every split."""
    return {split: read_paddleocr_rec(dest, f"{split}.txt", "dict.txt") for split in splits}


def test_texts_come_back(db, dest):
    """Legible texts inside the image, in record order; the files are named by sample."""
    found = read_all(dest, db.splits)
    assert {split: list(texts.values()) for split, texts in found.items()} == EXPECTED
    assert list(found["test"]) == ["images/test/000000004_00.jpg"]


def test_dictionary_is_sorted_and_complete(dest):
    """Every character of the labels once, by code point, without the blank."""
    used = {c for texts in EXPECTED.values() for text in texts for c in text} - {" "}
    assert (dest / "dict.txt").read_text(encoding="utf-8") == "".join(
        f"{c}\n" for c in sorted(used)
    )


def test_ring_text_is_straight(db, dest):
    """The scene paints green from 20 to 220 along the text: columns are even and rise."""
    with Image.open(dest / "images" / "test" / "000000004_00.jpg") as image:
        green = np.asarray(image)[..., 1].astype(float)
    inner = green[2:-2, 3:-3]
    assert inner.std(axis=0).max() < 6.0
    assert np.all(np.diff(inner.mean(axis=0)[::4]) > 0)
    assert inner.mean(axis=0)[0] < 35 and inner.mean(axis=0)[-1] > 205


def test_right_to_left_text_is_set_in_reading_order(dest):
    """Glyphs stand against the reading order: along the strip green rises from cell to cell, but
    falls inside each, for glyphs are not mirrored."""
    with Image.open(dest / "images" / "train" / "000000003_02.jpg") as image:
        green = np.asarray(image)[..., 1].astype(float)
    row = green[green.shape[0] // 2]
    third = len(row) // 3
    cells = [row[i * third + 3 : (i + 1) * third - 3] for i in range(3)]
    assert cells[0].mean() < cells[1].mean() < cells[2].mean()
    assert all(cell[0] > cell[-1] for cell in cells)


def test_crops_carry_their_provenance(db, dest):
    """The XMP packet names the dataset, as in the images they come from."""
    provenance = next(iter(db)).record["provenance"]
    found = extract((dest / "images" / "test" / "000000004_00.jpg").read_bytes())
    assert found is not None
    assert found.dataset_id == provenance["dataset_id"]
    assert found.digital_source_type == provenance["digital_source_type"]


def test_what_is_left_out_is_counted(db, tmp_path):
    """By reason: the cut title, the faint ones, and lines lower than asked."""
    report = export(db, "paddleocr-rec", tmp_path / "a", progress=False)
    assert report.skipped == {"text cut by the border": 1, "text not inked": 2}
    assert report.items == 6
    report = export(db, "paddleocr-rec", tmp_path / "b", progress=False, min_height=500)
    assert report.items == 0
    assert report.skipped["text too small"] == 6


def test_page_lines_are_an_option(db, tmp_path):
    """Readable page lines only, blanks folded."""
    dest = tmp_path / "out"
    export(db, "paddleocr-rec", dest, progress=False, lines="page", splits=["train"])
    found = read_paddleocr_rec(dest, "train.txt", "dict.txt")
    assert list(found.values()) == ["合同编号 甲乙", "合同编号 甲乙", "可读 的行"]
    with Image.open(dest / "images" / "train" / "000000000_00.jpg") as image:
        assert image.size == (48, 10)


def test_sparse_polygons_are_an_option(db, dest, tmp_path):
    """Straightened through 16 points by the spline: nearly the dense strip."""
    export(db, "paddleocr-rec", tmp_path / "out", progress=False, polygon="16", splits=["test"])
    name = "images/test/000000004_00.jpg"
    with Image.open(dest / name) as one, Image.open(tmp_path / "out" / name) as other:
        dense, sparse = np.asarray(one).astype(float), np.asarray(other).astype(float)
    assert abs(dense.shape[1] - sparse.shape[1]) <= 1
    width = min(dense.shape[1], sparse.shape[1])
    assert np.abs(dense[3:-3, 3 : width - 3] - sparse[3:-3, 3 : width - 3]).mean() < 4.0


def test_lmdb_holds_the_crops(db, dest, tmp_path):
    """Keys count from 1 to num-samples; values are the files and texts of paddleocr-rec."""
    lmdb = pytest.importorskip("lmdb")
    export(db, "paddleocr-lmdb", tmp_path / "out", progress=False)
    for split, texts in read_all(dest, db.splits).items():
        path = tmp_path / "out" / split
        assert [file.name for file in path.iterdir()] == ["data.mdb"]
        with lmdb.open(str(path), readonly=True, lock=False) as env, env.begin() as view:
            count = int(view.get(b"num-samples"))
            assert count == len(texts) == view.stat()["entries"] // 2
            for number, (name, text) in enumerate(texts.items(), 1):
                image = view.get(b"image-%09d" % number)
                assert view.get(b"label-%09d" % number).decode("utf-8") == text
                assert image == (dest / name).read_bytes()
                with Image.open(io.BytesIO(image)) as decoded:
                    decoded.load()
            assert view.get(b"image-000000000") is None


def test_lmdb_grows(db, tmp_path, monkeypatch):
    """A store larger than the first map: it is enlarged, nothing is lost."""
    lmdb = pytest.importorskip("lmdb")
    from seal2real.sealdb.exporters import paddleocr_lmdb

    monkeypatch.setattr(paddleocr_lmdb, "_FIRST_MAP_BYTES", 1 << 14)
    export(db, "paddleocr-lmdb", tmp_path / "out", progress=False, splits=["train"])
    path = str(tmp_path / "out" / "train")
    with lmdb.open(path, readonly=True, lock=False) as env, env.begin() as view:
        assert view.get(b"num-samples") == b"5"


@pytest.mark.parametrize(
    ("direction", "options", "by_chars"),
    [
        ("grid", {}, True),
        ("column", {}, False),
        ("column", {"columns": "upright"}, True),
    ],
)
def test_grids_and_columns(tmp_path, direction, options, by_chars):
    """Names in grids are set character by character; columns lie on their side unless asked."""
    disc = Disc(60, 60, 40, texts=(Text("寅卯辰巳", "name", direction=direction),))
    db = make_db(tmp_path / "db", [Scene("train", (disc,))])
    export(db, "paddleocr-rec", tmp_path / "out", progress=False, **options)
    text = db[0].record["seals"][0]["texts"][0]
    image = db[0].image("synthetic")
    if by_chars:
        expected = unwrap_chars(image, [char["quad"] for char in text["chars"]]).image
    else:
        expected = unwrap(image, text["polygon"]).image
    with Image.open(tmp_path / "out" / "images" / "train" / "000000000_00.jpg") as crop:
        assert crop.size == expected.shape[1::-1]
        assert np.abs(np.asarray(crop).astype(int) - expected).mean() < 3.0
