"""Arguments that nobody would send are refused with a message, or answered; nothing crashes."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from seal2real import _C
from tests.native.fuzz import CALLS, run
from tests.native.odd import Odd

# Functions that only others of the module's face call, and the types.
COVERED_BY_OTHERS = {"isa", "isas", "set_isa", "GlyphStore", "Layout"}


@pytest.mark.parametrize("name", CALLS)
def test_odd_arguments(name: str) -> None:
    """Both outcomes occur, so the calls reach the code behind the checks and the checks."""
    answered, refused = run(_C, name, 150)
    assert answered > 5
    assert refused > 5


def test_every_function_is_called() -> None:
    """The list of calls follows the module's own list of functions."""
    source = importlib.import_module("tests.native.fuzz").__loader__.get_source("tests.native.fuzz")
    public = {name for name in dir(_C) if not name.startswith("_")} - COVERED_BY_OTHERS
    assert {name for name in public if f"native.{name}" not in source} == set()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("rim_width_mm", 1e6, r"rim_width_mm must lie within \+-1000"),
        ("strength", float("nan"), r"strength must lie within .*got nan"),
    ],
)
def test_ink_beyond_reason(field: str, value: float, message: str) -> None:
    """A rim of a kilometre would ask for the memory of one."""
    ink = SimpleNamespace(**{**vars(_usual(Odd.ink)), field: value})
    with pytest.raises(ValueError, match=message):
        _C.ink(np.full((9, 9), 255, np.uint8), ink, 8.0, (4.0, 4.0), (4.0, 4.0))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("gain", (1.0, float("inf"), 1.0), r"gain must lie in \[0, 16"),
        ("line_px", 0, r"line_px must be in 1..1000, got 0"),
        ("streak_amount", 9.0, r"streak_amount must lie within \+-1.0"),
    ],
)
def test_captures_beyond_reason(field: str, value: object, message: str) -> None:
    """Each would overflow an integer."""
    capture = SimpleNamespace(**{**vars(_usual(Odd.capture)), field: value})
    with pytest.raises(ValueError, match=message):
        _C.capture(np.zeros((9, 9, 3), np.uint8), capture, (0, 0))


def test_places_beyond_reason() -> None:
    """The centre must be a pixel that integers can hold."""
    coverage, page = np.full((9, 9), 255, np.uint8), np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(ValueError, match=r"ink: the seal must lie within \+-1e7 px"):
        _C.ink(coverage, _usual(Odd.ink), 8.0, (4.0, 1e9), (4.0, 4.0))
    with pytest.raises(ValueError, match=r"capture: origin_px must lie within \+-1e9 px"):
        _C.capture(page, _usual(Odd.capture), (0, 2**62))
    with pytest.raises(ValueError, match="segment must be 1x1 to 65535x65535"):
        _C.jpeg_changed(page, page, 0, 0, 2**40, 8)
    for corner in ((2**63 - 1, 0), (0, 2**63 - 1)):
        with pytest.raises(ValueError, match="window must lie inside the page"):
            _C.jpeg_changed(page, page, *corner, 8, 8)


def test_fonts_that_are_not_there() -> None:
    """A negative number is no font either."""
    for font in (-1, 0):
        with pytest.raises(ValueError, match="set_em_box: font must come from add_font"):
            _C.GlyphStore().set_em_box(font, 0.9, -0.1)


def _usual(draw: object) -> SimpleNamespace:
    """Return parameters that are all within their ranges."""
    odd = Odd(1)
    odd.rare = lambda share=0.1: False  # type: ignore[method-assign]
    return draw(odd)  # type: ignore[operator]
