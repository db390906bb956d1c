"""What file-backed page sources share: hashes, problems found, the report for dataset.json."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["MAX_PIXELS", "BadFile", "NoUsablePages", "digest_of", "file_sha256", "relative_name"]

# Pages beyond this are refused: 100 megapixels are 300 MB in memory.
MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class BadFile:
    """A file that cannot be used, and why."""

    file: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """Return it as dataset.json holds it."""
        return {"file": self.file, "reason": self.reason}


class NoUsablePages(ValueError):
    """Nothing in a folder can be used; ``bad`` lists what was found."""

    def __init__(self, message: str, bad: Iterable[BadFile] = ()) -> None:
        super().__init__(message)
        self.bad = tuple(bad)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of(hashes: Iterable[str]) -> str:
    """Return one SHA-256 for a list of them, so that a recipe names its inputs."""
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def relative_name(path: Path, folder: Path) -> str:
    """Return the name of ``path`` below ``folder`` with forward slashes."""
    return path.relative_to(folder).as_posix()


def refuse_all(function: str, where: Path, bad: Sequence[BadFile]) -> NoUsablePages:
    """Return the error for a folder without a usable file."""
    listed = "; ".join(f"{b.file}: {b.reason}" for b in bad[:5])
    found = f"{len(bad)} unusable ({listed})" if bad else "none"
    return NoUsablePages(
        f"{function}: folder must hold at least one usable image or PDF, got {found} in {where}; "
        "give a folder of PNG, JPEG, TIFF, WebP, BMP or PDF files",
        bad,
    )


def refuse_strict(function: str, bad: Sequence[BadFile]) -> ValueError:
    """Return the error of a strict run that met unusable files."""
    listed = "; ".join(f"{b.file}: {b.reason}" for b in bad)
    return ValueError(
        f"{function}: files must all be usable under strict, got {len(bad)} bad ({listed}); "
        "repair or remove them, or run without strict"
    )


def bad_report(bad: Iterable[BadFile]) -> dict[str, Any]:
    """Return the part of `describe` that tells what was left out."""
    listed = [b.to_dict() for b in bad]
    return {"bad": listed, "bad_count": len(listed)}
