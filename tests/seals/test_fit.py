"""Fitting agrees with the native layout, which has the last word."""

from __future__ import annotations

import math

import pytest

from seal2real.seals.fit import (
    Box,
    arc_length,
    clear_arc,
    corner_loss,
    fit_line,
    fit_ring,
    is_latin,
    perimeter,
    text_height,
    text_units,
)
from seal2real.seals.layout import layout
from seal2real.seals.spec import RingText, SealSpec

NAME = "云泽市晨岚信息科技有限公司"
OUTLINES = [
    ("round", 40.0, 40.0),
    ("oval", 45.0, 30.0),
    ("square", 36.0, 36.0),
    ("rectangle", 50.0, 30.0),
    ("triangle", 44.0, 38.0),
    ("rhombus", 52.0, 36.0),
]


@pytest.mark.parametrize("outline", OUTLINES)
def test_perimeter_and_full_arc_agree(outline: tuple[str, float, float]) -> None:
    """All the way round is the perimeter, less what chords cut off at corners (up to 5 %).

    Ramanujan's formula gives the ellipse's.
    """
    shape, w, h = outline
    a, b = w / 2, h / 2
    ellipse = math.pi * (3 * (a + b) - math.sqrt((3 * a + b) * (a + 3 * b)))
    wanted = ellipse if shape in ("round", "oval") else perimeter(*outline)
    assert arc_length(outline, 0.0, 360.0) == pytest.approx(wanted, rel=0.05)


def test_corner_loss_of_a_square() -> None:
    """Four quarter circles of radius r replace eight straight pieces r: 8 r - 2 pi r."""
    assert corner_loss(("square", 30.0, 30.0), 360.0, 2.0) == pytest.approx(16 - 4 * math.pi)
    assert corner_loss(("round", 30.0, 30.0), 360.0, 2.0) == 0.0


@pytest.mark.parametrize("outline", OUTLINES)
@pytest.mark.parametrize("text", ["云泽商行", NAME, NAME + "云泽分公司第二项目部"])
def test_fitted_rings_are_accepted_by_the_layout(
    outline: tuple[str, float, float], text: str
) -> None:
    """What fit_ring gives, layout takes: short, usual and long names, every shape."""
    fit = fit_ring(text, "song", outline, 1.8, 4.2, 200.0, longest_deg=240.0)
    ring = RingText(
        text,
        fit.height_mm,
        radius_mm=outline[1] / 2 - 1.8,
        arc_deg=fit.arc_deg,
        condense=fit.condense,
    )
    (laid,) = layout(SealSpec("x", *outline, ring_texts=(ring,))).texts
    assert [char for char, _ in laid["chars"]] == list(text)


def test_long_names_get_narrower_then_lower() -> None:
    """The engravers' order; an ordinary name keeps its height."""
    usual = fit_ring(NAME, "song", OUTLINES[0], 2.0, 6.5, 260.0)
    long = fit_ring(NAME * 2, "song", OUTLINES[0], 2.0, 6.5, 260.0)
    assert usual.height_mm == 6.5
    assert usual.condense > 0.5
    assert long.height_mm < 6.5
    assert long.arc_deg > 260


def test_units_follow_the_native_rule() -> None:
    """CJK by the em, digits and capitals by their ink height, brackets without their blank."""
    assert text_units("云泽", "song") == pytest.approx(2.0)
    assert text_units("（云泽）", "song") < 3.4
    assert is_latin("A-1")
    assert not is_latin("A号")
    assert text_height("2024", 4.0) == pytest.approx(2.96)
    assert text_height("2024年", 4.0) == 4.0
    assert fit_line("云泽商行", "song", 5.0, 10.0) == pytest.approx(0.49, abs=0.01)


def test_clear_arc_keeps_its_distance() -> None:
    """The ring's end comes no nearer to the line than asked; nothing near leaves it alone."""
    box = Box(-12, 4, 12, 10)
    arc = clear_arc(270.0, (17.5, 17.5), 6.5, box, 0.7)
    assert arc < 270
    angle = math.radians(arc / 2)
    for radius in (17.5, 14.25, 11.0):
        assert box.distance_sq(radius * math.sin(angle), -radius * math.cos(angle)) >= 0.49
    assert clear_arc(270.0, (17.5, 17.5), 6.5, Box(-1, -1, 1, 1)) == 270.0
