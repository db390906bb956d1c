"""Folders of stand-ins for real images: drawn crops with another ink, so that nothing is private."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from seal2real.training.data.drawn import DrawnStream

__all__ = ["paint_folder"]

SIDE = 160


@cache
def _painted(index: int) -> Image.Image:
    """Return drawn crop ``index`` whose ink is green: red and blue swapped below green."""
    item = DrawnStream(SIDE, seed=77, px_per_mm=(3.9, 4.1), seal_free=0.0)[index]
    clean, sealed = (item[name].astype(np.int32) for name in ("clean", "synthetic"))
    loss = (clean - sealed).max(0)
    green = clean - np.stack([loss, loss // 4, loss])
    pixels = np.where(item["mask"], green, sealed).clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels.transpose(1, 2, 0))


def paint_folder(folder: Path, count: int = 10) -> Path:
    """Write ``count`` images of 160 px at 4 px per mm; return ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        _painted(index).save(folder / f"real-{index:03d}.png")
    return folder
