"""The paste of ``seal2real.realise.composite`` on tensors: forgers are trained through it."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["composite"]


def composite(
    forged: Tensor,  # [B, 3, H, W] in [-1, 1]
    synthetic: Tensor,  # [B, 3, H, W] in [-1, 1]
    feather: Tensor,  # [B, 1, H, W] in [0, 1]
    clean: Tensor,  # [B, 3, H, W] in [-1, 1]
) -> Tensor:  # [B, 3, H, W]
    """Return forged * feather + synthetic * (1 - feather), as synthetic + feather * difference.

    Ink absorbs light: no channel of ``forged`` counts above the clean page (or the synthetic one,
    where a capture made it brighter). Without that bound forgers lighten the paper beside strokes.

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
    bounded = torch.minimum(forged, torch.maximum(clean, synthetic))
    return synthetic + feather * (bounded - synthetic)
