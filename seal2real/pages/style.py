"""How a procedural page looks: paper, margins, fonts, sizes and ink."""

from __future__ import annotations

from dataclasses import dataclass

from seal2real.pages.canvas import Rgb
from seal2real.pages.glyphs import PageFont, page_font
from seal2real.pages.sheet import Face, Sheet, Stock
from seal2real.rng import Rng
from seal2real.seals.fonts import get_font

__all__ = ["A4_MM", "Fonts", "Setting", "embedded_fonts", "new_setting"]

A4_MM = (210.0, 297.0)
# RGB of bare paper as a scanner or good light shows it.
_WHITES: tuple[Rgb, ...] = (
    (255, 255, 255),
    (253, 253, 251),
    (250, 250, 248),
    (252, 250, 245),
    (247, 246, 242),
    (246, 247, 249),
    (243, 240, 232),
)
_TINTS: tuple[Rgb, ...] = (
    (252, 236, 238),
    (236, 244, 252),
    (238, 248, 236),
    (253, 249, 228),
    (249, 241, 224),
)
# Toner and printer's ink spread on paper, see `Canvas`.
_GAINS = (1.0, 2.4)


@dataclass(frozen=True)
class Fonts:
    """Names of the fonts of a page, as `seal2real.seals.fonts.get_font` resolves them."""

    body: str
    heading: str
    bold: str


@dataclass(frozen=True)
class Setting:
    """A sheet and the faces that a document is set in."""

    sheet: Sheet
    body: Face
    bold: Face
    title: Face
    small: Face
    fonts: Fonts


def embedded_fonts(rng: Rng) -> Fonts:
    """Return a combination of embedded fonts as office documents have them."""
    return rng.weighted(
        (
            Fonts("song-text", "hei", "song"),
            Fonts("song-text", "song", "song"),
            Fonts("hei-text", "hei", "hei"),
            Fonts("song-text", "hei", "hei"),
        ),
        (4, 3, 2, 2),
    )


def resolve(name: str) -> PageFont:
    """Return the page font called ``name``."""
    font = get_font(name)
    return page_font(str(font.path), font.index)


def new_setting(
    rng: Rng,
    dpi: float,
    size_mm: tuple[float, float] = A4_MM,
    *,
    fonts: Fonts | None = None,
    tinted: float = 0.05,
    small: bool = False,
) -> Setting:
    """Return an empty sheet with its faces.

    Args:
        rng: stream of the look.
        dpi: pixels per inch.
        size_mm: paper width and height.
        fonts: names of fonts; None draws embedded ones.
        tinted: probability of coloured paper.
        small: set small with narrow margins, as slips and bills are.
    """
    fonts = fonts or embedded_fonts(rng)
    paper = rng.choice(_TINTS) if rng.bernoulli(tinted) else rng.choice(_WHITES)
    shade = rng.integer(8, 62)
    ink = (shade, shade, min(shade + rng.integer(0, 7), 255))
    gain = rng.child("gain").uniform(*_GAINS)
    sheet = Sheet(Stock(size_mm[0], size_mm[1], dpi, paper, ink, _margins(rng, small), gain))
    points = rng.choice((9.0, 10.0, 10.5)) if small else rng.weighted((10.5, 12.0, 14.0), (4, 5, 2))
    title = rng.choice((14.0, 16.0, 18.0)) if small else rng.choice((16.0, 18.0, 22.0))
    leading = rng.uniform(1.4, 1.85)
    return Setting(
        sheet,
        sheet.face(resolve(fonts.body), points, leading),
        sheet.face(resolve(fonts.bold), points, leading),
        sheet.face(resolve(fonts.heading), title, 1.7),
        sheet.face(resolve(fonts.body), rng.choice((8.0, 9.0)), 1.5),
        fonts,
    )


def _margins(rng: Rng, small: bool) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom margins in mm."""
    if small:
        side = rng.uniform(9.0, 16.0)
        return (side, rng.uniform(7.0, 13.0), side, rng.uniform(6.0, 11.0))
    side = rng.uniform(22.0, 32.0)
    return (side, rng.uniform(22.0, 37.0), side, rng.uniform(20.0, 35.0))
