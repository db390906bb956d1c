"""Forgers by name, and forgers in files that know their own shape."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from seal2real.models.forger import Forger
from seal2real.models.weights_file import opened_weights

__all__ = ["FORGERS", "build_forger", "load_forger", "save_forger"]

# "tiny" is the shipped one: 2.9 MB, 26 images/s at 256x256 in ONNX Runtime on two threads. "base"
# and "large" go with Stable Diffusion at 512x512.
FORGERS: dict[str, dict[str, int]] = {
    "tiny": {"width": 16, "levels": 4, "max_width": 96},
    "base": {"width": 32, "levels": 5, "max_width": 256},
    "large": {"width": 64, "levels": 5, "max_width": 512},
}
# The only entry of a file's metadata: with several, safetensors writes them in no fixed order.
_MARK = "seal2real forger"


def build_forger(name: str, *, noise_channels: int = 4) -> Forger:
    """Return a new forger, which is the identity.

    Raises:
        ValueError: if ``name`` is unknown.
    """
    if name not in FORGERS:
        near = difflib.get_close_matches(name, FORGERS, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "choose one of them"
        raise ValueError(
            f"build_forger: name must be among {', '.join(FORGERS)}, got {name!r}; {remedy}"
        )
    return Forger(**FORGERS[name], noise_channels=noise_channels)


def save_forger(forger: Forger, path: Path | str, *, half: bool = True) -> None:
    """Write weights and shape to a safetensors file, as float16 unless ``half`` is false."""
    dtype = torch.float16 if half else torch.float32
    weights = {
        key: value.detach().to("cpu", dtype).contiguous()
        for key, value in forger.state_dict().items()
    }
    save_file(weights, path, metadata={_MARK: json.dumps(forger.config)})


def load_forger(path: Path | str) -> Forger:
    """Return the forger of a file that :func:`save_forger` wrote, in float32, for inference.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file holds something else, or is cut short.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"load_forger: path must be a file, got {path}; `seal2real-train forger` writes one"
        )
    with opened_weights(path, "load_forger") as file:
        metadata: dict[str, Any] = file.metadata() or {}
        weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    if _MARK not in metadata:
        raise ValueError(
            f"load_forger: path must hold a forger's weights, got {path} without its mark; "
            "give the forger.safetensors of a training run"
        )
    forger = Forger(**json.loads(metadata[_MARK]))
    forger.load_state_dict(weights)
    return forger.eval()
