"""Glyph outlines: read once through HarfBuzz and flattened once in em space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from seal2real import _C

__all__ = ["FLATNESS_EM", "Outline", "read_outline"]

# Greatest distance of a chord from its curve, in em: 0.032 px at the 83 px em of a 7 mm glyph at
# 300 dpi, so no pixel of its edge is off by more than 8/255. Points per hanzi (mean of 30, Song /
# Hei): 140 / 92 at 1/1280 em, 185 / 120 at 1/2560, 273 / 174 at 1/6400.
FLATNESS_EM = 1.0 / 2560.0


@dataclass(frozen=True)
class Outline:
    """A flattened glyph in em units, x right, y up, origin on the baseline.

    Contours are closed without repeating their first point; filled counter-clockwise (positive
    signed area) whatever the font format, holes run the other way.
    """

    advance: float  # horizontal advance in em
    points: NDArray[np.float32]  # [N, 2] em, all contours one after another
    lengths: NDArray[np.int32]  # [C] points of each contour

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """Return the ink box (left, bottom, right, top) in em, None for a blank glyph."""
        if not len(self.points):
            return None
        left, bottom = self.points.min(axis=0)
        right, top = self.points.max(axis=0)
        return float(left), float(bottom), float(right), float(top)


def _draw_funcs() -> hb.DrawFuncs:
    """Return HarfBuzz callbacks that append to the list given as their data.

    Calls are told apart by their length, as ``_C.flatten_outline`` reads them.
    """
    funcs = hb.DrawFuncs()
    funcs.set_move_to_func(lambda x, y, calls: calls.append((x, y, 0.0)))
    funcs.set_line_to_func(lambda x, y, calls: calls.append((x, y)))
    funcs.set_cubic_to_func(lambda a, b, c, d, x, y, calls: calls.append((a, b, c, d, x, y)))
    funcs.set_quadratic_to_func(lambda a, b, x, y, calls: calls.append((a, b, x, y)))
    funcs.set_close_path_func(lambda calls: None)
    return funcs


_FUNCS = _draw_funcs()


def read_outline(font: hb.Font, glyph: int, flatness_em: float = FLATNESS_EM) -> Outline:
    """Read glyph number ``glyph`` of ``font`` and flatten it.

    Args:
        font: a HarfBuzz font at its default scale (font units).
        glyph: glyph index.
        flatness_em: greatest distance of a chord from its curve, in em.

    Returns:
        The outline; only + - * / and sqrt are used, so it is the same on every machine.
    """
    upem = font.face.upem
    calls: list[tuple[float, ...]] = []
    font.draw_glyph(glyph, _FUNCS, calls)
    points, lengths = _C.flatten_outline(calls, upem, flatness_em)
    return Outline(font.get_glyph_h_advance(glyph) / upem, points, lengths)
