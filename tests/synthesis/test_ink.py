"""Ink: physics of blending, effects of each parameter, windows and instruction sets."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

import numpy as np
import pytest

from seal2real import _C
from seal2real.rng import Rng
from seal2real.synthesis.ink import (
    COLOURS,
    INK_KINDS,
    InkParams,
    apply_ink,
    blend_ink,
    sample_ink,
)
from tests.support.impressions import printed_page, ring_and_bars

SIZE = 240
PX_PER_MM = 5.0
CENTER = (120.3, 119.6)
HALF = (100.0, 100.0)
COVERAGE = ring_and_bars(SIZE, SIZE, 100.0, CENTER)
# Bare paper at least 20 px from any coverage.
COVERAGE_FAR = np.zeros((SIZE, SIZE), bool)
COVERAGE_FAR[:3, :3] = True
TEXTURED = InkParams(
    pressure_amount=0.4,
    tilt_x=0.1,
    dry_amount=0.5,
    speckle_amount=0.3,
    mottle_amount=0.2,
    nick_amount=0.3,
    rim_amount=0.5,
    spread_mm=0.05,
    bleed_mm=0.08,
    seed=1234567890123456789,
)


def press(params: InkParams, coverage: np.ndarray = COVERAGE, **changes: object) -> np.ndarray:
    """Press the ring."""
    place = {"px_per_mm": PX_PER_MM, "center_px": CENTER, "half_size_px": HALF, **changes}
    return apply_ink(coverage, params, **place)


@pytest.fixture
def every_isa():
    """Give the instruction sets of this machine and restore the chosen one."""
    before = _C.isa()
    yield _C.isas()
    _C.set_isa(before)


def test_plain_ink_is_the_coverage() -> None:
    """Without any effect density is coverage * strength * 100 / 255, rounded, by definition."""
    plain = InkParams(bleed_mm=0.0, strength=1.5)
    expected = COVERAGE * (150.0 / 255.0)
    assert np.abs(press(plain).astype(float) - expected).max() <= 1.5


def test_blend_follows_beer_lambert() -> None:
    """Every density on every grey against page * t ** (density / 100) in float64."""
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 256, axis=1)
    page = np.repeat(grey[..., None], 3, axis=2)
    density = np.repeat(np.arange(256, dtype=np.uint8)[None, :], 256, axis=0)
    transmittance = (0.86, 0.17, 0.02)
    out = _C.blend(page, density, transmittance)
    expected = page * np.array(transmittance) ** (density / 100.0)[..., None]
    assert np.abs(out - expected).max() <= 0.51
    assert np.array_equal(out[:, 0], page[:, 0])


def test_black_print_shows_through() -> None:
    """Ink only takes light away: black stays black, and order of two inks does not matter."""
    page = printed_page(SIZE, SIZE)
    red, blue = InkParams(transmittance=COLOURS["red"]), InkParams(transmittance=COLOURS["blue"])
    density = press(TEXTURED)
    once = blend_ink(page, density, red)
    assert (once <= page).all()
    other = _C.ink(np.roll(COVERAGE, 20, axis=1), red, PX_PER_MM, CENTER, HALF)
    one = blend_ink(once, other, blue).astype(int)
    two = blend_ink(blend_ink(page, other, blue), density, red).astype(int)
    assert np.abs(one - two).max() <= 1


def test_instruction_sets_agree(every_isa: list[str]) -> None:
    """The same bytes from every compiled path, with and without paper; sizes off the vectors."""
    page = printed_page(SIZE, SIZE)
    results = []
    for isa in every_isa:
        _C.set_isa(isa)
        bytes_of = [
            press(TEXTURED, paper_luma=np.ascontiguousarray(page[..., 1])).tobytes(),
            press(TEXTURED, np.ascontiguousarray(COVERAGE[:157, :91])).tobytes(),
        ]
        bytes_of += [press(sample_ink(Rng(5, k)), px_per_mm=3.0 + k).tobytes() for k in range(8)]
        results.append(bytes_of)
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (1, 0), (37, 21), (64, 3)])
def test_windows_agree(dx: int, dy: int) -> None:
    """A larger picture around the same seal holds the same impression."""
    large = np.zeros((SIZE + 90, SIZE + 90), np.uint8)
    large[dy : dy + SIZE, dx : dx + SIZE] = COVERAGE
    moved = press(TEXTURED, large, center_px=(CENTER[0] + dx, CENTER[1] + dy))
    assert np.array_equal(moved[dy : dy + SIZE, dx : dx + SIZE], press(TEXTURED))


def test_ink_stays_within_its_reach() -> None:
    """Far from the coverage there is no ink: reach_mm bounds it, for heavy sampled inks too."""
    for k in range(40):
        ink = sample_ink(Rng(9, k))
        small = np.zeros((SIZE, SIZE), np.uint8)
        small[100:140, 100:140] = 255
        inked = np.argwhere(press(ink, small))
        reach = ink.reach_mm * PX_PER_MM + 2.0
        assert inked.min() >= 100 - reach
        assert inked.max() < 140 + reach


def share(density: np.ndarray) -> float:
    """Return the share of the picture that is inked."""
    return float((density >= 15).mean())


def test_spread_grows_and_shrinks_edges() -> None:
    """A square of 40 px spread by s px on each side measures 40 + 2 s, from geometry."""
    small = np.zeros((SIZE, SIZE), np.uint8)
    small[100:140, 100:140] = 255
    for spread_mm in (-0.2, 0.0, 0.2, 0.4):
        density = press(InkParams(spread_mm=spread_mm, bleed_mm=0.05), small)
        side = float((density[120] >= 50).sum())
        assert abs(side - (40.0 + 2.0 * spread_mm * PX_PER_MM)) <= 1.2


def test_fade_strength_and_contact_lighten() -> None:
    """Each lowers the density by its share; low contact leaves grains, not a pale plane."""
    full = press(InkParams()).astype(float).sum()
    assert press(InkParams(fade=0.5)).sum() / full == pytest.approx(0.5, abs=0.02)
    assert press(InkParams(strength=0.7)).sum() / full == pytest.approx(0.7, abs=0.02)
    assert press(InkParams(contact=0.4)).sum() / full == pytest.approx(0.4, abs=0.02)
    grains = press(InkParams(contact=0.1, speckle_amount=0.4))[COVERAGE == 255]
    assert 0.05 < (grains == 0).mean() < 0.95


def test_tilt_makes_one_side_heavier() -> None:
    """Positive tilt_x inks the right, positive tilt_y the bottom."""
    right = press(InkParams(contact=0.6, tilt_x=0.4)).astype(float)
    assert right[:, 120:].sum() > 1.5 * right[:, :120].sum()
    below = press(InkParams(contact=0.6, tilt_y=0.4)).astype(float)
    assert below[120:].sum() > 1.5 * below[:120].sum()


def test_rim_darkens_inner_edges() -> None:
    """Inside the disc, the rim is darker than the centre."""
    density = press(InkParams(contact=0.6, rim_amount=1.0, rim_width_mm=0.4))
    assert int(density[120, 148]) > int(density[120, 120]) + 10


def test_dry_spots_pressure_and_ghost() -> None:
    """Dry spots take ink away somewhere only; a ghost adds ink at its offset."""
    plain = press(InkParams())
    dry = press(InkParams(dry_amount=1.5, dry_scale_mm=3.0, seed=3))
    lost = dry[plain > 90] < 50
    assert 0.05 < lost.mean() < 0.7
    uneven = press(InkParams(contact=0.7, pressure_amount=0.8, seed=3))[COVERAGE == 255]
    assert uneven.std() > 12
    ghost = press(InkParams(ghost_dx_mm=2.0, ghost_strength=0.5, bleed_mm=0.0))
    shifted = np.roll(COVERAGE, 10, axis=1)
    new = (shifted == 255) & (COVERAGE == 0)
    assert ghost[new].mean() == pytest.approx(50.0, abs=2.0)


def test_nicks_roughen_edges_only() -> None:
    """Nicks change edges, leave full ink alone and put none on bare paper."""
    smooth, rough = (press(InkParams(bleed_mm=0.2, nick_amount=n)) for n in (0.0, 0.8))
    edge = (smooth > 20) & (smooth < 80)
    assert np.abs(rough.astype(int) - smooth)[edge].mean() > 5
    # A density that rounds to none may still carry a trace of coverage.
    assert rough[smooth == 0].max() <= 5
    assert not rough[COVERAGE_FAR].any()
    assert np.array_equal(rough[smooth == smooth.max()], smooth[smooth == smooth.max()])


def test_paper_relief_modulates_ink() -> None:
    """Dark fibres take less ink than the bright ones around them."""
    paper = np.full((SIZE, SIZE), 220, np.uint8)
    paper[:, ::6] = 200
    density = press(InkParams(contact=0.6, grain_amount=1.0), paper_luma=paper).astype(float)
    inside = COVERAGE == 255
    dark = np.zeros_like(inside)
    dark[:, ::6] = True
    assert density[inside & dark].mean() < density[inside & ~dark].mean() - 5


def test_texture_is_the_same_at_any_dpi() -> None:
    """Doubling the resolution keeps mean and spread of density: lengths are millimetres."""
    double = ring_and_bars(2 * SIZE, 2 * SIZE, 200.0, (2 * CENTER[0], 2 * CENTER[1]))
    ink = replace(TEXTURED, speckle_scale_mm=0.6, contact=0.6)
    low = press(ink)[COVERAGE == 255].astype(float)
    high = press(
        ink,
        double,
        px_per_mm=2 * PX_PER_MM,
        center_px=(2 * CENTER[0], 2 * CENTER[1]),
        half_size_px=(200.0, 200.0),
    )[double == 255].astype(float)
    assert low.mean() == pytest.approx(high.mean(), rel=0.15)
    assert low.std() == pytest.approx(high.std(), rel=0.25)


def test_empty_and_cut_coverage() -> None:
    """No coverage gives no ink; coverage cut by the picture's edge is inked up to it."""
    assert not press(TEXTURED, np.zeros((9, 5), np.uint8)).any()
    assert press(TEXTURED, np.zeros((0, 5), np.uint8)).shape == (0, 5)
    assert (press(InkParams(bleed_mm=0.1), np.full((7, 3), 255, np.uint8)) == 100).all()


