"""labelme JSON, read back with labelme's own reader where it is installed, else by its rules."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.exporters import export

SHAPE_KEYS = {"label", "points", "group_id", "shape_type", "flags", "description", "mask"}


def read_by_the_rules(path: Path) -> list[dict[str, Any]]:
    """Check a file against labelme 5's schema and return its shapes, masks decoded."""
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["version"].startswith("5.")
    assert content["flags"] == {} and content["imageData"] is None
    with Image.open(path.parent / content["imagePath"]) as image:
        assert image.size == (content["imageWidth"], content["imageHeight"])
    for shape in content["shapes"]:
        assert set(shape) == SHAPE_KEYS
        assert isinstance(shape["label"], str) and isinstance(shape["description"], str)
        assert shape["group_id"] is None or isinstance(shape["group_id"], int)
        assert all(isinstance(value, float) for point in shape["points"] for value in point)
        if shape["shape_type"] == "mask":
            data = base64.b64decode(shape["mask"])
            shape["mask"] = np.asarray(Image.open(io.BytesIO(data))).astype(bool)
            assert len(shape["points"]) == 2
        else:
            assert shape["shape_type"] == "polygon" and len(shape["points"]) >= 3
    return content["shapes"]


def read_with_labelme(path: Path) -> list[dict[str, Any]]:
    """Read a file with labelme itself."""
    label_file = pytest.importorskip("labelme._label_file")
    return label_file.LabelFile(str(path)).shapes


@pytest.fixture(scope="module")
def dest(db, tmp_path_factory) -> Path:
    """The whole dataset for labelme."""
    folder = tmp_path_factory.mktemp("labelme") / "out"
    export(db, "labelme", folder, progress=False)
    return folder


def pasted(shape: dict[str, Any], like: np.ndarray) -> np.ndarray:
    """Put a mask shape where labelme puts it: points are its first and last pixel."""
    (x0, y0), (x1, y1) = ([int(v) for v in point] for point in shape["points"])
    full = np.zeros_like(like)
    full[y0 : y1 + 1, x0 : x1 + 1] = shape["mask"]
    return full


@pytest.mark.parametrize("read", [read_by_the_rules, read_with_labelme])
def test_shapes_come_back(db, dest, read):
    """Outlines, ink masks and texts of every seal, grouped by its number."""
    for sample in db:
        shapes = read(dest / sample.split / f"{sample.id}.json")
        for seal, mask in zip(sample.record["seals"], sample.masks(), strict=True):
            own = [shape for shape in shapes if shape["group_id"] == seal["id"]]
            texts = [(s["label"], s["description"], s["points"]) for s in own if s["description"]]
            assert texts == [(t["role"], t["text"], t["polygon"]) for t in seal["texts"]]
            (outline,) = [shape for shape in own if shape["label"] == seal["shape"]]
            if max(x for x, _ in seal["outline"]) <= sample.record["page"]["width"]:
                assert outline["points"] == seal["outline"]
            inks = [shape for shape in own if shape["label"] == "ink"]
            assert len(inks) == int(mask.any())
            for ink in inks:
                assert np.array_equal(pasted(ink, mask), mask)
        assert (dest / sample.split / f"{sample.id}.jpg").read_bytes() == sample.data("synthetic")


def test_page_without_seals_has_a_file(dest):
    """labelme shows it as an image without shapes."""
    assert read_by_the_rules(dest / "train" / "000000001.json") == []


def test_options(db, tmp_path):
    """Page lines join with their texts, masks go, classes are types."""
    dest = tmp_path / "out"
    export(db, "labelme", dest, progress=False, page_lines=1, masks=0, category="type")
    shapes = read_by_the_rules(dest / "train" / "000000000.json")
    assert [s["description"] for s in shapes if s["label"] == "page_line"] == ["合同编号 甲乙"]
    assert [s["label"] for s in shapes if s["group_id"] == 1] == ["finance", "owner"]
