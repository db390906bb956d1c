"""Time and peak memory of a training step, by network and as a whole, on whatever device there is.

Every step is measured as this project runs it ("ours": frozen networks in bf16, real latents from
the cache, both domains in one pass) and as eager diffusers does with autocast ("eager": weights in
fp32, images encoded in every step, a pass for each domain). Weights are random: time does not depend
on them. One JSON line a measurement.

Usage: python -m benchmarks.bench_train_step [--shape tiny|sd15] [--batch N] [--seconds S]
           [--device auto|cpu|cuda] [--precision bf16|fp32] [--only WORDS]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn

from benchmarks.common import Timing, measure, row_line
from seal2real.diffusion import tiny
from seal2real.diffusion.latents import encode_moments
from seal2real.diffusion.losses import (
    Denoiser,
    Noised,
    adversarial_loss,
    content_loss,
    dm_gradient,
    frozen,
    gradient_loss,
    prior_loss,
    prompt_loss,
    unet_loss,
)
from seal2real.diffusion.prompts import Prompts
from seal2real.models.build import build_forger
from seal2real.models.forger import Forger
from seal2real.models.seal_vgg import SealVgg
from seal2real.models.vgg import Vgg, Vgg19
from seal2real.training.composite import composite
from seal2real.training.stages.prior import prepared

Job = Callable[[], object]

SHAPES = ("tiny", "sd15")
_POSITIONS = 77
_CUDA_BLOCKS = 9


@dataclass(frozen=True)
class Setup:
    """One set of networks and inputs on a device."""

    vae: Any
    unet: Any
    scheduler: Any
    prompts: Prompts
    forger: Forger
    vgg: Vgg
    # I_s, I_d, ink, feather, px per mm, noise
    page: Tensor
    clean: Tensor
    ink: Tensor
    feather: Tensor
    scale: Tensor
    noise: Tensor
    # block in which forward passes run
    autocast: Callable[[], AbstractContextManager[Any]]

    @property
    def sd(self) -> Denoiser:
        """SD_θ."""
        return Denoiser(self.unet, self.scheduler)

    def forged(self) -> Tensor:
        """Return what the forger makes, pasted."""
        forged = self.forger(self.page, self.ink, self.scale, self.noise).float()
        return composite(forged, self.page, self.feather, self.clean)

    def latent(self, image: Tensor) -> Tensor:
        """Return the mean latent, in float32."""
        mean, _ = encode_moments(self.vae, image.to(next(self.vae.parameters()).dtype))
        return mean.float()

    def noised(self, x0: Tensor) -> Noised:
        """Return latents with noise and spread timesteps."""
        t = torch.linspace(20, 980, len(x0), device=x0.device).long()
        return Noised(x0, t, torch.randn_like(x0))


def setup(shape: str, batch: int, device: torch.device, precision: str, *, ours: bool) -> Setup:
    """Return the networks of a shape; ``ours`` has the frozen VAE and VGG in bf16."""
    torch.manual_seed(0)
    vae, unet, forger, vgg, side, width = _networks(shape)
    low = torch.bfloat16 if precision == "bf16" and ours else torch.float32
    for network in (vae, vgg):
        nn.Module.to(network, device, low).requires_grad_(False)
    for network in (unet, forger):
        nn.Module.to(network, device)
    if ours:
        vae, unet = prepared(vae, False), prepared(unet, False)
    prompts = Prompts(*torch.randn(2, _POSITIONS, width)).to(device)
    half = torch.bfloat16 if precision == "bf16" else None

    def autocast() -> AbstractContextManager[Any]:
        return torch.autocast(device.type, half) if half is not None else nullcontext()

    return Setup(
        vae, unet, _scheduler(shape), prompts, forger, vgg,
        page=torch.rand(batch, 3, side, side, device=device) * 2 - 1,
        clean=torch.ones(batch, 3, side, side, device=device),
        ink=torch.rand(batch, 1, side, side, device=device),
        feather=torch.rand(batch, 1, side, side, device=device),
        scale=torch.full((batch,), 6.0, device=device),
        noise=torch.randn(batch, forger.noise_channels, side, side, device=device),
        autocast=autocast,
    )  # fmt: skip


def _networks(shape: str) -> tuple[Any, Any, Forger, Vgg, int, int]:
    """Return VAE, UNet, forger, VGG, the side of the images, and the prompts' width."""
    if shape == "tiny":
        parts = (tiny.build_vae(), tiny.build_unet(), build_forger("tiny"), SealVgg())
        return (*parts, tiny.SAMPLE_SIZE, tiny.WIDTH)
    blocks = (128, 256, 512, 512)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=blocks, layers_per_block=2, latent_channels=4,
    )  # fmt: skip
    # UNet2DConditionModel's defaults are Stable Diffusion 1.x but for the width of the text.
    unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    return vae, unet, build_forger("large"), Vgg19(), 512, 768


