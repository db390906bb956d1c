"""Drawn impressions of known ink, to photograph: as photographs show seals, so much is lost of their ink.

A lens mixes the colour of thin strokes with the paper's, and JPEG stores colour at half the
resolution: what is measured of an ink is greyer than the ink.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from seal2real import _C
from seal2real.rng import Rng
from seal2real.seals import sample_spec
from seal2real.seals.layout import layout
from seal2real.synthesis.capture import PAGE_WHITE
from seal2real.synthesis.ink import INK_KINDS, InkParams, apply_ink, blend_ink, sample_ink
from seal2real.synthesis.warp import Warp

__all__ = ["pressed_targets"]

# Designs from thin letters to bold ones, each on a square of so many px and as wide as photographs of
# single seals show them.
_DESIGNS = ("limited_use", "contract", "invoice", "date_round")
_SQUARE_PX, _WIDTH_PX = 256, 232


@dataclass(frozen=True)
class _Target:
    """One drawn seal, and how it was struck."""

    coverage: npt.NDArray[np.uint8]
    strike: InkParams
    px_per_mm: float


def pressed_targets(
    transmittance: tuple[float, float, float], strength: float
) -> npt.NDArray[np.uint8]:  # [512, 512, 3]
    """Return drawn seals in one ink, two by two on white paper."""
    paper = np.full((_SQUARE_PX, _SQUARE_PX, 3), int(PAGE_WHITE), np.uint8)
    middle, half = (_SQUARE_PX / 2, _SQUARE_PX / 2), (_WIDTH_PX / 2, _WIDTH_PX / 2)
    shown = []
    for target in _targets():
        ink = replace(target.strike, transmittance=transmittance, strength=min(strength, 2.5))
        density = apply_ink(
            target.coverage, ink, px_per_mm=target.px_per_mm, center_px=middle, half_size_px=half
        )
        shown.append(blend_ink(paper, density, ink))
    return np.vstack([np.hstack(shown[:2]), np.hstack(shown[2:])])


@lru_cache(maxsize=1)
def _targets() -> tuple[_Target, ...]:
    """Draw the seals."""
    found = []
    for k, design in enumerate(_DESIGNS):
        spec = sample_spec(Rng(1, "impressions", k), design)
        px_per_mm = _WIDTH_PX / max(spec.width_mm, spec.height_mm)
        warp = Warp.similarity((_SQUARE_PX / 2, _SQUARE_PX / 2), px_per_mm)
        coverage, _ = _C.draw(layout(spec), warp.h, warp.curl, _SQUARE_PX, _SQUARE_PX)
        strike = sample_ink(Rng(2, "impressions", k), colour="red", kind=INK_KINDS[k % 3])
        found.append(_Target(coverage, strike, px_per_mm))
    return tuple(found)
