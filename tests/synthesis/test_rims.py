"""Rims: where they lie, what they are labelled, how faint they are and how often they occur."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from shapely import Point, Polygon

from seal2real import _C
from seal2real.rng import Rng
from seal2real.seals.layout import layout
from seal2real.seals.spec import Border, SealSpec, Star
from seal2real.synthesis.compose import press_seal
from seal2real.synthesis.ink import InkParams, sample_ink
from seal2real.synthesis.plan import SealPlan
from seal2real.synthesis.rims import Rim, rim_stamp, sample_rims
from seal2real.synthesis.warp import Warp

PX_PER_MM = 8.0
RIM = Rim(gap_mm=0.8, width_mm=0.4, contact_lost=0.2, strength=0.6)
SHAPES = {
    "round": (30.0, 30.0),
    "oval": (34.0, 24.0),
    "square": (22.0, 22.0),
    "rectangle": (32.0, 20.0),
    "triangle": (34.0, 28.0),
    "rhombus": (36.0, 24.0),
}


def framed(shape: str) -> SealSpec:
    """A seal that is a border alone, with sharp corners."""
    return SealSpec("test", shape, *SHAPES[shape], borders=(Border(1.0),))


def pressed(spec: SealSpec, rims: tuple[Rim, ...], ink: InkParams) -> SealPlan:
    """The plan of a seal in the middle of a page of 400 px, turned a little."""
    warp = Warp.similarity((201.3, 198.6), PX_PER_MM, 11.0)
    return SealPlan(spec, warp, PX_PER_MM, 11.0, ink, "test", rims=rims)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_rim_is_parallel_to_the_outline(shape: str) -> None:
    """Fully covered pixels lie between the gap and the reach, by shapely's distances.

    An oval's rim has longer half-axes: within 0.06 mm of the parallel at these sizes.
    """
    spec = framed(shape)
    stamp, warp = rim_stamp(spec, Warp.similarity((200.0, 200.0), PX_PER_MM, 11.0), RIM)
    cover, classes = _C.draw(layout(stamp), warp.h, warp.curl, 400, 400)
    outline = Polygon(Warp.similarity((200.0, 200.0), PX_PER_MM, 11.0).apply(
        np.asarray(layout(spec).outline_mm))).exterior  # fmt: skip
    rows, columns = np.nonzero(cover == 255)
    distance = shapely.distance(outline, shapely.points(columns + 0.5, rows + 0.5)) / PX_PER_MM
    slack = 0.06 if shape == "oval" else 0.01
    # towards a sharp corner the distance to the outline is to its point, so longer
    assert distance.min() >= RIM.gap_mm - slack
    middle = np.median(distance)
    assert middle == pytest.approx(RIM.gap_mm + RIM.width_mm / 2, abs=0.05)
    assert np.percentile(distance, 85) <= RIM.reach_mm + slack
    inside = shapely.contains(Polygon(outline), shapely.points(columns + 0.5, rows + 0.5))
    assert not inside.any()
    assert (classes[cover >= 128] == 1).all()


def test_triangles_keep_one_distance_to_all_sides() -> None:
    """A point beside the middle of each side: the rim is there, as far away as the others."""
    spec = framed("triangle")
    stamp, warp = rim_stamp(spec, Warp.similarity((200.0, 200.0), PX_PER_MM), RIM)
    cover, _ = _C.draw(layout(stamp), warp.h, warp.curl, 400, 400)
    corners = np.array([[0.0, -14.0], [17.0, 14.0], [-17.0, 14.0]])
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (b - a) / np.hypot(*(b - a))
        out = np.array([along[1], -along[0]])
        x, y = ((a + b) / 2 + out * (RIM.gap_mm + RIM.width_mm / 2)) * PX_PER_MM + 200.0
        assert cover[int(y), int(x)] == 255


@pytest.mark.parametrize("shape", SHAPES)
def test_an_impression_holds_its_rims_whole(shape: str) -> None:
    """The seal's own planes stay; what is added is ring, and as much as on an endless canvas."""
    ink = InkParams(strength=1.2)
    page = np.full((400, 400, 3), 255, np.uint8)
    plan = pressed(framed(shape), (), ink)
    plain, rimmed = press_seal(plan, page), press_seal(replace(plan, rims=(RIM,)), page)
    assert plain is not None
    assert rimmed is not None
    left, top = (rimmed.box[k] - plain.box[k] for k in (0, 1))
    height, width = plain.coverage.shape
    inner = (slice(-top, height - top), slice(-left, width - left))
    for name in ("coverage", "classes", "density"):
        own, both = getattr(plain, name), getattr(rimmed, name)[inner]
        assert np.array_equal(both[own > 0], own[own > 0])
    stamp, warp = rim_stamp(plan.stamp, plan.warp, RIM)  # type: ignore[arg-type]
    whole, _ = _C.draw(layout(stamp), warp.h, warp.curl, 400, 400)
    added = rimmed.coverage.sum(dtype=np.int64) - plain.coverage.sum(dtype=np.int64)
    assert added == whole.sum(dtype=np.int64)
    assert set(np.unique(rimmed.classes)) == {0, 1}


def test_rims_are_fainter_than_the_seal() -> None:
    """Mean density where covered fully, over sampled inks of the kinds that have rims."""
    page = np.full((400, 400, 3), 255, np.uint8)
    centre = Point(201.3, 198.6)
    for seed in range(12):
        ink = sample_ink(Rng(seed, "ink"), kind=("photosensitive", "self_inking")[seed % 2])
        found = press_seal(pressed(framed("round"), (RIM,), ink), page)
        assert found is not None
        rows, columns = np.nonzero(found.coverage == 255)
        at = shapely.points(columns + found.box[0] + 0.5, rows + found.box[1] + 0.5)
        outside = shapely.distance(centre, at) > 15.0 * PX_PER_MM
        density = found.density[rows, columns].astype(float)
        assert 0 < density[outside].mean() < 0.8 * density[~outside].mean()


def test_rims_occur_on_the_seals_that_have_them() -> None:
    """Shares of kinds, one or two apart, none on carved or frameless seals."""
    spec = framed("round")
    many = [sample_rims(Rng(k, "r"), spec, "photosensitive") for k in range(2000)]
    assert 0.13 < np.mean([bool(rims) for rims in many]) < 0.24
    assert {len(rims) for rims in many} == {0, 1, 2}
    for rims in many:
        for inner, outer in pairwise(rims):
            assert outer.gap_mm > inner.reach_mm
    housed = {len(sample_rims(Rng(k, "r"), spec, "self_inking")) for k in range(500)}
    assert housed == {0, 1}
    assert not any(sample_rims(Rng(k, "r"), spec, "carved") for k in range(500))
    bare = replace(spec, borders=(), star=Star(9.0))
    assert not any(sample_rims(Rng(k, "r"), bare, "self_inking") for k in range(500))
