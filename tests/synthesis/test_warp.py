"""Warps by their formula, and labels that move with the drawing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seal2real import _C
from seal2real.seals.fonts import ensure_glyphs, store
from seal2real.seals.spec import SealSpec
from seal2real.synthesis.warp import Warp


def test_similarity_turns_clockwise() -> None:
    """10 mm to the right, turned by 90 degrees clockwise, is 10 mm down."""
    warp = Warp.similarity((100.0, 50.0), 8.0, 90.0)
    assert np.allclose(warp.apply([[0, 0], [10, 0]]), [[100, 50], [100, 130]])


def test_tilt_changes_depth_along_the_image() -> None:
    """Depth 1 + 0.01 x 5 shrinks the offset of a point 5 mm right by 1.05, whatever the turn."""
    for angle in (0.0, 30.0):
        warp = Warp.perspective((0.0, 0.0), 10.0, angle, tilt=(0.01, 0.0))
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        assert np.allclose(warp.apply([[5 * c, -5 * s]]), [[50 / 1.05, 0.0]])


def test_curl_by_its_formula() -> None:
    """p + amplitude sin(2 pi p.u / wavelength + phase) n, with u along y and n along -x."""
    warp = Warp.similarity((0.0, 0.0), 1.0, curl=(2.0, 40.0, 90.0, 0.5))
    shift = 2.0 * math.sin(2 * math.pi * 7.0 / 40.0 + 0.5)
    assert np.allclose(warp.apply([[3.0, 7.0]]), [[3.0 - shift, 7.0]])


def test_round_trip_and_row() -> None:
    """The dict gives the same warp; the row is h then curl."""
    warp = Warp.perspective((30.0, 20.0), 5.0, 12.0, (0.001, 0.002), 1.1, 0.05, (1, 90, 10, 2))
    assert Warp.from_dict(warp.to_dict()) == warp
    assert warp.row().tolist() == [*warp.h, *warp.curl]


def test_labels_move_like_the_python_warp() -> None:
    """text_labels maps the layout's quads as Warp.apply does."""
    spec = SealSpec.preset("company", seed=1)
    for text in spec.texts:
        ensure_glyphs(text.font, text.text)
    layout = _C.Layout(store(), spec)
    warp = Warp.perspective((200.0, 210.0), 9.0, 33.0, (0.002, 0.001), curl=(3.0, 250.0, 30.0, 1.0))
    for label, text in zip(_C.text_labels(layout, warp.h, warp.curl), layout.texts, strict=True):
        assert label["chars"] == [char for char, _ in text["chars"]]
        for quad, (_, quad_mm) in zip(label["quads"], text["chars"], strict=True):
            assert np.allclose(quad, warp.apply(quad_mm), atol=1e-9)
        assert len(label["polygon16"]) <= 16 and len(label["polygon16"]) % 2 == 0


def test_refusals() -> None:
    """Each mistake names the rule."""
    with pytest.raises(ValueError, match="Warp: h and curl must have 9 and 4 numbers"):
        Warp((1.0, 2.0))
    with pytest.raises(ValueError, match="Warp: h and curl must be finite"):
        Warp((math.nan,) * 9)
    with pytest.raises(ValueError, match="Warp: curl must have a wavelength"):
        Warp.similarity((0, 0), 1.0, curl=(1.0, 0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="px_per_mm and stretch must be above 0"):
        Warp.similarity((0, 0), 0.0)
    with pytest.raises(ValueError, match="Warp.from_dict: data must hold h and curl"):
        Warp.from_dict({"h": [1]})
