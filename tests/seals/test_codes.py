"""Codes fail their official checks; the checks agree with published examples."""

from __future__ import annotations

import pytest

from seal2real.rng import Rng
from seal2real.seals import codes


def test_checks_accept_published_examples() -> None:
    """ISO/IEC 7812's and ISO 7064's worked examples; GB 32100's and GB 11714's annex examples."""
    assert codes.luhn_ok("79927398713")
    assert not codes.luhn_ok("79927398710")
    assert codes.mod11_10_ok("07945")  # ISO 7064: check digit 5 of 0794
    assert not codes.mod11_10_ok("07946")
    assert codes.org_code_ok("D2143569X")  # GB 11714-1997, section 3.4
    assert codes.uscc_ok("91350100M000100Y43")  # the specimen printed with GB 32100-2015
    assert not codes.uscc_ok("91350100M000100Y44")


@pytest.mark.parametrize("seed", range(200))
def test_made_codes_are_invalid(seed: int) -> None:
    """Unassigned regions (GB/T 2260) and failing check digits."""
    rng = Rng(seed)
    seal = codes.seal_code(rng)
    assert len(seal) == 13
    assert seal.isdigit()
    assert not codes.is_assigned_region(seal)
    assert not codes.mod11_10_ok(seal)
    assert not codes.luhn_ok(seal)
    tax = codes.tax_id(rng)
    assert len(tax) == 18
    assert set(tax) <= set(codes.USCC_ALPHABET)
    assert not codes.is_assigned_region(tax[2:])
    assert not codes.org_code_ok(tax[8:17])
    assert not codes.uscc_ok(tax)
    account = codes.account_number(rng)
    assert 16 <= len(account) <= 19
    assert not codes.luhn_ok(account)
    assert codes.phone_number(rng)[:3] in ("061", "062", "064", "065")


def test_other_lengths() -> None:
    """Old and new seal codes have 6 to 15 digits behind one rule."""
    assert len(codes.seal_code(Rng(1), 15)) == 15
