"""Folders of scans and photographs as pages."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from seal2real.pages.cache import PageCache
from seal2real.pages.decode import ImageInfo, check_image, open_rgba, read_image
from seal2real.pages.files import (
    MAX_PIXELS,
    BadFile,
    bad_report,
    digest_of,
    file_sha256,
    refuse_all,
    refuse_strict,
    relative_name,
)
from seal2real.pages.page import MM_PER_INCH, Page
from seal2real.pages.style import A4_MM

__all__ = ["IMAGE_SUFFIXES", "ImageFolderPages", "find_files", "open_rgba"]

IMAGE_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".tif",
    ".tiff",
    ".webp",
    ".bmp",
    ".gif",
    ".jp2",
    ".j2k",
    ".ppm",
    ".pgm",
    ".pbm",
    ".pnm",
    ".avif",
    ".mpo",
)
# Finer scans are shrunk to this: a seal has no more detail, and a worker has 400 MB.
MAX_DPI = 300.0


@dataclass(frozen=True)
class _Entry:
    """One page of one file."""

    path: str
    name: str
    sha256: str
    frame: int
    info: ImageInfo
    dpi: float
    assumed: bool


class ImageFolderPages:
    """Pages of image files.

    Args:
        folder: folder whose image files are taken, subfolders too; or one image file.
        page_width_mm: width of pages without credible dpi (missing, 72, 96, cameras); None is
            A4: 210 mm upright, 297 mm across.
        max_pixels: larger images are refused.
        max_dpi: finer images are shrunk to this many pixels an inch.
        strict: stop at the first sight of an unusable file.
        files: these files below ``folder`` only; None finds them.

    Raises:
        ValueError: if no file is usable, or one is not under ``strict``, or a number is out of
            range.
        FileNotFoundError: if ``folder`` does not exist.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        page_width_mm: float | None = None,
        max_pixels: int = MAX_PIXELS,
        max_dpi: float = MAX_DPI,
        strict: bool = False,
        files: Sequence[Path] | None = None,
    ) -> None:
        folder = Path(folder)
        _check_numbers(page_width_mm, max_pixels)
        if files is None:
            files = [folder] if folder.is_file() else find_files(folder, IMAGE_SUFFIXES)
        root = folder.parent if folder.is_file() else folder
        self._settings = {"page_width_mm": page_width_mm, "max_pixels": max_pixels}
        self._max_dpi = max_dpi
        self._cache = PageCache()
        self._entries: list[_Entry] = []
        bad: list[BadFile] = []
        for path in tqdm(files, desc="checking images", delay=1.0, disable=None, leave=False):
            name = relative_name(path, root)
            try:
                self._entries.extend(_entries(path, name, page_width_mm, max_pixels))
            except ValueError as error:
                bad.append(BadFile(name, str(error)))
        self.bad = tuple(bad)
        if bad and strict:
            raise refuse_strict("ImageFolderPages", bad)
        if not self._entries:
            raise refuse_all("ImageFolderPages", folder, bad)
        self._warn(page_width_mm)

    def __len__(self) -> int:
        """Return the number of pages."""
        return len(self._entries)

    def page(self, i: int) -> Page:
        """Return page ``i``, kept for the next call."""
        return self._cache.get(i, self._read)

    def key(self, i: int) -> str:
        """Return the hash of the file of page ``i``."""
        return self._entries[i].sha256

    def describe(self) -> dict[str, Any]:
        """Return what dataset.json records."""
        hashes = dict.fromkeys(entry.sha256 for entry in self._entries)
        return {
            "kind": "images",
            "files": len({entry.path for entry in self._entries}),
            "pages": len(self._entries),
            "digest": digest_of(hashes),
            "assumed_width": sum(entry.assumed for entry in self._entries),
            **self._settings,
            **bad_report(self.bad),
        }

    def _read(self, i: int) -> Page:
        entry = self._entries[i]
        scale = min(self._max_dpi / entry.dpi, 1.0)
        image = read_image(Path(entry.path), entry.frame, scale)
        dpi = entry.dpi * image.shape[1] / entry.info.width
        source = {
            "kind": "image",
            "name": entry.name,
            "sha256": entry.sha256,
            "page": entry.frame,
        }
        return Page.from_array(image, dpi, "image", source=source, paper=paper_colour(image))

    def _warn(self, page_width_mm: float | None) -> None:
        assumed = sum(entry.assumed for entry in self._entries)
        if assumed:
            width = "A4" if page_width_mm is None else f"{page_width_mm:g} mm"
            warnings.warn(
                f"{assumed} of {len(self._entries)} images have no credible dpi (missing, 72, 96 "
                f"or a camera's): their width is taken as {width}; set page_width_mm "
                "(--page-width-mm) if it is another",
                stacklevel=3,
            )


def find_files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files below ``folder`` with one of ``suffixes``, in order of their names.

    Raises:
        FileNotFoundError: if there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"find_files: folder must exist, got {folder}; check the path")
    found = [p for p in folder.rglob("*") if p.suffix.lower() in suffixes and p.is_file()]
    return sorted(found, key=lambda path: relative_name(path, folder))


def paper_colour(image: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Return the colour of the bare paper of [H, W, 3]: the median of a thinned image."""
    thin = image[::16, ::16].reshape(-1, 3)
    middle = np.sort(thin, axis=0)[(6 * len(thin)) // 10]
    return int(middle[0]), int(middle[1]), int(middle[2])


def _entries(path: Path, name: str, page_width_mm: float | None, max_pixels: int) -> list[_Entry]:
    """Return the pages of one file.

    Raises:
        ValueError: with the reason alone, if the file is unusable.
    """
    try:
        info = check_image(path, max_pixels)
        sha256 = file_sha256(path)
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from None
    dpi = info.dpi[0] if info.dpi else MM_PER_INCH * info.width / _width_mm(info, page_width_mm)
    if not 10.0 <= dpi <= 20_000.0:
        raise ValueError(f"it has {info.width} x {info.height} pixels, which is {dpi:.1f} dpi")
    assumed = info.dpi is None
    return [
        _Entry(str(path), name, sha256, frame, info, dpi, assumed) for frame in range(info.frames)
    ]


def _width_mm(info: ImageInfo, page_width_mm: float | None) -> float:
    """Return the physical width of a page that does not tell it."""
    if page_width_mm is not None:
        return page_width_mm
    return A4_MM[1] if info.width > info.height else A4_MM[0]


def _check_numbers(page_width_mm: float | None, max_pixels: int) -> None:
    if page_width_mm is not None and not 10.0 <= page_width_mm <= 3000.0:
        raise ValueError(
            f"ImageFolderPages: page_width_mm must be in 10..3000, got {page_width_mm}; A4 is 210"
        )
    if max_pixels < 1:
        raise ValueError(
            f"ImageFolderPages: max_pixels must be positive, got {max_pixels}; default {MAX_PIXELS}"
        )
