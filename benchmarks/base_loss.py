"""How well does a base denoise drawn pages? Loss in v on pages whose owners training never draws.

    python -m benchmarks.base_loss --base tiny

The mean over ten timesteps, 50 to 950, of the squared error of the UNet's output, each page under
its own caption: 48 pages of 256 px at 100 to 300 dpi in all presets and captures, the same for
every base. Bases may be compared where their latents are the same. One JSON line.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.common import commit, machine
from seal2real.diffusion.base import Base, load_base
from seal2real.diffusion.latents import encode_moments
from seal2real.diffusion.noise import q_sample, target
from seal2real.diffusion.prompts import embed
from seal2real.training.data.drawn import DrawnStream

__all__ = ["losses"]

TIMESTEPS = tuple(range(50, 1000, 100))
_SEED = 5
_PX_PER_MM = (100 / 25.4, 300 / 25.4)
_BATCH = 8


@torch.no_grad()
def losses(base: Base, items: Sequence[dict[str, Any]]) -> list[float]:
    """Return the loss at each of TIMESTEPS, mean over the images and captions of ``items``."""
    images = torch.from_numpy(np.stack([item["synthetic"] for item in items])) / 127.5 - 1
    mean = torch.cat([encode_moments(base.vae, part)[0] for part in images.split(_BATCH)])
    prompts = embed(base.tokenizer, base.text_encoder, [item["caption"] for item in items])
    generator, found = torch.Generator().manual_seed(0), []
    for timestep in TIMESTEPS:
        noise = torch.randn(mean.shape, generator=generator)
        t = torch.full((len(mean),), timestep)
        parts = zip(*(x.split(_BATCH) for x in (mean, noise, t, prompts)), strict=True)
        errors = [
            (
                base.unet(q_sample(x, n, s, base.scheduler), s, p).sample
                - target(x, n, s, base.scheduler)
            )
            .square()
            .mean((1, 2, 3))
            for x, n, s, p in parts
        ]
        found.append(float(torch.cat(errors).mean()))
    return found


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="tiny", help="folder, hub id, or tiny")
    parser.add_argument("--count", type=int, default=48, help="pages")
    args = parser.parse_args()
    stream = DrawnStream(256, seed=_SEED, px_per_mm=_PX_PER_MM, split="val")
    found = losses(load_base(args.base), [stream[number] for number in range(args.count)])
    row = {
        "commit": commit(),
        "base": args.base,
        "pages": args.count,
        "loss": round(float(np.mean(found)), 4),
        "by_timestep": {t: round(value, 4) for t, value in zip(TIMESTEPS, found, strict=True)},
        **machine(),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
