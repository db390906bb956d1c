"""Notices and letters: heading, addressee, paragraphs, sign-off over the date."""

from __future__ import annotations

from seal2real.pages.canvas import Rgb
from seal2real.pages.documents.common import letterhead, page_number, sign_off
from seal2real.pages.style import Setting
from seal2real.pages.words import Filler
from seal2real.pages.words_en import LETTERS_EN, NOTICES_EN
from seal2real.pages.words_zh import LETTERS, NOTICES
from seal2real.rng import Rng

__all__ = ["letter_en", "letter_zh", "notice_en", "notice_zh"]

_HEADING_RED: tuple[Rgb, ...] = ((214, 18, 24), (226, 30, 32), (198, 22, 34), (232, 52, 44))
_DIGITS = "〇一二三四五六七八九"


def notice_zh(setting: Setting, rng: Rng, fill: Filler) -> None:
    """Set a Chinese notice, sometimes under a red heading (红头)."""
    issuer = fill.slot(rng.choice(("company", "government", "institution", "society")))
    title, addressee, paragraphs, closing = rng.choice(NOTICES)
    if rng.bernoulli(0.45):
        _red_heading(setting, rng, fill, issuer)
    elif rng.bernoulli(0.4):
        letterhead(setting, rng, fill, issuer)
    page_number(setting, rng, 1, 1)
    sheet, body = setting.sheet, setting.body
    sheet.y += 0.5 * body.size_px
    for part in _title_rows(setting, fill(title)):
        sheet.title(part, setting.title)
    sheet.y += 0.5 * body.size_px
    sheet.paragraph(addressee, body, indent_em=0)
    _paragraphs(setting, rng, fill, paragraphs, closing, shorten=False)
    sheet.y += rng.uniform(0.8, 2.5) * body.step
    sign_off(setting, issuer, _signing_date(rng, fill))


def letter_zh(setting: Setting, rng: Rng, fill: Filler) -> None:
    """Set a Chinese letter, certificate or power of attorney."""
    issuer = fill.slot("company")
    title, salutation, paragraphs, closing = rng.choice(LETTERS)
    if rng.bernoulli(0.35):
        letterhead(setting, rng, fill, issuer)
    sheet, body = setting.sheet, setting.body
    spread = rng.choice((0.0, 0.5, 1.0)) if len(title) < 6 else 0.0
    for part in _title_rows(setting, fill(title)):
        sheet.title(part, setting.title, spacing=spread * setting.title.size_px)
    sheet.y += rng.uniform(0.5, 2.0) * body.step
    if salutation:
        sheet.paragraph(fill(salutation), body, indent_em=0)
    _paragraphs(setting, rng, fill, paragraphs, closing, shorten=False)
    sheet.y += rng.uniform(1.0, 3.5) * body.step
    name = issuer + rng.choice(("", "", "（盖章）", "（公章）"))
    sign_off(setting, name, _signing_date(rng, fill))


def notice_en(setting: Setting, rng: Rng, fill: Filler) -> None:
    """Set an English notice or memorandum."""
    issuer = fill.slot("company")
    title, fields, paragraphs = rng.choice(NOTICES_EN)
    if rng.bernoulli(0.6):
        letterhead(setting, rng, fill, issuer)
    sheet, body = setting.sheet, setting.body
    sheet.title(title, setting.sheet.fit(title, sheet.measure, setting.title))
    sheet.y += 0.6 * body.step
    for field in fields:
        sheet.row(fill(field), body)
    if fields:
        sheet.hrule(sheet.y + 0.2 * body.step, sheet.left, sheet.right, 0.3)
        sheet.y += 0.8 * body.step
    _paragraphs(setting, rng, fill, paragraphs, "", shorten=True)
    sheet.y += rng.uniform(1.0, 2.5) * body.step
    sign_off(setting, issuer, fill("{date}"), body)


