"""A prior in a folder: T_r, T_f and θ, with the hash of the base that they belong to.

prompts.safetensors   T_r and T_f
unet/                 θ in diffusers' layout; or
lora.safetensors      what turns the base's own UNet into θ; or neither, where that one was kept
prior.json            base, its hash, and how the prior was trained
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from seal2real.diffusion.losses import Denoiser
from seal2real.diffusion.prompts import Prompts, load_prompts, save_prompts
from seal2real.models.lora import add_lora, load_lora, merge_lora, save_lora
from seal2real.sealdb.files import atomic_write

__all__ = ["Adapters", "Prior", "load_prior", "save_prior", "shipped_prior"]

_RECORD = "prior.json"


@dataclass(frozen=True)
class Prior:
    """What stage 1 learns."""

    # T_r and T_f
    prompts: Prompts
    # θ
    unet: Any
    # the base's scheduler
    scheduler: Any
    # what prior.json says
    record: dict[str, Any]

    @property
    def denoiser(self) -> Denoiser:
        """SD_θ."""
        return Denoiser(self.unet, self.scheduler)


def shipped_prior() -> Path:
    """Return the folder of the prior that ships with the tiny base."""
    return Path(__file__).parent.parent / "weights" / "prior"


@dataclass(frozen=True)
class Adapters:
    """Low-rank adapters of a base's UNet, with what it takes to put them in again."""

    # as add_lora returns them
    modules: nn.ModuleDict
    rank: int
    everywhere: bool


def save_prior(
    folder: Path,
    prompts: Prompts,
    unet: Any | None,
    base: Any,
    settings: dict[str, Any],
    adapters: Adapters | None = None,
) -> None:
    """Write a prior into ``folder``.

    Args:
        folder: made if need be.
        prompts: T_r and T_f, written as float32.
        unet: θ, written as float16; None where it is the base's own, with or without adapters.
        base: gives ``hash`` and ``path``.
        settings: how it was trained, for the record.
        adapters: what turns the base's UNet into θ, written as float16.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_prompts(prompts, folder / "prompts.safetensors")
    if unet is not None:
        copy.deepcopy(unet).cpu().half().save_pretrained(folder / "unet")
    record = {
        "format": "seal2real-prior/1",
        "base": str(base.path.name),
        "base_hash": base.hash,
        "unet": unet is not None,
        "settings": settings,
    }
    if adapters is not None:
        save_lora(adapters.modules, folder / "lora.safetensors")
        record["lora"] = {"rank": adapters.rank, "everywhere": adapters.everywhere}
    atomic_write(folder / _RECORD, json.dumps(record, indent=2).encode())


def _read_record(path: Path) -> dict[str, Any]:
    """Return what a prior says of itself.

    Raises:
        ValueError: if the file is damaged.
    """
    try:
        record: dict[str, Any] = json.loads(path.read_text("utf-8"))
        lacking = sorted({"base", "base_hash", "unet"} - set(record))
        problem = f"no {', '.join(lacking)}" if lacking else ""
    except (ValueError, TypeError) as error:
        problem = str(error)
    if problem:
        raise ValueError(
            f"load_prior: {path} must describe a prior, got {problem}; "
            "copy the weights folder again"
        )
    return record


def load_prior(
    folder: Path | str, base: Any, *, dtype: torch.dtype = torch.float32, device: Any = None
) -> Prior:
    """Return the prior in ``folder``, whose UNet replaces the base's.

    Args:
        folder: ``weights`` of a finished `seal2real-train prior`.
        base: the base it was trained on.
        dtype: of a UNet that is read whole from the folder.
        device: None is the CPU.

    Raises:
        FileNotFoundError: if the folder holds no prior.
        ValueError: if it was trained on another base, or its adapters do not fit.
    """
    folder = Path(folder)
    if not (folder / _RECORD).is_file():
        raise FileNotFoundError(
            f"load_prior: folder must hold {_RECORD}, got {folder}; give the weights folder of a "
            "finished `seal2real-train prior`"
        )
    record = _read_record(folder / _RECORD)
    if record["base_hash"] != base.hash:
        raise ValueError(
            f"load_prior: {folder} must belong to the base in use {base.hash[:16]}, got one of "
            f"{record['base']} {record['base_hash'][:16]}; give the base that it was trained on"
        )
    unet = base.unet
    if record["unet"]:
        unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=dtype)
    elif "lora" in record:
        unet = copy.deepcopy(base.unet)
        load_lora(add_lora(unet, **record["lora"]), folder / "lora.safetensors")
        merge_lora(unet)
    prompts = load_prompts(folder / "prompts.safetensors")
    device = device or "cpu"
    return Prior(prompts.to(device), unet.to(device).eval(), base.scheduler, record)
