"""What stops a training run."""

from __future__ import annotations

__all__ = ["CheckpointError", "TrainingError"]


class TrainingError(RuntimeError):
    """A run cannot go on; the message says why and names the last good checkpoint."""


class CheckpointError(ValueError):
    """A checkpoint is damaged or belongs to another run, base or configuration."""
