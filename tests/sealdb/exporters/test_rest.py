"""ICDAR 2023 ReST ground truth, read back with a strict parser of its rules."""

from __future__ import annotations

from seal2real.sealdb.exporters import export
from tests.support.label_parsers import read_rest


def read_all(dest, splits):
    """Read every split."""
    found = {}
    for split in splits:
        found |= read_rest(dest / f"{split}_labels.json", dest / f"{split}_images")
    return found


def test_titles_and_polygons_come_back(db, tmp_path):
    """Only owners' texts (codes are no titles), with the 16-point polygons; faint ones as ###."""
    dest = tmp_path / "out"
    export(db, "rest", dest, progress=False)
    found = read_all(dest, db.splits)
    by_split = [sample.index for split in db.splits for sample in db.samples(split)]
    assert list(found) == [f"gt_{index}" for index in by_split]
    assert [[region.text for region in regions] for regions in found.values()] == [
        ["甲乙丙公司", "甲乙丙公司"],
        [],
        ["丁戊己庚辛有限公司"],
        ["###", "###"],
        ["###"],
        ["寅卯辰巳"],
    ]
    first = next(iter(db))
    for region, seal in zip(found["gt_0"], first.record["seals"], strict=True):
        assert region.points == seal["texts"][0]["polygon16"]
    assert (dest / "train_images" / "gt_0.jpg").read_bytes() == first.data("synthetic")


def test_dense_polygons_are_an_option(db, tmp_path):
    """The polygons are then the record's dense ones."""
    export(db, "rest", tmp_path / "out", progress=False, polygon="dense", splits=["test"])
    found = read_all(tmp_path / "out", ["test"])
    sample = list(db)[4]
    assert found["gt_4"][0].points == sample.record["seals"][0]["texts"][0]["polygon"]
