"""The text layer of a PDF page as lines of character boxes in pixels."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

from seal2real.pages.page import PageLine, line_of

__all__ = ["text_lines"]

# A gap wider than this many character heights starts a new line (table cells, columns).
_GAP_HEIGHTS = 2.0
# Characters of a line share at least this part of the smaller height.
_SHARED_HEIGHT = 0.5
# PageToDevice gives integers; asking for a page so much larger keeps fractions of a pixel. Over the
# span below, the rest of the rounding is 4e-6 px a point.
_SUBPIXELS = 256
_SPAN_PT = 1000.0


@dataclass(frozen=True)
class _Char:
    text: str
    box: tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels


def text_lines(page: pdfium.PdfPage, width: int, height: int) -> tuple[PageLine, ...]:
    """Return the text lines of ``page`` as drawn on ``width`` x ``height`` pixels.

    Characters without a Unicode value, without extent or outside the page are left out: a label
    must equal the picture.
    """
    textpage = page.get_textpage()
    try:
        chars = _characters(textpage, _to_pixels(page, width, height), width, height)
    finally:
        textpage.close()
    lines: list[list[_Char]] = []
    spaced: list[set[int]] = []
    for char in chars:
        if char.text.isspace():
            if lines and lines[-1]:
                spaced[-1].add(len(lines[-1]))
                if char.text in "\r\n":
                    lines.append([])
                    spaced.append(set())
            continue
        if not lines or (lines[-1] and not _continues(lines[-1][-1], char)):
            lines.append([])
            spaced.append(set())
        lines[-1].append(char)
    return tuple(_line(c, s) for c, s in zip(lines, spaced, strict=True) if c)


def _line(chars: list[_Char], spaces: set[int]) -> PageLine:
    text = "".join((" " if i in spaces and i else "") + c.text for i, c in enumerate(chars))
    quads = np.array([_quad(c.box) for c in chars], np.float64)
    return line_of(text, [c.text for c in chars], quads)


def _quad(box: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    x0, y0, x1, y1 = box
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _continues(last: _Char, char: _Char) -> bool:
    """Return whether ``char`` stands on the line of ``last``, to its right."""
    a, b = last.box, char.box
    shared = min(a[3], b[3]) - max(a[1], b[1])
    low = min(a[3] - a[1], b[3] - b[1])
    gap = b[0] - a[2]
    tall = max(a[3] - a[1], b[3] - b[1])
    # half a height back: kerning, and accents that are drawn over the letter before them
    return shared >= _SHARED_HEIGHT * low and -0.5 * tall <= gap <= _GAP_HEIGHTS * tall


def _characters(
    textpage: pdfium.PdfTextPage, to_pixels: NDArray[np.float64], width: int, height: int
) -> list[_Char]:
    """Return the characters in the order of the text layer; spaces have an empty box."""
    found = []
    rect = raw.FS_RECTF()
    pointer = ctypes.byref(rect)
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage, index)
        text = _character(code)
        if text is None:
            continue
        if text.isspace():
            found.append(_Char(text, (0.0, 0.0, 0.0, 0.0)))
            continue
        # The loose box is advance by ascent and descent; the tight one of 一 would be a hair line.
        if not raw.FPDFText_GetLooseCharBox(textpage, index, pointer):
            continue
        box = _pixel_box(to_pixels, rect)
        if box[0] < box[2] and box[1] < box[3] and _inside(box, width, height):
            found.append(_Char(text, box))
    return found


def _character(code: int) -> str | None:
    """Return the character of a code point, None if it is none or private."""
    if code in (0, 0xFFFD, 0xFFFE, 0xFFFF) or 0xE000 <= code <= 0xF8FF or code > 0x10FFFF:
        return None
    if 0xD800 <= code <= 0xDFFF or (code < 0x20 and code not in (9, 10, 13)):
        return None
    return chr(code)


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> bool:
    return box[0] >= -1 and box[1] >= -1 and box[2] <= width + 1 and box[3] <= height + 1


def _pixel_box(m: NDArray[np.float64], rect: raw.FS_RECTF) -> tuple[float, float, float, float]:
    """Return the upright pixel box of a rectangle in page points."""
    xs, ys = [], []
    for x, y in ((rect.left, rect.bottom), (rect.right, rect.top)):
        xs.append(float(m[0, 0]) * x + float(m[0, 1]) * y + float(m[0, 2]))
        ys.append(float(m[1, 0]) * x + float(m[1, 1]) * y + float(m[1, 2]))
    return min(xs), min(ys), max(xs), max(ys)


def _to_pixels(page: pdfium.PdfPage, width: int, height: int) -> NDArray[np.float64]:
    """Return the affine map [2, 3] from page points to pixels, crop box and rotation included."""
    # pdfium does not hand out its matrix; the images of three points determine an affine map.
    origin = _device(page, width, height, 0.0, 0.0)
    right = _device(page, width, height, _SPAN_PT, 0.0)
    up = _device(page, width, height, 0.0, _SPAN_PT)
    return np.array(
        [
            [(right[k] - origin[k]) / _SPAN_PT, (up[k] - origin[k]) / _SPAN_PT, origin[k]]
            for k in (0, 1)
        ]
    )


def _device(
    page: pdfium.PdfPage, width: int, height: int, x: float, y: float
) -> tuple[float, float]:
    px, py = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(
        page, 0, 0, width * _SUBPIXELS, height * _SUBPIXELS, 0, x, y,
        ctypes.byref(px), ctypes.byref(py),
    )  # fmt: skip
    return px.value / _SUBPIXELS, py.value / _SUBPIXELS
