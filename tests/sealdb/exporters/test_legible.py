"""When a text counts as legible in the final image."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seal2real.sealdb.exporters._legible import Legibility, separation
from tests.support.labelled import Disc, Scene, Text
from tests.support.labelled_db import make_db

BOX = [[4.0, 4.0], [24.0, 4.0], [24.0, 14.0], [4.0, 14.0]]


def planes(ink_value: int, paper_value: int) -> tuple[np.ndarray, np.ndarray]:
    """A page of one grey with a bar of another in the text's box."""
    image = np.full((20, 30, 3), paper_value, np.uint8)
    mask = np.zeros((20, 30), np.uint8)
    mask[6:12, 8:20] = 2
    image[mask > 0] = ink_value
    return image, mask


def test_even_tones_are_their_difference():
    """Analytic: no variance, so the difference is divided by one grey level."""
    image, mask = planes(200, 230)
    assert separation(image, mask, 1, BOX) == 30.0


def test_largest_channel_counts():
    """Red ink on red-tinted paper differs in green and blue only."""
    image, mask = planes(200, 200)
    image[mask > 0] = (200, 180, 150)
    assert separation(image, mask, 1, BOX) == 50.0


def test_noise_divides():
    """Analytic: half of the pixels 20 above, half 20 below the mean is a deviation of 20."""
    image, mask = planes(100, 160)
    checker = np.indices(mask.shape).sum(axis=0) % 2 == 0
    image = np.where(checker[..., None], image + 20, image - 20).astype(np.uint8)
    assert separation(image, mask, 1, BOX) == pytest.approx(60 / math.sqrt(401))


def test_other_seals_are_not_paper():
    """Ink of another bit is left out of the comparison."""
    image, mask = planes(200, 230)
    mask[4:6, 4:24], image[4:6, 4:24] = 1, 0
    assert separation(image, mask, 1, BOX) == 30.0


def test_without_ink_or_paper():
    """No ink: not legible. No paper: nothing to compare with."""
    image, mask = planes(200, 230)
    assert separation(image, mask, 0, BOX) == 0.0
    assert separation(image, np.full_like(mask, 2), 1, BOX) == math.inf


def test_reasons_in_order(tmp_path):
    """Cut, not inked, lost in capture: the first that holds; 0 does not look at the image."""
    discs = (Disc(60, 60, 40, texts=(Text("甲乙"),)), Disc(150, 60, 30, texts=(Text("丙丁"),)))
    sample = make_db(tmp_path / "db", [Scene("train", discs)])[0]
    first, second = sample.record["seals"]
    usual = Legibility(sample, "auto", 0.3, 0.75)
    assert usual.why_not(first, first["texts"][0], "polygon") is None
    assert usual.why_not(second, second["texts"][0], "polygon") == "text cut by the border"
    strict = Legibility(sample, "auto", 0.3, 100.0)
    assert strict.why_not(first, first["texts"][0], "polygon") == "text lost in capture"
    lax = Legibility(sample, "auto", 0.3, 0.0)
    assert lax.why_not(first, first["texts"][0], "polygon") is None
    first["texts"][0]["chars"][1]["visible"] = 0.29
    assert strict.why_not(first, first["texts"][0], "polygon") == "text not inked"
