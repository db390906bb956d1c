"""Coverage against an independent rasterizer and formulas; the same bytes on every ISA."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import Point, Polygon

from seal2real import _C
from seal2real.rng import Rng
from seal2real.seals.fonts import ensure_glyphs, get_font, store
from seal2real.seals.spec import Border, LineText, Rule, SealSpec, SecurityLine, Star
from seal2real.synthesis.warp import Warp
from tests.support.slow_raster import inside, truth_of

# The bar, in levels of 255, over partly covered pixels.
MEAN, MOST = 2.0, 12.0
SIDE = 96
MIDDLE = ord("一")  # any CJK character: its em box runs from -0.12 to 0.88


def draw(layout: _C.Layout, warp: Warp, side: int = SIDE) -> NDArray[np.uint8]:
    return _C.draw(layout, warp.h, warp.curl, side, side)[0]


def bare(**parts: object) -> SealSpec:
    return SealSpec("test", "square", 30.0, 30.0, **parts)  # type: ignore[arg-type]


def one_glyph(contours: list[NDArray[np.float64]]) -> _C.GlyphStore:
    glyphs = _C.GlyphStore()
    font = glyphs.add_font("song")
    points = np.concatenate(contours).astype(np.float32)
    lengths = np.array([len(c) for c in contours], dtype=np.int32)
    glyphs.add_glyph(font, MIDDLE, 1.0, points, lengths)
    return glyphs


def placed(contours: list[NDArray[np.float64]], line: LineText, warp: Warp) -> list:
    """Where a one-character line's outline must lie, by the definition of LineText."""
    c, s = np.cos(np.radians(line.angle_deg)), np.sin(np.radians(line.angle_deg))
    out = []
    for contour in contours:
        x = (contour[:, 0] - 0.5) * line.height_mm
        y = (0.38 - contour[:, 1]) * line.height_mm
        out.append(warp.apply(np.stack([line.x_mm + x * c - y * s, line.y_mm + x * s + y * c], 1)))
    return out


def random_contours(rng: Rng) -> list[NDArray[np.float64]]:
    """Stars and slabs of either orientation that cross themselves and each other."""
    contours = []
    for _ in range(rng.integer(2, 5)):
        count = rng.integer(3, 8)
        points = np.array(
            [[rng.uniform(0.05, 0.95), rng.uniform(-0.1, 0.85)] for _ in range(count)]
        )
        contours.append(points.astype(np.float32).astype(np.float64))
    return contours


@pytest.mark.parametrize("seed", range(5))
def test_overlapping_contours(seed: int) -> None:
    """Random polygons that cross themselves: non-zero winding at 256 samples a pixel."""
    rng = Rng(seed, "overlap")
    contours = random_contours(rng)
    line = LineText(chr(MIDDLE), 10.0, angle_deg=rng.uniform(0, 360))
    warp = Warp.similarity((48.2, 47.7), 7.0, rng.uniform(0, 360))
    drawn = draw(_C.Layout(one_glyph(contours), bare(lines=(line,))), warp)
    outline = placed(contours, line, warp)
    mean, most = truth_of(drawn, lambda points: inside(points, outline))
    assert mean < MEAN and most < MOST, (mean, most)


def test_coincident_contours_count_once() -> None:
    """The same square twice covers what one square covers: half of each edge pixel."""
    square = np.array([[0.25, 0.0], [0.75, 0.0], [0.75, 0.5], [0.25, 0.5]])
    line = LineText(chr(MIDDLE), 10.0)
    warp = Warp.similarity((48.5, 48.3), 4.0)
    once = draw(_C.Layout(one_glyph([square]), bare(lines=(line,))), warp)
    twice = draw(_C.Layout(one_glyph([square, square]), bare(lines=(line,))), warp)
    assert once.any() and np.array_equal(once, twice)


@pytest.mark.parametrize("char", "警（8")
@pytest.mark.parametrize("px_per_em", [22.0, 80.0])
def test_glyphs_of_the_embedded_font(char: str, px_per_em: float) -> None:
    """Outlines as the font gives them, under a slanted view."""
    ensure_glyphs("song", char)
    outline = get_font("song").outline(ord(char))
    layout = _C.Layout(store(), bare(lines=(LineText(char, 10.0),)))
    quad = layout.texts[0]["chars"][0][1]
    warp = Warp.perspective((48.0, 48.0), px_per_em / 10.0, 17.0, tilt=(0.004, -0.003))
    drawn = draw(layout, warp)
    assert layout.texts[0]["text"] == char
    splits = np.cumsum(outline.lengths)[:-1]
    contours = np.split(outline.points.astype(np.float64), splits)
    box = outline.box
    assert box is not None
    if char == "8":  # digits stand by their ink height
        scale, middle = 10.0 / box[3], box[3] / 2
    else:
        scale, middle = 10.0, 0.38
    centre = outline.advance / 2 if char != "（" else (box[0] + box[2]) / 2
    mm = [np.stack([(c[:, 0] - centre) * scale, (middle - c[:, 1]) * scale], 1) for c in contours]
    pixels = [warp.apply(c) for c in mm]
    mean, most = truth_of(drawn, lambda points: inside(points, pixels))
    assert mean < MEAN and most < MOST, (mean, most)
    assert np.all(np.concatenate(mm).min(axis=0) >= quad.min(axis=0) - 1e-6)
    assert np.all(np.concatenate(mm).max(axis=0) <= quad.max(axis=0) + 1e-6)


