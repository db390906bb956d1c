"""Ink of one impression: how the seal was inked and struck, as a record of numbers.

Lengths are millimetres and amounts are shares of full contact, so a record means the same at any
dpi. ``_C.ink`` turns an ideal coverage into a density with it, ``_C.blend`` puts that on a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seal2real import _C
from seal2real.rng import Rng
from seal2real.seals.fields import checked, checked_class

if TYPE_CHECKING:
    from seal2real.synthesis.profile import Profile

__all__ = ["COLOURS", "INK_KINDS", "InkParams", "apply_ink", "blend_ink", "sample_ink"]

# Light left by one unit of absorbance, (r, g, b): measured between print and paper of photographs
# of impressions, spread out by sample_ink. Grey is what a copier leaves of any of them.
COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.86, 0.17, 0.16),
    "blue": (0.20, 0.27, 0.70),
    "purple": (0.42, 0.17, 0.55),
    "black": (0.13, 0.13, 0.14),
    "grey": (0.34, 0.34, 0.34),
}

# carved: rubber or wood dipped in ink paste; photosensitive: flash foam filled with oil;
# self_inking: a housing that turns the plate against its pad.
INK_KINDS = ("carved", "photosensitive", "self_inking")


def _amount(low: float, high: float, default: float) -> Any:
    """A number in [low, high], stored as it is given."""

    def check(where: str, name: str, value: float) -> float:
        if not low <= value <= high:
            raise ValueError(
                f"{where}: {name} must be in [{low}, {high}], got {value}; bring it into that range"
            )
        return value

    return checked(check, default, usual=("number", None, low, high, False))


def _seed(default: int) -> Any:
    """An integer of 64 bits without sign."""
    # Not a usual number: those are doubles, which cannot hold the limit.
    return checked(_amount(0, 2**64 - 1, default).metadata["check"], default)


def _choice(options: tuple[str, ...], default: str) -> Any:
    """One of ``options``."""

    def check(where: str, name: str, value: str) -> str:
        _check_choice(name, value, options)
        return value

    return checked(check, default, usual=("choice", frozenset(options), 0, 0, False))


def _shares(default: tuple[float, float, float]) -> Any:
    """Three shares of light (r, g, b)."""

    def check(where: str, name: str, value: tuple[float, float, float]) -> Any:
        if len(value) != 3 or not all(0.0 <= share <= 1.0 for share in value):
            raise ValueError(
                f"{where}: {name} must be three shares in [0, 1], got {value}; give (r, g, b)"
            )
        return value

    return checked(check, default)


@checked_class
@dataclass(frozen=True)
class InkParams:
    """One impression's ink.

    Raises:
        ValueError: if a number is out of its range.
    """

    # name of the colour, one of COLOURS
    colour_name: str = _choice(tuple(COLOURS), "red")
    # light left at absorbance 1 per channel, 0..1
    transmittance: tuple[float, float, float] = _shares((0.86, 0.17, 0.16))
    # one of INK_KINDS
    kind: str = _choice(INK_KINDS, "carved")
    # absorbance at full contact, 0..2.5
    strength: float = _amount(0.0, 2.5, 1.0)
    # mean contact; 1 inks everything, 0.3 leaves sparse grains
    contact: float = _amount(-2.0, 4.0, 1.0)
    # swing of the pressure field, in contact
    pressure_amount: float = _amount(0.0, 4.0, 0.0)
    # feature size of the pressure field, mm
    pressure_scale_mm: float = _amount(0.05, 1000.0, 12.0)
    # contact gained from the centre to the right edge
    tilt_x: float = _amount(-4.0, 4.0, 0.0)
    # contact gained from the centre to the bottom edge
    tilt_y: float = _amount(-4.0, 4.0, 0.0)
    # contact lost in dry spots
    dry_amount: float = _amount(0.0, 4.0, 0.0)
    # size of dry spots, mm
    dry_scale_mm: float = _amount(0.05, 1000.0, 3.0)
    # contact swing by the paper's pores, one sigma
    speckle_amount: float = _amount(0.0, 4.0, 0.0)
    # size of pores, mm
    speckle_scale_mm: float = _amount(0.01, 10.0, 0.2)
    # contact swing by blotches of the size of nicks, one sigma
    mottle_amount: float = _amount(0.0, 4.0, 0.0)
    # contact swing by the page's own relief
    grain_amount: float = _amount(0.0, 4.0, 0.0)
    # growth of the edge by over-inking, mm; negative shrinks
    spread_mm: float = _amount(-1.0, 1.0, 0.0)
    # softness of the edge (sigma), mm
    bleed_mm: float = _amount(0.0, 1.0, 0.03)
    # how far nicks eat into the edge, 0..1
    nick_amount: float = _amount(0.0, 1.0, 0.0)
    # size of nicks and blotches, mm
    nick_scale_mm: float = _amount(0.01, 10.0, 0.5)
    # contact gained along inner edges: ink squeezed to the rim
    rim_amount: float = _amount(0.0, 4.0, 0.0)
    # width of that rim, mm
    rim_width_mm: float = _amount(0.0, 2.0, 0.3)
    # offset of a second strike, mm
    ghost_dx_mm: float = _amount(-10.0, 10.0, 0.0)
    ghost_dy_mm: float = _amount(-10.0, 10.0, 0.0)
    # its share of the first, 0..1
    ghost_strength: float = _amount(0.0, 1.0, 0.0)
    # share of strength lost, 0..1
    fade: float = _amount(0.0, 1.0, 0.0)
    # names the noise
    seed: int = _seed(0)

    @property
    def reach_mm(self) -> float:
        """How far ink can lie outside the seal's outline, mm (rounding to pixels aside)."""
        # The blur of sigma s ends within 4.7 s; edge and spread widen it alike (raster/ink.cpp).
        ghost = max(abs(self.ghost_dx_mm), abs(self.ghost_dy_mm)) if self.ghost_strength else 0.0
        return ghost + 4.7 * (self.bleed_mm + abs(self.spread_mm))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict of all fields."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        record["transmittance"] = list(self.transmittance)
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> InkParams:
        """Return the parameters that ``to_dict`` wrote.

        Raises:
            ValueError: if a field is unknown or out of range.
        """
        unknown = sorted(set(record) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(
                f"InkParams.from_dict: record must hold known fields, got {unknown[0]!r}; remove it"
            )
        values = dict(record)
        if "transmittance" in values:
            values["transmittance"] = tuple(values["transmittance"])
        return cls(**values)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"InkParams: {name} must be one of {', '.join(choices)}, got {value!r}; choose one"
        )


