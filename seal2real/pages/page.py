"""What a page is: pixels, physical size, text with character boxes, and where things stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from seal2real.pages.files import BadFile

__all__ = [
    "MM_PER_INCH",
    "Anchor",
    "ArrayRaster",
    "Page",
    "PageChar",
    "PageChars",
    "PageLine",
    "PageSource",
    "Raster",
    "box_quad",
    "line_of",
    "require_dpi",
    "window_of",
]

MM_PER_INCH = 25.4
# Rows drawn at a time: a band of an A4 page at 300 dpi is 4 MB.
_BAND_ROWS = 512
# A quad, and a Chinese letter (sys.getsizeof) with its place in a list.
_CHAR_BYTES = 64 + 76 + 8

Box = tuple[float, float, float, float]


class PageChar(NamedTuple):
    """One visible character.

    ``quad`` is float64 [4, 2] in page pixels: its own top-left corner first, then clockwise.
    The quad is the character's cell (its advance by the height of its line's ink), so it holds
    some paper round the strokes.
    """

    text: str
    quad: NDArray[np.float64]


class PageChars(Sequence[PageChar]):
    """Characters of a line, each made when it is asked for: of a thousand, a window shows 50.

    Equal to another with the same letters at the same places. A character is made anew at every
    access, so look one up by its index, not by ``in`` or ``index``.

    Args:
        letters: one text a character.
        quads: float64 [n, 4, 2], theirs.

    Raises:
        ValueError: if there is not one quad a letter.
    """

    __slots__ = ("_quads", "_row", "letters")
    # lefts, rights, top and bottom of cells whose quads are not made yet
    _row: tuple[Sequence[float], Sequence[float], float, float]

    def __init__(self, letters: Sequence[str], quads: NDArray[np.float64]) -> None:
        if quads.shape != (len(letters), 4, 2):
            raise ValueError(
                f"PageChars: quads must be [{len(letters)}, 4, 2] as there are letters, got "
                f"{list(quads.shape)}; give one quad a character"
            )
        self.letters = letters
        self._quads: NDArray[np.float64] | None = quads

    @classmethod
    def in_row(
        cls,
        letters: Sequence[str],
        lefts: Sequence[float],
        rights: Sequence[float],
        top: float,
        bottom: float,
    ) -> PageChars:
        """Return upright cells side by side; their quads are made when they are asked for.

        Args:
            letters: one text a cell.
            lefts, rights: x of each cell's sides, page px.
            top, bottom: y of all cells, page px.
        """
        made = cls.__new__(cls)
        made.letters, made._quads, made._row = letters, None, (lefts, rights, top, bottom)
        return made

    @property
    def quads(self) -> NDArray[np.float64]:  # [n, 4, 2]
        """Their places."""
        if self._quads is None:
            lefts, rights, top, bottom = self._row
            self._quads = np.empty((len(self.letters), 4, 2))
            self._quads[:, :, 0].T[:] = (lefts, rights, rights, lefts)
            self._quads[:, :2, 1] = top
            self._quads[:, 2:, 1] = bottom
        return self._quads

    @classmethod
    def of(cls, chars: Sequence[PageChar]) -> PageChars:
        """Return ``chars`` as they are, or those of a plain sequence."""
        if isinstance(chars, cls):
            return chars
        quads = np.array([char.quad for char in chars], np.float64)
        return cls([char.text for char in chars], quads if chars else np.empty((0, 4, 2)))

    def __len__(self) -> int:
        """Return the number of characters."""
        return len(self.letters)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PageChars):
            return NotImplemented
        same = list(self.letters) == list(other.letters)
        return same and np.array_equal(self.quads, other.quads)

    __hash__ = None  # type: ignore[assignment]  # its arrays can change

    def __repr__(self) -> str:
        return f"PageChars({''.join(self.letters)!r})"

    @overload
    def __getitem__(self, at: int) -> PageChar: ...
    @overload
    def __getitem__(self, at: slice) -> PageChars: ...
    def __getitem__(self, at: int | slice) -> PageChar | PageChars:
        """Return a character, or some."""
        if isinstance(at, slice):
            return PageChars(self.letters[at], self.quads[at])
        return PageChar(self.letters[at], self.quads[at])


@dataclass(frozen=True)
class PageLine:
    """One line of text in reading order.

    ``text`` may hold spaces, which have no entry in ``chars``; ``polygon`` is float64 [4, 2],
    clockwise from the top-left, in page pixels.

    Raises:
        ValueError: if the polygon is not [4, 2].
    """

    text: str
    polygon: NDArray[np.float64]
    chars: Sequence[PageChar] = ()

    def __post_init__(self) -> None:
        """Check the polygon."""
        if np.shape(self.polygon) != (4, 2):
            raise ValueError(
                f"PageLine: polygon must be [4, 2], got {list(np.shape(self.polygon))}; give the "
                "corners of its box, clockwise from the top-left"
            )


@dataclass(frozen=True)
class Anchor:
    """A place on the page that placement rules know by ``kind``.

    Kinds: title, body, signature, date, amount, table, letterhead. ``box`` is x0, y0, x1, y1 in
    page pixels.
    """

    kind: str
    box: Box


class Raster(Protocol):
    """The pixels of a page, made when they are asked for."""

    width: int
    height: int

    def window(self, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
        """Return uint8 [y1 - y0, x1 - x0, 3] RGB; the window lies inside the page."""
        ...


class ArrayRaster:
    """A page that is an array already: uint8 [H, W, 3] RGB."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError(
                f"ArrayRaster: image must be a non-empty uint8 array [H, W, 3], got "
                f"{image.dtype} {image.shape}; convert it to RGB first"
            )
        self.image = image
        self.height, self.width = image.shape[:2]

    def window(self, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
        """Return a view of the image."""
        return self.image[y0:y1, x0:x1]


@dataclass(frozen=True)
class Page:
    """A seal-free page.

    Attributes:
        raster: its pixels; ``image`` is all of them, ``window`` a part (cheaper).
        dpi: pixels per inch; with it a 40 mm seal is 40 mm here.
        kind: document type: contract, notice, invoice, ..., or "pdf", "image".
        source: kind, name, sha256 (None if drawn) and page number within the source.
        lines: text with character boxes; empty where unknown (scans).
        anchors: places that placement rules use.
        negatives: red marks that are not seals, each ``{"kind", "bbox", ...}``.
        paper: RGB colour of the bare paper.
    """

    raster: Raster
    dpi: float
    kind: str
    source: dict[str, Any]
    lines: tuple[PageLine, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    negatives: tuple[dict[str, Any], ...] = ()
    paper: tuple[int, int, int] = (255, 255, 255)
    _memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_dpi("Page", self.dpi)

    @classmethod
    def from_array(
        cls,
        image: NDArray[np.uint8],  # [H, W, 3] RGB
        dpi: float,
        kind: str = "image",
        **fields: Any,
    ) -> Page:
        """Return a page of an RGB array uint8 [H, W, 3]."""
        source = fields.pop("source", {"kind": "array", "name": "", "sha256": None, "page": 0})
        return cls(ArrayRaster(image), dpi, kind, source, **fields)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.raster.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.raster.height

    @property
    def px_per_mm(self) -> float:
        """Pixels per millimetre."""
        return self.dpi / MM_PER_INCH

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height in millimetres."""
        return self.width / self.px_per_mm, self.height / self.px_per_mm

    @property
    def image(self) -> NDArray[np.uint8]:  # [H, W, 3]
        """The whole page, RGB; made once and kept. Read-only."""
        if "image" not in self._memo:
            image = _whole(self.raster)
            image.flags.writeable = False
            self._memo["image"] = image
        return self._memo["image"]

    def window(self, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
        """Return the pixels of a window, uint8 [y1 - y0, x1 - x0, 3]; treat it as read-only.

        The window may reach past the page, which is then extended by its edge pixels. Only the
        window is drawn, and the result equals the same window of ``image``.

        Raises:
            ValueError: if the window is empty or does not touch the page.
        """
        whole = self._memo.get("image")
        raster = self.raster if whole is None else ArrayRaster(whole)
        return window_of(raster, x0, y0, x1, y1)

    @cached_property
    def nbytes(self) -> int:
        """What keeping this page may cost in memory, bytes (its whole image, drawn)."""
        return 3 * self.width * self.height + _CHAR_BYTES * sum(
            len(line.chars) for line in self.lines
        )


class PageSource(Protocol):
    """Pages by number. A source is picklable and opens its files again in another process.

    ``bad`` lists files that cannot be used, found when the source was opened.
    """

    bad: tuple[BadFile, ...]

    def __len__(self) -> int:
        """Number of pages; procedural sources have ``2**31 - 1``."""
        ...

    def page(self, i: int) -> Page:
        """Return page ``i``: the same for the same i, whatever was asked before."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what dataset.json records: kind, counts, settings and files left out."""
        ...

    def key(self, i: int) -> str:
        """Return what decides the split of page ``i``: pages of one file share it."""
        ...


def window_of(raster: Raster, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
    """Return a window of ``raster`` uint8 [y1 - y0, x1 - x0, 3], extended by edge pixels.

    Raises:
        ValueError: if the window is empty or does not touch the page.
    """
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x1, raster.width), min(y1, raster.height)
    if left >= right or top >= bottom:
        raise ValueError(
            f"window: x0, y0, x1, y1 must overlap the page of {raster.width} x {raster.height} "
            f"pixels, got {(x0, y0, x1, y1)}; clip the window to the page"
        )
    part = _drawn(raster, left, top, right, bottom)
    pads = ((top - y0, y1 - bottom), (left - x0, x1 - right), (0, 0))
    if any(side for pair in pads for side in pair):
        part = np.pad(part, pads, mode="edge")
    return part


def _whole(raster: Raster) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return all pixels of ``raster``."""
    if isinstance(raster, ArrayRaster):
        return raster.image.view()
    return _drawn(raster, 0, 0, raster.width, raster.height)


def _drawn(raster: Raster, x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
    """Return a window inside ``raster``, drawn in bands: temporaries stay small."""
    if isinstance(raster, ArrayRaster) or y1 - y0 <= _BAND_ROWS:
        return raster.window(x0, y0, x1, y1)
    image = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
    for top in range(y0, y1, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, y1)
        image[top - y0 : bottom - y0] = raster.window(x0, top, x1, bottom)
    return image


def require_dpi(function: str, dpi: float) -> None:
    """Raise unless ``dpi`` is a finite positive number that a page can have."""
    if not 10.0 <= dpi <= 2400.0:
        raise ValueError(
            f"{function}: dpi must be in 10..2400, got {dpi}; usual scans have 150 to 300"
        )


def box_quad(x0: float, y0: float, x1: float, y1: float) -> NDArray[np.float64]:
    """Return an upright box as a quad float64 [4, 2], clockwise from the top-left."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)


def line_of(text: str, letters: Sequence[str], quads: NDArray[np.float64]) -> PageLine:
    """Return a line whose polygon is the upright box of its characters' quads [n, 4, 2]."""
    points = quads.reshape(-1, 2)
    xs, ys = points[:, 0].tolist(), points[:, 1].tolist()  # lists: numpy starts slowly
    polygon = box_quad(min(xs), min(ys), max(xs), max(ys))
    return PageLine(text, polygon, PageChars(letters, quads))
