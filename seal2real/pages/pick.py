"""Which page a sample is drawn on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from seal2real.pages.page import PageSource
from seal2real.rng import Rng

__all__ = ["PagePicker"]

# A finite source longer than this is not listed by split; pages are tried one after another.
_MOST_LISTED = 1_000_000
_MOST_TRIES = 10_000


class PagePicker:
    """Maps samples to pages: runs of neighbours share a page, so that it is made once.

    Args:
        source: the pages.
        seed: dataset seed.
        reuse: consecutive samples that share a page (1 never shares).
        split_of: split of a page's key; None lets every split use every page.

    Raises:
        ValueError: if ``reuse`` is not positive.
    """

    def __init__(
        self,
        source: PageSource,
        seed: int = 0,
        *,
        reuse: int = 8,
        split_of: Callable[[str], str] | None = None,
    ) -> None:
        if reuse < 1:
            raise ValueError(f"PagePicker: reuse must be at least 1, got {reuse}; 1 never shares")
        self._source = source
        self._seed = seed
        self._reuse = reuse
        self._split_of = split_of

    def index(self, sample: int, split: str = "train") -> int:
        """Return the page of sample number ``sample`` in ``split``.

        Raises:
            ValueError: if no page of the source belongs to ``split``.
        """
        rng = Rng(self._seed, "page", split, sample // self._reuse)
        if len(self._source) <= _MOST_LISTED and self._split_of is not None:
            return rng.choice(self._listed(split))
        for _ in range(_MOST_TRIES):
            index = rng.integer(0, len(self._source))
            if self._split_of is None or self._split_of(self._source.key(index)) == split:
                return index
        raise ValueError(_too_few(split, len(self._source)))

    def _listed(self, split: str) -> list[int]:
        """Return the pages of ``split``, never none."""
        pages = self._by_split.get(split)
        if not pages:
            raise ValueError(_too_few(split, len(self._source)))
        return pages

    @cached_property
    def _by_split(self) -> dict[str, list[int]]:
        assert self._split_of is not None
        found: dict[str, list[int]] = {}
        for index in range(len(self._source)):
            found.setdefault(self._split_of(self._source.key(index)), []).append(index)
        return found


def _too_few(split: str, pages: int) -> str:
    return (
        f"PagePicker: split must have pages, got none of {pages} for {split!r}; "
        "give more files or another split"
    )
