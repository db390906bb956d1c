"""Forward diffusion and what a UNet predicts, for epsilon- and v-prediction alike.

Everything is computed from the scheduler's ``alphas_cumprod``, in float32 or better.
Source: Ho et al. 2020, Eq. 4; Salimans and Ho 2022, appendix D (v-prediction).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["alpha_sigma", "predicted_noise", "q_sample", "sample_timesteps", "target"]

_KINDS = ("epsilon", "v_prediction")


def alpha_sigma(
    t: Tensor,  # [B], int64
    scheduler: Any,
    like: Tensor,  # [B, C, H, W]
) -> tuple[Tensor, Tensor]:  # [B, 1, 1, 1] each
    """Return alpha_t and sigma_t, with x_t = alpha_t x_0 + sigma_t noise and squares summing to 1.

    Args:
        t: timesteps.
        scheduler: any diffusers scheduler with ``alphas_cumprod``.
        like: a tensor whose device and type the result has, float32 at least.
    """
    kept = scheduler.alphas_cumprod.to(like.device)[t.to(like.device)]
    kept = kept.to(torch.promote_types(like.dtype, torch.float32))[:, None, None, None]
    return kept.sqrt(), (1.0 - kept).sqrt()


def q_sample(
    x0: Tensor,  # [B, C, H, W]
    noise: Tensor,  # [B, C, H, W]
    t: Tensor,  # [B]
    scheduler: Any,
) -> Tensor:  # [B, C, H, W]
    """Return x_t = alpha_t x_0 + sigma_t noise. Source: Ho et al. 2020, Eq. 4."""
    alpha, sigma = alpha_sigma(t, scheduler, x0)
    return alpha * x0 + sigma * noise


def target(
    x0: Tensor,  # [B, C, H, W]
    noise: Tensor,  # [B, C, H, W]
    t: Tensor,  # [B]
    scheduler: Any,
) -> Tensor:  # [B, C, H, W]
    """Return what the UNet should give: the noise, or v = alpha_t noise - sigma_t x_0.

    Raises:
        ValueError: if the scheduler's ``prediction_type`` is neither.
    """
    if _kind(scheduler) == "epsilon":
        return noise
    alpha, sigma = alpha_sigma(t, scheduler, x0)
    return alpha * noise - sigma * x0


def predicted_noise(
    output: Tensor,  # [B, C, H, W]
    x_t: Tensor,  # [B, C, H, W]
    t: Tensor,  # [B]
    scheduler: Any,
) -> Tensor:  # [B, C, H, W]
    """Return the noise that the UNet's ``output`` means: itself, or alpha_t v + sigma_t x_t.

    Raises:
        ValueError: if the scheduler's ``prediction_type`` is neither.
    """
    if _kind(scheduler) == "epsilon":
        return output
    alpha, sigma = alpha_sigma(t, scheduler, x_t)
    return alpha * output + sigma * x_t


def sample_timesteps(
    batch: int,
    scheduler: Any,
    generator: torch.Generator,
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> Tensor:  # [batch], int64, on the CPU
    """Return uniform timesteps.

    Args:
        batch: how many.
        scheduler: its ``num_train_timesteps`` bounds them.
        generator: on the CPU.
        low: earliest timestep, as a share of them all.
        high: end of the range (exclusive), likewise.

    Raises:
        ValueError: if the range holds no timestep.
    """
    count = int(scheduler.config.num_train_timesteps)
    first, end = round(low * count), round(high * count)
    if not 0 <= first < end <= count:
        raise ValueError(
            f"sample_timesteps: low and high must be ascending shares in [0, 1], got {low} and "
            f"{high} of {count} timesteps; widen the range"
        )
    return torch.randint(first, end, (batch,), generator=generator)


def _kind(scheduler: Any) -> str:
    kind = str(scheduler.config.prediction_type)
    if kind not in _KINDS:
        raise ValueError(
            f"noise: the scheduler's prediction_type must be among {', '.join(_KINDS)}, got "
            f"{kind!r}; use a Stable Diffusion 1.x or 2.x base"
        )
    return kind
