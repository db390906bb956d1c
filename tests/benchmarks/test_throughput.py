"""The benchmarks run, both sides do the same work, and every line says where it was measured."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import common, ours, throughput
from benchmarks.scene import PAGE_HEIGHT, PAGE_WIDTH, PX_PER_MM, SHRINK, SIDE, sample_scene
from seal2real.sealdb.codec import decode_jpeg, decode_png


def test_timing_takes_the_middle_of_the_blocks() -> None:
    """By hand: of 1, 2, 3, 4, 100 ms the median is 3, p20 2 and p80 4."""
    timing = common._timing([0.001, 0.1, 0.002, 0.003, 0.004], [1.0])
    assert (timing.median, timing.p20, timing.p80) == (0.003, 0.002, 0.004)
    assert timing.rate == pytest.approx(333.3, abs=0.1)


def test_row_lines_name_machine_versions_and_commit() -> None:
    """Every measurement must say what it was measured on and with."""
    line = json.loads(common.row_line({"work": "x"}))
    assert set(line) == {"work", "machine", "versions", "commit"}
    assert {"cpu", "cores", "system", "python"} == set(line["machine"])
    assert line["versions"]["numpy"] == np.__version__


def test_homography_sends_the_corners_where_the_scene_says() -> None:
    """Corners of the seal's square (+-20.48 mm) go to the shrunk square's corners, displaced."""
    scene = sample_scene(random.Random(1))
    h = np.array(ours.homography(scene)).reshape(3, 3)
    half = SIDE / PX_PER_MM / 2
    for (u, v), (dx, dy) in zip(((-1, -1), (1, -1), (1, 1), (-1, 1)), scene.corners, strict=True):
        x, y, w = h @ (u * half, v * half, 1.0)
        reach = SIDE * SHRINK / 2
        assert (x / w, y / w) == pytest.approx((256 + u * reach + dx, 256 + v * reach + dy))


def test_our_files_hold_the_seal() -> None:
    """JPEG and mask must decode to the page's size; all five classes of the scene are there."""
    scene = sample_scene(random.Random(2))
    jpeg, mask = ours.pages(scene)
    assert decode_jpeg(jpeg).shape == (PAGE_HEIGHT, PAGE_WIDTH, 3)
    assert set(np.unique(decode_png(mask))) == {0, 1, 2, 3, 4, 5}
    jpeg, mask = ours.crop(scene)
    assert decode_jpeg(jpeg).shape == (SIDE, SIDE, 3)


def test_rival_draws_the_same_seal() -> None:
    """Both sides ink about the same share of the crop: they share geometry, font and texts."""
    rival = pytest.importorskip("benchmarks.peers.skia_opencv", exc_type=ImportError)
    scene = sample_scene(random.Random(3))
    theirs = np.mean(rival.seal(scene)[1] > 0)
    rgba, classes = ours.one_seal(scene)
    assert np.mean(classes > 0) == pytest.approx(theirs, rel=0.1)
    assert rgba.shape == (SIDE, SIDE, 4)
    jpeg, mask = rival.crop(scene)
    assert Image.open(io.BytesIO(jpeg)).size == (SIDE, SIDE)
    assert np.array(Image.open(io.BytesIO(mask))).max() == 5


def test_quick_run_writes_a_line_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing rival is reported in the table, never dropped in silence."""
    out = tmp_path / "results.jsonl"
    throughput.main(["--quick", "--only", "512² seal", "--out", str(out)])
    (line,) = [json.loads(text) for text in out.read_text().splitlines()]
    assert line["ours"]["per_second"] > 0
    assert ("rival" in line) != bool(line["rival_missing"])
    assert "| 512² seal, RGBA + classes |" in capsys.readouterr().out
