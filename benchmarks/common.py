"""Timing, machine description and output shared by the benchmarks."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Timing", "machine", "measure", "pinned", "row_line", "table", "versions"]

ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = (
    "numpy",
    "pillow",
    "simplejpeg",
    "torch",
    "skia-python",
    "opencv-python-headless",
    "uharfbuzz",
)


@dataclass(frozen=True)
class Timing:
    """Seconds a call of one job, over blocks of calls."""

    median: float
    p20: float
    p80: float
    # median of the wall clock over the processor time; 1.0 on an idle machine
    wall_over_cpu: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return 1.0 / self.median


def measure(
    jobs: Mapping[str, Callable[[], object]], seconds: float, blocks: int = 9
) -> dict[str, Timing]:
    """Time several jobs in turn, so that all meet the same state of the machine.

    Processor time is counted: on a shared machine the wall clock measures the neighbours.

    Args:
        jobs: name -> call; each is warmed up first.
        seconds: for each job in all.
        blocks: rounds; each gives one mean a job.
    """
    calls = {name: _calls_a_block(job, seconds / blocks) for name, job in jobs.items()}
    means: dict[str, list[float]] = {name: [] for name in jobs}
    slowdown: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(blocks):
        for name, job in jobs.items():
            cpu, wall = _block(job, calls[name])
            means[name].append(cpu / calls[name])
            slowdown[name].append(wall / cpu)
    return {name: _timing(means[name], slowdown[name]) for name in jobs}


def _block(job: Callable[[], object], calls: int) -> tuple[float, float]:
    """Return (processor seconds, wall seconds) of ``calls`` calls."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        job()
    return time.process_time() - cpu, time.perf_counter() - wall


def _calls_a_block(job: Callable[[], object], seconds: float) -> int:
    """Warm ``job`` up and return how many calls fill ``seconds``."""
    job()
    cpu, _ = _block(job, 3)
    return max(1, round(seconds / max(cpu / 3, 1e-7)))


def _timing(means: Sequence[float], slowdown: Sequence[float]) -> Timing:
    ordered = sorted(means)
    last = len(ordered) - 1
    return Timing(
        median=statistics.median(ordered),
        p20=ordered[round(0.2 * last)],
        p80=ordered[round(0.8 * last)],
        wall_over_cpu=statistics.median(slowdown),
    )


@contextmanager
def pinned(cores: int = 1) -> Iterator[None]:
    """Run the block on the first ``cores`` cores that this process may use."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:cores]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def machine() -> dict[str, str]:
    """Return what the numbers depend on beside the code: processor, system, Python."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str | None]:
    """Return the versions of the packages involved; None for those that are missing."""
    found: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found


def commit() -> str | None:
    """Return the checked-out commit, with a plus sign when files differ from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--short") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def row_line(row: Mapping[str, Any]) -> str:
    """Return ``row`` as one JSON line with hardware, versions and commit."""
    context = {"machine": machine(), "versions": versions(), "commit": commit()}
    return json.dumps({**row, **context}, ensure_ascii=False)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
