"""Progress on the terminal, TensorBoard, and the rows of curves that the report draws."""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from seal2real.training.config import LoopConfig
from seal2real.training.pictures import save_picture
from seal2real.training.runfolder import RunFolder
from seal2real.training.stage import Context

__all__ = ["RunLog"]

# Names of the columns that every row has; the others are the stage's.
TIMES = ("step", "time_s", "images_per_s", "wait_share", "peak_memory_mib")


class RunLog:
    """Collects the values of steps and shows their means every ``log_every`` steps.

    Only the process with rank 0 shows and writes.
    """

    def __init__(
        self, folder: RunFolder, config: LoopConfig, context: Context, images: int
    ) -> None:
        self._folder, self._config, self._context = folder, config, context
        self._images = images * context.world
        self._leads = context.rank == 0
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._time_before = 0.0
        self._writer: Any = None

    def open(self, step: int, steps: int) -> None:
        """Start showing progress at ``step`` of ``steps``."""
        self._start = self._last_time = time.perf_counter()
        self._last_step, self._last_wait = step, 0.0
        hide = None if self._leads else True
        self._bar = tqdm(total=steps, initial=step, unit="step", disable=hide)
        if self._leads:
            self._writer = SummaryWriter(str(self._folder.tensorboard), purge_step=step + 1)

    def close(self) -> None:
        """End the display and flush what is left."""
        self._bar.close()
        if self._writer is not None:
            self._writer.close()

    def add(self, values: dict[str, float]) -> None:
        """Take the values of one step."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1
        self._bar.update()

    def write(self, step: int, wait_s: float) -> None:
        """Show and store the means since the last row."""
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        if not self._leads:
            return
        now = time.perf_counter()
        seconds = max(now - self._last_time, 1e-9)
        row = {
            "step": step,
            "time_s": round(self._time_before + now - self._start, 3),
            "images_per_s": round((step - self._last_step) * self._images / seconds, 3),
            "wait_share": round((wait_s - self._last_wait) / seconds, 5),
            "peak_memory_mib": round(peak_memory_mib(self._context.device), 1),
        }
        self._last_time, self._last_step, self._last_wait = now, step, wait_s
        self._store(row | means)
        self._show(row, means)

    def evaluated(self, step: int, values: dict[str, float]) -> None:
        """Store what was measured on held-out data."""
        if values:
            self._store({"step": step, **{f"held-out/{name}": v for name, v in values.items()}})

    def pictures(self, step: int, pictures: dict[str, Tensor]) -> None:
        """Store sample grids."""
        for name, picture in pictures.items():
            save_picture(self._folder.samples / f"{name}-{step:09d}.png", picture)
            self._writer.add_image(name, picture, step)

    def _store(self, row: dict[str, float]) -> None:
        self._folder.add_row(row)
        for name, value in row.items():
            if name != "step":
                self._writer.add_scalar(name, value, row["step"])

    def _show(self, row: dict[str, float], means: dict[str, float]) -> None:
        losses = {name: f"{value:.4g}" for name, value in means.items()}
        shown = {**losses, "images/s": f"{row['images_per_s']:.4g}"}
        self._bar.set_postfix(shown)
        if self._bar.disable:  # no terminal: a line a row
            words = "  ".join(f"{name} {value}" for name, value in shown.items())
            print(f"step {row['step']:.0f}  {words}", file=sys.stderr, flush=True)

    def state_dict(self) -> dict[str, Any]:
        """Return the sums that wait for the next row, and the seconds of training so far."""
        elapsed = self._time_before + time.perf_counter() - self._start
        return {"sums": dict(self._sums), "counts": dict(self._counts), "time_s": elapsed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])
        self._time_before = state["time_s"]


def peak_memory_mib(device: torch.device) -> float:
    """Return the most memory used so far, MiB: of the GPU, or of this process on CPU."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
