"""Numbers that look right and are invalid: unassigned regions, failing check digits.

Each maker draws digits and then picks a last character that fails the official check; the checks
themselves are here too, so that tests and users can see that they fail.
"""

from __future__ import annotations

from seal2real.rng import Rng

__all__ = [
    "USCC_ALPHABET",
    "account_number",
    "is_assigned_region",
    "luhn_ok",
    "mod11_10_ok",
    "org_code_ok",
    "phone_number",
    "seal_code",
    "tax_id",
    "uscc_ok",
]

# GB/T 2260: first two digits of assigned region codes (provinces; 83, 91 serve identity cards).
_ASSIGNED = frozenset(
    f"{province}"
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 83),
        (91, 91),
    )
    for province in range(first, last + 1)
)
_UNASSIGNED = tuple(f"{n}" for n in range(16, 100) if f"{n}" not in _ASSIGNED)
# GB 32100-2015 leaves out I, O, Z, S, V.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
# GB 11714-1997
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_CHECKS = "0123456789X"
# Area codes 061x, 062x, 064x, 065x are assigned to no city.
_AREA_CODES = tuple(f"06{tens}{unit}" for tens in (1, 2, 4, 5) for unit in range(10))


def _digits(rng: Rng, count: int) -> str:
    """Return ``count`` random decimal digits."""
    return f"{rng.integer(0, 10**count):0{count}d}"


def _region(rng: Rng) -> str:
    """Return a six-digit region code whose province does not exist."""
    return rng.choice(_UNASSIGNED) + f"{rng.integer(1, 24):02d}{rng.integer(1, 30):02d}"


def is_assigned_region(code: str) -> bool:
    """Tell whether the first two digits belong to a province of GB/T 2260."""
    return code[:2] in _ASSIGNED


def luhn_ok(number: str) -> bool:
    """Tell whether the Luhn check (ISO/IEC 7812) holds."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def mod11_10_ok(number: str) -> bool:
    """Tell whether the ISO 7064 MOD 11,10 check holds."""
    product = 10
    for digit in number[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (product + int(number[-1])) % 10 == 1


def org_code_ok(code: str) -> bool:
    """Tell whether the ninth character of an organisation code checks (GB 11714)."""
    total = sum(_BASE_36.index(c) * w for c, w in zip(code[:8], _ORG_WEIGHTS, strict=True))
    return code[8] == _ORG_CHECKS[(11 - total % 11) % 11]


def uscc_ok(code: str) -> bool:
    """Tell whether the 18th character of a unified social credit code checks (GB 32100)."""
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(code[:17], _USCC_WEIGHTS, strict=True))
    return code[17] == USCC_ALPHABET[-total % 31]


def seal_code(rng: Rng, digits: int = 13) -> str:
    """Return a seal registration code: no such region, last digit fails MOD 11,10 and Luhn."""
    body = _region(rng) + _digits(rng, digits - 7)
    bad = [d for d in "0123456789" if not mod11_10_ok(body + d) and not luhn_ok(body + d)]
    return body + rng.choice(bad)


def tax_id(rng: Rng) -> str:
    """Return an 18-character tax id: no such region, both of its checks fail."""
    body = rng.choice(("91", "92", "93")) + _region(rng)
    organisation = _digits(rng, 4) + "".join(rng.choice(USCC_ALPHABET[:18]) for _ in range(4))
    tails = [c for c in "0123456789" if not org_code_ok(organisation + c)]
    body += organisation + rng.choice(tails)
    return body + rng.choice([c for c in USCC_ALPHABET if not uscc_ok(body + c)])


def account_number(rng: Rng) -> str:
    """Return a bank account of 16 to 19 digits that fails the Luhn check."""
    body = rng.choice("123456789") + _digits(rng, rng.integer(14, 18))
    return body + rng.choice([d for d in "0123456789" if not luhn_ok(body + d)])


def phone_number(rng: Rng) -> str:
    """Return a telephone number whose area code belongs to no city."""
    return f"{rng.choice(_AREA_CODES)}-{rng.choice('2345678')}{_digits(rng, rng.integer(6, 8))}"
