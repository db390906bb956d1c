"""The paste of ``seal2real.realise.composite`` on tensors: forgers are trained through it."""

from __future__ import annotations

from torch import Tensor

__all__ = ["composite"]


def composite(
    forged: Tensor,  # [B, 3, H, W] in [-1, 1]
    synthetic: Tensor,  # [B, 3, H, W] in [-1, 1]
    feather: Tensor,  # [B, 1, H, W] in [0, 1]
) -> Tensor:  # [B, 3, H, W]
    """Return forged * feather + synthetic * (1 - feather), as synthetic + feather * difference.

    In this form a forger that is the identity gives ``synthetic`` bit for bit: rounding would make
    a gradient out of nothing, and Adam steps from it. Where ``feather`` is 0, as it is outside the support, the result is ``synthetic`` bit for bit and
    no gradient reaches ``forged``. VAE, UNet and VGG see this in place of the forger's output, so
    that the forger cannot learn to repaint the page.

    Args:
        forged: the forger's output, finite.
        synthetic: I_s.
        feather: ``seal2real.realise.composite.feather(...) / 255``.

    Raises:
        ValueError: if the shapes do not fit together.
    """
    batch, _, height, width = synthetic.shape
    if forged.shape != synthetic.shape or tuple(feather.shape) != (batch, 1, height, width):
        raise ValueError(
            f"composite: forged and synthetic must be [B, 3, H, W] with feather [B, 1, H, W], got "
            f"{list(forged.shape)}, {list(synthetic.shape)}, {list(feather.shape)}; take all from "
            "one batch"
        )
    return synthetic + feather * (forged - synthetic)
