"""One name for every source of pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
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
from seal2real.pages.negatives import WithNegatives
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
    args: Path | str | Sequence[Path | str],
    *,
    dpi: float | tuple[float, float] = 200.0,
    page_width_mm: float | None = None,
    max_pixels: int = MAX_PIXELS,
    strict: bool = False,
    seed: int = 0,
    language: str = "both",
    kinds: Sequence[str] | None = None,
    fonts: tuple[str, str, str] | None = None,
    negatives: float = 0.2,
) -> PageSource:
    """Return the pages that ``args`` name.

    Args:
        args: "procedural", a PDF, an image, a folder of images and PDFs, or several of these
            but "procedural".
        dpi: resolution of drawn pages (or its range) and of PDFs.
        page_width_mm: width of images without credible dpi; None is A4.
        max_pixels: larger pages are refused.
        strict: an unusable file is an error.
        seed: of procedural pages.
        language: of procedural pages: "zh", "en" or "both".
        kinds: of procedural pages, None is all.
        fonts: of procedural pages: names of body, heading and bold font.
        negatives: share of pages with drawn marks that are not seals (see `add_negatives`).

    Raises:
        ValueError: if nothing is usable or an argument is out of range.
        FileNotFoundError: if there is no such file or folder.
    """
    names = [args] if isinstance(args, (str, Path)) else list(args)
    if [str(name) for name in names] == ["procedural"]:
        languages = LANGUAGES if language == "both" else (language,)
        drawn = ProceduralPages(dpi, seed=seed, languages=languages, kinds=kinds, fonts=fonts)
        return WithNegatives(drawn, negatives, seed) if negatives else drawn
    if not names or "procedural" in map(str, names):
        raise ValueError(
            f"open_pages: args must be 'procedural' alone or files and folders, got {names}; "
            "make two datasets, or copy drawn pages into a folder"
        )
    # a PDF has one resolution: the coarse end of a range keeps it fast
    pdf_dpi = dpi if isinstance(dpi, (int, float)) else dpi[0]
    settings = _Settings(pdf_dpi, page_width_mm, max_pixels, strict)
    sources = [_open_path(Path(name), settings) for name in names]
    joined: FilePages = sources[0]
    if len(sources) > 1:
        joined = JoinedPages(sources, [bad for source in sources for bad in source.bad])
    return WithNegatives(joined, negatives, seed) if negatives else joined


@dataclass(frozen=True)
class _Settings:
    """How files are opened; see `open_pages`."""

    dpi: float
    page_width_mm: float | None
    max_pixels: int
    strict: bool

    def images(self, path: Path, files: Sequence[Path] | None, strict: bool) -> ImageFolderPages:
        return ImageFolderPages(
            path,
            page_width_mm=self.page_width_mm,
            max_pixels=self.max_pixels,
            strict=strict,
            files=files,
        )

    def pdfs(self, path: Path, files: Sequence[Path] | None, strict: bool) -> PdfPages:
        return PdfPages(path, self.dpi, max_pixels=self.max_pixels, strict=strict, files=files)


FilePages = ImageFolderPages | PdfPages | JoinedPages


def _open_path(path: Path, settings: _Settings) -> FilePages:
    """Return the pages of one file or folder."""
    if not path.exists():
        raise FileNotFoundError(
            f"open_pages: args must be 'procedural' or existing files and folders, got {path}; "
            "check the path"
        )
    if not path.is_file():
        return _open_folder(path, settings)
    if path.suffix.lower() in PDF_SUFFIXES:
        return settings.pdfs(path, None, settings.strict)
    return settings.images(path, None, settings.strict)


def _open_folder(folder: Path, settings: _Settings) -> FilePages:
    """Return the images and PDFs of a folder, images first."""
    sources: list[FilePages] = []
    bad: list[BadFile] = []
    for suffixes, opener in ((IMAGE_SUFFIXES, settings.images), (PDF_SUFFIXES, settings.pdfs)):
        files = find_files(folder, suffixes)
        if not files:
            continue
        try:
            sources.append(opener(folder, files, False))
            bad.extend(sources[-1].bad)
        except NoUsablePages as error:
            bad.extend(error.bad)
    if bad and settings.strict:
        raise refuse_strict("open_pages", bad)
    if not sources:
        raise refuse_all("open_pages", folder, bad)
    if len(sources) == 1 and len(bad) == len(sources[0].bad):
        return sources[0]
    return JoinedPages(sources, bad)
