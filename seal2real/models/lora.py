"""Low-rank adapters for a UNet's attention, where there is no memory to train all of it.

Source: Hu et al. 2022 (LoRA), Eq. 3, with alpha = rank.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LoraLinear", "add_lora", "merge_lora"]

# The projections of diffusers' attention blocks.
_PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")


class LoraLinear(nn.Module):
    """A frozen linear layer W plus a trained product B A of rank ``rank``; it starts as W.

    Attributes:
        linear: W, frozen.
        adapter: the trained pair A, B, float32.
    """

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        down = nn.Linear(linear.in_features, rank, bias=False, device=linear.weight.device)
        up = nn.Linear(rank, linear.out_features, bias=False, device=linear.weight.device)
        nn.init.normal_(down.weight, std=1.0 / rank)
        nn.init.zeros_(up.weight)
        self.adapter = nn.Sequential(down, up)

    def forward(self, x: Tensor) -> Tensor:
        """Return W x + B A x, in the type of ``x``."""
        down, up = self._weights()
        result: Tensor = self.linear(x)
        return result + (x.to(down.dtype) @ down.T @ up.T).to(result.dtype)

    def _weights(self) -> list[Tensor]:
        """Return A and B."""
        return list(self.adapter.parameters())

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return one linear layer that does the same."""
        down, up = self._weights()
        product = up.float() @ down.float()
        self.linear.weight += product.to(self.linear.weight.dtype)
        return self.linear


def add_lora(unet: nn.Module, rank: int) -> nn.ModuleDict:
    """Freeze ``unet`` and give its attention projections adapters.

    Returns:
        The adapters by place: all that is trained; they stay parts of ``unet``.

    Raises:
        ValueError: if ``rank`` is below 1, or the network has no such projections.
    """
    if rank < 1:
        raise ValueError(f"add_lora: rank must be at least 1, got {rank}; 16 is usual")
    unet.requires_grad_(False)
    places = [
        name
        for name, module in unet.named_modules()
        if isinstance(module, nn.Linear) and name.endswith(_PROJECTIONS)
    ]
    if not places:
        raise ValueError(
            f"add_lora: unet must have attention projections ({', '.join(_PROJECTIONS)}), got "
            "none; train all of it instead"
        )
    adapters = nn.ModuleDict()
    for name in places:
        layer = LoraLinear(unet.get_submodule(name), rank)  # type: ignore[arg-type]
        _put(unet, name, layer)
        adapters[name.replace(".", "__")] = layer.adapter
    return adapters


def merge_lora(unet: nn.Module) -> None:
    """Put the adapters' products into the weights and take the adapters out."""
    for name, module in list(unet.named_modules()):
        if isinstance(module, LoraLinear):
            _put(unet, name, module.merged())


def _put(unet: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(unet.get_submodule(parent), child, layer)
