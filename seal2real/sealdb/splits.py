"""Which split a shard or a named thing (owner, template, real image) belongs to.

Shards walk over the unit circle in golden-ratio steps from a start that the seed draws. The walk
is equidistributed, so the shares are exact in the long run, differ by at most a few shards at any
moment, and the split of shard k needs no other shard.
"""

from __future__ import annotations

import hashlib
import unicodedata
from fractions import Fraction
from functools import lru_cache

from seal2real.rng import Rng

__all__ = ["SPLITS", "parse_fractions", "split_of_key", "split_of_shard"]

SPLITS = ("train", "val", "test")
_TURN = 1 << 64
# 2^64 / golden ratio, made odd: the rotation whose multiples are spread most evenly
_GOLDEN_STEP = 0x9E3779B97F4A7C15


@lru_cache(maxsize=16)  # asked for every sample, and fractions are slow to read
def parse_fractions(text: str) -> tuple[Fraction, Fraction, Fraction]:
    """Return the exact shares of train, val and test in ``text``, e.g. "0.8,0.1,0.1".

    Raises:
        ValueError: unless ``text`` holds three numbers >= 0 with sum 1.
    """
    rule = "must be three shares >= 0 of train, val and test with sum 1"
    try:
        shares = tuple(Fraction(part.strip()) for part in text.split(","))
    except (ValueError, ZeroDivisionError):
        shares = ()
    if len(shares) != 3 or min(shares) < 0 or sum(shares) != 1:
        raise ValueError(
            f'parse_fractions: split {rule}, got {text!r}; write for example "0.8,0.1,0.1"'
        )
    return shares[0], shares[1], shares[2]


def split_of_shard(seed: int, fractions: tuple[Fraction, ...], shard: int) -> str:
    """Return the split of shard number ``shard`` (from 0) of a dataset."""
    start = Rng(seed, "split").u64()
    return _split_at((start + shard * _GOLDEN_STEP) % _TURN, fractions)


def split_of_key(fractions: tuple[Fraction, ...], key: str) -> str:
    """Return the split that owns ``key``: an owner's name or a file's sha256.

    Names that differ only in width, case or blanks are one key. The seed has no say, so that
    datasets with different seeds can be joined without an owner in two splits.
    """
    name = "".join(unicodedata.normalize("NFKC", key).casefold().split())
    digest = hashlib.sha256(name.encode()).digest()
    return _split_at(int.from_bytes(digest[:8], "big"), fractions)


def _split_at(point: int, fractions: tuple[Fraction, ...]) -> str:
    """Return the split whose arc of the circle [0, 2^64) holds ``point``."""
    edge = Fraction(0)
    for split, share in zip(SPLITS, fractions, strict=True):
        edge += share
        if point < edge * _TURN:
            return split
    raise AssertionError("shares sum to one")
