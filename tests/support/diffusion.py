"""Stable Diffusion's classes in a size for tests, with random weights, and hashes of weights."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

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
    nn.Module.to(unet, dtype)  # without diffusers' warning
    return unet.eval()


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
    nn.Module.to(vae, dtype)
    return vae.eval()


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


class Words:
    """A tokenizer of whole words: start, words, end and padding 0, as CLIP's ``__call__`` does."""

    model_max_length = 77

    def __call__(self, texts: list[str], **how: object) -> SimpleNamespace:
        assert how["padding"] == "max_length" and how["max_length"] == 77
        rows = []
        for text in texts:
            ids = [1, *(3 + sum(map(ord, word)) % 90 for word in text.split()), 2]
            rows.append(ids + [0] * (77 - len(ids)))
        return SimpleNamespace(input_ids=torch.tensor(rows))


def small_text_encoder(width: int = WIDTH) -> CLIPTextModel:
    """CLIP's text encoder for the tokens of :class:`Words`."""
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=100, hidden_size=width, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    return CLIPTextModel(config).eval()


def small_base(kind: str = "epsilon", *, hash_: str = "a" * 64) -> SimpleNamespace:
    """A whole base in memory, f4 with four channels, in float32."""
    return SimpleNamespace(
        vae=small_vae(),
        unet=small_unet(dtype=torch.float32),
        scheduler=small_scheduler(kind),
        text_encoder=small_text_encoder(),
        tokenizer=Words(),
        path=Path("somewhere/small"),
        hash=hash_,
    )


def write_photos(folder: Path, count: int = 12, size: int = 80) -> Path:
    """Write drawn crops, washed to yellow and darkened, as a folder of real images."""
    from seal2real.training.data.drawn import DrawnStream

    folder.mkdir(parents=True, exist_ok=True)
    stream = DrawnStream(size, seed=77, px_per_mm=(4.0, 5.0), seal_free=0.0, page_reuse=4)
    for index in range(count):
        image = stream[index]["synthetic"].transpose(1, 2, 0).astype(np.float32)
        washed = (image * np.float32([0.8, 0.75, 0.6])).astype(np.uint8)
        Image.fromarray(washed).save(folder / f"photo-{index:02d}.png")
    return folder
