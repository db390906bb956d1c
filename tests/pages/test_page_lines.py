"""Lines of text and their characters, which are made when they are asked for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from seal2real.pages.page import PageChar, PageChars, PageLine, box_quad, line_of
from seal2real.synthesis.compose import window_lines
from seal2real.synthesis.plan import Window

QUADS = np.array([box_quad(10.0 * k, 0.0, 10.0 * k + 8.0, 12.0) for k in range(3)])


def test_chars_are_a_sequence() -> None:
    """Index, slice, order, equality and pickling, as a tuple of characters would have them."""
    chars = PageChars(list("abc"), QUADS)
    assert len(chars) == 3 and [c.text for c in chars] == ["a", "b", "c"]
    assert chars[-1].text == "c" and np.array_equal(chars[1].quad, QUADS[1])
    assert chars[1:] == PageChars(list("bc"), QUADS[1:]) != chars[:2]
    assert pickle.loads(pickle.dumps(chars)) == chars
    assert repr(chars) == "PageChars('abc')"
    with pytest.raises(IndexError):
        chars[3]


def test_a_plain_sequence_serves() -> None:
    """Pages of other makers hold tuples of characters."""
    plain = tuple(PageChar(text, quad) for text, quad in zip("abc", QUADS, strict=True))
    assert PageChars.of(plain) == PageChars(list("abc"), QUADS)
    assert len(PageChars.of(())) == 0


def test_cells_in_a_row_are_the_quads_that_they_stand_for() -> None:
    """Clockwise from the top left; a copy that travelled before they were made has them too."""
    cells = PageChars.in_row("ab", (0.0, 2.0), (1.0, 3.0), 5.0, 9.0)
    travelled = pickle.loads(pickle.dumps(cells))
    quads = np.stack([box_quad(0.0, 5.0, 1.0, 9.0), box_quad(2.0, 5.0, 3.0, 9.0)])
    assert cells == travelled == PageChars("ab", quads)
    assert len(cells) == 2


def test_a_window_keeps_whole_characters() -> None:
    """The window ends within the third character and starts at the line's origin, at scale 2."""
    line = line_of("abc", "abc", QUADS)
    (shown,) = window_lines((line,), Window(0, 0, 24, 20, 48, 40))
    assert shown.text == "ab"
    assert shown.chars == PageChars(list("ab"), 2.0 * QUADS[:2])


def test_refusals() -> None:
    """What would move the labels of another line."""
    with pytest.raises(ValueError, match=r"PageChars: quads must be \[2, 4, 2\] .*one quad a char"):
        PageChars("ab", QUADS)
    with pytest.raises(ValueError, match=r"PageChars: quads must be \[1, 4, 2\]"):
        PageChars.of((PageChar("a", QUADS.reshape(-1, 2)[:8]),))
    octagon = np.zeros((8, 2))
    with pytest.raises(ValueError, match=r"PageLine: polygon must be \[4, 2\], got \[8, 2\]; give"):
        PageLine("a", octagon)
