"""Batches of drawn crops as the forger wants them, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seal2real.models.forger_noise import noise_planes
from seal2real.realise.composite import FEATHER_FULL, feather
from seal2real.rng import Rng
from seal2real.training.composite import composite
from seal2real.training.data.streams import as_images

__all__ = [
    "Drawn",
    "forge_batch",
    "mean_change",
    "newly_saturated",
    "stack_drawn",
]

# From here on a channel counts as saturated.
_LIMIT = 0.999


@dataclass(frozen=True)
class Drawn:
    """Drawn crops on the way into the forger."""

    # I_s, [B, 3, H, W]; uint8, and float32 in [-1, 1] on the device
    image: Tensor
    # coverage, [B, 1, H, W]; uint8, and float32 in [0, 1]
    ink: Tensor
    # I_d, like ``image``
    clean: Tensor
    # weight of the composite, [B, 1, H, W]; uint8, and float32 in [0, 1]
    feather: Tensor
    # [B]
    px_per_mm: Tensor
    # [B, K, H, W], mean 0 and variance 1
    noise: Tensor

    def to(self, device: torch.device) -> Drawn:
        """Return the planes on ``device``, in float32 and the ranges of networks."""
        return Drawn(
            as_images(self.image.to(device, non_blocking=True)),
            self.ink.to(device, non_blocking=True).float() / FEATHER_FULL,
            as_images(self.clean.to(device, non_blocking=True)),
            self.feather.to(device, non_blocking=True).float() / FEATHER_FULL,
            self.px_per_mm.to(device).float(),
            self.noise.to(device, non_blocking=True),
        )

    def chunks(self, parts: int) -> list[Drawn]:
        """Return the crops in ``parts`` groups of one size."""
        fields = (self.image, self.ink, self.clean, self.feather, self.px_per_mm, self.noise)
        return [Drawn(*group) for group in zip(*(x.chunk(parts) for x in fields), strict=True)]


def stack_drawn(items: list[dict[str, Any]], rngs: list[Rng], noise_channels: int) -> Drawn:
    """Return items of a ``DrawnStream`` as one batch on the CPU, with noise of their own.

    Args:
        items: at least one.
        rngs: the stream of each item's noise.
        noise_channels: planes that the forger takes.
    """
    height, width = items[0]["mask"].shape
    scales = [item["px_per_mm"] for item in items]
    noise = [
        noise_planes(rng, height, width, scale, noise_channels)
        for rng, scale in zip(rngs, scales, strict=True)
    ]
    weights = [feather(item["mask"], item["support"], item["px_per_mm"]) for item in items]
    return Drawn(
        _stack([item["synthetic"] for item in items]),
        _stack([item["coverage"] for item in items])[:, None],
        _stack([item["clean"] for item in items]),
        _stack(weights)[:, None],
        torch.tensor(scales, dtype=torch.float32),
        _stack(noise),
    )


def _stack(arrays: list[Any]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))


def forge_batch(forger: nn.Module, drawn: Drawn, *, whole: bool = False) -> Tensor:
    """Return I_f [B, 3, H, W]: what the forger makes, pasted into I_s.

    Args:
        forger: takes (synthetic, ink, px_per_mm, noise).
        drawn: on the forger's device.
        whole: without the paste: the paper's literal variant, scope "crop".
    """
    forged: Tensor = forger(drawn.image, drawn.ink, drawn.px_per_mm, drawn.noise).float()
    return forged if whole else composite(forged, drawn.image, drawn.feather, drawn.clean)


def newly_saturated(forged: Tensor, drawn: Drawn) -> float:
    """Return the share of inked values that reached a limit where the drawn ones had not."""
    own = (drawn.feather > 0.5).expand_as(drawn.image)
    new = (forged.detach().abs() >= _LIMIT) & (drawn.image.abs() < _LIMIT) & own
    return (new.sum() / own.sum().clamp_min(1)).item()


def mean_change(forged: Tensor, drawn: Drawn) -> float:
    """Return the mean absolute difference weighted by the paste, in levels of 255."""
    change = (forged - drawn.image).abs().mean(1, keepdim=True) * 127.5
    return ((change * drawn.feather).sum() / drawn.feather.sum().clamp_min(1e-6)).item()
