"""``seal2real-train gan``: the baseline of Table 1, unpaired translation of drawn into real.

The generator is the forger's network behind the forger's composite; the critic judges inked
patches; PatchNCE keeps every place what it was, on drawn images and, as identity, on real ones.

Source: Park et al. 2020 (CUT); see ``seal2real.models.gan`` for what differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seal2real.export.onnx import export_forger
from seal2real.models.build import load_forger, save_forger
from seal2real.models.forger import Forger
from seal2real.models.forger_noise import noise_planes
from seal2real.models.gan import (
    PatchCritic,
    PatchHeads,
    encoder_features,
    lsgan_critic_loss,
    lsgan_generator_loss,
    patch_nce,
    sample_places,
)
from seal2real.models.inked import judged_places
from seal2real.realise.composite import FEATHER_FULL, feather
from seal2real.rng import Rng
from seal2real.training.composite import composite
from seal2real.training.config import Config
from seal2real.training.data.checks import images_hash
from seal2real.training.data.streams import as_images, drawn_stream, real_crops
from seal2real.training.optim import Ema
from seal2real.training.pictures import grid, nearest_real
from seal2real.training.stage import Context, Stage

__all__ = ["GanStage", "build_stage"]

# Images of the sample grids, and of an evaluation.
_SHOWN, _EVALUATED = 4, 16
# From here on a channel counts as saturated.
_LIMIT = 0.999


def build_stage(config: Config, context: Context) -> GanStage:
    """Return the stage; see ``training.loop``.

    Raises:
        ValueError: if there are fewer than 8 real images, or one cannot be used.
        FileNotFoundError: if the folder of real images is not there.
    """
    return GanStage(config, context)


class GanStage(Stage):
    """Generator with its heads against a critic."""

    name = "gan"

    def __init__(self, config: Config, context: Context) -> None:
        self.config, self.context = config.gan, context
        self.steps, self.images = config.gan.steps, config.gan.batch
        seed = config.loop.seed
        self._real = real_crops(config.data, seed=seed, split="train")
        self._held = real_crops(config.data, seed=seed, split="held", augment=False)
        scales = self._real.scales(as_photographed=True)
        self._drawn = drawn_stream(config.data, seed=seed, scales=scales, seal_free=0.0)
        self._drawn_held = drawn_stream(
            config.data, seed=seed, split="val", scales=scales, seal_free=0.0
        )
        self._build()

    def _build(self) -> None:
        gan, context = self.config, self.context
        generator = Forger(
            width=gan.width,
            levels=gan.levels,
            max_width=gan.max_width,
            noise_channels=gan.noise_channels,
        )
        widths = [gan.width * 2**level for level in range(gan.levels)]
        heads = PatchHeads([3, *(min(width, gan.max_width) for width in widths)])
        self.generator, self.heads = generator.to(context.device), heads.to(context.device)
        self.critic = PatchCritic(gan.critic_width, gan.critic_layers).to(context.device)
        both = [*self.generator.parameters(), *self.heads.parameters()]
        self._optimizers = {
            "generator": context.optimizer("generator", both, gan.optimizer, gan.steps),
            "critic": context.optimizer(
                "critic", self.critic.parameters(), gan.critic_optimizer, gan.steps
            ),
        }
        self.ema = Ema(self.generator, gan.ema_decay) if gan.ema_decay else None

    def modules(self) -> dict[str, nn.Module]:
        """See :class:`Stage`."""
        return {"generator": self.generator, "heads": self.heads, "critic": self.critic}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """See :class:`Stage`."""
        return self._optimizers

    def identity(self) -> dict[str, str]:
        """The real images, of both splits."""
        return {"real": images_hash([*self._real.images, *self._held.images])}

    def batch(self, step: int) -> dict[str, Any]:
        """Drawn samples with their noise, and as many windows of real images."""
        numbers = self.context.indices(step, self.config.batch)
        drawn = [self._with_noise(self._drawn[i], i) for i in numbers]
        real = [self._real.as_photographed(i) for i in numbers]
        return {"drawn": _stacked(drawn), "real": _stacked(real)}

    def _with_noise(self, item: dict[str, Any], index: int) -> dict[str, Any]:
        """Return what the generator needs of a drawn item."""
        height, width = item["mask"].shape
        rng = Rng(self.context.seed, "training", "gan", "noise", index)
        scale = item["px_per_mm"]
        channels = self.config.noise_channels
        return {
            "image": item["synthetic"],
            "clean": item["clean"],
            "ink": item["coverage"][None],
            "weight": feather(item["mask"], item["support"], scale)[None],
            "px_per_mm": scale,
            "noise": noise_planes(rng, height, width, scale, channels),
        }

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """One update of the critic, then one of the generator."""
        drawn, real = (_on(batch[name], self.context.device) for name in ("drawn", "real"))
        with self.context.autocast():
            forged = self._translate(self.generator, drawn)
            critic_loss = self._critic_loss(forged.detach(), real, drawn)
        self.context.backward(critic_loss)
        self.context.apply("critic", self._optimizers["critic"])
        self.critic.requires_grad_(False)
        with self.context.autocast():
            losses = self._generator_losses(forged, drawn, real, generator)
        gan = self.config
        self.context.backward(
            losses["gan"]
            + gan.nce_weight * losses["nce"]
            + gan.identity_weight * losses["identity"]
        )
        self.critic.requires_grad_(True)
        norm = self.context.apply("generator", self._optimizers["generator"])
        if self.ema is not None:
            self.ema.update(self.generator)
        values = {f"loss/{name}": value.item() for name, value in losses.items()}
        values["loss/critic"] = critic_loss.item()
        values["gradient"] = norm
        values["saturation"] = _newly_saturated(forged, drawn["image"], drawn["weight"])
        return values

    def _translate(self, generator: nn.Module, drawn: dict[str, Tensor]) -> Tensor:
        """Return the pasted translation: synthetic outside the feathered support."""
        image = drawn["image"]
        forged = generator(image, drawn["ink"], drawn["px_per_mm"], drawn.get("noise"))
        return composite(forged.float(), image, drawn["weight"], drawn["clean"])

    def _critic_loss(
        self, forged: Tensor, real: dict[str, Tensor], drawn: dict[str, Tensor]
    ) -> Tensor:
        of_real, of_forged = self.critic(real["image"]).float(), self.critic(forged).float()
        size = of_real.shape[-2:]
        everywhere = torch.ones_like(drawn["weight"])
        told = judged_places(real["image"], real["valid"], size)
        inked = judged_places(drawn["image"], everywhere, size)
        loss = lsgan_critic_loss(of_real, of_forged, told, inked)
        # One side alone would teach to call everything that.
        return loss * (told.any() & inked.any())

    def _generator_losses(
        self,
        forged: Tensor,
        drawn: dict[str, Tensor],
        real: dict[str, Tensor],
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        scores = self.critic(forged).float()
        # Weighed by where ink was drawn, not by what is left of it: fading would pay otherwise.
        weight = judged_places(drawn["image"], torch.ones_like(drawn["weight"]), scores.shape[-2:])
        no_ink = torch.zeros_like(real["valid"])
        scale = drawn["px_per_mm"]
        kept = self.generator(real["image"], no_ink, real["px_per_mm"], None)
        return {
            "gan": lsgan_generator_loss(scores, weight),
            "nce": self._nce(
                forged, drawn["image"], drawn["ink"], scale, drawn["weight"], generator
            ),
            "identity": self._nce(
                kept, real["image"], no_ink, real["px_per_mm"], real["valid"], generator
            ),
        }

    def _nce(
        self,
        translated: Tensor,
        source: Tensor,
        ink: Tensor,
        px_per_mm: Tensor,
        weight: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """Return PatchNCE averaged over the levels, at places of high ``weight``."""
        queries = encoder_features(self.generator, translated, ink, px_per_mm)
        with torch.no_grad():
            keys = encoder_features(self.generator, source, ink, px_per_mm)
        count = self.config.patches
        places = [sample_places(weight, (k.shape[-2], k.shape[-1]), count, generator) for k in keys]
        pairs = zip(self.heads(queries, places), self.heads(keys, places), strict=True)
        each = [patch_nce(q.float(), k.float(), self.config.temperature) for q, k in pairs]
        return torch.stack(each).mean()

    def extra_state(self) -> dict[str, Any]:
        """The running mean of the generator."""
        return {"ema": self.ema.state_dict()} if self.ema is not None else {}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """See :class:`Stage`."""
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])

    def _mean_generator(self) -> nn.Module:
        """Return the generator that is shipped: its running mean."""
        return self.generator if self.ema is None else self.ema.averaged(self.generator)

    def _held_out(self, count: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the first drawn and real items that no step sees."""
        drawn = _stacked([self._with_noise(self._drawn_held[i], -1 - i) for i in range(count)])
        real = _stacked([self._held[i] for i in range(min(count, len(self._held)))])
        return _on(drawn, self.context.device), _on(real, self.context.device)

    @torch.no_grad()
    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        """Mean score of inked patches of held-out real and translated images."""
        drawn, real = self._held_out(_EVALUATED)
        forged = self._translate(self._mean_generator(), drawn)
        everywhere = torch.ones_like(drawn["weight"])
        return {
            "score real": self._mean_score(real["image"], real["image"], real["valid"]),
            "score drawn": self._mean_score(drawn["image"], drawn["image"], everywhere),
            "score forged": self._mean_score(forged, drawn["image"], everywhere),
        }

    def _mean_score(self, image: Tensor, inked: Tensor, valid: Tensor) -> float:
        """Return the mean score of an image where ``inked`` is judged."""
        scores = self.critic(image)
        weight = judged_places(inked, valid, scores.shape[-2:])
        return float((scores * weight).sum() / weight.sum().clamp_min(1e-8))

    @torch.no_grad()
    def grids(self, step: int) -> dict[str, Tensor]:
        """I_s | I_f | nearest real."""
        drawn, _ = self._held_out(_SHOWN)
        forged = self._translate(self._mean_generator(), drawn)
        bank = as_images(torch.from_numpy(np.stack([self._real[i]["image"] for i in range(64)])))
        return {"gan": grid([drawn["image"], forged, nearest_real(forged.cpu(), bank)])}

    def finish(self, out: Path) -> None:
        """Write the generator as ``gan.safetensors`` (fp16) and ``gan.onnx``, as a forger's."""
        generator = self._mean_generator()
        assert isinstance(generator, Forger)
        save_forger(generator, out / "gan.safetensors")
        export_forger(load_forger(out / "gan.safetensors"), out / "gan.onnx")


