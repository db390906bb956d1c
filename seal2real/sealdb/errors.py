"""What goes wrong with a dataset on disk."""

from __future__ import annotations

__all__ = [
    "DamagedError",
    "ForeignFolderError",
    "RecipeMismatchError",
    "SampleError",
    "SealDbError",
    "WorkerError",
    "WriteError",
]


class SealDbError(Exception):
    """A dataset cannot be written or read; the message names the thing, the rule, the remedy."""


class RecipeMismatchError(SealDbError, ValueError):
    """The folder holds a dataset made by another recipe."""


class ForeignFolderError(SealDbError, ValueError):
    """The folder holds something that is no dataset."""


class WriteError(SealDbError, OSError):
    """The operating system refused to write; nothing lies under a final name."""


class SampleError(SealDbError, RuntimeError):
    """A sample cannot be made; the message names its seed and index."""


class WorkerError(SealDbError, RuntimeError):
    """Worker processes died on a shard more than once."""


class DamagedError(SealDbError, ValueError):
    """A file of the dataset is not what was written."""
