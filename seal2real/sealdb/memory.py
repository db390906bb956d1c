"""How the processes that make samples deal with the system's memory."""

from __future__ import annotations

import ctypes

__all__ = ["keep_memory"]

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# The largest that glibc accepts.
_MMAP_BYTES = 32 << 20
# Freed memory at the heap's end up to this is kept: a page at 300 dpi and its planes.
_KEPT_BYTES = 128 << 20


def keep_memory() -> bool:
    """Let malloc keep freed planes for the next sample; return whether it will.

    Otherwise every plane comes from the system anew, page by page, cleared: 4000 page faults and an
    eighth of the time of a 200 dpi page. For processes of our own only: it holds until they end.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # no other C library has it
    if mallopt is None:
        return False
    kept = mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES), mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    return all(kept)
