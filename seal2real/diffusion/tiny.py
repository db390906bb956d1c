"""The tiny base: Stable Diffusion's classes and layout, small enough for two CPU cores."""

from __future__ import annotations

from typing import Any

from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from seal2real.diffusion.vocabulary import POSITIONS

__all__ = [
    "FACTOR",
    "LATENT_CHANNELS",
    "SAMPLE_SIZE",
    "UNET_CONFIG",
    "VAE_CONFIG",
    "WIDTH",
    "build_scheduler",
    "build_text_encoder",
    "build_unet",
    "build_vae",
]

SAMPLE_SIZE = 256
FACTOR = 8
# As PCA of 8 x 8 patches of drawn crops, 4 channels lose glyphs, 16 keep 26 dB, 24 28 dB and 32
# 30 dB; an OCR then reads 7 points less after 24, 3 after 32.
LATENT_CHANNELS = 32
# Width of a prompt's embedding.
WIDTH = 192

# 2.5 M parameters (5.1 MB in fp16). Half of the work is done at full resolution, so that level has
# 16 channels: what 32 latents hold of an 8 x 8 patch is smooth at that scale anyway. 11 crops of
# 128 x 128 a second forward and backward on one Zen 4 core in bf16.
VAE_CONFIG: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (16, 32, 96, 112),
    "layers_per_block": 1,
    "latent_channels": LATENT_CHANNELS,
    "norm_num_groups": 4,
    "sample_size": SAMPLE_SIZE,
    "mid_block_add_attention": False,
    "force_upcast": False,
}

# 7.5 M parameters (15 MB in fp16); attention from 16 x 16 on, where a cell is 16 px wide. 10 images
# of 256 x 256 a second forward and backward on one Zen 4 core in bf16.
UNET_CONFIG: dict[str, Any] = {
    "sample_size": SAMPLE_SIZE // FACTOR,
    "in_channels": LATENT_CHANNELS,
    "out_channels": LATENT_CHANNELS,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (80, 112, 144),
    "layers_per_block": 1,
    "cross_attention_dim": WIDTH,
    # number of heads, whatever its name says (diffusers keeps it for old checkpoints)
    "attention_head_dim": 4,
    "norm_num_groups": 16,
}

# 1.1 M parameters (2.2 MB in fp16) with a vocabulary of about 1000.
_TEXT_LAYERS = 2
_TEXT_HEADS = 4


def build_vae() -> Any:
    """Return an untrained AutoencoderKL of the tiny base (f8, 32 latent channels)."""
    return AutoencoderKL(**VAE_CONFIG)


def build_unet() -> Any:
    """Return an untrained UNet2DConditionModel of the tiny base."""
    return UNet2DConditionModel(**UNET_CONFIG)


def build_text_encoder(tokenizer: CLIPTokenizer) -> Any:
    """Return an untrained CLIPTextModel for the vocabulary of ``tokenizer``."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=_TEXT_LAYERS,
        num_attention_heads=_TEXT_HEADS,
        max_position_embeddings=POSITIONS,
        hidden_act="quick_gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def build_scheduler() -> Any:
    """Return a DDPMScheduler with Stable Diffusion's noise schedule, predicting v.

    As Stable Diffusion 2 does: an image read off ε near the last timestep has the network's error 15
    times over, which a short training never makes small enough.
    """
    return DDPMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
    )
