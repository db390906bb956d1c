"""Apply a :class:`SamplePlan` to a page: window, press, capture, label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.pages.page import Page, PageChars, PageLine, line_of
from seal2real.seals.layout import layout
from seal2real.seals.spec import SealSpec
from seal2real.synthesis.capture import capture_pair
from seal2real.synthesis.ink import apply_ink, blend_ink
from seal2real.synthesis.mark import with_mark
from seal2real.synthesis.plan import SamplePlan, SealPlan, Window
from seal2real.synthesis.record import build_record, outline_mm
from seal2real.synthesis.rims import Rim, rim_ink, rim_stamp
from seal2real.synthesis.sample import INK_ABSORBANCE, MAX_SEALS, SHAPE_COVERAGE, Sample
from seal2real.synthesis.templates import TEMPLATE_CLASS, Template

__all__ = ["compose", "page_window", "press_seal"]

Box = tuple[int, int, int, int]

# Stored densities are absorbance x 100 (see seal2real.synthesis.ink).
_INK_DENSITY = round(100 * INK_ABSORBANCE)
_SHAPE_COVERAGE_U8 = round(255 * SHAPE_COVERAGE)
# How far the corner of a frame moves when its sides move by 1: 1 / sin(half the corner's angle),
# at most 2.3 for the sharpest triangles and rhombi of the presets.
_CORNER_REACH = 2.5


@dataclass(frozen=True)
class Impression:
    """What one seal leaves on the window ``box`` of a sample."""

    # x0, y0, x1, y1 in sample px
    box: Box
    # uint8 [h, w] ideal coverage, 255 is full
    coverage: NDArray[np.uint8]
    # uint8 [h, w] class map
    classes: NDArray[np.uint8]
    # uint8 [h, w] absorbance x 100
    density: NDArray[np.uint8]


def compose(page: Page, plan: SamplePlan, header: dict[str, object]) -> Sample:
    """Return the sample that ``plan`` describes on ``page``.

    Args:
        page: a seal-free page; its image is uint8 [H, W, 3] RGB.
        plan: window, seals and capture, all drawn already.
        header: leading fields of the record (id, index, split, seed, mode).

    Raises:
        ValueError: if the plan holds more than eight seals.
    """
    if len(plan.seals) > MAX_SEALS:
        raise ValueError(
            f"compose: plan must hold at most {MAX_SEALS} seals, got {len(plan.seals)}; "
            "masks have a bit per seal, so split them over several samples"
        )
    clean = page_window(page, plan.window)
    if plan.mark:
        clean = with_mark(clean)
    height, width = clean.shape[:2]
    sealed = clean.copy()
    mask = np.zeros((height, width), np.uint8)
    shape = np.zeros((height, width), np.uint8)
    classes = np.zeros((height, width), np.uint8)
    coverage = np.zeros((height, width), np.uint8)
    touched = np.zeros((height, width), bool)
    pressed = [(seal, press_seal(seal, clean)) for seal in plan.seals]
    # What leaves no ink in this window is not part of the sample.
    visible = [(seal, found) for seal, found in pressed if found is not None]
    plan = replace(plan, seals=tuple(seal for seal, _ in visible))
    for bit, (seal, impression) in enumerate(visible):
        _merge(impression, bit, seal, sealed, mask, shape, classes, touched)
        _cover(impression, coverage)
    clean, sealed, support = capture_pair(clean, sealed, touched, plan.capture)
    lines = window_lines(page.lines, plan.window)
    planes = {"clean": clean, "sealed": sealed, "mask": mask, "shape": shape, "support": support}
    record = build_record(page, plan, lines, planes, header)
    return Sample(sealed, clean, mask, shape, classes, support, record, coverage=coverage)


def page_window(
    page: Page, window: Window
) -> NDArray[np.uint8]:  # [window.height, window.width, 3]
    """Return the part of ``page`` under ``window``, extended by its edges and resampled."""
    part = page.window(window.x0, window.y0, window.x1, window.y1)
    if part.shape[:2] != (window.height, window.width):
        # Bicubic: its kernel is a polynomial, so weights are the same on every machine.
        part = _C.resample(part, window.width, window.height)
    # A copy only where the pixels belong to somebody else: a page at 300 dpi is 26 MB.
    return np.require(part, np.uint8, ["C_CONTIGUOUS", "OWNDATA", "WRITEABLE"])


def press_seal(seal: SealPlan, page: NDArray[np.uint8]) -> Impression | None:
    """Return the impression of ``seal`` on ``page`` uint8 [H, W, 3]; None without ink."""
    height, width = page.shape[:2]
    box = _impression_box(seal, width, height)
    if box is None:
        return None
    coverage, classes = _draw(seal, box)
    density = _ink(coverage, seal, box, page)
    for rim in seal.rims:
        _add_rim(rim, seal, box, page, (coverage, classes, density))
    _apply_clip(seal.clip, box, (coverage, classes, density))
    if density.max(initial=0) < _INK_DENSITY:
        return None
    return Impression(box, coverage, classes, density)


def _draw(seal: SealPlan, box: Box) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return ideal coverage and classes, uint8 [h, w] each, of the window ``box``."""
    x0, y0, x1, y1 = box
    if isinstance(seal.stamp, Template):
        coverage = seal.stamp.draw(seal.warp, box, seal.px_per_mm)
        inked = coverage >= _SHAPE_COVERAGE_U8
        return coverage, np.where(inked, np.uint8(TEMPLATE_CLASS), np.uint8(0))
    coverage, classes = _C.draw(
        layout(seal.stamp), seal.warp.h, seal.warp.curl, x1 - x0, y1 - y0, x0, y0
    )
    return coverage, classes


