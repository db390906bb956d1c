"""Filling templates: ``{company}`` and other slots become fictional texts.

Names, codes and accounts come from the fictional corpus of the seals, so no page names a real
company, person, place or account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache

from seal2real.rng import Rng
from seal2real.seals.fictional import compose_owner, fill_role

__all__ = ["Filler", "capital_amount", "grouped"]

_SLOT = re.compile(r"\{(\w+)\}")
# Slots that say the same throughout a page: what it is about.
_ONCE = ("matter",)
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_SECTIONS = ("", "万", "亿")


class Filler:
    """Texts of one page: every slot is filled anew, dates run on from one day.

    Args:
        rng: the page's stream for texts.
        slots: the language's slots, name -> function of a stream.
        written: how the language writes a date.
    """

    def __init__(
        self,
        rng: Rng,
        slots: Mapping[str, Callable[[Rng], str]],
        written: Callable[[date], str],
    ) -> None:
        self.rng = rng
        self._slots = slots
        self._written = written
        self._said: dict[str, str] = {}
        self.day = date(2014, 1, 1) + timedelta(rng.integer(0, 13 * 365))

    def __call__(self, template: str) -> str:
        """Return ``template`` with its slots filled."""
        return _SLOT.sub(lambda found: self.slot(found.group(1)), template)

    def slot(self, name: str) -> str:
        """Return the text of one slot.

        Raises:
            KeyError: if no slot has that name (a mistake in a template).
        """
        if name == "date":
            # later in the text is later in time, or the page contradicts itself
            self.day += timedelta(self.rng.integer(0, 40))
            return self._written(self.day)
        if name == "year":
            return str(self.day.year)
        if name in _ONCE:
            if name not in self._said:
                self._said[name] = self._slots[name](self.rng)
            return self._said[name]
        return self._slots[name](self.rng)


@lru_cache(maxsize=1)
def corpus_slots() -> dict[str, Callable[[Rng], str]]:
    """Return the slots that the fictional corpus fills."""
    slots: dict[str, Callable[[Rng], str]] = {}
    for kind in ("company", "government", "institution", "bank", "person", "society", "shop"):
        slots[kind] = lambda rng, kind=kind: compose_owner(rng, kind)["owner"]  # type: ignore[misc]
    slots["company_en"] = lambda rng: compose_owner(rng, "company")["english"]
    for role in ("phone", "account", "tax", "place", "brand"):
        slots[role] = lambda rng, role=role: fill_role(rng, role, {})  # type: ignore[misc]
    return slots


def grouped(cents: int) -> str:
    """Return an amount of cents as ``12,345.67``."""
    return f"{cents // 100:,}.{cents % 100:02d}"


def capital_amount(cents: int) -> str:
    """Return an amount in the capital figures of Chinese bills.

    Args:
        cents: amount in fen, 0 <= cents < 10**14.

    Raises:
        ValueError: if the amount is out of range.

    >>> capital_amount(1030050)
    '壹万零叁佰元伍角整'
    """
    if not 0 <= cents < 10**14:
        raise ValueError(
            f"capital_amount: cents must be in 0..10**14 - 1, got {cents}; split the amount"
        )
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text = f"{_capital_integer(yuan)}元" if yuan or not (jiao or fen) else ""
    if not jiao and not fen:
        return text + "整"
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif yuan:
        text += "零"
    return text + (_DIGITS[fen] + "分" if fen else "整")


def _capital_integer(value: int) -> str:
    """Return a positive integer in capital figures, 零 once for any run of zeros."""
    if not value:
        return _DIGITS[0]
    text, gap = "", False
    for section in (2, 1, 0):
        part = value // 10 ** (4 * section) % 10000
        for power in (3, 2, 1, 0):
            digit = part // 10**power % 10
            if digit:
                text += (_DIGITS[0] if gap and text else "") + _DIGITS[digit] + _UNITS[power]
                gap = False
            else:
                gap = True
        text += _SECTIONS[section] if part else ""
    return text
