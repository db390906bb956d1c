"""COCO files, read back with pycocotools."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from seal2real.sealdb.exporters import _rle, export

pycocotools_coco = pytest.importorskip("pycocotools.coco")
pycocotools_mask = pytest.importorskip("pycocotools.mask")


@pytest.fixture(scope="module")
def dest(db, tmp_path_factory) -> Path:
    """The whole dataset as COCO."""
    folder = tmp_path_factory.mktemp("coco") / "out"
    export(db, "coco", folder, progress=False)
    return folder


def load(dest: Path, kind: str, split: str):
    """Open one file with the format's own loader."""
    return pycocotools_coco.COCO(str(dest / "annotations" / f"{kind}_{split}.json"))


def test_masks_and_texts_come_back(db, dest):
    """pycocotools decodes each seal's ink to the mask of the dataset, overlaps included."""
    seen = 0
    for sample in db:
        coco = load(dest, "instances", sample.split)
        found = {a["attributes"]["id"]: a for a in coco.imgToAnns[sample.index + 1]}
        for seal, mask in zip(sample.record["seals"], sample.masks(), strict=True):
            if not mask.any():
                assert seal["id"] not in found
                continue
            annotation = found[seal["id"]]
            assert np.array_equal(coco.annToMask(annotation).astype(bool), mask)
            x, y, w, h = annotation["bbox"]
            assert [x, y, x + w, y + h] == seal["bbox"]
            assert annotation["area"] == int(mask.sum())
            attributes = annotation["attributes"]
            for text, expected in zip(attributes["texts"], seal["texts"], strict=True):
                assert {key: expected[key] for key in text} == text
            assert attributes["type"] == seal["type"]
            seen += 1
    assert seen == 6


def test_overlapping_instances_are_exact(db, dest):
    """The pixels two seals share are those of the record's overlap entry."""
    coco = load(dest, "instances", "train")
    sample = next(iter(db))
    a, b = (coco.annToMask(found) for found in coco.imgToAnns[sample.index + 1])
    assert int((a & b).sum()) == sample.record["overlaps"][0]["pixels"] > 0


def test_outlines_come_back(db, dest):
    """Polygons inside the image are the record's; their area is that of the disc."""
    sample = next(iter(db))
    coco = load(dest, "outlines", "train")
    for seal, found in zip(sample.record["seals"], coco.imgToAnns[sample.index + 1], strict=True):
        points = np.reshape(found["segmentation"][0], (-1, 2))
        assert np.array_equal(points, seal["outline"])
        radius = max(p[0] for p in seal["outline"]) - seal["center"][0]
        assert found["area"] == pytest.approx(np.pi * radius**2, rel=0.01)
        drawn = int(coco.annToMask(found).sum())
        assert drawn == pytest.approx(found["area"], rel=0.02)


def test_outlines_end_at_the_border(dest):
    """A seal over the right border is cut there: every point lies in the image."""
    coco = load(dest, "outlines", "val")
    for found in coco.anns.values():
        image = coco.imgs[found["image_id"]]
        points = np.reshape(found["segmentation"][0], (-1, 2))
        assert points.min() >= 0
        assert points[:, 0].max() <= image["width"]


def test_pages_without_seals_are_kept(db, dest):
    """Every image is listed, its file is the stored one, and the empty page has no instance."""
    for sample in db:
        coco = load(dest, "instances", sample.split)
        image = coco.imgs[sample.index + 1]
        assert (dest / "images" / image["file_name"]).read_bytes() == sample.data("synthetic")
        assert image["attributes"]["id"] == sample.id
    assert load(dest, "instances", "train").imgToAnns[2] == []


@pytest.mark.parametrize(
    ("category", "names"),
    [
        ("shape", ["round", "oval", "square", "rectangle", "triangle", "rhombus"]),
        ("type", ["company", "finance", "invoice", "personal"]),
        ("seal", ["seal"]),
    ],
)
def test_categories(db, tmp_path, category, names):
    """The classes are those asked for, numbered from 1, the same in every split."""
    export(db, "coco", tmp_path / "out", progress=False, category=category)
    for split in ("train", "val", "test"):
        coco = load(tmp_path / "out", "instances", split)
        assert [(c["id"], c["name"]) for c in coco.dataset["categories"]] == list(
            enumerate(names, 1)
        )
        for found in coco.anns.values():
            expected = "seal" if category == "seal" else found["attributes"][category]
            assert names[found["category_id"] - 1] == expected


def test_no_side_files_stay(dest):
    """The folder holds what the layout says, and nothing else."""
    names = {path.name for path in (dest / "annotations").iterdir()}
    kinds, splits = ("instances", "outlines"), ("train", "val", "test")
    assert names == {f"{kind}_{split}.json" for kind in kinds for split in splits}
    json.loads((dest / "annotations" / "instances_train.json").read_text(encoding="utf-8"))


def masks():
    """Random masks of many run lengths, all zeros and all ones, one row, one column."""
    draw = np.random.default_rng(5)
    for case in range(60):
        height, width = draw.integers(1, 70, 2)
        mask = draw.random((height, width)) < draw.random()
        if case % 2:
            mask = np.kron(mask, np.ones(draw.integers(1, 40, 2), bool))
        yield mask
    yield from (np.zeros((9, 5), bool), np.ones((9, 5), bool), np.ones((1, 1), bool))
    yield np.kron(np.eye(2, dtype=bool), np.ones((3000, 1200), bool))


def test_rle_equals_pycocotools():
    """The format's own encoder gives the same string."""
    for mask in masks():
        expected = pycocotools_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        got = _rle.encode(mask)
        assert got == {"size": list(mask.shape), "counts": expected["counts"].decode()}
