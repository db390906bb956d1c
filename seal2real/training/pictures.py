"""Sample grids: rows of images side by side, and the real image nearest to a forged one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from seal2real.sealdb.files import atomic_write, make_folder
from seal2real.sealdb.provenance import Provenance, embed

__all__ = ["grid", "nearest_real", "save_picture"]

_GAP_PX = 4
# Side of the thumbnails that nearness is judged on, px.
_THUMB_PX = 16


def grid(
    columns: Sequence[Tensor],  # each [B, 3, H, W] in [-1, 1]
) -> Tensor:  # [3, B * (H + gap) + gap, len(columns) * (W + gap) + gap] in [0, 1]
    """Return a picture with a row a sample and a column a tensor, on a white ground."""
    rows = torch.stack([column.detach().float().cpu() for column in columns], 1)
    batch, count, _, height, width = rows.shape
    step_y, step_x = height + _GAP_PX, width + _GAP_PX
    picture = torch.ones(3, batch * step_y + _GAP_PX, count * step_x + _GAP_PX)
    for i in range(batch):
        for j in range(count):
            y, x = _GAP_PX + i * step_y, _GAP_PX + j * step_x
            picture[:, y : y + height, x : x + width] = rows[i, j] * 0.5 + 0.5
    return picture.clamp(0.0, 1.0)


def nearest_real(
    forged: Tensor,  # [B, 3, H, W] in [-1, 1]
    real: Tensor,  # [R, 3, H, W] in [-1, 1]
) -> Tensor:  # [B, 3, H, W]
    """Return for every forged image the real one nearest to it in colours and coarse layout.

    Nearness is the Euclidean distance of thumbnails of 16 x 16 px.
    """
    ours, theirs = (_thumbs(images) for images in (forged, real))
    return real[torch.cdist(ours, theirs).argmin(1)]


def _thumbs(images: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(images.detach().float(), _THUMB_PX).flatten(1)


def save_picture(path: Path, picture: Tensor) -> None:
    """Write ``picture``, float [3, H, W] in [0, 1], as PNG whose metadata say a program made it.

    Raises:
        WriteError: if the disk refuses.
    """
    make_folder(path.parent)
    pixels = (picture.detach().float().cpu().clamp(0, 1) * 255).round().to(torch.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(stream, "PNG")
    atomic_write(path, embed(stream.getvalue(), Provenance("training")), sync=False)
