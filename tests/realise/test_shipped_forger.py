"""The forger in the package, at the resolutions it is made for: labels hold, edges stay sharp."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forged_labels import RESOLUTIONS, measure
from benchmarks.ocr_truth import open_reader
from seal2real.realise.forger import ForgerRealiser, default_weights
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory


@pytest.fixture(scope="module")
def realiser() -> ForgerRealiser:
    return ForgerRealiser(default_weights())


def test_it_changes_ink_and_never_brightens_the_page(realiser: ForgerRealiser) -> None:
    """A few levels on most inked pixels; no channel above clean and synthetic page."""
    sample = SampleFactory(Recipe(50, 4, size="320", options={"seal_free": 0.0}))(1)
    forged = realiser(sample, Rng(1))
    ink = sample.mask > 0
    change = np.abs(forged.astype(int) - sample.synthetic).max(axis=2)
    assert 2.0 < change[ink].mean() < 40.0
    assert (forged <= np.maximum(sample.clean, sample.synthetic)).all()
    assert not np.array_equal(forged, realiser(sample, Rng(2))), "noise gives other realisations"


@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_labels_and_edges_hold(realiser: ForgerRealiser, dpi: float) -> None:
    """The bars of the issue, on a few samples: gate, found ink, width of edges against I_s."""
    found = measure(realiser, dpi, 8).row()
    assert found["first_pass"] >= 0.8
    assert found["iou_5_50"][1] >= 0.85
    assert found["edge_width"] <= 1.03


@pytest.mark.slow
@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_an_ocr_reads_as_much_as_before(realiser: ForgerRealiser, dpi: float) -> None:
    """Texts of seals, and print under them, lose at most 3 points of characters."""
    pytest.importorskip("rapidocr_onnxruntime")
    found = measure(realiser, dpi, 40, reader=open_reader()).row()
    assert found["first_pass"] >= 0.9
    assert found["seal_ocr"]["characters"] > 200
    assert found["print_ocr"]["characters"] > 200
    assert found["seal_ocr"]["loss_points"] <= 3.0
    assert found["print_ocr"]["loss_points"] <= 3.0
