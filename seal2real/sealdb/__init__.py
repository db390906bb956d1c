"""Seal-DB: records, shards, index, verification, label exporters, viewer."""

from __future__ import annotations

__all__ = ["SealDB"]


def __getattr__(name: str) -> object:
    """Import the reader when it is first asked for: it needs pyarrow, the writers do not."""
    if name == "SealDB":
        from seal2real.sealdb.reader import SealDB

        return SealDB
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
