"""The gate lets faithful forgeries pass and names what moved in the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from seal2real.realise.gate import GATE, SCORES, Gate, judge
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample

# A red company seal on print, from the default presets (found by its scores, looked at).
RECIPE = Recipe(count=400, seed=6, size="320", options={"seal_free": 0.0, "cross_page": 0.0})


@pytest.fixture(scope="module")
def sample() -> Sample:
    """A sample all of whose scores can be judged."""
    factory = SampleFactory(RECIPE)
    for index in range(RECIPE.count):
        made = factory(index)
        scores = judge(made.synthetic, made).scores
        judged = [scores[name] is not None for name in ("char_recall", "print")]
        if all(judged) and made.record["capture"]["kind"] == "scanner":
            return made
    raise AssertionError("no such sample: choose another seed")


def moved(image: np.ndarray, clean: np.ndarray, dx: int) -> np.ndarray:
    """The ink of ``image`` shifted by ``dx`` px, the page left where it is."""
    ink = np.roll(image.astype(np.int16) - clean, dx, axis=1)
    return np.clip(clean + ink, 0, 255).astype(np.uint8)


def test_the_synthetic_page_passes(sample: Sample) -> None:
    """Nothing moved in I_s itself; it agrees with the label almost everywhere."""
    result = judge(sample.synthetic, sample)
    assert result.passed
    assert list(result.scores) == list(SCORES)
    assert result.scores["recall"] == result.scores["char_recall"] == 1.0
    assert result.scores["print"] == 1.0
    assert result.scores["iou"] is not None and result.scores["iou"] > 0.7


def test_new_looks_pass(sample: Sample) -> None:
    """Another ink colour, uneven strength, noise and a little blur move no label."""
    rng = np.random.default_rng(3)
    ink = sample.clean.astype(np.float64) - sample.synthetic
    looks = sample.clean - ink[..., [0, 2, 1]] * np.linspace(0.7, 1.1, ink.shape[1])[None, :, None]
    looks = looks + np.where(sample.mask[..., None] > 0, rng.normal(0, 4, ink.shape), 0)
    assert judge(np.clip(np.rint(looks), 0, 255).astype(np.uint8), sample).passed
    paler = sample.clean.astype(np.int16) - (ink * 0.6).astype(np.int16)
    assert judge(paler.astype(np.uint8), sample).passed


def test_shifted_ink_fails(sample: Sample) -> None:
    """Eight pixels are beyond the tolerance of two: old places lose ink, new ones gain some."""
    result = judge(moved(sample.synthetic, sample.clean, 8), sample)
    assert "recall" in result.failed
    assert "new_ink" in result.failed
    assert judge(moved(sample.synthetic, sample.clean, 1), sample).scores["recall"] == 1.0


def test_an_erased_character_fails_by_its_own_score(sample: Sample) -> None:
    """One character of many hardly changes the whole recall; the worst character shows it."""
    chars = [c for s in sample.record["seals"] for t in s["texts"] for c in t["chars"]]
    char = max(chars, key=lambda c: c["visible"])
    (x0, y0), (x1, y1) = np.min(char["quad"], axis=0), np.max(char["quad"], axis=0)
    forged = sample.synthetic.copy()
    box = (slice(int(y0) - 1, int(y1) + 2), slice(int(x0) - 1, int(x1) + 2))
    forged[box] = sample.clean[box]
    result = judge(forged, sample)
    assert "char_recall" in result.failed
    assert "new_ink" not in result.failed


def test_an_erased_seal_fails(sample: Sample) -> None:
    """The clean page as forgery: no ink is found."""
    result = judge(sample.clean, sample)
    assert result.scores["recall"] == 0.0
    assert {"recall", "char_recall"} <= set(result.failed)


def test_added_ink_fails_by_its_own_score(sample: Sample) -> None:
    """A blot away from the seal, a twentieth of its ink: recall stays whole."""
    away = np.argwhere(sample.mask == 0)
    count = int((sample.mask > 0).sum()) // 20
    far = away[np.abs(away - np.argwhere(sample.mask > 0).mean(axis=0)).sum(axis=1).argsort()]
    forged = sample.synthetic.copy()
    forged[tuple(far[-2 * count :].T)] = (190, 20, 30)
    result = judge(forged, sample)
    assert "new_ink" in result.failed
    assert result.scores["recall"] == 1.0


def test_repainted_print_fails_by_its_own_score(sample: Sample) -> None:
    """Print under the seal painted in the ink round it; the seal itself stays."""
    luma = sample.clean @ np.array([0.3, 0.6, 0.1])
    forged = sample.synthetic.copy()
    ink = np.median(forged[(sample.mask > 0) & (luma > 150)], axis=0)
    forged[(luma < 150) & (sample.mask > 0)] = ink
    assert "print" in judge(forged, sample).failed


def test_what_a_fax_lost_is_not_asked_for() -> None:
    """Two levels swallow pale ink in I_s already; the share that is left is told."""
    fax = replace(RECIPE, options={**RECIPE.options, "capture": "fax"}, seed=9)
    factory = SampleFactory(fax)
    results = [judge(made.synthetic, made) for made in map(factory, range(12))]
    assert all(result.passed for result in results)
    visible = [r.scores["visible"] for r in results if r.scores["visible"] is not None]
    assert min(visible) < 0.9


def test_a_page_without_seal_has_nothing_to_judge(sample: Sample) -> None:
    """Every score is None, and that passes."""
    bare = replace(sample, mask=np.zeros_like(sample.mask), synthetic=sample.clean)
    result = judge(sample.clean, bare)
    assert result.passed
    assert set(result.scores.values()) == {None}


def test_an_ocr_that_no_longer_reads_fails(sample: Sample) -> None:
    """A reader that only reads the unchanged picture: everything is lost."""

    def read(image: np.ndarray, line: dict[str, str]) -> str:
        return line["text"] if np.array_equal(image, sample.synthetic) else ""

    assert judge(sample.synthetic, sample, read=read).scores["ocr"] == 0.0
    forged = sample.synthetic.copy()
    forged[0, 0] ^= 1
    assert judge(forged, sample, read=read).failed == ("ocr",)


def test_default_presets_pass_unchanged() -> None:
    """I_f = I_s of 60 default samples; benchmarks/gate_calibration.py has 2000 (>= 99 %)."""
    recipe = Recipe(count=10_000, seed=21, size="256")
    factory = SampleFactory(recipe)
    rng = Rng(21, "gate")
    made = [factory(rng.integer(0, recipe.count)) for _ in range(60)]
    assert sum(not judge(one.synthetic, one, GATE).passed for one in made) == 0


def test_refusals(sample: Sample) -> None:
    """The messages name the sizes, or the threshold."""
    with pytest.raises(ValueError, match="judge: forged must be uint8"):
        judge(sample.clean[:-1], sample)
    for values in ({"reach_px": -1}, {"reach_px": 200}, {"ink_low": 12.5}, {"dark_luma": 256}):
        (name,) = values
        with pytest.raises(ValueError, match=f"Gate: {name} must be a whole number in 0"):
            Gate(**values)
