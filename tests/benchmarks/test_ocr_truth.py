"""The labels say what the picture shows, as an OCR of other people reads it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ocr_truth import (
    BARS,
    Reading,
    ceiling,
    em_pixels,
    group_of,
    open_reader,
    plain,
    readings,
    right_characters,
    shares,
)
from seal2real.drawing import draw
from seal2real.seals import SealSpec


def test_right_characters_is_length_less_edit_distance() -> None:
    """Worked by hand: one wrong, one missing, one too many; width and blanks do not count."""
    assert right_characters("云泽公司", "云泽公司") == 4
    assert right_characters("云泽公司", "云泽么司") == 3
    assert right_characters("云泽公司", "云公司") == 3
    assert right_characters("云泽公司", "云泽的公司") == 3
    assert right_characters("（1）", "( 1 )") == 3
    assert right_characters("云", "abc") == 0
    assert plain("Ａ（1）") == "A(1)"


def test_a_label_that_lies_is_found() -> None:
    """A reader that reads every strip as one wrong text gets nothing right, in every group."""
    found = readings(27, 3, lambda strip: "错错错")
    assert {reading.group for reading in found} >= {"ring", "line", "code", "grid"}
    assert max(sum(reading.right.values()) for reading in found) == 0


def test_the_ceiling_has_the_size_of_the_text() -> None:
    """Pillow's row is as long as the characters stand apart, and holds ink."""
    spec = SealSpec.preset("paid", seed=2)
    (label,) = draw(spec).labels
    strip = ceiling(label, spec.lines[0].font, em_pixels(spec.lines[0]))
    quads = label["quads"]
    assert strip.shape[1] == pytest.approx(np.ptp(quads[..., 0]), rel=0.15)
    assert strip.min() < 64
    assert group_of(label) in ("line", "column")


@pytest.mark.slow
def test_ocr_reads_what_the_labels_say() -> None:
    """Characters right: at most 1 point below the ceiling (dense), 3 (16 points); grids >= 90 %.

    108 seals take a minute; benchmarks/ocr_truth.py measures 300.
    """
    pytest.importorskip("rapidocr_onnxruntime")
    found: list[Reading] = readings(108, 5, open_reader())
    table = shares(found, lambda reading: reading.group)
    for group in ("ring", "line", "code"):
        for way, points in BARS.items():
            assert table[group][way] >= table[group]["ceiling"] - points, (group, way)
        assert table[group]["ceiling"] > 95
    for group in ("grid", "grid bai"):
        assert table[group]["dense"] > 90
