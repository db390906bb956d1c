"""A user's own files: a PDF, scans, seal cut-outs and photographs to fit a profile to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from seal2real import SealSpec, draw
from seal2real.pages.procedural import ProceduralPages
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.profile import fit_profile
from tests.support.pdfs import PdfPage, make_pdf

__all__ = ["make_inputs"]


def make_inputs(folder: Path) -> Path:
    """Fill ``folder`` with pages.pdf, scans/, cut-outs/, photos/ and profile.toml; return it."""
    for name in ("scans", "cut-outs", "photos"):
        (folder / name).mkdir(parents=True)
    (folder / "pages.pdf").write_bytes(_pdf())
    _scans(folder / "scans")
    _cut_outs(folder / "cut-outs")
    _photos(folder / "photos")
    fit_profile(folder / "photos").save(folder / "profile.toml")
    return folder


def _pdf() -> bytes:
    """Two pages of text in three sizes, one of them lying on its side."""
    lines = [
        (70.0, 780.0 - 26.0 * k, 9.0 + 2 * (k % 3), f"Article {k}: the goods shall be delivered.")
        for k in range(24)
    ]
    return make_pdf([PdfPage(lines), PdfPage(lines[::-1], rotate=90)])


def _scans(folder: Path) -> None:
    """A JPEG of unknown resolution, a fax with oblong pixels, and a 16-bit scan."""
    pages = ProceduralPages(dpi=100.0, seed=3)
    Image.fromarray(pages.page(0).image).save(folder / "a.jpg", quality=85)
    fax = Image.fromarray(pages.page(1).image).convert("L")
    fax.resize((fax.width, fax.height // 2)).save(folder / "b.tif", dpi=(204, 98))
    deep = np.asarray(Image.fromarray(pages.page(2).image).convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "c.png", dpi=(150, 150))


def _cut_outs(folder: Path) -> None:
    """One with alpha and more pixels than are kept, one on white through a JPEG."""
    seal = draw(SealSpec.preset("company"), dpi=700.0, seed=1).rgba
    Image.fromarray(seal).save(folder / "a.png", dpi=(700, 700))
    small = draw(SealSpec.preset("invoice"), dpi=200.0, seed=2).rgba
    white = Image.new("RGB", small.shape[1::-1], (255, 255, 255))
    white.paste(Image.fromarray(small), mask=Image.fromarray(small[..., 3]))
    white.save(folder / "b.jpg", quality=90)


def _photos(folder: Path) -> None:
    """Crops as a phone sees them, as JPEG and as PNG."""
    recipe = Recipe(count=4, seed=5, size="384", options={"capture": "phone", "seal_free": 0.0})
    factory = SampleFactory(recipe)
    for index in range(recipe.count):
        name = f"{index}.jpg" if index % 2 else f"{index}.png"
        Image.fromarray(factory(index).synthetic).save(folder / name)
