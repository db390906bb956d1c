"""Where the print of a page is, coarsely, for pages whose text nobody told us."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.pages.page import Page

__all__ = ["PrintMap", "print_map"]

# Side of a cell in millimetres: about a line of text.
_CELL_MM = 4.0
# A pixel is print where it is so much darker than the paper round it (of 255).
_DARKER = 40
# The paper's own brightness is looked up over so many cells.
_PAPER_CELLS = 5
# A cell whose brightest pixel has less than this share (of 100) of the page's median is table, gap or
# deep shadow. Measured: wood beside a book 48 to 58, the book's gutter from 66, flat scans from 89.
_LEAST_PAPER = 60


@dataclass(frozen=True)
class PrintMap:
    """Share of print in square cells: ``ink`` int64 [rows, columns], 0..255; ``cell`` in pixels.

    ``beside`` bool [rows, columns] marks cells too dark to be paper that people stamp on; None where
    there is none.
    """

    ink: NDArray[np.int64]
    cell: float
    beside: NDArray[np.bool_] | None = None

    def center(self, row: int, column: int) -> tuple[float, float]:
        """Return the centre of a cell in page pixels (x, y)."""
        return (column + 0.5) * self.cell, (row + 0.5) * self.cell

    def share_beside(self, center: tuple[float, float], half: tuple[float, float]) -> float:
        """Return the share, 0..1, of a box (half sizes in pixels) that lies beside the paper."""
        if self.beside is None:
            return 0.0
        (x0, x1), (y0, y1) = (
            (max(int((at - reach) / self.cell), 0), max(int((at + reach) / self.cell), 0) + 1)
            for at, reach in zip(center, half, strict=True)
        )
        cells = self.beside[y0:y1, x0:x1]
        return int(np.count_nonzero(cells)) / cells.size if cells.size else 0.0

    def mean_in(self, half: tuple[float, float]) -> NDArray[np.int64]:
        """Return the mean ink of the box of half sizes ``half`` (x, y, pixels) round each cell."""
        rows, columns = self.ink.shape
        reach_y = min(max(int(half[1] / self.cell), 0), rows)
        reach_x = min(max(int(half[0] / self.cell), 0), columns)
        # Summed areas (Crow 1984): four look-ups a box whatever its size, exact in integers.
        sums = np.zeros((rows + 1, columns + 1), np.int64)
        sums[1:, 1:] = self.ink.cumsum(axis=0).cumsum(axis=1)
        y0 = np.clip(np.arange(rows) - reach_y, 0, rows)[:, None]
        y1 = np.clip(np.arange(rows) + reach_y + 1, 0, rows)[:, None]
        x0 = np.clip(np.arange(columns) - reach_x, 0, columns)[None]
        x1 = np.clip(np.arange(columns) + reach_x + 1, 0, columns)[None]
        total = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
        return total // ((y1 - y0) * (x1 - x0))


def print_map(page: Page) -> PrintMap:
    """Return where ``page`` is printed: from its text lines, or from its pixels without them."""
    cell = max(_CELL_MM * page.px_per_mm, 1.0)
    rows, columns = (max(int(side / cell), 1) for side in (page.height, page.width))
    if page.lines:
        return PrintMap(_from_lines(page, rows, columns, cell), cell)
    ink, beside = _from_pixels(page.image, rows, columns)
    return PrintMap(ink, cell, beside)


def _from_lines(page: Page, rows: int, columns: int, cell: float) -> NDArray[np.int64]:
    """Mark the cells under text lines; a fifth of a character's cell is ink."""
    ink = np.zeros((rows, columns), np.int64)
    for line in page.lines:
        (x0, y0), (x1, y1) = line.polygon.min(axis=0), line.polygon.max(axis=0)
        ink[int(y0 / cell) : int(y1 / cell) + 1, int(x0 / cell) : int(x1 / cell) + 1] = 51
    return ink


def _from_pixels(
    image: NDArray[np.uint8], rows: int, columns: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the share of dark pixels of each cell, against the paper round it, and what is none."""
    # 8 x 8 looks at a cell of 4 mm: half a millimetre, about a stroke of print each
    fine = 8
    grey = (
        Image.fromarray(image)
        .convert("L")
        .resize((columns * fine, rows * fine), Image.Resampling.BOX)
    )
    luma = np.asarray(grey).astype(np.int64)
    cells = luma.reshape(rows, fine, columns, fine).transpose(0, 2, 1, 3)
    brightest = cells.max(axis=(2, 3))
    paper = _spread_max(brightest)
    dark = cells < (paper - _DARKER)[:, :, None, None]
    beside = brightest * 100 < _LEAST_PAPER * np.sort(brightest, axis=None)[brightest.size // 2]
    ink = dark.sum(axis=(2, 3)) * 255 // (fine * fine)
    ink[beside] = 0  # a table's edge is no line of print
    return ink, beside


def _spread_max(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the largest value within `_PAPER_CELLS` cells of each: print hides the paper."""
    rows, columns = values.shape
    reach = _PAPER_CELLS // 2
    padded = np.pad(values, reach, mode="edge")
    out = values
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            out = np.maximum(out, padded[dy : dy + rows, dx : dx + columns])
    return out
