"""Read a seal's text lines with rapidocr, for the gate's optional score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.unwrap import unwrap, unwrap_chars

__all__ = ["line_reader"]

# Directions whose glyphs no straightened polygon sets upright in reading order.
_BY_CHARS = ("ccw_out", "grid", "column")
# Height at which the recogniser reads, px (PP-OCRv4 takes 48 with margins).
_STRIP_PX = 40
_PAD_PX = 6


def line_reader() -> Callable[[NDArray[np.uint8], dict[str, Any]], str]:
    """Return (image, text record) -> what an OCR that knows nothing of us reads there.

    Raises:
        ImportError: if rapidocr-onnxruntime is not installed.
    """
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError as error:
        raise ImportError(
            "line_reader: rapidocr-onnxruntime must be installed for --ocr, got none; "
            "pip install 'seal2real[ocr]', or leave --ocr out"
        ) from error
    engine = RapidOCR(intra_op_num_threads=1)

    def read(image: NDArray[np.uint8], line: dict[str, Any]) -> str:
        strip = _strip(image, line)
        result, _ = engine(strip[..., ::-1].copy(), use_det=False, use_cls=False, use_rec=True)
        return str(result[0][0]) if result else ""

    return read


def _strip(image: NDArray[np.uint8], line: dict[str, Any]) -> NDArray[np.uint8]:
    """Return the line set straight, with some paper round it."""
    if line["direction"] in _BY_CHARS:
        quads = [char["quad"] for char in line["chars"]]
        flat = unwrap_chars(image, quads, height_px=_STRIP_PX).image
    else:
        flat = unwrap(image, line["polygon"], height_px=_STRIP_PX).image
    return np.pad(flat, ((_PAD_PX, _PAD_PX), (_PAD_PX, _PAD_PX), (0, 0)), mode="edge")
