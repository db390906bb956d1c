"""Painting over ignored pixels."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real.crops.fill import fill_ignored, grow


def test_what_is_known_stays_and_what_is_not_takes_its_colour() -> None:
    """On paper of one colour the filled picture is that paper, whatever the hole held."""
    clean = np.full((61, 83, 3), (200, 190, 170), np.uint8)
    image, ignore = clean.copy(), np.zeros((61, 83), bool)
    ignore[10:14, 5:70] = ignore[20:55, 30:60] = ignore[60, 82] = True
    image[ignore] = (255, 0, 0)
    np.testing.assert_array_equal(fill_ignored(image, ignore), clean)


def test_a_hole_in_a_ramp_is_filled_between_its_rims() -> None:
    """Two tones: a line across keeps to the nearer side's, and no pixel overshoots."""
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 20:] = 240
    ignore = np.zeros((40, 40), bool)
    ignore[18:21] = True
    filled = fill_ignored(image, ignore)
    np.testing.assert_array_equal(filled[~ignore], image[~ignore])
    assert (filled[19, :16] == 0).all()
    assert (filled[19, 24:] == 240).all()


def test_nothing_to_fill_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="ignore must leave some pixels"):
        fill_ignored(np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), bool))
    with pytest.raises(
        ValueError, match=r"ignore must have the image's size \(4, 4\), got \(4, 5\)"
    ):
        fill_ignored(np.zeros((4, 4, 3), np.uint8), np.ones((4, 5), bool))


def test_growth_is_a_square_of_the_radius() -> None:
    mask = np.zeros((9, 9), bool)
    mask[4, 4] = True
    assert grow(mask, 2).sum() == 25
    assert grow(mask, 0).sum() == 1
