"""Maps of whole images, against NumPy's own operations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from seal2real import _C

SHAPES = [(1, 1), (1, 63), (65, 1), (33, 70), (0, 4), (4, 0)]


@pytest.fixture(params=_C.isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every instruction set of this machine in turn."""
    _C.set_isa(request.param)
    yield request.param
    _C.set_isa(_C.isas()[-1])


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_luma(isa: str, shape: tuple[int, int]) -> None:
    """Weighted by 77, 150, 29 of 256, rounded down; white stays 255."""
    image = noise(*shape, 3)
    image[:, -1:] = 255
    wide = image.astype(int)
    wanted = (77 * wide[..., 0] + 150 * wide[..., 1] + 29 * wide[..., 2]) // 256
    assert np.array_equal(_C.luma(image), wanted), isa


@pytest.mark.parametrize("shape", SHAPES)
def test_difference(isa: str, shape: tuple[int, int]) -> None:
    """The largest over the channels, whichever image is brighter."""
    a, b = noise(*shape, 3), noise(*shape, 3)[::-1]
    wanted = np.abs(a.astype(int) - b).max(axis=2)
    assert np.array_equal(_C.difference(a, b), wanted), isa


@pytest.mark.parametrize("least", [-1, 0, 12, 130, 255, 300])
@pytest.mark.parametrize("shape", SHAPES)
def test_median(shape: tuple[int, int], least: int) -> None:
    """numpy.median of what is chosen, rounded down; 0 of nothing."""
    values = noise(*shape)
    for share in (0.0, 0.1, 0.5, 1.0):
        where = np.random.default_rng(least + 9).random(shape) < share
        chosen = values[where & (values >= least)]
        wanted = int(np.median(chosen)) if len(chosen) else 0
        assert _C.median(values, where.view(np.uint8), least) == wanted


@pytest.mark.parametrize("shape", SHAPES)
def test_coloured(shape: tuple[int, int]) -> None:
    """A look-up in NumPy."""
    values, palette = noise(*shape), noise(256, 3)
    assert np.array_equal(_C.coloured(values, palette), palette[values])


@pytest.mark.parametrize("shape", SHAPES)
def test_box_counts(shape: tuple[int, int]) -> None:
    """numpy.count_nonzero of slices; boxes may reach out of the plane, lie outside or be empty."""
    plane = (noise(*shape) > 128) * np.uint8(3)
    corners = np.random.default_rng(2).integers(-9, 80, (200, 4))
    wanted = [
        np.count_nonzero(plane[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)])
        for x0, y0, x1, y1 in corners.tolist()
    ]
    assert _C.box_counts(plane, corners).tolist() == wanted


@pytest.mark.parametrize("shape", SHAPES)
def test_spread(shape: tuple[int, int]) -> None:
    """A look-up in NumPy, channels first."""
    table = np.random.default_rng(1).normal(size=256).astype(np.float32)
    for channels in (1, 3):
        image = noise(*shape, channels)
        assert np.array_equal(_C.spread(image, table), table[image].transpose(2, 0, 1))


@pytest.mark.parametrize("shape", SHAPES)
def test_levels(isa: str, shape: tuple[int, int]) -> None:
    """NumPy's rounding, halves to even, of every level, halves between them and what lies beyond."""
    height, width = shape
    exact = np.concatenate([np.arange(-3, 520) / 255 - 1, [np.inf, -np.inf, 1e30]])
    planes = np.resize(exact, (3, height + 2, width + 1)).astype(np.float32)
    wide = (planes[:, :height, :width] + np.float32(1)) * np.float32(127.5)
    wanted = np.clip(np.rint(wide), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    assert np.array_equal(_C.levels(planes, height, width), wanted), isa
    assert not _C.levels(np.full((3, 2, 9), np.nan, np.float32), 2, 9).any()


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 6, 40])
@pytest.mark.parametrize("shape", SHAPES)
def test_grow(shape: tuple[int, int], radius: int) -> None:
    """Every shift within the square, one by one; whatever is not 0 is set."""
    plane = (noise(*shape) > 250) * np.uint8(7)
    height, width = shape
    around = np.pad(plane > 0, radius)
    wanted = np.zeros(shape, bool)
    for y in range(2 * radius + 1):
        for x in range(2 * radius + 1):
            wanted |= around[y : y + height, x : x + width]
    assert np.array_equal(_C.grow(plane, radius), wanted)


def test_grow_narrow() -> None:
    """A plane of one column: all of it within reach, and no room asked for beside it."""
    plane = np.zeros((20000, 1), np.uint8)
    plane[9000] = 1
    grown = _C.grow(plane, 100)
    assert grown.sum() == 201 and grown[8900] and grown[9100]


def test_refusals() -> None:
    """Each message names argument, rule and remedy."""
    plane, image = np.zeros((4, 5), np.uint8), np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(ValueError, match="luma: image must have shape .*; pass an RGB array"):
        _C.luma(plane)
    with pytest.raises(
        ValueError, match="difference: a must have .* H and W; pass arrays of one size"
    ):
        _C.difference(image, image[:3])
    with pytest.raises(ValueError, match="median: where must have the other array's H and W"):
        _C.median(plane, plane[:3], 0)
    with pytest.raises(ValueError, match=r"coloured: palette must have shape \[256, 3\]"):
        _C.coloured(plane, np.zeros((255, 3), np.uint8))
    with pytest.raises(ValueError, match=r"box_counts: boxes must have shape \[N, 4\]"):
        _C.box_counts(plane, np.zeros((2, 3), np.int64))
    with pytest.raises(ValueError, match=r"spread: image must have shape \[H, W, C\], got 2 dim"):
        _C.spread(plane, np.zeros(256, np.float32))
    with pytest.raises(ValueError, match=r"spread: table must have shape \[256\]"):
        _C.spread(image, np.zeros(255, np.float32))
    with pytest.raises(ValueError, match=r"levels: planes must have shape \[3, H, W\]"):
        _C.levels(np.zeros((4, 5, 3), np.float32), 4, 5)
    with pytest.raises(ValueError, match="levels: height and width must be within .* 5 and 5; ask"):
        _C.levels(np.zeros((3, 4, 5), np.float32), 5, 5)
    for radius in (-1, 129):
        with pytest.raises(
            ValueError, match=r"grow: radius must be in 0\.\.128 px, got .*; check the scale"
        ):
            _C.grow(plane, radius)
    for inner, ramp, name in ((129, 1, "inner"), (1, 129, "ramp")):
        with pytest.raises(
            ValueError, match=rf"feather: {name} must be in 0\.\.128 px, got 129; check"
        ):
            _C.feather(plane, plane, inner, ramp)
    with pytest.raises(ValueError, match="feather: support must have the other array's H and W"):
        _C.feather(plane, plane[:3], 1, 1)
