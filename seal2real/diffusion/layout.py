"""What a base looks like on disk: diffusers' folder layout, checked before anything is loaded."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

__all__ = ["PARTS", "check_layout", "damage", "hash_weights", "missing_files", "weight_file"]

# Folder of each network -> stem of its weight file.
PARTS = {
    "vae": "diffusion_pytorch_model",
    "unet": "diffusion_pytorch_model",
    "text_encoder": "model",
}
# Classes that may stand in config.json, as the paper's Stable Diffusion has them.
_CLASSES = {"vae": "AutoencoderKL", "unet": "UNet2DConditionModel", "text_encoder": "CLIPTextModel"}
# Weights in full precision come before those in half.
_VARIANTS = ("", ".fp16")
_TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))
_HASH_BLOCK = 1 << 22
# A header longer than this is no header (safetensors' own limit).
_MOST_HEADER = 100_000_000


def weight_file(folder: Path, part: str) -> Path | None:
    """Return the weights of ``part`` in ``folder``, in full precision if there; None without."""
    for variant in _VARIANTS:
        path = folder / part / f"{PARTS[part]}{variant}.safetensors"
        if path.is_file():
            return path
    return None


def missing_files(folder: Path) -> list[str]:
    """Return the files of a base that ``folder`` lacks, as paths below it."""
    lacking = []
    for part in PARTS:
        if not (folder / part / "config.json").is_file():
            lacking.append(f"{part}/config.json")
        if weight_file(folder, part) is None:
            lacking.append(f"{part}/{PARTS[part]}.safetensors")
    if not (folder / "scheduler" / "scheduler_config.json").is_file():
        lacking.append("scheduler/scheduler_config.json")
    tokenizer = folder / "tokenizer"
    if not any(all((tokenizer / name).is_file() for name in names) for names in _TOKENIZERS):
        lacking += [f"tokenizer/{name}" for name in _TOKENIZERS[1]]
    return lacking


def check_layout(folder: Path) -> None:
    """Refuse a folder that is no Stable Diffusion checkpoint in diffusers' layout.

    Raises:
        ValueError: if files are missing or cut short, or networks are of another class, or their
            widths do not fit each other.
    """
    lacking = missing_files(folder)
    if lacking:
        raise ValueError(
            f"load_base: {folder} must have the layout of diffusers, got none of "
            f"{', '.join(lacking)}; put these files there, or convert a single checkpoint file "
            "with diffusers' StableDiffusionPipeline.from_single_file(FILE).save_pretrained(FOLDER)"
        )
    for part in PARTS:
        path = weight_file(folder, part)
        assert path is not None
        fault = damage(path)
        if fault:
            raise ValueError(
                f"load_base: {path} must be a whole safetensors file, {fault}; delete it and "
                "download it again"
            )
    configs = {part: _config(folder / part / "config.json") for part in PARTS}
    _check_classes(folder, configs)
    _check_widths(folder, configs)


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"load_base: {path} must be JSON, got {error}; download it again"
        ) from error
    if not isinstance(config, dict):
        raise ValueError(f"load_base: {path} must be a JSON object; download it again")
    return config


def _check_classes(folder: Path, configs: dict[str, dict[str, Any]]) -> None:
    if (folder / "text_encoder_2").is_dir():
        raise ValueError(
            f"load_base: {folder} must have one text encoder, got text_encoder_2 (Stable Diffusion "
            "XL or later); use Stable Diffusion 1.x or 2.x"
        )
    for part, wanted in _CLASSES.items():
        named = configs[part].get("_class_name") or (configs[part].get("architectures") or [""])[0]
        if named and named != wanted:
            raise ValueError(
                f"load_base: {part} in {folder} must be a {wanted}, got {named}; use a Stable "
                "Diffusion 1.x or 2.x checkpoint"
            )


def _check_widths(folder: Path, configs: dict[str, dict[str, Any]]) -> None:
    unet, vae, text = configs["unet"], configs["vae"], configs["text_encoder"]
    width, wanted = text.get("hidden_size", 512), unet.get("cross_attention_dim", 1280)
    if width != wanted:
        raise ValueError(
            f"load_base: the text encoder in {folder} must be as wide as the UNet's "
            f"cross_attention_dim {wanted}, got {width}; take all parts from one checkpoint"
        )
    channels, wanted = unet.get("in_channels", 4), vae.get("latent_channels", 4)
    if channels != wanted:
        raise ValueError(
            f"load_base: the UNet in {folder} must take the VAE's {wanted} latent channels, got "
            f"{channels}; inpainting and depth models do not fit, take a text-to-image one"
        )


def damage(path: Path) -> str:
    """Return what is wrong with a safetensors file's length, or an empty string.

    Only the header is read: a download that broke off is shorter than its header says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(_MOST_HEADER, size):
            return f"got {size} bytes without a header"
        try:
            header = json.loads(file.read(length))
        except ValueError:
            return "got a damaged header"
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    wanted = 8 + length + max(ends, default=0)
    return "" if size == wanted else f"got {size} of {wanted} bytes"


def hash_weights(folder: Path) -> str:
    """Return the sha256 of all weights of a base, 64 hexadecimal digits.

    The text encoder and its tokenizer count too: another tokenizer makes other prompts.
    """
    hasher = hashlib.sha256()
    files = [weight_file(folder, part) for part in PARTS]
    tokenizer = sorted(path for path in (folder / "tokenizer").iterdir() if path.is_file())
    for path in [*files, folder / "scheduler" / "scheduler_config.json", *tokenizer]:
        assert path is not None
        hasher.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            while block := file.read(_HASH_BLOCK):
                hasher.update(block)
    return hasher.hexdigest()