def sample_ink(
    rng: Rng, profile: Profile | None = None, colour: str | None = None, kind: str | None = None
) -> InkParams:
    """Draw one impression's ink.

    Args:
        rng: the stream to draw from.
        profile: distributions fitted to real images; None: the built-in ones.
        colour: a name of COLOURS; None: drawn (mostly red).
        kind: one of INK_KINDS; None: drawn.

    Raises:
        ValueError: if ``colour`` or ``kind`` is unknown.
    """
    if colour is None:
        names, weights = _colour_weights(profile)
        colour = rng.weighted(names, weights)
    if kind is None:
        kind = rng.weighted(INK_KINDS, (0.5, 0.3, 0.2))
    _check_choice("colour_name", colour, tuple(COLOURS))
    _check_choice("kind", kind, INK_KINDS)
    ink = _KIND_SAMPLERS[kind](rng, _sample_common(rng, colour, kind))
    if profile is not None and colour in profile.colours:
        # What faded is in the strengths that were measured.
        light, seen = profile.colours[colour].sample(rng)
        return replace(ink, transmittance=light, strength=seen, fade=0.0)
    transmittance, strength = _sample_colour(rng, colour)
    return replace(ink, transmittance=transmittance, strength=strength)


def _colour_weights(profile: Profile | None) -> tuple[list[str], list[float]]:
    if profile is not None and profile.colours:
        return list(profile.colours), [c.weight for c in profile.colours.values()]
    return ["red", "blue", "purple", "black", "grey"], [0.72, 0.13, 0.05, 0.06, 0.04]


