"""Write networks as ONNX files and check them against PyTorch.

Imported as ``seal2real.export.onnx``. Needs torch to export; running the files does not.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["OPSET", "Parity", "check_forger", "export_forger", "write_program"]

# From 21 on GroupNorm is an operator; below it is written as InstanceNormalization, which is wrong
# on some devices (FACTS: sm_86).
OPSET = 21
# Names and axes of a forger's inputs and output, in the order of its forward.
INPUTS = ("synthetic", "ink", "px_per_mm", "noise")
OUTPUT = "forged"
# Free sides are multiples of this, as ONNX Runtime's callers pad them anyway.
MULTIPLE = 64
# Images of the traced call; any size and number does.
_TRACED = (2, 2 * MULTIPLE, 3 * MULTIPLE)
# Sizes (batch, height, width) at which parity is checked; none is the traced one.
_CHECKED = ((1, 256, 256), (3, 64, 192), (1, 320, 128))
# Levels of 255 by which ONNX Runtime and PyTorch may differ: floats, 1e-4 of the range [-1, 1].
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Parity:
    """How far an ONNX file is from the network it was made of, in units of [-1, 1]."""

    path: Path
    largest: float
    # images compared
    images: int

    @property
    def ok(self) -> bool:
        """Whether it is the same network."""
        return self.largest <= _TOLERANCE

    def summary(self) -> str:
        """Return the verdict as a line."""
        verdict = "same" if self.ok else f"NOT the same (at most {_TOLERANCE:g})"
        return (
            f"{self.path}: {self.images} images, largest difference {self.largest:.2e}: {verdict}"
        )


def export_forger(forger: nn.Module, path: Path | str) -> Parity:
    """Write ``forger`` to ``path`` and return how it compares.

    Batch and sides are free; sides must be multiples of 64. The file has one piece, weights
    included, and takes ``synthetic`` float32 [B, 3, H, W] in [-1, 1], ``ink`` [B, 1, H, W] in
    [0, 1], ``px_per_mm`` [B] and, if the forger takes noise, ``noise`` [B, K, H, W]; it gives
    ``forged`` [B, 3, H, W].

    Args:
        forger: ``seal2real.models.forger.Forger``, or a module that is called alike and has
            ``noise_channels``.
        path: of the ONNX file.

    Raises:
        FileNotFoundError: if the folder is not there.
        ValueError: if the written file does not compute the same.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"export_forger: path must lie in a folder that is there, got {path}; make "
            f"{path.parent} first"
        )
    forger = forger.eval()
    inputs = _example(forger, *_TRACED)
    with warnings.catch_warnings(), _quiet("torch.onnx._internal.exporter._registration"):
        # Of axes named twice, and of PyTorch's own future.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            forger,
            tuple(inputs),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(INPUTS[: len(inputs)]),
            output_names=[OUTPUT],
            dynamic_shapes=_dynamic_shapes(len(inputs)),
            optimize=True,
            verbose=False,
        )
    assert program is not None, "dynamo=True gives a program"
    # Under its name only when it has been checked.
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        unchecked = Path(folder) / path.name
        write_program(program, unchecked)
        parity = replace(check_forger(forger, unchecked), path=path)
        if not parity.ok:
            raise ValueError(
                "export_forger: the file must compute what the network does, got "
                f"{parity.summary()}; report the versions of torch, onnx and onnxruntime"
            )
        unchecked.replace(path)
    return parity


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Hear errors alone of ``logger``, which warns that torchvision, unused here, is not installed."""
    named = logging.getLogger(logger)
    level = named.level
    named.setLevel(logging.ERROR)
    try:
        yield
    finally:
        named.setLevel(level)


def write_program(program: Any, path: Path) -> None:
    """Write what ``torch.onnx.export`` returned, less stack traces and inner shapes.

    They are an eighth of a small file, and name places of the machine that made it.
    """
    proto = program.model_proto
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*proto.graph.input, *proto.graph.output):
        del value.metadata_props[:]
    del proto.graph.value_info[:]
    del proto.graph.metadata_props[:]
    del proto.metadata_props[:]
    path.write_bytes(proto.SerializeToString())


def check_forger(forger: nn.Module, path: Path | str) -> Parity:
    """Run ``forger`` and the ONNX file ``path`` on the same random inputs of several sizes.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if its inputs are not a forger's.
    """
    from seal2real.realise.forger import open_session

    session = open_session(Path(path))
    largest, images = 0.0, 0
    for size in _CHECKED:
        inputs = _example(forger, *size)
        with torch.inference_mode():
            ours = forger.eval()(*inputs).numpy()
        names = [item.name for item in session.get_inputs()]
        feed: dict[str, NDArray[Any]] = {
            name: tensor.numpy() for name, tensor in zip(INPUTS, inputs, strict=False)
        }
        theirs = session.run([OUTPUT], {name: feed[name] for name in names})[0]
        largest = max(largest, float(np.abs(ours - theirs).max()))
        images += size[0]
    return Parity(Path(path), largest, images)


def _example(forger: nn.Module, batch: int, height: int, width: int) -> list[torch.Tensor]:
    """Return inputs of a fixed seed."""
    generator = torch.Generator().manual_seed(height * 8192 + width)
    channels = int(getattr(forger, "noise_channels", 0))  # typed as a module by nn.Module
    inputs = [
        torch.rand(batch, 3, height, width, generator=generator) * 2 - 1,
        torch.rand(batch, 1, height, width, generator=generator),
        torch.rand(batch, generator=generator) * 8 + 4,
    ]
    if channels:
        inputs.append(torch.randn(batch, channels, height, width, generator=generator))
    return inputs


def _dynamic_shapes(count: int) -> tuple[dict[int, Any], ...]:
    batch = torch.export.Dim("batch", min=1, max=1024)
    rows, columns = (torch.export.Dim(name, min=1, max=128) for name in ("rows", "columns"))
    plane = {0: batch, 2: MULTIPLE * rows, 3: MULTIPLE * columns}
    shapes: list[dict[int, Any]] = [dict(plane), dict(plane), {0: batch}, dict(plane)]
    return tuple(shapes[:count])
