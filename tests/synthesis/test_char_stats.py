"""Inked share, contrast and visibility of characters, against hand-made planes."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real import _C

INK = np.array([200, 30, 40], np.uint8)


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A white 20 x 20 page with a black 4 px bar, and red ink over its left half."""
    clean = np.full((20, 20, 3), 250, np.uint8)
    clean[8:12] = 20
    sealed = clean.copy()
    sealed[:, :10] = np.minimum(sealed[:, :10], INK)
    mask = np.zeros((20, 20), np.uint8)
    mask[:, :10] = 4
    return clean, sealed, mask


def test_cover_is_the_inked_share_of_the_box() -> None:
    """Expected shares are counted by hand: boxes lie left of, across and right of x = 10."""
    boxes = np.array([[0, 0, 10, 20], [5, 0, 15, 20], [10, 0, 20, 20]], np.int64)
    stats = _C.char_stats(*scene(), boxes)
    assert stats[:, 0].tolist() == [1.0, 0.5, 0.0]


def test_contrast_is_stroke_against_surround_in_the_sealed_image() -> None:
    """Rec. 601 luma by hand: 250 and 20 without ink; ink turns the paper into luma 82."""
    clean, sealed, mask = scene()
    boxes = np.array([[10, 0, 20, 20], [0, 0, 10, 20]], np.int64)
    bare, inked = _C.char_stats(clean, sealed, mask, boxes)[:, 1]
    assert bare == pytest.approx((250 - 20) / 250, abs=0.005)
    paper = (77 * 200 + 150 * 30 + 29 * 40) >> 8
    assert inked == pytest.approx((paper - 20) / paper, abs=0.005)


def test_boxes_outside_and_blank_boxes_are_zero() -> None:
    """Nothing is inked or written beyond the image, nor on bare paper."""
    boxes = np.array([[30, 30, 40, 40], [-9, -9, 0, 0], [12, 0, 18, 6]], np.int64)
    assert not _C.char_stats(*scene(), boxes).any()


def test_no_boxes_give_no_rows() -> None:
    """An empty page has no characters."""
    assert _C.char_stats(*scene(), np.zeros((0, 4), np.int64)).shape == (0, 2)


def test_visibility_counts_inked_ideal_pixels_of_the_bit() -> None:
    """Half of the ideal pixels carry ink; another seal's bit does not count."""
    shape = np.zeros((10, 10), np.uint8)
    shape[2:8, 2:8] = 0b11
    ink = np.zeros((10, 10), np.uint8)
    ink[2:5, 2:8] = 0b01
    quad = np.array([[[1, 1], [9, 1], [9, 9], [1, 9]]], np.float64)
    assert _C.quad_visibility(shape, ink, 0, quad).tolist() == [0.5]
    assert _C.quad_visibility(shape, ink, 1, quad).tolist() == [0.0]


def test_visibility_falls_with_the_part_outside_the_image() -> None:
    """Half of the quad lies left of the image; what is inside is fully inked."""
    shape = np.full((10, 10), 1, np.uint8)
    quad = np.array([[[-5, 0], [5, 0], [5, 10], [-5, 10]]], np.float64)
    assert _C.quad_visibility(shape, shape, 0, quad).tolist() == [0.5]


def test_visibility_of_a_rotated_quad() -> None:
    """A diamond over a uniform seal is visible in full, whatever its corners touch."""
    shape = np.full((20, 20), 1, np.uint8)
    quad = np.array([[[10, 1], [19, 10], [10, 19], [1, 10]]], np.float64)
    assert _C.quad_visibility(shape, shape, 0, quad).tolist() == [1.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": np.zeros((20, 20, 3), np.uint8)}, "mask must have shape"),
        ({"clean": np.zeros((20, 19, 3), np.uint8)}, "clean and sealed must have shape"),
        ({"boxes": np.zeros((3, 2), np.int64)}, "boxes must have shape"),
    ],
)
def test_char_stats_refuses_wrong_shapes(change: dict[str, np.ndarray], message: str) -> None:
    """The messages name the argument and its rule."""
    clean, sealed, mask = scene()
    given = {"clean": clean, "sealed": sealed, "mask": mask, "boxes": np.zeros((0, 4), np.int64)}
    with pytest.raises(ValueError, match=message):
        _C.char_stats(**{**given, **change})


def test_quad_visibility_refuses_what_it_cannot_scan() -> None:
    """NaN and huge corners would walk forever; bits beyond the plane do not exist."""
    plane = np.zeros((4, 4), np.uint8)
    bad = np.full((1, 4, 2), np.nan)
    with pytest.raises(ValueError, match="quads must lie within"):
        _C.quad_visibility(plane, plane, 0, bad)
    with pytest.raises(ValueError, match=r"bit must be in 0\.\.7"):
        _C.quad_visibility(plane, plane, 8, np.zeros((1, 4, 2)))
