"""Files that are complete under their name or not there at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from seal2real.sealdb.errors import WriteError

__all__ = [
    "TEMP_PREFIX",
    "atomic_file",
    "atomic_write",
    "make_folder",
    "remove_leftovers",
    "sync_folder",
    "write_error",
]

# A file whose name starts like this is unfinished and belongs to nobody after a crash.
TEMP_PREFIX = ".tmp-"


@contextmanager
def atomic_file(path: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes ``path`` when the block ends well.

    The data are synced to disk before the rename, and the rename after it, so neither a killed
    process nor a power cut leaves half a file under ``path``. Without ``sync`` a power cut may:
    for what the next run makes again anyhow.

    Raises:
        WriteError: if the file cannot be written; the temporary file is removed.
    """
    temp = path.with_name(f"{TEMP_PREFIX}{path.name}.{os.getpid()}")
    try:
        with open(temp, "wb") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temp, path)
        if sync:
            sync_folder(path.parent)
    except BaseException as error:  # Ctrl-C too: whatever ends the block, no leftovers
        temp.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_error(path, error) from error
        raise


def atomic_write(path: Path, data: bytes, sync: bool = True) -> None:
    """Write ``data`` to ``path`` as :func:`atomic_file` does."""
    with atomic_file(path, sync) as file:
        file.write(data)


def make_folder(path: Path) -> None:
    """Make the folder ``path`` and its parents.

    Raises:
        WriteError: if the system refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(path, error) from error


def remove_leftovers(folder: Path, names: set[str]) -> list[str]:
    """Remove unfinished versions of the files ``names`` in ``folder``; return what was removed."""
    removed = []
    for temp in sorted(folder.glob(f"{TEMP_PREFIX}*")):
        final = temp.name.removeprefix(TEMP_PREFIX).rpartition(".")[0]
        if final in names:
            temp.unlink(missing_ok=True)
            removed.append(temp.name)
    return removed


def sync_folder(folder: Path) -> None:
    """Sync the names in ``folder`` to disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync folders; the rename itself is still atomic.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_error(path: Path, error: OSError) -> WriteError:
    """Return ``error``, met when writing ``path``, as one that says what to do."""
    if isinstance(error, WriteError):
        return error
    remedy = {
        errno.ENOSPC: "free some space and run the same command again",
        errno.EDQUOT: "raise the quota and run the same command again",
        errno.EFBIG: "raise the limit on file sizes (ulimit -f) and run the same command again",
        errno.EROFS: "choose a folder on a writable disk",
        errno.EACCES: "choose a folder that you may write to",
        errno.EEXIST: "that is a file: choose another name for the folder",
        errno.ENOTDIR: "a part of that path is a file: choose another folder",
    }.get(error.errno or 0, "check the disk and run the same command again")
    return WriteError(
        error.errno or 0,
        f"write: {path} must be writable, got {error.strerror or error}; {remedy}",
    )
