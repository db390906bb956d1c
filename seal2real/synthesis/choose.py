"""How one sample is framed, pressed and captured: the draws behind a :class:`SamplePlan`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seal2real.pages.page import Page
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.seals.presets import PRESETS
from seal2real.seals.spec import SealSpec
from seal2real.synthesis.capture import CaptureParams, sample_capture
from seal2real.synthesis.ink import COLOURS, InkParams, sample_ink
from seal2real.synthesis.place import Group, Placement
from seal2real.synthesis.plan import SealPlan, Stamp, Window
from seal2real.synthesis.rims import Rim, sample_rims
from seal2real.synthesis.templates import Template
from seal2real.synthesis.warp import Warp

if TYPE_CHECKING:
    from seal2real.synthesis.profile import Profile

__all__ = [
    "Placed",
    "choose_capture",
    "choose_window",
    "cross_page_group",
    "plan_seal",
    "visible_extent",
    "window_start",
]

# Free share of a crop's side round its seal at the least, on both sides together.
_CROP_MARGIN = 0.12
# Consecutive samples that a cross-page group may span.
_GROUP_BLOCK = 4
# Shares of seals pressed on curved paper, or seen at a slant.
_CURL_SHARE = 0.2
_SLANT_SHARE = 0.3
# Largest change of scale across a slanted seal, and height of a curl, in shares of its width.
_SLANT = 0.06
_CURL = 0.012

# How strongly a cut-out is pressed, in strengths of its own impression.
_TEMPLATE_STRENGTH = (0.8, 1.1)


@dataclass(frozen=True)
class Placed:
    """A stamp and where it is pressed, in page pixels."""

    stamp: Stamp
    placement: Placement

    def strip(self, page: Page) -> tuple[float, float] | None:
        """Return x0, x1 in page px of what one page of a cross-page seal shows, else None."""
        group = self.placement.group
        if group is None:
            return None
        # the pages lie fanned, their right edges a strip apart
        return page.width - self.stamp.width_mm * page.px_per_mm / group.of, float(page.width)


def cross_page_group(recipe: Recipe, index: int, share: float) -> Group | None:
    """Return the cross-page group of sample ``index``, or None.

    Blocks of four samples start anew in every shard, so a group never leaves its shard. The
    group's id is the id of its first sample.
    """
    shard = recipe.shard_range(index // recipe.shard_samples)
    start = index - (index - shard.start) % _GROUP_BLOCK
    rng = Rng(recipe.seed, "group", start)
    if not rng.bernoulli(share):
        return None
    of = min(rng.integer(2, _GROUP_BLOCK + 1), shard.stop - start)
    part = index - start
    return Group(f"{start:09d}", part, of) if of > 1 and part < of else None


def choose_window(rng: Rng, page: Page, seals: list[Placed], pixels: int | None) -> Window:
    """Return the part of ``page`` to show.

    Args:
        rng: stream of the window.
        page: the page.
        seals: what is pressed on it; a crop is framed round the first.
        pixels: side of a square crop; None shows the whole page.
    """
    if pixels is None:
        return Window(0, 0, page.width, page.height, page.width, page.height)
    if seals:
        center, extent = visible_extent(seals[0], page)
    else:
        center = (rng.uniform(0, page.width), rng.uniform(0, page.height))
        extent = 0.0
    # Native scale, unless the seal would not fit.
    side = max(pixels, round(extent * (1 + _CROP_MARGIN)))
    slack = max(0.0, (side - extent * (1 + _CROP_MARGIN)) / 2)
    x0 = round(center[0] - side / 2 + rng.uniform(-slack, slack))
    y0 = round(center[1] - side / 2 + rng.uniform(-slack, slack))
    x0, y0 = window_start(x0, side, page.width), window_start(y0, side, page.height)
    return Window(x0, y0, x0 + side, y0 + side, pixels, pixels)


def visible_extent(placed: Placed, page: Page) -> tuple[tuple[float, float], float]:
    """Return centre and side (page px) of the square round the visible part of a seal."""
    px_per_mm = page.px_per_mm
    width, height = placed.stamp.width_mm * px_per_mm, placed.stamp.height_mm * px_per_mm
    x, y = placed.placement.center_px
    round_shape = getattr(placed.stamp, "shape", "") == "round"
    extent = width if round_shape else math.sqrt(width * width + height * height)
    strip = placed.strip(page)
    if strip is not None:
        x = (strip[0] + strip[1]) / 2
    return (x, y), extent


def window_start(start: int, side: int, limit: int) -> int:
    """Return ``start`` moved so that [start, start + side) lies in [0, limit) where it can."""
    if side >= limit:
        return (limit - side) // 2
    return min(max(start, 0), limit - side)


def plan_seal(
    rng: Rng, placed: Placed, window: Window, page: Page, profile: Profile | None
) -> SealPlan:
    """Return the full plan of one seal in the sample's pixels.

    Args:
        rng: stream of the seal; parts of a cross-page seal share their group's ink anyway.
        placed: the stamp and its place on the page.
        window: the part of the page that is shown.
        page: the page.
        profile: fitted ink, or None for the defaults.
    """
    scale = window.scale
    x, y = placed.placement.center_px
    center = ((x - window.x0) * scale, (y - window.y0) * scale)
    px_per_mm = page.px_per_mm * scale
    stamp = placed.stamp
    ink = _ink(rng.child("ink"), stamp, profile)
    rims: tuple[Rim, ...] = ()
    if isinstance(stamp, SealSpec):
        rims = sample_rims(rng.child("rims"), stamp, ink.kind)
    return SealPlan(
        stamp=stamp,
        warp=_warp(rng.child("warp"), placed, center, px_per_mm),
        px_per_mm=px_per_mm,
        angle_deg=placed.placement.angle_deg,
        ink=ink,
        rule=placed.placement.rule,
        clip=_clip(placed.strip(page), window),
        group=placed.placement.group,
        rims=rims,
    )


def _ink(rng: Rng, stamp: Stamp, profile: Profile | None) -> InkParams:
    """Return the ink: a cut-out's own, a profile's, or one that is usual for the type of seal."""
    if isinstance(stamp, Template):
        return _template_ink(rng, stamp)
    colour = None
    preset = PRESETS.get(stamp.type)
    if profile is None and preset is not None:
        colours = preset.colours
        colour = rng.child("colour").weighted(tuple(colours), tuple(colours.values()))
    return sample_ink(rng, profile=profile, colour=colour)


def _template_ink(rng: Rng, template: Template) -> InkParams:
    """Return plain ink of the cut-out's colour: its wear is in the cut-out already."""

    def distance(name: str) -> float:
        pairs = zip(COLOURS[name], template.transmittance, strict=True)
        red, green, blue = (abs(a - b) for a, b in pairs)
        return red + green + blue

    return InkParams(
        colour_name=min(COLOURS, key=distance),
        transmittance=template.transmittance,
        strength=rng.uniform(*_TEMPLATE_STRENGTH),
        seed=rng.u64(),
    )


