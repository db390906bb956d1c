"""Fictional owners and the texts that go with them, composed from ``invented`` syllables.

Every composed owner is checked against ``real_names``; one that contains a real place, company or
public figure is composed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seal2real.rng import Rng
from seal2real.seals import codes
from seal2real.seals.fields import nearest, short
from seal2real.seals.invented import (
    BRAND_FIRST,
    BRAND_LAST,
    BUREAUS,
    COMPANY_FORMS,
    DEPARTMENTS,
    GIVEN,
    INDUSTRIES,
    INSTITUTIONS,
    PINYIN,
    PLACE_FIRST,
    PLACE_LAST,
    PLACE_SUFFIXES,
    SHOPS,
    SOCIETIES,
    SURNAMES,
)
from seal2real.seals.real_names import is_real_place, names_something_real

__all__ = ["KINDS", "compose_owner", "fill_role"]

# About one composed name in 30 holds a real one; 200 misses in a row do not happen.
_MOST_TRIES = 200


def _place(rng: Rng) -> str:
    """Return an invented place of two syllables."""
    while True:
        place = rng.choice(PLACE_FIRST) + rng.choice(PLACE_LAST)
        if place[0] != place[1] and not is_real_place(place):
            return place


def _brand(rng: Rng) -> str:
    """Return an invented brand of two syllables, sometimes three."""
    middle = rng.choice(BRAND_FIRST) if rng.bernoulli(0.12) else ""
    return rng.choice(BRAND_FIRST) + middle + rng.choice(BRAND_LAST)


def _pinyin(text: str) -> str:
    """Return ``text`` in capital pinyin without tones."""
    return "".join(PINYIN[char] for char in text).upper()


def _company(rng: Rng) -> dict[str, str]:
    """Place, brand, industry, legal form; the place in front or in brackets."""
    place, brand = _place(rng), _brand(rng)
    industry, english = rng.choice(INDUSTRIES)
    form = rng.weighted(COMPANY_FORMS, (8, 3, 0.5, 0.5))
    style = rng.weighted(("bare", "suffix", "bracket"), (5, 4, 1))
    front = place + (rng.choice(PLACE_SUFFIXES) if style == "suffix" else "")
    owner = (
        f"{brand}（{place}）{industry}{form}"
        if style == "bracket"
        else (front + brand + industry + form)
    )
    name = f"{_pinyin(place)} {_pinyin(brand)} {english} CO., LTD."
    return {"owner": owner, "place": place, "brand": brand, "english": name, "short": front + brand}


def _brand_company(rng: Rng) -> dict[str, str]:
    """A company named by its brand alone, mostly 8 to 11 characters: no place in front."""
    brand = _brand(rng) + (rng.choice(BRAND_LAST) if rng.bernoulli(0.6) else "")
    industry, english = rng.choice(INDUSTRIES)
    name = f"{_pinyin(brand)} {english} CO., LTD."
    owner = f"{brand}{industry}有限公司"
    return {"owner": owner, "brand": brand, "english": name, "short": brand}


def _joint_stock(rng: Rng) -> dict[str, str]:
    """A company limited by shares."""
    entry = _company(rng)
    stem = entry["owner"]
    for form in sorted(COMPANY_FORMS, key=len, reverse=True):
        stem = stem.removesuffix(form)
    group = "集团" if rng.bernoulli(0.2) else ""
    return entry | {"owner": f"{stem}{group}股份有限公司"}


def _foreign(rng: Rng) -> dict[str, str]:
    """A foreign-invested company: brand, place in brackets, industry; with an English name."""
    place, brand = _place(rng), _brand(rng)
    industry, english = rng.choice(INDUSTRIES)
    owner = f"{brand}（{place}）{industry}有限公司"
    name = f"{_pinyin(brand)} ({_pinyin(place)}) {english} CO., LTD."
    return {"owner": owner, "place": place, "brand": brand, "english": name, "short": brand}


def _shop(rng: Rng) -> dict[str, str]:
    """A sole trader or small office."""
    place, brand = _place(rng), _brand(rng)
    front = place + rng.choice(("市", "县", "区", "镇"))
    owner = front + brand + rng.choice(SHOPS)
    return {"owner": owner, "place": place, "brand": brand, "short": brand}


def _government(rng: Rng) -> dict[str, str]:
    """An invented place's office."""
    place = _place(rng)
    bureau = rng.choice(BUREAUS)
    return {"owner": place + rng.choice(PLACE_SUFFIXES) + bureau, "place": place, "short": bureau}


