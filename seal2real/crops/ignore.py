"""Masks that a user lays beside images: drawn boxes, tags, titles, private lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.pages.images import IMAGE_SUFFIXES, find_files

__all__ = ["IgnoreMasks", "without_masks"]

# What a mask's name has beyond the image's: photo.mask.png, photo_overlaymask.png, photo.ignore.png.
_MASK_WORD = re.compile(r"[._-](overlaymask|overlay|mask|ignore)$", re.IGNORECASE)
# What an image's name may have beyond the mask's: photo_tile.png beside photo_overlaymask.png.
_IMAGE_WORD = re.compile(r"[._-](tile|image|img|photo|scan)$", re.IGNORECASE)


class IgnoreMasks:
    """The ignore masks in a folder, by the names of the images they belong to.

    A mask is an image of the same size, 128 and above where to ignore. It is called like its image,
    or so with .ignore, .mask or _overlaymask before the suffix; a _tile, _image, _photo or _scan at
    the end of the image's name does not count.

    Args:
        folder: where masks lie; None has none.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if two masks have one name.
    """

    def __init__(self, folder: Path | None) -> None:
        self._by_name: dict[str, Path] = {}
        for path in find_files(folder, IMAGE_SUFFIXES) if folder is not None else []:
            name = _MASK_WORD.sub("", path.stem)
            other = self._by_name.setdefault(name, path)
            if other != path and _is_mask(path) and _is_mask(other):
                raise ValueError(
                    f"IgnoreMasks: folder must hold one mask an image, got {other.name} and "
                    f"{path.name}; remove one"
                )
            if _is_mask(path):
                self._by_name[name] = path

    def path(self, image: Path) -> Path | None:
        """Return the mask of an image, or None."""
        for name in (image.stem, _IMAGE_WORD.sub("", image.stem)):
            path = self._by_name.get(name)
            if path is not None and path.resolve() != image.resolve():
                return path
        return None

    def read(self, image: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return what to ignore of an image, bool ``shape``; all False without a mask.

        Raises:
            ValueError: with the reason alone, if the mask has another size or is damaged.
        """
        path = self.path(image)
        if path is None:
            return np.zeros(shape, bool)
        try:
            with Image.open(path) as plane:
                mask = np.asarray(plane.convert("L")) >= 128
        except (OSError, SyntaxError) as error:
            raise ValueError(f"its mask {path.name} is damaged ({error})") from None
        if mask.shape != shape:
            raise ValueError(
                f"its mask {path.name} has {mask.shape[1]} x {mask.shape[0]} pixels, the image "
                f"{shape[1]} x {shape[0]}"
            )
        return mask


def _is_mask(path: Path) -> bool:
    return _MASK_WORD.search(path.stem) is not None


def without_masks(files: Sequence[Path], folder: Path, ignore: Path | None) -> list[Path]:
    """Return the files that are images to search: not masks that lie among them.

    Args:
        files: all images below ``folder``.
        folder: the folder to search.
        ignore: the folder of masks, or None.
    """
    if ignore is None or not ignore.resolve().is_relative_to(folder.resolve()):
        return list(files)
    if ignore.resolve() != folder.resolve():
        return [p for p in files if not p.resolve().is_relative_to(ignore.resolve())]
    return [path for path in files if not _is_mask(path)]
