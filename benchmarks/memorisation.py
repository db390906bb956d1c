"""Does a prior repeat its training images? Samples under T_r against every real image.

A sample's luma, freed of its light, is laid over every image it was trained on as training shows
them: turned any way, scaled by 0.8 to 1.25 and moved pixel by pixel; its score is the highest
normalised correlation. A coarse search finds the likeliest views of images, a fine one settles them.
Windows cut as training cuts them score 0.9 and more against their image, so that means a copy: then
only the forger may be shipped.

    python -m benchmarks.memorisation --prior OUT/prior/weights --real CROPS
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch.nn import functional as F
from tqdm import tqdm

from benchmarks.common import commit, machine
from seal2real.diffusion.base import load_base
from seal2real.diffusion.latents import decode
from seal2real.diffusion.prior import load_prior
from seal2real.diffusion.sample import denoise, timesteps
from seal2real.training.data.real import RealCrops

__all__ = ["BAR", "flattened", "nearest", "view"]

BAR = 0.9
# Views of an image, coarse: degrees apart, and factors (a tenth apart, which is 5 % off at most).
_TURN_DEG = 5.0
_SCALES = (0.8, 0.88, 0.97, 1.06, 1.17, 1.27)
# The likeliest views of a sample are looked at finely, at these steps round them.
_LIKELIEST = 4
_FINE_TURNS = (-2.5, -1.25, 0.0, 1.25, 2.5)
_FINE_SCALES = (0.95, 0.975, 1.0, 1.025, 1.05)
# Images are compared at an eighth of their resolution, then at a quarter: copies keep their outlines.
_COARSE, _FINE = 8, 4
# Sigma of the blur that leaves half a pixel's shift without weight, px at that resolution.
_SOFT_SIGMA = 0.7
# Light and paper are what is left of an image after a blur this wide, px of the image.
_LIGHT_SIGMA = 32.0
# Samples may reach this share of their side beyond an image: paper there, where training mirrors it.
_OVERHANG = 0.125
# Views are laid on squares whose sides are multiples of this: few sizes, few transforms.
_SIDE_STEP = 8
_BATCH = 8

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]


def flattened(image: Rgb, shrink: int = _FINE) -> Floats:  # [H, W, 3] -> [h, w]
    """Return an image's luma at a share of its resolution, softened, less its light."""
    grey = Image.fromarray(image).convert("L")
    small = grey.resize((grey.width // shrink, grey.height // shrink), Image.Resampling.BOX)
    soft, light = (
        np.asarray(small.filter(ImageFilter.GaussianBlur(sigma)), np.float32)
        for sigma in (_SOFT_SIGMA, _LIGHT_SIGMA / shrink)
    )
    return soft - light


def view(image: Rgb, angle_deg: float, scale: float, shrink: int, side: int) -> Floats:  # [h, w]
    """Return ``image`` turned, scaled and flattened, with paper round it for samples of ``side`` px."""
    paper = tuple(int(v) for v in np.median(image.reshape(-1, 3), axis=0))
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    picture = Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)
    picture = picture.rotate(angle_deg, Image.Resampling.BILINEAR, expand=True, fillcolor=paper)
    over = round(_OVERHANG * side)
    wide, high = (max(length, side) + 2 * over for length in picture.size)
    sheet = Image.new("RGB", (wide, high), paper)
    sheet.paste(picture, ((wide - picture.width) // 2, (high - picture.height) // 2))
    return flattened(np.asarray(sheet), shrink)


def nearest(samples: Sequence[Rgb], images: Sequence[Rgb]) -> Floats:
    """Return the highest correlation of every sample with a view of any image, [N].

    Args:
        samples: uint8 [H, W, 3], all of one size.
        images: uint8 [H, W, 3].
    """
    likeliest, side = _coarse(samples, images), max(samples[0].shape[:2])
    best = np.full(len(samples), -1.0, np.float32)
    for k, sample in enumerate(tqdm(samples, desc="fine", disable=None)):
        matcher = _Matcher([sample], _FINE)
        for number, angle, scale in likeliest[k]:
            for turn in _FINE_TURNS:
                for factor in _FINE_SCALES:
                    plane = view(images[number], angle + turn, scale * factor, _FINE, side)
                    best[k] = max(best[k], matcher.scores(plane)[0])
    return best


def _coarse(samples: Sequence[Rgb], images: Sequence[Rgb]) -> list[list[tuple[int, float, float]]]:
    """Return the likeliest views of every sample: number of the image, angle, scale."""
    matcher = _Matcher(samples, _COARSE)
    angles = np.arange(0.0, 360.0, _TURN_DEG)
    views = [
        (number, float(angle), scale)
        for number in range(len(images))
        for angle in angles
        for scale in _SCALES
    ]
    side = max(samples[0].shape[:2])
    scores = np.stack(
        [
            matcher.scores(view(images[number], angle, scale, _COARSE, side))
            for number, angle, scale in tqdm(views, desc="coarse", disable=None)
        ]
    )
    order = np.argsort(-scores, axis=0)[:_LIKELIEST]
    return [[views[place] for place in column] for column in order.T]


class _Matcher:
    """Flattened samples of mean 0 and length 1, to be laid over views of images."""

    def __init__(self, samples: Sequence[Rgb], shrink: int) -> None:
        flat = torch.from_numpy(np.stack([flattened(sample, shrink) for sample in samples]))
        flat = flat - flat.mean((1, 2), keepdim=True)
        self.templates = flat / flat.square().sum((1, 2), keepdim=True).sqrt().clamp_min(1e-3)
        # side of a view -> the templates' transforms
        self._transforms: dict[int, torch.Tensor] = {}

    def scores(self, plane: Floats) -> Floats:  # [N]
        """Return the highest normalised correlation of each sample with a place of ``plane``."""
        side = -(-max(plane.shape) // _SIDE_STEP) * _SIDE_STEP
        field = torch.zeros(side, side)
        field[: plane.shape[0], : plane.shape[1]] = torch.from_numpy(plane)
        if side not in self._transforms:
            self._transforms[side] = torch.fft.rfft2(self.templates, (side, side)).conj()
        height, width = self.templates.shape[1:]
        products = torch.fft.irfft2(torch.fft.rfft2(field) * self._transforms[side], (side, side))
        sums, squares = (_box_sums(p.double(), height, width) for p in (field, field.square()))
        spread = (squares - sums.square() / (height * width)).clamp_min(1.0).sqrt()
        places = products[:, : side - height + 1, : side - width + 1]
        return np.asarray((places / spread).amax((1, 2)).numpy(), np.float32)


def _box_sums(field: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return the sum over every box of ``field`` [H, W], [H - height + 1, W - width + 1]."""
    to = F.pad(field.cumsum(0).cumsum(1), (1, 0, 1, 0))
    return to[height:, width:] - to[:-height, width:] - to[height:, :-width] + to[:-height, :-width]


@torch.no_grad()
def samples_of(prior: Path, base: str, count: int, size: int, steps: int) -> list[Rgb]:
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
