"""The user's real images as a stream of training windows.

Few real images are there, so windows are cut at random, turned and re-lit; what was never
photographed (rims, drawn boxes, what lies outside a picture) is marked as not valid.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.rng import Rng
from seal2real.training.data.real_files import (
    BORDER_PX,
    RealImage,
    list_real,
    read_trimmed,
    split_images,
)

__all__ = ["LEAST_IMAGES", "MOST_ENLARGED", "RealCrops", "RealItem"]

# Below it a prior learns the images by heart instead of what they share.
LEAST_IMAGES = 8
# Enlarging further blurs strokes in a way that no camera does.
MOST_ENLARGED = 1.25
_LEAST_SCALED = 0.85
# Finer images are shrunk to 300 dpi, the finest that pages are drawn at.
MAX_PX_PER_MM = 12.0
# Share of windows that are cut without any resampling.
_UNSCALED_SHARE = 0.5
_SIGMA_TURN_DEG = 4.0
# Sigma of the logarithm: of each channel's gain, of all channels' gain, of gamma.
_SIGMA_CAST, _SIGMA_LIGHT, _SIGMA_GAMMA = 0.02, 0.05, 0.05
_CACHE_BYTES = 256 << 20

RealItem = dict[str, Any]


@dataclass(frozen=True)
class _View:
    """How one window is cut: ``scale`` window px per image px, turned clockwise, round a centre."""

    scale: float
    angle_deg: float
    # share 0..1 of the way that the window can move in the image, x and y
    at: tuple[float, float]
    # factors of the three channels, and gamma
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0


class RealCrops:
    """Windows of real images; window ``index`` is a function of (seed, index) alone.

    An item is a dict: "image" uint8 [3, size, size] RGB; "valid" bool [size, size], False where
    the pixel is ignored or was never photographed (such pixels hold plausible colours, but must
    not count in a loss); "px_per_mm" float, pixels per millimetre of the window.

    ``len()`` is the number of images, any index from 0 on is allowed: every round of ``len()``
    indices sees each image once, in another order and another way.

    Args:
        folder: written by `seal2real crops`, or a plain folder; see `list_real`.
        size: side of the windows, px, a multiple of 8.
        seed: names the stream.
        split: "train", "held" or "all"; whole sources are held out, see `split_images`.
        folds: parts of the split.
        fold: the part that is held out.
        px_per_mm: of images without a recorded one, see `list_real`.
        groups: CSV with ``file`` and ``source``, see `list_real`.
        augment: False cuts every window from the middle, unscaled, unturned and unchanged.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if there are fewer than 8 images (of all splits), an image has a wrong mode or
            size, or ``size`` is too large for it: windows are never enlarged by more than 1.25.
    """

    def __init__(
        self,
        folder: Path | str,
        size: int,
        *,
        seed: int = 0,
        split: str = "train",
        folds: int = 5,
        fold: int = 0,
        px_per_mm: float | None = None,
        groups: Path | str | None = None,
        augment: bool = True,
    ) -> None:
        _check_size(size)
        everything = list_real(folder, px_per_mm=px_per_mm, groups=groups)
        if len(everything) < LEAST_IMAGES:
            raise ValueError(
                f"RealCrops: folder must hold at least {LEAST_IMAGES} images, got "
                f"{len(everything)} in {folder}; add scans or photographs of sealed pages"
            )
        for image in everything:
            _check_fills(image, size)
        self.images = split_images(everything, split, folds, fold)
        self.size = size
        self.seed = seed
        self.augment = augment
        self._cache: OrderedDict[int, tuple[NDArray[np.uint8], NDArray[np.bool_]]] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cache": OrderedDict()}

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __iter__(self) -> Iterator[RealItem]:
        """Yield one round of windows."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> RealItem:
        """Return window ``index``."""
        number, view = self._plan(index)
        pixels, valid = self._pixels(number)
        window, seen = _cut(pixels, valid, view, self.size)
        return {
            "image": np.ascontiguousarray(_relit(window, view).transpose(2, 0, 1)),
            "valid": seen,
            "px_per_mm": self._base_scale(number) * view.scale,
        }

    def as_photographed(self, index: int) -> RealItem:
        """Return window ``index``, cut anywhere and turned by quarters, whatever ``augment`` is.

        For judges of grain, which would see resampling and other light where drawn windows have none;
        only scans finer than 300 dpi were shrunk to it.
        """
        number = self.image_number(index)
        rng = Rng(self.seed, "real", "as photographed", index)
        view = _View(1.0, 90.0 * rng.integer(0, 4), (rng.uniform(), rng.uniform()))
        window, seen = _cut(*self._pixels(number), view, self.size)
        return {
            "image": np.ascontiguousarray(window.transpose(2, 0, 1)),
            "valid": seen,
            "px_per_mm": self._base_scale(number),
        }

    def scales(self, count: int = 1024, *, as_photographed: bool = False) -> list[float]:
        """Return px_per_mm of the first ``count`` windows: what drawn windows should match.

        Args:
            count: at least 1.
            as_photographed: of the windows of that name.
        """
        if as_photographed:
            return [self._base_scale(self.image_number(index)) for index in range(count)]
        planned = (self._plan(index) for index in range(count))
        return [self._base_scale(number) * view.scale for number, view in planned]

    def whole(self, number: int) -> NDArray[np.uint8]:  # [H, W, 3]
        """Return image ``number`` as windows are cut from it: trimmed, shrunk, ignored parts filled."""
        return self._pixels(number)[0]

    def image_number(self, index: int) -> int:
        """Return which of ``images`` window ``index`` is cut from."""
        if index < 0:
            raise IndexError(f"RealCrops: index must be at least 0, got {index}; count from 0")
        turn, place = divmod(index, len(self.images))
        if not self.augment:
            return place
        return Rng(self.seed, "real", "order", turn).shuffled(range(len(self.images)))[place]

    def _plan(self, index: int) -> tuple[int, _View]:
        """Return the image and the view of window ``index``."""
        number = self.image_number(index)
        if not self.augment:
            return number, _View(1.0, 0.0, (0.5, 0.5))
        width, height = self._shape(number)
        small = min(width, height) < self.size
        return number, _sample_view(Rng(self.seed, "real", index), small)

    def _shape(self, number: int) -> tuple[int, int]:
        """Return width and height of an image, trimmed and shrunk to the finest scale."""
        image = self.images[number]
        shrink = min(1.0, MAX_PX_PER_MM / image.px_per_mm)
        width, height = (round((side - 2 * BORDER_PX) * shrink) for side in image.size)
        return width, height

    def _base_scale(self, number: int) -> float:
        return min(self.images[number].px_per_mm, MAX_PX_PER_MM)

    def _pixels(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Return (RGB [H, W, 3], valid [H, W]) of an image, trimmed; kept for the next call."""
        if number not in self._cache:
            self._cache[number] = _load(self.images[number], self._shape(number))
            total = sum(pixels.nbytes + valid.nbytes for pixels, valid in self._cache.values())
            while total > _CACHE_BYTES and len(self._cache) > 1:
                _, dropped = self._cache.popitem(last=False)
                total -= sum(plane.nbytes for plane in dropped)
        self._cache.move_to_end(number)
        return self._cache[number]


def _check_size(size: int) -> None:
    if size < 8 or size % 8:
        raise ValueError(
            f"RealCrops: size must be a positive multiple of 8, got {size}; 256 suits the tiny base"
        )


def _check_fills(image: RealImage, size: int) -> None:
    """Refuse an image of which a window would be mostly made up."""
    side = min(image.size) - 2 * BORDER_PX
    shrink = min(1.0, MAX_PX_PER_MM / image.px_per_mm)
    if side * shrink * MOST_ENLARGED >= size / 2:
        return
    raise ValueError(
        f"RealCrops: {image.path} must fill half of the window's side when enlarged by "
        f"{MOST_ENLARGED}, got {side} px for windows of {size}; lower size or remove it"
    )


def _load(image: RealImage, shape: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the trimmed image and where it is valid, both of ``shape`` (width, height)."""
    pixels, valid = read_trimmed(image)
    if (pixels.shape[1], pixels.shape[0]) == shape:
        return pixels, valid
    shrunk = Image.fromarray(pixels).resize(shape, Image.Resampling.BICUBIC)
    share = Image.fromarray(valid.astype(np.uint8) * 255).resize(shape, Image.Resampling.BOX)
    return np.asarray(shrunk), np.asarray(share) == 255


def _sample_view(rng: Rng, small: bool) -> _View:
    """Draw how a window is cut; ``small`` images are never shrunk further."""
    scale, turn = 1.0, 0.0
    if not rng.bernoulli(_UNSCALED_SHARE):
        low = math.log(1.0 if small else _LEAST_SCALED)
        scale = min(math.exp(rng.uniform(low, math.log(MOST_ENLARGED))), MOST_ENLARGED)
        turn = rng.normal(0.0, _SIGMA_TURN_DEG)
    turn += 90.0 * rng.integer(0, 4)
    light = rng.normal(0.0, _SIGMA_LIGHT)
    r, g, b = (math.exp(light + rng.normal(0.0, _SIGMA_CAST)) for _ in range(3))
    at = (rng.uniform(), rng.uniform())
    return _View(scale, turn, at, (r, g, b), math.exp(rng.normal(0.0, _SIGMA_GAMMA)))


def _cut(
    pixels: NDArray[np.uint8],  # [H, W, 3]
    valid: NDArray[np.bool_],  # [H, W]
    view: _View,
    size: int,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the window [size, size, 3] and where it is valid; beyond the image it is mirrored."""
    quarter = round(view.angle_deg / 90.0)
    pixels, valid = np.rot90(pixels, -quarter), np.rot90(valid, -quarter)
    rest = math.radians(view.angle_deg - 90.0 * quarter)
    # half of the window's reach in the image, px
    reach = size / 2 / view.scale * (abs(math.cos(rest)) + abs(math.sin(rest)))
    x, y = (_centre(side, reach, at) for side, at in zip(pixels.shape[1::-1], view.at, strict=True))
    pad = math.ceil(max(reach - min(x, pixels.shape[1] - x, y, pixels.shape[0] - y), 0.0)) + 2
    wide = np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    seen = np.pad(valid, pad)
    if view.scale == 1.0 and rest == 0.0:
        left, top = round(x - size / 2) + pad, round(y - size / 2) + pad
        at = (slice(top, top + size), slice(left, left + size))
        return wide[at], np.ascontiguousarray(seen[at])
    matrix = _affine(view.scale, rest, (x + pad, y + pad), size)
    cut = Image.fromarray(wide).transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    plane = Image.fromarray(seen.astype(np.uint8) * 255).transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.asarray(cut), np.asarray(plane) == 255


def _centre(side: int, reach: float, at: float) -> float:
    """Return the window's centre along one axis: anywhere inside, or the middle if too small."""
    slack = max(side - 2 * reach, 0.0)
    return side / 2 + slack * (at - 0.5)


def _affine(
    scale: float, angle_rad: float, centre: tuple[float, float], size: int
) -> tuple[float, float, float, float, float, float]:
    """Return Pillow's coefficients of window px -> image px; the window shows it turned clockwise."""
    cos, sin = math.cos(angle_rad) / scale, math.sin(angle_rad) / scale
    half = size / 2
    return (
        cos,
        sin,
        centre[0] - half * (cos + sin),
        -sin,
        cos,
        centre[1] - half * (cos - sin),
    )


def _relit(window: NDArray[np.uint8], view: _View) -> NDArray[np.uint8]:
    """Return the window with other gains and gamma."""
    if view.gain == (1.0, 1.0, 1.0) and view.gamma == 1.0:
        return window
    levels = np.arange(256) / 255.0
    table = np.stack([255.0 * np.clip(g * levels, 0.0, 1.0) ** view.gamma for g in view.gain])
    lookup = np.rint(table).astype(np.uint8)
    return np.stack([lookup[channel][window[..., channel]] for channel in range(3)], axis=2)
