"""Stable Diffusion's classes in a size for tests, with random weights, and hashes of weights."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn

WIDTH = 12  # of the text encoder's output
POSITIONS = 5
CHANNELS = 4  # of the latents


def small_unet(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> UNet2DConditionModel:
    """An UNet of two levels with cross attention; it depends on its prompt from the start."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
    )
    return unet.to(dtype).eval()


def small_vae(*, seed: int = 0, dtype: torch.dtype = torch.float32) -> AutoencoderKL:
    """A VAE of factor 4."""
    torch.manual_seed(seed)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(8, 8, 16),
        layers_per_block=1,
        latent_channels=CHANNELS,
        norm_num_groups=4,
        mid_block_add_attention=False,
        scaling_factor=0.6,
    )
    return vae.to(dtype).eval()


def small_scheduler(kind: str = "epsilon") -> DDPMScheduler:
    """Stable Diffusion's noise schedule."""
    return DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type=kind
    )


def digest(*values: nn.Module | Tensor) -> str:
    """A hash of weights: equal only where every bit is."""
    hasher = hashlib.sha256()
    for value in values:
        state: dict[str, Any] = (
            {"": value} if isinstance(value, Tensor) else dict(value.state_dict())
        )
        for name in sorted(state):
            hasher.update(name.encode())
            hasher.update(state[name].detach().cpu().contiguous().numpy().tobytes())
    return hasher.hexdigest()
