"""Random numbers named by a path, the same on every machine.

``Rng(seed, index, "ink", 0)`` is one stream of Philox4x32-10; a sample's draws therefore depend
on nothing but its name: not on the worker, the order of work or what was drawn before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from seal2real import _C
from seal2real.detmath import det_atan2, det_cos, det_exp, det_log, det_sin

__all__ = ["Rng", "det_atan2", "det_cos", "det_exp", "det_log", "det_sin"]

T = TypeVar("T")


class Rng(_C.Rng):
    """A stream of random numbers.

    Args:
        seed: any integer; its low 64 bits count.
        *path: integers and strings that name the stream below ``seed``; ``1`` and ``"1"`` differ.

    Besides the methods here, ``u64()`` gives 64 bits as an int, and ``uniforms(n)`` and
    ``normals(n)`` give float64 arrays of ``n`` standard draws.
    """

    def child(self, *path: int | str) -> Rng:
        """Return the stream below this one, whatever this one has given already."""
        below = Rng.__new__(Rng)
        _C.Rng.__init__(below, 0)
        below._assign(self._child(*path))
        return below

    def uniform(self, lo: float = 0.0, hi: float = 1.0) -> float:
        """Return a float in [lo, hi)."""
        return lo + (hi - lo) * self._uniform()

    def integer(self, lo: int, hi: int) -> int:
        """Return an integer in [lo, hi), every one equally likely.

        Raises:
            ValueError: if ``hi <= lo``.
        """
        return self._integer(lo, hi)

    def normal(self, mean: float = 0.0, sigma: float = 1.0) -> float:
        """Return a normal draw."""
        return mean + sigma * self._normal()

    def lognormal(self, mean: float = 0.0, sigma: float = 1.0) -> float:
        """Return e to a normal draw; ``mean`` and ``sigma`` are those of the logarithm."""
        return float(det_exp(self.normal(mean, sigma)))

    def bernoulli(self, p: float) -> bool:
        """Return True with probability ``p``."""
        return self._uniform() < p

    def choice(self, seq: Sequence[T]) -> T:
        """Return one element of ``seq``.

        Raises:
            ValueError: if ``seq`` is empty.
        """
        if not seq:
            raise ValueError("Rng.choice: seq must not be empty, got length 0; give an element")
        return seq[self._integer(0, len(seq))]

    def weighted(self, seq: Sequence[T], weights: Sequence[float]) -> T:
        """Return one element of ``seq``, each with a chance in proportion to its weight.

        Raises:
            ValueError: if the lengths differ, a weight is negative or all are zero.
        """
        if len(seq) != len(weights):
            raise ValueError(
                f"Rng.weighted: weights must be as many as seq, got {len(weights)} for "
                f"{len(seq)}; give one weight an element"
            )
        total = 0.0
        for weight in weights:
            total += weight
        if not (0.0 < total < float("inf")) or min(weights) < 0.0:
            raise ValueError(
                f"Rng.weighted: weights must be >= 0 with a finite positive sum, got "
                f"{list(weights)}; raise one above 0"
            )
        return seq[_pick(self._uniform() * total, weights)]

    def shuffled(self, seq: Sequence[T]) -> list[T]:
        """Return the elements of ``seq`` in random order (Fisher-Yates)."""
        return self.sample(seq, len(seq))

    def sample(self, seq: Sequence[T], k: int) -> list[T]:
        """Return ``k`` elements of ``seq`` without replacement, in random order.

        Raises:
            ValueError: if ``k`` is negative or exceeds the length.
        """
        if not 0 <= k <= len(seq):
            raise ValueError(
                f"Rng.sample: k must be in 0..{len(seq)}, got {k}; ask for fewer elements"
            )
        items = list(seq)
        for i in range(k):
            j = self._integer(i, len(items))
            items[i], items[j] = items[j], items[i]
        return items[:k]


def _pick(target: float, weights: Sequence[float]) -> int:
    """Return the index whose cumulative weight first exceeds ``target``."""
    last = 0
    for i, weight in enumerate(weights):
        if weight > 0.0:
            last = i
            if target < weight:
                return i
        target -= weight
    return last  # rounding left a crumb: the last element that can be drawn
