"""Batches ahead of time, and the time that steps wait for them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from seal2real.training.config import LoopConfig
from seal2real.training.stage import Stage

__all__ = ["Feed"]


@dataclass(frozen=True)
class _Refused:
    """Why a batch could not be made."""

    error: Exception


class _Batches(Dataset[Any]):
    """The stage's batches by step."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def __getitem__(self, step: int) -> dict[str, Any] | _Refused:
        try:
            return self.stage.batch(step)
        except (ValueError, OSError) as error:
            # A bad image or folder is the caller's to mend: DataLoader would bury its message
            # under the worker's trace.
            return _Refused(error)


class Feed:
    """Iterates over (step, batch) of steps ``start .. steps - 1``, prepared by worker processes.

    Attributes:
        wait_s: seconds that the iteration has waited for batches. The first batch is not counted:
            it waits for the workers' start, once a run.
    """

    def __init__(self, stage: Stage, config: LoopConfig, start: int) -> None:
        self.wait_s = 0.0
        self._steps = range(start, stage.steps)
        # Forked, so that a stage needs no pickling and its tables are shared; nothing is left to
        # do for a worker when there are no steps.
        workers = config.workers if len(self._steps) > 0 else 0
        self._loader = DataLoader(
            _Batches(stage),
            batch_size=None,
            sampler=self._steps,
            num_workers=workers,
            prefetch_factor=config.prefetch if workers else None,
            worker_init_fn=_prepare_worker,
            multiprocessing_context="fork" if workers else None,
        )

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        batches = iter(self._loader)
        for step in self._steps:
            start = time.perf_counter()
            batch = next(batches)
            if isinstance(batch, _Refused):
                raise batch.error
            if step != self._steps.start:
                self.wait_s += time.perf_counter() - start
            yield step, batch


def _prepare_worker(_number: int) -> None:
    """Leave the answer to Ctrl-C to the process that trains, and yield the processor to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)
    os.nice(1)
