"""Parts that several kinds of document share."""

from __future__ import annotations

from collections.abc import Sequence

from seal2real.pages.canvas import Rgb
from seal2real.pages.sheet import Box, Face
from seal2real.pages.style import Setting
from seal2real.pages.words import Filler
from seal2real.rng import Rng

__all__ = ["blank_line", "letterhead", "page_number", "sign_off", "signature_columns"]

# Rows of a signature column are this many times the body's baseline distance apart.
_SIGNATURE_STEP = 1.45


def blank_line(setting: Setting, ems: int) -> str:
    """Return an underscored blank of about ``ems`` em."""
    return "_" * max(int(ems / max(setting.body.font.advance("_"), 0.2)), 1)


def page_number(
    setting: Setting, rng: Rng, number: int, total: int, *, english: bool = False
) -> None:
    """Set the page number in the bottom margin, or none."""
    style = rng.integer(0, 5)
    if style == 4:
        return
    long = f"Page {number} of {total}" if english else f"第 {number} 页 共 {total} 页"
    texts = (long, f"- {number} -", f"{number}", f"{number} / {total}")
    sheet = setting.sheet
    baseline = sheet.bottom + 0.5 * (sheet.height - sheet.bottom)
    sheet.put(texts[style], sheet.width / 2, baseline, setting.small, align="center")


def signature_columns(setting: Setting, columns: Sequence[Sequence[str]]) -> None:
    """Set columns of rows at the cursor and anchor each: signature, and its last row: date."""
    sheet = setting.sheet
    wide = sheet.measure / len(columns)
    top = sheet.y
    for at, rows in enumerate(columns):
        sheet.y = top
        left = sheet.left + at * wide
        boxes: list[Box] = []
        for text in rows:
            face = sheet.fit(text, 0.96 * wide, setting.body)
            boxes.append(sheet.put(text, left, sheet.y + setting.body.step, face))
            sheet.y += _SIGNATURE_STEP * setting.body.step
        sheet.anchor("signature", (left, boxes[0][1], left + 0.9 * wide, boxes[-1][3]))
        sheet.anchor("date", boxes[-1])


def sign_off(setting: Setting, name: str, date: str, face: Face | None = None) -> None:
    """Set an organisation's name over the date at the right, as letters and notices end."""
    sheet = setting.sheet
    face = face or setting.body
    wide = max(face.width(name), face.width(date))
    centre = sheet.right - wide / 2 - 2 * face.size_px
    boxes = []
    for text in (name, date):
        boxes.append(sheet.put(text, centre, sheet.y + face.size_px, face, align="center"))
        sheet.y += face.step
    sheet.anchor("signature", (centre - wide / 2, boxes[0][1], centre + wide / 2, boxes[1][3]))
    sheet.anchor("date", boxes[1])


_HEAD_COLOURS: tuple[Rgb | None, ...] = (None, None, (24, 62, 128), (20, 96, 84), (150, 24, 32))


def letterhead(setting: Setting, rng: Rng, fill: Filler, name: str) -> None:
    """Set an organisation's head at the top: name, address line, rule."""
    sheet = setting.sheet
    colour = rng.choice(_HEAD_COLOURS)
    face = sheet.fit(name, 0.9 * sheet.measure, setting.bold.scaled(rng.uniform(1.2, 1.7)))
    align = rng.choice(("left", "center", "right"))
    x = {"left": sheet.left, "center": (sheet.left + sheet.right) / 2, "right": sheet.right}[align]
    y = 0.45 * sheet.top
    box = sheet.put(name, x, y + face.size_px, face, align=align, colour=colour)
    sheet.anchor("letterhead", box)
    line = fill(rng.choice(("{address}　{phone}", "{phone}", "{address}")))
    small = sheet.fit(line, 0.9 * sheet.measure, setting.small)
    sheet.put(line, x, box[3] + 1.4 * small.size_px, small, align=align, colour=colour)
    rule = box[3] + 2.1 * small.size_px
    sheet.hrule(rule, sheet.left, sheet.right, rng.uniform(0.15, 0.6), colour)
    if colour is not None and colour[0] > 128:
        sheet.negative("red_heading", box, text=name)
    sheet.y = max(sheet.y, rule + setting.body.step)
