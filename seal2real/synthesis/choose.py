"""How one sample is framed, pressed and captured: the draws behind a :class:`SamplePlan`."""

from __future__ import annotations

from dataclasses import dataclass

from seal2real.pages.page import MM_PER_INCH, Page
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.capture import CaptureParams, sample_capture
from seal2real.synthesis.ink import sample_ink
from seal2real.synthesis.place import Placement
from seal2real.synthesis.plan import SealPlan, Stamp, Window
from seal2real.synthesis.profile import Profile
from seal2real.synthesis.warp import Warp

__all__ = [
    "CrossPage",
    "Placed",
    "choose_capture",
    "choose_window",
    "cross_page_group",
    "place_part",
    "plan_seal",
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
# Where a cross-page seal's centre lies, in shares of the page's height.
_CROSS_PAGE_HEIGHT = (0.3, 0.7)


@dataclass(frozen=True)
class CrossPage:
    """One part of a seal pressed across consecutive pages (骑缝章)."""

    # index of the group's first sample
    start: int
    # 0 .. of - 1
    part: int
    # number of pages
    of: int


@dataclass(frozen=True)
class Placed:
    """A stamp and where it is pressed, in page pixels."""

    stamp: Stamp
    placement: Placement
    # visible strip in page px as x0, x1; None shows all of it
    strip: tuple[float, float] | None = None
    group: CrossPage | None = None


def cross_page_group(recipe: Recipe, index: int, share: float) -> CrossPage | None:
    """Return the cross-page group of sample ``index``, or None.

    Blocks of four samples start anew in every shard, so a group never leaves its shard.
    """
    shard = recipe.shard_range(index // recipe.shard_samples)
    start = index - (index - shard.start) % _GROUP_BLOCK
    rng = Rng(recipe.seed, "group", start)
    if not rng.bernoulli(share):
        return None
    of = min(rng.integer(2, _GROUP_BLOCK + 1), shard.stop - start)
    part = index - start
    return CrossPage(start, part, of) if of > 1 and part < of else None


def place_part(rng: Rng, page: Page, stamp: Stamp, group: CrossPage) -> Placed:
    """Return the strip of ``stamp`` that falls on one page of its group.

    The pages lie fanned, so every page shows an equal vertical strip at its right edge.
    """
    px_per_mm = page.px_per_mm
    width = stamp.width_mm * px_per_mm
    strip = width / group.of
    height = rng.uniform(*_CROSS_PAGE_HEIGHT)
    right = float(page.width)
    # strip `part` of the seal ends at the page's right edge
    center_x = right + width / 2 - strip * (group.part + 1)
    placement = Placement(
        center_px=(center_x, height * page.height), angle_deg=0.0, rule="cross_page", group=None
    )
    return Placed(stamp, placement, (right - strip, right), group)


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
        center, extent = _visible_extent(seals[0], page)
    else:
        center = (rng.uniform(0, page.width), rng.uniform(0, page.height))
        extent = 0.0
    # Native scale, unless the seal would not fit.
    side = max(pixels, round(extent * (1 + _CROP_MARGIN)))
    slack = max(0.0, (side - extent * (1 + _CROP_MARGIN)) / 2)
    x0 = round(center[0] - side / 2 + rng.uniform(-slack, slack))
    y0 = round(center[1] - side / 2 + rng.uniform(-slack, slack))
    x0, y0 = _inside(x0, side, page.width), _inside(y0, side, page.height)
    return Window(x0, y0, x0 + side, y0 + side, pixels, pixels)


def _visible_extent(placed: Placed, page: Page) -> tuple[tuple[float, float], float]:
    """Return centre and side (page px) of the square round the visible part of a seal."""
    px_per_mm = page.px_per_mm
    width, height = placed.stamp.width_mm * px_per_mm, placed.stamp.height_mm * px_per_mm
    x, y = placed.placement.center_px
    round_shape = getattr(placed.stamp, "shape", "") == "round"
    extent = width if round_shape else (width * width + height * height) ** 0.5
    if placed.strip is not None:
        x = (placed.strip[0] + placed.strip[1]) / 2
    return (x, y), extent


def _inside(start: int, side: int, limit: int) -> int:
    """Return ``start`` moved so that [start, start + side) lies in [0, limit) where it can."""
    if side >= limit:
        return (limit - side) // 2
    return min(max(start, 0), limit - side)


def plan_seal(
    rng: Rng, placed: Placed, window: Window, dpi: float, profile: Profile | None
) -> SealPlan:
    """Return the full plan of one seal in the sample's pixels.

    Args:
        rng: stream of the seal; parts of a cross-page seal share their group's ink anyway.
        placed: the stamp and its place on the page.
        window: the part of the page that is shown.
        dpi: of the page.
        profile: fitted ink, or None for the defaults.
    """
    scale = window.scale
    x, y = placed.placement.center_px
    center = ((x - window.x0) * scale, (y - window.y0) * scale)
    px_per_mm = dpi / MM_PER_INCH * scale
    angle = placed.placement.angle_deg
    return SealPlan(
        stamp=placed.stamp,
        warp=_warp(rng.child("warp"), placed, center, px_per_mm),
        angle_deg=angle,
        ink=sample_ink(rng.child("ink"), profile=profile),
        rule=placed.placement.rule,
        clip=_clip(placed, window),
        group=None
        if placed.group is None
        else {"id": f"{placed.group.start:09d}", "part": placed.group.part, "of": placed.group.of},
    )


def _warp(rng: Rng, placed: Placed, center: tuple[float, float], px_per_mm: float) -> Warp:
    """Return the mapping of seal mm to sample px: similarity, at times slanted or curled."""
    angle = placed.placement.angle_deg
    if placed.group is not None:
        return Warp.similarity(center, px_per_mm, angle)
    width_px = placed.stamp.width_mm * px_per_mm
    slant = (0.0, 0.0)
    if rng.bernoulli(_SLANT_SHARE):
        slant = (rng.uniform(-_SLANT, _SLANT), rng.uniform(-_SLANT, _SLANT))
    curl = (0.0, 1.0, 0.0, 0.0)
    if rng.bernoulli(_CURL_SHARE):
        amplitude = rng.uniform(0.2, 1.0) * _CURL * width_px
        curl = (
            amplitude,
            rng.uniform(1.0, 3.0) * width_px,
            rng.uniform(0.0, 180.0),
            rng.uniform(0.0, 6.283),
        )
    return Warp.perspective(center, px_per_mm, angle, slant, placed.stamp.width_mm, curl)


def _clip(placed: Placed, window: Window) -> tuple[int, int, int, int] | None:
    """Return the strip of a cross-page seal in sample px, or None."""
    if placed.strip is None:
        return None
    left = round((placed.strip[0] - window.x0) * window.scale)
    right = round((placed.strip[1] - window.x0) * window.scale)
    return (max(left, 0), 0, max(right, 0), window.height)


def choose_capture(rng: Rng, source: str, capture: str, profile: Profile | None) -> CaptureParams:
    """Return how the page is scanned or photographed.

    Args:
        rng: stream of the capture.
        source: kind of the page source; "image" pages were captured already.
        capture: a capture kind, or "auto".
        profile: fitted capture, or None for the defaults.
    """
    if capture == "auto":
        return sample_capture(rng, "none" if source == "image" else None, profile=profile)
    return sample_capture(rng, capture, profile=profile)
