"""One name for every source of pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seal2real.pages.files import (
    MAX_PIXELS,
    BadFile,
    NoUsablePages,
    bad_report,
    refuse_all,
    refuse_strict,
)
from seal2real.pages.images import IMAGE_SUFFIXES, ImageFolderPages, find_files
from seal2real.pages.page import Page, PageSource
from seal2real.pages.pdf import PDF_SUFFIXES, PdfPages
from seal2real.pages.procedural import LANGUAGES, ProceduralPages

__all__ = ["JoinedPages", "open_pages"]


class JoinedPages:
    """Sources one after another; ``bad`` lists all unusable files met on the way."""

    def __init__(self, sources: Sequence[Any], bad: Sequence[BadFile] = ()) -> None:
        self._sources = tuple(sources)
        self._starts = [0]
        for source in self._sources:
            self._starts.append(self._starts[-1] + len(source))
        self.bad = tuple(bad)

    def __len__(self) -> int:
        """Return the number of pages."""
        return self._starts[-1]

    def page(self, i: int) -> Page:
        """Return page ``i``."""
        source, at = self._find(i)
        return source.page(at)

    def key(self, i: int) -> str:
        """Return the hash of the file of page ``i``."""
        source, at = self._find(i)
        return source.key(at)

    def describe(self) -> dict[str, Any]:
        """Return what dataset.json records."""
        parts = [source.describe() for source in self._sources]
        return {"kind": "folder", "parts": parts, **bad_report(self.bad)}

    def _find(self, i: int) -> tuple[PageSource, int]:
        at = bisect_right(self._starts, i) - 1
        return self._sources[at], i - self._starts[at]


def open_pages(
    arg: Path | str,
    *,
    dpi: float | tuple[float, float] = 200.0,
    page_width_mm: float | None = None,
    max_pixels: int = MAX_PIXELS,
    strict: bool = False,
    seed: int = 0,
    languages: Sequence[str] = LANGUAGES,
    kinds: Sequence[str] | None = None,
    fonts: tuple[str, str, str] | None = None,
) -> PageSource:
    """Return the pages that ``arg`` names.

    Args:
        arg: "procedural", a PDF, an image, or a folder of images and PDFs.
        dpi: resolution of drawn pages (or its range) and of PDFs.
        page_width_mm: width of images without credible dpi; None is A4.
        max_pixels: larger pages are refused.
        strict: an unusable file is an error.
        seed: of procedural pages.
        languages: of procedural pages.
        kinds: of procedural pages.
        fonts: of procedural pages.

    Raises:
        ValueError: if nothing is usable or an argument is out of range.
        FileNotFoundError: if there is no such file or folder.
    """
    if str(arg) == "procedural":
        return ProceduralPages(dpi, seed=seed, languages=languages, kinds=kinds, fonts=fonts)
    path = Path(arg)
    if not path.exists():
        raise FileNotFoundError(
            f"open_pages: arg must be 'procedural' or an existing file or folder, got {arg}; "
            "check the path"
        )
    # a PDF has one resolution: the coarse end of a range keeps it fast
    pdf_dpi = dpi if isinstance(dpi, (int, float)) else dpi[0]
    images = {"page_width_mm": page_width_mm, "max_pixels": max_pixels}
    if path.is_file():
        if path.suffix.lower() in PDF_SUFFIXES:
            return PdfPages(path, pdf_dpi, max_pixels=max_pixels, strict=strict)
        return ImageFolderPages(path, strict=strict, **images)  # type: ignore[arg-type]
    return _open_folder(path, pdf_dpi, images, strict)


def _open_folder(
    folder: Path, dpi: float, images: dict[str, Any], strict: bool
) -> PageSource:
    """Return the images and PDFs of a folder, images first."""
    sources: list[Any] = []
    bad: list[BadFile] = []
    for suffixes, is_pdf in ((IMAGE_SUFFIXES, False), (PDF_SUFFIXES, True)):
        files = find_files(folder, suffixes)
        if not files:
            continue
        try:
            sources.append(
                PdfPages(folder, dpi, max_pixels=images["max_pixels"], files=files)
                if is_pdf
                else ImageFolderPages(folder, files=files, **images)
            )
            bad.extend(sources[-1].bad)
        except NoUsablePages as error:
            bad.extend(error.bad)
    if bad and strict:
        raise refuse_strict("open_pages", bad)
    if not sources:
        raise refuse_all("open_pages", folder, bad)
    if len(sources) == 1 and len(bad) == len(sources[0].bad):
        return sources[0]
    return JoinedPages(sources, bad)
