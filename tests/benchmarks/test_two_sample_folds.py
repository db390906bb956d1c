"""A fold's judges need seals to learn from and others to be asked about."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from benchmarks.two_sample import FOLDS, KNOWN, PATCH_PX, PATCHES, Seal, compare


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
