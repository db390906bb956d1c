"""Laying a spec out with the shared glyph store: glyphs first, then the native layout."""

from __future__ import annotations

import functools
from typing import Any

from seal2real import _C
from seal2real.seals.fonts import MissingGlyph, ensure_glyphs, store
from seal2real.seals.spec import SealSpec

__all__ = ["MissingGlyph", "layout"]

# A layout holds about 50 kB of outlines; a worker meets each spec a few times in a row.
_CACHED = 256


@functools.lru_cache(maxsize=_CACHED)
def layout(spec: SealSpec) -> Any:
    """Return the native ``_C.Layout`` of ``spec`` in seal mm; cached, so do not modify it.

    Raises:
        MissingGlyph: if a font lacks a character, naming both.
        ValueError: if a text is too long for its ring or line, or a font is unknown.
    """
    for text in spec.texts:
        ensure_glyphs(text.font, text.text)
    return _C.Layout(store(), spec)
