"""Where images of seals are judged: near ink, with little print and nothing that was made up."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["TILE_PX", "TILE_STEP_PX", "judged_places", "judged_tiles", "paper_light"]

# Ink: a pixel whose darkest channel has less than this share of the paper near it. Print: its
# clearest one has less than the second, and the two differ by less than the third.
_INK_BELOW, _PRINT_BELOW, _PRINT_CHROMA = 0.82, 0.5, 0.12
# Least share of ink and most of print where something is judged.
_LEAST_INK, _MOST_PRINT = 0.06, 0.04
# Side of the square round a place that the rule looks at, px. A score of a critic sees more;
# asking for so much without print left hardly a place on real pages.
_NEAR_PX = 40
# Side of the square in which paper is looked for, px.
_PAPER_PX = 15
# Side of a tile and distance of neighbouring ones, px.
TILE_PX, TILE_STEP_PX = 64, 32


def paper_light(
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
) -> Tensor:  # [B, 1, 1, 1] in (0, 2]
    """Return how light the paper of each image is: nine tenths of its pixels are no lighter."""
    light = image.detach().float().mean(1).flatten(1) + 1.0
    return light.quantile(0.9, dim=1).clamp_min(0.2)[:, None, None, None]


def judged_places(
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
    valid: Tensor,  # [B, 1, H, W], 1 where the image was photographed
    size: tuple[int, int],
) -> Tensor:  # [B, 1, h, w], 0 or 1
    """Return the places round which there is ink, little print and nothing invalid.

    The same rule for real and drawn images. Print and what ignored parts were filled with tell the
    two apart, and no forger may change them; places that lost their ink must count, so the rule
    asks for ink in the neighbourhood. Black seals pass for print: no place of them is judged.
    """
    share = F.adaptive_avg_pool2d(_ink_print_valid(image, valid), size)
    side = max(_NEAR_PX * size[0] // image.shape[-2], 1) // 2 * 2 + 1
    near = F.avg_pool2d(share, side, 1, side // 2, count_include_pad=False)
    return _judged(near).float()


def judged_tiles(
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
    valid: Tensor,  # [B, 1, H, W], 1 where the image was photographed
) -> Tensor:  # bool [B, h, w]
    """Return the tiles of 64 px, one every 32 px, with enough ink, little print and all valid.

    Shares are those of :func:`judged_places`, over all of a tile.

    Raises:
        ValueError: if a side is below 64.
    """
    if min(image.shape[-2:]) < TILE_PX:
        raise ValueError(
            f"judged_tiles: image must have sides of at least {TILE_PX} px, got "
            f"{list(image.shape[-2:])}; give a larger one"
        )
    share = F.avg_pool2d(_ink_print_valid(image, valid), TILE_PX, TILE_STEP_PX)
    return _judged(share)[:, 0]


def _judged(share: Tensor) -> Tensor:  # [B, 3, h, w] -> bool [B, 1, h, w]
    """Return where shares of ink, print and valid pixels suffice."""
    enough = (share[:, :1] >= _LEAST_INK) & (share[:, 1:2] <= _MOST_PRINT)
    return enough & (share[:, 2:] > 0.999)


def _ink_print_valid(image: Tensor, valid: Tensor) -> Tensor:  # [B, 3, H, W]
    """Return three planes of 0 and 1."""
    light = (image.detach().float() + 1.0) / 2.0
    least, most = light.amin(1, keepdim=True), light.amax(1, keepdim=True)
    ink = _below_paper(least, _INK_BELOW)
    dark = _below_paper(most, _PRINT_BELOW) * (most - least < _PRINT_CHROMA)
    return torch.cat([ink, dark, valid.float()], dim=1)


def _below_paper(light: Tensor, share: float) -> Tensor:
    """Return where a plane [B, 1, H, W] is darker than ``share`` of the brightest near it."""
    half = _PAPER_PX // 2
    # rows, then columns: the same maximum, 7 ms in place of 19 for eight windows of 128 px
    paper = F.max_pool2d(light, (_PAPER_PX, 1), 1, (half, 0))
    paper = F.max_pool2d(paper, (1, _PAPER_PX), 1, (0, half))
    paper = F.avg_pool2d(paper, _PAPER_PX, 1, half, count_include_pad=False)
    return (light < share * paper).float()