def test_record_round_trip() -> None:
    """to_dict through JSON gives back equal parameters, for sampled ones of each kind."""
    for kind in INK_KINDS:
        ink = sample_ink(Rng(1, kind), kind=kind)
        assert InkParams.from_dict(json.loads(json.dumps(ink.to_dict()))) == ink
        assert set(ink.to_dict()) == {field.name for field in fields(InkParams)}


def test_sampling_is_a_function_of_the_stream() -> None:
    """Equal streams give equal inks, others others; colours are as asked for."""
    assert sample_ink(Rng(3, 1)) == sample_ink(Rng(3, 1))
    assert sample_ink(Rng(3, 1)) != sample_ink(Rng(3, 2))
    drawn = [sample_ink(Rng(4, k)) for k in range(200)]
    assert {ink.colour_name for ink in drawn} == set(COLOURS)
    assert all(sample_ink(Rng(6, k), colour="blue").colour_name == "blue" for k in range(5))
    assert all(math.isfinite(v) for ink in drawn for v in ink.to_dict().values() if v is float)


def test_refusals() -> None:
    """Each wrong argument is named with its rule."""
    with pytest.raises(ValueError, match=r"InkParams: strength must be in \[0.0, 2.5\], got 3"):
        InkParams(strength=3.0)
    with pytest.raises(ValueError, match="strength must be in"):
        InkParams(strength=float("nan"))
    with pytest.raises(ValueError, match="colour_name must be one of red, blue"):
        sample_ink(Rng(1), colour="green")
    with pytest.raises(ValueError, match="kind must be one of carved"):
        sample_ink(Rng(1), kind="engraved")
    with pytest.raises(ValueError, match="transmittance must be three shares"):
        InkParams(transmittance=(0.1, 0.2, 1.2))
    with pytest.raises(ValueError, match="record must hold known fields, got 'wet'"):
        InkParams.from_dict({"wet": 1.0})
    with pytest.raises(ValueError, match=r"ink: px_per_mm must be in \(0, 10000\)"):
        press(TEXTURED, px_per_mm=0.0)
    with pytest.raises(ValueError, match="ink: paper_luma must have the other array's H and W"):
        press(TEXTURED, paper_luma=np.zeros((3, 3), np.uint8))
    with pytest.raises(ValueError, match=r"ink: coverage must have shape \[H, W\]"):
        press(TEXTURED, np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="blend: transmittance must lie in"):
        _C.blend(printed_page(4, 4), np.zeros((4, 4), np.uint8), (2.0, 0.0, 0.0))
