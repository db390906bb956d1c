"""The versions that a dataset's bytes depend on."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata

from seal2real import _C, __version__

__all__ = ["LOCKED_PACKAGES", "locked_versions", "versions_hash"]

# Packages whose code can reach a byte of a dataset. Others (click, tqdm, …) cannot.
LOCKED_PACKAGES = ("numpy", "pillow", "pyarrow", "pypdfium2", "simplejpeg", "uharfbuzz")


@cache
def locked_versions() -> dict[str, str]:
    """Return name -> version of everything that can change a byte, sorted by name."""
    versions = {name: metadata.version(name) for name in LOCKED_PACKAGES}
    versions["seal2real"] = __version__
    versions["seal2real._C"] = str(getattr(_C, "__version__", __version__))
    return dict(sorted(versions.items()))


def versions_hash(versions: dict[str, str]) -> str:
    """Return the sha256 of ``versions`` as 64 hexadecimal digits."""
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