def _warp(rng: Rng, placed: Placed, center: tuple[float, float], px_per_mm: float) -> Warp:
    """Return the mapping of seal mm to sample px: similarity, at times slanted or curled."""
    angle = placed.placement.angle_deg
    if placed.placement.group is not None:
        return Warp.similarity(center, px_per_mm, angle)
    width_px = placed.stamp.width_mm * px_per_mm
    tilt = (0.0, 0.0)
    if rng.bernoulli(_SLANT_SHARE):
        most = _SLANT / placed.stamp.width_mm
        tilt = (rng.uniform(-most, most), rng.uniform(-most, most))
    curl = (0.0, 1.0, 0.0, 0.0)
    if rng.bernoulli(_CURL_SHARE):
        amplitude = rng.uniform(0.2, 1.0) * _CURL * width_px
        curl = (
            amplitude,
            rng.uniform(1.0, 3.0) * width_px,
            rng.uniform(0.0, 180.0),
            rng.uniform(0.0, 6.283),
        )
    return Warp.perspective(center, px_per_mm, angle, tilt, curl=curl)


def _clip(strip: tuple[float, float] | None, window: Window) -> tuple[int, int, int, int] | None:
    """Return the strip of a cross-page seal (x0, x1 in page px) as a box in sample px, or None."""
    if strip is None:
        return None
    left, right = (round((x - window.x0) * window.scale) for x in strip)
    return (max(left, 0), 0, max(right, 0), window.height)


def choose_capture(
    rng: Rng, page: Page, capture: str, profile: Profile | None, scale: float
) -> CaptureParams:
    """Return how the page is scanned or photographed.

    Args:
        rng: stream of the capture.
        page: the page; files of images were captured already, so "auto" leaves them as they are.
        capture: a capture kind, or "auto".
        profile: fitted capture, or None for the defaults.
        scale: sample px per page px.
    """
    kind: str | None = capture
    if capture == "auto":
        kind = "none" if page.source["kind"] == "image" else None
    return sample_capture(rng, kind, profile=profile, dpi=page.dpi * scale)
