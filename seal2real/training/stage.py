"""What a stage of training is, and what the loop lends to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from seal2real.rng import Rng
from seal2real.training.config import Config, OptimizerConfig
from seal2real.training.errors import TrainingError
from seal2real.training.optim import build_optimizer, lr_factor

__all__ = ["BuildStage", "Context", "Stage", "stage_generator"]

# Gradients travel between processes in pieces of this many numbers (64 MiB of fp32).
_BUCKET = 16 * 1024 * 1024


class Stage:
    """One stage of training. Subclasses set the attributes and override what they need.

    A stage is built once per process by ``build_stage(config, context)`` of its module, with all
    initial weights functions of ``config.loop.seed``. The loop then calls :meth:`batch` (in worker
    processes, ahead of time) and :meth:`step` with steps 0, 1, ….

    Attributes:
        name: short, for file names and curves.
        steps: optimisation steps in all.
        images: images that one step of one process uses, for the rate shown.
    """

    name: str = ""
    steps: int = 0
    images: int = 1

    def modules(self) -> dict[str, nn.Module]:
        """Return all networks by name, trained and frozen, on ``context.device``."""
        raise NotImplementedError

    def trained(self) -> tuple[str, ...]:
        """Return the names of the modules that checkpoints hold; all by default."""
        return tuple(self.modules())

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the optimizers, made with ``context.optimizer``, by the same names."""
        raise NotImplementedError

    def batch(self, step: int) -> dict[str, Any]:
        """Return the CPU tensors of step ``step``: a pure function of (seed, step, rank).

        Runs in a worker process that was forked before the first step: it may read the stage but
        changes there are lost, it sees no later changes, and it must not touch a GPU.
        """
        raise NotImplementedError

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """Make one optimisation step and return numbers to plot.

        Args:
            step: number of the step, from 0.
            batch: what :meth:`batch` gave, still on the CPU.
            generator: on the CPU, a function of (seed, step, rank); the only source of chance.

        Returns:
            Name -> value. Every name may be used as a curve; a value under "saturation…" is a
            share watched against ``loop.max_saturation``, one under "norm…" is watched against
            ``loop.max_norm_growth`` times its first value.
        """
        raise NotImplementedError

    def identity(self) -> dict[str, str]:
        """Return hashes of what this run rests on ("base", "prior", "real"): resuming checks them."""
        return {}

    def extra_state(self) -> dict[str, Any]:
        """Return further state for checkpoints: dicts, lists, numbers, text and tensors."""
        return {}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`extra_state` returned."""

    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        """Return numbers measured on held-out data; ``generator`` is the same at every step."""
        return {}

    def grids(self, step: int) -> dict[str, Tensor]:
        """Return pictures by name, float [3, H, W] in [0, 1] (see ``training.pictures``)."""
        return {}

    def finish(self, out: Path) -> None:
        """Write the final weights into the folder ``out``, which exists and is empty."""
        raise NotImplementedError


class Context:
    """What a stage uses of the loop: device, precision, process number, and the update itself.

    Attributes:
        device: where modules and tensors belong.
        rank: number of this process, 0 for the one that writes.
        world: count of processes.
        seed: ``loop.seed``.
        updates: optimizer's name -> updates made.
    """

    def __init__(self, accelerator: Accelerator, seed: int) -> None:
        self.accelerator = accelerator
        self.device: torch.device = accelerator.device
        self.rank: int = accelerator.process_index
        self.world: int = accelerator.num_processes
        self.seed = seed
        self.updates: dict[str, int] = {}
        self._configs: dict[str, tuple[OptimizerConfig, int]] = {}

    def rng(self, *path: int | str) -> Rng:
        """Return the stream of random numbers named by (seed, *path), equal in all processes."""
        return Rng(self.seed, "training", *path)

    def indices(self, step: int, batch: int) -> range:
        """Return the numbers of this process's ``batch`` samples at ``step``.

        All processes and steps together count 0, 1, 2, … without gaps or repeats.
        """
        start = (step * self.world + self.rank) * batch
        return range(start, start + batch)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the block in which forward passes run in ``loop.precision``."""
        block: AbstractContextManager[Any] = self.accelerator.autocast()
        return block

    def optimizer(
        self, name: str, params: Iterable[nn.Parameter], config: OptimizerConfig, updates: int
    ) -> torch.optim.Optimizer:
        """Return a new optimizer that :meth:`apply` knows by ``name``.

        Args:
            name: under which the stage lists it.
            params: trained by it.
            config: its settings.
            updates: made in the whole run; the end of a "cosine" schedule.

        Raises:
            ValueError: as :func:`build_optimizer`.
        """
        self._configs[name] = (config, updates)
        self.updates[name] = 0
        return build_optimizer(params, config)

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of ``loss`` (a finite scalar); call it once a micro-batch."""
        loss.backward()

    def apply(self, name: str, optimizer: torch.optim.Optimizer) -> float:
        """Average gradients over processes, clip them, update the weights, clear the gradients.

        Every process must call it as often as the others, whatever its losses were: a loss that
        is not finite makes the averaged gradient not finite, and all processes stop together.

        Returns:
            The norm of the averaged gradient before clipping.

        Raises:
            TrainingError: if the norm is not finite, or a weight got no gradient at all.
        """
        config, total = self._configs[name]
        params = [param for group in optimizer.param_groups for param in group["params"]]
        _check_all_have_gradients(name, optimizer, params)
        grads = [param.grad for param in params if param.grad is not None]
        self._average(grads)
        limit = config.clip_norm or float("inf")
        norm = float(nn.utils.clip_grad_norm_(params, limit))
        if not norm < float("inf"):
            raise TrainingError(
                f"apply: the gradient of {name!r} must be finite, got a norm of {norm} at its "
                f"update {self.updates[name]}; lower its lr or raise its warmup"
            )
        for group in optimizer.param_groups:
            group["lr"] = config.lr * lr_factor(config, self.updates[name], total)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        self.updates[name] += 1
        return norm

    def _average(self, grads: list[Tensor]) -> None:
        """Replace every gradient by its mean over the processes.

        Deviation: DistributedDataParallel would do this while the backward pass runs. A forger
        whose gradient flows through networks of the other player breaks its bookkeeping, so it
        is done here, after the last micro-batch.
        """
        if self.world == 1:
            return
        for bucket in _buckets(grads):
            flat = torch.cat([grad.flatten() for grad in bucket])
            flat = self.accelerator.reduce(flat, reduction="sum") / self.world
            for grad, mean in zip(bucket, flat.split([g.numel() for g in bucket]), strict=True):
                grad.copy_(mean.view_as(grad))

    def averaged(self, values: Tensor) -> Tensor:
        """Return ``values`` averaged over the processes."""
        if self.world == 1:
            return values
        total: Tensor = self.accelerator.reduce(values, reduction="sum")
        return total / self.world

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """Return the values averaged over the processes; all must have the same names."""
        if self.world == 1 or not values:
            return values
        flat = torch.tensor([values[name] for name in sorted(values)], dtype=torch.float64)
        flat = flat.to(self.device if self.device.type != "mps" else "cpu")
        mean = self.accelerator.reduce(flat, reduction="sum") / self.world
        return dict(zip(sorted(values), mean.tolist(), strict=True))


# What a stage's module offers: the stage for a configuration and this process.
BuildStage = Callable[[Config, Context], Stage]


def _check_all_have_gradients(
    name: str, optimizer: torch.optim.Optimizer, params: list[nn.Parameter]
) -> None:
    """Refuse an update that would leave weights behind."""
    without = [i for i, param in enumerate(params) if param.grad is None]
    if without:
        raise TrainingError(
            f"apply: every weight of {name!r} must get a gradient, got none for {len(without)} of "
            f"{len(params)} tensors, the first of shape {tuple(params[without[0]].shape)}; leave "
            "out of the optimizer what the loss does not reach"
        )


def _buckets(grads: list[Tensor]) -> list[list[Tensor]]:
    """Return the gradients in groups of one type and at most ``_BUCKET`` numbers (or one tensor)."""
    groups: list[list[Tensor]] = []
    room = 0
    for grad in grads:
        if not groups or grad.numel() > room or grad.dtype != groups[-1][0].dtype:
            groups.append([])
            room = _BUCKET
        groups[-1].append(grad)
        room -= grad.numel()
    return groups


def stage_generator(seed: int, stage: str, step: int, rank: int) -> torch.Generator:
    """Return the CPU generator of one step in one process."""
    # manual_seed takes 63 bits safely.
    number = Rng(seed, "training", stage, "step", step, rank).u64() >> 1
    return torch.Generator().manual_seed(number)
