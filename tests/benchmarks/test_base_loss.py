"""The loss of a base is what a slow transcription of its definition gives."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from benchmarks.base_loss import TIMESTEPS, losses  # noqa: E402
from seal2real.diffusion.base import load_base  # noqa: E402
from seal2real.training.data.drawn import DrawnStream  # noqa: E402


def test_losses_are_squared_errors_in_v() -> None:
    """v = alpha noise - sigma x0 and x_t = alpha x0 + sigma noise, written out for one page."""
    base = load_base("tiny")
    item = DrawnStream(64, seed=1, px_per_mm=(5.0, 5.0), split="val")[0]
    found = losses(base, [item])
    image = torch.from_numpy(item["synthetic"])[None] / 127.5 - 1
    tokens = base.tokenizer(
        item["caption"], padding="max_length", max_length=77, return_tensors="pt"
    ).input_ids
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        prompt = base.text_encoder(tokens).last_hidden_state
        x0 = base.vae.encode(image).latent_dist.mean * base.vae.config.scaling_factor
        for t, loss in zip(TIMESTEPS, found, strict=True):
            noise = torch.randn(x0.shape, generator=generator)
            kept = float(base.scheduler.alphas_cumprod[t])
            alpha, sigma = kept**0.5, (1 - kept) ** 0.5
            output = base.unet(alpha * x0 + sigma * noise, t, prompt).sample
            wanted = alpha * noise - sigma * x0
            assert loss == pytest.approx(float((output - wanted).square().mean()), rel=1e-3)
    assert np.mean(found) < 1.5
