"""Networks and losses of the GAN baseline (CUT), and the critic that may help the prior.

The baseline is unpaired translation by patchwise contrast. Source: Park, Efros, Zhang, Zhu 2020, "Contrastive Learning for Unpaired Image-to-Image
Translation". Deviations, all so that it stands beside the forger on equal terms: the generator is
the forger's network and works through the same composite; critic and contrast look at inked
places, because nothing else can change; GroupNorm in place of instance norm, which would hide
contrast from the critic.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seal2real.models.forger import Forger

__all__ = [
    "FeatureCritic",
    "PatchCritic",
    "PatchHeads",
    "encoder_features",
    "judged_places",
    "lsgan_critic_loss",
    "lsgan_generator_loss",
    "paper_light",
    "patch_nce",
    "sample_places",
]

_GROUPS = 8
# Length of the vectors that PatchNCE compares.
_EMBEDDED = 256
# What a place without ink still weighs: edges of the paste must not go unseen.
_PAPER_WEIGHT = 0.02


class PatchCritic(nn.Module):
    """Scores of overlapping patches: high for real, low for translated.

    Args:
        width: channels of the first layer, a multiple of 8.
        layers: strided layers; the patch is 16 px for 1, 34 for 2, 70 for 3.
        channels: of the image.

    Raises:
        ValueError: if the width is no positive multiple of 8 or there is no layer.
    """

    def __init__(self, width: int = 32, layers: int = 2, channels: int = 3) -> None:
        super().__init__()
        if width < _GROUPS or width % _GROUPS or layers < 1:
            raise ValueError(
                f"PatchCritic: width must be a positive multiple of {_GROUPS} and layers at least "
                f"1, got {width} and {layers}; the tiny preset has 32 and 2"
            )
        self.first = nn.Conv2d(channels, width, 4, stride=2, padding=1)
        widths = [min(width * 2**level, 8 * width) for level in range(layers + 1)]
        strides = [2] * (layers - 1) + [1]
        self.blocks = nn.Sequential(
            *(_critic_block(a, b, s) for a, b, s in zip(widths, widths[1:], strides, strict=False))
        )
        self.last = nn.Conv2d(widths[-1], 1, 4, padding=1)

    def forward(
        self,
        image: Tensor,  # [B, C, H, W] in [-1, 1]
    ) -> Tensor:  # [B, 1, h, w]
        """Return a score for every patch."""
        scores: Tensor = self.last(self.blocks(F.leaky_relu(self.first(image), 0.2)))
        return scores


def _critic_block(channels: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 4, stride=stride, padding=1),
        nn.GroupNorm(_GROUPS, out),
        nn.LeakyReLU(0.2),
    )


# What a pixel's channels must leave of the paper near it: the darkest one of ink, the clearest of print.
_INK_BELOW, _PRINT_BELOW = 0.82, 0.5
# Least share of ink, most of print, in the neighbourhood of a place that is judged.
_LEAST_INK, _MOST_PRINT = 0.06, 0.04
# Side of that neighbourhood and of what paper is looked for in, px.
_SEEN_PX, _PAPER_PX = 40, 15
# Fine noise is the camera's, and JPEG's: blurred away, px.
_BLUR_SIGMA_PX = 1.0


class FeatureCritic(nn.Module):
    """Scores of places from what a frozen network makes of them: high for real, low for forged.

    A critic that starts from pixels learns nothing from a few dozen photographs; small heads on
    features that know seals do. It sees how dark ink is against its paper, not its colour and not the
    camera's noise. Source: Sauer et al. 2021, "Projected GANs Converge Faster"; heads on the layers
    themselves, no random mixing.

    Args:
        features: frozen network whose maps it looks at; not part of the critic's state.
        channels: of its maps.
        layers: which of them, from 0.
        width: channels of the heads.

    Raises:
        ValueError: if there is no such layer or no width.
    """

    def __init__(
        self, features: nn.Module, channels: Sequence[int], layers: Sequence[int], width: int = 32
    ) -> None:
        super().__init__()
        if not layers or min(layers) < 0 or max(layers) >= len(channels) or width < 1:
            raise ValueError(
                f"FeatureCritic: layers must be among 0..{len(channels) - 1} and width at least 1, "
                f"got {list(layers)} and {width}; the tiny preset has 1, 2, 3 and 32"
            )
        self._features = [features]  # in a list: its weights are not the critic's
        self.layers = tuple(layers)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels[layer], width, 1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(width, width, 3, padding=1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(width, 1, 1),
            )
            for layer in self.layers
        )

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]
        paper: Tensor,  # [B, 1, 1, 1], see paper_light
    ) -> Tensor:  # [B, 1, H / 8, W / 8]
        """Return a score for every square of 8 px."""
        shade = (image.mean(1, keepdim=True) + 1.0) / paper
        seen = _blurred(shade.clamp(0.0, 1.3) * 2.0 - 1.0).expand(-1, 3, -1, -1)
        maps = self._features[0](seen)
        size = (image.shape[-2] // 8, image.shape[-1] // 8)
        scores = [
            F.adaptive_avg_pool2d(head(maps[layer]), size)
            for head, layer in zip(self.heads, self.layers, strict=True)
        ]
        return torch.stack(scores).mean(0)


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
    asks for ink in the neighbourhood.
    """
    light = (image.detach().float() + 1.0) / 2.0
    ink = _below_paper(light.amin(1, keepdim=True), _INK_BELOW)
    dark = _below_paper(light.amax(1, keepdim=True), _PRINT_BELOW)
    share = F.adaptive_avg_pool2d(torch.cat([ink, dark, valid.float()], dim=1), size)
    side = max(_SEEN_PX * size[0] // image.shape[-2], 1) // 2 * 2 + 1
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


class PatchHeads(nn.Module):
    """One small network a level: features at a place -> a vector of length 1 (H_l of the paper).

    Args:
        channels: of every level.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(c, _EMBEDDED), nn.ReLU(), nn.Linear(_EMBEDDED, _EMBEDDED))
            for c in channels
        )

    def forward(
        self,
        features: Sequence[Tensor],  # each [B, C_l, H_l, W_l]
        places: Sequence[Tensor],  # each int64 [B, S], y * W_l + x
    ) -> list[Tensor]:  # each [B, S, 256], of norm 1
        """Return the vectors at the places."""
        return [
            F.normalize(head(_at(level, where)), dim=-1)
            for head, level, where in zip(self.heads, features, places, strict=True)
        ]


def _at(level: Tensor, places: Tensor) -> Tensor:
    """Return [B, S, C] of a level [B, C, H, W] at ``places`` [B, S]."""
    flat = level.flatten(2).transpose(1, 2)
    return flat.gather(1, places[..., None].expand(-1, -1, flat.shape[-1]))


def encoder_features(
    generator: Forger,
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
    ink: Tensor,  # [B, 1, H, W] in [0, 1]
    px_per_mm: Tensor,  # [B]
) -> list[Tensor]:
    """Return what the generator's encoder sees: the image itself, then every resolution.

    Args:
        generator: the network whose first half is the encoder.
        image: sides must be multiples of ``generator.multiple``.
        ink: coverage of the drawn impression; the same for an image and its translation.
        px_per_mm: scale.

    Raises:
        ValueError: if the sides are no such multiples.
    """
    multiple = generator.multiple
    if image.shape[-2] % multiple or image.shape[-1] % multiple:
        raise ValueError(
            f"encoder_features: image must have sides that are multiples of {multiple}, got "
            f"{list(image.shape)}; choose data.size so"
        )
    features = [image]
    h = F.silu(generator.first(generator._input(image, ink, px_per_mm, None)))
    features.append(h)
    for shrink, block in zip(generator.shrink, generator.down, strict=True):
        h = block(shrink(h))
        features.append(h)
    return features


def patch_nce(
    query: Tensor,  # [B, S, D], of the translation, norm 1
    key: Tensor,  # [B, S, D], of the source at the same places, norm 1
    temperature: float,
) -> Tensor:
    """Return the mean cross entropy of finding each query's own place among all S.

    ``-log(exp(q_s·k_s / T) / sum_n exp(q_s·k_n / T))``; the keys get no gradient.

    Source: Park et al. 2020, Eq. 3 and 4, negatives from within the image.
    """
    logits = query @ key.detach().transpose(1, 2) / temperature
    own = torch.arange(logits.shape[-1], device=logits.device).expand(logits.shape[:2])
    return F.cross_entropy(logits.flatten(0, 1), own.flatten())


def lsgan_critic_loss(
    real: Tensor,  # [B, 1, h, w], scores
    translated: Tensor,  # [B, 1, h, w], scores
    real_weight: Tensor,  # [B, 1, h, w] >= 0
    translated_weight: Tensor,  # [B, 1, h, w] >= 0
) -> Tensor:
    """Return ``(mean (D(real) - 1)^2 + mean D(translated)^2) / 2``, means weighted.

    Source: Mao et al. 2017, "Least Squares Generative Adversarial Networks", Eq. 2, a = 0, b = 1.
    """
    of_real = _weighted_mean((real - 1.0) ** 2, real_weight)
    return 0.5 * (of_real + _weighted_mean(translated**2, translated_weight))


def lsgan_generator_loss(
    translated: Tensor,  # [B, 1, h, w], scores
    weight: Tensor,  # [B, 1, h, w] >= 0
) -> Tensor:
    """Return ``mean (D(translated) - 1)^2``, weighted.

    Source: Mao et al. 2017, Eq. 2, c = 1; CUT's code leaves out the factor of a half as well.
    """
    return _weighted_mean((translated - 1.0) ** 2, weight)


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp_min(1e-8)


def sample_places(
    weight: Tensor,  # [B, 1, H, W] >= 0
    size: tuple[int, int],
    count: int,
    generator: torch.Generator,
) -> Tensor:  # int64 [B, min(count, h * w)]
    """Return distinct places of a grid of ``size``, likelier where ``weight`` is higher."""
    pooled = F.adaptive_avg_pool2d(weight.detach().float().cpu(), size).flatten(1)
    chances = pooled + _PAPER_WEIGHT
    places = torch.multinomial(chances, min(count, chances.shape[1]), generator=generator)
    return places.to(weight.device)
