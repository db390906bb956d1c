"""Images encoded once, as mean and standard deviation of their latents, and sampled anew each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from seal2real.diffusion.latents import encode_moments, sample_latent
from seal2real.diffusion.losses import Noised
from seal2real.diffusion.noise import sample_timesteps
from seal2real.rng import Rng
from seal2real.training.data.streams import as_images

__all__ = ["LatentCache", "Moments", "noised", "valid_latents"]

# Images that go through the VAE together while the cache fills; a part of the result's bits.
_ENCODE_BATCH = 4

# index -> uint8 [3, H, W], and where it may count, bool [H, W]
Window = Callable[[int], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Moments:
    """Latents of some images, scaled."""

    # [B, C, h, w]
    mean: Tensor
    # [B, C, h, w]
    std: Tensor
    # [B, 1, h, w], 0 where a latent must not count
    valid: Tensor

    def chunks(self, parts: int) -> list[Moments]:
        """Return the images in ``parts`` groups of one size."""
        fields = (self.mean, self.std, self.valid)
        return [Moments(*group) for group in zip(*(x.chunk(parts) for x in fields), strict=True)]


class LatentCache:
    """Latents of ``count`` windows, encoded when it is made; in float16 on the CPU.

    Windows are visited in another order every round, each round visiting all.

    Args:
        window: gives window ``first + k`` for k in 0 .. count - 1.
        count: windows kept, at least 1.
        vae: frozen.
        seed: of the order.
        first: number of the first window.
        label: for the progress bar; empty shows none.

    Raises:
        ValueError: if ``count`` is below 1.
    """

    def __init__(
        self,
        window: Window,
        count: int,
        vae: Any,
        *,
        seed: int,
        first: int = 0,
        label: str = "",
    ) -> None:
        if count < 1:
            raise ValueError(
                f"LatentCache: count must be at least 1, got {count}; some hundreds are usual"
            )
        self._seed, self._count = seed, count
        parts = [
            _encode(
                [window(first + k) for k in range(start, min(start + _ENCODE_BATCH, count))], vae
            )
            for start in tqdm(
                range(0, count, _ENCODE_BATCH), desc=label, disable=not label, leave=False
            )
        ]
        self._mean, self._std, self._valid = (
            torch.cat(plane) for plane in zip(*parts, strict=True)
        )
        self._order = lru_cache(maxsize=4)(self._shuffled)

    def __len__(self) -> int:
        """Return how many windows are kept."""
        return self._count

    def batch(self, start: int, count: int) -> Moments:
        """Return visits ``start .. start + count - 1``."""
        return self.moments([self._visit(number) for number in range(start, start + count)])

    def moments(self, places: list[int]) -> Moments:
        """Return the windows at ``places``, in float32."""
        return Moments(
            self._mean[places].float(), self._std[places].float(), self._valid[places].float()
        )

    def _visit(self, number: int) -> int:
        turn, place = divmod(number, self._count)
        return self._order(turn)[place]

    def _shuffled(self, turn: int) -> list[int]:
        return Rng(self._seed, "latents", turn).shuffled(range(self._count))


@torch.no_grad()
def _encode(windows: list[tuple[Tensor, Tensor]], vae: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, standard deviation (float16) and validity (bool) of a few windows."""
    weight = next(vae.parameters())
    images = as_images(torch.stack([image for image, _ in windows]))
    mean, std = encode_moments(vae, images.to(weight.device, weight.dtype))
    valid = torch.stack([valid for _, valid in windows])
    factor = images.shape[-1] // mean.shape[-1]
    return mean.half().cpu(), std.half().cpu(), valid_latents(valid, factor)


def valid_latents(
    valid: Tensor,  # bool [B, H, W]
    factor: int,
) -> Tensor:  # bool [B, 1, H / factor, W / factor]
    """Return where a latent's own pixels and the neighbouring blocks are all valid.

    The encoder looks further, but what it sees there weighs little.
    """
    bad = functional.pad((~valid).float()[:, None], (factor,) * 4)
    return functional.max_pool2d(bad, 3 * factor, stride=factor) == 0


def noised(
    moments: Moments,
    scheduler: Any,
    generator: torch.Generator,
    device: torch.device,
) -> Noised:
    """Return latents drawn from ``moments``, with timesteps and noise of their own, on ``device``.

    Everything is drawn on the CPU, so that all devices draw the same.
    """
    x0 = sample_latent(moments.mean, moments.std, generator)
    t = sample_timesteps(len(x0), scheduler, generator)
    noise = torch.randn(x0.shape, generator=generator)
    return Noised(x0.to(device), t.to(device), noise.to(device), moments.valid.to(device))
