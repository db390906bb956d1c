"""Contracts and agreements: parties, numbered clauses, signature block."""

from __future__ import annotations

from seal2real.pages.documents.common import blank_line, page_number, signature_columns
from seal2real.pages.sheet import Sheet
from seal2real.pages.style import Setting
from seal2real.pages.words import Filler
from seal2real.pages.words_en import AGREEMENTS, CLAUSES_EN
from seal2real.pages.words_zh import CLAUSES, CONTRACT_TITLES, PREAMBLES
from seal2real.rng import Rng

__all__ = ["contract_en", "contract_zh"]

_NUMERALS = "一二三四五六七八九十"
_ROLES_EN = ("Party A", "Party B")


def contract_zh(setting: Setting, rng: Rng, fill: Filler) -> None:
    """Set one page of a Chinese contract: the first, a middle, the last, or the only one."""
    part = rng.weighted(("only", "first", "middle", "last"), (4, 2, 1, 4))
    sheet = setting.sheet
    total = 1 if part == "only" else rng.integer(2, 9)
    number = {"only": 1, "first": 1, "last": total}.get(part) or rng.integer(1, total + 1)
    page_number(setting, rng, number, total)
    parties = (fill.slot("company"), fill.slot("company"))
    if part in ("only", "first"):
        _head(setting, rng, fill, parties)
    block = _signature_height(setting) if part in ("only", "last") else 0.0
    sheet.bottom -= block
    first = 1 if part in ("only", "first") else rng.integer(4, 9)
    _clauses(setting, rng, fill, first, whole=block > 0)
    sheet.bottom += block
    if block:
        _signatures(setting, rng, fill, parties)


def contract_en(setting: Setting, rng: Rng, fill: Filler) -> None:
    """Set one page of an English agreement."""
    sheet, body = setting.sheet, setting.body
    total = rng.integer(1, 7)
    last = rng.bernoulli(0.75)
    number = total if last else rng.integer(1, total + 1)
    page_number(setting, rng, number, total, english=True)
    parties = (fill.slot("company"), fill.slot("company"))
    if number == 1:
        sheet.title(rng.choice(AGREEMENTS), setting.title)
        sheet.row(f"No. {_number(rng, fill)}", setting.small, align="right")
        text = f"This agreement is made on {fill('{date}')} between:"
        sheet.paragraph(text, body, indent_em=0, after_em=0.4)
        for role, party in zip(_ROLES_EN, parties, strict=True):
            sheet.row(f"{role}: {party}", setting.bold)
            sheet.row(fill("Address: {address}"), body)
        text = "The parties have agreed as follows:"
        sheet.paragraph(text, body, indent_em=0, after_em=0.4)
    block = _signature_height(setting) if last else 0.0
    sheet.bottom -= block
    _clauses_en(setting, rng, fill, 1 if number == 1 else rng.integer(4, 9), whole=last)
    sheet.bottom += block
    if last:
        sheet.y = min(sheet.y + 0.8 * body.step, sheet.bottom - block)
        rows = [
            (f"{role}: {party}", "Signature and stamp:", f"Date: {fill('{date}')}")
            for role, party in zip(_ROLES_EN, parties, strict=True)
        ]
        signature_columns(setting, rows)


def _clauses_en(setting: Setting, rng: Rng, fill: Filler, first: int, *, whole: bool) -> None:
    """Fill the sheet with numbered clauses; ``whole`` ends with a sentence, else anywhere."""
    body, dotted, justify = setting.body, rng.bernoulli(0.5), rng.bernoulli(0.6)
    for at, (heading, sentences) in enumerate(rng.shuffled(CLAUSES_EN)):
        if setting.sheet.room() < (4 if whole else 2) * body.step:
            return
        label = f"{first + at}. " if dotted else f"Article {first + at}  "
        setting.sheet.paragraph(label + heading, setting.bold, indent_em=0)
        kept = rng.sample(sentences, rng.integer(1, len(sentences) + 1))
        for item, sentence in enumerate(kept, 1):
            text = (f"{first + at}.{item} " if dotted else "") + fill(sentence)
            done = setting.sheet.paragraph(text, body, indent_em=0, justify=justify, whole=whole)
            if not done:
                return
        setting.sheet.y += 0.3 * body.size_px


