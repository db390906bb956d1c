"""A base: any Stable Diffusion checkpoint in diffusers' layout, from a folder, the hub, or ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer
from transformers.utils import logging

from seal2real.diffusion.hub import download_base
from seal2real.diffusion.layout import check_layout, hash_weights, weight_file

__all__ = ["DEFAULT_BASE", "TINY", "Base", "load_base", "tiny_folder"]

# For real use, at 512 x 512.
DEFAULT_BASE = "stable-diffusion-v1-5/stable-diffusion-v1-5"
# The base that ships in the package, at 256 x 256.
TINY = "tiny"
_CLASSES: dict[str, Any] = {
    "vae": AutoencoderKL,
    "unet": UNet2DConditionModel,
    "text_encoder": CLIPTextModel,
}
# Tokenizers that state no length give this or more.
_NO_LENGTH = 10**6


@dataclass(frozen=True)
class Base:
    """A loaded checkpoint. Sizes are read from its configuration; nothing is assumed.

    Attributes:
        vae: AutoencoderKL.
        unet: UNet2DConditionModel.
        text_encoder: CLIPTextModel.
        tokenizer: CLIPTokenizer.
        scheduler: DDPMScheduler with the checkpoint's noise schedule and prediction type.
        path: the folder it was read from.
        hash: sha256 of its weights, tokenizer and schedule; checkpoints of later stages hold it.
    """

    vae: Any
    unet: Any
    text_encoder: Any
    tokenizer: Any
    scheduler: Any
    path: Path
    hash: str

    @property
    def latent_channels(self) -> int:
        """Channels of a latent: 4 for Stable Diffusion, 32 for the tiny base."""
        return int(self.vae.config.latent_channels)

    @property
    def factor(self) -> int:
        """Image pixels per latent pixel, along a side."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    @property
    def cross_attention_dim(self) -> int:
        """Width of a prompt's embedding: 768 for SD 1.x, 1024 for SD 2.x."""
        return int(self.unet.config.cross_attention_dim)

    @property
    def positions(self) -> int:
        """Positions N of a padded prompt, 77 in Stable Diffusion."""
        return int(self.tokenizer.model_max_length)

    @property
    def prediction_type(self) -> str:
        """What the UNet predicts: "epsilon" or "v_prediction"."""
        return str(self.scheduler.config.prediction_type)

    @property
    def sample_size(self) -> int:
        """Side of the images it was trained at, px."""
        return int(self.unet.config.sample_size) * self.factor


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar for every file that it reads."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def load_base(
    name: str | Path,
    *,
    dtype: torch.dtype | None = None,
    device: str | torch.device | None = None,
    local_files_only: bool = False,
) -> Base:
    """Load a base.

    Args:
        name: a folder in diffusers' layout, a hub id "owner/name", or "tiny".
        dtype: of the networks' weights; None is float32, whatever the files hold.
        device: where the networks go; None is the CPU.
        local_files_only: never ask the network.

    Returns:
        The base, its networks in evaluation mode.

    Raises:
        FileNotFoundError: if ``name`` is a path that does not exist.
        ValueError: if the layout is another, files are cut short, or widths do not fit each other.
        OSError: if a hub repository cannot be fetched; it says which file goes where.

    Example:
        >>> base = load_base("tiny")
        >>> base.latent_channels, base.factor, base.positions
        (32, 8, 77)
    """
    folder = _folder(name, local_files_only)
    check_layout(folder)
    with _without_bars():
        networks = {
            part: kind.from_pretrained(
                folder / part, torch_dtype=dtype or torch.float32, **_variant(folder, part)
            )
            for part, kind in _CLASSES.items()
        }
    for network in networks.values():
        network.to(device or "cpu")
        network.eval()
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    if tokenizer.model_max_length >= _NO_LENGTH:
        tokenizer.model_max_length = networks["text_encoder"].config.max_position_embeddings
    # Whatever sampler the checkpoint names, its noise schedule is what training needs.
    scheduler = DDPMScheduler.from_pretrained(folder / "scheduler")
    return Base(
        **networks,
        tokenizer=tokenizer,
        scheduler=scheduler,
        path=folder,
        hash=hash_weights(folder),
    )


def tiny_folder() -> Path:
    """Return the folder of the base that ships in the package."""
    return Path(str(resources.files("seal2real"))) / "weights" / "tiny"


def _folder(name: str | Path, local_files_only: bool) -> Path:
    """Return the folder that ``name`` means."""
    if str(name) == TINY:
        return tiny_folder()
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.is_file():
        raise ValueError(
            f"load_base: name must be a folder in diffusers' layout, got the file {name}; convert "
            "it with StableDiffusionPipeline.from_single_file(FILE).save_pretrained(FOLDER)"
        )
    if isinstance(name, Path) or str(name).startswith((".", "/", "~")) or str(name).count("/") != 1:
        raise FileNotFoundError(
            f"load_base: name must be an existing folder, a hub id such as {DEFAULT_BASE}, or "
            f"{TINY!r}, got {str(name)!r}; check the path"
        )
    return download_base(str(name), local_files_only=local_files_only)


def _variant(folder: Path, part: str) -> dict[str, Any]:
    """Return the arguments that choose the weight file of ``part``."""
    path = weight_file(folder, part)
    half = path is not None and path.name.endswith(".fp16.safetensors")
    return {"use_safetensors": True, "variant": "fp16" if half else None}
