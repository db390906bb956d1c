"""Shapes of hard negatives: each returns a coverage uint8 [H, W] of its box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.pages.shapes import (
    Field,
    Point,
    polygon_cover,
    smooth_curve,
    stroke_cover,
    to_u8,
    value_noise,
)
from seal2real.rng import Rng, det_cos, det_sin

__all__ = ["coffee_ring", "fingerprint", "logo", "pen_ring", "pen_stroke", "signature"]

U8 = NDArray[np.uint8]
# Rows of soft marks; larger ones are enlarged.
_SOFT_PX = 420
_TURN = 6.283185307179586


def fingerprint(rng: Rng, shape: tuple[int, int], px_per_mm: float) -> U8:
    """A finger's ridges in an oval: a whorl whose rings are bent by noise."""
    x, y = _centred(shape, rng.uniform(-25.0, 25.0))
    core_x, core_y = rng.uniform(-0.15, 0.15), rng.uniform(-0.1, 0.25)
    bend = value_noise(rng.child("bend"), shape, max(0.22 * shape[0], 2.0)) - 0.5
    dx, dy = x - core_x, (y - core_y) * rng.uniform(0.7, 0.95)
    # ridges are about half a millimetre apart
    rings = np.sqrt(dx * dx + dy * dy) * (shape[0] / 2 / px_per_mm) / rng.uniform(0.45, 0.6)
    swirl = rings + rng.uniform(1.5, 4.0) * bend + rng.uniform(-0.8, 0.8) * dx
    ridges = np.clip(0.55 + 1.5 * det_sin(_TURN * swirl), 0.0, 1.0)
    blotch = value_noise(rng.child("blotch"), shape, max(2.2 * px_per_mm, 2.0))
    grain = value_noise(rng.child("grain"), shape, 2.0)
    pressed = np.clip(1.5 * blotch + 0.25, 0.0, 1.0) * np.clip(1.4 * grain + 0.15, 0.0, 1.0)
    rim = np.clip((1.0 - x * x - y * y + 0.35 * bend) * 6.0, 0.0, 1.0)
    flood = np.clip((blotch - 0.72) * 5.0, 0.0, 1.0)  # where pressed hard, ridges run together
    strength = rng.uniform(0.6, 0.95)
    return to_u8(strength * rim * pressed * np.maximum(ridges, 0.7 * flood))