def band(x0: float, y0: float, x1: float, y1: float, width: float) -> NDArray[np.float64]:
    along = np.array([x1 - x0, y1 - y0]) / np.hypot(x1 - x0, y1 - y0)
    side = np.array([-along[1], along[0]]) * width / 2
    a, b = np.array([x0, y0]), np.array([x1, y1])
    return np.array([a + side, b + side, b - side, a - side])


def test_parts_that_cross() -> None:
    """A star, rules and a cut over each other: union less the cut, from samples."""
    rules = (Rule(-6, -1.3, 6, 2.2, 0.5), Rule(-5, 3, 5, -3, 0.31), Rule(-6, -1.2, 6, 2.3, 0.5))
    spec = bare(
        star=Star(9.0, angle_deg=7.0),
        rules=rules,
        security_lines=(SecurityLine(40.0, 2.5, 6.0, 0.3),),
    )
    warp = Warp.similarity((47.6, 48.1), 7.3, 11.0)
    drawn = draw(_C.Layout(_C.GlyphStore(), spec), warp)
    angles = np.radians(36.0 * np.arange(10) + 7.0)
    radii = np.where(
        np.arange(10) % 2 == 0, 4.5, 4.5 * np.sin(np.radians(18)) / np.cos(np.radians(36))
    )
    star = np.stack([radii * np.sin(angles), -radii * np.cos(angles)], 1)
    out = np.array([np.sin(np.radians(40)), -np.cos(np.radians(40))])
    cut = warp.apply(band(*(-0.5 * out), *(5.5 * out), 0.3))
    bands = [band(r.x0_mm, r.y0_mm, r.x1_mm, r.y1_mm, r.width_mm) for r in rules]

    def shape(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        inked = inside(points, [warp.apply(star)])
        for line in bands:
            inked |= inside(points, [warp.apply(line)])
        return inked & ~inside(points, [cut])

    mean, most = truth_of(drawn, shape)
    assert mean < MEAN and most < MOST, (mean, most)


def test_ring_area() -> None:
    """Inked area of a ring is pi (R^2 - r^2)."""
    spec = SealSpec("test", "round", 40.0, 40.0, borders=(Border(1.2),))
    drawn = draw(_C.Layout(_C.GlyphStore(), spec), Warp.similarity((250.3, 250.9), 12.0), 512)
    expected = np.pi * (20.0**2 - 18.8**2) * 144.0
    assert abs(drawn.sum(dtype=np.int64) / 255.0 - expected) < 3e-4 * expected


def test_ring_pixels() -> None:
    """Every edge pixel of a ring against the distance from the centre at 256 samples."""
    spec = SealSpec("test", "round", 12.0, 12.0, borders=(Border(0.77),))
    drawn = draw(_C.Layout(_C.GlyphStore(), spec), Warp.similarity((48.3, 47.6), 7.5))

    def shape(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        radius = np.hypot(points[..., 0] - 48.3, points[..., 1] - 47.6)
        return (radius < 45.0) & (radius > 45.0 - 0.77 * 7.5)

    mean, most = truth_of(drawn, shape)
    assert mean < MEAN and most < MOST, (mean, most)


def test_oval_border_pixels() -> None:
    """Between the ellipse of the seal and the one whose semi-axes are a border narrower."""
    spec = SealSpec("test", "oval", 12.0, 9.0, borders=(Border(0.8),))
    drawn = draw(_C.Layout(_C.GlyphStore(), spec), Warp.similarity((48.3, 47.6), 7.5))

    def within(points: NDArray[np.float64], a_mm: float, b_mm: float) -> NDArray[np.bool_]:
        x, y = (points[..., 0] - 48.3) / 7.5, (points[..., 1] - 47.6) / 7.5
        return (x / a_mm) ** 2 + (y / b_mm) ** 2 < 1.0

    mean, most = truth_of(drawn, lambda p: within(p, 6.0, 4.5) & ~within(p, 5.2, 3.7))
    assert mean < MEAN and most < MOST, (mean, most)


@pytest.mark.parametrize("gap_mm", [0.03, 1.1])
@pytest.mark.parametrize("px_per_mm", [7.2, 29.0])
def test_rings_in_perspective(gap_mm: float, px_per_mm: float) -> None:
    """Two rings, less than a pixel apart or more, seen at an angle: each sample taken back to mm."""
    inner = 0.7 + gap_mm
    spec = SealSpec("test", "oval", 12.0, 10.0, borders=(Border(0.7), Border(0.3, inner)))
    side = int(13.4 * px_per_mm)
    warp = Warp.perspective((side / 2 + 0.3, side / 2 - 0.4), px_per_mm, 31.0, tilt=(0.01, -0.008))
    drawn = draw(_C.Layout(_C.GlyphStore(), spec), warp, side)
    to_mm = np.linalg.inv(np.reshape(warp.h, (3, 3)))

    def shape(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        x, y, depth = np.moveaxis(points @ to_mm[:, :2].T + to_mm[:, 2], -1, 0)

        def within(inset: float) -> NDArray[np.bool_]:
            return (x / depth / (6.0 - inset)) ** 2 + (y / depth / (5.0 - inset)) ** 2 < 1.0

        return (within(0.0) & ~within(0.7)) | (within(inner) & ~within(inner + 0.3))

    mean, most = truth_of(drawn, shape)
    assert mean < MEAN and most < MOST, (mean, most)


@pytest.mark.parametrize("shape", ["square", "rectangle", "triangle", "rhombus"])
def test_straight_border_pixels(shape: str) -> None:
    """Inside the sharp outline, and nearer to one of its sides than the border is wide."""
    width = 0.9
    height_mm = 9.0 if shape == "rectangle" else 11.0
    spec = SealSpec("test", shape, 11.0, height_mm, borders=(Border(width),))
    layout = _C.Layout(_C.GlyphStore(), spec)
    warp = Warp.similarity((48.3, 49.6), 6.7, 8.0)
    drawn = draw(layout, warp)
    x, y = 5.5, height_mm / 2
    corners = {
        "triangle": [(0, -y), (x, y), (-x, y)],
        "rhombus": [(0, -y), (x, 0), (0, y), (-x, 0)],
    }.get(shape, [(-x, -y), (x, -y), (x, y), (-x, y)])
    outline = warp.apply(corners)

    def border(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        near = np.zeros(points.shape[:-1], bool)
        for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            along = (b - a) / np.hypot(*(b - a))
            distance = (points[..., 0] - a[0]) * along[1] - (points[..., 1] - a[1]) * along[0]
            near |= np.abs(distance) < width * 6.7
        return inside(points, [outline]) & near

    mean, most = truth_of(drawn, border)
    assert mean < MEAN and most < MOST, (mean, most)


def test_dashed_ring_area() -> None:
    """Dashes cover their share of the ring: dash over dash and gap."""
    spec = SealSpec("test", "round", 40.0, 40.0, borders=(Border(1.0, 0.0, 3.0, 1.0),))
    drawn = draw(_C.Layout(_C.GlyphStore(), spec), Warp.similarity((250.3, 250.9), 12.0), 512)
    expected = 0.75 * np.pi * (20.0**2 - 19.0**2) * 144.0
    assert drawn.sum(dtype=np.int64) / 255.0 == pytest.approx(expected, rel=0.01)


def outer_edge(spec: SealSpec, border: Border) -> Polygon:
    """The outer edge of a dashed border in mm: sides moved inwards, corners rounded."""
    x, y = spec.width_mm / 2, spec.height_mm / 2
    if spec.shape in ("round", "oval"):
        # 360 chords: within 0.0003 mm of the ellipse
        turn = np.radians(np.arange(360))
        x, y = x - border.inset_mm, y - border.inset_mm
        return Polygon(np.stack([x * np.sin(turn), -y * np.cos(turn)], axis=1))
    corners = {
        "triangle": [(0, -y), (x, y), (-x, y)],
        "rhombus": [(0, -y), (x, 0), (0, y), (-x, 0)],
    }.get(spec.shape, [(-x, -y), (x, -y), (x, y), (-x, y)])
    sharp = Polygon(corners).buffer(-border.inset_mm, join_style="mitre", mitre_limit=10.0)
    radius = max(spec.corner_mm - border.inset_mm, 1.01 * border.width_mm)
    return sharp.buffer(-radius, join_style="mitre", mitre_limit=10.0).buffer(radius, quad_segs=90)


@pytest.mark.parametrize("shape", ["round", "oval", "square", "rectangle", "triangle", "rhombus"])
@pytest.mark.parametrize("inset_mm", [0.0, 0.9])
def test_dashed_border_pixels(shape: str, inset_mm: float) -> None:
    """Within a border's width of its outer edge, and nearest to a part of it that has a dash.

    A whole number of dashes goes round, the first in the middle straight above the centre; the
    projection on the edge is shapely's.
    """
    border = Border(0.6, inset_mm, 1.3, 0.8)
    height_mm = 9.0 if shape in ("rectangle", "oval") else 11.0
    corner_mm = 0.0 if shape in ("round", "oval") else 2.5
    spec = SealSpec("test", shape, 11.0, height_mm, corner_mm=corner_mm, borders=(border,))
    warp = Warp.similarity((48.3, 49.6), 6.7, 8.0)
    drawn = draw(_C.Layout(_C.GlyphStore(), spec), warp)
    outline = outer_edge(spec, border)
    edge = outline.exterior
    shapely.prepare([outline, edge])
    start = edge.project(Point(0.0, -height_mm))
    step = edge.length / round(edge.length / 2.1)
    back = np.linalg.inv(np.array(warp.h).reshape(3, 3))

    def dashed(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        at = shapely.points(points @ back[:2, :2].T + back[:2, 2])
        near = shapely.contains(outline, at)
        near[near] = shapely.distance(edge, at[near]) < border.width_mm
        along = (shapely.line_locate_point(edge, at[near]) - start) / step
        near[near] = np.abs(along - np.round(along)) < 0.5 * 1.3 / 2.1
        return near

    mean, most = truth_of(drawn, dashed)
    assert mean < MEAN and most < MOST, (mean, most)


def full_seal() -> _C.Layout:
    spec = SealSpec.preset("company", seed=3)
    for text in spec.texts:
        ensure_glyphs(text.font, text.text)
    return _C.Layout(store(), spec)


WARPS = (
    Warp.similarity((140.0, 131.0), 6.1, 13.0),
    Warp.perspective((130.0, 140.0), 6.0, -50.0, tilt=(0.003, 0.002)),
    Warp.similarity((131.0, 132.0), 6.4, 5.0, curl=(3.0, 300.0, 20.0, 1.0)),
)


@pytest.mark.parametrize("warp", WARPS)
def test_every_isa_gives_the_same_bytes(warp: Warp) -> None:
    """The scalar build is the definition."""
    layout = full_seal()
    first = _C.draw(layout, warp.h, warp.curl, 270, 270, isa="scalar")
    for isa in _C.isas():
        other = _C.draw(layout, warp.h, warp.curl, 270, 270, isa=isa)
        assert np.array_equal(first[0], other[0]) and np.array_equal(first[1], other[1])


@pytest.mark.parametrize("warp", WARPS)
def test_windows_are_cut_from_the_whole(warp: Warp) -> None:
    """Any window equals the same pixels of the whole drawing."""
    layout = full_seal()
    whole = _C.draw(layout, warp.h, warp.curl, 270, 270)
    rng = Rng(5, "windows")
    for _ in range(20):
        x0, y0 = rng.integer(0, 200), rng.integer(0, 200)
        width, height = rng.integer(1, 70), rng.integer(1, 70)
        part = _C.draw(layout, warp.h, warp.curl, width, height, x0, y0)
        for window, image in zip(part, whole, strict=True):
            assert np.array_equal(window, image[y0 : y0 + height, x0 : x0 + width])


def test_batch_is_draw_with_colour() -> None:
    """A batch on several threads gives the planes of single drawings."""
    layouts = [full_seal()] * 5
    warps = np.stack([WARPS[i % 3].row() for i in range(5)])
    rgba, classes = _C.draw_batch(layouts, warps, 200, 180, (200, 20, 30), 3)
    for i in range(5):
        cover, cls = _C.draw(layouts[i], warps[i, :9], warps[i, 9:], 200, 180)
        assert np.array_equal(rgba[i, :, :, 3], cover) and np.array_equal(classes[i], cls)
    assert (rgba[..., :3] == (200, 20, 30)).all()


def test_refusals() -> None:
    """What cannot be drawn is refused by name."""
    layout = full_seal()
    flat = (0.0, 1.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="draw: warp must keep the seal in front of the horizon"):
        _C.draw(layout, (6, 0, 50, 0, 6, 50, 0.08, 0, 1), flat, 64, 64)
    with pytest.raises(ValueError, match="draw: warp must map each part to at most 8192 px"):
        _C.draw(layout, (600, 0, 50, 0, 600, 50, 0, 0, 1), flat, 64, 64)
    with pytest.raises(ValueError, match="draw: warp must hold finite numbers"):
        _C.draw(layout, (float("nan"), 0, 50, 0, 6, 50, 0, 0, 1), flat, 64, 64)
    with pytest.raises(ValueError, match="draw: width and height must be in 1..32768, got 0 x 64"):
        _C.draw(layout, WARPS[0].h, flat, 0, 64)
    with pytest.raises(ValueError, match="draw: name must be an instruction set of this machine"):
        _C.draw(layout, WARPS[0].h, flat, 64, 64, isa="mmx")
