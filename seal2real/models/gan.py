"""Networks and losses of the GAN baseline: unpaired translation by patchwise contrast (CUT).

Source: Park, Efros, Zhang, Zhu 2020, "Contrastive Learning for Unpaired Image-to-Image
Translation". Deviations, all so that it stands beside the forger on equal terms: the generator is
the forger's network and works through the same composite; critic and contrast look near
ink, because nothing else can change; GroupNorm in place of instance norm, which would hide
contrast from the critic.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seal2real.models.forger import Forger

__all__ = [
    "PatchCritic",
    "PatchHeads",
    "encoder_features",
    "lsgan_critic_loss",
    "lsgan_generator_loss",
    "patch_nce",
    "sample_places",
]

_RGB, _GROUPS = 3, 8
# Length of the vectors that PatchNCE compares.
_EMBEDDED = 256
# What a place without ink still weighs when places are drawn.
_PAPER_WEIGHT = 0.02


class PatchCritic(nn.Module):
    """Scores of overlapping patches: high for real, low for translated.

    Args:
        width: channels of the first layer, a multiple of 8.
        layers: strided layers; the patch is 16 px for 1, 34 for 2, 70 for 3.

    Raises:
        ValueError: if the width is no positive multiple of 8 or there is no layer.
    """

    def __init__(self, width: int = 32, layers: int = 2) -> None:
        super().__init__()
        if width < _GROUPS or width % _GROUPS or layers < 1:
            raise ValueError(
                f"PatchCritic: width must be a positive multiple of {_GROUPS} and layers at least "
                f"1, got {width} and {layers}; the tiny preset has 32 and 2"
            )
        self.first = nn.Conv2d(_RGB, width, 4, stride=2, padding=1)
        widths = [min(width * 2**level, 8 * width) for level in range(layers + 1)]
        strides = [2] * (layers - 1) + [1]
        self.blocks = nn.Sequential(
            *(_critic_block(a, b, s) for a, b, s in zip(widths, widths[1:], strides, strict=False))
        )
        self.last = nn.Conv2d(widths[-1], 1, 4, padding=1)

    def forward(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]
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
