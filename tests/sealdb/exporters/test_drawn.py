"""Every format written from drawn seals and read back to the same texts, polygons and masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.exporters import export
from seal2real.sealdb.reader import SealDB
from tests.support.label_parsers import (
    read_paddleocr_det,
    read_paddleocr_rec,
    read_rest,
    read_yolo_labels,
)
from tests.support.tiny_db import make_tiny_db


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> SealDB:
    """Crops with seals of every preset, all splits present."""
    db = make_tiny_db(tmp_path_factory.mktemp("drawn") / "db")
    assert set(db.splits) == {"train", "val", "test"}
    return db


def texts_of(db: SealDB, split: str) -> set[str]:
    """Every seal text of a split, blanks folded."""
    return {
        " ".join(text["text"].split())
        for sample in db.samples(split)
        for seal in sample.record["seals"]
        for text in seal["texts"]
    }


def test_coco(drawn, tmp_path):
    """pycocotools decodes the masks of the dataset."""
    coco = pytest.importorskip("pycocotools.coco")
    export(drawn, "coco", tmp_path / "out", progress=False)
    for split in drawn.splits:
        read = coco.COCO(str(tmp_path / "out" / "annotations" / f"instances_{split}.json"))
        for sample in drawn.samples(split):
            found = {a["attributes"]["id"]: a for a in read.imgToAnns[sample.index + 1]}
            for seal, mask in zip(sample.record["seals"], sample.masks(), strict=True):
                if mask.any():
                    assert np.array_equal(read.annToMask(found[seal["id"]]).astype(bool), mask)
                    texts = found[seal["id"]]["attributes"]["texts"]
                    assert [t["polygon"] for t in texts] == [t["polygon"] for t in seal["texts"]]


def test_yolo_seg(drawn, tmp_path):
    """Every label file keeps the rules; as many lines as seals that show."""
    report = export(drawn, "yolo-seg", tmp_path / "out", progress=False)
    found = [
        read_yolo_labels(path, 6) for path in sorted((tmp_path / "out").glob("labels/*/*.txt"))
    ]
    assert len(found) == len(drawn)
    assert sum(map(len, found)) == report.items > 20


def test_paddleocr_det(drawn, tmp_path):
    """Strictly parsed: even, at most 16 points, clockwise, inside; texts are the record's."""
    export(drawn, "paddleocr-det", tmp_path / "out", progress=False)
    for split in drawn.splits:
        regions = read_paddleocr_det(tmp_path / "out", f"{split}.txt")
        assert len(regions) == drawn.splits[split]
        known = texts_of(drawn, split) | {"###", "印章区域"}
        for sample, found in zip(drawn.samples(split), regions.values(), strict=True):
            assert {region.text for region in found} <= known
            polygons = [t["polygon16"] for s in sample.record["seals"] for t in s["texts"]]
            for region in found:
                if region.text not in ("###", "印章区域"):
                    assert region.points in polygons


def test_paddleocr_rec(drawn, tmp_path):
    """Crops decode, labels are texts of the split, long texts are wide."""
    report = export(drawn, "paddleocr-rec", tmp_path / "out", progress=False)
    total = 0
    for split in drawn.splits:
        found = read_paddleocr_rec(tmp_path / "out", f"{split}.txt", "dict.txt")
        assert set(found.values()) <= texts_of(drawn, split)
        total += len(found)
        for name, text in found.items():
            with Image.open(tmp_path / "out" / name) as crop:
                assert crop.width * 4 > crop.height * len(text)
    assert total == report.items > 20


def test_rest(drawn, tmp_path):
    """Titles only."""
    export(drawn, "rest", tmp_path / "out", progress=False)
    for split in drawn.splits:
        labels = tmp_path / "out" / f"{split}_labels.json"
        found = read_rest(labels, tmp_path / "out" / f"{split}_images")
        owners = {
            " ".join(text["text"].split())
            for sample in drawn.samples(split)
            for seal in sample.record["seals"]
            for text in seal["texts"]
            if text["role"] in ("owner", "name")
        }
        assert {r.text for regions in found.values() for r in regions} <= owners | {"###"}


@pytest.mark.parametrize("to", ["hf", "parquet"])
def test_datasets(drawn, tmp_path, to):
    """Hugging Face datasets gives the same seals and masks."""
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    export(drawn, to, tmp_path / "out", progress=False)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    for split, name in {"train": "train", "val": "validation", "test": "test"}.items():
        for row, sample in zip(loaded[name], drawn.samples(split), strict=True):
            assert np.array_equal(np.asarray(row["mask"]), sample.mask)
            seals = json.loads(row["seals"]) if to == "hf" else row["seals"]
            for seal, expected in zip(seals, sample.record["seals"], strict=True):
                assert [t["polygon"] for t in seal["texts"]] == [
                    t["polygon"] for t in expected["texts"]
                ]


def test_labelme(drawn, tmp_path):
    """labelme's own reader takes every file."""
    label_file = pytest.importorskip("labelme._label_file")
    export(drawn, "labelme", tmp_path / "out", progress=False)
    for sample in drawn:
        path = tmp_path / "out" / sample.split / f"{sample.id}.json"
        shapes = label_file.LabelFile(str(path)).shapes
        found = [shape["description"] for shape in shapes if shape["description"]]
        assert found == [t["text"] for s in sample.record["seals"] for t in s["texts"]]


def test_lmdb(drawn, tmp_path):
    """As many crops as in the folder format."""
    lmdb = pytest.importorskip("lmdb")
    report = export(drawn, "paddleocr-lmdb", tmp_path / "out", progress=False)
    total = 0
    for split in drawn.splits:
        path = str(Path(tmp_path) / "out" / split)
        with lmdb.open(path, readonly=True, lock=False) as env, env.begin() as view:
            total += int(view.get(b"num-samples"))
    assert total == report.items
