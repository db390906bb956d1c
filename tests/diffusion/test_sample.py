"""Sampling: a UNet that knows the answer is led to it, and guidance is what its formula says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from seal2real.diffusion.latents import decode
from seal2real.diffusion.sample import sample_images
from tests.support.diffusion import CHANNELS, WIDTH, small_scheduler, small_vae


class Oracle:
    """Predicts the noise for a known x_0; with ``shift``, off by it under a prompt of ones."""

    def __init__(self, x0: Tensor, shift: float = 0.0, kind: str = "epsilon") -> None:
        self.x0, self.shift, self.kind = x0, shift, kind
        self.kept = small_scheduler(kind).alphas_cumprod

    def __call__(self, x_t: Tensor, t: Tensor, prompt: Tensor) -> SimpleNamespace:
        kept = self.kept[t].to(x_t)
        x0 = self.x0.repeat(len(x_t) // len(self.x0), 1, 1, 1)
        noise = (x_t - kept.sqrt() * x0) / (1 - kept).sqrt()
        v = kept.sqrt() * noise - (1 - kept).sqrt() * x0
        output = noise if self.kind == "epsilon" else v
        return SimpleNamespace(
            sample=output + self.shift * prompt.mean((1, 2))[:, None, None, None]
        )


def prompts() -> tuple[Tensor, Tensor]:
    return torch.ones(2, 5, WIDTH), torch.zeros(1, 5, WIDTH)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_a_perfect_unet_gives_its_image(kind: str) -> None:
    """Every step keeps the noise that the oracle saw in the first; the last leaves sigma_0 of it."""
    vae, scheduler = small_vae(), small_scheduler(kind)
    x0 = torch.randn(2, CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
    found = sample_images(
        vae,
        Oracle(x0, kind=kind),
        scheduler,
        *prompts(),
        torch.Generator().manual_seed(1),
        size=32,
        steps=10,
    )
    start = torch.randn(x0.shape, generator=torch.Generator().manual_seed(1))
    kept = scheduler.alphas_cumprod
    noise = (start - kept[999].sqrt() * x0) / (1 - kept[999]).sqrt()
    with torch.no_grad():
        image = decode(vae, kept[0].sqrt() * x0 + (1 - kept[0]).sqrt() * noise)
    torch.testing.assert_close(found, image.clamp(-1, 1) / 2 + 0.5, atol=1e-3, rtol=0)


def test_guidance_extrapolates_from_the_empty_prompt() -> None:
    """An error e that only the prompt brings counts w times: w = 0 removes it, w = 2 doubles it."""
    vae, x0 = small_vae(), torch.randn(2, CHANNELS, 8, 8)

    def image(guidance: float, shift: float) -> Tensor:
        noise = torch.Generator().manual_seed(3)
        unet = Oracle(x0, shift)
        return sample_images(
            vae, unet, small_scheduler(), *prompts(), noise, size=32, steps=5, guidance=guidance
        )

    torch.testing.assert_close(image(0.0, 0.3), image(1.0, 0.0))
    torch.testing.assert_close(image(2.0, 0.1), image(1.0, 0.2))
    assert not torch.allclose(image(2.0, 0.1), image(1.0, 0.1), atol=1e-3)


def test_sizes_off_the_grid() -> None:
    with pytest.raises(ValueError, match="multiple of the VAE's factor 4, got 30; take 28"):
        sample_images(small_vae(), None, small_scheduler(), *prompts(), torch.Generator(), size=30)
