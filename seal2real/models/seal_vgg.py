"""A small VGG that knows seals: Φ of the content loss where ImageNet's VGG-19 is too large.

It is trained here on what a drawn crop is known to show (``training.stages.vgg``), so no foreign
weights are shipped and its features follow strokes, ink and sharpness rather than dogs.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from seal2real.models.vgg import VGG19_HUB_ID, Vgg, load_vgg19
from seal2real.models.weights_file import opened_weights

__all__ = ["SEAL_VGG_FILE", "SealVgg", "load_features", "load_seal_vgg", "save_seal_vgg"]

SEAL_VGG_FILE = Path(__file__).parent.parent / "weights" / "seal_vgg.safetensors"
# 0.44 million weights; the layers of eq. 4 at the same five resolutions as VGG-19's.
_BLOCKS = ((16, 16), (32, 32), (64, 64), (128, 128), (128,))
_KIND = "seal2real seal_vgg"


class SealVgg(Vgg):
    """The small VGG, without trained weights. Paper, white, is 1 at its input, black is -1."""

    def __init__(self) -> None:
        super().__init__(_BLOCKS, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        for name, value in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(value, nonlinearity="relu")
            else:
                nn.init.zeros_(value)


def save_seal_vgg(vgg: SealVgg, path: Path | str) -> None:
    """Write the weights as float16."""
    weights: dict[str, Tensor] = {
        name: value.detach().to("cpu", torch.float16).contiguous()
        for name, value in vgg.state_dict().items()
    }
    save_file(weights, path, metadata={"kind": _KIND})


def load_seal_vgg(path: Path | str = SEAL_VGG_FILE) -> SealVgg:
    """Return the small VGG of a file, the shipped one by default, in float32 and frozen.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"load_seal_vgg: path must be a file, got {path}; `seal2real-train base OUT --only vgg` "
            "writes one"
        )
    with opened_weights(path, "load_seal_vgg") as file:
        if (file.metadata() or {}).get("kind") != _KIND:
            raise ValueError(
                f"load_seal_vgg: path must hold the small VGG's weights, got {path} without its "
                "mark; VGG-19 is read by load_vgg19"
            )
        weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    vgg = SealVgg()
    vgg.load_state_dict(weights)
    return vgg.eval().requires_grad_(False)


def load_features(name: str) -> Vgg:
    """Return Φ by the name that ``forger.vgg`` has, frozen.

    Args:
        name: "tiny" for the shipped small VGG, "vgg19" for the hub's, or a file of either.

    Raises:
        FileNotFoundError: if the file is not there, or the hub is out of reach.
        ValueError: if it holds something else.
    """
    if name == "tiny":
        return load_seal_vgg()
    if name == "vgg19":
        return load_vgg19(VGG19_HUB_ID)
    if not Path(name).is_file():
        raise FileNotFoundError(
            f"load_features: name must be 'tiny', 'vgg19' or a file, got {name!r}; check the path"
        )
    return load_seal_vgg(name) if _is_seal_vgg(Path(name)) else load_vgg19(name)


def _is_seal_vgg(path: Path) -> bool:
    if path.suffix != ".safetensors":
        return False
    with opened_weights(path, "load_features") as file:
        return (file.metadata() or {}).get("kind") == _KIND
