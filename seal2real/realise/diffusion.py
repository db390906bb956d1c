"""Realise with the prior itself: image-to-image from I_s under a learned prompt.

Source: the paper's diffusion columns of Table 1 and its Fig. 4; Meng et al. 2022 (SDEdit). What the
prior makes is pasted through the feathered support, as the forger's result is.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seal2real.diffusion.base import load_base
from seal2real.diffusion.latents import decode, encode_moments
from seal2real.diffusion.noise import q_sample
from seal2real.diffusion.prior import Prior, load_prior
from seal2real.diffusion.sample import denoise, timesteps
from seal2real.realise.crops import padded, quantised, realise_seals, require_finite, signed
from seal2real.rng import Rng
from seal2real.synthesis.sample import Sample

__all__ = ["PROMPTS", "DiffusionRealiser"]

PROMPTS = ("fake", "real")


class DiffusionRealiser:
    """Noise the latents of I_s to ``strength`` and denoise them under T_f or T_r.

    On the CPU it runs on one thread, so that bytes do not depend on the number of workers.

    Args:
        weights: folder of the prior.
        prompt: "fake" (T_f) or "real" (T_r).
        scope: "support" pastes the seals back into the page; "crop" gives the whole image.
        base: folder or hub id of the base that the prior was trained on, or "tiny".
        strength: share of the noise, in (0, 1].
        steps: of DDIM.

    Raises:
        FileNotFoundError, ValueError: if prior or base are missing or do not belong together.
    """

    # A second attempt draws other noise.
    noise_channels = 1

    def __init__(
        self,
        weights: Path,
        prompt: str,
        scope: str = "support",
        *,
        base: str = "tiny",
        strength: float = 0.3,
        steps: int = 20,
    ) -> None:
        if prompt not in PROMPTS:
            raise ValueError(
                f"DiffusionRealiser: prompt must be one of {', '.join(PROMPTS)}, got {prompt!r}; "
                "choose one"
            )
        self.weights, self.prompt, self.scope = weights, prompt, scope
        self.base_name, self.strength, self.steps = base, strength, steps
        _ = self._opened

    def __getstate__(self) -> dict[str, Any]:
        # Networks are large; another process opens its own.
        return {key: value for key, value in self.__dict__.items() if key != "_opened"}

    @cached_property
    def _opened(self) -> tuple[Any, Prior, list[int], torch.device]:
        """Base, prior, timesteps and device."""
        torch.set_num_threads(1)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        base = load_base(self.base_name, device=device)
        prior = load_prior(self.weights, base, device=device)
        base = replace(base, unet=prior.unet)  # frees the base's own
        return base, prior, timesteps(prior.scheduler, self.strength, self.steps), device

    def __call__(self, sample: Sample, rng: Rng) -> NDArray[np.uint8]:  # [H, W, 3]
        """Return ``sample`` realised, RGB; ``rng`` draws the noise.

        Raises:
            ValueError: if the sample does not know its coverage.
        """
        return realise_seals(sample, rng, self.scope, self.run)

    @torch.inference_mode()
    def run(
        self,
        page: NDArray[np.uint8],  # [h, w, 3]
        ink: NDArray[np.uint8],  # [h, w]
        px_per_mm: float,
        rng: Rng,
    ) -> NDArray[np.uint8]:  # [h, w, 3]
        """Return ``page`` as the prior redraws it; ``ink`` and ``px_per_mm`` have no say."""
        base, prior, places, device = self._opened
        height, width = page.shape[:2]
        image = torch.from_numpy(padded(signed(page)))[None].to(device)
        mean, _ = encode_moments(base.vae, image)
        noise = torch.from_numpy(
            rng.normals(mean.numel()).astype(np.float32).reshape(tuple(mean.shape))
        ).to(device)
        start = torch.full((1,), places[0], dtype=torch.long, device=device)
        prompt = getattr(prior.prompts, self.prompt)
        latent = denoise(
            prior.denoiser, q_sample(mean, noise, start, prior.scheduler), prompt, places
        )
        made = decode(base.vae, latent)[0].float().cpu().contiguous().numpy()
        return quantised(require_finite(made, self.weights), height, width)