def _stacked(items: list[dict[str, Any]]) -> dict[str, Tensor]:
    """Return the arrays of the items as one tensor a name, on the CPU, as they are stored."""
    return {
        name: torch.from_numpy(np.stack([np.asarray(item[name]) for item in items]))
        for name in items[0]
        if name in ("image", "clean", "ink", "weight", "noise", "valid", "px_per_mm")
    }


def _on(stored: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Return the tensors as networks want them: float32, images in [-1, 1], planes [B, 1, H, W]."""
    on = {name: tensor.to(device, non_blocking=True) for name, tensor in stored.items()}
    made = {"image": as_images(on["image"]), "px_per_mm": on["px_per_mm"].float()}
    if "clean" in on:
        made["clean"] = as_images(on["clean"])
    if "valid" in on:
        made["valid"] = on["valid"][:, None].float()
    for name in ("ink", "weight"):
        if name in on:
            made[name] = on[name].float() / FEATHER_FULL
    if "noise" in on and on["noise"].shape[1] > 0:
        made["noise"] = on["noise"]
    return made


def _newly_saturated(forged: Tensor, source: Tensor, weight: Tensor) -> float:
    """Return the share of the generator's own values that reached a limit where the source's had not."""
    own = (weight > 0.5).expand_as(source)
    new = (forged.detach().abs() >= _LIMIT) & (source.abs() < _LIMIT) & own
    return (new.sum() / own.sum().clamp_min(1)).item()
