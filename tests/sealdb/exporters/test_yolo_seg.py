"""YOLO segmentation, read back with a strict parser of its rules."""

from __future__ import annotations

import pytest

from seal2real.sealdb.exporters import export
from tests.support.label_parsers import read_yolo_labels, read_yolo_yaml


def test_outlines_and_classes_come_back(db, tmp_path):
    """Outlines inside the image return within half of the sixth digit; classes are shapes."""
    dest = tmp_path / "out"
    report = export(db, "yolo-seg", dest, progress=False)
    names = read_yolo_yaml(dest / "data.yaml")["names"]
    assert list(names.values()) == ["round", "oval", "square", "rectangle", "triangle", "rhombus"]
    for sample in db:
        width, height = sample.record["page"]["width"], sample.record["page"]["height"]
        label = dest / "labels" / sample.split / f"{sample.id}.txt"
        image = dest / "images" / sample.split / f"{sample.id}.jpg"
        assert image.read_bytes() == sample.data("synthetic")
        found = read_yolo_labels(label, len(names))
        assert len(found) == len(sample.record["seals"])
        for (number, points), seal in zip(found, sample.record["seals"], strict=True):
            assert names[number] == seal["shape"]
            pixels = [(x * width, y * height) for x, y in points]
            if all(0 <= x <= width for x, _ in seal["outline"]):
                assert pixels == [pytest.approx(p, abs=1e-4) for p in seal["outline"]]
            else:
                assert max(x for x, _ in pixels) == pytest.approx(width)
    assert report.items == 7


def test_yaml_points_at_the_splits(db, tmp_path):
    """Every split is named, relative to the file, so the folder can be moved."""
    export(db, "yolo-seg", tmp_path / "out", progress=False)
    found = read_yolo_yaml(tmp_path / "out" / "data.yaml")
    assert {key: found[key] for key in ("train", "val", "test")} == {
        split: f"images/{split}" for split in ("train", "val", "test")
    }
    assert "path" not in found
    for split in ("train", "val", "test"):
        assert (tmp_path / "out" / found[split]).is_dir()


def test_a_single_split_serves_both_keys(db, tmp_path):
    """Trainers insist on train and val: what is not written points at what is."""
    export(db, "yolo-seg", tmp_path / "out", progress=False, splits=["test"])
    found = read_yolo_yaml(tmp_path / "out" / "data.yaml")
    assert found["train"] == found["val"] == found["test"] == "images/test"


def test_yaml_is_yaml(db, tmp_path):
    """PyYAML reads the file to the same values (class names are quoted)."""
    yaml = pytest.importorskip("yaml")
    export(db, "yolo-seg", tmp_path / "out", progress=False, category="type")
    path = tmp_path / "out" / "data.yaml"
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == read_yolo_yaml(path)
