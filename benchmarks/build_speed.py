"""How fast ``seal2real build`` realises, gates and writes, and what the forger alone would allow.

``python -m benchmarks.build_speed [--forger FILE] [--count 200]`` prints a JSON line. Two processes
work at once, as the command's workers do, and share what two cores share. Stages are in processor
time, so other neighbours matter less. The command is in wall time: its workers are not this
process's children.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click

from benchmarks.common import row_line
from benchmarks.system import _environment
from seal2real.realise import run
from seal2real.realise.forger import ForgerRealiser, default_weights
from seal2real.realise.methods import engine_versions, weights_sha256
from seal2real.realise.run import Realisation, RealisedFactory
from seal2real.sealdb.encode import encode_sample
from seal2real.sealdb.memory import collect_rarely, keep_memory
from seal2real.sealdb.provenance import Provenance
from seal2real.sealdb.recipe import Recipe

# Of the same samples; the first also reads fonts, keeps glyphs and grows memory arenas.
_PASSES = 8
_CORES = 2


class _Clock:
    """Processor seconds by stage and batch of samples, the least of several passes.

    On a shared machine neighbours empty the caches; the least is what the work itself takes.
    """

    def __init__(self) -> None:
        self.least: dict[str, dict[int, float]] = {}
        self._spent: dict[str, float] = {}

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``call``, whose time is added to ``name``'s of the batch."""

        def run(*arguments: Any, **named: Any) -> Any:
            start = time.process_time()
            result = call(*arguments, **named)
            self._spent[name] = self._spent.get(name, 0.0) + time.process_time() - start
            return result

        return run

    def close(self, batch: int) -> None:
        """Note what was timed since the last call as a pass over ``batch``."""
        for name, spent in self._spent.items():
            held = self.least.setdefault(name, {})
            held[batch] = min(held.get(batch, spent), spent)
        self._spent = {}


class _Timed:
    """A session whose runs are timed."""

    def __init__(self, session: Any, clock: _Clock) -> None:
        self._session, self.run = session, clock.timed("inference", session.run)

    def get_inputs(self) -> Any:
        """Return the inputs."""
        return self._session.get_inputs()


def stages(recipe: Recipe, forger: Path, indices: range) -> dict[str, float]:
    """Return processor milliseconds a sample of every stage; ``inference`` is part of ``forge``."""
    clock = _Clock()
    realiser = ForgerRealiser(forger)
    realiser.session = _Timed(realiser.session, clock)
    factory = RealisedFactory(recipe, forger)
    # In the places of what the factory would open itself.
    vars(factory)["drawn"] = clock.timed("draw", factory.drawn)
    vars(factory)["realiser"] = clock.timed("forge", realiser)
    run.judge = clock.timed("gate", run.judge)
    provenance = Provenance(recipe.dataset_id)

    def work(batch: range) -> None:
        for sample in factory.many(batch):
            if sample is not None:
                encode(sample, "jpg", recipe.quality, provenance)

    encode, whole = clock.timed("encode", encode_sample), clock.timed("sample", work)
    keep_memory()  # as the command does
    collect_rarely()
    # Further apart than a page cache reaches, so that every pass makes its pages.
    batch = factory.together
    for start in [*indices[::batch]] * _PASSES:
        whole(range(start, min(start + batch, indices.stop)))
        clock.close(start)
    return {name: 1000 * sum(held.values()) / len(indices) for name, held in clock.least.items()}


def stages_at_once(recipe: Recipe, forger: Path, count: int) -> dict[str, float]:
    """Return :func:`stages`, the mean of as many processes as cores, each with own samples."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(_CORES, mp_context=context) as pool:
        parts = [range(k * count, (k + 1) * count) for k in range(_CORES)]
        spent = [*pool.map(stages, [recipe] * _CORES, [forger] * _CORES, parts)]
    return {name: sum(own[name] for own in spent) / _CORES for name in spent[0]}


def command(forger: Path, count: int, size: str) -> dict[str, float]:
    """Return wall milliseconds a sample of the command with two workers.

    Start-up, glyphs, hashing, index and gallery are in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["build", f"{folder}/out", "--count", str(count), "--size", size]
        arguments += ["--seed", "1", "--workers", "2", "--forger", str(forger)]
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "seal2real", *arguments],
            capture_output=True,
            text=True,
            env=_environment(),
        )
        wall = time.perf_counter() - start
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    return {"command": 1000 * wall / count}


def measure(forger: Path, count: int, size: str) -> dict[str, Any]:
    """Return the row: milliseconds, samples a second of two cores, share of inference alone."""
    told = Realisation(weights=weights_sha256(forger), engine=engine_versions("forger"))
    recipe = Recipe(count=100_000, seed=1, size=size, realisation=told.to_dict())
    spent = stages_at_once(recipe, forger, count)
    ran = command(forger, count, size)
    return {
        "ms": {name: round(value, 2) for name, value in {**spent, **ran}.items()},
        "two_cores_per_s": round(1000 * _CORES / spent["sample"], 1),
        "two_cores_per_s_command": round(1000 / ran["command"], 1),
        "inference_alone_per_s": round(1000 * _CORES / spent["inference"], 1),
        "share_of_inference": round(spent["inference"] / spent["sample"], 3),
    }


@click.command()
@click.option("--forger", type=click.Path(path_type=Path), help="the shipped one by default")
@click.option("--count", default=200, show_default=True, help="samples of a process")
@click.option("--size", default="256", show_default=True)
def main(forger: Path | None, count: int, size: str) -> None:
    """Print the speed of building a realised dataset."""
    path = forger or default_weights()
    row = {"bench": "build_speed", "forger_bytes": path.stat().st_size, "size": size}
    click.echo(row_line({**row, "count": count, **measure(path, count, size)}))


if __name__ == "__main__":
    main()
