"""The tiny base's networks: sizes on disk, shapes, and classes of Stable Diffusion."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from seal2real.diffusion.tiny import (
    FACTOR,
    LATENT_CHANNELS,
    WIDTH,
    build_scheduler,
    build_text_encoder,
    build_unet,
    build_vae,
)
from seal2real.diffusion.vocabulary import train_tokenizer
from seal2real.rng import Rng
from seal2real.training.data.captions import caption
from seal2real.training.data.drawn import DrawnStream


def megabytes(network: nn.Module) -> float:
    """Size in half precision."""
    return 2e-6 * sum(p.numel() for p in network.parameters())


def test_vae_is_f8_and_small() -> None:
    vae = build_vae().eval()
    assert megabytes(vae) <= 5.2
    with torch.no_grad():
        mean = vae.encode(torch.zeros(1, 3, 64, 96)).latent_dist.mean
        assert mean.shape == (1, LATENT_CHANNELS, 64 // FACTOR, 96 // FACTOR)
        assert vae.decode(mean).sample.shape == (1, 3, 64, 96)


def test_unet_and_text_encoder_fit_each_other(tmp_path: Path) -> None:
    stream = DrawnStream(64, seed=0)
    texts = [caption(stream.sample(i).record, Rng(0, i)) for i in range(40)]
    tokenizer = train_tokenizer(texts, tmp_path)
    text, unet = build_text_encoder(tokenizer).eval(), build_unet().eval()
    assert megabytes(unet) <= 16.0
    assert megabytes(text) <= 2.5
    with torch.no_grad():
        tokens = tokenizer(
            texts[:2], padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        )
        prompt = text(tokens.input_ids).last_hidden_state
        assert prompt.shape == (2, 77, WIDTH)
        latent = torch.zeros(2, LATENT_CHANNELS, 32, 32)
        assert unet(latent, torch.tensor([3, 9]), prompt).sample.shape == latent.shape


def test_schedule_is_stable_diffusions() -> None:
    scheduler = build_scheduler()
    assert scheduler.config.prediction_type == "v_prediction"
    # (0.00085 ** 0.5 + 999 steps to 0.012 ** 0.5) ** 2: the first and the last beta
    assert abs(float(scheduler.betas[0]) - 0.00085) < 1e-8
    assert abs(float(scheduler.betas[-1]) - 0.012) < 1e-7
