"""Which real images there are, where each comes from, and how large a millimetre is in it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from seal2real.crops.fill import fill_ignored, grow
from seal2real.pages.decode import upright_rgb
from seal2real.pages.files import relative_name
from seal2real.pages.images import IMAGE_SUFFIXES, find_files

__all__ = [
    "BORDER_PX",
    "IGNORE_SUFFIX",
    "LEAST_SIDE_PX",
    "SPLITS",
    "RealImage",
    "list_real",
    "read_ignore",
    "read_mask",
    "read_real",
    "read_trimmed",
    "split_images",
]

# Rims of cut and compressed pictures: ringing, blocky chroma, drawn frames.
BORDER_PX = 6
# After trimming; below it a picture holds no seal that could be learnt from.
LEAST_SIDE_PX = 64
IGNORE_SUFFIX = ".ignore.png"
# Ignored regions grow by the reach of bicubic resampling and of JPEG's ringing.
_GROWTH_PX = 3
SPLITS = ("train", "held", "all")
# Diameter of a company's round seal (GB/T 33481-2016: 40 mm); millimetres of an image that says
# nothing are counted on the guess that one such seal fills it.
ROUND_SEAL_MM = 40.0
_PX_PER_MM_RANGE = (0.5, 100.0)


@dataclass(frozen=True)
class RealImage:
    """One image file to learn from."""

    path: Path
    # what is held out together: the scan a crop comes from, a company, or the file itself
    source: str
    # pixels per millimetre of the file
    px_per_mm: float
    # width and height, upright, px
    size: tuple[int, int]

    @property
    def ignore_path(self) -> Path:
        """Where its ignore mask lies, if it has one."""
        return self.path.with_name(self.path.stem + IGNORE_SUFFIX)


def list_real(
    folder: Path | str, *, px_per_mm: float | None = None, groups: Path | str | None = None
) -> tuple[RealImage, ...]:
    """Return the images of a folder in the order of their names.

    Args:
        folder: what `seal2real crops` wrote, less what was deleted or is named in its exclude.txt;
            or any folder of images, where NAME.ignore.png beside NAME.* is its ignore mask.
        px_per_mm: of images without an estimate in crops.jsonl; None: a 40 mm seal is taken to
            fill each of them.
        groups: CSV file with columns ``file`` (name below the folder, or its last part) and
            ``source``: what is held out together.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if an image is not RGB, is damaged or too small, px_per_mm is out of
            range, a mask does not fit, exclude.txt names no file of the listing, or a file of the
            folder is missing in ``groups``.
    """
    folder = Path(folder)
    if px_per_mm is not None and not _PX_PER_MM_RANGE[0] <= px_per_mm <= _PX_PER_MM_RANGE[1]:
        raise ValueError(
            f"list_real: px_per_mm must be in {_PX_PER_MM_RANGE}, got {px_per_mm}; "
            "at 300 dpi it is 11.8"
        )
    if not folder.is_dir():
        raise FileNotFoundError(f"list_real: folder must exist, got {folder}; check the path")
    listing = folder / "crops.jsonl"
    listed = listing.is_file()
    images = _from_listing(folder, listing) if listed else _from_folder(folder, px_per_mm)
    if groups is not None:
        named = _read_groups(Path(groups))
        images = [
            RealImage(i.path, _group_of(i.path, folder, named, groups), i.px_per_mm, i.size)
            for i in images
        ]
    for image in images:
        read_ignore(image)
    return tuple(images)


def read_real(path: Path) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return an image of :func:`list_real` as upright sRGB.

    Raises:
        ValueError: if the file is cut short: its size and mode, which were checked, come first.
    """
    try:
        with Image.open(path) as image:
            return upright_rgb(image)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"read_real: {path} must be a complete image, got {error}; repair or remove it"
        ) from None


def split_images(
    images: Sequence[RealImage], split: str, folds: int, fold: int
) -> tuple[RealImage, ...]:
    """Return the images of one side of a split; no source is on both sides.

    Sources go to ``folds`` parts of about equal numbers of images, the largest first, in an order
    that their names alone decide.

    Args:
        images: all of them.
        split: "held" is part ``fold``, "train" the others, "all" everything.
        folds: number of parts, at least 2.
        fold: 0 .. folds - 1.

    Raises:
        ValueError: if an argument is out of range, or a part has no source.
    """
    if split not in SPLITS:
        raise ValueError(
            f"split_images: split must be one of {', '.join(SPLITS)}, got {split!r}; choose one"
        )
    if folds < 2 or not 0 <= fold < folds:
        raise ValueError(
            f"split_images: fold must be in 0..folds-1 with folds >= 2, got fold {fold} of "
            f"{folds}; 5 folds hold a fifth out"
        )
    if split == "all":
        return tuple(images)
    parts = _parts([image.source for image in images], folds)
    return tuple(i for i in images if (parts[i.source] == fold) == (split == "held"))


def _parts(sources: Sequence[str], folds: int) -> dict[str, int]:
    """Return the part of every source."""
    counts = {name: sources.count(name) for name in set(sources)}
    if len(counts) < folds:
        raise ValueError(
            f"split_images: folds must be at most the number of sources, got {folds} for "
            f"{len(counts)}; give more images or fewer folds"
        )
    order = sorted(counts, key=lambda name: (-counts[name], hashlib.sha256(name.encode()).digest()))
    filled = [0] * folds
    parts = {}
    for name in order:
        least = min(range(folds), key=lambda part: filled[part])
        parts[name] = least
        filled[least] += counts[name]
    return parts


