"""The streams of drawn and real images as a configuration describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from seal2real.training.config import DataConfig
from seal2real.training.data.checks import check_real, real_folder
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.data.real import RealCrops

__all__ = ["as_images", "drawn_stream", "real_crops"]

_MM_PER_INCH = 25.4


def drawn_stream(
    data: DataConfig,
    *,
    seed: int,
    split: str = "train",
    scales: Sequence[float] | None = None,
    seal_free: float | None = None,
) -> DrawnStream:
    """Return drawn crops of ``data``'s size, pages, presets and capture profile.

    Drawn at the scales of real windows they are turned as those are; else they are upright.

    Args:
        data: section of the configuration.
        seed: any integer.
        split: "train", "val" or "test".
        scales: px per mm to draw at (``RealCrops.scales``): a mismatch alone would tell drawn from
            real. None draws from ``data.dpi``.
        seal_free: share of crops without seals; None is the stream's own.

    Raises:
        ValueError, OSError: if nothing can be drawn from these sources; found by drawing once.
    """
    low, high = (dpi / _MM_PER_INCH for dpi in data.dpi)
    more: dict[str, Any] = {} if seal_free is None else {"seal_free": seal_free}
    stream = DrawnStream(
        data.size,
        seed=seed,
        split=split,
        px_per_mm=(low, high) if scales is None else scales,
        turned=scales is not None,
        pages=data.pages,
        presets=data.presets,
        profile=data.profile or None,
        language=data.language,
        rules=data.rules,
        any_angle=data.any_angle,
        **more,
    )
    _ = stream[0]  # now, and not when thousands of real images have been encoded
    return stream


def real_crops(data: DataConfig, *, seed: int, split: str, augment: bool = True) -> RealCrops:
    """Return windows of the user's real images.

    Args:
        data: section of the configuration; ``real`` must name a folder.
        seed: any integer.
        split: "train" or "held".
        augment: False cuts plain middles.

    Raises:
        ValueError: if no folder is named, as :class:`RealCrops`, or if the images are marked or made
            by a program.
        FileNotFoundError: if the folder is not there.
    """
    folder = real_folder(data)
    crops = RealCrops(
        folder,
        data.size,
        seed=seed,
        split=split,
        folds=data.folds,
        fold=data.fold,
        px_per_mm=data.px_per_mm or None,
        groups=data.groups or None,
        augment=augment,
    )
    check_real(folder, crops.images)
    return crops


def as_images(
    pixels: Tensor,  # uint8 [B, 3, H, W]
) -> Tensor:  # float32 [B, 3, H, W] in [-1, 1]
    """Return 8-bit images as networks want them."""
    return pixels.float() / 127.5 - 1.0
