"""How the processes that make samples deal with the system's memory."""

from __future__ import annotations

import ctypes
import gc

__all__ = ["collect_rarely", "keep_memory"]

# glibc's malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# The largest that glibc accepts.
_MMAP_BYTES = 32 << 20
# Freed memory at the heap's end up to this is kept: a page at 300 dpi and its planes.
_KEPT_BYTES = 128 << 20
# Containers that must have come to stay before Python looks for garbage: with its own 700 it looked
# at every second sample.
_CONTAINERS = 50_000


def collect_rarely() -> None:
    """Look for cycles of garbage seldom, and never among what is loaded already.

    A sample is made of thousands of lists and dicts without a cycle: looking through them took a
    twentieth of the time that drawing takes. For processes of our own only: it holds until they end.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_CONTAINERS)


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
