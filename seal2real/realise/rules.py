"""Rules of use: realisation makes training data, never one document with one named seal.

A learned realiser takes drawn seals only, on many pages and of many owners, and pairs them itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seal2real.seals.corpus import normalise_owner

if TYPE_CHECKING:
    from seal2real.realise.run import Realisation
    from seal2real.synthesis.generate import SampleFactory

__all__ = ["LEAST_OWNERS", "LEAST_PAGES", "check_use"]

# Different page files (or drawn pages), and different owners of seals.
LEAST_PAGES = 8
LEAST_OWNERS = 8
# Length of a file's hash; the key of a page of a single PDF goes on with the page's number.
_HASH_DIGITS = 64


def check_use(factory: SampleFactory, realisation: Realisation) -> None:
    """Refuse what a learned realiser must not be used for; "traditional" may do everything.

    Raises:
        ValueError: if the recipe has cut-outs or a layout of the user's, fewer than 8 page files,
            or fewer than 8 owners.
    """
    if realisation.method == "traditional":
        return
    recipe, method = factory.recipe, realisation.method
    if recipe.templates is not None:
        raise ValueError(
            f"realise: --method must be traditional with --templates, got {method}; cut-outs of "
            "real seals are never realised"
        )
    if recipe.layout is not None:
        raise ValueError(
            f"realise: --method must be traditional with --layout, got {method}; which seal lies "
            "on which page is drawn here"
        )
    pages = _files(factory)
    if pages < LEAST_PAGES:
        raise ValueError(
            f"realise: --pages must have at least {LEAST_PAGES} files with method {method}, got "
            f"{pages}; add pages, or use --method traditional"
        )
    owners = _owners(factory.corpus)
    if owners is not None and owners < LEAST_OWNERS:
        raise ValueError(
            f"realise: --corpus must have at least {LEAST_OWNERS} owners with method {method}, "
            f"got {owners}; add owners, or use --method traditional"
        )


def _files(factory: SampleFactory) -> int:
    """Return how many different files the pages come from, counted up to LEAST_PAGES."""
    found: set[str] = set()
    for source in factory.pages:
        for index in range(len(source)):
            key = source.key(index)
            found.add(key if key.startswith("procedural:") else key[:_HASH_DIGITS])
            if len(found) >= LEAST_PAGES:
                return LEAST_PAGES
    return len(found)


def _owners(corpus: Any) -> int | None:
    """Return the owners of a corpus that lists them; None for one that invents them."""
    entries = getattr(corpus, "entries", None)
    if entries is None:
        return None
    return len({normalise_owner(entry["owner"]) for entry in entries})
