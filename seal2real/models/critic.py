"""The critic that may stand beside the prior, and where it looks.

Source: Sauer et al. 2021, "Projected GANs Converge Faster". Deviation: heads on the layers of the
frozen network themselves, no random mixing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seal2real.models.vgg import Vgg

__all__ = ["FeatureCritic", "judged_places", "paper_light"]

# Ink: a pixel whose darkest channel has less than this share of the paper near it. Print: its
# clearest one has less than the second, and the two differ by less than the third.
_INK_BELOW, _PRINT_BELOW, _PRINT_CHROMA = 0.82, 0.5, 0.12
# Least share of ink and most of print near a place that is judged.
_LEAST_INK, _MOST_PRINT = 0.06, 0.04
# Side of the square round a place that the rule looks at, px. A score sees up to 74 px (through
# relu4_1); asking for so much without print left hardly a place on real pages.
_NEAR_PX = 40
# Side of the square in which paper is looked for, px.
_PAPER_PX = 15
# Fine noise is the camera's, and JPEG's: blurred away, px.
_BLUR_SIGMA_PX = 1.0
# Side of the square that a score stands for, px.
_CELL_PX = 8


class FeatureCritic(nn.Module):
    """Scores of places from what a frozen network makes of them: high for real, low for forged.

    A critic that starts from pixels learns nothing from a few dozen photographs; small heads on
    features that know seals do. It sees how dark ink is against its paper, not its colour and not
    the camera's noise.

    Args:
        features: frozen network whose maps it looks at; not part of the critic's state.
        layers: which maps, from 0.
        width: channels of the heads.

    Raises:
        ValueError: if there is no such layer or no width.
    """

    def __init__(self, features: Vgg, layers: Sequence[int], width: int = 32) -> None:
        super().__init__()
        channels = features.widths
        if not layers or min(layers) < 0 or max(layers) >= len(channels) or width < 1:
            raise ValueError(
                f"FeatureCritic: layers must be among 0..{len(channels) - 1} and width at least 1, "
                f"got {list(layers)} and {width}; the tiny preset has 1, 2, 3 and 32"
            )
        self._features = (features,)  # in a tuple: its weights are not the critic's
        self.layers = tuple(layers)
        self.heads = nn.ModuleList(_head(channels[layer], width) for layer in self.layers)

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]
        paper: Tensor,  # [B, 1, 1, 1], see paper_light
    ) -> Tensor:  # [B, 1, H / 8, W / 8]
        """Return a score for every square of 8 px."""
        return self.scores(self.look(image, paper), image.shape)

    def look(self, image: Tensor, paper: Tensor) -> list[Tensor]:  # [B, C_l, h_l, w_l] each
        """Return what the frozen network makes of the images; arguments as of :meth:`forward`."""
        shade = (image.mean(1, keepdim=True) + 1.0) / paper
        seen = _blurred(shade.clamp(0.0, 1.3) * 2.0 - 1.0).expand(-1, 3, -1, -1)
        maps = self._features[0](seen, max(self.layers))
        return [maps[layer] for layer in self.layers]

    def scores(self, maps: Sequence[Tensor], shape: Sequence[int]) -> Tensor:
        """Return the scores of images of ``shape`` whose maps :meth:`look` returned."""
        found = [
            F.adaptive_avg_pool2d(head(plane), self.grid(shape))
            for head, plane in zip(self.heads, maps, strict=True)
        ]
        return torch.stack(found).mean(0)

    def grid(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return height and width of the scores of images of ``shape`` [..., H, W]."""
        return shape[-2] // _CELL_PX, shape[-1] // _CELL_PX


def _head(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, width, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 1, 1),
    )


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
    light = (image.detach().float() + 1.0) / 2.0
    least, most = light.amin(1, keepdim=True), light.amax(1, keepdim=True)
    ink = _below_paper(least, _INK_BELOW)
    dark = _below_paper(most, _PRINT_BELOW) * (most - least < _PRINT_CHROMA)
    share = F.adaptive_avg_pool2d(torch.cat([ink, dark, valid.float()], dim=1), size)
    side = max(_NEAR_PX * size[0] // image.shape[-2], 1) // 2 * 2 + 1
    near = F.avg_pool2d(share, side, 1, side // 2, count_include_pad=False)
    found = (near[:, :1] >= _LEAST_INK) & (near[:, 1:2] <= _MOST_PRINT) & (near[:, 2:] > 0.999)
    return found.float()


def _below_paper(light: Tensor, share: float) -> Tensor:
    """Return where a plane [B, 1, H, W] is darker than ``share`` of the brightest near it."""
    half = _PAPER_PX // 2
    paper = F.max_pool2d(light, _PAPER_PX, 1, half)
    paper = F.avg_pool2d(paper, _PAPER_PX, 1, half, count_include_pad=False)
    return (light < share * paper).float()


def _blurred(plane: Tensor) -> Tensor:
    """Return [B, 1, H, W] under a Gaussian."""
    steps = torch.arange(-3, 4, dtype=plane.dtype, device=plane.device)
    bell = torch.exp(-0.5 * (steps / _BLUR_SIGMA_PX) ** 2)
    bell = bell / bell.sum()
    wide = F.pad(plane, (3, 3, 3, 3), mode="replicate")
    return F.conv2d(F.conv2d(wide, bell[None, None, :, None]), bell[None, None, None, :])
