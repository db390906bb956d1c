"""Splits of shards and names."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from seal2real.sealdb.splits import SPLITS, parse_fractions, split_of_key, split_of_shard

SHARES = parse_fractions("0.8,0.1,0.1")


def test_fractions_are_exact() -> None:
    """Decimal notation means decimal numbers: 0.1 is a tenth, not the nearest double."""
    assert list(SHARES) == [Fraction(4, 5), Fraction(1, 10), Fraction(1, 10)]


@pytest.mark.parametrize("text", ["", "0.8,0.2", "0.8,0.1,0.2", "1.1,0,-0.1", "a,b,c", "1/0,0,0"])
def test_bad_fractions_are_refused(text: str) -> None:
    """Three shares >= 0 with sum 1 are the rule."""
    with pytest.raises(ValueError, match="parse_fractions: split must be three shares"):
        parse_fractions(text)


@pytest.mark.parametrize("seed", [0, 1, 2**63, -5])
def test_shares_of_shards_are_exact_in_the_long_run(seed: int) -> None:
    """A golden-ratio walk is off by O(log n) shards: at most 5 of 10 000, random draws by ~30."""
    counts = Counter(split_of_shard(seed, SHARES, k) for k in range(10_000))
    for split, share in zip(SPLITS, SHARES, strict=True):
        assert abs(counts[split] - 10_000 * share) <= 5


@pytest.mark.parametrize("seed", range(40))
def test_thirteen_shards_meet_every_split(seed: int) -> None:
    """Three-gap theorem: 13 steps leave no gap above 0.0902 of the circle, below a tenth."""
    assert {split_of_shard(seed, SHARES, k) for k in range(13)} == set(SPLITS)


def test_seeds_differ() -> None:
    """The start of the walk is the seed's."""
    walks = {tuple(split_of_shard(seed, SHARES, k) for k in range(30)) for seed in range(20)}
    assert len(walks) > 15


def test_keys_are_split_by_share() -> None:
    """A hash of the name is uniform: 10 000 names lie within 4 sigma (160) of the shares."""
    counts = Counter(split_of_key(SHARES, f"某某第{k}有限公司") for k in range(10_000))
    for split, share in zip(SPLITS, SHARES, strict=True):
        assert abs(counts[split] - 10_000 * share) < 160


@pytest.mark.parametrize("same", ["甲乙(集团)公司A", "甲乙（集团）公司Ａ", " 甲乙 (集团) 公司a"])
def test_writings_of_one_name_are_one_key(same: str) -> None:
    """Width, case and blanks do not make another owner; shares of a thousandth tell keys apart."""
    fine = parse_fractions("0.333,0.333,0.334")
    assert split_of_key(fine, same) == split_of_key(fine, "甲乙(集团)公司A")


def test_an_empty_share_gets_nothing() -> None:
    """A split of share 0 has no shard and no name."""
    none = parse_fractions("1,0,0")
    assert {split_of_shard(1, none, k) for k in range(100)} == {"train"}
    assert {split_of_key(none, str(k)) for k in range(100)} == {"train"}
