"""The drawn stream: a function of (seed, index), at native scale, with labels that hold."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from seal2real.pages.page import MM_PER_INCH
from seal2real.training.data.drawn import DrawnStream

PLANES = ("clean", "synthetic", "mask", "support", "coverage", "classes")


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)


def test_items_are_functions_of_seed_and_index() -> None:
    """Whatever came before, and in another process's copy."""
    stream = DrawnStream(96, seed=5)
    forward = [stream[i] for i in range(6)]
    twin = pickle.loads(pickle.dumps(stream))
    assert all(same(forward[i], twin[i]) for i in (5, 0, 3))
    other = DrawnStream(96, seed=6)
    assert not any(np.array_equal(forward[i]["synthetic"], other[i]["synthetic"]) for i in range(6))


def test_turned_items_are_the_upright_ones_turned() -> None:
    """All planes alike; every number of quarters comes."""
    upright, turned = (
        DrawnStream(96, seed=5, seal_free=0.0, turned=flag) for flag in (False, True)
    )
    seen = set()
    for index in range(16):
        before, after = upright[index], turned[index]
        turns = [
            k
            for k in range(4)
            if all(np.array_equal(np.rot90(before[n], k, (-2, -1)), after[n]) for n in PLANES)
        ]
        assert len(turns) == 1
        seen.update(turns)
    assert seen == {0, 1, 2, 3}


def test_shapes_and_types() -> None:
    item = DrawnStream(96, seed=1)[3]
    assert item["clean"].shape == item["synthetic"].shape == (3, 96, 96)
    assert {name: str(item[name].dtype) for name in PLANES} == {
        "clean": "uint8",
        "synthetic": "uint8",
        "mask": "bool",
        "support": "bool",
        "coverage": "uint8",
        "classes": "uint8",
    }
    assert all(item[name].shape[-2:] == (96, 96) for name in PLANES)
    assert all(item[name].flags["C_CONTIGUOUS"] for name in PLANES)
    assert isinstance(item["px_per_mm"], float)
    assert isinstance(item["caption"], str)


def test_clean_and_synthetic_are_equal_outside_the_support() -> None:
    stream = DrawnStream(128, seed=2, seal_free=0.3)
    sealed = [item for item in (stream[i] for i in range(24)) if item["sealed"]]
    for item in sealed:
        differs = (item["clean"] != item["synthetic"]).any(axis=0)
        assert not (differs & ~item["support"]).any()
        assert not (item["mask"] & ~item["support"]).any()
    assert np.mean([item["mask"].mean() for item in sealed]) > 0.02


def test_seal_free_items_hold_nothing() -> None:
    stream = DrawnStream(96, seed=3, seal_free=1.0)
    for item in (stream[i] for i in range(4)):
        assert not item["sealed"]
        assert not item["mask"].any()
        assert not item["support"].any()
        assert np.array_equal(item["clean"], item["synthetic"])


def test_crops_keep_the_pages_scale() -> None:
    """The window is as many page pixels as sample pixels, and the page has the drawn resolution."""
    stream = DrawnStream(128, seed=4, seal_free=0.0)
    wider = 0
    for i in range(24):
        record = stream.sample(i).record
        x0, y0, x1, y1 = record["page"]["crop"]
        assert (x1 - x0, y1 - y0) == (128, 128)
        scale = record["page"]["dpi"] / MM_PER_INCH
        assert scale == pytest.approx(stream[i]["px_per_mm"])
        assert 3.9 <= scale <= 12.0
        wider += any(seal["width_mm"] * scale > 128 for seal in record["seals"])
    assert wider >= 8  # seals larger than the crop are cut


def test_scales_fill_the_range_evenly_in_the_logarithm() -> None:
    stream = DrawnStream(64, seed=0, px_per_mm=(4.0, 16.0))
    scales = np.array([stream._dpi(2 * i) / MM_PER_INCH for i in range(400)])
    assert scales.min() > 3.8
    assert scales.max() < 16.3
    assert 0.42 < (scales < 8.0).mean() < 0.58  # 8 is the middle of the logarithm


def test_scales_follow_estimates() -> None:
    """Estimates in two heaps give crops in the same two heaps, no others."""
    stream = DrawnStream(64, seed=0, px_per_mm=[4.0] * 3 + [9.0])
    scales = np.array([stream._dpi(2 * i) / MM_PER_INCH for i in range(400)])
    low = np.abs(np.log(scales / 4.0)) < 0.2
    assert np.all(low | (np.abs(np.log(scales / 9.0)) < 0.2))
    assert 0.66 < low.mean() < 0.84


def test_scene_is_that_of_the_arguments() -> None:
    stream = DrawnStream(64, seed=1, language="en", rules=("title",), page_reuse=1)
    records = [stream.sample(i).record for i in range(8)]
    assert all(record["page"]["source"]["name"].endswith("-en") for record in records)
    firsts = [record["seals"][0]["rule"] for record in records if record["seals"]]
    assert set(firsts) <= {"title", "anywhere"}
    assert "title" in firsts


def test_neighbours_share_a_page() -> None:
    stream = DrawnStream(64, seed=1, page_reuse=4)
    pages = [stream.sample(i).record["page"]["source"]["page"] for i in range(8)]
    assert len(set(pages[:4])) == 1
    assert pages[0] != pages[4]


@pytest.mark.parametrize("split", ["val", "test"])
def test_splits_hold_their_own_owners(split: str) -> None:
    """Names on seals of one split never occur in another (sample_spec takes them by split)."""

    def names(part: str) -> set[str]:
        stream = DrawnStream(64, seed=1, split=part, seal_free=0.0)
        records = [stream.sample(i).record for i in range(0, 160, 2)]
        assert {record["split"] for record in records} == {part}
        return {
            text["text"]
            for record in records
            for seal in record["seals"]
            for text in seal["texts"]
            if text["role"] == "ring" and len(text["text"]) > 6
        }

    assert not names(split) & names("train")


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match=r"px_per_mm must be \(low, high\) or a list"):
        DrawnStream(px_per_mm=(4.0,))
    with pytest.raises(ValueError, match="px_per_mm must be .* in 0.5..50"):
        DrawnStream(px_per_mm=(0.0, 4.0))
    with pytest.raises(ValueError, match="px_per_mm must rise"):
        DrawnStream(px_per_mm=(9.0, 4.0))
    with pytest.raises(ValueError, match="split must be one of train, val, test"):
        DrawnStream(split="all")
    with pytest.raises(IndexError, match="index must be in"):
        DrawnStream()[-1]


def test_needs_no_torch() -> None:
    code = "import sys, seal2real.training.data.drawn; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_late_items_cost_no_walk(split: str) -> None:
    """The last shard of the stream lies in its split, found among its neighbours alone."""
    stream = DrawnStream(64, split=split)
    sample = stream.sample(len(stream) - 1)
    assert sample.record["split"] == split