def _institution(rng: Rng) -> dict[str, str]:
    """A school, hospital, museum of an invented place."""
    place, body = _place(rng), rng.choice(INSTITUTIONS)
    return {"owner": place + rng.choice(PLACE_SUFFIXES) + body, "place": place, "short": body}


def _society(rng: Rng) -> dict[str, str]:
    """An association of an invented place, or a company's union."""
    place = _place(rng)
    if rng.bernoulli(0.4):
        company = _company(rng)
        return company | {"owner": company["short"] + rng.choice(("", "公司")) + "工会委员会"}
    owner = place + rng.choice(PLACE_SUFFIXES) + rng.choice(SOCIETIES)
    return {"owner": owner, "place": place, "short": place}


def _bank(rng: Rng) -> dict[str, str]:
    """An invented bank's branch."""
    place, brand = _place(rng), _brand(rng)
    branch = _place(rng) + rng.choice(("支行", "分行", "营业部"))
    bank = f"{place}{brand}银行"
    return {"owner": bank + branch, "place": place, "brand": brand, "short": bank}


def _person(rng: Rng) -> dict[str, str]:
    """A person; the name is the owner."""
    given = rng.choice(GIVEN) + (rng.choice(GIVEN) if rng.bernoulli(0.72) else "")
    name = rng.choice(SURNAMES) + given
    return {"owner": name, "person": name, "short": name}


KINDS: dict[str, Callable[[Rng], dict[str, str]]] = {
    "company": _company,
    "brand_company": _brand_company,
    "joint_stock": _joint_stock,
    "foreign": _foreign,
    "shop": _shop,
    "government": _government,
    "institution": _institution,
    "society": _society,
    "bank": _bank,
    "person": _person,
}


def compose_owner(rng: Rng, kind: str = "company") -> dict[str, str]:
    """Return an entry for a fictional owner of ``kind``.

    Raises:
        ValueError: if ``kind`` is not one of KINDS (the nearest is named).
    """
    if kind not in KINDS:
        raise ValueError(
            f"compose_owner: kind must be one of {', '.join(KINDS)}, got {short(kind)}; "
            f"{nearest(kind, KINDS)}"
        )
    for _ in range(_MOST_TRIES):
        entry = KINDS[kind](rng)
        if not names_something_real(entry["owner"]):
            return entry
    raise AssertionError("compose_owner: every composed name was a real one")


def _bank_line(rng: Rng, entry: Mapping[str, str]) -> str:
    """Return the bank that keeps the owner's account."""
    return compose_owner(rng, "bank")["owner"]


def _date(rng: Rng, entry: Mapping[str, str]) -> str:
    """Return a date in one of the styles of date stamps."""
    year, month, day = rng.integer(2012, 2027), rng.integer(1, 13), rng.integer(1, 29)
    styles = (
        f"{year}年{month}月{day}日",
        f"{year}年{month:02d}月{day:02d}日",
        f"{year}.{month:02d}.{day:02d}",
        f"{year}-{month:02d}-{day:02d}",
        f"{year} {month:02d} {day:02d}",
    )
    return rng.weighted(styles, (3, 2, 3, 2, 1))


def _serial(rng: Rng, entry: Mapping[str, str]) -> str:
    """Return the number of one of several equal seals."""
    return f"({rng.integer(1, 10)})"


def _english(rng: Rng, entry: Mapping[str, str]) -> str:
    """Return an English name for an owner that came without."""
    return _foreign(rng)["english"]


_FILL: dict[str, Callable[[Rng, Mapping[str, str]], str]] = {
    "code": lambda rng, entry: codes.seal_code(rng),
    "tax": lambda rng, entry: codes.tax_id(rng),
    "account": lambda rng, entry: codes.account_number(rng),
    "phone": lambda rng, entry: codes.phone_number(rng),
    "bank": _bank_line,
    "date": _date,
    "serial": _serial,
    "english": _english,
    "department": lambda rng, entry: rng.choice(DEPARTMENTS),
    "person": lambda rng, entry: compose_owner(rng, "person")["owner"],
    "place": lambda rng, entry: _place(rng),
    "brand": lambda rng, entry: _brand(rng),
    "short": lambda rng, entry: entry["owner"][:4],
}


def fill_role(rng: Rng, role: str, entry: Mapping[str, str]) -> str:
    """Return a fictional text for ``role`` that ``entry`` lacks.

    Raises:
        ValueError: if no text can be made for ``role``.
    """
    if role not in _FILL:
        raise ValueError(
            f"fill_role: role must be one of {', '.join(_FILL)}, got {short(role)}; "
            f"{nearest(role, _FILL)}"
        )
    return _FILL[role](rng, entry)
