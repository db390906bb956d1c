"""Streams of random numbers: known answers, independence of order, ranges, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seal2real import _C
from seal2real.rng import Rng, det_atan2, det_cos, det_exp, det_log, det_sin


def test_streams_are_named_by_their_path() -> None:
    """A child is the stream of the longer path, whatever its parent has given."""
    parent = Rng(7, 3)
    parent.u64()
    child = parent.child("ink", 0)
    assert isinstance(child, Rng)
    expected = Rng(7, 3, "ink", 0)
    assert [child.u64() for _ in range(5)] == [expected.u64() for _ in range(5)]
    firsts = {Rng(*path).u64() for path in [(7,), (8,), (7, 1), (7, "1"), (7, 1, 1), (7, -1)]}
    assert len(firsts) == 6


def test_bits_never_change() -> None:
    """Written down from the first release: a change here changes every dataset."""
    rng = Rng(1, 2, "ink", 0)
    assert [rng.u64() for _ in range(3)] == [
        17415316825494287162,
        11842212733017477276,
        6939768862433652707,
    ]
    assert Rng(5).uniform() == 0.21953426211136196 and Rng(5).normal() == 0.6788163368126303


def test_distributions() -> None:
    """Moments of 100 000 draws within five standard errors of theory."""
    normals = Rng(1).normals(100_000)
    uniforms = Rng(2).uniforms(100_000)
    assert abs(normals.mean()) < 5 / math.sqrt(1e5)
    assert abs(normals.var() - 1) < 5 * math.sqrt(2 / 1e5)
    assert abs(uniforms.mean() - 0.5) < 5 * math.sqrt(1 / 12 / 1e5)
    assert uniforms.min() >= 0 and uniforms.max() < 1


def test_integers_cover_their_range_evenly() -> None:
    """Chi-square of 7 cells over 7 000 draws: below 30 (p < 1e-4 beyond)."""
    rng = Rng(3)
    counts = np.bincount([rng.integer(0, 7) for _ in range(7000)], minlength=7)
    assert ((counts - 1000) ** 2 / 1000).sum() < 30
    assert {Rng(4, i).integer(-(2**63), 2**63 - 1) < 0 for i in range(30)} == {True, False}


def test_choices() -> None:
    """Choices come from the sequence; a weight of 0 is never drawn; shuffles permute."""
    rng = Rng(9)
    assert {rng.choice("abc") for _ in range(60)} == set("abc")
    assert {rng.weighted("abc", [1, 0, 2]) for _ in range(60)} == set("ac")
    assert sorted(rng.shuffled(range(20))) == list(range(20))
    assert len(set(rng.sample(range(50), 10))) == 10
    assert not Rng(1).bernoulli(0.0) and Rng(1).bernoulli(1.0)


def test_refusals() -> None:
    """Each mistake names the rule."""
    with pytest.raises(ValueError, match="Rng.integer: hi must exceed lo"):
        Rng(1).integer(3, 3)
    with pytest.raises(ValueError, match="Rng.choice: seq must not be empty"):
        Rng(1).choice([])
    with pytest.raises(ValueError, match="Rng.weighted: weights must be as many as seq"):
        Rng(1).weighted("ab", [1])
    with pytest.raises(ValueError, match="Rng.weighted: weights must be >= 0"):
        Rng(1).weighted("ab", [0, 0])
    with pytest.raises(ValueError, match="Rng.sample: k must be in 0..2"):
        Rng(1).sample("ab", 3)
    with pytest.raises(TypeError, match="Rng: path must hold integers and strings"):
        Rng(1, 2.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ours", "theirs", "x"),
    [
        (det_sin, np.sin, np.linspace(-1e4, 1e4, 50001)),
        (det_cos, np.cos, np.linspace(-1e4, 1e4, 50001)),
        (det_exp, np.exp, np.linspace(-700, 709, 50001)),
        (det_log, np.log, np.exp(np.linspace(-700, 700, 50001))),
    ],
)
def test_functions_within_two_ulp(ours: object, theirs: object, x: np.ndarray) -> None:
    """Against NumPy's, which are within 1 ulp themselves."""
    expected = theirs(x)  # type: ignore[operator]
    assert np.all(np.abs(ours(x) - expected) <= 2 * np.spacing(np.abs(expected)))  # type: ignore[operator]


def test_function_edges() -> None:
    """Limits as IEEE functions have them."""
    assert det_log(0.0) == -math.inf and math.isnan(det_log(-1.0)) and det_exp(800.0) == math.inf
    assert det_exp(-800.0) == 0.0 and math.isnan(det_sin(math.inf)) and det_exp(0.0) == 1.0
    assert det_atan2(0.0, -1.0) == math.pi and det_atan2(-1.0, 0.0) == -math.pi / 2
    grid = np.linspace(-3, 3, 101)
    x, y = np.meshgrid(grid, grid)
    assert np.abs(det_atan2(y, x) - np.arctan2(y, x)).max() < 1e-15
    assert isinstance(_C.sin(1.0), float) and _C.sin(np.zeros((2, 3))).shape == (2, 3)
