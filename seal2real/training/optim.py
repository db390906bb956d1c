"""Optimizers and their schedules, and running means of weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from seal2real.training.config import OptimizerConfig

__all__ = ["Ema", "build_optimizer", "lr_factor"]


def build_optimizer(
    params: Iterable[nn.Parameter], config: OptimizerConfig
) -> torch.optim.Optimizer:
    """Return the optimizer that ``config`` names, over ``params``.

    The schedule is not in it: ``Context.apply`` sets the step size from the count of updates.

    Raises:
        ValueError: if "adam8bit" is asked for and bitsandbytes is not installed.
    """
    settings: dict[str, Any] = {
        "lr": config.lr,
        "betas": (config.beta1, config.beta2),
        "weight_decay": config.weight_decay,
    }
    if config.name == "adam8bit":
        return _adam8bit(list(params), settings)
    kind = torch.optim.Adam if config.name == "adam" else torch.optim.AdamW
    return kind(params, **settings)


def _adam8bit(params: list[nn.Parameter], settings: dict[str, Any]) -> torch.optim.Optimizer:
    try:
        from bitsandbytes.optim import Adam8bit
    except ImportError:
        raise ValueError(
            "build_optimizer: name 'adam8bit' must have bitsandbytes, got none; pip install "
            "bitsandbytes, or --set the optimizer's name to adam"
        ) from None
    optimizer: torch.optim.Optimizer = Adam8bit(params, **settings)
    return optimizer


def lr_factor(config: OptimizerConfig, update: int, total: int) -> float:
    """Return what the step size of update number ``update`` (from 0) of ``total`` is scaled by.

    Rises linearly over ``warmup`` updates; with "cosine" it then falls to 0 at ``total``.
    """
    if update < config.warmup:
        return (update + 1) / (config.warmup + 1)
    if config.schedule == "constant":
        return 1.0
    done = (update - config.warmup) / max(1, total - config.warmup)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))


# Updates between two that a running mean on another device takes.
_EVERY_AWAY = 10


class Ema:
    """An exponential running mean of a module's weights.

    Args:
        module: whose parameters and buffers are followed.
        decay: share of the old mean that an update keeps, in [0, 1).
        device: where the mean lives; None is the module's own. "cpu" saves GPU memory.
        every: updates between two that count, with ``decay ** every``; None is 1 beside the module
            and 10 on another device, where each one carries all weights over.
    """

    def __init__(
        self,
        module: nn.Module,
        decay: float,
        device: str | torch.device | None = None,
        every: int | None = None,
    ) -> None:
        self.decay = decay
        self.every = every or (1 if _is_home(module, device) else _EVERY_AWAY)
        self.device = device
        self._updates = 0
        self._mean = {name: self._place(value) for name, value in _floats(module).items()}

    def _place(self, value: Tensor) -> Tensor:
        return value.detach().clone().to(self.device or value.device)

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the mean towards ``module``'s present weights."""
        self._updates += 1
        counted, skipped = divmod(self._updates, self.every)
        if skipped:
            return
        # Early on the initial weights would weigh too much (as in Polyak averaging's warm-up).
        decay = min(self.decay**self.every, counted / (counted + 10))
        for name, value in _floats(module).items():
            self._mean[name].lerp_(value.detach().to(self._mean[name]), 1.0 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Set ``module``'s weights to the mean."""
        for name, value in _floats(module).items():
            value.copy_(self._mean[name])

    def averaged(self, module: nn.Module) -> nn.Module:
        """Return a copy of ``module`` that has the mean as its weights."""
        twin = copy.deepcopy(module)
        self.copy_to(twin)
        return twin

    def state_dict(self) -> dict[str, Any]:
        """Return the mean and the count of updates."""
        return {"updates": self._updates, "mean": dict(self._mean)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave; the names must be the same."""
        assert state["mean"].keys() == self._mean.keys()
        self._updates = state["updates"]
        for name, value in state["mean"].items():
            self._mean[name].copy_(value)


def _is_home(module: nn.Module, device: str | torch.device | None) -> bool:
    """Return whether ``device`` is where the module's weights are."""
    return device is None or all(
        torch.device(device).type == value.device.type for value in _floats(module).values()
    )


def _floats(module: nn.Module) -> dict[str, Tensor]:
    """Return parameters and floating-point buffers by name."""
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: value for name, value in named.items() if value.is_floating_point()}
