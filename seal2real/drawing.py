"""Draw one seal on its own: the preview behind ``seal2real draw``."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.pages.page import MM_PER_INCH
from seal2real.rng import Rng
from seal2real.seals.fields import short
from seal2real.seals.layout import layout
from seal2real.seals.presets import PRESETS
from seal2real.seals.spec import SealSpec
from seal2real.synthesis.ink import COLOURS, InkParams, apply_ink, blend_ink, sample_ink
from seal2real.synthesis.warp import Warp

__all__ = ["Drawing", "draw"]

_DPI_RANGE = (20.0, 4800.0)
_MOST_PIXELS = 100_000_000
# Solid colour of a drawing that is not pressed: what red ink paste leaves at full strength.
_PLAIN_RGB = (205, 25, 35)


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A drawn seal.

    Attributes:
        rgba: uint8 [H, W, 4], straight alpha; over white it is the impression.
        coverage: uint8 [H, W], share of each pixel under the seal's face, 0..255.
        classes: uint8 [H, W], class ids (docs/data-format.md).
        labels: a dict a text, in the spec's order: role, text, cls (class id), font, font_role,
            direction, chars (those that draw), quads [n, 4, 2], polygon, polygon16, in pixels.
        ink: the ink of a pressed drawing, None for an ideal one.
        warp: seal mm to pixels.
    """

    rgba: NDArray[np.uint8]
    coverage: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    labels: list[dict[str, Any]]
    ink: InkParams | None
    warp: Warp


def draw(
    spec: SealSpec,
    dpi: float = 300.0,
    seed: int | None = None,
    margin_mm: float = 1.0,
    ink: InkParams | str | None = None,
) -> Drawing:
    """Draw a seal upright on a transparent canvas.

    Args:
        spec: the seal.
        dpi: pixels per inch, 20 to 4800.
        seed: None draws the ideal shape; an integer presses it with ink sampled from that seed.
        margin_mm: empty room around the seal, 0 to 100 mm.
        ink: an ink record, or a colour name (red, blue, purple, black, grey); presses the seal.

    Raises:
        ValueError: a number out of range, an unknown colour, a text that does not fit, a missing
            glyph, or a picture above 100 megapixels.
    """
    _check(dpi, margin_mm, seed)
    laid = layout(spec)
    px_per_mm = dpi / MM_PER_INCH
    width = math.ceil((spec.width_mm + 2 * margin_mm) * px_per_mm)
    height = math.ceil((spec.height_mm + 2 * margin_mm) * px_per_mm)
    if width * height > _MOST_PIXELS:
        raise ValueError(
            f"draw: dpi must give at most {_MOST_PIXELS} pixels, got {width}x{height} at {dpi:g}; "
            "lower dpi"
        )
    warp = Warp.similarity((width / 2, height / 2), px_per_mm, 0.0)
    coverage, classes = _C.draw(laid, warp.h, warp.curl, width, height)
    params = _ink(spec, seed, ink)
    if params is None:
        rgba = np.empty((height, width, 4), np.uint8)
        rgba[..., :3] = _PLAIN_RGB
        rgba[..., 3] = coverage
    else:
        rgba = _pressed(spec, coverage, params, px_per_mm)
    return Drawing(rgba, coverage, classes, _labels(laid, warp), params, warp)


def _labels(laid: Any, warp: Warp) -> list[dict[str, Any]]:
    """Return each text's label: what it says and where it stands."""
    shown = ("role", "text", "cls", "font", "font_role", "direction")
    places = _C.text_labels(laid, warp.h, warp.curl)
    return [
        {key: text[key] for key in shown} | {"chars": [char for char, _ in text["chars"]]} | place
        for text, place in zip(laid.texts, places, strict=True)
    ]


def _check(dpi: float, margin_mm: float, seed: int | None) -> None:
    """Refuse numbers that no preview can have."""
    low, high = _DPI_RANGE
    if isinstance(dpi, bool) or not isinstance(dpi, int | float) or not low <= dpi <= high:
        raise ValueError(
            f"draw: dpi must be a number from {low:g} to {high:g}, got {short(dpi)}; use 300"
        )
    if not isinstance(margin_mm, int | float) or not 0 <= margin_mm <= 100:
        raise ValueError(
            f"draw: margin_mm must be a number from 0 to 100 mm, got {short(margin_mm)}; use 1"
        )
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise ValueError(f"draw: seed must be an integer or None, got {short(seed)}; use seed=0")


def _ink(spec: SealSpec, seed: int | None, ink: InkParams | str | None) -> InkParams | None:
    """Return the ink to press with; its colour follows the preset's habit."""
    if isinstance(ink, InkParams) or (ink is None and seed is None):
        return ink
    rng = Rng(seed or 0, "draw", "ink")
    if ink is None:
        preset = PRESETS.get(spec.type)
        habit = preset.colours if preset is not None else {"red": 1.0}
        ink = rng.weighted(tuple(habit), tuple(habit.values()))
    if ink not in COLOURS:
        raise ValueError(
            f"draw: ink must be one of {', '.join(COLOURS)} or InkParams, got {short(ink)}; "
            "choose a colour"
        )
    return sample_ink(rng, colour=ink)


def _pressed(
    spec: SealSpec, coverage: NDArray[np.uint8], params: InkParams, px_per_mm: float
) -> NDArray[np.uint8]:  # [H, W, 4]
    """Press ``coverage`` and return it as straight-alpha RGBA that is exact over white."""
    height, width = coverage.shape
    density = apply_ink(
        coverage,
        params,
        px_per_mm=px_per_mm,
        center_px=(width / 2, height / 2),
        half_size_px=(spec.width_mm / 2 * px_per_mm, spec.height_mm / 2 * px_per_mm),
    )
    white = np.full((height, width, 3), 255, np.uint8)
    seen = blend_ink(white, density, params).astype(np.int32)
    alpha = 255 - seen.min(axis=2)
    # seen = 255 - alpha + rgb * alpha / 255, solved for rgb
    lifted = (seen - (255 - alpha[..., None])) * 255
    rgb = np.where(alpha[..., None] > 0, lifted // np.maximum(alpha[..., None], 1), 0)
    return np.dstack((np.clip(rgb, 0, 255), alpha)).astype(np.uint8)
