"""Run a stage: feed it, watch it, log it, checkpoint it, resume it.

A run on several processes (``torchrun``, ``accelerate launch``) is the same program: every process
draws its own data and noise, and gradients are averaged (``Context.apply``). OUT must then be a
folder that all processes see.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import broadcast

from seal2real.sealdb.files import make_folder
from seal2real.training.checkpoint import (
    Checkpoint,
    check_identity,
    checkpoint_config,
    checkpoint_files,
    load_checkpoint,
    save_checkpoint,
    share,
)
from seal2real.training.config import Config, LoopConfig
from seal2real.training.configfile import to_toml
from seal2real.training.data.checks import file_hashes, refuse_marked
from seal2real.training.errors import CheckpointError, TrainingError
from seal2real.training.feed import Feed
from seal2real.training.guards import Guards, check_finite, check_weights
from seal2real.training.report import write_report
from seal2real.training.runfolder import RunFolder, versions
from seal2real.training.runlog import RunLog
from seal2real.training.stage import BuildStage, Context, Stage, stage_generator

__all__ = ["RunResult", "make_context", "run_stage"]

# Settings of the loop that reach a weight; the others may change between two parts of a run.
_LOOP_KEYS = ("seed", "precision")
# Settings that may change when a run is resumed: its length, and where what is held by hash lies.
_FREE_KEYS = ("steps", "base", "prior", "vae", "real", "profile", "groups")


@dataclass(frozen=True)
class RunResult:
    """How a run ended."""

    # steps done in all
    step: int
    # the stage has made all its steps
    finished: bool
    # share of this part of the run's time spent waiting for batches, 0..1
    wait_share: float
    # the run folder
    out: Path

    def summary(self) -> str:
        """Return the last line for a person."""
        if not self.finished:
            return f"stopped after step {self.step}; the same command goes on: {self.out}"
        return (
            f"finished {self.step} steps, {100 * self.wait_share:.1f} % of the time waiting for "
            f"data; weights: {self.out / 'weights'}; report: {self.out / 'report.html'}"
        )


def make_context(config: LoopConfig) -> Context:
    """Return the context of this process.

    Raises:
        ValueError: if a GPU is asked for and none is there.
    """
    cpu = config.device == "cpu" or not torch.cuda.is_available()
    if config.device == "cuda" and cpu:
        raise ValueError(
            "make_context: loop.device must be one that is there, got 'cuda' without a GPU; "
            "--set loop.device=cpu"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    # Another precision in the same process would be refused as a change of a shared state.
    AcceleratorState._reset_state()
    precision = "bf16" if config.precision == "bf16" else "no"
    # Without a GPU accelerate overlooks torchrun unless it is told that the CPU is meant.
    accelerator = Accelerator(cpu=cpu, mixed_precision=precision)
    return Context(accelerator, config.seed)


def run_stage(build: BuildStage, config: Config, out: Path, name: str) -> RunResult:
    """Run the stage that ``build`` makes to its end, or go on where an earlier run stopped.

    Args:
        build: makes the stage; its initial weights come from PyTorch's global generator, seeded
            with ``config.loop.seed``.
        config: of the whole run.
        out: run folder.
        name: of the stage; its section in the configuration, if it has one, must be the same when
            the run is resumed.

    Returns:
        How it ended: not finished when SIGINT or SIGTERM asked for a stop, with a checkpoint made.

    Raises:
        ValueError: if ``out`` lies in ``data.real``, or that in a dataset with the visible mark.
        TrainingError: if a guard stopped the run; names the last good checkpoint.
        ForeignFolderError: if another run is at work in ``out``.
        CheckpointError: if the checkpoint in ``out`` is of another base, data or configuration.
        WriteError: if the disk refuses; older checkpoints are untouched.
    """
    if config.data.real:
        if out.resolve().is_relative_to(Path(config.data.real).resolve()):
            raise ValueError(
                f"run_stage: OUT must lie outside data.real, got {out} in {config.data.real}; its "
                "sample grids would count as real images"
            )
        refuse_marked(config.data.real)
    context = make_context(config.loop)
    folder = RunFolder(out)
    # First what refuses at once: to build a stage may mean to encode thousands of images.
    with folder.alone() if context.rank == 0 else nullcontext():
        _check_resumable(folder, config, name)
        torch.manual_seed(context.rng(name, "weights").u64() >> 1)
        stage = build(config, context)
        run = _Run(stage, context, config, folder, name)
        with _stop_signals() as stop:
            run.prepare()
            return run.go(stop)


class _Run:
    """One stage on its way."""

    def __init__(
        self, stage: Stage, context: Context, config: Config, folder: RunFolder, name: str
    ) -> None:
        self.stage, self.context, self.config, self.folder = stage, context, config, folder
        self.name = name
        self.settings = _settings(config, name)
        self.identity = {**stage.identity(), **file_hashes(config.data)}
        self.guards = Guards(config.loop)
        self.log = RunLog(folder, config.loop, context, stage.images)
        self.step = 0

    @property
    def leads(self) -> bool:
        """Whether this process writes files."""
        return self.context.rank == 0

    def prepare(self) -> None:
        """Restore the newest checkpoint and bring all processes to the same weights."""
        self._resume()
        for module in self._trained().values():
            for tensor in module.state_dict().values():
                if self.context.world > 1:
                    tensor.copy_(broadcast(tensor))
        if self.leads:
            sections = ("loop", "data", self.name) if hasattr(self.config, self.name) else ()
            self.folder.describe(to_toml(self.config, sections), self.name)
            self.folder.rewind(self.step)
            if self.step < self.stage.steps:  # a finished run that is to go on further
                shutil.rmtree(self.folder.weights, ignore_errors=True)

    def _trained(self) -> dict[str, torch.nn.Module]:
        modules = self.stage.modules()
        return {name: modules[name] for name in self.stage.trained()}

    def _resume(self) -> None:
        """Restore the newest checkpoint, if there is one."""
        files = checkpoint_files(self.folder.checkpoints)
        if not files:
            return
        checkpoint = load_checkpoint(files[-1])
        check_identity(checkpoint, self.identity, files[-1])
        if checkpoint.step > self.stage.steps:
            raise CheckpointError(
                f"resume: {self.name}.steps must be at least what {files[-1]} has done, "
                f"{checkpoint.step}, got a run of {self.stage.steps}; give more, or another OUT folder"
            )
        state = checkpoint.state
        for name, module in self._trained().items():
            module.load_state_dict(state["modules"][name])
        for name, optimizer in self.stage.optimizers().items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.stage.load_extra_state(state["extra"])
        self.context.updates.update(state["updates"])
        self.guards.load_state_dict(state["guards"])
        self.log.load_state_dict(state["log"])
        self.step = checkpoint.step

    def go(self, stop: list[int]) -> RunResult:
        """Make the steps that are left; ``stop`` is not empty once a signal asked for an end."""
        feed = Feed(self.stage, self.config.loop, self.step)
        self.log.open(self.step, self.stage.steps)
        start = time.perf_counter()
        stopped = False
        try:
            for step, batch in feed:
                self._one_step(step, batch)
                stopped = self._anyone(bool(stop))
                self._after_step(feed, last=stopped or self.step == self.stage.steps)
                if stopped:
                    break
        except TrainingError as error:
            raise TrainingError(f"{error}; {self._last_good()}") from error
        finally:
            self.log.close()
        elapsed = time.perf_counter() - start
        if self.step == self.stage.steps:
            self._finish()
        return RunResult(
            step=self.step,
            finished=self.step == self.stage.steps,
            wait_share=feed.wait_s / elapsed if elapsed > 0 else 0.0,
            out=self.folder.path,
        )

    def _one_step(self, step: int, batch: dict[str, Any]) -> None:
        """Make step number ``step`` and judge what it returned, in all processes alike."""
        seed, rank = self.context.seed, self.context.rank
        # For what draws from the global generator, such as dropout.
        torch.manual_seed(self.context.rng(self.name, "global", step, rank).u64() >> 1)
        generator = stage_generator(seed, self.name, step, rank)
        values = self.stage.step(step, batch, generator)
        values = self.context.mean(values)
        self.guards.check(step, values)
        self.step = step + 1
        self.log.add(values)

    def _after_step(self, feed: Feed, last: bool) -> None:
        """Log, draw, measure and save as often as the configuration says."""
        loop = self.config.loop
        if _due(self.step, loop.log_every, last):
            self.log.write(self.step, feed.wait_s)
        if _due(self.step, loop.evaluate_every, last):
            self._evaluate()
        if _due(self.step, loop.grid_every, last) and self.leads:
            self.log.pictures(self.step, self.stage.grids(self.step))
        if _due(self.step, loop.checkpoint_every, last):
            self._save()

    def _evaluate(self) -> None:
        generator = stage_generator(self.context.seed, self.name + "-evaluate", 0, 0)
        values = self.stage.evaluate(self.step, generator)
        check_finite(self.step, values)
        if self.leads:
            self.log.evaluated(self.step, values)

    def _save(self) -> None:
        """Write a checkpoint, if the weights are fit for one."""
        check_weights(self.step, self._trained())
        if self.leads:
            save_checkpoint(self.folder.checkpoints, self._checkpoint(), self.config.loop.keep)
        self.context.accelerator.wait_for_everyone()

    def _checkpoint(self) -> Checkpoint:
        trained, optimizers = self._trained(), self.stage.optimizers()
        state = {
            "modules": {name: dict(module.state_dict()) for name, module in trained.items()},
            "optimizers": {name: one.state_dict() for name, one in optimizers.items()},
            "extra": self.stage.extra_state(),
            "updates": dict(self.context.updates),
            "guards": self.guards.state_dict(),
            "log": self.log.state_dict(),
        }
        return Checkpoint(self.step, state, self.identity, self.settings, versions())

    def _anyone(self, flag: bool) -> bool:
        """Return whether ``flag`` is set in any process."""
        return self.context.mean({"flag": float(flag)})["flag"] > 0

    def _last_good(self) -> str:
        files = checkpoint_files(self.folder.checkpoints)
        if not files:
            return "there is no checkpoint yet"
        return f"last good checkpoint: {files[-1]}"

    def _finish(self) -> None:
        """Write the final weights and the report."""
        if self.leads:
            if not self.folder.weights.exists():
                for left in self.folder.path.glob(".tmp-weights.*"):  # by a run that was killed
                    shutil.rmtree(left, ignore_errors=True)
                partial = self.folder.path / f".tmp-weights.{os.getpid()}"
                make_folder(partial)
                self.stage.finish(partial)
                for file in partial.rglob("*"):
                    if file.is_file():
                        share(file)
                partial.rename(self.folder.weights)
            write_report(self.folder)
        self.context.accelerator.wait_for_everyone()


def _due(step: int, every: int, last: bool) -> bool:
    return every > 0 and (last or step % every == 0)


def _settings(config: Config, name: str) -> dict[str, Any]:
    """Return the part of the configuration that reaches the weights of stage ``name``."""
    table = asdict(config)
    sections = {"data": table["data"], name: table.get(name, {})}
    kept = {
        section: {key: value for key, value in fields.items() if key not in _FREE_KEYS}
        for section, fields in sections.items()
    }
    kept["loop"] = {key: table["loop"][key] for key in _LOOP_KEYS}
    return kept


def _check_resumable(folder: RunFolder, config: Config, name: str) -> None:
    """Refuse to go on with another stage or with other settings than the newest checkpoint's.

    Raises:
        CheckpointError: with the stage, or the first setting that differs.
    """
    files = checkpoint_files(folder.checkpoints)
    if not files:
        return
    theirs, ours = checkpoint_config(files[-1]), _settings(config, name)
    if theirs.keys() != ours.keys():
        (stage,) = theirs.keys() - {"loop", "data"}
        raise CheckpointError(
            f"resume: {folder.path} must be a run of {name}, got one of {stage}; give another OUT "
            "folder"
        )
    old, new = _flat(theirs), _flat(ours)
    if missing := sorted(new.keys() - old.keys()):
        raise CheckpointError(
            f"resume: {files[-1]} must have every setting of this version, got none for "
            f"{', '.join(missing)}; go on with the version that began the run, or give another OUT "
            "folder"
        )
    for setting in sorted({*old, *new}):
        if old.get(setting) != new.get(setting):
            raise CheckpointError(
                f"resume: {setting} must stay as {files[-1]} has it, {old.get(setting)!r}, got "
                f"{new.get(setting)!r}; give the old value or another OUT folder"
            )


def _flat(table: dict[str, Any], where: str = "") -> dict[str, Any]:
    """Return nested tables as ``a.b`` -> value; tuples become lists, as JSON has them."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{where}{key}.")
        else:
            flat[f"{where}{key}"] = list(value) if isinstance(value, tuple) else value
    return flat


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM, so that a run ends between two steps with a checkpoint."""
    caught: list[int] = []

    def note(number: int, _frame: Any) -> None:
        if number in caught and number == signal.SIGINT:
            raise KeyboardInterrupt  # asked for twice: at once
        caught.append(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield caught
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
