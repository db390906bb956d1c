"""Laying specs out with the shared glyph store: glyphs first, then the native layout."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from seal2real import _C
from seal2real.seals.fonts import MissingGlyph, ensure_glyphs, store
from seal2real.seals.spec import SealSpec

__all__ = ["MissingGlyph", "layout", "layouts"]

# A layout holds about 50 kB of outlines; a worker meets each spec a few times in a row.
_CACHED = 256


@functools.lru_cache(maxsize=_CACHED)
def layout(spec: SealSpec) -> _C.Layout:
    """Return the native ``_C.Layout`` of ``spec`` in seal mm; cached, so do not modify it.

    Raises:
        MissingGlyph: if a font lacks a character, naming both.
        ValueError: if a text is too long for its ring or line, or a font is unknown.
    """
    return layouts([spec])[0]


def layouts(specs: Sequence[SealSpec]) -> list[_C.Layout]:
    """Return the native layouts of many specs, each new: for seals that are drawn once.

    Raises:
        MissingGlyph: if a font lacks a character, naming both.
        ValueError: if a text is too long for its ring or line, or a font is unknown.
    """
    # Nearly always every glyph is there: asking first took a tenth of the time.
    found = _C.layout_batch(store(), specs)
    for at, spec in enumerate(specs):
        if found[at] is None:
            for text in spec.texts:
                ensure_glyphs(text.font, text.text)
            found[at] = _C.Layout(store(), spec)
    return found
