"""Small forgers of random weights, as ONNX files."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

from seal2real.export.onnx import export_forger
from seal2real.models.forger import Forger

__all__ = ["random_forger", "write_forger"]

_STRENGTH = 0.05
# Of the residual, so small that nothing sees it: a bias of 0 would not be in the exported graph.
_BIAS = 1e-4


def random_forger(noise_channels: int = 2, seed: int = 0) -> Forger:
    """Return a small forger that changes every pixel by a few levels."""
    torch.manual_seed(seed)
    forger = Forger(width=8, levels=2, max_width=8, noise_channels=noise_channels)
    torch.nn.init.normal_(forger.last.weight, std=_STRENGTH)
    torch.nn.init.constant_(forger.last.bias, _BIAS)
    return forger.eval()


@cache
def _exported() -> onnx.ModelProto:
    """Return the exported forger; tracing takes seconds, so it is done once a process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forger.onnx"
        export_forger(random_forger(), path)
        return onnx.load(path)


def write_forger(path: Path, strength: float = 1.0, lighter: float = 0.0) -> Path:
    """Write the exported forger with its residual times ``strength``; 0 is the identity.

    ``lighter``, of [-1, 1], is added to it: a forger that bares ink, which the gate misses then.
    """
    model = onnx.ModelProto()
    model.CopyFrom(_exported())
    scaled = 0
    for tensor in model.graph.initializer:
        if tensor.name.startswith("last."):
            values = numpy_helper.to_array(tensor) * strength
            if tensor.name == "last.bias":
                values = values + lighter
            tensor.CopyFrom(numpy_helper.from_array(values.astype("float32"), tensor.name))
            scaled += 1
    assert scaled, "the last convolution keeps its name"
    onnx.save(model, path)
    return path
