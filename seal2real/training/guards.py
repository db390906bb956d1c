"""What stops a run before it spoils its weights."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import torch
from torch import nn

from seal2real.training.config import LoopConfig
from seal2real.training.errors import TrainingError

__all__ = ["Guards", "check_finite", "check_weights"]

# Steps whose mean saturation counts: one odd batch is no reason to stop.
_WINDOW = 20


class Guards:
    """Watches the numbers that steps return: finite, not saturated, norms near their start."""

    def __init__(self, config: LoopConfig) -> None:
        self._config = config
        self._first_norms: dict[str, float] = {}
        self._shares: dict[str, deque[float]] = {}

    def check(self, step: int, values: dict[str, float]) -> None:
        """Look at the values of step ``step``.

        Raises:
            TrainingError: if a value is NaN or infinite, the mean of a "saturation…" over 20 steps
                exceeds ``loop.max_saturation``, or a "norm…" has moved from its first value by
                more than the factor ``loop.max_norm_growth``.
        """
        check_finite(step, values)
        for name, value in values.items():
            if name.startswith("saturation"):
                self._check_share(step, name, value)
            if name.startswith("norm"):
                self._check_norm(step, name, value)

    def _check_share(self, step: int, name: str, value: float) -> None:
        window = self._shares.setdefault(name, deque(maxlen=_WINDOW))
        window.append(value)
        mean = sum(window) / len(window)
        if len(window) == _WINDOW and mean > self._config.max_saturation:
            raise TrainingError(
                f"step {step}: {name} must stay at most {self._config.max_saturation} (mean of "
                f"{_WINDOW} steps), got {mean:.3f}; lower the lr or raise loop.max_saturation"
            )

    def _check_norm(self, step: int, name: str, value: float) -> None:
        first = self._first_norms.setdefault(name, value)
        factor = self._config.max_norm_growth
        if first > 0 and not first / factor <= value <= first * factor:
            raise TrainingError(
                f"step {step}: {name} must stay within a factor {factor} of its first value "
                f"{first:.4g}, got {value:.4g}; lower the lr or raise loop.max_norm_growth"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return the first norms and the recent shares."""
        shares = {name: list(window) for name, window in self._shares.items()}
        return {"first_norms": dict(self._first_norms), "shares": shares}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self._first_norms = dict(state["first_norms"])
        self._shares = {name: deque(w, maxlen=_WINDOW) for name, w in state["shares"].items()}


def check_finite(step: int, values: dict[str, float]) -> None:
    """Refuse values that are NaN or infinite.

    Raises:
        TrainingError: with the first such value.
    """
    for name, value in values.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"step {step}: {name} must be finite, got {value}; lower the lr, or look at the "
                "images of this step"
            )


def check_weights(step: int, modules: dict[str, nn.Module]) -> None:
    """Refuse weights that are not finite: they must not reach a checkpoint.

    Raises:
        TrainingError: with the first such weight.
    """
    for module_name, module in modules.items():
        for name, value in module.state_dict().items():
            if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                raise TrainingError(
                    f"step {step}: weight {module_name}.{name} must be finite, got NaN or Inf; "
                    "lower the lr"
                )