def numeral(value: int) -> str:
    """Return 1..99 in Chinese numerals."""
    tens, ones = divmod(value, 10)
    text = "" if not tens else ("十" if tens == 1 else _NUMERALS[tens - 1] + "十")
    return text + (_NUMERALS[ones - 1] if ones else "")


def _head(setting: Setting, rng: Rng, fill: Filler, parties: tuple[str, str]) -> None:
    """Set title, number, party blocks and preamble."""
    sheet, body = setting.sheet, setting.body
    title = rng.choice(CONTRACT_TITLES)
    sheet.title(title, setting.title, spacing=rng.choice((0.0, 0.0, 0.3)) * setting.title.size_px)
    sheet.y += 0.3 * body.size_px
    if rng.bernoulli(0.7):
        sheet.row(f"合同编号：{_number(rng, fill)}", setting.small, align="right")
    role = rng.choice((("甲方", "乙方"), ("甲方（需方）", "乙方（供方）"), ("委托方", "受托方")))
    rows = [("地址", "{address}"), ("法定代表人", "{person}"), ("联系电话", "{phone}")]
    rows = rows[: rng.integer(0, 4)]
    for name, party in zip(role, parties, strict=True):
        sheet.row(f"{name}：{party}", setting.bold)
        for label, slot in rows:
            sheet.row(f"{label}：{fill(slot)}", body)
    sheet.y += 0.4 * body.size_px
    sheet.paragraph(fill(rng.choice(PREAMBLES)), body)


def _number(rng: Rng, fill: Filler) -> str:
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTXYZ") for _ in range(2))
    return f"{letters}-{fill.day.year}-{rng.integer(1, 9999):04d}"


def _clauses(setting: Setting, rng: Rng, fill: Filler, first: int, *, whole: bool) -> None:
    """Fill the sheet with numbered clauses; ``whole`` ends with a sentence, else anywhere."""
    style = rng.integer(0, 3)
    order = rng.shuffled(range(len(CLAUSES)))
    for at, index in enumerate(order):
        heading, sentences = CLAUSES[index]
        number = first + at
        label = (f"第{numeral(number)}条　", f"{numeral(number)}、", f"{number}. ")[style]
        if setting.sheet.room() < (4 if whole else 2) * setting.body.step:
            return
        setting.sheet.paragraph(label + heading, setting.bold, indent_em=(0, 2, 0)[style])
        kept = rng.sample(sentences, rng.integer(1, len(sentences) + 1))
        for item, sentence in enumerate(kept, 1):
            prefix = (f"{item}．", f"（{numeral(item)}）", f"{number}.{item} ")[style]
            text = (prefix if len(kept) > 1 else "") + fill(sentence)
            if not setting.sheet.paragraph(text, setting.body, whole=whole):
                return


def _signature_height(setting: Setting) -> float:
    return 6.5 * setting.body.step


def _signatures(setting: Setting, rng: Rng, fill: Filler, parties: tuple[str, str]) -> None:
    """Set the signature block at the cursor: two columns of party, delegate and date."""
    sheet: Sheet = setting.sheet
    sheet.y = min(sheet.y + 0.8 * setting.body.step, sheet.bottom - _signature_height(setting))
    stamp = rng.choice(("（盖章）", "（公章）", "（签章）", "盖章"))
    named = rng.bernoulli(0.6)
    dated = rng.bernoulli(0.6)
    columns = []
    for role, party in zip(("甲方", "乙方"), parties, strict=True):
        rows = [f"{role}{stamp}：{party if named else blank_line(setting, 10)}"]
        rows.append(f"{rng.choice(('法定代表人', '授权代表'))}（签字）：")
        rows.append(fill("日期：{date}") if dated else "日期：　　　年　　月　　日")
        columns.append(rows)
    signature_columns(setting, columns)
