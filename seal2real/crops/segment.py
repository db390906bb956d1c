"""Run the shipped segmenter on whole images with ONNX Runtime; torch is not needed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["WEIGHTS", "open_segmenter", "seal_planes"]

WEIGHTS = Path(__file__).resolve().parent.parent / "weights" / "segmenter.onnx"
_FACTOR = 32
# Tiles of larger images, and the rim of a tile that only lends context; multiples of 32.
_TILE, _RIM = 1024, 128

Image = NDArray[np.uint8]


@lru_cache(maxsize=2)
def open_segmenter(weights: Path = WEIGHTS) -> Any:
    """Return an ONNX Runtime session on one thread, the same bytes for any number of processes.

    Raises:
        FileNotFoundError: if the weights are missing.
        ModuleNotFoundError: if ONNX Runtime is.
    """
    if not weights.is_file():
        raise FileNotFoundError(
            f"open_segmenter: weights must exist, got {weights}; install the package whole, or "
            "train them with `python -m seal2real.training.stages.segmenter OUT`"
        )
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "open_segmenter: onnxruntime must be installed; pip install 'onnxruntime>=1.17'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


def seal_planes(
    session: Any,
    image: Image,  # [H, W, 3] RGB
) -> NDArray[np.float32]:  # [2, ceil(H / 2), ceil(W / 2)]
    """Return probabilities 0..1 of (ink, inside a seal) for squares of 2 x 2 px.

    Args:
        session: from `open_segmenter`.
        image: at 3 to 12 px/mm; large ones are read in overlapping tiles.
    """
    height, width = image.shape[:2]
    out = np.zeros((2, -(-height // 2), -(-width // 2)), np.float32)
    for top, bottom in _tiles(height):
        for left, right in _tiles(width):
            y0, x0 = max(top - _RIM, 0), max(left - _RIM, 0)
            y1, x1 = min(bottom + _RIM, height), min(right + _RIM, width)
            planes = _run(session, image[y0:y1, x0:x1])
            rows, columns = slice(top // 2, -(-bottom // 2)), slice(left // 2, -(-right // 2))
            inner = planes[:, (top - y0) // 2 :, (left - x0) // 2 :]
            out[:, rows, columns] = inner[
                :, : rows.stop - rows.start, : columns.stop - columns.start
            ]
    return out


def _tiles(length: int) -> list[tuple[int, int]]:
    """Return where tiles begin and end; one for images up to a tile and its two rims."""
    if length <= _TILE + 2 * _RIM:
        return [(0, length)]
    return [(start, min(start + _TILE, length)) for start in range(0, length, _TILE)]


def _run(session: Any, part: Image) -> NDArray[np.float32]:
    """Return the planes of one tile, extended by its edges to a multiple of 32."""
    height, width = part.shape[:2]
    pad = ((0, -height % _FACTOR), (0, -width % _FACTOR), (0, 0))
    wide = np.pad(part, pad, mode="edge").astype(np.float32) / np.float32(255.0)
    planes = session.run(None, {"image": np.ascontiguousarray(wide.transpose(2, 0, 1))[None]})[0]
    found: NDArray[np.float32] = planes[0]
    return found
