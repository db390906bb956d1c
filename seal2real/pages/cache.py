"""A small memory of pages, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from seal2real.pages.page import Page

__all__ = ["PageCache"]

# An A4 page at 300 dpi (26 MB) or a few at 150: a worker has 400 MB for everything.
_CACHE_BYTES = 30 << 20


class PageCache:
    """The pages used last. Pickled empty: another process fills its own."""

    def __init__(self, limit_bytes: int = _CACHE_BYTES) -> None:
        self._limit = limit_bytes
        self._pages: OrderedDict[int, Page] = OrderedDict()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the pages."""
        return PageCache, (self._limit,)

    def get(self, i: int, make: Callable[[int], Page]) -> Page:
        """Return page ``i``, made by ``make`` if it is not at hand."""
        page = self._pages.get(i)
        if page is None:
            page = make(i)
            self._pages[i] = page
            self._drop()
        self._pages.move_to_end(i)
        return page

    def _drop(self) -> None:
        """Forget the oldest pages beyond the limit, never the newest."""
        total = sum(page.nbytes for page in self._pages.values())
        while total > self._limit and len(self._pages) > 1:
            _, oldest = self._pages.popitem(last=False)
            total -= oldest.nbytes
