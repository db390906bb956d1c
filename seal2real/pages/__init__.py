"""Seal2Real: pages without seals: drawn by us, from PDFs, from folders of scans."""

from __future__ import annotations

from seal2real.pages.files import MAX_PIXELS, BadFile, NoUsablePages
from seal2real.pages.images import ImageFolderPages
from seal2real.pages.negatives import NEGATIVE_KINDS, add_negatives
from seal2real.pages.open import open_pages
from seal2real.pages.page import Anchor, Page, PageChar, PageLine, PageSource
from seal2real.pages.pdf import PdfPages
from seal2real.pages.pick import PagePicker
from seal2real.pages.procedural import ProceduralPages

__all__ = [
    "MAX_PIXELS",
    "NEGATIVE_KINDS",
    "Anchor",
    "BadFile",
    "ImageFolderPages",
    "NoUsablePages",
    "Page",
    "PageChar",
    "PageLine",
    "PagePicker",
    "PageSource",
    "PdfPages",
    "ProceduralPages",
    "add_negatives",
    "open_pages",
]