def coffee_ring(rng: Rng, shape: tuple[int, int], px_per_mm: float) -> U8:
    """The stain of a cup: a thin ring, darker at its outer edge, broken here and there."""
    if min(shape) > _SOFT_PX:  # soft enough to be drawn small: 1000 px would take 200 MB
        small = (_SOFT_PX, _SOFT_PX * shape[1] // shape[0])
        cover = Image.fromarray(coffee_ring(rng, small, px_per_mm * _SOFT_PX / shape[0]))
        return np.asarray(cover.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    x, y = _centred(shape, 0.0)
    radius = np.sqrt(x * x + y * y) * (shape[0] / 2)
    outer = 0.94 * shape[0] / 2 + 0.8 * px_per_mm * (
        value_noise(rng.child("wobble"), shape, 8.0 * px_per_mm) - 0.5
    )
    depth = outer - radius  # pixels inside the outer edge
    width = rng.uniform(1.0, 2.6) * px_per_mm
    edge = np.clip(depth + 0.5, 0.0, 1.0) * np.clip(1.0 - depth / width, 0.0, 1.0)
    dark_edge = edge * np.clip(1.0 - depth / (0.35 * width), 0.0, 1.0)
    arc = value_noise(rng.child("arc"), shape, 14.0 * px_per_mm)
    wet = np.clip((arc - rng.uniform(0.15, 0.4)) * 3.0, 0.0, 1.0)
    film = 0.06 * np.clip(depth / (3 * px_per_mm), 0.0, 1.0)
    return to_u8(rng.uniform(0.5, 0.9) * (wet * (0.55 * edge + 0.45 * dark_edge) + film * wet))


def pen_ring(rng: Rng, shape: tuple[int, int], px_per_mm: float) -> U8:
    """A ring drawn by hand round something, not quite closed."""
    height, width = shape
    pen = rng.uniform(0.4, 0.9) * px_per_mm
    rx, ry = width / 2 - pen - 1, height / 2 - pen - 1
    start, sweep = rng.uniform(0.0, 1.0), rng.uniform(0.94, 1.22)
    points: list[Point] = []
    count = 22
    for k in range(count + 1):
        angle = _TURN * (start + sweep * k / count)
        swell = 0.92 + 0.08 * rng.uniform() - 0.10 * k / count * (sweep > 1.0)
        points.append(
            (
                width / 2 + swell * rx * float(det_cos(angle)),
                height / 2 + swell * ry * float(det_sin(angle)),
            )
        )
    return _pen(rng, shape, points, pen)


def pen_stroke(rng: Rng, shape: tuple[int, int], px_per_mm: float, kind: str = "tick") -> U8:
    """A tick, or a line under words."""
    height, width = shape
    pen = rng.uniform(0.45, 1.0) * px_per_mm
    if kind == "line":
        steps = 7
        points = [
            (width * (0.03 + 0.94 * k / steps), height * rng.uniform(0.3, 0.7))
            for k in range(steps + 1)
        ]
        return _pen(rng, shape, points, min(pen, height / 4))
    low = rng.uniform(0.28, 0.42)
    points = [
        (width * rng.uniform(0.06, 0.14), height * rng.uniform(0.5, 0.65)),
        (width * low, height * rng.uniform(0.84, 0.92)),
        (width * (low + 0.1), height * rng.uniform(0.72, 0.82)),
        (width * rng.uniform(0.86, 0.94), height * rng.uniform(0.08, 0.2)),
    ]
    return _pen(rng, shape, points, pen)


def signature(rng: Rng, shape: tuple[int, int], px_per_mm: float) -> U8:
    """Cursive writing that spells nothing: loops that run to the right, and a flourish."""
    height, width = shape
    pen = rng.uniform(0.3, 0.55) * px_per_mm
    cover = np.zeros(shape)
    for word in range(rng.integer(2, 4)):
        stream = rng.child("word", word)
        x = width * (0.05 + 0.30 * word)
        points = []
        for k in range(stream.integer(6, 11)):
            tall = stream.bernoulli(0.3)  # ascenders and descenders among small loops
            y = stream.uniform(0.08, 0.3) if tall else stream.uniform(0.35, 0.5)
            if k % 2:
                y = stream.uniform(0.75, 0.95) if tall else stream.uniform(0.55, 0.7)
            points.append((min(max(x, 2.0), width - 2.0), height * y))
            x += width * stream.uniform(-0.025, 0.085)  # pens run back as well
        np.maximum(cover, _curve(stream, shape, points, pen), out=cover)
    if rng.bernoulli(0.6):
        tail = [
            (width * 0.3, height * rng.uniform(0.7, 0.9)),
            (width * 0.6, height * rng.uniform(0.6, 0.8)),
            (width * 0.95, height * rng.uniform(0.3, 0.75)),
        ]
        np.maximum(cover, _curve(rng, shape, tail, pen), out=cover)
    return to_u8(0.92 * cover)


def logo(rng: Rng, shape: tuple[int, int], px_per_mm: float) -> U8:
    """A printed company mark of plain shapes: rings, discs, bars, tiles; of no real company."""
    size = (shape[0], shape[1])
    radius = min(shape) / 2 - 1.0
    style = rng.integer(0, 4)
    if style == 0:
        return to_u8(_ring_logo(rng, size, radius))
    if style == 1:
        return to_u8(_disc_logo(rng, size, radius))
    if style == 2:
        return to_u8(_bars_logo(rng, size, radius))
    return to_u8(_tiles_logo(rng, size, radius))


def _ring_logo(rng: Rng, shape: tuple[int, int], radius: float) -> Field:
    """Two rings with a convex figure inside: the ring-like mark that readers fall for."""
    cover = _disc(shape, radius) - _disc(shape, radius * rng.uniform(0.86, 0.93))
    inner = radius * rng.uniform(0.66, 0.78)
    cover += _disc(shape, inner) - _disc(shape, inner * rng.uniform(0.9, 0.95))
    return np.maximum(cover, _figure(rng, shape, 0.72 * inner))


def _disc_logo(rng: Rng, shape: tuple[int, int], radius: float) -> Field:
    """A disc with a figure cut out."""
    cut = _figure(rng, shape, rng.uniform(0.5, 0.75) * radius)
    return _disc(shape, radius) - cut


def _bars_logo(rng: Rng, shape: tuple[int, int], radius: float) -> Field:
    """Slanted bars of growing height."""
    height, width = shape
    cover = np.zeros(shape)
    count, slant = rng.integer(3, 5), rng.uniform(0.0, 0.2)
    for k in range(count):
        x0, x1 = width * k / count, width * (k + 0.68) / count
        top = height * (0.75 - 0.65 * (k + 1) / count)
        lean = slant * (height - top)
        points = [(x0 + lean, top), (x1 + lean, top), (x1, height - 1.0), (x0, height - 1.0)]
        np.maximum(cover, polygon_cover(shape, points), out=cover)
    return cover


def _tiles_logo(rng: Rng, shape: tuple[int, int], radius: float) -> Field:
    """Squares on their tips in a row, light where only one lies."""
    height, width = shape
    count = rng.integer(2, 4)
    cover = np.zeros(shape)
    for k in range(count):
        x, y = width * (0.3 + 0.4 * k / (count - 1)), height * rng.uniform(0.42, 0.58)
        half = 0.55 * radius
        tips = [(x, y - half), (x + half, y), (x, y + half), (x - half, y)]
        cover += rng.uniform(0.4, 0.6) * polygon_cover(shape, tips)
    return np.clip(cover, 0.0, 1.0)


def _figure(rng: Rng, shape: tuple[int, int], radius: float) -> Field:
    """A regular polygon with 3, 4 or 6 corners."""
    corners, turn = rng.choice((3, 4, 6)), rng.choice((0.0, 0.25, 0.5))
    points = []
    for k in range(corners):
        angle = _TURN * (k + turn) / corners - _TURN / 4
        points.append(
            (
                shape[1] / 2 + radius * float(det_cos(angle)),
                shape[0] / 2 + radius * float(det_sin(angle)),
            )
        )
    return polygon_cover(shape, points)


def _disc(shape: tuple[int, int], radius: float, center: Point | None = None) -> Field:
    """A disc, by default in the middle."""
    cx, cy = center or (shape[1] / 2, shape[0] / 2)
    x = (np.arange(shape[1]) + 0.5 - cx)[None]
    y = (np.arange(shape[0]) + 0.5 - cy)[:, None]
    return np.clip(radius - np.sqrt(x * x + y * y) + 0.5, 0.0, 1.0)


def _curve(rng: Rng, shape: tuple[int, int], points: list[Point], pen: float) -> Field:
    """A smooth line of a pen whose pressure changes, thin at its ends."""
    curve = smooth_curve(points)
    presses = [rng.uniform(0.55, 1.15) for _ in range(len(points) + 1)]
    widths = []
    for k in range(len(curve)):
        at = k / max(len(curve) - 1, 1) * (len(presses) - 1)
        low = min(int(at), len(presses) - 2)
        press = presses[low] + (at - low) * (presses[low + 1] - presses[low])
        taper = min(1.0, 0.35 + 0.25 * min(k, len(curve) - 1 - k))
        widths.append(max(pen * press * taper, 0.8))
    return stroke_cover(shape, curve, widths)


def _pen(rng: Rng, shape: tuple[int, int], points: list[Point], pen: float) -> U8:
    """A stroke whose ink streaks a little."""
    streaks = 0.82 + 0.18 * value_noise(rng.child("streaks"), shape, max(pen, 2.0))
    return to_u8(rng.uniform(0.8, 0.97) * _curve(rng, shape, points, pen) * streaks)


def _centred(shape: tuple[int, int], angle_deg: float) -> tuple[Field, Field]:
    """Return coordinates -1..1 over the box's inscribed oval, turned by an angle."""
    height, width = shape
    x = ((np.arange(width) + 0.5) / (width / 2) - 1.0)[None] + np.zeros(shape)
    y = ((np.arange(height) + 0.5) / (height / 2) - 1.0)[:, None] + np.zeros(shape)
    c, s = float(det_cos(angle_deg * _TURN / 360.0)), float(det_sin(angle_deg * _TURN / 360.0))
    return 1.06 * (c * x + s * y), 1.06 * (c * y - s * x)
