"""Tables: columns of cells between rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seal2real.pages.canvas import Rgb
from seal2real.pages.sheet import Box, Face
from seal2real.pages.style import Setting

__all__ = ["Column", "Look", "cell_text", "label_grid", "table"]

# Space between a rule and the text beside it, in em.
_PAD_EM = 0.4


@dataclass(frozen=True)
class Column:
    """A column: heading, share of the width, and how its cells stand."""

    title: str
    share: float
    align: str = "center"


@dataclass(frozen=True)
class Look:
    """How a table is ruled: "grid", "rows", "head" (three-line table) or "none"."""

    rules: str = "grid"
    row_em: float = 2.0
    rule_mm: float = 0.18
    frame_mm: float = 0.35
    shade: int = 0  # of the heading row, of 255
    stripes: int = 0  # of every other row, of 255
    colour: Rgb | None = None  # of rules and headings; None is the page's ink


def table(
    setting: Setting,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    look: Look,
    face: Face | None = None,
) -> Box:
    """Set a table from the cursor down, as many rows as fit; move the cursor below it.

    Returns:
        The box of the table, also anchored.
    """
    sheet = setting.sheet
    face = face or setting.body.scaled(0.9)
    step = look.row_em * face.size_px
    edges = _edges(sheet.left, sheet.right, [c.share for c in columns])
    top = sheet.y
    fitting = max(int((sheet.bottom - top) / step) - 1, 0)
    rows = rows[:fitting]
    bottom = top + step * (1 + len(rows))
    _shade(setting, look, (edges[0], top, edges[-1], bottom), step)
    heads = [column.title for column in columns]
    for at, cells in enumerate((heads, *rows)):
        box_y = (top + at * step, top + (at + 1) * step)
        for column, text, x0, x1 in zip(columns, cells, edges, edges[1:], strict=False):
            align = "center" if at == 0 else column.align
            colour = look.colour if at == 0 else None
            cell_text(setting, text, (x0, box_y[0], x1, box_y[1]), face, align, colour)
    _rule(setting, look, edges, top, step, len(rows) + 1)
    sheet.y = bottom
    box = (edges[0], top, edges[-1], bottom)
    sheet.anchor("table", box)
    return box


def cell_text(
    setting: Setting,
    text: str,
    box: Box,
    face: Face,
    align: str = "center",
    colour: Rgb | None = None,
) -> Box | None:
    """Set one line in the middle of a cell, smaller if it is too long; nothing if empty."""
    if not text.strip():
        return None
    pad = _PAD_EM * face.size_px
    face = setting.sheet.fit(text, max(box[2] - box[0] - 2 * pad, 1.0), face)
    x = {"left": box[0] + pad, "center": (box[0] + box[2]) / 2, "right": box[2] - pad}[align]
    baseline = (box[1] + box[3]) / 2 + 0.38 * face.size_px
    return setting.sheet.put(text, x, baseline, face, align=align, colour=colour)


def label_grid(
    setting: Setting,
    rows: Sequence[Sequence[tuple[str, float]]],  # per row: (text, share of the width)
    look: Look,
    heights_em: Sequence[float] | None = None,
    face: Face | None = None,
) -> list[list[Box]]:
    """Set a form: rows of cells of their own widths, at the cursor.

    Texts that end in a colour-less label stand centred; the cell boxes are returned so that the
    caller can fill tall ones.
    """
    sheet = setting.sheet
    face = face or setting.body
    boxes: list[list[Box]] = []
    top = sheet.y
    for at, cells in enumerate(rows):
        height = (heights_em[at] if heights_em else look.row_em) * face.size_px
        edges = _edges(sheet.left, sheet.right, [share for _, share in cells])
        boxes.append([])
        for (text, _), x0, x1 in zip(cells, edges, edges[1:], strict=False):
            box = (x0, sheet.y, x1, sheet.y + height)
            boxes[-1].append(box)
            cell_text(setting, text, box, face)
            sheet.vrule(x1, box[1], box[3], look.rule_mm, look.colour)
        sheet.y += height
        sheet.hrule(sheet.y, sheet.left, sheet.right, look.rule_mm, look.colour)
    frame = (sheet.left, top, sheet.right, sheet.y)
    sheet.frame(frame, look.frame_mm, look.colour)
    sheet.anchor("table", frame)
    return boxes


def _edges(left: float, right: float, shares: Sequence[float]) -> list[float]:
    total = 0.0
    for share in shares:
        total += share
    edges, at = [left], 0.0
    for share in shares:
        at += share
        edges.append(left + (right - left) * at / total)
    return edges


def _shade(setting: Setting, look: Look, box: Box, step: float) -> None:
    x0, top, x1, bottom = box
    if look.shade:
        setting.sheet.fill((x0, top, x1, top + step), look.shade)
    if look.stripes:
        y = top + 2 * step
        while y + step <= bottom + 1:
            setting.sheet.fill((x0, y, x1, y + step), look.stripes)
            y += 2 * step


def _rule(
    setting: Setting, look: Look, edges: Sequence[float], top: float, step: float, rows: int
) -> None:
    """Draw the rules of a table of ``rows`` rows, heading included."""
    sheet, bottom = setting.sheet, top + rows * step
    if look.rules == "none":
        return
    if look.rules in ("grid", "rows"):
        for at in range(1, rows):
            sheet.hrule(top + at * step, edges[0], edges[-1], look.rule_mm, look.colour)
    if look.rules == "grid":
        for x in edges[1:-1]:
            sheet.vrule(x, top, bottom, look.rule_mm, look.colour)
        sheet.frame((edges[0], top, edges[-1], bottom), look.frame_mm, look.colour)
        return
    if look.rules == "head":
        sheet.hrule(top + step, edges[0], edges[-1], look.rule_mm, look.colour)
    for y in (top, bottom):
        sheet.hrule(y, edges[0], edges[-1], look.frame_mm, look.colour)
