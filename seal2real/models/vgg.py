"""VGG-19, the Φ of the content loss (eq. 4): relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1.

Source: Simonyan and Zisserman 2015, configuration E, of which only what lies up to relu5_1 is built.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

__all__ = ["VGG19_HUB_ID", "Vgg", "Vgg19", "load_vgg19", "vgg19_key"]

VGG19_HUB_ID = "timm/vgg19.tv_in1k"
_HUB_FILE = "model.safetensors"
# Widths of the convolutions of each block; its first one's output is a layer of eq. 4.
_VGG19_BLOCKS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,))
# Mean and standard deviation of ImageNet's channels in [0, 1], which the weights were trained with.
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class Vgg(nn.Module):
    """Blocks of 3x3 convolutions with ReLU, a 2x2 maximum between blocks.

    Args:
        blocks: channels of the convolutions, block by block.
        mean: of each channel, in [0, 1], subtracted from the input.
        std: of each channel, in [0, 1], by which the input is divided.
    """

    _gain: Tensor
    _offset: Tensor

    def __init__(
        self,
        blocks: tuple[tuple[int, ...], ...],
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
    ) -> None:
        super().__init__()
        widths = [3, *(width for block in blocks for width in block)]
        convs = iter(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.blocks = nn.ModuleList(nn.ModuleList(next(convs) for _ in block) for block in blocks)
        # From [-1, 1] to the network's scale, in one multiplication and addition.
        self.register_buffer("_gain", _channels([0.5 / s for s in std]), persistent=False)
        self.register_buffer(
            "_offset",
            _channels([(0.5 - m) / s for m, s in zip(mean, std, strict=True)]),
            persistent=False,
        )

    @property
    def widths(self) -> list[int]:
        """Channels of the maps that :meth:`forward` returns."""
        return [next(_convs(block)).out_channels for block in self.blocks]

    @property
    def layers(self) -> int:
        """How many maps :meth:`forward` returns."""
        return len(self.blocks)

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]
        last: int | None = None,
    ) -> list[Tensor]:  # [B, C_l, H / 2^l, W / 2^l] each
        """Return the maps after each block's first ReLU, up to block ``last``, from 0.

        Raises:
            ValueError: if a side is shorter than the last block needs.
        """
        least = 2 ** (self.layers - 1)
        if min(image.shape[-2:]) < least:
            raise ValueError(
                f"Vgg: image must have sides of at least {least} px, got "
                f"{list(image.shape[-2:])}; give a larger crop"
            )
        h, maps = image * self._gain + self._offset, []
        for number, block in enumerate(self.blocks):
            h = F.max_pool2d(h, 2) if number else h
            for place, conv in enumerate(_convs(block)):
                h = F.relu(conv(h))
                if place == 0:
                    maps.append(h)
                    if number == last:
                        return maps
        return maps


def _convs(block: nn.Module) -> Iterator[nn.Conv2d]:
    assert isinstance(block, nn.ModuleList)
    for conv in block:
        assert isinstance(conv, nn.Conv2d)
        yield conv


class Vgg19(Vgg):
    """VGG-19 up to relu5_1, without weights."""

    def __init__(self) -> None:
        super().__init__(_VGG19_BLOCKS, _IMAGENET_MEAN, _IMAGENET_STD)


def vgg19_key(block: int, place: int, kind: str) -> str:
    """Return the name that timm and torchvision give a parameter: ``features.N.weight``.

    N counts convolutions, ReLUs and poolings, as in torchvision's ``nn.Sequential``.

    Args:
        block: number of the block, from 0.
        place: number of the convolution in it.
        kind: "weight" or "bias".
    """
    before = sum(2 * len(widths) + 1 for widths in _VGG19_BLOCKS[:block])
    return f"features.{before + 2 * place}.{kind}"


def load_vgg19(source: Path | str = VGG19_HUB_ID) -> Vgg19:
    """Return VGG-19 with ImageNet weights, frozen.

    Args:
        source: the hub id, or a file of timm (.safetensors) or torchvision (.pth).

    Raises:
        FileNotFoundError: if the file is neither there nor to be had; says where it belongs.
        ValueError: if it is not VGG-19's: the first missing or misshapen tensor is named.
    """
    path = _download() if str(source) == VGG19_HUB_ID else Path(source)
    if not path.is_file():
        raise FileNotFoundError(
            f"load_vgg19: source must be a file or {VGG19_HUB_ID!r}, got {source}; see its spelling"
        )
    vgg = Vgg19()
    theirs = _read(path)
    vgg.load_state_dict(
        {name: _tensor(theirs, vgg, name, path) for name in vgg.state_dict()}, strict=True
    )
    return vgg.eval().requires_grad_(False)


def _tensor(theirs: dict[str, Tensor], vgg: Vgg19, name: str, path: Path) -> Tensor:
    """Return the tensor of ``theirs`` that our parameter ``name`` stands for."""
    _, block, place, kind = name.split(".")
    key = vgg19_key(int(block), int(place), kind)
    wanted = list(vgg.state_dict()[name].shape)
    found = theirs.get(key)
    if found is None or list(found.shape) != wanted:
        got = "none" if found is None else str(list(found.shape))
        raise ValueError(
            f"load_vgg19: {path} must hold {key} {wanted}, got {got}; give VGG-19 without batch "
            "norm, of timm or torchvision"
        )
    return found.float()


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return state
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError, LookupError) as error:
        what = (str(error).splitlines() or ["nothing"])[0]
        raise ValueError(
            f"load_vgg19: {path} must be a whole file of weights, got {what}; download it again"
        ) from error


def _download() -> Path:
    """Return the file of the hub id in the hub's cache, fetching it if need be."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(VGG19_HUB_ID, _HUB_FILE))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        home = os.environ.get("HF_HOME", "~/.cache/huggingface")
        raise FileNotFoundError(
            f"load_vgg19: {VGG19_HUB_ID} must be downloadable or in {home}, got "
            f"{type(error).__name__}; fetch https://huggingface.co/{VGG19_HUB_ID}/resolve/main/"
            f"{_HUB_FILE} on another machine and --set forger.vgg=PATH/{_HUB_FILE}"
        ) from error


def _channels(values: list[float]) -> Tensor:
    return torch.tensor(values)[None, :, None, None]
