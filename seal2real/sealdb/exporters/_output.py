"""A folder that appears whole or not at all, and what an export reports."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seal2real.sealdb.errors import WriteError

__all__ = ["Export", "dumps", "staged"]


@dataclass
class Export:
    """What was written.

    Attributes:
        to: the format.
        dest: the folder.
        samples: samples written per split.
        items: labelled things written: instances, text lines, pairs.
        skipped: what was left out, and how often, by reason.
    """

    to: str
    dest: Path
    samples: dict[str, int] = field(default_factory=dict)
    items: int = 0
    skipped: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str) -> None:
        """Count one thing left out for ``reason``."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def dumps(value: Any) -> str:
    """Return compact JSON in UTF-8, keys in the order given; NaN is refused."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@contextmanager
def staged(dest: Path, *, forbidden: Path, caller: str = "export") -> Iterator[Path]:
    """Yield an empty folder beside ``dest`` that is renamed to it at the end, or removed.

    Args:
        dest: folder to make; must not exist, or be empty.
        forbidden: folder that must not contain ``dest``: the dataset itself, which `verify` checks.
        caller: what messages begin with.

    Raises:
        FileExistsError: ``dest`` exists and is not an empty folder.
        ValueError: ``dest`` lies in ``forbidden``.
        WriteError: ``dest`` cannot be written.
    """
    dest = dest.absolute()
    _check_target(dest, forbidden, caller)
    made: Path | None = None
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{dest.name}.", suffix=".partial", dir=dest.parent))
        os.chmod(made, 0o755)  # mkdtemp makes private folders
        yield made
        os.rename(made, dest)
        made = None
    except OSError as error:
        raise _explained(error, dest, caller) from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def _check_target(dest: Path, forbidden: Path, caller: str) -> None:
    if dest.resolve().is_relative_to(forbidden.resolve()):
        raise ValueError(
            f"{caller}: dest must lie outside {forbidden}, which is read, got {dest}; "
            "choose another folder"
        )
    if dest.is_symlink() or (dest.exists() and not dest.is_dir()):
        raise FileExistsError(
            f"{caller}: dest must be a new or empty folder, got the file {dest}; choose another name"
        )
    if dest.is_dir() and any(dest.iterdir()):
        raise FileExistsError(
            f"{caller}: dest must be a new or empty folder, got {dest} with files in it; "
            "remove it or choose another name"
        )


def _explained(error: OSError, dest: Path, caller: str) -> OSError:
    """Name ``dest`` and the remedy for what a user can mend; other errors pass unchanged."""
    remedies = {
        errno.ENOSPC: "have room; free some space",
        errno.EDQUOT: "have room; free some space",
        errno.EACCES: "be writable; choose another folder",
        errno.EPERM: "be writable; choose another folder",
        errno.EROFS: "be writable; choose another folder",
        errno.ENOTDIR: "have a folder as its parent; choose another name",
    }
    if error.errno is None or error.errno not in remedies:
        return error
    rule, remedy = remedies[error.errno].split("; ")
    return WriteError(
        f"{caller}: dest must {rule}, got {dest} ({os.strerror(error.errno)}); {remedy}"
    )
