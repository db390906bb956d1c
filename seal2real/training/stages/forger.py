"""Stage 2: the forger learns from the prior, and the prior from the forger (eq. 3 to 6).

Content warm-up (eq. 4), then rounds of ``round_forger_steps`` of eq. 5 and ``round_prior_steps`` of
eq. 6. With the true gradient of eq. 3 rounds are long, as in the paper (preset "paper"); with
distribution matching (preset "dm") they are short, because its gradient is right only while T_f
describes the forger's present output.

Deviation: beside the prior may stand moments of Φ's features over tiles of ink, matched to those of
real images (``moments_weight``, see ``models.ink_moments``): latents of a small base hold too little
of an ink's grain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from seal2real.diffusion.latents import encode_moments, sample_latent
from seal2real.diffusion.losses import (
    Denoiser,
    Noised,
    adversarial_loss,
    content_loss,
    dm_gradient,
    forger_loss,
    frozen,
    gradient_loss,
    noise_errors,
    prior_loss,
    sds_gradient,
    without_paper,
)
from seal2real.diffusion.noise import sample_timesteps
from seal2real.diffusion.prior import Prior, load_prior, save_prior, shipped_prior
from seal2real.export.onnx import export_forger
from seal2real.models.build import load_forger, save_forger
from seal2real.models.forger import Forger
from seal2real.models.ink_moments import InkMoments
from seal2real.models.lora import merge_lora
from seal2real.models.seal_vgg import load_features
from seal2real.models.vgg import Vgg
from seal2real.realise.methods import weights_sha256
from seal2real.training.config import Config, ForgerConfig
from seal2real.training.data.checks import images_hash
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.data.forging import (
    Drawn,
    forge_batch,
    mean_change,
    newly_saturated,
    stack_drawn,
)
from seal2real.training.data.latents import LatentCache, Moments, noised
from seal2real.training.data.real import RealCrops
from seal2real.training.data.streams import as_images, drawn_stream, real_crops
from seal2real.training.optim import Ema
from seal2real.training.pictures import grid, nearest_real
from seal2real.training.stage import Context, Stage
from seal2real.training.stages.prior import learner_of, prepared, real_window

__all__ = ["Data", "ForgerStage", "Networks", "Phase", "build_stage", "phase_of"]

Phase = Literal["content", "forger", "adversarial"]
# Images of the sample grids, of an evaluation, and real ones that the nearest is looked for among.
_SHOWN, _EVALUATED, _BANK = 3, 8, 64
# Windows that the feature network sees at once when moments are measured.
_MEASURED = 32


@dataclass(frozen=True)
class Networks:
    """Everything that stage 2 starts from, on its device."""

    # as load_base returns it; its VAE is frozen
    base: Any
    # T_r, T_f and θ
    prior: Prior
    # Φ, frozen
    features: Vgg
    # hash of the prior's files
    prior_hash: str = ""


@dataclass(frozen=True)
class Data:
    """What stage 2 learns from."""

    drawn: DrawnStream
    held_drawn: DrawnStream
    real: RealCrops
    # latents of real images, for eq. 6
    latents: LatentCache
    # hash of the real images
    digest: str = ""


def phase_of(step: int, settings: ForgerConfig) -> Phase:
    """Return what ``step`` does: content warm-up, then rounds of eq. 5 and eq. 6."""
    if step < settings.warmup_steps:
        return "content"
    forger, prior = settings.round_forger_steps, settings.round_prior_steps
    if forger == 0:
        return "forger"
    return "forger" if (step - settings.warmup_steps) % (forger + prior) < forger else "adversarial"


class ForgerStage(Stage):
    """Stage "forger"; see the module."""

    name = "forger"

    def __init__(self, config: Config, context: Context, networks: Networks, data: Data) -> None:
        settings: ForgerConfig = config.forger
        self.context, self.settings, self.data, self.networks = context, settings, data, networks
        self.steps = settings.warmup_steps + settings.steps
        self.images = settings.batch * settings.accumulate
        self.forger = Forger(
            settings.width, settings.levels, settings.max_width, settings.noise_channels
        ).to(context.device)
        self.prompts = networks.prior.prompts
        self.vae = prepared(networks.base.vae, settings.gradient_checkpointing)
        self.vae.requires_grad_(False)
        self.unet = prepared(networks.prior.unet, settings.gradient_checkpointing)
        self.learner = learner_of(self.unet, settings.unet, settings.lora_rank)
        self.sd = Denoiser(self.unet, networks.prior.scheduler)
        self.ink_moments = self._measured() if settings.moments_weight else None
        self._optimizers = self._make_optimizers()
        self.ema = Ema(self.forger, settings.ema_decay) if settings.ema_decay else None

    def _measured(self) -> InkMoments:
        """Return the moments of real and of drawn windows: the same in all processes."""
        data, settings, device = self.data, self.settings, self.context.device

        def windows(name: str, item: Callable[[int], tuple[Any, Any]]) -> Iterator[Any]:
            shown = self.context.rank == 0
            for start in tqdm(
                range(0, settings.moments_windows, _MEASURED),
                desc=f"measuring {name} ink",
                disable=not shown,
                leave=False,
            ):
                stop = min(start + _MEASURED, settings.moments_windows)
                images, valid = zip(*(item(index) for index in range(start, stop)), strict=True)
                image = torch.from_numpy(np.stack(images)).to(device)
                yield as_images(image), torch.from_numpy(np.stack(valid))[:, None].to(device)

        def real(index: int) -> tuple[Any, Any]:
            window = data.real.as_photographed(index)
            return window["image"], window["valid"]

        def drawn(index: int) -> tuple[Any, Any]:
            image = data.drawn[index]["synthetic"]
            return image, np.ones(image.shape[1:], bool)

        return InkMoments(
            self.networks.features,
            settings.moments_layers,
            windows("real", real),
            windows("drawn", drawn),
            settings.moments_share,
        )

    def _make_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        settings, context = self.settings, self.context
        phases = [phase_of(step, settings) for step in range(self.steps)]
        adversarial = phases.count("adversarial")
        made = {
            "forger": context.optimizer(
                "forger",
                self.forger.parameters(),
                settings.optimizer,
                len(phases) - adversarial,
            ),
            "prompts": context.optimizer(
                "prompts", self.prompts.parameters(), settings.prompt_optimizer, adversarial
            ),
        }
        if self.learner is not None:
            made["unet"] = context.optimizer(
                "unet", self.learner.parameters(), settings.prior_optimizer, adversarial
            )
        return made

    def modules(self) -> dict[str, nn.Module]:
        """Return both players, the frozen autoencoder and the content features."""
        players: dict[str, nn.Module] = {"forger": self.forger, "prompts": self.prompts}
        if self.learner is not None:
            players["unet"] = self.learner
        return {**players, "vae": self.vae, "features": self.networks.features}

    def trained(self) -> tuple[str, ...]:
        """Return the names of the modules that an optimizer moves."""
        return tuple(self._optimizers)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return an optimizer for each trained module."""
        return self._optimizers

    def identity(self) -> dict[str, str]:
        """Return the hashes of base, prior and real images: a checkpoint of others is refused."""
        return {
            "base": self.networks.base.hash,
            "prior": self.networks.prior_hash,
            "real": self.data.digest,
        }

    def batch(self, step: int) -> dict[str, Any]:
        """Return drawn pages; beside them, for eq. 6, latents of real images."""
        count = self.settings.batch * self.settings.accumulate
        drawn = self._drawn(self.data.drawn, self.context.indices(step, count), "train")
        if phase_of(step, self.settings) != "adversarial":
            return {"drawn": drawn}
        return {"drawn": drawn, "real": self.data.latents.batch(step * count, count)}

    def _drawn(self, stream: DrawnStream, indices: range, name: str) -> Drawn:
        rngs = [self.context.rng("forger", "noise", name, index) for index in indices]
        items = [stream[index] for index in indices]
        return stack_drawn(items, rngs, self.settings.noise_channels)

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """Take one step of the phase that ``step`` falls into; return its losses."""
        phase = phase_of(step, self.settings)
        if phase == "adversarial":
            return self.adversarial_step(batch["real"], batch["drawn"], generator)
        return self.forger_step(batch["drawn"], phase == "forger", generator)

    def forger_step(
        self, drawn: Drawn, with_prior: bool, generator: torch.Generator
    ) -> dict[str, float]:
        """Update the forger by eq. 5, or by eq. 4 alone; prompts, UNet, VAE and VGG stay.

        Where the prior counts, so do the moments.
        """
        parts, sums = self.settings.accumulate, {"eq4": 0.0, "saturation": 0.0}
        ink_moments, changed = self.ink_moments if with_prior else None, []
        frozen_ones = (self.prompts, self.unet, self.vae, self.networks.features)
        for cut in drawn.chunks(parts):
            part = cut.to(self.context.device)
            with frozen(*frozen_ones):
                with self.context.autocast():
                    forged = forge_batch(self.forger, part, whole=self._whole)
                    content = self._content(forged, part)
                    found = {"eq4": content}
                    prior = content.new_zeros(())
                    if with_prior:
                        prior = found["eq3"] = self._prior(forged, part, generator)
                loss = forger_loss(prior, content, self.settings.content_weight)
                if ink_moments is not None:
                    found["moments"], change = ink_moments(forged, part.image)
                    loss = loss + self.settings.moments_weight * found["moments"]
                    changed.append(change)
                self.context.backward(loss / parts)
            sums["saturation"] += newly_saturated(forged, part) / parts
            for name, value in found.items():
                sums[name] = sums.get(name, 0.0) + value.item() / parts
        norm = self.context.apply("forger", self._optimizers["forger"])
        if ink_moments is not None:
            ink_moments.update(self.context.averaged(torch.stack(changed).sum(0)))
        if self.ema is not None:
            self.ema.update(self.forger)
        return {**sums, "gradient_forger": norm}

    @property
    def _whole(self) -> bool:
        return self.settings.scope == "crop"

    def _content(self, forged: Tensor, drawn: Drawn) -> Tensor:
        """Return eq. 4."""
        settings = self.settings
        return content_loss(
            self.networks.features,
            forged,
            drawn.image,
            settings.alpha,
            weight=drawn.feather if settings.content_mask and not self._whole else None,
            invariant=settings.content_invariant,
            epsilon=settings.content_epsilon,
        )

    def _prior(self, forged: Tensor, drawn: Drawn, generator: torch.Generator) -> Tensor:
        """Return eq. 3, or a loss that has the gradient of SDS or of distribution matching."""
        settings = self.settings
        mean, std = (x.float() for x in encode_moments(self.vae, forged.to(self._vae_type)))
        x0 = sample_latent(mean, std, generator)
        low, high = settings.t_range
        t = sample_timesteps(len(x0), self.sd.scheduler, generator, low=low, high=high)
        noise = torch.randn(x0.shape, generator=generator)
        noised_ = Noised(x0, t.to(x0.device), noise.to(x0.device))
        if settings.prior_loss == "eq3":
            return prior_loss(self.sd, self.prompts.real, noised_)
        if settings.prior_loss == "sds":
            gradient = sds_gradient(self.sd, self.prompts.real, noised_)
        else:
            gradient = dm_gradient(
                self.sd,
                self.prompts.real,
                self.prompts.fake,
                noised_,
                normalise=settings.dm_normalise,
            )
        if settings.keep_paper and not self._whole:
            gradient = without_paper(gradient, drawn.feather)
        return gradient_loss(x0, gradient)

    @property
    def _vae_type(self) -> torch.dtype:
        return next(self.vae.parameters()).dtype

    def adversarial_step(
        self, real: Moments, drawn: Drawn, generator: torch.Generator
    ) -> dict[str, float]:
        """Update prompts and UNet by eq. 6 on real images and on what the forger makes now."""
        parts, total = self.settings.accumulate, 0.0
        for real_part, drawn_part in zip(real.chunks(parts), drawn.chunks(parts), strict=True):
            forged = self._forged_moments(drawn_part.to(self.context.device))
            pair = (
                noised(moments, self.sd.scheduler, generator, self.context.device)
                for moments in (real_part, forged)
            )
            with self.context.autocast():
                loss = adversarial_loss(self.sd, self.prompts, *pair, min_snr=self.settings.min_snr)
            self.context.backward(loss / parts)
            total += loss.item() / parts
        found = {"eq6": total}
        for name in ("prompts", "unet"):
            if name in self._optimizers:
                found[f"gradient_{name}"] = self.context.apply(name, self._optimizers[name])
        return {**found, **self.prompts.norms()}

    @torch.no_grad()
    def _forged_moments(self, drawn: Drawn) -> Moments:
        """Return the latents of the forger's present output, on the CPU."""
        with self.context.autocast():
            forged = forge_batch(self.forger, drawn, whole=self._whole)
            mean, std = encode_moments(self.vae, forged.to(self._vae_type))
        mean, std = mean.float().cpu(), std.float().cpu()
        return Moments(mean, std, torch.ones_like(mean[:, :1]))

    def extra_state(self) -> dict[str, Any]:
        """Return the running means: of the forger, and of what it does to moments."""
        state = {} if self.ema is None else {"forger": self.ema.state_dict()}
        if self.ink_moments is not None:
            state["ink_moments"] = self.ink_moments.state_dict()
        return state

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`extra_state` gave."""
        if self.ema is not None:
            self.ema.load_state_dict(state["forger"])
        if self.ink_moments is not None:
            self.ink_moments.load_state_dict(state["ink_moments"])

    def mean_forger(self) -> Forger:
        """Return the forger that is written: its running mean, if there is one."""
        forger = self.forger if self.ema is None else self.ema.averaged(self.forger)
        assert isinstance(forger, Forger)
        return forger

    def _held_out(self, count: int) -> Drawn:
        return self._drawn(self.data.held_drawn, range(count), "held").to(self.context.device)

    @torch.no_grad()
    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        """Return how held-out forged images differ from drawn ones, and what the prior says of both.

        ``held_out_change`` is the mean difference inside the paste, in levels of 255.
        """
        drawn = self._held_out(_EVALUATED)
        forged = forge_batch(self.mean_forger(), drawn, whole=self._whole)
        found = {
            "held_out_eq4": self._content(forged, drawn).item(),
            "held_out_change": mean_change(forged, drawn),
        }
        for name, image in (("forged", forged), ("drawn", drawn.image)):
            mean, _ = encode_moments(self.vae, image.to(self._vae_type))
            held = self._spread(mean.float(), torch.Generator().manual_seed(0))
            for prompt in ("real", "fake"):
                errors = noise_errors(self.sd, held, getattr(self.prompts, prompt))
                found[f"held_out_{name}_T_{prompt[0]}"] = errors.mean().item()
        return found

    def _spread(self, mean: Tensor, generator: torch.Generator) -> Noised:
        """Return latents at evenly spread timesteps, with the same noise at every call."""
        shares = (torch.arange(len(mean)) + 0.5) / len(mean)
        t = (shares * self.sd.scheduler.config.num_train_timesteps).long()
        noise = torch.randn(mean.shape, generator=generator)
        return Noised(mean, t.to(mean.device), noise.to(mean.device))

    @torch.no_grad()
    def grids(self, step: int) -> dict[str, Tensor]:
        """Return I_s, I_f and the nearest real image, in rows."""
        drawn = self._held_out(_SHOWN)
        forged = forge_batch(self.mean_forger(), drawn, whole=self._whole).cpu()
        bank = [torch.from_numpy(self.data.real[k]["image"]) for k in range(_BANK)]
        nearest = nearest_real(forged, as_images(torch.stack(bank)))
        return {"synthetic, forged, nearest real": grid([drawn.image, forged, nearest])}

    @torch.no_grad()
    def finish(self, out: Path) -> None:
        """Write forger.safetensors, forger.onnx, and the prior as eq. 6 left it."""
        save_forger(self.mean_forger(), out / "forger.safetensors")
        export_forger(load_forger(out / "forger.safetensors"), out / "forger.onnx")
        merge_lora(self.unet)
        save_prior(
            out / "prior", self.prompts, self.unet, self.networks.base, asdict(self.settings)
        )


def open_networks(config: Config, context: Context) -> Networks:
    """Load base, prior and VGG.

    Raises:
        FileNotFoundError: if one of them is not there.
        ValueError: if the prior belongs to another base.
    """
    from seal2real.diffusion.base import load_base

    settings = config.forger
    base = load_base(settings.base, device=context.device)
    folder = Path(settings.prior) if settings.prior else shipped_prior()
    prior = load_prior(folder, base, device=context.device)
    base = replace(base, unet=prior.unet)  # no room for two: 3.4 GB each in Stable Diffusion 1.5
    features = load_features(settings.vgg).to(context.device)
    if config.loop.precision == "bf16" and context.device.type == "cuda":
        base.vae.to(torch.bfloat16)  # frozen: half the traffic, no casts under autocast
    return Networks(base, prior, features, weights_sha256(folder))


def open_data(config: Config, context: Context, vae: Any) -> Data:
    """Open the streams and encode the real images that eq. 6 sees.

    Raises:
        ValueError: as :func:`real_crops`.
    """
    data, seed = config.data, config.loop.seed
    real = real_crops(data, seed=seed, split="train")
    # Moments are of real images as they were photographed: resampled ones have lost their grain. So
    # pages are drawn at their scales, and eq. 6 sees real images at the same ones.
    plain = config.forger.moments_weight > 0
    scales = real.scales(as_photographed=plain)
    views = config.forger.real_views
    return Data(
        # No seal-free crops: there would be nothing to forge.
        drawn=drawn_stream(data, seed=seed, scales=scales, seal_free=0.0),
        held_drawn=drawn_stream(data, seed=seed, scales=scales, split="val", seal_free=0.0),
        real=real,
        latents=LatentCache(
            real_window(real, as_photographed=plain),
            views,
            vae,
            seed=seed,
            first=context.rank * views,
            label="encoding real images" if context.rank == 0 else "",
        ),
        digest=images_hash(real.images),
    )


def build_stage(config: Config, context: Context) -> ForgerStage:
    """Return stage 2 for a configuration."""
    networks = open_networks(config, context)
    networks.base.vae.requires_grad_(False)
    data = open_data(config, context, networks.base.vae)
    return ForgerStage(config, context, networks, data)
