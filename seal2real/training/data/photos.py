"""Crops of photographs in a folder of the user's, for networks that only look at images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.rng import Rng
from seal2real.training.data.real_files import read_mask, read_real

__all__ = ["PhotoCrops", "find_photos"]

_SUFFIXES = (".png", ".jpg", ".jpeg")
# A photograph NAME may have a mask of what to ignore beside it under one of these names.
_IGNORE_NAMES = ("{stem}.ignore.png", "{stem}_overlaymask.png", "{base}_overlaymask.png")
_MASK_WORDS = ("mask", ".ignore")
# Crops are cut out of the photograph shrunk or enlarged by at most this factor.
_SCALE = (0.8, 1.25)
_TRIES = 20
# Photographs kept in memory: 64 pages of 5 megapixels are 1 GB.
_KEPT = 64


@dataclass(frozen=True)
class PhotoCrops:
    """Random crops of the photographs below ``folders``, each a function of (seed, index).

    Args:
        folders: searched for PNG and JPEG files, subfolders included; files with "mask" or
            ".ignore" in their names are masks. A mask NAME.ignore.png or NAME_overlaymask.png
            beside a photograph marks pixels (255) that no crop may hold.
        size: side of the crops, px.
        seed: names the crops.
        only: names (patterns as in a shell) to take; empty takes all.
        leave_out: names to leave out, for instance those held out for a test.

    Raises:
        ValueError: if a folder has no photograph as large as a crop.
    """

    folders: tuple[Path, ...]
    size: int
    seed: int = 0
    only: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError(
                f"PhotoCrops: folders must hold photographs, got none of PNG or JPEG in "
                f"{', '.join(map(str, self.folders))}; check the folder and the names left out"
            )

    @property
    def files(self) -> tuple[Path, ...]:
        """The photographs in use."""
        return find_photos(self.folders, self.only, self.leave_out)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:  # [3, size, size]
        """Return crop ``index``: RGB, turned by right angles, mirrored, exposed a little anew."""
        rng = Rng(self.seed, "photo", index)
        files = self.files
        for attempt in range(_TRIES):
            stream = rng.child(attempt)
            crop = _cut(stream, *_load(stream.choice(files)), self.size)
            if crop is not None:
                return np.ascontiguousarray(_jitter(stream, crop).transpose(2, 0, 1))
        raise ValueError(
            f"PhotoCrops: photographs must have room for crops of {self.size} px beside what their "
            f"masks mark, got none in {_TRIES} tries; use larger photographs"
        )


@lru_cache(maxsize=16)
def find_photos(
    folders: Sequence[Path], only: Sequence[str] = (), leave_out: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Return the photographs below ``folders`` in order of their paths."""
    found = []
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            name = path.name.lower()
            if path.suffix.lower() not in _SUFFIXES or any(w in name for w in _MASK_WORDS):
                continue
            if only and not any(fnmatch(path.name, pattern) for pattern in only):
                continue
            if not any(fnmatch(path.name, pattern) for pattern in leave_out):
                found.append(path)
    return tuple(found)


@lru_cache(maxsize=_KEPT)
def _load(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """Return the photograph [H, W, 3] and what to ignore of it [H, W], or None."""
    pixels = read_real(path)
    base = path.stem.rsplit("_", 1)[0]
    for pattern in _IGNORE_NAMES:
        mask = path.parent / pattern.format(stem=path.stem, base=base)
        if mask.exists():
            return pixels, read_mask(mask)
    return pixels, None


def _cut(
    rng: Rng, pixels: NDArray[np.uint8], ignore: NDArray[np.bool_] | None, size: int
) -> NDArray[np.uint8] | None:
    """Return a crop [size, size, 3] that touches nothing of ``ignore``; None if this one does."""
    height, width = pixels.shape[:2]
    side = min(round(size / rng.uniform(*_SCALE)), height, width)
    if side * _SCALE[1] < size:
        return None
    x0, y0 = rng.integer(0, width - side + 1), rng.integer(0, height - side + 1)
    if ignore is not None and ignore[y0 : y0 + side, x0 : x0 + side].any():
        return None
    crop = pixels[y0 : y0 + side, x0 : x0 + side]
    if side != size:
        image = Image.fromarray(crop).resize((size, size), Image.Resampling.BICUBIC)
        crop = np.asarray(image)
    return crop


def _jitter(rng: Rng, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the crop turned, mirrored, and with light and colour changed a little."""
    crop = np.rot90(crop, rng.integer(0, 4))
    if rng.bernoulli(0.5):
        crop = crop[:, ::-1]
    gain = np.array([rng.uniform(0.85, 1.15) * rng.uniform(0.96, 1.04) for _ in range(3)])
    gain = 0.7 * gain.mean() + 0.3 * gain
    lift = rng.uniform(-12.0, 12.0)
    return np.clip(crop * gain + lift + 0.5, 0, 255).astype(np.uint8)
