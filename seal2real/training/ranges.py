"""Which values the numbers of a configuration may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["check_numbers", "need"]

# What the numbers of the stages' sections must be, and which they are: a name means the same in all.
_RULES: tuple[tuple[str, Callable[[Any], bool], tuple[str, ...]], ...] = (
    (
        "at least 1",
        lambda value: value >= 1,
        (
            *("steps", "batch", "accumulate", "real_views", "drawn_views", "held_out_views"),
            *("width", "levels", "max_width", "lora_rank"),
            *("critic_width", "moments_windows", "patches"),
        ),
    ),
    (
        "at least 0",
        lambda value: 0 <= value < float("inf"),
        (
            *("warmup_steps", "prompt_steps", "unet_steps"),
            *("round_forger_steps", "round_prior_steps", "noise_channels", "min_snr"),
            *(
                "content_weight",
                "moments_weight",
                "nce_weight",
                "identity_weight",
                "squared",
                "edges",
                "kl",
            ),
        ),
    ),
    (
        "above 0",
        lambda value: 0 < value < float("inf"),
        ("temperature", "encoder_lr", "content_epsilon"),
    ),
    ("in [0, 1)", lambda value: 0 <= value < 1, ("ema_decay",)),
    ("in (0, 1]", lambda value: 0 < value <= 1, ("moments_share",)),
)


def need(where: str, value: Any, rule: bool, what: str) -> None:
    """Refuse ``value`` of the field ``where`` unless ``rule`` holds; ``what`` states the rule.

    Raises:
        ValueError: if it does not hold.
    """
    if not rule:
        raise ValueError(f"config: {where} must be {what}, got {value!r}; give such a value")


def check_numbers(name: str, section: Any) -> None:
    """Refuse a section ``name`` with counts, weights or shares that no stage can work with.

    Raises:
        ValueError: with the first such field.
    """
    for what, holds, keys in _RULES:
        for key in keys:
            if hasattr(section, key):
                value = getattr(section, key)
                need(f"{name}.{key}", value, holds(value), what)
