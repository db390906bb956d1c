"""Stage 1: two prompts and the UNet learn real and drawn images (eq. 1 and eq. 2 in turn)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seal2real.diffusion.latents import decode
from seal2real.diffusion.losses import (
    Denoiser,
    Noised,
    frozen,
    noise_errors,
    prompt_loss,
    unet_loss,
)
from seal2real.diffusion.noise import q_sample
from seal2real.diffusion.prior import Adapters, save_prior
from seal2real.diffusion.prompts import Prompts
from seal2real.diffusion.sample import denoise, timesteps
from seal2real.models.lora import add_lora
from seal2real.training.config import Config, PriorConfig
from seal2real.training.data.checks import images_hash
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.data.latents import LatentCache, Moments, Window, noised
from seal2real.training.data.real import RealCrops
from seal2real.training.data.streams import drawn_stream, real_crops
from seal2real.training.optim import Ema
from seal2real.training.pictures import grid
from seal2real.training.stage import Context, Stage

__all__ = [
    "Domains",
    "PriorStage",
    "build_stage",
    "drawn_window",
    "learner_of",
    "open_domains",
    "prepared",
    "real_window",
]

# Drawn images that a sample grid starts from, and how far it goes: enough to change ink and paper,
# not enough to lose what is drawn.
_GRID_IMAGES = 3
_GRID_STRENGTH = 0.4
_GRID_STEPS = 10


@dataclass(frozen=True)
class Domains:
    """Latents of both domains, to learn from and held out."""

    real: LatentCache
    drawn: LatentCache
    held_real: LatentCache
    held_drawn: LatentCache
    # hash of what they were made from
    digest: str = ""


class PriorStage(Stage):
    """Stage "prior"; see the module.

    Args:
        config: sections ``loop`` and ``prior`` count.
        context: of the loop.
        base: as :func:`seal2real.diffusion.base.load_base` returns it, on the context's device.
        domains: latents of real and drawn images.
    """

    name = "prior"

    def __init__(self, config: Config, context: Context, base: Any, domains: Domains) -> None:
        settings: PriorConfig = config.prior
        self.context, self.settings, self.base, self.domains = context, settings, base, domains
        self.steps = settings.steps
        self.images = 2 * settings.batch * settings.accumulate
        self.prompts = Prompts.from_base(base, settings.real_prompt, settings.fake_prompt)
        self.prompts.to(context.device)
        self.unet = prepared(base.unet, settings.gradient_checkpointing)
        self.learner = learner_of(self.unet, settings.unet, settings.lora_rank)
        self.sd = Denoiser(self.unet, base.scheduler)
        self._optimizers = self._make_optimizers()
        decay = settings.ema_decay
        place = "cpu" if settings.ema_device == "cpu" else None
        self.means = {
            name: Ema(module, decay, place) for name, module in self._players().items() if decay
        }

    def _players(self) -> dict[str, nn.Module]:
        """Return what is trained, by name."""
        players: dict[str, nn.Module] = {"prompts": self.prompts}
        if self.learner is not None:
            players["unet"] = self.learner
        return players

    def _make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        settings, made = self.settings, {}
        prompt_updates = sum(self.learns_prompts(step) for step in range(self.steps))
        made["prompts"] = self.context.optimizer(
            "prompts", self.prompts.parameters(), settings.prompt_optimizer, prompt_updates
        )
        if self.learner is not None:
            made["unet"] = self.context.optimizer(
                "unet",
                self.learner.parameters(),
                settings.unet_optimizer,
                self.steps - prompt_updates,
            )
        return made

    def learns_prompts(self, step: int) -> bool:
        """Return whether ``step`` is one of eq. 1; the others are of eq. 2."""
        if self.settings.unet == "frozen":
            return True
        cycle = self.settings.prompt_steps + self.settings.unet_steps
        return step % cycle < self.settings.prompt_steps

    def modules(self) -> dict[str, nn.Module]:
        """Return prompts, UNet (or its LoRA) and the frozen autoencoder."""
        return {**self._players(), "vae": self.base.vae}

    def trained(self) -> tuple[str, ...]:
        """Return the names of the modules that eq. 1 and eq. 2 move."""
        return tuple(self._players())

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return an optimizer for each trained module."""
        return self._optimizers

    def identity(self) -> dict[str, str]:
        """Return the hashes of base and real images: a checkpoint of others is refused."""
        return {"base": self.base.hash, "real": self.domains.digest}

    def batch(self, step: int) -> dict[str, Any]:
        """Return the latents' moments of real and of drawn images."""
        count = self.settings.batch * self.settings.accumulate
        return {
            "real": self.domains.real.batch(step * count, count),
            "drawn": self.domains.drawn.batch(step * count, count),
        }

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """Take one step of eq. 1 or eq. 2, as the schedule says; return loss and norms."""
        if self.learns_prompts(step):
            with frozen(self.unet):
                loss = self._backward(prompt_loss, batch, generator)
            norm = self._apply("prompts")
            return {"eq1": loss, "gradient_prompts": norm, **self.prompts.norms()}
        with frozen(self.prompts):
            loss = self._backward(unet_loss, batch, generator)
        norm = self._apply("unet")
        return {"eq2": loss, "gradient_unet": norm, **self.prompts.norms()}

    def _backward(self, loss: Any, batch: dict[str, Any], generator: torch.Generator) -> float:
        """Add the gradients of all micro-batches; return the mean loss."""
        parts, total = self.settings.accumulate, 0.0
        for real, drawn in zip(
            batch["real"].chunks(parts), batch["drawn"].chunks(parts), strict=True
        ):
            pair = (self._noised(moments, generator) for moments in (real, drawn))
            with self.context.autocast():
                share = loss(self.sd, self.prompts, *pair, min_snr=self.settings.min_snr) / parts
            self.context.backward(share)
            total += share.item()
        return total

    def _noised(self, moments: Moments, generator: torch.Generator) -> Noised:
        return noised(moments, self.base.scheduler, generator, self.context.device)

    def _apply(self, name: str) -> float:
        norm = self.context.apply(name, self._optimizers[name])
        if name in self.means:
            self.means[name].update(self._players()[name])
        return norm

    def extra_state(self) -> dict[str, Any]:
        """Return the running means."""
        return {name: mean.state_dict() for name, mean in self.means.items()}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`extra_state` gave."""
        for name, mean in self.means.items():
            mean.load_state_dict(state[name])

    @torch.no_grad()
    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        """Return the loss of held-out images under both prompts, and of images seen in training.

        The same images, timesteps (evenly spread) and noise every time. A prior that works has its
        own prompt below the other; one that overfits leaves ``held_out_real_T_r`` behind
        ``seen_real_T_r``.
        """
        domains = self.domains
        count = len(domains.held_real)
        seen = domains.real.moments(list(range(min(count, len(domains.real)))))
        sides = {
            "held_out_real": domains.held_real.moments(list(range(count))),
            "held_out_drawn": domains.held_drawn.moments(list(range(len(domains.held_drawn)))),
            "seen_real": seen,
        }
        found = {}
        for name, moments in sides.items():
            spread = self._spread(moments, generator)
            for prompt, value in (("T_r", self.prompts.real), ("T_f", self.prompts.fake)):
                found[f"{name}_{prompt}"] = self._mean_error(spread, value)
        del found["seen_real_T_f"]
        return found

    def _spread(self, moments: Moments, generator: torch.Generator) -> Noised:
        """Return the means of all latents at evenly spread timesteps."""
        count = len(moments.mean)
        all_steps = int(self.base.scheduler.config.num_train_timesteps)
        t = ((torch.arange(count) + 0.5) / count * all_steps).long()
        noise = torch.randn(moments.mean.shape, generator=generator)
        return Noised(*(x.to(self.context.device) for x in (moments.mean, t, noise, moments.valid)))

    def _mean_error(self, held: Noised, prompt: Tensor) -> float:
        errors = []
        for part in _pieces(held, self.settings.batch):
            with self.context.autocast():
                errors.append(noise_errors(self.sd, part, prompt).float().cpu())
        return torch.cat(errors).mean().item()

    @torch.no_grad()
    def grids(self, step: int) -> dict[str, Tensor]:
        """Return drawn images, and what the prior makes of them under T_f and under T_r."""
        places = list(range(min(_GRID_IMAGES, len(self.domains.held_drawn))))
        x0 = self.domains.held_drawn.moments(places).mean.to(self.context.device)
        steps = timesteps(self.base.scheduler, _GRID_STRENGTH, _GRID_STEPS)
        noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0)).to(x0)
        t = torch.full((len(x0),), steps[0], device=x0.device)
        x_t = q_sample(x0, noise, t, self.base.scheduler)
        with self.context.autocast():
            made = [denoise(self.sd, x_t, p, steps) for p in (self.prompts.fake, self.prompts.real)]
        weight = next(self.base.vae.parameters())
        columns = [decode(self.base.vae, x.to(weight.dtype)) for x in (x0, *made)]
        return {"drawn, under T_f, under T_r": grid(columns)}

    @torch.no_grad()
    def finish(self, out: Path) -> None:
        """Write the prior, with the running means where there are any."""
        for name, mean in self.means.items():
            mean.copy_to(self._players()[name])
        settings, learner = self.settings, self.learner
        adapters = None
        if isinstance(learner, nn.ModuleDict):
            adapters = Adapters(learner, settings.lora_rank, settings.unet == "lora-all")
        unet = self.unet if settings.unet == "full" else None
        save_prior(out, self.prompts, unet, self.base, asdict(settings), adapters)


def prepared(network: Any, gradient_checkpointing: bool) -> Any:
    """Return a network of the base, ready to have gradients through it."""
    if gradient_checkpointing:
        network.enable_gradient_checkpointing()
        network.train()  # diffusers recomputes in training mode only; there is no dropout
    if next(network.parameters()).device.type == "cpu":
        # Zen 5, bf16, 256 px: the encoder takes 185 ms there and back as it is, 221 channels last;
        # the UNet 301 and 315.
        return network
    return network.to(memory_format=torch.channels_last)


def learner_of(unet: nn.Module, kind: str, lora_rank: int) -> nn.Module | None:
    """Return what is trained of a UNet.

    All of it ("full"), adapters of its attention ("lora") or of every layer ("lora-all"), nothing
    ("frozen").
    """
    if kind == "full":
        return unet.requires_grad_(True)
    if kind != "frozen":
        return add_lora(unet, lora_rank, everywhere=kind == "lora-all")
    unet.requires_grad_(False)
    return None


def _pieces(noised: Noised, size: int) -> Iterable[Noised]:
    fields = (noised.x0, noised.t, noised.noise, noised.valid)
    assert noised.valid is not None
    return (Noised(*part) for part in zip(*(x.split(size) for x in fields), strict=True))  # type: ignore[union-attr]


def real_window(real: RealCrops, *, as_photographed: bool = False) -> Window:
    """Return the windows of real images as a :class:`LatentCache` wants them."""

    def window(index: int) -> tuple[Tensor, Tensor]:
        item = real.as_photographed(index) if as_photographed else real[index]
        return torch.from_numpy(item["image"]), torch.from_numpy(item["valid"])

    return window


def drawn_window(drawn: DrawnStream) -> Window:
    """Return drawn crops as a :class:`LatentCache` wants them; all of a crop counts."""

    def window(index: int) -> tuple[Tensor, Tensor]:
        image = torch.from_numpy(drawn[index]["synthetic"])
        return image, torch.ones(image.shape[1:], dtype=torch.bool)

    return window


def open_domains(config: Config, context: Context, vae: Any) -> Domains:
    """Encode the windows that ``config.prior`` asks for; every process has windows of its own.

    Raises:
        ValueError: as :func:`real_crops`.
    """
    settings, data, seed = config.prior, config.data, config.loop.seed
    real = real_crops(data, seed=seed, split="train")
    held_real = real_crops(data, seed=seed, split="held")
    scales = real.scales()
    # Real images are of seals: drawn ones without would be told apart by that alone.
    drawn = drawn_stream(data, seed=seed, scales=scales, seal_free=0.0)
    held_drawn = drawn_stream(data, seed=seed, scales=scales, split="val", seal_free=0.0)

    def cache(window: Window, count: int, label: str, *, own: bool) -> LatentCache:
        rank = context.rank if own else 0
        shown = label if context.rank == 0 else ""
        return LatentCache(window, count, vae, seed=seed, first=rank * count, label=shown)

    return Domains(
        real=cache(real_window(real), settings.real_views, "encoding real images", own=True),
        drawn=cache(drawn_window(drawn), settings.drawn_views, "encoding drawn images", own=True),
        held_real=cache(
            real_window(held_real), settings.held_out_views, "held-out real", own=False
        ),
        held_drawn=cache(
            drawn_window(held_drawn), settings.held_out_views, "held-out drawn", own=False
        ),
        digest=images_hash([*real.images, *held_real.images]),
    )


def build_stage(config: Config, context: Context) -> PriorStage:
    """Return stage 1 for a configuration."""
    from seal2real.diffusion.base import load_base

    base = load_base(config.prior.base, device=context.device)
    base.vae.requires_grad_(False)
    return PriorStage(config, context, base, open_domains(config, context, base.vae))
