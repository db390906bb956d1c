"""A fold's judges need seals to learn from and others to be asked about."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from benchmarks import two_sample
from benchmarks.two_sample import (
    FOLDS,
    KNOWN,
    PATCH_PX,
    PATCHES,
    Seal,
    auc,
    cnn_scores,
    compare,
)


def test_a_fold_that_leaves_nothing_to_ask_about_is_an_error() -> None:
    patches = np.zeros((PATCHES, PATCH_PX, PATCH_PX, 3), np.uint8)
    real = [Seal(f"real {k}", patches) for k in range(10)]
    drawn = [Seal(f"drawn {k}", patches) for k in range(KNOWN)]
    features = [np.zeros((len(part), PATCHES, 4)) for part in (real, drawn)]
    with pytest.raises(ValueError, match=rf"got {KNOWN} with patches; draw more than {KNOWN}"):
        compare(
            real,
            [k % FOLDS for k in range(10)],
            [drawn] * FOLDS,
            features[0],
            [features[1]] * FOLDS,
            seed=0,
        )


def grained(seed: int, sigma: float, darkest: float) -> list[Seal]:
    """Return 24 seals of bars on paper of any colour not darker than that, with grain."""
    draw = np.random.default_rng(seed)
    bars = np.where(np.arange(PATCH_PX) % 16 < 4, -0.4, 0.0)[:, None]
    seals = []
    for k in range(24):
        paper = draw.uniform(darkest, darkest + 40.0, 3)
        noise = draw.normal(0.0, sigma, (PATCHES, PATCH_PX, PATCH_PX, 3))
        light = np.clip(paper * (1.0 + bars + noise), 0.0, 255.0)
        seals.append(Seal(f"{seed} {k}", light.astype(np.uint8)))
    return seals


def test_on_white_paper_grain_is_seen_and_the_papers_light_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Equal grain on darker paper cannot be told; other grain on equal paper can."""
    monkeypatch.setattr(two_sample, "COMMITTEE", 1)
    monkeypatch.setattr(two_sample, "_WHITE_STEPS", 150)
    labels = np.repeat([1.0, 0.0], 12)
    real = grained(1, 0.04, 190.0)
    for other, low, high in (
        (grained(2, 0.04, 150.0), 0.15, 0.85),
        (grained(3, 0.08, 190.0), 0.95, 1.0),
    ):
        train, test = real[:12] + other[:12], real[12:] + other[12:]
        scores = cnn_scores(train, labels, test, 0, white=True)
        assert low <= auc(scores[:12], scores[12:]) <= high
