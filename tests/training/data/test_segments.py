"""The segmenter's drawn windows."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real.training.data.segments import SegmentStream, recolour


def test_recolouring_is_beer_lambert() -> None:
    """Paper 200 and ink that lets half of all light through: expected values by hand."""
    clean = np.full((2, 2, 3), 199, np.uint8)
    sealed = clean.copy()
    sealed[0, 0] = 99  # (199 + 1) / (99 + 1) = 2 in every channel
    doubled = recolour(clean, sealed, None, 2.0)
    np.testing.assert_array_equal(doubled[0, 0], [49, 49, 49])
    np.testing.assert_array_equal(doubled[1], clean[1])
    # mean depth ln 2 spread as (0, 1, 1) * 1.5 ln 2: red stays, 200 * 2^-1.5 - 1 = 69.7
    red = recolour(clean, sealed, (1.0, 0.25, 0.25), 1.0)
    np.testing.assert_array_equal(red[0, 0], [199, 70, 70])
    np.testing.assert_array_equal(recolour(clean, sealed, None, 1.0), sealed)


def test_windows_depend_on_seed_and_index_alone() -> None:
    stream = SegmentStream(3, 96)
    items = {i: stream[i] for i in (7, 0, 4)}
    again = SegmentStream(3, 96)
    for i in (0, 4, 7):
        for name in ("image", "ink", "inside"):
            np.testing.assert_array_equal(again[i][name], items[i][name])
    assert (SegmentStream(4, 96)[0]["image"] != items[0]["image"]).any()


def test_ink_lies_within_the_outline_and_both_occur() -> None:
    """Bleeding leaves little ink beyond the outline; most windows show a seal, some none."""
    stream = SegmentStream(1, 128)
    items = [stream[i] for i in range(36)]
    inked = sum(int(item["ink"].sum()) for item in items)
    outside = sum(int((item["ink"] & ~item["inside"]).sum()) for item in items)
    assert inked > 10_000
    assert outside < 0.05 * inked
    sealed = [bool(item["inside"].any()) for item in items]
    assert 12 <= sum(sealed) < 36
    for item in items:
        assert item["image"].shape == (3, 128, 128)
        assert item["image"].dtype == np.uint8
        assert item["ink"].dtype == item["inside"].dtype == bool


def test_ink_is_where_the_page_differs() -> None:
    """With strength 0.3..1.3 the inked pixels are darker than the bare ones of the same seal."""
    stream = SegmentStream(2, 128)
    darker = []
    for i in range(24):
        item = stream[i]
        bare = item["inside"] & ~item["ink"]
        if item["ink"].sum() > 300 and bare.sum() > 300:
            luma = item["image"].mean(axis=0)
            darker.append(luma[bare].mean() - luma[item["ink"]].mean())
    assert len(darker) >= 5
    assert np.mean(darker) > 8
    assert min(darker) > -10


@pytest.mark.parametrize("size", [64, 256])
def test_any_size_is_cut(size: int) -> None:
    assert SegmentStream(0, size)[1]["ink"].shape == (size, size)
