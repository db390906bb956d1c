"""The fused batch against the three calls that it fuses."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real import _C
from seal2real.rng import Rng
from seal2real.seals import SealSpec, preset_names, sample_spec
from seal2real.seals.layout import layout
from seal2real.synthesis.ink import apply_ink, blend_ink, sample_ink
from seal2real.synthesis.warp import Warp
from tests.support.impressions import printed_page

HEIGHT, WIDTH = 210, 235


def batch_input() -> tuple[list, np.ndarray, list, np.ndarray, list[Warp]]:
    """Return layouts, warp rows, inks, pages and warps."""
    layouts = [layout(spec) for spec in specs()]
    warps = [
        Warp.perspective((115.4 + k, 104.7), 4.0, 30.0 * k, (0.001, -0.001))
        for k in range(len(layouts))
    ]
    inks = [sample_ink(Rng(3, k)) for k in range(len(layouts))]
    pages = np.stack([np.roll(printed_page(HEIGHT, WIDTH), k, axis=0) for k in range(len(layouts))])
    return layouts, np.stack([w.row() for w in warps]), inks, pages, warps


def specs() -> list[SealSpec]:
    """Return one seal of each of some presets."""
    return [sample_spec(Rng(1, name), name) for name in preset_names()[:6]]


def test_batch_equals_the_single_calls() -> None:
    """draw, apply_ink and blend_ink one after the other give the same bytes."""
    layouts, rows, inks, pages, warps = batch_input()
    images, masks, classes = _C.press_batch(layouts, rows, inks, pages, 1)
    for k, (lay, warp, ink) in enumerate(zip(layouts, warps, inks, strict=True)):
        coverage, kinds = _C.draw(lay, warp.h, warp.curl, WIDTH, HEIGHT)
        x, y = warp.apply([[0.0, 0.0]])[0]
        scale = 4.0
        half = (0.5 * scale * lay.size_mm[0], 0.5 * scale * lay.size_mm[1])
        density = apply_ink(
            coverage, ink, px_per_mm=scale, center_px=(float(x), float(y)), half_size_px=half
        )
        assert np.array_equal(images[k], blend_ink(pages[k], density, ink))
        assert np.array_equal(masks[k], (density >= 15).astype(np.uint8))
        assert np.array_equal(classes[k], kinds)
        assert masks[k].any()


def test_threads_and_instruction_sets_agree() -> None:
    """Equal bytes for 1, 2 and 5 threads and every compiled path."""
    layouts, rows, inks, pages, _ = batch_input()
    before = _C.isa()
    expected = [a.tobytes() for a in _C.press_batch(layouts, rows, inks, pages, 1)]
    try:
        for isa in _C.isas():
            _C.set_isa(isa)
            for threads in (1, 2, 5):
                got = _C.press_batch(layouts, rows, inks, pages, threads)
                assert [a.tobytes() for a in got] == expected
    finally:
        _C.set_isa(before)


def test_results_go_into_given_arrays() -> None:
    """Arrays of the caller are written and returned; wrong ones are refused."""
    layouts, rows, inks, pages, _ = batch_input()
    expected = _C.press_batch(layouts, rows, inks, pages)
    mine = [np.full_like(array, 7) for array in expected]
    got = _C.press_batch(layouts, rows, inks, pages, 1, *mine)
    for array, result, right in zip(mine, got, expected, strict=True):
        assert result is array
        assert np.array_equal(array, right)
    with pytest.raises(ValueError, match="press_batch: masks must be a writable C-contiguous"):
        _C.press_batch(layouts, rows, inks, pages, 1, mine[0], mine[1][:1], mine[2])


def test_refusals() -> None:
    """Wrong lengths and shapes are named; nothing is pressed."""
    layouts, rows, inks, pages, _ = batch_input()
    with pytest.raises(ValueError, match=r"press_batch: warps must have shape \[N, 13\]"):
        _C.press_batch(layouts, rows[:2], inks, pages)
    with pytest.raises(ValueError, match="press_batch: inks must be as many as layouts, got 1"):
        _C.press_batch(layouts, rows, inks[:1], pages)
    with pytest.raises(ValueError, match=r"press_batch: pages must have shape \[N, H, W, 3\]"):
        _C.press_batch(layouts, rows, inks, pages[..., 0])
    with pytest.raises(ValueError, match=r"press_batch: threads must be in 1..256, got 0"):
        _C.press_batch(layouts, rows, inks, pages, 0)