def read_trimmed(image: RealImage) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return an image less its rims, RGB [H, W, 3], and where it is valid, [H, W].

    What is to be ignored is filled with what lies round it, and not valid.

    Raises:
        ValueError: if a file is damaged, or nothing is valid.
    """
    pixels, ignore = read_real(image.path), read_ignore(image)
    ignored = np.zeros(pixels.shape[:2], bool) if ignore is None else grow(ignore, _GROWTH_PX)
    inside = (slice(BORDER_PX, -BORDER_PX), slice(BORDER_PX, -BORDER_PX))
    return fill_ignored(pixels, ignored)[inside], ~ignored[inside]


def _from_listing(folder: Path, listing: Path) -> list[RealImage]:
    """Return the crops that crops.jsonl lists and a person has kept."""
    excluded = _excluded(folder)
    images = []
    names = set()
    for number, line in enumerate(_text(listing).splitlines(), 1):
        try:
            row = json.loads(line)
            name, source, scale = str(row["file"]), str(row["source"]), float(row["px_per_mm"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"list_real: {listing} must hold file, source and px_per_mm in every line, got "
                f"line {number} with {error!r}; write it with `seal2real crops`"
            ) from None
        path = folder / name
        names |= {name, path.name}
        if path.is_file() and name not in excluded and path.name not in excluded:
            images.append(RealImage(path, source, scale, _checked_size(path, scale)))
    if unknown := sorted(excluded - names):
        raise ValueError(
            f"list_real: exclude.txt must name files of crops.jsonl, got {unknown[0]!r} in {folder}; "
            "check its spelling"
        )
    return sorted(images, key=lambda image: relative_name(image.path, folder))


def _excluded(folder: Path) -> set[str]:
    """Return the names in exclude.txt; blank lines and lines with # do not count."""
    path = folder / "exclude.txt"
    if not path.is_file():
        return set()
    lines = (line.strip() for line in _text(path).splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def _text(path: Path) -> str:
    """Return a text file; Windows' editors may begin it with a byte order mark.

    Raises:
        ValueError: if it is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"list_real: {path} must be UTF-8, got byte {error.start} that is not; save it as UTF-8"
        ) from None


def _from_folder(folder: Path, px_per_mm: float | None) -> list[RealImage]:
    """Return every image below a plain folder."""
    images = []
    for path in find_files(folder, IMAGE_SUFFIXES):
        if path.name.endswith(IGNORE_SUFFIX):
            continue
        size = _checked_size(path, None)
        scale = px_per_mm or (max(size) - 2 * BORDER_PX) / ROUND_SEAL_MM
        images.append(RealImage(path, relative_name(path, folder), scale, size))
    return images


def _checked_size(path: Path, px_per_mm: float | None) -> tuple[int, int]:
    """Return width and height of an image that can be learnt from."""
    try:
        with Image.open(path) as image:
            size, mode = image.size, image.mode
            if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:
                size = size[::-1]  # it lies on its side
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"list_real: {path} must be a complete image, got {error}; repair or remove it"
        ) from None
    if mode != "RGB":
        raise ValueError(
            f"list_real: {path} must be an 8-bit RGB image, got mode {mode}; convert it, or let "
            "`seal2real crops` cut it out of the scan"
        )
    least = LEAST_SIDE_PX + 2 * BORDER_PX
    if min(size) < least:
        raise ValueError(
            f"list_real: {path} must be at least {least} px wide and high, got "
            f"{size[0]} x {size[1]}; remove it or scan it finer"
        )
    low, high = _PX_PER_MM_RANGE
    if px_per_mm is not None and not low <= px_per_mm <= high:
        raise ValueError(
            f"list_real: px_per_mm of {path} must be in {_PX_PER_MM_RANGE}, got {px_per_mm}; "
            "correct its line in crops.jsonl"
        )
    return size


def _read_groups(path: Path) -> dict[str, str]:
    """Return file name -> source of a CSV file."""
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    fields = set(reader.fieldnames or ())
    if not {"file", "source"} <= fields:
        raise ValueError(
            f"list_real: groups must have the columns file and source, got "
            f"{', '.join(sorted(fields)) or 'none'} in {path}; add the missing one"
        )
    return {row["file"]: row["source"] for row in reader}


def _group_of(path: Path, folder: Path, named: dict[str, str], groups: Path | str) -> str:
    for name in (relative_name(path, folder), path.name):
        if name in named:
            return named[name]
    raise ValueError(
        f"list_real: groups must name every image, got none for {path.name} in {groups}; "
        "add a row for it"
    )


def read_mask(path: Path) -> NDArray[np.bool_]:  # [H, W]
    """Return where a mask's file is 128 or more.

    Raises:
        ValueError: if it is no complete image.
    """
    try:
        with Image.open(path) as plane:
            return np.asarray(plane.convert("L")) >= 128
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"read_mask: {path} must be a complete image, got {error}; make it again, or remove it "
            "to ignore nothing"
        ) from None


def read_ignore(image: RealImage) -> NDArray[np.bool_] | None:
    """Return the ignore mask bool [H, W] of an image, or None without one.

    Raises:
        ValueError: if it is no complete image, or its size is not the image's.
    """
    path = image.ignore_path
    if not path.is_file():
        return None
    mask = read_mask(path)
    height, width = mask.shape
    if (width, height) != image.size:
        raise ValueError(
            f"read_ignore: {path} must have the image's size {image.size[0]} x {image.size[1]}, got "
            f"{width} x {height}; cut it out again"
        )
    return mask
