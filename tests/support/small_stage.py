"""A small real stage, and a program that trains it: what the loop's tests run, kill and resume.

Two convolutions learn to take seals off drawn crops of 64 px; a second small net with its own
optimizer learns to tell clean from sealed, so that there are two players as in the real stages.

Usage: python -m tests.support.small_stage OUT [a.b=c ...], settings of ``seal2real-train``, and
    small.steps, small.delay (seconds a step), small.nan_at (step), small.nan_rank, small.saturation (share), small.file_limit (bytes),
    small.base (hash), small.lr, small.dropout, small.noise, small.batch, small.dump (every process
    writes its weights to OUT/rank-N.safetensors).
"""

from __future__ import annotations

import resource
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from seal2real.training.config import Config, OptimizerConfig
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.errors import CheckpointError, TrainingError
from seal2real.training.loop import RunResult, run_stage
from seal2real.training.optim import Ema
from seal2real.training.pictures import grid
from seal2real.training.presets import resolve
from seal2real.training.stage import Context, Stage

SIZE = 64


# Made once, so that workers share what it has opened.
STREAM = DrawnStream(SIZE, seed=5, px_per_mm=(3.9, 4.1), seal_free=0.0)
# An index that no step reaches.
HELD_OUT = 9_999


@cache
def drawn(index: int) -> tuple[Tensor, Tensor]:
    """Return clean and synthetic crop ``index``, each float [3, SIZE, SIZE] in [-1, 1]."""
    item = STREAM[index]
    return _as_tensor(item["clean"]), _as_tensor(item["synthetic"])


def _as_tensor(image: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(image.astype(np.float32) / 127.5 - 1.0)


class SmallStage(Stage):
    """See the module."""

    name = "small"

    def __init__(self, context: Context, settings: dict[str, float | str]) -> None:
        self.context = context
        self.settings = settings
        self.steps = int(settings.get("steps", 8))
        self.images = int(settings.get("batch", 4))
        self.cleaner = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.SiLU(),
            nn.Dropout(float(settings.get("dropout", 0.1))),
            nn.Conv2d(8, 3, 3, padding=1),
        ).to(context.device)
        self.critic = nn.Conv2d(3, 1, 8, stride=8).to(context.device)
        adam = OptimizerConfig(lr=float(settings.get("lr", 1e-2)), warmup=2, schedule="cosine")
        self._optimizers = {
            "cleaner": context.optimizer("cleaner", self.cleaner.parameters(), adam, self.steps),
            "critic": context.optimizer("critic", self.critic.parameters(), adam, self.steps),
        }
        self.ema = Ema(self.cleaner, 0.9)

    def modules(self) -> dict[str, nn.Module]:
        return {"cleaner": self.cleaner, "critic": self.critic}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return self._optimizers

    def identity(self) -> dict[str, str]:
        return {"base": str(self.settings.get("base", "0" * 64))}

    def batch(self, step: int) -> dict[str, Any]:
        pairs = [drawn(i) for i in self.context.indices(step, self.images)]
        clean, synthetic = (torch.stack(side) for side in zip(*pairs, strict=True))
        return {"clean": clean, "synthetic": synthetic}

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        time.sleep(float(self.settings.get("delay", 0)))
        clean = batch["clean"].to(self.context.device)
        synthetic = batch["synthetic"].to(self.context.device)
        sigma = float(self.settings.get("noise", 0.1))
        noise = sigma * torch.randn(synthetic.shape, generator=generator).to(self.context.device)
        loss = functional.mse_loss(self.cleaner(synthetic + noise), clean)
        if step == self.settings.get("nan_at") and self.context.rank == self.settings.get(
            "nan_rank", 0
        ):
            loss = loss * float("nan")
        self.context.backward(loss)
        norm = self.context.apply("cleaner", self._optimizers["cleaner"])
        self.ema.update(self.cleaner)
        judged = functional.softplus(self.critic(clean)) + functional.softplus(
            -self.critic(synthetic)
        )
        self.context.backward(judged.mean())
        self.context.apply("critic", self._optimizers["critic"])
        values = {"loss": loss.item(), "critic": judged.mean().item(), "gradient": norm}
        rank = torch.tensor([float(self.context.rank)], device=self.context.device)
        values["ranks"] = (self.context.rank + 1) * self.context.averaged(rank).item()
        if "saturation" in self.settings:
            values["saturation"] = float(self.settings["saturation"])
        return values

    def extra_state(self) -> dict[str, Any]:
        return {"ema": self.ema.state_dict()}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        self.ema.load_state_dict(state["ema"])

    @torch.no_grad()
    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        clean, synthetic = drawn(HELD_OUT)
        found = self.ema.averaged(self.cleaner).eval().cpu()(synthetic[None])
        return {"mse": functional.mse_loss(found, clean[None]).item()}

    @torch.no_grad()
    def grids(self, step: int) -> dict[str, Tensor]:
        clean, synthetic = drawn(HELD_OUT)
        found = self.ema.averaged(self.cleaner).eval().cpu()(synthetic[None])
        return {"cleaned": grid([synthetic[None], found, clean[None]])}

    def finish(self, out: Path) -> None:
        save_file(self.ema.averaged(self.cleaner).state_dict(), out / "cleaner.safetensors")


def train_small(out: Path, words: tuple[str, ...] = ()) -> RunResult:
    """Train the stage in this process with settings like ``loop.seed=1`` and ``small.steps=4``."""
    small = {}
    for word in words:
        if word.startswith("small."):
            key, _, text = word.removeprefix("small.").partition("=")
            small[key] = text if key == "base" else float(text)
    sets = tuple(word for word in words if not word.startswith("small."))
    quiet = ("loop.device=cpu", "loop.threads=1", "loop.log_every=2", "loop.checkpoint_every=2")
    config = resolve("tiny", "", (*quiet, "loop.evaluate_every=4", "loop.grid_every=4", *sets))

    made: list[SmallStage] = []

    def build(_config: Config, context: Context) -> SmallStage:
        made.append(SmallStage(context, small))
        return made[0]

    if "file_limit" in small:
        limit = int(small["file_limit"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    result = run_stage(build, config, out, "small")
    if "dump" in small:
        stage = made[0]
        weights = {
            f"{n}.{k}": v for n, m in stage.modules().items() for k, v in m.state_dict().items()
        }
        save_file(weights, out / f"rank-{stage.context.rank}.safetensors")
    return result


def main(out: str, *words: str) -> int:
    """Train; return 2 for an error that a user can mend."""
    try:
        result = train_small(Path(out), words)
    except (TrainingError, CheckpointError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(result.summary())
    return 0 if result.finished else 130


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
