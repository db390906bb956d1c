"""Turn a recipe into a finished dataset: which shards are missing, who makes them, the rest."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from seal2real.sealdb.dataset import CHECKSUMS, adopt_shard, begin, finalise, is_complete
from seal2real.sealdb.errors import SealDbError
from seal2real.sealdb.files import make_folder, remove_leftovers, write_error
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.sidecar import SHARDS, WORK, write_shard
from seal2real.sealdb.workers import Job, run_workers

__all__ = ["RunReport", "parse_part", "run_shards"]


@dataclass(frozen=True)
class RunReport:
    """What a run did."""

    out: Path
    # samples made by this run
    samples: int
    # shards made by this run
    made: int
    # finished shards that were there already
    kept: int
    # unfinished files of an earlier run that were removed
    leftovers: tuple[str, ...]
    # shards that a worker died on and another one made, with the reason
    retried: tuple[str, ...]
    # whether the dataset is complete
    complete: bool

    def summary(self) -> str:
        """Return the report as a line for people."""
        parts = [f"{self.out}: {self.samples} samples in {self.made} shards made"]
        if self.kept:
            parts.append(f"{self.kept} shards were there already")
        if self.leftovers:
            parts.append(f"{len(self.leftovers)} unfinished files of an earlier run removed")
        parts += [f"retried {what}" for what in self.retried]
        parts.append(
            "complete"
            if self.complete
            else "other shards are still missing: run the other parts (--shard)"
        )
        return "; ".join(parts)


def parse_part(shard: str | None) -> tuple[int, int]:
    """Return (i, n) of "i/n": this run makes the shards k with k mod n == i.

    Raises:
        ValueError: unless 0 <= i < n.
    """
    if shard is None:
        return 0, 1
    hit = re.fullmatch(r"(\d{1,9})/(\d{1,9})", shard)
    if hit is None or not int(hit[1]) < int(hit[2]):
        raise ValueError(
            f'run_shards: shard must be "i/n" with 0 <= i < n, got {shard!r}; '
            'the first of four parts is "0/4"'
        )
    return int(hit[1]), int(hit[2])


def run_shards(
    recipe: Recipe,
    make_sample: Callable[[int], Any],
    out: Path | str,
    workers: int = 1,
    shard: str | None = None,
    sources: Any = None,
    progress: bool = True,
    before: Callable[[], object] | None = None,
) -> RunReport:
    """Make what is missing of the dataset of ``recipe`` in ``out``.

    The bytes depend on the recipe alone. A run that was stopped, killed or cut off by a full disk
    is continued by calling this again.

    Args:
        recipe: what to make.
        make_sample: sample index -> Sample; must pickle if ``workers`` > 1.
        out: folder of the dataset; must be empty, or hold (part of) this dataset.
        workers: processes; 1 works in this process.
        shard: "i/n" makes the i-th of n parts, for array jobs; the last to finish completes.
        sources: description of the page sources for dataset.json.
        progress: show a progress bar on terminals.
        before: writes what else the dataset consists of (its real part) before the shards; called
            by the first part only, and not where the dataset is complete.

    Raises:
        ValueError: if ``workers`` or ``shard`` break their rules, or ``out`` holds another recipe
            or other files.
        WriteError: if the disk refuses; nothing incomplete lies under a final name.
        SampleError: if a sample cannot be made.
        WorkerError: if a worker dies twice on one shard.
    """
    part, parts = parse_part(shard)
    if not 1 <= workers <= 1024:
        raise ValueError(
            f"run_shards: workers must be in 1..1024, got {workers}; one a processor core is best"
        )
    out = Path(out)
    mine = range(part, recipe.shards, parts)
    try:
        begin(recipe, out)
        if is_complete(out):
            return RunReport(out, 0, 0, len(mine), (), (), True)
        make_folder(out / WORK)
        with _only_run(out, part, parts):
            if before is not None and part == 0:
                before()
            report = _make_missing(recipe, make_sample, out, mine, workers, progress)
        return RunReport(out, *report, finalise(recipe, out, sources))
    except OSError as error:  # samples' own errors never come here: they are SampleErrors
        raise write_error(out, error) from error


def _make_missing(
    recipe: Recipe,
    make_sample: Callable[[int], Any],
    out: Path,
    mine: range,
    workers: int,
    progress: bool,
) -> tuple[int, int, int, tuple[str, ...], tuple[str, ...]]:
    """Make the shards of ``mine`` that lack; return the fields of a RunReport."""
    names = {k: recipe.shard_name(k) for k in mine}
    leftovers = remove_leftovers(out / SHARDS, set(names.values()))
    leftovers += remove_leftovers(out / WORK, {f"{name}.json" for name in names.values()})
    todo = [k for k in mine if adopt_shard(out, names[k]) is None]
    if todo:
        (out / CHECKSUMS).unlink(missing_ok=True)
    samples = sum(len(recipe.shard_range(k)) for k in todo)
    total = sum(len(recipe.shard_range(k)) for k in mine)
    # disable=None: no bar where nobody looks
    with tqdm(
        total=total, initial=total - samples, unit="sample", disable=None if progress else True
    ) as bar:
        job = Job(recipe, make_sample, out)
        retried = _make(job, todo, workers, bar.update)
    return samples, len(todo), len(mine) - len(todo), tuple(leftovers), tuple(retried)


def _make(job: Job, todo: list[int], workers: int, tick: Callable[[int], object]) -> list[str]:
    if workers == 1 or not todo:
        for shard in todo:
            write_shard(job.recipe, job.make_sample, job.out, shard, tick)
        return []
    return run_workers(job, todo, min(workers, len(todo)), tick)


@contextmanager
def _only_run(out: Path, part: int, parts: int) -> Iterator[None]:
    """Hold the lock of this part; the system frees it however the process ends.

    Raises:
        SealDbError: if another process holds it.
    """
    with open(out / WORK / f"lock-{part}-{parts}", "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SealDbError(
                f"run_shards: OUT must be written by one run at a time, got a second run on "
                f"{out}; wait for the first, or give each its own --shard i/n"
            ) from error
        yield