def _scheduler(shape: str) -> Any:
    if shape == "tiny":
        return tiny.build_scheduler()
    return DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def blocks(s: Setup) -> dict[str, Job]:
    """Return forward and backward of every network alone, as the steps use it."""
    page = s.page.clone().requires_grad_()
    with torch.no_grad():
        latent = s.latent(s.page)

    def unet_input() -> None:
        x0 = latent.clone().requires_grad_()
        with frozen(s.unet), s.autocast():
            loss = prior_loss(s.sd, s.prompts.real, s.noised(x0))
        loss.backward()

    def unet_weights() -> None:
        with s.autocast():
            output = s.sd(latent, s.noised(latent).t, s.prompts.real.detach())
        output.square().mean().backward()

    def encoder() -> None:
        with s.autocast():
            mean = s.latent(page)
        mean.square().mean().backward()

    def forger() -> None:
        with s.autocast():
            forged = s.forged()
        forged.square().mean().backward()

    def vgg() -> None:
        with s.autocast():
            maps = s.vgg(page.to(next(s.vgg.parameters()).dtype))
        torch.stack([m.float().square().mean() for m in maps]).sum().backward()

    return {
        "VAE encoder": encoder,
        "UNet, gradient to input": unet_input,
        "UNet, full": unet_weights,
        "forger": forger,
        "VGG": vgg,
    }


def steps(s: Setup, *, ours: bool) -> dict[str, Job]:
    """Return whole steps without the optimizer: stage 1 (eq. 1, eq. 2), stage 2 (eq. 5, eq. 6)."""
    return _our_steps(s) if ours else _eager_steps(s)


def _our_steps(s: Setup) -> dict[str, Job]:
    """Return the steps of this project: real latents cached, both domains in one pass."""
    with torch.no_grad():
        cached = s.latent(s.page)

    def eq1() -> None:
        with frozen(s.unet), s.autocast():
            value = prompt_loss(s.sd, s.prompts, s.noised(cached), s.noised(cached))
        value.backward()

    def eq2() -> None:
        with s.autocast():
            value = unet_loss(s.sd, s.prompts, s.noised(cached), s.noised(cached))
        value.backward()

    def eq6() -> None:
        with torch.no_grad(), s.autocast():
            forged = s.latent(s.forged())
        with s.autocast():
            value = adversarial_loss(s.sd, s.prompts, s.noised(cached), s.noised(forged))
        value.backward()

    return _named(s, eq1, eq2, eq6)


def _eager_steps(s: Setup) -> dict[str, Job]:
    """Return the same steps as a plain script makes them: real images encoded in every pass."""

    def learn(prompt: Tensor, x0: Tensor) -> None:
        x = s.noised(x0)
        with s.autocast():
            wanted = x.noise
            if s.scheduler.config.prediction_type == "v_prediction":
                wanted = s.scheduler.get_velocity(x.x0, x.noise, x.t)
            loss = (s.sd(x.x_t(s.scheduler), x.t, prompt) - wanted).square().mean()
        loss.backward()

    def encoded() -> Tensor:
        with torch.no_grad(), s.autocast():
            return s.latent(s.page)

    def eq1() -> None:
        with frozen(s.unet):
            for prompt in (s.prompts.real, s.prompts.fake):
                learn(prompt, encoded())

    def eq2() -> None:
        for prompt in (s.prompts.real.detach(), s.prompts.fake.detach()):
            learn(prompt, encoded())

    def eq6() -> None:
        with torch.no_grad(), s.autocast():
            forged = s.latent(s.forged())
        learn(s.prompts.real, encoded())
        learn(s.prompts.fake, forged)

    return _named(s, eq1, eq2, eq6)


