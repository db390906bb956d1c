"""PDF files as pages, with their text layer as character boxes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from seal2real.pages.anchors import find_anchors
from seal2real.pages.cache import PageCache
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
from seal2real.pages.images import find_files
from seal2real.pages.page import Page, require_dpi
from seal2real.pages.pdftext import text_lines

__all__ = ["PDF_SUFFIXES", "PdfPages"]

PDF_SUFFIXES = (".pdf",)
POINTS_PER_INCH = 72.0
# pdfium keeps every object it has parsed; a fresh handle after so many pages bounds memory.
_PAGES_A_HANDLE = 64
# Sides below this are not pages (10 mm in points).
_MIN_SIDE_PT = 28.0


class PdfPages:
    """Pages of one PDF or of the PDFs below a folder, rendered when asked for.

    Args:
        path: a PDF file or a folder.
        dpi: resolution of the rendering.
        max_pixels: larger pages are refused.
        strict: stop if a file or page is unusable.
        files: these files below ``path`` only; None finds them.

    Raises:
        ValueError: if nothing is usable, or something is not under ``strict``, or dpi is out of
            range.
        FileNotFoundError: if ``path`` does not exist.
    """

    def __init__(
        self,
        path: Path | str,
        dpi: float = 200.0,
        *,
        max_pixels: int = MAX_PIXELS,
        strict: bool = False,
        files: Sequence[Path] | None = None,
    ) -> None:
        require_dpi("PdfPages", dpi)
        path = Path(path)
        if files is None:
            files = [path] if path.is_file() else find_files(path, PDF_SUFFIXES)
        root = path.parent if path.is_file() else path
        self._dpi = float(dpi)
        self._cache = PageCache()
        self._open = _OpenDocument()
        self._files: list[tuple[str, str, str]] = []  # path, name, sha256
        self._pages: list[tuple[int, int]] = []  # file, page
        bad: list[BadFile] = []
        for file in files:
            self._add(file, relative_name(file, root), max_pixels, bad)
        self.bad = tuple(bad)
        if bad and strict:
            raise refuse_strict("PdfPages", bad)
        if not self._pages:
            raise refuse_all("PdfPages", path, bad)

    def __len__(self) -> int:
        """Return the number of pages."""
        return len(self._pages)

    def page(self, i: int) -> Page:
        """Return page ``i``, kept for the next call.

        Raises:
            ValueError: if the page is damaged; the file and page are named.
        """
        return self._cache.get(i, self._render)

    def key(self, i: int) -> str:
        """Return the hash of the file of page ``i``; of the page if there is one file only."""
        file, number = self._pages[i]
        sha256 = self._files[file][2]
        return sha256 if len(self._files) > 1 else f"{sha256}:{number}"

    def describe(self) -> dict[str, Any]:
        """Return what dataset.json records."""
        return {
            "kind": "pdf",
            "files": len(self._files),
            "pages": len(self._pages),
            "digest": digest_of(sha256 for _, _, sha256 in self._files),
            "dpi": self._dpi,
            **bad_report(self.bad),
        }

    def _add(self, path: Path, name: str, max_pixels: int, bad: list[BadFile]) -> None:
        """Take the usable pages of one file, list what is not."""
        try:
            count, refused = _check_pdf(path, self._dpi, max_pixels)
        except ValueError as error:
            bad.append(BadFile(name, str(error)))
            return
        bad.extend(BadFile(f"{name} page {number + 1}", why) for number, why in refused.items())
        self._files.append((str(path), name, file_sha256(path)))
        at = len(self._files) - 1
        self._pages.extend((at, number) for number in range(count) if number not in refused)

    def _render(self, i: int) -> Page:
        file, number = self._pages[i]
        path, name, sha256 = self._files[file]
        try:
            image, lines = self._open.render(path, number, self._dpi)
        except pdfium.PdfiumError as error:
            raise ValueError(
                f"PdfPages: page must be readable, got page {number + 1} of {path} ({error}); "
                "repair or remove it"
            ) from None
        source = {"kind": "pdf", "name": name, "sha256": sha256, "page": number}
        anchors = find_anchors(lines, image.shape[0])
        return Page.from_array(image, self._dpi, "pdf", source=source, lines=lines, anchors=anchors)


class _OpenDocument:
    """The handle in use: one file, this process only. Pickled closed."""

    def __init__(self) -> None:
        self._document: pdfium.PdfDocument | None = None
        self._for: tuple[str, int] = ("", 0)
        self._used = 0

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the handle."""
        return _OpenDocument, ()

    def render(self, path: str, number: int, dpi: float) -> tuple[NDArray[np.uint8], Any]:
        """Return the image uint8 [H, W, 3] and the text lines of one page."""
        page = self._handle(path)[number]
        try:
            bitmap = page.render(scale=dpi / POINTS_PER_INCH, rev_byteorder=True)
            image = np.ascontiguousarray(_rgb(bitmap.to_numpy()))
            lines = text_lines(page, image.shape[1], image.shape[0])
            bitmap.close()
            return image, lines
        finally:
            page.close()

    def _handle(self, path: str) -> pdfium.PdfDocument:
        # A forked child shares the parent's file position, so it opens its own handle.
        wanted = (path, os.getpid())
        if self._document is None or self._for != wanted or self._used >= _PAGES_A_HANDLE:
            if self._document is not None and self._for[1] == os.getpid():
                self._document.close()
            self._document = pdfium.PdfDocument(path)
            self._for, self._used = wanted, 0
        self._used += 1
        return self._document


def _rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the first three channels; a grey bitmap three times."""
    if image.ndim == 2:
        image = image[..., None]
    return image[..., :3] if image.shape[2] >= 3 else np.repeat(image[..., :1], 3, axis=2)


def _check_pdf(path: Path, dpi: float, max_pixels: int) -> tuple[int, dict[int, str]]:
    """Return the number of pages of a PDF, and the unusable ones with the reason.

    Raises:
        ValueError: with the reason alone, if the file is unusable.
    """
    try:
        if path.stat().st_size == 0:
            raise ValueError("the file is empty")
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise ValueError("it is encrypted with a password") from None
        raise ValueError(f"it is truncated, damaged or not a PDF ({error})") from None
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from None
    try:
        count = len(document)
        if not count:
            raise ValueError("it has no pages")
        scale = dpi / POINTS_PER_INCH
        refused = {}
        for number in range(count):
            reason = _page_problem(document, number, scale, max_pixels)
            if reason:
                refused[number] = reason
        return count, refused
    finally:
        document.close()


def _page_problem(
    document: pdfium.PdfDocument, number: int, scale: float, max_pixels: int
) -> str | None:
    """Return why a page cannot be used, or None."""
    try:
        width, height = document.get_page_size(number)
    except pdfium.PdfiumError as error:
        return f"it is damaged ({error})"
    if min(width, height) < _MIN_SIDE_PT:
        return f"it is {width:.0f} x {height:.0f} points, smaller than {_MIN_SIDE_PT:.0f}"
    pixels = width * scale * height * scale
    if pixels > max_pixels:
        return f"it has {pixels / 1e6:.1f} megapixels, more than max_pixels {max_pixels / 1e6:.1f}"
    return None
