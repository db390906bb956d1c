"""Noise and latents: known noise recovered, SNR, diffusers' own arithmetic, ranges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDPMScheduler

from seal2real.diffusion.latents import decode, encode_moments, sample_latent
from seal2real.diffusion.noise import (
    alpha_sigma,
    predicted_noise,
    q_sample,
    sample_timesteps,
    target,
)

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def scheduler(kind: str, **more: object) -> DDPMScheduler:
    return DDPMScheduler(**SD, prediction_type=kind, **more)


def draws() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x0, noise = torch.randn(2, 4, 3, 5, 7, generator=generator)
    return x0, noise, torch.tensor([0, 10, 500, 999])


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("terminal", [False, True])
def test_a_perfect_unet_recovers_the_noise(kind: str, terminal: bool) -> None:
    """Its output is ``target``; so the noise comes back, with zero terminal SNR as well."""
    x0, noise, t = draws()
    s = scheduler(kind, rescale_betas_zero_snr=terminal and kind == "v_prediction")
    x_t = q_sample(x0, noise, t, s)
    recovered = predicted_noise(target(x0, noise, t, s), x_t, t, s)
    torch.testing.assert_close(recovered, noise, rtol=0, atol=2e-6)


def test_equals_diffusers() -> None:
    x0, noise, t = draws()
    s = scheduler("v_prediction")
    torch.testing.assert_close(q_sample(x0, noise, t, s), s.add_noise(x0, noise, t))
    torch.testing.assert_close(target(x0, noise, t, s), s.get_velocity(x0, noise, t))


def test_alpha_and_sigma_follow_the_betas() -> None:
    """alpha^2 is the product of 1 - beta, written out in float64."""
    betas = np.linspace(SD["beta_start"] ** 0.5, SD["beta_end"] ** 0.5, 1000) ** 2  # type: ignore[operator]
    kept = np.cumprod(1 - betas)
    x0, _, t = draws()
    alpha, sigma = alpha_sigma(t, scheduler("epsilon"), x0)
    np.testing.assert_allclose(alpha.flatten(), np.sqrt(kept[t]), rtol=2e-5)
    np.testing.assert_allclose(sigma.flatten(), np.sqrt(1 - kept[t]), rtol=2e-4)
    assert alpha_sigma(t, scheduler("epsilon"), x0.bfloat16())[0].dtype == torch.float32


def test_timesteps_cover_their_range() -> None:
    generator = torch.Generator().manual_seed(2)
    s = scheduler("epsilon")
    t = sample_timesteps(20_000, s, generator)
    assert (int(t.min()), int(t.max())) == (0, 999)
    t = sample_timesteps(20_000, s, generator, low=0.02, high=0.5)
    assert (int(t.min()), int(t.max())) == (20, 499)
    for low, high in [(0.5, 0.5), (-0.1, 1.0), (0.0, 1.1)]:
        with pytest.raises(ValueError, match="sample_timesteps: low and high must be ascending"):
            sample_timesteps(1, s, generator, low=low, high=high)


def test_other_predictions_are_refused() -> None:
    x0, noise, t = draws()
    for function in (target, predicted_noise):
        with pytest.raises(ValueError, match="prediction_type must be among .* got 'sample'"):
            function(x0, noise, t, scheduler("sample"))


@pytest.mark.parametrize("shift", [None, 0.25])
def test_latents_are_scaled_moments(shift: float | None) -> None:
    """As a pipeline of diffusers scales them; decoding undoes it; the gradient reaches the image."""
    torch.manual_seed(0)
    vae = AutoencoderKL(
        block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, norm_num_groups=4, latent_channels=3,
        scaling_factor=0.7, shift_factor=shift,
    ).eval()  # fmt: skip
    image = (torch.rand(2, 3, 16, 24) * 2 - 1).requires_grad_()
    mean, std = encode_moments(vae, image)
    posterior = vae.encode(image).latent_dist
    torch.testing.assert_close(mean, (posterior.mean - (shift or 0.0)) * 0.7)
    torch.testing.assert_close(std, posterior.std * 0.7)
    torch.testing.assert_close(decode(vae, mean), vae.decode(posterior.mean).sample)
    samples = sample_latent(mean, std, torch.Generator().manual_seed(3))
    expected = torch.randn(mean.shape, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close((samples - mean) / std, expected, rtol=0, atol=1e-3)
    (gradient,) = torch.autograd.grad(samples.sum(), image)
    assert gradient.abs().sum() > 0
