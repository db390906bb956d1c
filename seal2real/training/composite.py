"""The paste of ``seal2real.realise.composite`` on tensors: forgers are trained through it."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["composite"]

# Effect of ink, of [-1, 1], below which its hue is not known: 16 levels, as in csrc/raster/paste.h.
_FAINT = 16 / 127.5


def composite(
    forged: Tensor,  # [B, 3, H, W] in [-1, 1]
    synthetic: Tensor,  # [B, 3, H, W] in [-1, 1]
    feather: Tensor,  # [B, 1, H, W] in [0, 1]
    clean: Tensor,  # [B, 3, H, W] in [-1, 1]
) -> Tensor:  # [B, 3, H, W]
    """Return synthetic + feather * g * (synthetic - clean), with g from forged.

    The ink's effect d = synthetic - clean is scaled by 1 + g, g = <forged - synthetic, d> / (|d|² +
    faint²) within [-1, 1]: the forger says how much ink there is, and cannot change its hue, paint
    on bare paper or move an edge. Without that a critic (tried here) found that purple is the cheapest way to
    lighten red, and forgers of distribution matching lightened the paper beside strokes.

    In this form a forger that is the identity gives ``synthetic`` bit for bit: rounding would make
    a gradient out of nothing, and Adam steps from it. Where ``feather`` is 0, as it is outside the
    support, the result is ``synthetic`` bit for bit and no gradient reaches ``forged``. VAE, UNet
    and VGG see this in place of the forger's output, so that the forger cannot learn to repaint
    the page.

    Args:
        forged: the forger's output, finite.
        synthetic: I_s.
        feather: ``seal2real.realise.composite.feather(...) / 255``.
        clean: I_d.

    Raises:
        ValueError: if the shapes do not fit together.
    """
    batch, _, height, width = synthetic.shape
    pages = forged.shape == synthetic.shape == clean.shape
    if not pages or tuple(feather.shape) != (batch, 1, height, width):
        shapes = [list(plane.shape) for plane in (forged, synthetic, clean, feather)]
        raise ValueError(
            "composite: forged, synthetic and clean must be [B, 3, H, W] with feather "
            f"[B, 1, H, W], got {shapes}; take all from one batch"
        )
    ink = synthetic - clean
    power = ink.square().sum(1, keepdim=True) + _FAINT**2
    share = ((forged - synthetic) * ink).sum(1, keepdim=True) / power
    scaled = share.clamp(-1.0, 1.0) * ink
    limit = torch.maximum(clean, synthetic) - synthetic
    return synthetic + feather * torch.minimum(scaled, limit).clamp_min(-1.0 - synthetic)
