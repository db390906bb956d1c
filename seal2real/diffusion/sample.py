"""Images from prompts: deterministic sampling with guidance, for looking at a base or a prior."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DDIMScheduler
from torch import Tensor

from seal2real.diffusion.latents import decode

__all__ = ["sample_images"]


@torch.no_grad()
def sample_images(
    vae: Any,
    unet: Any,
    scheduler: Any,
    prompt: Tensor,  # [B, N, D]
    empty: Tensor,  # [1, N, D]
    generator: torch.Generator,
    *,
    size: int = 256,
    steps: int = 25,
    guidance: float = 3.0,
) -> Tensor:  # [B, 3, size, size] in [0, 1]
    """Return one image per prompt.

    Args:
        vae: AutoencoderKL.
        unet: UNet2DConditionModel.
        scheduler: of the base; its noise schedule and prediction type count.
        prompt: embedded prompts.
        empty: the embedded empty prompt.
        generator: of the first noise, on the CPU.
        size: side of the images, px, a multiple of the VAE's factor.
        steps: of the sampler, at least 1.
        guidance: 1 follows the prompt as it is, more exaggerates it.

    Raises:
        ValueError: if ``size`` is no multiple of the factor.

    Source: Song et al. 2021 (DDIM, eta 0); Ho and Salimans 2022 (guidance).
    """
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    if size % factor:
        raise ValueError(
            f"sample_images: size must be a multiple of the VAE's factor {factor}, got {size}; "
            f"take {size // factor * factor}"
        )
    # "trailing" starts where there is no image left at all, as training's last timestep does.
    ddim = DDIMScheduler.from_config(
        scheduler.config, clip_sample=False, set_alpha_to_one=False, timestep_spacing="trailing"
    )
    ddim.set_timesteps(steps)
    shape = (len(prompt), vae.config.latent_channels, size // factor, size // factor)
    latent = torch.randn(shape, generator=generator).to(prompt.device, prompt.dtype)
    both = torch.cat([empty.expand_as(prompt), prompt])
    for t in ddim.timesteps:
        without, with_prompt = unet(torch.cat([latent, latent]), t, both).sample.chunk(2)
        output = without + guidance * (with_prompt - without)
        latent = ddim.step(output, t, latent).prev_sample
    return decode(vae, latent).float().clamp(-1, 1) / 2 + 0.5
