"""The tiny base that ships: sizes, and its autoencoder's bars on pages that it has never seen."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import Tensor

from seal2real.diffusion.base import load_base, tiny_folder
from seal2real.diffusion.latents import encode_moments
from seal2real.diffusion.layout import damage
from seal2real.diffusion.losses import Denoiser, Noised, noise_errors
from seal2real.diffusion.pca import fit_patch_pca
from seal2real.diffusion.prior import load_prior, shipped_prior
from seal2real.diffusion.tiny import FACTOR, LATENT_CHANNELS
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.stages.vae import load_vae


@pytest.fixture(scope="module")
def vae() -> object:
    return load_vae(tiny_folder() / "vae", "tiny").eval()


def crops(split: str, count: int, seed: int) -> Tensor:
    stream = DrawnStream(128, seed=seed, split=split, page_reuse=1)
    images = np.stack([stream[i]["synthetic"] for i in range(count)])
    return torch.from_numpy(images).float() / 127.5 - 1.0


def psnr(a: Tensor, b: Tensor) -> float:
    return float(-10 * torch.log10((a.clamp(-1, 1) - b).square().mean() / 4))


def test_files_are_whole_and_small() -> None:
    path = tiny_folder() / "vae" / "diffusion_pytorch_model.safetensors"
    assert damage(path) == ""
    assert path.stat().st_size < 5.15e6


def test_no_file_names_a_place_of_the_machine_that_wrote_it() -> None:
    """Settings and graphs keep no folder: diffusers and PyTorch note theirs unasked."""
    files = [p for p in shipped_prior().parent.rglob("*") if p.suffix in (".json", ".onnx")]
    assert len(files) > 5
    for file in files:
        content = file.read_bytes()
        assert not re.search(rb"(/tmp/|/home/|/root/|site-packages)", content), file


@torch.no_grad()
def test_reconstructs_better_than_a_pca_of_its_size(vae: object) -> None:
    """Pages of owners of the test split: at least 26 dB, and above the linear code."""
    held_out = crops("test", 48, 123)
    output = vae.decode(vae.encode(held_out).latent_dist.mean).sample  # type: ignore[attr-defined]
    pca = fit_patch_pca(crops("train", 192, 1), FACTOR, LATENT_CHANNELS)
    assert psnr(output, held_out) >= 26.0
    assert psnr(output, held_out) > psnr(pca.reconstruct(held_out), held_out) + 1.0


@torch.no_grad()
def test_scaled_latents_have_unit_variance(vae: object) -> None:
    """The scaling factor was measured on other pages and photographs."""
    mean = vae.encode(crops("test", 48, 124)).latent_dist.mean  # type: ignore[attr-defined]
    scaled = mean * vae.config.scaling_factor  # type: ignore[attr-defined]
    assert scaled.std().item() == pytest.approx(1.0, abs=0.15)


@torch.no_grad()
def test_the_prior_tells_drawn_pages_better_under_its_fake_prompt() -> None:
    """Eq. 1 on drawn crops of the test split, in the learned setting: T_f below T_r.

    It also shows that the prior belongs to the base that ships (another is refused by its hash),
    and that its prompts have left the sentences that both start from.
    """
    base = load_base("tiny")
    prior = load_prior(shipped_prior(), base)
    stream = DrawnStream(
        256, seed=9, split="test", presets=("limited_use",), any_angle=1.0, seal_free=0.0
    )
    images = np.stack([stream[i]["synthetic"] for i in range(12)])
    mean, _ = encode_moments(base.vae, torch.from_numpy(images).float() / 127.5 - 1.0)
    t = ((torch.arange(12) + 0.5) / 12 * 1000).long()
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
    sd, held = Denoiser(prior.unet, prior.scheduler), Noised(mean, t, noise)
    fake, real = (
        noise_errors(sd, held, prompt).mean().item()
        for prompt in (prior.prompts.fake, prior.prompts.real)
    )
    assert fake < real
    assert not torch.allclose(prior.prompts.fake, prior.prompts.real, atol=0.1)