def _add_rim(
    rim: Rim,
    seal: SealPlan,
    box: Box,
    page: NDArray[np.uint8],
    planes: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    """Lay a rim over coverage, classes and density of its seal in place; they do not overlap."""
    assert isinstance(seal.stamp, SealSpec), "only drawn seals have rims"
    stamp, warp = rim_stamp(seal.stamp, seal.warp, rim)
    coverage, classes = _draw(replace(seal, stamp=stamp, warp=warp), box)
    density = _ink(coverage, replace(seal, ink=rim_ink(seal.ink, rim)), box, page)
    for plane, own in zip(planes, (coverage, classes, density), strict=True):
        np.maximum(plane, own, out=plane)


def _ink(
    coverage: NDArray[np.uint8], seal: SealPlan, box: Box, page: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the ink density of ``coverage`` in the window ``box`` of ``page``."""
    x0, y0, x1, y1 = box
    center = seal.warp.apply(np.zeros((1, 2)))[0]
    px_per_mm = seal.px_per_mm
    return apply_ink(
        coverage,
        seal.ink,
        px_per_mm=px_per_mm,
        center_px=(float(center[0]) - x0, float(center[1]) - y0),
        half_size_px=(seal.stamp.width_mm * px_per_mm / 2, seal.stamp.height_mm * px_per_mm / 2),
        paper_luma=_C.luma(page[y0:y1, x0:x1]),
    )


def _impression_box(seal: SealPlan, width: int, height: int) -> Box | None:
    """Return the sample pixels that ``seal`` can reach, or None."""
    outline = seal.warp.apply(outline_mm(seal.stamp))
    rims_mm = max((rim.reach_mm for rim in seal.rims), default=0.0)
    margin = 2.0 + (seal.ink.reach_mm + _CORNER_REACH * rims_mm) * seal.px_per_mm
    low = np.floor(outline.min(axis=0) - margin).astype(int)
    high = np.ceil(outline.max(axis=0) + margin).astype(int)
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), width), min(int(high[1]), height)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _apply_clip(clip: Box | None, box: Box, planes: tuple[NDArray[np.uint8], ...]) -> None:
    """Zero ``planes`` outside ``clip`` (both boxes in sample px)."""
    if clip is None:
        return
    keep = np.zeros((box[3] - box[1], box[2] - box[0]), bool)
    left, top = max(clip[0] - box[0], 0), max(clip[1] - box[1], 0)
    keep[top : max(clip[3] - box[1], 0), left : max(clip[2] - box[0], 0)] = True
    for plane in planes:
        plane[~keep] = 0


def _merge(
    impression: Impression,
    bit: int,
    seal: SealPlan,
    sealed: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    shape: NDArray[np.uint8],
    classes: NDArray[np.uint8],
    touched: NDArray[np.bool_],
) -> None:
    """Lay ``impression`` over the sample's planes in place."""
    x0, y0, x1, y1 = impression.box
    at = (slice(y0, y1), slice(x0, x1))
    # Inks multiply whatever lies below, so no seal hides another; classes show the last on top.
    sealed[at] = blend_ink(np.ascontiguousarray(sealed[at]), impression.density, seal.ink)
    mask[at] |= (impression.density >= _INK_DENSITY).view(np.uint8) << bit
    shape[at] |= (impression.coverage >= _SHAPE_COVERAGE_U8).view(np.uint8) << bit
    np.copyto(classes[at], impression.classes, where=impression.classes > 0)
    touched[at] |= impression.density > 0


def _cover(impression: Impression, coverage: NDArray[np.uint8]) -> None:
    """Lay the ideal coverage of ``impression`` over that of other seals in place."""
    x0, y0, x1, y1 = impression.box
    part = coverage[y0:y1, x0:x1]
    np.maximum(part, impression.coverage, out=part)


def window_lines(lines: tuple[PageLine, ...], window: Window) -> tuple[PageLine, ...]:
    """Return the text that ``window`` shows, in sample px; cut characters are left out."""
    offset = np.array([window.x0, window.y0], np.float64)
    scale = np.array(
        [
            window.width / (window.x1 - window.x0),
            window.height / (window.y1 - window.y0),
        ]
    )
    limit = np.array([window.width, window.height], np.float64)
    # All lines at once: a call a line took four times as long, and most lie elsewhere.
    polygons = np.array([line.polygon for line in lines], np.float64).reshape(-1, 4, 2)
    polygons = (polygons - offset) * scale
    elsewhere = (polygons.max(axis=1) <= 0) | (polygons.min(axis=1) >= limit)
    shown = [
        _shown_line(lines[at], polygons[at], offset, scale, limit)
        for at in np.flatnonzero(~elsewhere.any(axis=1)).tolist()
    ]
    return tuple(line for line in shown if line is not None)


def _shown_line(
    line: PageLine,
    polygon: NDArray[np.float64],
    offset: NDArray[np.float64],
    scale: NDArray[np.float64],
    limit: NDArray[np.float64],
) -> PageLine | None:
    """Return the visible part of one line whose polygon is already in sample px."""
    if not line.chars:
        inside = bool((polygon >= 0).all() and (polygon <= limit).all())
        return PageLine(line.text, polygon, ()) if inside else None
    chars = PageChars.of(line.chars)
    quads = (chars.quads - offset) * scale
    kept: NDArray[np.bool_] = np.all((quads >= 0) & (quads <= limit), axis=(1, 2))
    if kept.all():
        return PageLine(line.text, polygon, PageChars(chars.letters, quads))
    if not kept.any():
        return None
    quads = quads[kept]
    letters = list(compress(chars.letters, kept.tolist()))
    return line_of("".join(letters), letters, quads)
