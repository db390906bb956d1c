"""The search on drawn pages, where every seal is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from seal2real.crops.colour import ink_colour
from seal2real.crops.find import Scale, find_seals, image_scale
from seal2real.crops.segment import open_segmenter
from tests.support.sealed_pages import seal_free, sealed


@pytest.fixture(scope="module")
def session() -> Any:
    return open_segmenter()


def test_seals_of_drawn_pages_are_found_where_they_are(session: Any) -> None:
    """Centre and diameter of the outlines in the records; twelve seals, at most one missed."""
    errors, colours, scales = [], [], []
    samples = sealed(12)
    for sample in samples:
        truth = sample.record["seals"][0]
        outline = np.array(truth["outline"])
        middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
        diameter = float(np.ptp(outline, axis=0).mean())
        found = find_seals(session, sample.synthetic)
        if len(found) != 1:
            continue
        seal = found[0]
        errors.append(math.hypot(seal.x - middle[0], seal.y - middle[1]) / diameter)
        errors.append(abs(seal.diameter_px / diameter - 1.0))
        colours.append(seal.colour == truth["colour"])
        scales.append(seal.px_per_mm / (sample.record["page"]["dpi"] / 25.4))
        assert (seal.shape, seal.scale_by) == ("round", "seal")
    assert len(colours) >= 11
    assert np.median(errors) < 0.01
    assert max(errors) < 0.06
    assert np.mean(colours) >= 0.9
    # the seals are 38 to 45 mm wide, the guess is 40
    assert 0.9 < np.median(scales) < 1.15


def test_pages_without_a_seal_have_none(session: Any) -> None:
    found = [find_seals(session, sample.synthetic) for sample in seal_free(10)]
    assert sum(map(len, found)) <= 1


def test_a_known_scale_is_taken_over(session: Any) -> None:
    sample = sealed(1)[0]
    scale = Scale(sample.record["page"]["dpi"] / 25.4, "dpi")
    seal = find_seals(session, sample.synthetic, scale)[0]
    assert (seal.px_per_mm, seal.scale_by) == (scale.px_per_mm, "dpi")


def test_a_scale_that_makes_no_sense_of_a_seal_is_not_taken_over(session: Any) -> None:
    """At 800 px/mm the seal would be a third of a millimetre wide."""
    sample = sealed(1)[0]
    found = find_seals(session, sample.synthetic, Scale(2.5, "page width"), min_score=0.2)
    assert all(s.scale_by == "seal" or s.diameter_px / 2.5 <= 70.0 for s in found)


def test_the_search_repeats_itself_and_scores_filter(session: Any) -> None:
    image = sealed(1, seed=5)[0].synthetic
    everything = find_seals(session, image, min_score=0.0)
    assert everything == find_seals(session, image, min_score=0.0)
    best = everything[0].score
    assert [s.score for s in everything] == sorted((s.score for s in everything), reverse=True)
    assert find_seals(session, image, min_score=min(best + 0.001, 1.0)) == []
    with pytest.raises(ValueError, match=r"min_score must be in 0..1, got 1.5"):
        find_seals(session, image, min_score=1.5)


def test_images_smaller_than_a_seal_are_no_error(session: Any) -> None:
    for shape in ((1, 1), (20, 300), (64, 64)):
        assert find_seals(session, np.full((*shape, 3), 230, np.uint8)) == []


def test_scales_are_taken_from_width_then_dpi() -> None:
    assert image_scale(2480, None, None) is None
    assert image_scale(2480, (300.0, 300.0), None) == Scale(300.0 / 25.4, "dpi")
    assert image_scale(420, (300.0, 300.0), 210.0) == Scale(2.0, "page width")


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((200, 60, 60), "red"),
        ((60, 80, 170), "blue"),
        ((110, 50, 140), "purple"),
        ((60, 60, 62), "black"),
    ],
)
@pytest.mark.parametrize("paper", [(245, 245, 240), (170, 165, 185)])
def test_ink_has_the_name_of_its_colour(
    rgb: tuple[int, int, int], name: str, paper: tuple[int, int, int]
) -> None:
    """Inked squares on plain paper; the paper's own tint does not count."""
    image = np.empty((80, 80, 3), np.uint8)
    image[:] = paper
    ink = np.zeros((40, 40), bool)
    ink[10:30:4, 8:32] = True
    full = ink.repeat(2, axis=0).repeat(2, axis=1)
    image[full] = np.rint(np.array(paper) * np.array(rgb) / 255.0)
    assert ink_colour(image, ink) == name


def _beside_print(
    absorbed: tuple[float, float, float], light: tuple[float, float, float]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return lines of ink beside black print in a tinted light, and where the ink is."""
    ink = np.zeros((40, 40), bool)
    ink[10:30:4, 8:32] = True
    full = ink.repeat(2, axis=0).repeat(2, axis=1)
    image = np.full((80, 80, 3), 235.0)
    image[full] *= np.exp(-np.array(absorbed))
    image[16:64, 2:10] = 235.0 * np.exp(-0.7 * np.array(light))
    return np.rint(image).astype(np.uint8), ink


@pytest.mark.parametrize(
    ("absorbed", "light", "name"),
    [
        # absorbance of ink and print measured on photographs: pale blue ones, and black ones
        ((0.82, 0.80, 0.66), (1.0, 1.0, 0.97), "blue"),
        ((0.48, 0.47, 0.41), (1.0, 0.98, 1.03), "blue"),
        ((0.45, 0.45, 0.37), (1.02, 1.0, 1.02), "blue"),
        ((0.68, 0.71, 0.81), (0.94, 0.97, 1.10), "black"),
        ((1.05, 1.08, 1.15), (0.98, 1.0, 1.04), "black"),
        # a drawn page: the light tints the print alone
        ((1.68, 1.77, 1.79), (0.86, 1.07, 1.07), "black"),
    ],
)
def test_print_says_what_black_is(
    absorbed: tuple[float, float, float], light: tuple[float, float, float], name: str
) -> None:
    assert ink_colour(*_beside_print(absorbed, light)) == name


def test_print_in_colour_is_not_taken_for_black() -> None:
    """Dark red headings: by their light, red ink would have no colour."""
    assert ink_colour(*_beside_print((0.2, 1.3, 1.3), (0.5, 1.3, 1.3))) == "red"
