"""A small network that tells seals from everything else on a page."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["FACTOR", "Segmenter", "segment_loss"]

# Sides of the input must be multiples of this: the coarsest plane is 1/32 of it.
FACTOR = 32
_WIDTHS = (16, 24, 32, 48, 56)


class Segmenter(nn.Module):
    """U-Net over a stride-2 stem; works on planes at 1/2 .. 1/32 of the input, so that rings are seen whole.

    Args:
        widths: channels of the five planes, finest first.
    """

    def __init__(self, widths: tuple[int, ...] = _WIDTHS) -> None:
        super().__init__()
        self.stem = _block(3, widths[0], stride=2)
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(
            nn.Sequential(_block(a, b, stride=2), _block(b, b)) for a, b in pairs
        )
        self.up = nn.ModuleList(nn.Sequential(_block(b + a, a), _block(a, a)) for a, b in pairs)
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] RGB in [0, 1]; H and W multiples of 32
    ) -> Tensor:  # [B, 2, H / 2, W / 2]
        """Return logits of (ink, inside a seal's outline) on squares of 2 x 2 px."""
        planes = [self.stem((image - 0.5) * 4.0)]
        for down in self.down:
            planes.append(down(planes[-1]))
        x = planes.pop()
        for up in reversed(self.up):
            fine = planes.pop()
            x = up(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), fine], dim=1))
        logits: Tensor = self.head(x)
        return logits


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Return convolution, batch norm (it melts into the convolution on export) and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def segment_loss(
    logits: Tensor,  # [B, 2, h, w]
    ink: Tensor,  # [B, 2 h, 2 w] bool
    inside: Tensor,  # [B, 2 h, 2 w] bool
) -> Tensor:
    """Return cross-entropy plus 1 - Dice of both planes, summed; a scalar.

    Source: Milletari et al. 2016, "V-Net", section 3 (Dice over the batch).

    Raises:
        ValueError: if the masks are not twice the logits' size.
    """
    if ink.shape[-2:] != (2 * logits.shape[-2], 2 * logits.shape[-1]) or inside.shape != ink.shape:
        raise ValueError(
            f"segment_loss: ink and inside must be twice the logits' size "
            f"{tuple(logits.shape[-2:])}, got {tuple(ink.shape)} and {tuple(inside.shape)}; "
            "give the masks of the network's input"
        )
    target = F.avg_pool2d(torch.stack([ink, inside], dim=1).to(logits.dtype), 2)
    entropy = F.binary_cross_entropy_with_logits(logits, target)
    share = torch.sigmoid(logits)
    both = (share * target).sum(dim=(0, 2, 3))
    dice = (2.0 * both + 1.0) / (share.sum(dim=(0, 2, 3)) + target.sum(dim=(0, 2, 3)) + 1.0)
    return entropy + (1.0 - dice).mean()
