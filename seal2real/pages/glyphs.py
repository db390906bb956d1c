"""Fonts of page text: metrics in em and cached glyph masks in pixels."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from seal2real.seals.fonts import Font, MissingGlyph

__all__ = ["GlyphMetrics", "PageFont", "page_font"]

# Metrics are read once at this size: 1/1000 em is below a hundredth of a pixel on any page.
_METRIC_PX = 1000
# Masks kept by one process; dropped together when full (a page at 300 dpi needs about 3 MB).
_CACHE_BYTES = 24 << 20
# Horizontal sub-pixel positions of narrow glyphs; full-width ones are set on whole pixels.
PHASES = 4
_FULL_WIDTH_EM = 0.95

# advance, ink top above the baseline, ink bottom below the baseline; all in em
GlyphMetrics = tuple[float, float, float]
# mask uint8 [h, w], its left and top from the pen in pixels
GlyphMask = tuple[NDArray[np.uint8], int, int]


class _Metrics(dict[str, GlyphMetrics]):
    """Character -> metrics, measured when first asked for; a page asks a thousand times."""

    def __init__(self, measure: Callable[[str], GlyphMetrics]) -> None:
        super().__init__()
        self._measure = measure

    def __missing__(self, char: str) -> GlyphMetrics:
        found = self[char] = self._measure(char)
        return found


class PageFont:
    """One face of a font file, by path and face index."""

    def __init__(self, path: str, face: int = 0) -> None:
        self.path = path
        self.face = face
        self._outlines = Font(path, face)
        self._metrics = _Metrics(self._measure)

    def at(self, size_px: int) -> ImageFont.FreeTypeFont:
        """Return the font at ``size_px`` pixels an em."""
        return _sized(self.path, self.face, size_px)

    def metrics(self, char: str) -> GlyphMetrics:
        """Return advance, ascent and descent of the glyph's ink, in em.

        Raises:
            MissingGlyph: if the font lacks ``char``: a label must equal its picture.
        """
        return self._metrics[char]

    def all_metrics(self, text: str) -> list[GlyphMetrics]:
        """Return ``metrics`` of every character of ``text``.

        Raises:
            MissingGlyph: if the font lacks one.
        """
        known = self._metrics
        return [known[char] for char in text]

    def _measure(self, char: str) -> GlyphMetrics:
        if not char.isspace() and not self._outlines.has(ord(char)):
            raise MissingGlyph(self.path, char, char)
        font = self.at(_METRIC_PX)
        _, top, _, bottom = font.getbbox(char, anchor="ls")
        return font.getlength(char) / _METRIC_PX, -top / _METRIC_PX, bottom / _METRIC_PX

    def advance(self, char: str) -> float:
        """Return the advance of ``char`` in em."""
        return self._metrics[char][0]

    def width(self, text: str) -> float:
        """Return the set width of ``text`` in em."""
        total = 0.0
        known = self._metrics
        for char in text:
            total += known[char][0]
        return total

    def mask(self, char: str, size_px: int, phase: int) -> GlyphMask:
        """Return the coverage of a glyph whose pen stands ``phase`` quarter pixels in."""
        return _MASKS.get(self, char, size_px, phase)

    def phase(self, char: str, x: float) -> tuple[int, int]:
        """Return whole pixels and sub-pixel phase of a pen at ``x``."""
        if self._metrics[char][0] > _FULL_WIDTH_EM:
            return int(x + 0.5), 0
        steps = int(x * PHASES + 0.5)
        return steps // PHASES, steps % PHASES


class _MaskCache:
    """Glyph masks of all fonts of this process, bounded in bytes."""

    def __init__(self) -> None:
        self._masks: dict[tuple[int, str, int, int], GlyphMask] = {}
        self._bytes = 0

    def get(self, font: PageFont, char: str, size_px: int, phase: int) -> GlyphMask:
        key = (id(font), char, size_px, phase)  # fonts live as long as the process: see page_font
        found = self._masks.get(key)
        if found is None:
            found = _render(font, char, size_px, phase)
            if self._bytes > _CACHE_BYTES:
                self._masks.clear()
                self._bytes = 0
            self._masks[key] = found
            self._bytes += found[0].nbytes + 200
        return found


_MASKS = _MaskCache()


def _render(font: PageFont, char: str, size_px: int, phase: int) -> GlyphMask:
    """Return the mask of one glyph, without its empty border columns and rows."""
    core, (left, top) = font.at(size_px).getmask2(
        char, mode="L", anchor="ls", start=(phase / PHASES, 0.0)
    )
    width, height = core.size
    mask = np.frombuffer(bytes(core), np.uint8).reshape(height, width)
    return mask, int(left), int(top)


# A face costs 0.8 MB and 0.35 ms; masks are cached, so most sizes are needed once.
@lru_cache(maxsize=24)
def _sized(path: str, face: int, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px, index=face, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=64)
def page_font(path: str, face: int = 0) -> PageFont:
    """Return the font of a file, one object for each file and face."""
    return PageFont(path, face)
