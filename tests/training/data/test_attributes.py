"""Attributes against the sample's own planes and record."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seal2real.sealdb.record import CLASS_NAMES
from seal2real.synthesis.sample import Sample
from seal2real.training.data.attributes import AMOUNTS, CLASSES, PRESENCES, attributes
from seal2real.training.data.drawn import DrawnStream


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    stream = DrawnStream(96, seed=4, page_reuse=4, seal_free=0.3)
    return [stream.sample(index) for index in range(24)]


def test_presence_is_what_the_planes_show(samples: list[Sample]) -> None:
    """Parts from the class plane; shapes, colours and kinds of seals with 24 inked px or more."""
    seen = set()
    for sample in samples:
        found = attributes(sample).presence
        told = {name for name, value in zip(PRESENCES, found, strict=True) if value == 1}
        assert set(np.unique(found)) <= {0.0, 1.0}
        for number, name in enumerate(CLASSES[1:], 1):
            assert (f"part {name}" in told) == (np.sum(sample.classes == number) >= 24)
        seals = [s for s in sample.record["seals"] if np.sum(sample.mask >> s["bit"] & 1) >= 24]
        for key, value in [("shape", lambda s: s["shape"]), ("kind", lambda s: s["ink"]["kind"])]:
            wanted = {f"{key} {value(seal)}" for seal in seals}
            assert {name for name in told if name.startswith(key)} == wanted
        seen |= told
    assert {"shape round", "colour red", "part ring_text"} <= seen


def test_amounts_come_from_the_record(samples: list[Sample]) -> None:
    """Undone with the mean and spread of the table in the module's docs: strength 1 +- 0.35."""
    strength, scale = AMOUNTS.index("strength"), AMOUNTS.index("log_px_per_mm")
    blank = 0
    for sample in samples:
        amount = attributes(sample).amount
        dpi = sample.record["page"]["dpi"]
        assert amount[scale] * 0.35 + 1.9 == pytest.approx(math.log(dpi / 25.4), abs=1e-4)
        areas = {s["bit"]: np.sum(sample.mask >> s["bit"] & 1) for s in sample.record["seals"]}
        if not areas or max(areas.values()) < 24:
            assert np.isnan(amount[: strength + 1]).all()
            blank += 1
            continue
        main = max(sample.record["seals"], key=lambda s: areas[s["bit"]])
        assert amount[strength] * 0.35 + 1 == pytest.approx(main["ink"]["strength"], abs=1e-4)
        assert amount[0] * 0.3 + 0.4 == pytest.approx(main["ink"]["transmittance"][0], abs=1e-4)
        assert np.isfinite(amount).all()
    assert 0 < blank < len(samples)


def test_dense_answers(samples: list[Sample]) -> None:
    for sample in samples:
        answers = attributes(sample)
        assert answers.part.shape == answers.ink.shape == (24, 24)
        for y, x in [(0, 0), (7, 13), (23, 23)]:
            assert answers.part[y, x] == sample.classes[4 * y + 2, 4 * x + 2]
            block = sample.mask[4 * y : 4 * y + 4, 4 * x : 4 * x + 4] != 0
            assert answers.ink[y, x] == pytest.approx(block.mean())
    assert CLASS_NAMES[: len(CLASSES)] == CLASSES and "template" not in CLASSES


def test_characters_in_the_crop_are_counted(samples: list[Sample]) -> None:
    place = AMOUNTS.index("log_characters")
    for sample in samples:
        inside = 0
        for seal in sample.record["seals"]:
            if np.sum(sample.mask >> seal["bit"] & 1) < 24:
                continue
            for text in seal["texts"]:
                for char in text["chars"]:
                    x, y = np.array(char["quad"]).mean(0)
                    inside += 0 <= x < 96 and 0 <= y < 96
        found = attributes(sample).amount[place] * 1.0 + 2.0
        assert found == pytest.approx(math.log1p(inside), abs=1e-4)
