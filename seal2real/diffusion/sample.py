"""Images from prompts: deterministic sampling with guidance, for looking at a base or a prior.

From noise alone, or from an image noised part of the way (SDEdit, Meng et al. 2022).
Source: Song et al. 2021 (DDIM), Eq. 12 with eta = 0.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DDIMScheduler
from torch import Tensor

from seal2real.diffusion.latents import decode
from seal2real.diffusion.losses import Denoiser
from seal2real.diffusion.noise import alpha_sigma, predicted_noise

__all__ = ["denoise", "sample_images", "timesteps"]


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


def timesteps(scheduler: object, strength: float, steps: int) -> list[int]:
    """Return descending timesteps from about ``strength`` of all, evenly spaced, ending above 0.

    Args:
        scheduler: its ``num_train_timesteps`` are all.
        strength: share of the noise, in (0, 1].
        steps: how many, at least 1.

    Raises:
        ValueError: if an argument is out of range.
    """
    if not 0.0 < strength <= 1.0 or steps < 1:
        raise ValueError(
            f"timesteps: strength must be in (0, 1] and steps at least 1, got {strength} and "
            f"{steps}; 0.3 and 20 are usual"
        )
    count = int(scheduler.config.num_train_timesteps)  # type: ignore[attr-defined]
    first = strength * count
    places = [round(first * (steps - k) / steps) - 1 for k in range(steps)]
    return [max(place, 0) for place in places]


@torch.no_grad()
def denoise(
    sd: Denoiser,
    x_t: Tensor,  # [B, C, h, w]
    prompt: Tensor,  # [N, D]
    places: list[int],
    *,
    negative: Tensor | None = None,  # [N, D]
    guidance: float = 1.0,
) -> Tensor:  # [B, C, h, w]
    """Return the latents that ``x_t``, noised to ``places[0]``, becomes in DDIM's steps.

    Args:
        sd: SD_θ.
        x_t: latents with the noise of the first timestep.
        prompt: T_r or T_f.
        places: of :func:`timesteps`.
        negative: the prompt that guidance leads away from; None does not guide.
        guidance: scale of classifier-free guidance, 1 for none.
    """
    for number, place in enumerate(places):
        t = torch.full((len(x_t),), place, dtype=torch.long, device=x_t.device)
        noise = predicted_noise(sd(x_t, t, prompt), x_t, t, sd.scheduler)
        if negative is not None and guidance != 1.0:
            away = predicted_noise(sd(x_t, t, negative), x_t, t, sd.scheduler)
            noise = away + guidance * (noise - away)
        alpha, sigma = alpha_sigma(t, sd.scheduler, x_t)
        x0 = (x_t - sigma * noise) / alpha.clamp_min(1e-4)
        if number + 1 == len(places):
            return x0
        alpha, sigma = alpha_sigma(torch.full_like(t, places[number + 1]), sd.scheduler, x_t)
        x_t = alpha * x0 + sigma * noise
    return x_t
