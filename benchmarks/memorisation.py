"""Does a prior repeat its training images? Samples under T_r against every real image.

A sample's luma, freed of its light, is laid over every image it was trained on, turned in steps of
15 degrees and moved pixel by pixel; its score is the highest normalised correlation. 0.9 and more
means a copy: then only the forger may be shipped.

    python -m benchmarks.memorisation --prior OUT/prior/weights --real CROPS
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch.nn import functional as F

from benchmarks.common import commit, machine
from seal2real.diffusion.base import load_base
from seal2real.diffusion.latents import decode
from seal2real.diffusion.prior import load_prior
from seal2real.diffusion.sample import denoise, timesteps
from seal2real.training.data.real import RealCrops

__all__ = ["BAR", "flattened", "nearest"]

BAR = 0.9
# Images are compared at a quarter of their resolution: copies keep their outlines.
_SHRINK = 4
_TURN_DEG = 15
# Sigma of the blur that leaves half a pixel's shift without weight, px at that resolution.
_SOFT_SIGMA = 0.7
# Light and paper are what is left of an image after a blur this wide, px at that resolution.
_LIGHT_SIGMA = 8.0
_BATCH = 8

Floats = NDArray[np.float32]


def flattened(image: NDArray[np.uint8]) -> Floats:  # [H, W, 3] -> [h, w]
    """Return an image's luma at a quarter of its resolution, softened, less its light."""
    grey = Image.fromarray(image).convert("L")
    small = grey.resize((grey.width // _SHRINK, grey.height // _SHRINK), Image.Resampling.BOX)
    soft, light = (
        np.asarray(small.filter(ImageFilter.GaussianBlur(sigma)), np.float32)
        for sigma in (_SOFT_SIGMA, _LIGHT_SIGMA)
    )
    return soft - light


def turned(image: NDArray[np.uint8]) -> Iterator[Floats]:
    """Yield ``image`` flattened at every angle; corners that come into view are mean paper."""
    paper = tuple(int(v) for v in np.median(image.reshape(-1, 3), axis=0))
    for angle in range(0, 360, _TURN_DEG):
        picture = Image.fromarray(image)
        wide = picture.rotate(angle, Image.Resampling.BILINEAR, expand=True, fillcolor=paper)
        yield flattened(np.asarray(wide))


def nearest(samples: Sequence[NDArray[np.uint8]], images: Sequence[NDArray[np.uint8]]) -> Floats:
    """Return the highest correlation of every sample with any image, turned and moved, [N].

    Args:
        samples: uint8 [H, W, 3], all of one size.
        images: uint8 [H, W, 3]; smaller ones are padded with nothing.
    """
    templates = torch.from_numpy(np.stack([flattened(sample) for sample in samples]))[:, None]
    templates = templates - templates.mean((2, 3), keepdim=True)
    norms = templates.square().sum((2, 3)).sqrt().clamp_min(1e-3)
    height, width = templates.shape[2:]
    ones = torch.ones(1, 1, height, width)
    best = torch.full((len(samples),), -1.0)
    for image in images:
        for plane in turned(image):
            field = torch.from_numpy(plane)[None, None]
            down, right = (max(0, a - b) for a, b in zip((height, width), plane.shape, strict=True))
            field = F.pad(field, (0, right, 0, down))
            sums, squares = F.conv2d(field, ones), F.conv2d(field.square(), ones)
            spread = (squares - sums.square() / ones.numel()).clamp_min(1.0).sqrt()
            scores = _correlation(field, templates) / (spread * norms[:, :, None, None])
            best = torch.maximum(best, scores.amax((1, 2, 3)))
    return np.asarray(best.numpy())


def _correlation(field: torch.Tensor, templates: torch.Tensor) -> torch.Tensor:
    """Return the products of every template with every place of ``field``, [N, 1, h, w]."""
    shape = field.shape[2:]
    rows, columns = (a - b + 1 for a, b in zip(shape, templates.shape[2:], strict=True))
    product = torch.fft.rfft2(field) * torch.fft.rfft2(templates, shape).conj()
    return torch.fft.irfft2(product, shape)[:, :, :rows, :columns]


@torch.no_grad()
def samples_of(
    prior: Path, base: str, count: int, size: int, steps: int
) -> list[NDArray[np.uint8]]:
    """Return images from noise under T_r."""
    opened = load_base(base)
    learned = load_prior(prior, opened)
    side = size // opened.factor
    places = timesteps(learned.scheduler, 1.0, steps)
    generator, out = torch.Generator().manual_seed(0), []
    for _ in range(0, count, _BATCH):
        noise = torch.randn((_BATCH, opened.latent_channels, side, side), generator=generator)
        latent = denoise(learned.denoiser, noise, learned.prompts.real, places)
        image = ((decode(opened.vae, latent).clamp(-1, 1) + 1) * 127.5).round().byte()
        out += list(image.permute(0, 2, 3, 1).numpy())
    return out[:count]


def main() -> None:
    """Read the command line, sample, compare, print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prior", type=Path, required=True, help="weights of a prior")
    parser.add_argument("--real", type=Path, required=True, help="what it was trained on")
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--grid", type=Path, help="PNG of the samples nearest to an image")
    args = parser.parse_args()
    images = RealCrops(args.real, args.size, split="all", augment=False)
    whole = [images.whole(number) for number in range(len(images))]
    made = samples_of(args.prior, args.base, args.count, args.size, args.steps)
    scores = nearest(made, whole)
    counts, _ = np.histogram(scores, bins=np.linspace(0.0, 1.0, 21))
    row = {
        "commit": commit(),
        "samples": len(made),
        "images": len(whole),
        "highest": round(float(scores.max()), 4),
        "median": round(float(np.median(scores)), 4),
        "histogram_by_0.05": counts.tolist(),
        "copies": int((scores >= BAR).sum()),
        **machine(),
    }
    print(json.dumps(row))
    if args.grid is not None:
        order = np.argsort(-scores)[:8]
        Image.fromarray(np.concatenate([made[k] for k in order], axis=1)).save(args.grid)


if __name__ == "__main__":
    main()
