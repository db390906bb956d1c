"""Invoices, statements, lists, receipts and forms."""

from __future__ import annotations

from datetime import timedelta

from seal2real.pages.canvas import Rgb
from seal2real.pages.documents.common import letterhead, page_number
from seal2real.pages.documents.labels import Labels
from seal2real.pages.documents.tables import Column, Look, cell_text, label_grid, table
from seal2real.pages.style import Setting
from seal2real.pages.words import Filler, capital_amount, grouped
from seal2real.rng import Rng

__all__ = ["form", "invoice", "listing", "receipt", "statement"]

# Colours that forms are printed in; None is the page's ink.
_FORM_COLOURS: tuple[Rgb | None, ...] = (
    None,
    None,
    (140, 62, 40),
    (178, 48, 52),
    (40, 82, 150),
    (36, 120, 84),
)


def invoice(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set an invoice-like bill: parties, items, total in words, makers, stamp place."""
    sheet, body = setting.sheet, setting.body
    colour = rng.choice(_FORM_COLOURS)
    box = sheet.put(
        rng.choice(labels.invoice),
        sheet.width / 2,
        sheet.y + setting.title.size_px,
        setting.title,
        align="center",
        colour=colour,
    )
    sheet.anchor("title", box)
    _double_rule(setting, box, colour, rng)
    sheet.y = box[3] + 0.9 * body.step
    _number_and_date(setting, rng, fill, labels)
    look = Look(row_em=rng.uniform(1.7, 2.2), colour=colour, frame_mm=rng.choice((0.3, 0.5)))
    _party(setting, fill, labels, labels.buyer, look)
    total = _items(setting, rng, labels, look, rng.integer(2, 7))
    words = capital_amount(total) if labels.money_sign == "¥" else grouped(total)
    cells = [[(labels.in_words, 2.0), (words, 4.0), (f"{labels.money_sign}{grouped(total)}", 2.0)]]
    label_grid(setting, cells, look)
    sheet.anchor("amount", (sheet.left, sheet.y - body.step, sheet.right, sheet.y))
    _party(setting, fill, labels, labels.seller, look)
    _makers(setting, rng, fill, labels)


def statement(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set an account statement: holder, movements with a true running balance, sign-off."""
    sheet, body = setting.sheet, setting.body
    if rng.bernoulli(0.6):
        letterhead(setting, rng, fill, fill.slot("bank"))
    sheet.title(rng.choice(labels.statement), setting.title)
    sheet.y += 0.3 * body.step
    _fields(setting, [f"{n}{labels.colon}{fill(s)}" for n, s in labels.account_fields])
    rows = _movements(rng, fill, labels, rng.integer(10, 34))
    shares = (1.5, 2.2, 1.6, 1.6, 1.8)
    aligns = ("center", "left", "right", "right", "right")
    columns = [
        Column(title, share, align)
        for title, share, align in zip(labels.statement_columns, shares, aligns, strict=True)
    ]
    sheet.bottom -= 4.5 * body.step
    table(setting, columns, rows, _look(rng), body.scaled(rng.uniform(0.75, 0.95)))
    sheet.bottom += 4.5 * body.step
    page_number(setting, rng, 1, rng.integer(1, 6))
    sheet.y += 0.4 * body.step
    sheet.paragraph(rng.choice(labels.notes), setting.small, indent_em=0)
    _stamp_place(setting, rng, fill, labels)


def listing(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set a quotation, delivery note or list of goods with its total."""
    sheet, body = setting.sheet, setting.body
    if rng.bernoulli(0.5):
        letterhead(setting, rng, fill, fill.slot("company"))
    sheet.title(rng.choice(labels.quotation), setting.title)
    _number_and_date(setting, rng, fill, labels)
    _fields(setting, [f"{n}{labels.colon}{fill(s)}" for n, s in labels.form_fields[:4]])
    sheet.bottom -= 6 * body.step
    total = _items(setting, rng, labels, _look(rng), rng.integer(4, 20))
    sheet.bottom += 6 * body.step
    sheet.y += 0.5 * body.step
    text = f"{labels.total}{labels.colon}{labels.money_sign}{grouped(total)}"
    sheet.anchor("amount", sheet.row(text, setting.bold, align=rng.choice(("left", "right"))))
    sheet.paragraph(rng.choice(labels.notes), setting.small, indent_em=0)
    _stamp_place(setting, rng, fill, labels)


def receipt(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set a receipt slip: payer, reason, amount in words and figures, stamp place."""
    sheet, body = setting.sheet, setting.body
    colour = rng.choice(_FORM_COLOURS)
    title = rng.choice(labels.receipt)
    box = sheet.put(
        title,
        sheet.width / 2,
        sheet.y + setting.title.size_px,
        setting.title,
        align="center",
        spacing=(0.6 if len(title) < 5 else 0.05) * setting.title.size_px,
        colour=colour,
    )
    sheet.anchor("title", box)
    _double_rule(setting, box, colour, rng)
    sheet.y = box[3] + 0.7 * body.step
    _number_and_date(setting, rng, fill, labels)
    cents = 100 * rng.integer(50, 80_000) if rng.bernoulli(0.7) else rng.integer(5_000, 9_000_000)
    words = capital_amount(cents) if labels.money_sign == "¥" else grouped(cents)
    rows = (
        (labels.received_from, fill.slot(rng.choice(("company", "person")))),
        (labels.being, rng.choice(labels.reasons)),
        (labels.in_words, words),
        (labels.amount, f"{labels.money_sign}{grouped(cents)}"),
    )
    top, bottom_room = sheet.y, 3.2 * body.step
    step = max(min((sheet.bottom - bottom_room - top) / len(rows), 2.4 * body.size_px), body.step)
    framed = rng.bernoulli(0.6)
    for label, text in rows:
        _receipt_row(setting, label + labels.colon, text, step, framed, colour)
    if framed:
        sheet.frame((sheet.left, top, sheet.right, sheet.y), 0.4, colour)
    _makers(setting, rng, fill, labels)


def form(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set a form: pairs of labels and values, then opinions with a place for a stamp each."""
    sheet, body = setting.sheet, setting.body
    sheet.title(rng.choice(labels.form), setting.title)
    _number_and_date(setting, rng, fill, labels)
    look = Look(row_em=rng.uniform(2.0, 2.8), frame_mm=rng.choice((0.3, 0.6)))
    fields = rng.sample(labels.form_fields, rng.integer(6, len(labels.form_fields) + 1))
    filled = rng.bernoulli(0.8)
    texts = [(label, fill(slot) if filled else "") for label, slot in fields]
    rows = [
        [(a[0], 1.0), (a[1], 2.2), (b[0], 1.0), (b[1], 2.2)]
        for a, b in zip(texts[::2], texts[1::2], strict=False)
    ]
    label_grid(setting, rows, look)
    opinions = rng.sample(labels.opinions, rng.integer(2, min(4, len(labels.opinions)) + 1))
    height = (sheet.bottom - sheet.y) / len(opinions) / body.size_px
    height = min(height, rng.uniform(7.0, 11.0))
    # one size for all labels: that of the longest
    width = sheet.measure / 6.4 - 0.8 * body.size_px
    face = sheet.fit(max(opinions, key=body.width), width, body)
    heights = [height * body.size_px / face.size_px] * len(opinions)
    boxes = label_grid(
        setting, [[(name, 1.0), ("", 5.4)] for name in opinions], look, heights, face
    )
    for row in boxes:
        _opinion(setting, rng, labels, row[1])
    sheet.y += 0.3 * body.step
    sheet.paragraph(labels.notes[-1], setting.small, indent_em=0)


def _look(rng: Rng) -> Look:
    """Return how a list is ruled."""
    rules = rng.weighted(("grid", "rows", "head"), (5, 2, 2))
    return Look(
        rules=rules,
        row_em=rng.uniform(1.7, 2.3),
        rule_mm=rng.choice((0.12, 0.18, 0.25)),
        frame_mm=rng.choice((0.25, 0.4, 0.6)),
        shade=rng.choice((0, 0, 22, 38)),
        stripes=rng.choice((0, 0, 0, 10)),
    )


def _number_and_date(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set a number at the left and the date at the right of one line; the number may be red."""
    sheet, small = setting.sheet, setting.small
    number = f"{rng.integer(0, 10**7):07d}"
    sheet.row(f"{labels.date}{labels.colon}{fill('{date}')}", small)
    baseline = sheet.y - 0.38 * small.step
    red = rng.bernoulli(0.25)
    box = sheet.put(
        f"{labels.number}{labels.colon}{number}",
        sheet.right,
        baseline,
        small,
        align="right",
        colour=(206, 30, 38) if red else None,
    )
    if red:
        sheet.negative("red_number", box, text=number)
    sheet.y += 0.2 * setting.body.step


def _double_rule(
    setting: Setting, title: tuple[float, float, float, float], colour: Rgb | None, rng: Rng
) -> None:
    """Underline a title twice, as bills do."""
    if rng.bernoulli(0.5):
        return
    sheet, reach = setting.sheet, 0.8 * setting.title.size_px
    for gap in (0.18, 0.30):
        y = title[3] + gap * setting.title.size_px
        sheet.hrule(y, title[0] - reach, title[2] + reach, 0.2, colour)


def _party(setting: Setting, fill: Filler, labels: Labels, name: str, look: Look) -> None:
    """Set a buyer or seller: its name over four lines at the left, the lines beside it."""
    sheet, body = setting.sheet, setting.body.scaled(0.85)
    top, step = sheet.y, 1.5 * body.size_px
    split = sheet.left + 2.6 * body.size_px + body.width(name) * 0.5
    for label, slot in labels.party_fields:
        box = (split, sheet.y, sheet.right, sheet.y + step)
        cell_text(setting, f"{label}{labels.colon}{fill(slot)}", box, body, "left")
        sheet.y += step
    cell_text(setting, name, (sheet.left, top, split, sheet.y), body, colour=look.colour)
    sheet.vrule(split, top, sheet.y, look.rule_mm, look.colour)
    sheet.frame((sheet.left, top, sheet.right, sheet.y), look.frame_mm, look.colour)


def _items(setting: Setting, rng: Rng, labels: Labels, look: Look, count: int) -> int:
    """Set a table of goods; return the total of the rows that fitted, in cents."""
    shares = (0.7, 2.6, 1.5, 0.8, 0.9, 1.3, 1.5, 1.0)
    aligns = ("center", "left", "center", "center", "right", "right", "right", "center")
    kept = (0, 1, 2, 3, 4, 5, 6, 7) if rng.bernoulli(0.5) else (1, 2, 3, 4, 5, 6)
    columns = [Column(labels.item_columns[k], shares[k], aligns[k]) for k in kept]
    face = setting.body.scaled(0.85)
    room = int(setting.sheet.room() / (look.row_em * face.size_px)) - 1
    rows, total = [], 0
    count = max(min(count, room, len(labels.goods)), 0)
    for number, (name, model, unit) in enumerate(rng.sample(labels.goods, count)):
        quantity, price = rng.integer(1, 200), rng.integer(200, 600_000)
        total += quantity * price
        amount = grouped(quantity * price)
        cells = (str(number + 1), name, model, unit, str(quantity), grouped(price), amount, "")
        rows.append([cells[k] for k in kept])
    table(setting, columns, rows, look, face)
    return total


def _movements(rng: Rng, fill: Filler, labels: Labels, count: int) -> list[list[str]]:
    """Return statement rows whose balance adds up."""
    balance, day = rng.integer(100_000, 90_000_000), fill.day
    rows = []
    for _ in range(count):
        day += timedelta(rng.integer(0, 3))
        cents = rng.integer(1_000, 4_000_000)
        debit = rng.bernoulli(0.5) and cents < balance
        balance += -cents if debit else cents
        amounts = (grouped(cents), "") if debit else ("", grouped(cents))
        note = rng.choice(labels.statement_notes)
        rows.append([day.isoformat(), note, *amounts, grouped(balance)])
    fill.day = day
    return rows


def _fields(setting: Setting, texts: list[str]) -> None:
    """Set fields in two columns at the cursor."""
    sheet, body = setting.sheet, setting.body
    half = sheet.measure / 2
    for at, text in enumerate(texts):
        face = sheet.fit(text, 0.97 * half, body)
        x = sheet.left + (at % 2) * half
        sheet.put(text, x, sheet.y + body.size_px, face)
        if at % 2 or at == len(texts) - 1:
            sheet.y += 1.35 * body.size_px
    sheet.y += 0.5 * body.size_px


def _makers(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set who made a bill, and where its seal goes, in one row."""
    sheet, body = setting.sheet, setting.body.scaled(0.9)
    sheet.y += 0.8 * body.size_px
    baseline = sheet.y + body.size_px
    texts = [f"{m}{labels.colon}{fill.slot('person')}" for m in labels.makers]
    texts[rng.integer(0, 3)] = rng.choice(labels.stamp_here) + labels.colon.rstrip()
    wide = sheet.measure / len(texts)
    for at, text in enumerate(texts):
        face = sheet.fit(text, 0.95 * wide, body)
        box = sheet.put(text, sheet.left + at * wide, baseline, face)
        if not text.startswith(labels.makers):
            sheet.anchor("signature", (box[0], box[1] - 2 * body.size_px, box[0] + wide, box[3]))
    sheet.y += 2 * body.size_px


def _stamp_place(setting: Setting, rng: Rng, fill: Filler, labels: Labels) -> None:
    """Set the place for a seal and a date at the right."""
    sheet, body = setting.sheet, setting.body
    sheet.y += body.step
    x = sheet.left + 0.52 * sheet.measure
    top = sheet.y
    stamp = rng.choice(labels.stamp_here)
    for text in (f"{stamp}{labels.colon}", f"{labels.date}{labels.colon}{fill('{date}')}"):
        face = sheet.fit(text, 0.48 * sheet.measure, body)
        box = sheet.put(text, x, sheet.y + body.size_px, face)
        sheet.y += 1.3 * body.step
    sheet.anchor("signature", (x, top, x + 0.4 * sheet.measure, box[3]))
    sheet.anchor("date", box)


def _receipt_row(
    setting: Setting, label: str, text: str, step: float, framed: bool, colour: Rgb | None
) -> None:
    """Set one line of a receipt: label, then the value on a rule or in a cell."""
    sheet, body = setting.sheet, setting.body
    left = sheet.left + 0.5 * body.size_px
    box = (left, sheet.y, sheet.right, sheet.y + step)
    placed = cell_text(setting, label, box, body, "left", colour)
    start = left if placed is None else placed[2] + 0.5 * body.size_px
    cell_text(setting, text, (start, box[1], sheet.right, box[3]), body, "left")
    sheet.y += step
    x0 = sheet.left if framed else start
    sheet.hrule(sheet.y - (0 if framed else 0.12 * step), x0, sheet.right, 0.18, colour)
    sheet.anchor("amount", box)


def _opinion(
    setting: Setting, rng: Rng, labels: Labels, box: tuple[float, float, float, float]
) -> None:
    """Fill a tall cell of a form: an opinion, and below it the line for seal and date."""
    body = setting.body
    text = rng.choice(labels.opinion_texts)
    top = (box[0] + body.size_px, box[1] + 0.3 * body.size_px, box[2], box[1] + 2.2 * body.size_px)
    cell_text(setting, text, top, body, "left")
    line = (box[0], box[3] - 2.2 * body.size_px, box[2] - body.size_px, box[3])
    placed = cell_text(setting, labels.sign_line, line, body, "right")
    if placed is not None:
        setting.sheet.anchor("signature", (placed[0], box[1], placed[2], box[3]))
        setting.sheet.anchor("date", placed)
