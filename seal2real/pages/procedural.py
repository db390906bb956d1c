"""Pages set by us: any number of them, each from its own stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seal2real.pages.cache import PageCache
from seal2real.pages.documents import DOCUMENTS, Document
from seal2real.pages.files import BadFile
from seal2real.pages.page import Page, require_dpi
from seal2real.pages.style import Fonts, new_setting
from seal2real.pages.words import Filler
from seal2real.pages.words_en import date_en, slots_en
from seal2real.pages.words_zh import date_zh, slots_zh
from seal2real.rng import Rng

__all__ = ["LANGUAGES", "ProceduralPages"]

LANGUAGES = ("zh", "en")
_SHARES = {"zh": 0.8, "en": 0.2}


class ProceduralPages:
    """A source of ``2**31 - 1`` drawn pages.

    Args:
        dpi: pixels per inch, or a (low, high) range of which a page takes a multiple of 10.
        seed: pages of one seed are the same everywhere.
        languages: of "zh" and "en".
        kinds: kinds of document (see `seal2real.pages.documents`); None takes all.
        fonts: body, heading and bold font names; None draws embedded ones.
    """

    def __init__(
        self,
        dpi: float | tuple[float, float] = 200.0,
        *,
        seed: int = 0,
        languages: Sequence[str] = LANGUAGES,
        kinds: Sequence[str] | None = None,
        fonts: tuple[str, str, str] | None = None,
    ) -> None:
        low, high = dpi if isinstance(dpi, tuple) else (dpi, dpi)
        require_dpi("ProceduralPages", low)
        require_dpi("ProceduralPages", high)
        self._dpi = (float(low), float(high))
        self._seed = seed
        self._documents = _chosen(tuple(languages), None if kinds is None else tuple(kinds))
        self._languages = tuple(languages)
        self._fonts = None if fonts is None else Fonts(*fonts)
        self._cache = PageCache()
        self.bad: tuple[BadFile, ...] = ()

    def __len__(self) -> int:
        """Return ``2**31 - 1``."""
        return 2**31 - 1

    def page(self, i: int) -> Page:
        """Return page ``i``, kept for the next call."""
        return self._cache.get(i, self._make)

    def key(self, i: int) -> str:
        """Return a key of its own for every page."""
        return f"procedural:{self._seed}:{i}"

    def describe(self) -> dict[str, Any]:
        """Return what dataset.json records."""
        return {
            "kind": "procedural",
            "dpi": list(self._dpi),
            "seed": self._seed,
            "languages": list(self._languages),
            "documents": [f"{d.kind}-{d.language}" for d in self._documents],
            "fonts": None if self._fonts is None else vars(self._fonts),
        }

    def _make(self, i: int) -> Page:
        rng = Rng(self._seed, "page", i)
        weights = [d.weight * _SHARES[d.language] for d in self._documents]
        document = rng.weighted(self._documents, weights)
        setting = new_setting(
            rng.child("style"),
            self._page_dpi(rng),
            rng.choice(document.sizes_mm),
            fonts=self._fonts,
            tinted=document.tinted,
            small=document.small,
        )
        words = (slots_zh(), date_zh) if document.language == "zh" else (slots_en(), date_en)
        fill = Filler(rng.child("words"), *words)
        document.compose(setting, rng.child("layout"), fill)
        name = f"{document.kind}-{document.language}"
        source = {"kind": "procedural", "name": name, "sha256": None, "page": i}
        return setting.sheet.finish(document.kind, source)

    def _page_dpi(self, rng: Rng) -> float:
        low, high = self._dpi
        return low if low == high else 10.0 * int(rng.uniform(low, high) / 10.0 + 0.5)


def _chosen(languages: tuple[str, ...], kinds: tuple[str, ...] | None) -> tuple[Document, ...]:
    """Return the documents of ``languages`` and ``kinds``."""
    for language in languages:
        if language not in LANGUAGES:
            raise ValueError(
                f"ProceduralPages: languages must be of {', '.join(LANGUAGES)}, got {language!r}; "
                "choose one of them"
            )
    known = sorted({d.kind for d in DOCUMENTS})
    for kind in kinds or ():
        if kind not in known:
            raise ValueError(
                f"ProceduralPages: kinds must be of {', '.join(known)}, got {kind!r}; "
                "choose some of them"
            )
    chosen = tuple(
        d for d in DOCUMENTS if d.language in languages and (kinds is None or d.kind in kinds)
    )
    if not chosen:
        raise ValueError(
            f"ProceduralPages: languages must name at least one, got {languages}; try 'zh'"
        )
    return chosen
