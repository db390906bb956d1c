"""Train the segmenter on drawn pages, and write it as ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seal2real.export.onnx import write_program
from seal2real.models.segmenter import Segmenter, segment_loss
from seal2real.training.config import Config
from seal2real.training.data.segments import SegmentStream
from seal2real.training.pictures import grid
from seal2real.training.stage import Context, Stage

__all__ = ["SegmenterStage", "build_stage", "export_segmenter"]

_OPSET = 21
# Held-out windows come from another seed of the stream.
_HELD_SEED_STEP = 1_000_003
_HELD_WINDOWS = 96
_GRID_WINDOWS = 8


class SegmenterStage(Stage):
    """Optimises a `Segmenter` on the drawn stream."""

    name = "segmenter"

    def __init__(self, config: Config, context: Context) -> None:
        self._config = config.segmenter
        self._context = context
        self.steps = self._config.steps
        self.images = self._config.batch
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(context.seed)
            self.model = Segmenter().to(context.device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = context.optimizer(
            self.name, self.model.parameters(), self._config.optimizer, self.steps
        )
        self._stream = SegmentStream(context.seed, config.data.size)
        self._held = SegmentStream(context.seed + _HELD_SEED_STEP, config.data.size)

    def modules(self) -> dict[str, nn.Module]:
        """Return the network."""
        return {self.name: self.model}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the optimizer."""
        return {self.name: self._optimizer}

    def batch(self, step: int) -> dict[str, Any]:
        """Return the windows of a step: "image" uint8 [B, 3, H, W], "ink", "inside" [B, H, W]."""
        indices = self._context.indices(step, self._config.batch)
        return _stacked([self._stream[index] for index in indices])

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator
    ) -> dict[str, float]:
        """Make one optimisation step and return its loss."""
        self.model.train()
        with self._context.autocast():
            logits = self.model(self._images(batch))
        ink, inside = (batch[name].to(self._context.device) for name in ("ink", "inside"))
        loss = segment_loss(logits.float(), ink, inside)
        self._context.backward(loss)
        norm = self._context.apply(self.name, self._optimizer)
        return {"loss": float(loss.detach()), "gradient": norm}

    @torch.no_grad()
    def evaluate(self, step: int, generator: torch.Generator) -> dict[str, float]:
        """Return IoU of ink and of area over held-out windows."""
        self.model.eval()
        both, either = torch.zeros(2), torch.zeros(2)
        for first in range(0, _HELD_WINDOWS, _GRID_WINDOWS):
            batch = _stacked([self._held[first + i] for i in range(_GRID_WINDOWS)])
            found = (self.model(self._images(batch)) > 0).cpu()
            truth = torch.stack([batch["ink"], batch["inside"]], dim=1).float()
            truth = nn.functional.avg_pool2d(truth, 2) >= 0.5
            both += (found & truth).sum(dim=(0, 2, 3))
            either += (found | truth).sum(dim=(0, 2, 3))
        ink, inside = (both / either.clamp(min=1)).tolist()
        return {"held_ink_iou": ink, "held_inside_iou": inside}

    @torch.no_grad()
    def grids(self, step: int) -> dict[str, Tensor]:
        """Return held-out windows beside what is found in them: red ink, green area."""
        batch = _stacked([self._held[i] for i in range(_GRID_WINDOWS)])
        self.model.eval()
        images = self._images(batch)
        found = nn.functional.interpolate(torch.sigmoid(self.model(images)), scale_factor=2.0)
        planes = torch.cat([found, torch.zeros_like(found[:, :1])], dim=1)
        return {"held": grid([images * 2.0 - 1.0, planes * 2.0 - 1.0])}

    def finish(self, out: Path) -> None:
        """Write segmenter.onnx into the folder ``out``."""
        export_segmenter(self.model, out / "segmenter.onnx")

    def _images(self, batch: dict[str, Any]) -> Tensor:
        """Return the batch's images in [0, 1] on the device."""
        image = batch["image"].to(self._context.device).float() / 255.0
        return image.contiguous(memory_format=torch.channels_last)


def build_stage(config: Config, context: Context) -> SegmenterStage:
    """Return the stage."""
    return SegmenterStage(config, context)


def _stacked(items: list[dict[str, Any]]) -> dict[str, Tensor]:
    """Return a batch of windows."""
    return {
        name: torch.from_numpy(np.stack([item[name] for item in items]))
        for name in ("image", "ink", "inside")
    }


class _Probabilities(nn.Module):
    """The network with probabilities in place of logits."""

    def __init__(self, model: Segmenter) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        """Return probabilities of (ink, inside), [B, 2, H / 2, W / 2]."""
        return torch.sigmoid(self.model(image))


def export_segmenter(model: Segmenter, path: Path) -> None:
    """Write the network as ONNX.

    Input ``image`` float32 [B, 3, H, W] RGB in [0, 1], H and W multiples of 32; output ``seal``
    float32 [B, 2, H / 2, W / 2]: probabilities of ink and of a seal's area.
    """
    fresh = Segmenter()
    fresh.load_state_dict({name: value.cpu() for name, value in model.state_dict().items()})
    side = torch.export.Dim.DYNAMIC
    program = torch.onnx.export(
        _Probabilities(fresh).eval(),
        (torch.rand(2, 3, 64, 96),),
        dynamo=True,
        opset_version=_OPSET,
        input_names=["image"],
        output_names=["seal"],
        dynamic_shapes={"image": {0: side, 2: side, 3: side}},
        verbose=False,
    )
    assert program is not None
    write_program(program, path)
