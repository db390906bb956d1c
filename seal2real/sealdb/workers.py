"""A small supervisor: processes that make whole shards, watched from both ends.

Workers share nothing but the output folder. A worker that dies is noticed by its sentinel and its
shard goes to a fresh worker once; a supervisor that dies is noticed by its workers, which stop.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tqdm import tqdm

from seal2real.sealdb.errors import SampleError, WorkerError, WriteError
from seal2real.sealdb.files import remove_leftovers
from seal2real.sealdb.memory import collect_rarely, keep_memory
from seal2real.sealdb.prepare import prepare_workers
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.sidecar import SHARDS, write_shard

__all__ = ["Job", "run_workers"]

# Forks of a process that has imported what workers need and run nothing: importing took each worker
# 0.7 s of processor time. Forking this process itself, which has run native threads, is not safe.
_CONTEXT = multiprocessing.get_context("forkserver")
_TICK_SECONDS = 0.2
_STOP_SECONDS = 10.0
# Deaths of workers on one shard before the run is given up.
_MAX_DEATHS = 2


@dataclass(frozen=True)
class Job:
    """What every worker needs to know."""

    recipe: Recipe
    # sample index -> Sample
    make_sample: Callable[[int], Any]
    out: Path


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    shard: int


@dataclass
class _State:
    """What the supervisor knows."""

    job: Job
    todo: deque[int]
    tick: Callable[[int], object]
    workers: list[_Worker] = field(default_factory=list)
    deaths: dict[int, int] = field(default_factory=dict)
    retried: list[str] = field(default_factory=list)
    # samples of the shard in hand that the bar has counted already
    counted: dict[int, int] = field(default_factory=dict)


def run_workers(
    job: Job, todo: list[int], workers: int, tick: Callable[[int], object]
) -> list[str]:
    """Make the shards ``todo`` in ``workers`` processes; return what had to be retried and why.

    Args:
        tick: called with a number of samples made (negative when a dead worker's are lost).

    Raises:
        WriteError: if the disk refuses.
        SampleError: if a sample cannot be made.
        WorkerError: if two workers die on one shard.
    """
    state = _State(job, deque(todo), tick)
    try:
        for _ in range(workers):
            _start(state, state.todo.popleft())
        # The index needs it in the end, and now this process only waits: 0.1 s less to wait for then.
        importlib.import_module("pyarrow.parquet")
        while state.workers:
            _serve(state)
    finally:
        _stop(state)
    return state.retried


def _start(state: _State, shard: int) -> None:
    prepare_workers()
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_work, args=(theirs, state.job), daemon=True)
    process.start()
    theirs.close()
    worker = _Worker(process, ours, shard)
    state.workers.append(worker)
    _assign(state, worker, shard)


def _assign(state: _State, worker: _Worker, shard: int) -> None:
    worker.shard = shard
    state.counted[shard] = 0
    with contextlib.suppress(OSError):  # it died just now: its sentinel will tell
        worker.pipe.send(shard)


def _serve(state: _State) -> None:
    """Wait for news of any worker and act on it."""
    by_pipe = {worker.pipe: worker for worker in state.workers}
    for pipe in wait(list(by_pipe)):
        worker = by_pipe[pipe]  # type: ignore[index]
        try:
            kind, *news = worker.pipe.recv()
        except (EOFError, OSError):
            # The pipe ends with the process, after everything it sent.
            _bury(state, worker)
            continue
        if kind == "tick":
            state.counted[worker.shard] += news[0]
            state.tick(news[0])
        elif kind == "done":
            _next(state, worker)
        else:
            raise _error(*news)


def _next(state: _State, worker: _Worker) -> None:
    """Give ``worker`` another shard or send it home."""
    if state.todo:
        _assign(state, worker, state.todo.popleft())
        return
    worker.pipe.send(None)
    worker.process.join()
    worker.pipe.close()
    state.workers.remove(worker)


def _bury(state: _State, worker: _Worker) -> None:
    """Give a dead worker's shard to a new one, once.

    Raises:
        WorkerError: if workers died on that shard before.
    """
    worker.process.join()
    worker.pipe.close()
    state.workers.remove(worker)
    name = state.job.recipe.shard_name(worker.shard)
    remove_leftovers(state.job.out / SHARDS, {name})
    reason = _reason(worker.process.exitcode)
    state.tick(-state.counted[worker.shard])
    state.deaths[worker.shard] = state.deaths.get(worker.shard, 0) + 1
    if state.deaths[worker.shard] >= _MAX_DEATHS:
        span = state.job.recipe.shard_range(worker.shard)
        raise WorkerError(
            f"run_shards: a worker must live through {name} (samples {span.start}.."
            f"{span.stop - 1}), got {_MAX_DEATHS} deaths, the last by {reason}; give it more "
            "memory or fewer --workers, and run the same command again"
        )
    state.retried.append(f"{name} after a worker died by {reason}")
    tqdm.write(f"run_shards: a worker died by {reason}; making {name} again", file=sys.stderr)
    _start(state, worker.shard)


def _reason(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        try:
            name = signal.Signals(-exitcode).name
        except ValueError:
            name = str(-exitcode)
        hint = " (out of memory?)" if -exitcode == signal.SIGKILL else ""
        return f"signal {name}{hint}"
    return f"exit code {exitcode}"


def _stop(state: _State) -> None:
    """End every worker and wait for it, so that nobody writes after this returns."""
    for worker in state.workers:
        worker.process.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for worker in state.workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()
        remove_leftovers(state.job.out / SHARDS, {state.job.recipe.shard_name(worker.shard)})


def _error(number: int | None, message: str) -> Exception:
    """Return the exception that a worker described."""
    return SampleError(message) if number is None else WriteError(number, message)


def _work(pipe: Connection, job: Job) -> None:
    """Make shards as told through ``pipe`` until told None: the life of a worker process."""
    warnings.simplefilter("ignore")  # this run has said what there is to say of the sources
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_watch_supervisor, daemon=True).start()
    keep_memory()
    collect_rarely()
    ticks = _Ticks(pipe)
    while (shard := pipe.recv()) is not None:
        try:
            write_shard(job.recipe, job.make_sample, job.out, shard, ticks.add)
        except WriteError as error:
            pipe.send(("error", error.errno or 0, error.strerror))
            return
        except Exception as error:  # whatever it is, the supervisor must hear of it
            # Our own bugs also show their trace, which does not travel.
            if not isinstance(error.__cause__, (ValueError, OSError, LookupError)):
                traceback.print_exc()
            pipe.send(("error", None, str(error)))
            return
        ticks.flush()
        pipe.send(("done", shard))


class _Ticks:
    """Report samples to the supervisor, but not every one by itself."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._count, self._last = pipe, 0, time.monotonic()

    def add(self, count: int) -> None:
        """Count ``count`` more samples."""
        self._count += count
        if time.monotonic() - self._last > _TICK_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Report what was counted."""
        self._pipe.send(("tick", self._count))
        self._count, self._last = 0, time.monotonic()


def _leave(signum: int, frame: object) -> None:
    sys.exit(128 + signum)  # unwinds, so that unfinished files are removed


def _watch_supervisor() -> None:
    """End this process when the supervisor has ended, however it did."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
