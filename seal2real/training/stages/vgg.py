"""The small VGG, trained to tell what a drawn crop shows: Φ of eq. 4 for the tiny default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seal2real.models.seal_vgg import SealVgg, save_seal_vgg
from seal2real.training.config import Config, VggConfig
from seal2real.training.data.attributes import AMOUNTS, CLASSES, PRESENCES, attributes
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.data.streams import as_images, drawn_stream
from seal2real.training.stage import Context, Stage

__all__ = ["AttributeHeads", "VggStage", "attribute_losses", "build_stage"]

_HIDDEN = 128
# Crops that the evaluation asks about, from the validation split.
_HELD_OUT = 64


class AttributeHeads(nn.Module):
    """What is asked of the VGG while it learns; not part of what ships.

    Answers about the whole crop read the mean and the maximum of all five maps, so that every layer
    learns directly; dense answers read relu3_1 and relu4_1 at a quarter of the resolution.
    """

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.whole = nn.Sequential(
            nn.Linear(2 * sum(widths), _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, len(PRESENCES) + len(AMOUNTS)),
        )
        self.dense = nn.Conv2d(widths[2] + widths[3], len(CLASSES) + 1, 1)

    def forward(
        self, maps: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # [B, P], [B, A], [B, K, H/4, W/4], [B, H/4, W/4]
        """Return logits of presences, amounts, logits of parts and of ink."""
        pooled = [m.mean((2, 3)) for m in maps] + [m.amax((2, 3)) for m in maps]
        whole = self.whole(torch.cat(pooled, 1))
        finer = functional.interpolate(maps[3], size=maps[2].shape[-2:], mode="nearest")
        dense = self.dense(torch.cat([maps[2], finer], 1))
        presence, amount = whole.split([len(PRESENCES), len(AMOUNTS)], 1)
        return presence, amount, dense[:, :-1], dense[:, -1]


def attribute_losses(
    answers: tuple[Tensor, Tensor, Tensor, Tensor], asked: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return the loss of each kind of answer; amounts that nothing shows (NaN) do not count."""
    presence, amount, part, ink = answers
    known = ~asked["amount"].isnan()
    return {
        "presence": functional.binary_cross_entropy_with_logits(presence, asked["presence"]),
        "amount": functional.smooth_l1_loss(amount[known], asked["amount"][known]),
        "part": functional.cross_entropy(part, asked["part"].long()),
        "ink": functional.binary_cross_entropy_with_logits(ink, asked["ink"]),
    }


class VggStage(Stage):
    """Stage "vgg"; see the module."""

    name = "vgg"

    def __init__(self, config: Config, context: Context, drawn: DrawnStream) -> None:
        settings: VggConfig = config.vgg
        self.context, self.settings = context, settings
        self.steps, self.images = settings.steps, settings.batch
        self.drawn = drawn
        self.held_out = drawn_stream(config.data, seed=config.loop.seed, split="val")
        self.vgg = SealVgg().to(context.device)
        self.heads = AttributeHeads(self.vgg.widths).to(context.device)
        params = [*self.vgg.parameters(), *self.heads.parameters()]
        self._optimizer = context.optimizer("vgg", params, settings.optimizer, self.steps)
        self._asked: dict[str, Tensor] = {}

    def modules(self) -> dict[str, nn.Module]:
        """Return the network and its heads, which are not shipped."""
        return {"vgg": self.vgg, "heads": self.heads}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the one optimizer of both."""
        return {"vgg": self._optimizer}

    def batch(self, step: int) -> dict[str, Any]:
        """Return crops and what they show, stacked."""
        return _questions(self.drawn, self.context.indices(step, self.settings.batch))

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """Take one step on the sum of all losses; return each of them."""
        losses = self._losses(batch)
        self.context.backward(torch.stack(list(losses.values())).sum())
        norm = self.context.apply("vgg", self._optimizer)
        return {**{name: loss.item() for name, loss in losses.items()}, "gradient": norm}

    def _losses(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        asked = {name: value.to(self.context.device) for name, value in batch.items()}
        with self.context.autocast():
            answers = self.heads(self.vgg(as_images(asked.pop("image"))))
        return attribute_losses(tuple(answer.float() for answer in answers), asked)

    @torch.no_grad()
    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        """Return the losses on crops of owners that training never draws."""
        if not self._asked:
            self._asked = _questions(self.held_out, range(_HELD_OUT))
        losses = self._losses(dict(self._asked))
        return {f"held_out_{name}": loss.item() for name, loss in losses.items()}

    def finish(self, out: Path) -> None:
        """Write the network in fp16; the heads have done their work."""
        save_seal_vgg(self.vgg, out / "seal_vgg.safetensors")


def _questions(drawn: DrawnStream, indices: range) -> dict[str, Tensor]:
    """Return the crops ``indices`` and what they show, stacked."""
    samples = [drawn.sample(index) for index in indices]
    answers = [attributes(sample) for sample in samples]
    stacked = {
        name: torch.from_numpy(np.stack([getattr(answer, name) for answer in answers]))
        for name in ("presence", "amount", "part", "ink")
    }
    images = np.stack([sample.synthetic.transpose(2, 0, 1) for sample in samples])
    return {"image": torch.from_numpy(images), **stacked}


def build_stage(config: Config, context: Context) -> VggStage:
    """Return the stage that trains the small VGG."""
    return VggStage(config, context, drawn_stream(config.data, seed=config.loop.seed))