def letter_en(setting: Setting, rng: Rng, fill: Filler) -> None:
    """Set an English business letter."""
    issuer = fill.slot("company")
    letterhead(setting, rng, fill, issuer)
    subject, salutation, paragraphs, closing = rng.choice(LETTERS_EN)
    sheet, body = setting.sheet, setting.body
    sheet.row(fill("{date}"), body, align=rng.choice(("left", "right")))
    sheet.y += 0.6 * body.step
    for text in ("{person}", "{company}", "{address}"):
        sheet.row(fill(text), body)
    sheet.y += 0.6 * body.step
    if subject:
        sheet.row(fill(subject), setting.bold)
        sheet.y += 0.3 * body.step
    sheet.row(fill(salutation), body)
    sheet.y += 0.3 * body.step
    _paragraphs(setting, rng, fill, paragraphs, "", shorten=True)
    top = sheet.y + 0.3 * body.step
    sheet.row(closing, body)
    sheet.y += rng.uniform(1.5, 3.0) * body.step
    for text in (fill.slot("person"), fill.slot("post"), issuer):
        box = sheet.row(text, body)
    sheet.anchor("signature", (sheet.left, top, max(box[2], sheet.left + sheet.mm(60)), box[3]))


def _paragraphs(
    setting: Setting,
    rng: Rng,
    fill: Filler,
    paragraphs: tuple[str, ...],
    closing: str,
    *,
    shorten: bool,
) -> None:
    """Set the body; English paragraphs stand apart instead of being indented."""
    for text in paragraphs:
        setting.sheet.paragraph(
            fill(text),
            setting.body,
            indent_em=0 if shorten else 2,
            justify=not shorten or rng.bernoulli(0.5),
            after_em=0.7 if shorten else 0.0,
        )
    if closing:
        setting.sheet.paragraph(closing, setting.body)


def _red_heading(setting: Setting, rng: Rng, fill: Filler, issuer: str) -> None:
    """Set the red heading of an official document: name, number, red rule; a hard negative."""
    sheet = setting.sheet
    red = rng.choice(_HEADING_RED)
    text = issuer + rng.choice(("文件", "", ""))
    face = sheet.fit(text, 0.94 * sheet.measure, setting.title.scaled(rng.uniform(1.5, 2.4), 1.6))
    middle = (sheet.left + sheet.right) / 2
    box = sheet.put(text, middle, sheet.y + face.size_px, face, align="center", colour=red)
    sheet.negative("red_heading", box, text=text)
    sheet.y += 1.9 * face.size_px
    year, number = fill.day.year, rng.integer(1, 200)
    sheet.row(f"{issuer[2:4]}发〔{year}〕{number}号", setting.body, align="center")
    y = sheet.y + 0.4 * setting.body.size_px
    thick = rng.uniform(0.4, 1.2)
    sheet.hrule(y, sheet.left, sheet.right, thick, red)
    half = max(sheet.mm(thick), 2.0) / 2
    sheet.negative("red_rule", (sheet.left, y - half, sheet.right, y + half))
    sheet.y = y + setting.body.step


def _title_rows(setting: Setting, text: str) -> list[str]:
    """Return a title in one row, or in two of nearly equal length if it is too long."""
    if setting.title.width(text) <= setting.sheet.measure:
        return [text]
    middle = (len(text) + 1) // 2
    return [text[:middle], text[middle:]]


def _signing_date(rng: Rng, fill: Filler) -> str:
    """Return the date of signing, sometimes in Chinese numerals."""
    written, day = fill.slot("date"), fill.day
    if rng.bernoulli(0.25):
        year = "".join(_DIGITS[int(digit)] for digit in str(day.year))
        return f"{year}年{_short(day.month)}月{_short(day.day)}日"
    return written


def _short(value: int) -> str:
    """Return 1..39 in Chinese numerals."""
    tens, ones = divmod(value, 10)
    text = ("", "十", "二十", "三十")[tens]
    return text + (_DIGITS[ones] if ones else "")
