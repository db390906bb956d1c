"""Statistics of seals: values done by hand, sources that differ and that do not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.seal_statistics import STATISTICS, difference_rows, distances, statistics
from benchmarks.two_sample import PATCHES, Floats, Seal


def seals(count: int, name: str, ink: int, seed: int, groups: int) -> list[Seal]:
    """Patches of bars of ``ink`` on paper of 230, with some noise."""
    rng = np.random.default_rng(seed)
    out = []
    for k in range(count):
        patches = rng.normal(230.0, 4.0, (PATCHES, 64, 64, 3))
        patches[:, 8:56:8] += ink + rng.normal(0.0, 6.0) - 230
        out.append(Seal(f"{name}{k % groups}", patches.clip(0, 255).astype(np.uint8)))
    return out


def features(count: int, shift: float, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(shift, 1.0, (count, PATCHES, 8))


def test_statistics_of_a_known_patch() -> None:
    """A quarter of the patch is red (200, 40, 40): saturation 0.8, cells full or empty."""
    patch = np.full((64, 64, 3), 255, np.uint8)
    patch[:, 24:40] = (200, 40, 40)
    (row,) = statistics([Seal("one", np.stack([patch] * PATCHES))])
    found = dict(zip(STATISTICS, row, strict=True))
    assert found["ink saturation"] == pytest.approx(0.8)
    assert found["ink luma spread"] == pytest.approx(0.0, abs=1e-9)
    assert found["ink coverage variance"] == pytest.approx(0.25 * 0.75)


def test_a_source_is_nearer_than_another() -> None:
    """The nearer one's ink and features are shifted by a third as much."""
    real = seals(24, "company ", 120, 0, 8)
    real_features = features(24, 0.0, 1)
    rows = {}
    for name, ink, shift in (("near", 128, 0.25), ("far", 144, 0.75)):
        drawn = seals(40, "drawn ", ink, 2, 40)
        rows[name] = distances(real, drawn, real_features, features(40, shift, 3))
    found = list(difference_rows("near", rows["near"], "far", rows["far"]))
    assert [row["statistic"] for row in found] == [*STATISTICS, "kernel_distance"]
    kernel = found[-1]
    assert kernel["low90"] < kernel["difference"] < kernel["high90"] < 0
    whole = rows["near"].row("near")
    difference = whole["kernel_distance"] - rows["far"].row("far")["kernel_distance"]
    assert kernel["difference"] == pytest.approx(difference, abs=0.02)


def test_a_source_is_as_near_as_itself() -> None:
    real, drawn = seals(12, "company ", 120, 0, 4), seals(20, "drawn ", 150, 1, 20)
    mine = distances(real, drawn, features(12, 0.0, 1), features(20, 0.4, 2))
    for row in difference_rows("forger", mine, "traditional", mine):
        assert row["low90"] == row["difference"] == row["high90"] == 0


def test_the_kernel_distance_is_about_zero_for_one_source() -> None:
    real, drawn = seals(40, "company ", 120, 0, 40), seals(40, "drawn ", 120, 1, 40)
    same = distances(real, drawn, features(40, 0.0, 1), features(40, 0.0, 2)).row("same")
    apart = distances(real, drawn, features(40, 0.0, 1), features(40, 0.7, 2)).row("apart")
    assert abs(same["kernel_distance"]) < 0.1 * apart["kernel_distance"]
