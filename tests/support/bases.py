"""Bases on disk with random weights: a tiny one, made in a second, and Stable Diffusion's shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from seal2real.diffusion.vocabulary import train_tokenizer

CAPTIONS = (
    "a photo of document with real seal",
    "a photo of document with fake seal",
    "a scan of chinese contract document with red round company seal",
    "a photocopy of english notice document without seal",
)

SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
}


def write_base(
    folder: Path,
    *,
    width: int = 12,
    latent_channels: int = 4,
    levels: int = 3,
    prediction_type: str = "epsilon",
    variant: str | None = None,
    seed: int = 0,
) -> Path:
    """Write a base of three small networks in diffusers' layout; return ``folder``.

    Args:
        folder: is made.
        width: of prompts.
        latent_channels: of the VAE.
        levels: of the VAE; its factor is 2 ** (levels - 1).
        prediction_type: "epsilon" or "v_prediction".
        variant: "fp16" writes half precision under that name.
        seed: of the weights.
    """
    torch.manual_seed(seed)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(8,) * levels,
        layers_per_block=1,
        latent_channels=latent_channels,
        norm_num_groups=4,
        sample_size=8 * 2 ** (levels - 1),
        mid_block_add_attention=False,
        scaling_factor=0.7,
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=latent_channels,
        out_channels=latent_channels,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=width,
        attention_head_dim=4,
    )
    text = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 1}
    write_parts(folder, vae, unet, {**text, "num_attention_heads": 2}, prediction_type, variant)
    return folder


def write_sd15_base(folder: Path, *, seed: int = 0) -> Path:
    """Write a checkpoint of Stable Diffusion 1.5's exact shapes with random weights, in fp16.

    2.1 GB on disk; its tokenizer is our own, so the text encoder's vocabulary is smaller.
    """
    torch.manual_seed(seed)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            sample_size=512,
        )
        unet = UNet2DConditionModel(
            sample_size=64,
            cross_attention_dim=768,
            attention_head_dim=8,
        )
    finally:
        torch.set_default_dtype(before)
    text = {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    }
    write_parts(folder, vae, unet, text, "epsilon", None)
    return folder


def write_parts(
    folder: Path,
    vae: AutoencoderKL,
    unet: UNet2DConditionModel,
    text: dict[str, Any],
    prediction_type: str,
    variant: str | None,
) -> None:
    """Write all parts of a base; ``text`` holds the settings of its text encoder."""
    tokenizer = train_tokenizer(CAPTIONS, folder / "tokenizer", merges=80)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **text,
    )
    encoder = CLIPTextModel(config)
    if variant == "fp16":
        vae, unet, encoder = vae.half(), unet.half(), encoder.half()
    vae.save_pretrained(folder / "vae", variant=variant)
    unet.save_pretrained(folder / "unet", variant=variant)
    encoder.save_pretrained(folder / "text_encoder", variant=variant)
    DDPMScheduler(**SCHEDULE, prediction_type=prediction_type).save_pretrained(folder / "scheduler")
    index = {"_class_name": "StableDiffusionPipeline"}
    (folder / "model_index.json").write_text(json.dumps(index))
