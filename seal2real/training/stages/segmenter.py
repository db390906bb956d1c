"""Train the segmenter on drawn pages, and write it as ONNX.

    python -m seal2real.training.stages.segmenter OUT --steps 1200

The same command resumes.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seal2real.models.segmenter import Segmenter, segment_loss
from seal2real.training.data.segments import SegmentStream

__all__ = ["SegmenterStage", "export_segmenter"]

_OPSET = 21
# Held-out windows come from another seed of the stream.
_HELD_SEED_STEP = 1_000_003


class SegmenterStage:
    """Optimises a `Segmenter` on the drawn stream.

    Args:
        steps: optimisation steps in all; the learning rate falls to zero over them.
        batch_size: windows a step.
        size: side of the windows, px.
        learning_rate: at its highest.
        seed: of data and weights.
    """

    name = "segmenter"

    def __init__(
        self,
        steps: int = 1200,
        batch_size: int = 16,
        size: int = 256,
        learning_rate: float = 2e-3,
        seed: int = 0,
    ) -> None:
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        torch.manual_seed(seed)
        self.model = Segmenter()
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(self.model.parameters(), learning_rate)
        self.stream = SegmentStream(seed, size)
        self.held = SegmentStream(seed + _HELD_SEED_STEP, size)

    def modules(self) -> dict[str, nn.Module]:
        """Return the network."""
        return {"segmenter": self.model}

    def trained(self) -> tuple[str, ...]:
        """Return the names of what is optimised."""
        return ("segmenter",)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the optimizer."""
        return {"segmenter": self.optimizer}

    def batch(self, step: int) -> dict[str, Any]:
        """Return the windows of a step; a function of it."""
        first = step * self.batch_size
        return collate([self.stream[first + i] for i in range(self.batch_size)])

    def step(
        self, step: int, batch: dict[str, Any], generator: torch.Generator | None = None
    ) -> dict[str, float]:
        """Do one optimisation step and return its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * _schedule(step, self.steps)
        self.model.train()
        loss = segment_loss(self.model(batch["image"]), batch["ink"], batch["inside"])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return {"loss": float(loss.detach())}

    @torch.no_grad()
    def evaluate(self, count: int = 48) -> dict[str, float]:
        """Return IoU of ink and of area over held-out windows."""
        self.model.eval()
        both, either = torch.zeros(2), torch.zeros(2)
        for first in range(0, count, self.batch_size):
            batch = collate([self.held[first + i] for i in range(self.batch_size)])
            found = self.model(batch["image"]) > 0
            truth = torch.stack([batch["ink"], batch["inside"]], dim=1).float()
            truth = nn.functional.avg_pool2d(truth, 2) >= 0.5
            both += (found & truth).sum(dim=(0, 2, 3))
            either += (found | truth).sum(dim=(0, 2, 3))
        ink, inside = (both / either.clamp(min=1)).tolist()
        return {"held_ink_iou": ink, "held_inside_iou": inside}

    def extra_state(self) -> dict[str, Any]:
        """Return what modules and optimizers do not hold: nothing."""
        return {}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Take what `extra_state` gave."""

    def grids(self, step: int) -> dict[str, Tensor]:
        """Return a strip of held-out windows over what is found in them, [3, h, w] in [0, 1]."""
        batch = collate([self.held[i] for i in range(8)])
        self.model.eval()
        with torch.no_grad():
            found = torch.sigmoid(self.model(batch["image"]))
        found = nn.functional.interpolate(found, scale_factor=2.0)
        planes = torch.cat([found, torch.zeros_like(found[:, :1])], dim=1)
        pairs = torch.cat([batch["image"], planes], dim=2)
        return {"held": torch.cat(list(pairs), dim=2)}

    def finish(self, out: Path) -> None:
        """Write segmenter.onnx into the folder ``out``."""
        export_segmenter(self.model, out / "segmenter.onnx")


def collate(items: list[dict[str, Any]]) -> dict[str, Tensor]:
    """Stack windows; images become float [B, 3, H, W] in [0, 1]."""
    image = torch.from_numpy(np.stack([item["image"] for item in items]))
    ink, inside = (torch.from_numpy(np.stack([i[name] for i in items])) for name in _MASKS)
    scaled = (image.float() / 255.0).contiguous(memory_format=torch.channels_last)
    return {"image": scaled, "ink": ink, "inside": inside}


_MASKS = ("ink", "inside")


def _schedule(step: int, steps: int) -> float:
    """Return the share of the learning rate: a short rise, then a cosine to zero."""
    rise = min(1.0, (step + 1) / 50)
    return rise * 0.5 * (1.0 + math.cos(math.pi * min(step / max(steps, 1), 1.0)))


class _Probabilities(nn.Module):
    def __init__(self, model: Segmenter) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return torch.sigmoid(self.model(image))


def export_segmenter(model: Segmenter, path: Path) -> None:
    """Write the network as ONNX.

    Input ``image`` float32 [B, 3, H, W] RGB in [0, 1], H and W multiples of 32; output ``seal``
    float32 [B, 2, H / 2, W / 2]: probabilities of ink and of a seal's area.
    """
    model = model.eval()
    side = torch.export.Dim.DYNAMIC
    program = torch.onnx.export(
        _Probabilities(model).eval(),
        (torch.rand(2, 3, 64, 96),),
        dynamo=True,
        opset_version=_OPSET,
        input_names=["image"],
        output_names=["seal"],
        dynamic_shapes={"image": {0: side, 2: side, 3: side}},
    )
    assert program is not None
    proto = program.model_proto
    _strip(proto)
    path.write_bytes(proto.SerializeToString())


def _strip(proto: Any) -> None:
    """Remove stack traces and shapes of inner values: an eighth of the file, and paths of this machine."""
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*proto.graph.input, *proto.graph.output):
        del value.metadata_props[:]
    del proto.graph.value_info[:]
    del proto.metadata_props[:]


def _save(stage: SegmenterStage, step: int, path: Path) -> None:
    """Write the checkpoint; a kill leaves the old one or the new one."""
    state = {
        "step": step,
        "model": stage.model.state_dict(),
        "optimizer": stage.optimizer.state_dict(),
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def _load(stage: SegmenterStage, path: Path) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    stage.model.load_state_dict(state["model"])
    stage.optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _train(out: Path, steps: int, seed: int, save_every: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    stage = SegmenterStage(steps=steps, seed=seed)
    checkpoint = out / "checkpoint.pt"
    begun, mean = time.monotonic(), 0.0
    first = _load(stage, checkpoint)
    for step in range(first, steps):
        loss = stage.step(step, stage.batch(step))["loss"]
        mean = loss if step == first else 0.95 * mean + 0.05 * loss
        if (step + 1) % 10 == 0:
            rate = (step + 1 - first) * stage.batch_size / (time.monotonic() - begun)
            print(f"step {step + 1}/{steps} loss {mean:.4f} {rate:.1f} images/s", flush=True)
        if (step + 1) % save_every == 0 or step + 1 == steps:
            _save(stage, step + 1, checkpoint)
        if (step + 1) % (2 * save_every) == 0:
            print(stage.evaluate(), flush=True)
    stage.finish(out)
    print(stage.evaluate(192), flush=True)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder of checkpoint and result")
    parser.add_argument("--steps", type=int, default=1200, help="optimisation steps in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=50, help="steps between checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    _train(args.out, args.steps, args.seed, args.save_every)


if __name__ == "__main__":
    main()
