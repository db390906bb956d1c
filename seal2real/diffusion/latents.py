"""Images to scaled latents and back, through a base's VAE."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["decode", "encode_moments", "sample_latent"]


def encode_moments(
    vae: Any,
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
) -> tuple[Tensor, Tensor]:  # [B, C, H / factor, W / factor] each
    """Return mean and standard deviation of the latents, scaled as the UNet wants them.

    The gradient flows through both to the image.
    """
    posterior = vae.encode(image).latent_dist
    return (posterior.mean - _shift(vae)) * _scale(vae), posterior.std * _scale(vae)


def sample_latent(
    mean: Tensor,  # [B, C, H, W]
    std: Tensor,  # [B, C, H, W]
    generator: torch.Generator,
) -> Tensor:  # [B, C, H, W]
    """Return mean + std * normal; ``generator`` is on the CPU, the same draws on every device."""
    noise = torch.randn(mean.shape, generator=generator).to(mean.device, mean.dtype)
    return mean + std * noise


def decode(
    vae: Any,
    latent: Tensor,  # [B, C, h, w], scaled
) -> Tensor:  # [B, 3, h * factor, w * factor], about [-1, 1]
    """Return the image of a scaled latent, not clipped."""
    image: Tensor = vae.decode(latent / _scale(vae) + _shift(vae)).sample
    return image


def _scale(vae: Any) -> float:
    return float(vae.config.scaling_factor)


def _shift(vae: Any) -> float:
    return float(getattr(vae.config, "shift_factor", None) or 0.0)
