"""Whether drawing keeps up with eight GPUs: crops a second of a core against the work of a step.

``python -m benchmarks.bench_feed [--count 200]`` prints a JSON line. The work of a step that draws
is counted on Stable Diffusion 1.5's shapes at 512 px (fp operations of PyTorch's own counter, on
tensors without data), and divided by a GPU's peak: no GPU can be faster than that. Stage 1 draws
nothing in its steps: its latents are encoded before the first.
"""

from __future__ import annotations

import time
from typing import Any

import click
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.common import row_line
from seal2real.models.forger import Forger
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.presets import PRESETS

_GPUS = 8
# NVIDIA RTX A5000, bf16 on tensor cores, dense: the datasheet's 222.2 are with sparsity.
_PEAK_TFLOPS = 111.1
_SIZE = 512
_PRESET = "sd15-6gpu"
_WARM_UP = 20


def crops_per_s(count: int) -> float:
    """Return how many 512 px training crops a core draws in a second of processor time."""
    stream = DrawnStream(_SIZE, seed=1)
    for index in range(_WARM_UP):
        stream[index]
    start = time.process_time()
    for index in range(_WARM_UP, _WARM_UP + count):
        stream[index]
    return count / (time.process_time() - start)


def tflop() -> dict[str, float]:
    """Return 10^12 operations of a forward pass of each network on one image."""
    forger = PRESETS[_PRESET].forger
    with torch.device("meta"):
        image, latent = torch.empty(1, 3, _SIZE, _SIZE), torch.empty(1, 4, _SIZE // 8, _SIZE // 8)
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
        )
        unet = UNet2DConditionModel(
            sample_size=_SIZE // 8, cross_attention_dim=768, attention_head_dim=8
        )
        network = Forger(forger.width, forger.levels, forger.max_width, forger.noise_channels)
        prompt, scale = torch.empty(1, 77, 768), torch.empty(1)
        ink = torch.empty(1, 1, _SIZE, _SIZE)
        noise = torch.empty(1, forger.noise_channels, _SIZE, _SIZE)
    calls = {
        "vae_encoder": lambda: vae.encode(image),
        "unet": lambda: unet(latent, torch.empty(1, device="meta"), prompt),
        "forger": lambda: network(image, ink, scale, noise),
    }
    return {name: _counted(call) for name, call in calls.items()}


def _counted(call: Any) -> float:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() / 1e12


def least_work(forward: dict[str, float]) -> dict[str, float]:
    """Return the least 10^12 operations that each step with drawn images takes an image.

    A backward pass costs two forward passes, one where only the input's gradient is asked for.
    """
    return {
        "eq. 5, distribution matching": 3 * forward["forger"]
        + 2 * forward["vae_encoder"]
        + 2 * forward["unet"],
        "eq. 6": forward["forger"] + forward["vae_encoder"] + 3 * forward["unet"],
    }


@click.command()
@click.option("--count", default=200, show_default=True, help="crops drawn")
def main(count: int) -> None:
    """Print how many cores feed eight GPUs at their peak."""
    forward = tflop()
    steps = least_work(forward)
    drawn = crops_per_s(count)
    eaten = _GPUS * _PEAK_TFLOPS / min(steps.values())
    row = {
        "bench": "feed",
        "size": _SIZE,
        "forward_tflop": {name: round(value, 3) for name, value in forward.items()},
        "step_tflop": {name: round(value, 2) for name, value in steps.items()},
        "gpus": _GPUS,
        "images_per_s_at_peak": round(eaten, 1),
        "crops_per_s_of_a_core": round(drawn, 1),
        "cores_needed": round(eaten / drawn, 2),
    }
    click.echo(row_line(row))


if __name__ == "__main__":
    main()
