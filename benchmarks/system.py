"""Benchmarks of the whole program: the default presets, the command, workers, memory, growth."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import ROOT
from seal2real.sealdb.encode import encode_sample
from seal2real.sealdb.provenance import Provenance
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory

__all__ = ["end_to_end", "growth", "members", "peak_memory_mb", "two_over_one"]


def members(recipe: Recipe, stride: int = 1) -> Callable[[], object]:
    """Return a job that makes all files of the next sample of ``recipe``."""
    factory = SampleFactory(recipe)
    provenance = Provenance(recipe.dataset_id)
    at = 0

    def job() -> object:
        nonlocal at
        index, at = at % recipe.count, at + stride
        return encode_sample(factory(index), recipe.image_format, recipe.quality, provenance)

    return job


def _synth(out: Path, *arguments: str) -> list[str]:
    code = "from seal2real.cli import main; main()"
    return [sys.executable, "-c", code, "synth", str(out), *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def end_to_end(count: int, size: str) -> dict[str, float]:
    """Return seconds a sample of ``seal2real synth`` and of the same members made in-process.

    Processor time of the command includes its start-up, glyphs, hashing, shards, index and gallery.
    """
    recipe = Recipe(count=count, seed=1, size=size)
    job = members(recipe)
    start = time.process_time()
    for _ in range(count):
        job()
    inside = time.process_time() - start
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = _synth(Path(folder) / "out", "--count", str(count), "--seed", "1", "--size", size)
        subprocess.run(command, check=True, capture_output=True, env=_environment())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    command_cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"in_process": inside / count, "command": command_cpu / count}


def two_over_one(count: int) -> dict[str, float]:
    """Return wall seconds of ``seal2real synth`` with one and with two workers."""
    seconds = {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            arguments = ("--count", str(count), "--workers", str(workers), "--shard-samples", "50")
            start = time.perf_counter()
            command = _synth(Path(folder) / "out", *arguments)
            subprocess.run(command, check=True, capture_output=True, env=_environment())
            seconds[str(workers)] = time.perf_counter() - start
    return seconds


def peak_memory_mb(count: int, dpi: float = 300.0) -> float:
    """Return the largest resident set, MB, of a worker that makes whole pages at ``dpi``."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.system import members\n"
        "from seal2real.sealdb.recipe import Recipe\n"
        "job = members(Recipe(count=10_000, size='page', dpi=float(sys.argv[2])))\n"
        "for _ in range(int(sys.argv[1])): job()\n"
        # not ru_maxrss, which starts from the parent's size before exec
        "lines = Path('/proc/self/status').read_text().splitlines()\n"
        "print(next(line.split()[1] for line in lines if line.startswith('VmHWM')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(count), str(dpi)],
        check=True,
        capture_output=True,
        text=True,
        env=_environment(),
    )
    return int(done.stdout.split()[-1]) * 1024 / 1e6


def growth(samples: int) -> dict[str, Callable[[], object]]:
    """Return jobs that make a sample of a dataset of 1e3 and of 1e5, spread over all of it."""
    return {
        str(count): members(Recipe(count=count, seed=3), stride=count // samples + 1)
        for count in (1_000, 100_000)
    }
