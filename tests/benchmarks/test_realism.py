"""The two-sample test's own numbers: sums done by hand, sources that differ and that do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seal2real.realise.forger import ForgerRealiser
from seal2real.rng import Rng

pytest.importorskip("torch")

from benchmarks.realism import (
    FITTED,
    Judged,
    _report,
    main,
    open_realised,
    placed,
    training_seeds,
)
from benchmarks.seal_statistics import STATISTICS, Distances
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
from seal2real.export.onnx import export_forger
from seal2real.models.forger import Forger


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
    """The same judges four times spread as once: drawn apart, companies would halve that.

    A photograph that had no patches in one repeat is missed there only.
    """
    rng = np.random.default_rng(3)
    companies = [str(k) for k in range(40)]
    better, other = rng.normal(0.5, 1.0, 40), rng.normal(0.0, 1.0, 400)
    one = _result(list(better), companies, list(other))
    once, often = (mean_aucs([one] * count, "probe")[1:].std() for count in (1, 4))
    assert 0.8 * once < often < 1.05 * once
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


def test_a_repeat_does_not_ask_about_companies_that_all_networks_learned_from() -> None:
    """Company 9 had no patches in the first repeat, company 2 has none in this one."""
    patches = np.zeros((1, 1, 1, 3), np.uint8)
    first = [Seal(f"c{k}", patches) for k in range(9)]
    now = [Seal(f"c{k}", patches) for k in (0, 1, 3, 9, 4)]
    kept, folds = placed(first, now, 0)
    assert [seal.group for seal in kept] == ["c0", "c1", "c3", "c4"]
    assert folds == [folds_of(first, 0)[k] for k in (0, 1, 3, 4)]


def test_networks_are_of_one_training_seed_and_one_a_fold(tmp_path: Path) -> None:
    files = [tmp_path / f"{k}.onnx" for k in range(2)]
    for width, file in zip((8, 16), files, strict=True):
        export_forger(Forger(width, 2, 16, 0), file)
    given = f"forger=forger:{files[0]};{files[1]}"
    assert training_seeds(given) == 2
    for training in (0, 1):
        name, (realiser,) = open_realised(given, "tiny", training)
        assert name == "forger"
        assert isinstance(realiser, ForgerRealiser)
        assert realiser.weights == files[training]
    with pytest.raises(ValueError, match="forger must have 1 or 5 networks a training seed, got 2"):
        open_realised(f"forger=forger:{files[0]},{files[1]}", "tiny")


def test_every_training_seed_is_paired_with_the_drawings_of_its_own_repeat(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Seeds add 0.3 and 0.5 to the score of every drawing; repeats differ by far more."""
    rng = np.random.default_rng(4)
    real, companies = list(rng.normal(0.0, 1.0, 40)), [f"c{k % 10}" for k in range(40)]
    drawn = [rng.normal(-1.0 - repeat, 1.0, 60) for repeat in range(2)]
    values, groups = rng.normal(size=(12, len(STATISTICS))), tuple(f"g{k}" for k in range(12))
    lengths = Distances(values, values, (np.ones((12, 12)),) * 3, groups, groups)

    def judgements(name: str, shift: float) -> list[Judged]:
        return [
            Judged(name, _result(real, companies, list(drawn[k] + shift)), k, lengths, True)
            for k in range(2)
        ]

    plain = [one for name in ("traditional", FITTED) for one in judgements(name, 0.0)]
    _report([*plain, *judgements("forger", 0.3), *judgements("forger", 0.5)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (row,) = [row for row in rows if row.get("than") == FITTED and "classifier" in row]
    wanted = [
        auc(np.array(real), values + shift) - auc(np.array(real), values)
        for shift in (0.3, 0.5)
        for values in drawn
    ]
    assert row["repeats"] == 4
    assert row["difference"] == pytest.approx(np.mean(wanted), abs=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--source", "a=x", "--source", "a=y"], "a: two sources may not have one name"),
        (["--source", "traditional=x"], "traditional: two sources may not have one name"),
        (["--repeats", "0"], "take at least 1 of each"),
        (["--realised", "f=forger:missing.onnx"], "missing.onnx, which does not exist"),
    ],
)
def test_a_command_line_is_refused_before_the_work(
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["realism", "--real", "nowhere", *words])
    with pytest.raises(SystemExit):
        main()
    assert message in " ".join(capsys.readouterr().err.split())


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
    # one that lacks patches in either counts in neither, wherever it stood
    order = rng.permutation(60)[:50]
    mixed = _result(list(real), companies, list(other[order] + 0.5))
    mixed["groups"]["other"] = [f"drawn {k}" for k in order]
    (row,) = difference_row("forger", [mixed], "traditional", [than])
    wanted = auc(real, other[order] + 0.5) - auc(real, other[order])
    assert row["difference"] == pytest.approx(wanted, abs=1e-4)
    assert row["low90"] < wanted < row["high90"] < 0
    (same,) = difference_row("forger", [than], "traditional", [than])
    assert same["low90"] == same["difference"] == same["high90"] == 0
