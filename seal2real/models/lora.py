"""Low-rank adapters for a UNet, where there is no memory to train (or space to ship) all of it.

Sources: Hu et al. 2022 (LoRA), Eq. 3, with alpha = rank; for convolutions a k x k convolution to
``rank`` channels and a 1 x 1 one back (own; the same product, written for taps).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from seal2real.models.weights_file import opened_weights

__all__ = ["LoraLayer", "add_lora", "load_lora", "merge_lora", "save_lora"]

# The projections of diffusers' attention blocks.
_PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")


class LoraLayer(nn.Module):
    """A frozen layer W plus a trained product B A of rank ``rank``; it starts as W.

    Attributes:
        layer: W, linear or a convolution, frozen.
        adapter: the trained pair A, B, float32.
    """

    layer: Any

    def __init__(self, layer: nn.Linear | nn.Conv2d, rank: int) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        down, up = _pair(layer, rank)
        nn.init.normal_(down.weight, std=1.0 / rank)
        nn.init.zeros_(up.weight)
        self.adapter = nn.Sequential(down, up)

    def forward(self, x: Tensor) -> Tensor:
        """Return W x + B A x, in the type that W gives."""
        result: Tensor = self.layer(x)
        product: Tensor = self.adapter(x.to(next(self.adapter.parameters()).dtype))
        return result + product.to(result.dtype)

    @torch.no_grad()
    def merged(self) -> nn.Linear | nn.Conv2d:
        """Return one layer that does the same."""
        down, up = (weight.float() for weight in self.adapter.parameters())
        product = torch.einsum("or,r...->o...", up.flatten(1), down)
        self.layer.weight += product.to(self.layer.weight.dtype)
        return self.layer


def _pair(layer: Any, rank: int) -> tuple[Any, Any]:
    """Return A and B for ``layer``, linear or a convolution."""
    more = {"bias": False, "device": layer.weight.device}
    if isinstance(layer, nn.Linear):
        down = nn.Linear(layer.in_features, rank, **more)
        return down, nn.Linear(rank, layer.out_features, **more)
    shape = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    taps = nn.Conv2d(layer.in_channels, rank, layer.kernel_size, **shape, **more)
    return taps, nn.Conv2d(rank, layer.out_channels, 1, **more)


def add_lora(unet: nn.Module, rank: int, *, everywhere: bool = False) -> nn.ModuleDict:
    """Freeze ``unet`` and give its layers adapters.

    Args:
        unet: changed in place.
        rank: of the products, at least 1.
        everywhere: all linear layers and convolutions instead of the attention's projections.

    Returns:
        The adapters by place: all that is trained; they stay parts of ``unet``.

    Raises:
        ValueError: if ``rank`` is below 1, or the network has no such projections.
    """
    if rank < 1:
        raise ValueError(f"add_lora: rank must be at least 1, got {rank}; 16 is usual")
    unet.requires_grad_(False)
    kinds = (nn.Linear, nn.Conv2d) if everywhere else (nn.Linear,)
    places = {
        name: module
        for name, module in unet.named_modules()
        if isinstance(module, kinds) and (everywhere or name.endswith(_PROJECTIONS))
    }
    if not places:
        raise ValueError(
            f"add_lora: unet must have attention projections ({', '.join(_PROJECTIONS)}), got "
            "none; train all of it instead"
        )
    adapters = nn.ModuleDict()
    for name, module in places.items():
        layer = LoraLayer(module, rank)
        _put(unet, name, layer)
        adapters[name.replace(".", "__")] = layer.adapter
    return adapters


def merge_lora(unet: nn.Module) -> None:
    """Put the adapters' products into the weights and take the adapters out."""
    for name, module in list(unet.named_modules()):
        if isinstance(module, LoraLayer):
            _put(unet, name, module.merged())


def save_lora(adapters: nn.Module, path: Path) -> None:
    """Write adapters as float16 safetensors."""
    halves = {k: v.detach().cpu().half().contiguous() for k, v in adapters.state_dict().items()}
    save_file(halves, path)


def load_lora(adapters: nn.Module, path: Path) -> None:
    """Give ``adapters`` the weights in ``path``.

    Raises:
        ValueError: if they are of another network, rank or choice of layers, or cut short.
    """
    with opened_weights(path, "load_lora") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    own = adapters.state_dict()
    if {k: v.shape for k, v in found.items()} != {k: v.shape for k, v in own.items()}:
        raise ValueError(
            f"load_lora: {path} must hold adapters for the UNet in use, got {len(found)} weights "
            f"that do not fit its {len(own)}; give the base that they were trained on"
        )
    adapters.load_state_dict(found)


def _put(unet: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(unet.get_submodule(parent), child, layer)