def _sample_colour(rng: Rng, colour: str) -> tuple[tuple[float, float, float], float]:
    """Return (transmittance, strength)."""
    shared = rng.normal(0.0, 0.12)
    own = 0.02 if colour in ("black", "grey") else 0.10
    r, g, b = (
        _clip(t * rng.lognormal(shared if t < 0.5 else 0.0, own), 0.02, 0.97)
        for t in COLOURS[colour]
    )
    return (r, g, b), _clip(rng.lognormal(-0.22, 0.30), 0.35, 1.7)


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _sample_common(rng: Rng, colour: str, kind: str) -> InkParams:
    """Return what every kind of seal shares: hand, ink supply and paper."""
    # One hand in four strikes lightly: sparse grains, parts that fail to print.
    light = rng.bernoulli(0.27)
    ghost = rng.bernoulli(0.06)
    return InkParams(
        colour_name=colour,
        kind=kind,
        contact=rng.uniform(0.42, 0.75) if light else rng.uniform(0.75, 1.2),
        pressure_amount=rng.uniform(0.10, 0.55),
        pressure_scale_mm=rng.uniform(7.0, 24.0),
        tilt_x=rng.normal(0.0, 0.16),
        tilt_y=rng.normal(0.0, 0.16),
        dry_amount=rng.uniform(0.2, 0.8) if rng.bernoulli(0.45) else 0.0,
        dry_scale_mm=rng.uniform(1.5, 6.0),
        speckle_amount=rng.uniform(0.12, 0.45),
        speckle_scale_mm=rng.uniform(0.10, 0.26),
        mottle_amount=rng.uniform(0.08, 0.38),
        grain_amount=rng.uniform(0.1, 0.5),
        nick_scale_mm=rng.uniform(0.28, 0.7),
        rim_width_mm=rng.uniform(0.15, 0.4),
        ghost_dx_mm=rng.normal(0.0, 0.6) if ghost else 0.0,
        ghost_dy_mm=rng.normal(0.0, 0.6) if ghost else 0.0,
        ghost_strength=rng.uniform(0.15, 0.6) if ghost else 0.0,
        fade=rng.uniform(0.1, 0.5) if rng.bernoulli(0.3) else 0.0,
        seed=rng.u64(),
    )


def _sample_carved(rng: Rng, ink: InkParams) -> InkParams:
    """Dip ink on a cut face: bleeding, ragged edges, flooded counters under a heavy hand."""
    heavy = rng.bernoulli(0.2)
    return replace(
        ink,
        spread_mm=rng.uniform(0.04, 0.13) if heavy else rng.uniform(-0.03, 0.04),
        bleed_mm=rng.uniform(0.03, 0.09),
        nick_amount=rng.uniform(0.05, 0.35),
        rim_amount=rng.uniform(0.2, 0.9),
    )


def _sample_photosensitive(rng: Rng, ink: InkParams) -> InkParams:
    """Foam: sharp edges, random un-inked spots."""
    return replace(
        ink,
        dry_amount=max(ink.dry_amount, rng.uniform(0.15, 0.7)),
        dry_scale_mm=rng.uniform(0.8, 2.5),
        spread_mm=rng.uniform(-0.02, 0.03),
        bleed_mm=rng.uniform(0.015, 0.04),
        nick_amount=rng.uniform(0.0, 0.15),
        rim_amount=rng.uniform(0.05, 0.5),
    )


def _sample_self_inking(rng: Rng, ink: InkParams) -> InkParams:
    """A housing: even pressure, little bleeding, mottled by the pad's cloth."""
    return replace(
        ink,
        pressure_amount=0.6 * ink.pressure_amount,
        mottle_amount=ink.mottle_amount + rng.uniform(0.05, 0.15),
        spread_mm=rng.uniform(-0.02, 0.05),
        bleed_mm=rng.uniform(0.02, 0.06),
        nick_amount=rng.uniform(0.0, 0.2),
        rim_amount=rng.uniform(0.2, 0.7),
    )


_KIND_SAMPLERS = {
    "carved": _sample_carved,
    "photosensitive": _sample_photosensitive,
    "self_inking": _sample_self_inking,
}


def apply_ink(
    coverage: npt.NDArray[np.uint8],  # [H, W]
    params: InkParams,
    *,
    px_per_mm: float,
    center_px: tuple[float, float],
    half_size_px: tuple[float, float],
    paper_luma: npt.NDArray[np.uint8] | None = None,  # [H, W]
) -> npt.NDArray[np.uint8]:  # [H, W]
    """Return the ink density of a coverage; absorbance is density / 100.

    Args:
        coverage: share of each pixel under the seal's face, 0..255.
        params: the ink.
        px_per_mm: resolution, dpi / 25.4.
        center_px: the seal's centre (x, y) in the window.
        half_size_px: half width and height of the seal, for the tilt.
        paper_luma: the page's luma in the window; gives the ink the paper's own relief.
    """
    return _C.ink(coverage, params, px_per_mm, center_px, half_size_px, paper_luma)


def blend_ink(
    page: npt.NDArray[np.uint8],  # [H, W, 3]
    density: npt.NDArray[np.uint8],  # [H, W]
    params: InkParams,
) -> npt.NDArray[np.uint8]:  # [H, W, 3]
    """Return the page seen through the ink: page * transmittance ** (density / 100).

    Black print stays black under any ink, and red over blue is darker than either.
    """
    return _C.blend(page, density, params.transmittance)
