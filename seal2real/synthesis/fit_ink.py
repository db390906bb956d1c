"""Ink of a photographed impression: colour, strength, and how much softer its colour is than its luma."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from seal2real.detmath import det_exp, det_log
from seal2real.synthesis.capture import CaptureParams, apply_capture
from seal2real.synthesis.fit_planes import Floats, grown, less_black
from seal2real.synthesis.impressions import pressed_targets
from seal2real.synthesis.ink import COLOURS

__all__ = ["Ink", "find_chroma_blur", "find_ink", "impressions", "true_hue"]

# Share of light between channels that only coloured ink has, the light that its clearest channel
# leaves, and the least share of it in a picture.
_COLOURFUL = 0.12
_NOT_PRINT = 0.4
_INK_SHARE = 0.006
# Softness of colour is looked at so near ink, px, between pixels so far apart; the blurs that may
# explain it.
_NEAR, _DISTANCES = 3, (4, 10)
_CHROMA_BLURS = tuple(0.5 * k for k in range(9))
# A hue is corrected so often, each time by no more than this factor.
_ROUNDS, _MOST = 5, 1.5
# Ink is as dark in its darkest channel, print in its clearest; so many pixels must be left.
_INKED, _NOT_PALE, _ENOUGH_AROUND = 0.8, 0.5, 400


@dataclass(frozen=True)
class Ink:
    """An ink as it is measured."""

    # a key of COLOURS; None where there is no ink
    colour: str | None
    # absorbance (r, g, b) of a typical place
    absorbed: Floats

    @property
    def coloured(self) -> bool:
        """Return whether it is an ink other than black."""
        return self.colour not in (None, "black")

    def split(self) -> tuple[float, float, float, float]:
        """Return transmittance (r, g, b) at absorbance 1 (the named colour's depth) and strength."""
        if self.colour is None:
            return (0.0, 0.0, 0.0, 0.0)
        depth = -float(det_log(min(COLOURS[self.colour])))
        strength = max(float(self.absorbed.max()) / depth, 0.05)
        r, g, b = (float(t) for t in det_exp(-self.absorbed / strength))
        return r, g, b, strength


def impressions(ink: Ink) -> npt.NDArray[np.uint8]:  # [512, 512, 3]
    """Return drawn seals in this ink on white paper."""
    r, g, b, strength = ink.split()
    return pressed_targets((r, g, b), strength)


def find_ink(pixels: Floats, paper: Floats) -> Ink:
    """Return the ink of a photograph: hue of its strongest part, median strength.

    Drawn ones of known ink: the median reads 1.04 of the strength on strokes of 2 px under sharpened
    lenses, the most colourful third 1.5; on bold ones under a plain lens they read 0.8 and 1.05. Strong
    ink on hairlines reads half as strong, behind JPEG less.

    Both arguments are [H, W, 3], less the light that the capture adds to black.
    """
    # Chroma is blocky and rims of pictures are ringed: leave the border out.
    light = np.clip(pixels / np.clip(paper, 2.0, 255.0), 0.01, 1.5)[6:-6, 6:-6].reshape(-1, 3)
    absorbed = -det_log(light)
    # Differences of light, not of absorbance: those are large in any noisy black.
    colourful = light.max(axis=1) - light.min(axis=1)
    ink = (colourful > _COLOURFUL) & (light.max(axis=1) > _NOT_PRINT)
    if ink.mean() < _INK_SHARE:
        return _dark_ink(absorbed[light.min(axis=1) < 0.7], len(absorbed))
    # The most colourful, not the darkest: those lie under print.
    strong = absorbed[ink & (colourful >= np.percentile(colourful[ink], 70))]
    hue = np.median(strong, axis=0).clip(0.02)
    channel = int(hue.argmax())
    typical = float(np.median(absorbed[ink, channel]))
    return Ink(_colour_name(hue), hue * (typical / float(hue[channel])))


def _dark_ink(dark: Floats, count: int) -> Ink:
    """Return black ink where an image is colourless but has plenty of dark pixels."""
    if len(dark) < 0.02 * count:
        return Ink(None, np.zeros(3))
    return Ink("black", np.median(dark, axis=0).clip(0.05))


def _colour_name(absorbed: Floats) -> str:
    """Return the name of the coloured ink whose direction is nearest."""

    def closeness(name: str) -> float:
        other = -det_log(np.array(COLOURS[name]))
        norms = (absorbed * absorbed).sum() * (other * other).sum()
        return float((absorbed * other).sum() / np.sqrt(norms))

    return max(("red", "blue", "purple"), key=closeness)


def true_hue(seen: Ink, capture: CaptureParams) -> Ink:
    """Return the coloured ink, as strong as ``seen``, that looks of that hue when photographed so.

    How strong an impression looks depends on the width of its strokes, which nobody knows; its hue
    hardly does.
    """
    found = seen
    for _ in range(_ROUNDS):
        shown = find_ink(*less_black(apply_capture(impressions(found), capture), capture))
        if not shown.coloured:
            break
        ratio = (seen.absorbed / seen.absorbed.max()) / (
            shown.absorbed / shown.absorbed.max()
        ).clip(0.01)
        drawn = found.absorbed * ratio.clip(1.0 / _MOST, _MOST)
        found = Ink(seen.colour, drawn * (seen.absorbed.max() / drawn.max()))
    return found


def find_chroma_blur(
    pixels: Floats,  # [H, W, 3]
    paper: Floats,  # [H, W, 3]
    ink: Ink,
    capture: CaptureParams,
) -> float | None:
    """Return the blur of colour under which drawn impressions have colour as soft; px.

    None with too little coloured ink apart from print. Pixels and paper are less the light that the
    capture adds to black.
    """
    softness = _chroma_softness(pixels, paper) if ink.coloured else None
    if softness is None:
        return None
    page = impressions(ink)

    def distance(sigma: float) -> float:
        shown = apply_capture(page, replace(capture, chroma_blur_sigma_px=sigma))
        found = _chroma_softness(*less_black(shown, capture))
        return 1.0 if found is None else abs(found - softness)

    return min(_CHROMA_BLURS, key=distance)


def _chroma_softness(pixels: Floats, paper: Floats) -> float | None:
    """Return how much softer colour is than luma around ink, 1 where they are alike.

    Root of the ratio of squared differences between near and far pixels, of colour over that of luma;
    None with too little ink apart from print.
    """
    light = pixels / np.maximum(paper, 2.0)
    clearest = light.max(axis=2)
    colour = clearest - light.min(axis=2)
    # Where there is ink is seen by its darkness: blurred colour is everywhere.
    inked = light.min(axis=2) < _INKED
    around = grown(inked, _NEAR) & ~grown(clearest < _NOT_PALE, _NEAR)
    if around.sum() < _ENOUGH_AROUND:
        return None
    ratios = []
    for plane in (colour, light.mean(axis=2)):
        near, far = (_squared_step(plane, around, distance) for distance in _DISTANCES)
        ratios.append(near / max(far, 1e-9))
    return float(np.sqrt(ratios[0] / max(ratios[1], 1e-9)))


def _squared_step(plane: Floats, where: npt.NDArray[np.bool_], distance: int) -> float:
    """Return the mean squared difference of pixels so far apart, both of them in ``where``."""
    total, count = 0.0, 0
    for values, wanted in ((plane, where), (plane.T, where.T)):
        both = wanted[distance:] & wanted[:-distance]
        total += float(((values[distance:] - values[:-distance])[both] ** 2).sum())
        count += int(both.sum())
    return total / max(count, 1)