def _named(s: Setup, eq1: Job, eq2: Job, eq6: Job) -> dict[str, Job]:
    """Return the steps by name; the forger's own are the same code on either side."""
    return {
        "stage 1, eq. 1": eq1,
        "stage 1, eq. 2": eq2,
        "stage 2, eq. 5, true gradient": lambda: _eq5(s, "eq3"),
        "stage 2, eq. 5, distribution matching": lambda: _eq5(s, "dm"),
        "stage 2, eq. 6": eq6,
    }


def _eq5(s: Setup, kind: str) -> None:
    """Make the forger's step, by the true gradient ("eq3") or by distribution matching ("dm")."""
    with frozen(s.unet, s.prompts), s.autocast():
        forged = s.forged()
        x0 = s.latent(forged)
        x = s.noised(x0)
        if kind == "eq3":
            prior = prior_loss(s.sd, s.prompts.real, x)
        else:
            prior = gradient_loss(x0, dm_gradient(s.sd, s.prompts.real, s.prompts.fake, x))
        content = content_loss(s.vgg, forged, s.page, (1.0,) * 5, weight=s.feather)
        loss = prior + content
    loss.backward()


def peak_mb(job: Job, device: torch.device) -> float:
    """Return the most memory that one call of ``job`` holds beyond what was held before, MB."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        job()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    with torch.profiler.profile(profile_memory=True) as profile:
        job()
    held = peak = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak / 1e6


def timed(jobs: dict[str, Job], seconds: float, device: torch.device) -> dict[str, Timing]:
    """Return seconds a call: processor time on a CPU, which others share; wall time on a GPU."""
    if device.type == "cpu":
        return measure(jobs, seconds)
    return {name: _on_gpu(job, seconds) for name, job in jobs.items()}


def _on_gpu(job: Job, seconds: float) -> Timing:
    for _ in range(3):
        job()
    once = _wall(job, 1)
    calls = max(1, round(seconds / _CUDA_BLOCKS / once))
    ordered = sorted(_wall(job, calls) for _ in range(_CUDA_BLOCKS))
    last = _CUDA_BLOCKS - 1
    return Timing(ordered[last // 2], ordered[round(0.2 * last)], ordered[round(0.8 * last)], 1.0)


def _wall(job: Job, calls: int) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(calls):
        job()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / calls


def rows(
    shape: str, batch: int, device: torch.device, precision: str, seconds: float, only: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield a row for every job of both sides."""
    sides = {side: setup(shape, batch, device, precision, ours=side == "ours") for side in _SIDES}
    jobs = {side: {**blocks(s), **steps(s, ours=side == "ours")} for side, s in sides.items()}
    for name in jobs["ours"]:
        if only and only not in name:
            continue
        pair = {side: jobs[side][name] for side in _SIDES}
        for side, timing in timed(pair, seconds, device).items():
            yield {
                "work": name,
                "side": side,
                "shape": shape,
                "batch": batch,
                "device": str(device),
                "precision": precision,
                "threads": torch.get_num_threads() if device.type == "cpu" else None,
                "ms": round(1e3 * timing.median, 3),
                "ms_p20": round(1e3 * timing.p20, 3),
                "ms_p80": round(1e3 * timing.p80, 3),
                "clock": "processor" if device.type == "cpu" else "wall",
                "images_s": round(batch / timing.median, 3),
                "peak_mb": round(peak_mb(pair[side], device), 1),
            }


_SIDES = ("ours", "eager")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument(
        "--threads", type=int, default=0, help="on a CPU; 0 leaves PyTorch's choice"
    )
    parser.add_argument("--only", default="", help="words in the names of what is measured")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    auto = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(auto if args.device == "auto" else args.device)
    for row in rows(args.shape, args.batch, device, args.precision, args.seconds, args.only):
        if device.type == "cuda":
            row["gpu"] = torch.cuda.get_device_name(device)
        print(row_line(row), flush=True)


if __name__ == "__main__":
    main()
