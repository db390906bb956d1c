"""The gate's optional OCR, with rapidocr's own models."""

from __future__ import annotations

import importlib.util

import pytest

from seal2real.realise.gate import judge
from seal2real.realise.ocr import line_reader
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("rapidocr_onnxruntime") is None, reason="needs the extra ocr"
)
RECIPE = Recipe(
    count=60,
    seed=12,
    size="512",
    dpi=300.0,
    presets=("company", "invoice"),
    options={"capture": "none", "seal_free": 0.0, "cross_page": 0.0},
)


def test_what_was_read_must_still_be_read() -> None:
    """A sample that OCR reads well: unchanged it loses nothing, without its ink most of it."""
    read = line_reader()
    factory = SampleFactory(RECIPE)
    for index in range(RECIPE.count):
        sample = factory(index)
        lines = [line for seal in sample.record["seals"] for line in seal["texts"]]
        right = sum(read(sample.synthetic, line) == line["text"] for line in lines)
        if lines and right >= len(lines) / 2:
            break
    else:
        raise AssertionError("no sample was read: the reader or its strips are broken")
    assert judge(sample.synthetic, sample, read=read).scores["ocr"] == 0.0
    blank = judge(sample.clean, sample, read=read)
    assert blank.scores["ocr"] is not None and blank.scores["ocr"] > 0.5
    assert "ocr" in blank.failed


def test_strips_of_every_direction_can_be_read() -> None:
    """Grids, columns and rings: a text comes back for each without an error."""
    read = line_reader()
    factory = SampleFactory(Recipe(count=40, seed=5, size="512", options={"seal_free": 0.0}))
    seen = set()
    for index in range(40):
        sample = factory(index)
        for seal in sample.record["seals"]:
            for line in seal["texts"]:
                if line["direction"] not in seen:
                    seen.add(line["direction"])
                    assert isinstance(read(sample.synthetic, line), str)
    assert {"cw", "line", "grid"} <= seen
