"""Compare folders byte by byte."""

from __future__ import annotations

from pathlib import Path


def tree_bytes(folder: Path) -> dict[str, bytes]:
    """Return relative path -> content of every file below ``folder``."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def differing(a: Path, b: Path) -> list[str]:
    """Return the names of files that are not the same in both folders."""
    left, right = tree_bytes(a), tree_bytes(b)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))
