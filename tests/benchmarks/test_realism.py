"""The two-sample test's own numbers: sums done by hand, sources that differ and that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seal2real.rng import Rng

pytest.importorskip("torch")

from benchmarks.two_sample import (
    PATCHES,
    Seal,
    auc,
    cut_patches,
    difference_row,
    folds_of,
    harmonised,
    mean_aucs,
    probe_scores,
)


def test_auc_is_the_share_of_ordered_pairs() -> None:
    """Pairs counted by hand: 3 of 6 above, one tie."""
    assert auc(np.array([1.0, 3.0]), np.array([0.0, 1.0, 4.0])) == pytest.approx(3.5 / 6)


def _result(real: list[float], companies: list[str], other: list[float]) -> dict[str, Any]:
    """Return what `compare` would: one classifier, drawings each a group."""
    names = [f"drawn {k}" for k in range(len(other))]
    scores = {"probe": {"real": real, "other": other}}
    return {"scores": scores, "groups": {"real": companies, "other": names}}


def test_the_interval_draws_whole_companies() -> None:
    """One company has no spread of its own; many have."""
    rng = np.random.default_rng(0)
    real, other = rng.normal(0.5, 1.0, 40), rng.normal(0.0, 1.0, 40)
    single = _result(list(real), [str(k) for k in range(40)], list(other))
    grouped = _result(list(real), ["a"] * 40, list(other))
    grouped["groups"]["other"] = ["b"] * 40
    assert np.ptp(mean_aucs([grouped], "probe")) == 0.0
    found = mean_aucs([single], "probe")
    assert found[0] == pytest.approx(auc(real, other))
    assert found[1:].std() > 0.03
    assert found[1:].mean() == pytest.approx(auc(real, other), abs=0.02)


def test_repeats_are_averaged_and_companies_drawn_in_all_at_once() -> None:
    """A repeat beside its like has the spread that companies give; other judges' noise averages out.

    A photograph that had no patches in one repeat is missed there only.
    """
    rng = np.random.default_rng(3)
    companies = [str(k) for k in range(40)]
    better, other = rng.normal(0.5, 1.0, 40), rng.normal(0.0, 1.0, 400)
    one = _result(list(better), companies, list(other))
    apart = [_result(list(rng.normal(0.5, 1.0, 40)), companies, list(other)) for _ in range(4)]
    assert mean_aucs([one, one], "probe")[1:].std() > 0.03
    assert mean_aucs(apart, "probe")[1:].std() < 0.03
    fewer = _result(list(better[1:]), companies[1:], list(other))
    wanted = (auc(better, other) + auc(better[1:], other)) / 2
    assert mean_aucs([one, fewer], "probe")[0] == pytest.approx(wanted)


def test_a_probe_finds_what_is_there_and_nothing_where_nothing_is() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([1.0, 0.0], 40)
    train, test = rng.normal(size=(80, 6, 5)), rng.normal(size=(80, 6, 5))
    nothing = probe_scores(train, labels, test)
    assert 0.3 < auc(nothing[:40], nothing[40:]) < 0.7
    train[:40, :, 2] += 1.0
    test[:40, :, 2] += 1.0
    found = probe_scores(train, labels, test)
    assert auc(found[:40], found[40:]) > 0.95


def test_no_group_is_in_two_folds() -> None:
    seals = [Seal(f"g{k % 7}", np.zeros((1, 1, 1, 3), np.uint8)) for k in range(30)]
    fold = folds_of(seals, 0)
    assert len({(s.group, f) for s, f in zip(seals, fold, strict=True)}) == 7
    assert set(fold) == {0, 1, 2, 3, 4}


def test_images_are_brought_to_one_scale() -> None:
    """A black dot 40 px right of the middle of a seal 384 px wide ends 20 px right of it."""
    image = np.full((400, 420, 3), 255, np.uint8)
    image[198:203, 248:253] = 0
    small, centre = harmonised(image, (210.5, 200.5), 384.0)
    assert small.shape == (194, 204, 3)
    rows, columns = np.nonzero(small[..., 0] < 150)
    np.testing.assert_allclose(
        [columns.mean() + 0.5 - centre[0], rows.mean() + 0.5 - centre[1]], [20.0, 0.0], atol=0.6
    )


def test_patches_hold_ink_and_bare_paper_has_none() -> None:
    image = np.full((200, 200, 3), 230, np.uint8)
    assert cut_patches(image, np.array([100.0, 100.0]), Rng(0)) is None
    image[::6] = (150, 40, 40)
    patches = cut_patches(image, np.array([100.0, 100.0]), Rng(0))
    assert patches is not None
    assert patches.shape == (PATCHES, 64, 64, 3)


def test_patches_leave_print_out() -> None:
    """Half of the seal lies on print: patches are cut from the other half alone."""
    image = np.full((200, 200, 3), 230, np.uint8)
    image[::6] = (150, 40, 40)
    image[::4, :100] = 20
    patches = cut_patches(image, np.array([100.0, 100.0]), Rng(0))
    assert patches is not None
    assert max((patches.max(axis=3) < 60).mean(axis=(1, 2))) <= 0.04
    image[::4] = 20
    assert cut_patches(image, np.array([100.0, 100.0]), Rng(0)) is None


def test_a_difference_is_paired_by_drawing() -> None:
    """Shifting every drawing's score by one constant moves the AUC, and hardly more or less by draw."""
    rng = np.random.default_rng(2)
    real, other = rng.normal(0.0, 1.0, 40), rng.normal(-1.5, 1.0, 60)
    companies = [f"c{k % 10}" for k in range(40)]
    than = _result(list(real), companies, list(other))
    result = _result(list(real), companies, list(other[:-1] + 0.5))
    (row,) = difference_row("forger", [result] * 2, "traditional", [than] * 2)
    wanted = auc(real, other[:-1] + 0.5) - auc(real, other[:-1])
    assert row["difference"] == pytest.approx(wanted, abs=1e-4)
    assert row["repeats"] == 2
    assert row["low90"] < wanted < row["high90"] < 0
    (same,) = difference_row("forger", [than], "traditional", [than])
    assert same["low90"] == same["difference"] == same["high90"] == 0
