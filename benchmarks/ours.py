"""Seal2Real's side of the benchmarks: the same seals, effects and files as the rivals'."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.scene import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    PX_PER_MM,
    SHRINK,
    SIDE,
    WINDOW,
    Scene,
    background,
    hanzi,
    page,
    sample_scene,
)
from seal2real import _C
from seal2real.sealdb.codec import JpegPage, encode_jpeg, encode_png
from seal2real.seals.fonts import ensure_glyphs
from seal2real.seals.layout import layouts
from seal2real.seals.spec import Border, LineText, RingText, SealSpec, Star
from seal2real.synthesis.ink import InkParams

__all__ = ["crop", "pages", "seal_batches", "spec", "tensors", "warm"]

RED = (200, 20, 30)
_TRANSMITTANCE = (0.78, 0.08, 0.12)
_BORDERS = (Border(12 / PX_PER_MM), Border(3 / PX_PER_MM, 24 / PX_PER_MM))
_STAR = Star(144 / PX_PER_MM, 0.0, -6 / PX_PER_MM)
_CENTER = SIDE / 2
_UPRIGHT = (PX_PER_MM, 0.0, _CENTER, 0.0, PX_PER_MM, _CENTER, 0.0, 0.0, 1.0)
_FLAT = (0.0, 1.0, 0.0, 0.0)


def warm() -> None:
    """Read every glyph that scenes use, as the rivals' path caches do."""
    ensure_glyphs("song", "".join(hanzi()) + "0123456789")
    background()
    page()
    jpeg_page()


def spec(scene: Scene) -> SealSpec:
    """Return the seal of ``scene``."""
    return SealSpec(
        type="benchmark",
        shape="round",
        width_mm=40.0,
        height_mm=40.0,
        borders=_BORDERS,
        ring_texts=(
            RingText(
                scene.ring,
                50 / PX_PER_MM,
                radius_mm=212 / PX_PER_MM,
                arc_deg=scene.span_deg + 14.0,
                condense=0.8,
            ),
            RingText(
                scene.code,
                24 / PX_PER_MM,
                radius_mm=212 / PX_PER_MM,
                arc_deg=76.0,
                center_deg=180.0,
                direction="ccw",
                condense=1.0,
                role="code",
            ),
        ),
        lines=(LineText(scene.middle, 40 / PX_PER_MM, 0.0, 105 / PX_PER_MM),),
        star=_STAR,
    )


def seal_batches(rng: random.Random, size: int) -> Callable[[], object]:
    """Return a job that makes ``size`` new seals as RGBA and classes, from texts to pixels."""
    warps = np.tile(np.array([*_UPRIGHT, *_FLAT]), (size, 1))
    rgba = np.empty((size, SIDE, SIDE, 4), np.uint8)
    classes = np.empty((size, SIDE, SIDE), np.uint8)

    def job() -> object:
        laid = _layouts([sample_scene(rng) for _ in range(size)])
        return _C.draw_batch(laid, warps, SIDE, SIDE, RED, 1, rgba, classes)

    return job


def one_seal(scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the seal as RGBA [512, 512, 4] and its classes."""
    warps = np.array([[*_UPRIGHT, *_FLAT]])
    laid = _layouts([scene])
    rgba, classes = _C.draw_batch(laid, warps, SIDE, SIDE, RED, 1)
    return rgba[0], classes[0]


def _layouts(scenes: Sequence[Scene]) -> list[_C.Layout]:
    return layouts([spec(scene) for scene in scenes])


def homography(scene: Scene) -> tuple[float, ...]:
    """Return millimetres of the seal -> px of the window, row-major.

    The unit square goes to the four displaced corners (Heckbert 1989, section 2.2.3).
    """
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    corner = [
        (((u - 0.5) * SIDE * SHRINK + _CENTER + dx), ((v - 0.5) * SIDE * SHRINK + _CENTER + dy))
        for (u, v), (dx, dy) in zip(square, scene.corners, strict=True)
    ]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corner
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    det = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
    rows = (
        (x1 - x0 + g * x1, x3 - x0 + h * x3, x0),
        (y1 - y0 + g * y1, y3 - y0 + h * y3, y0),
        (g, h, 1.0),
    )
    scale = PX_PER_MM / SIDE
    return tuple(value for a, b, c in rows for value in (a * scale, b * scale, (a + b) / 2 + c))


def ink(seed: int) -> InkParams:
    """Return the ink of the rivals: pressure in features of 16 px, grain of one, an edge of 0.8."""
    return InkParams(
        contact=0.8,
        pressure_amount=0.5,
        pressure_scale_mm=16 / PX_PER_MM,
        speckle_amount=0.15,
        speckle_scale_mm=1 / PX_PER_MM,
        bleed_mm=0.8 / PX_PER_MM,
        rim_width_mm=0.0,
        transmittance=_TRANSMITTANCE,
        seed=seed,
    )


def press(
    scenes: Sequence[Scene],
    pages: NDArray[np.uint8],  # [N, 512, 512, 3]
    out: Sequence[NDArray[np.uint8] | None] = (None, None, None),
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return pressed crops [N, 512, 512, 3] and classes: pressure, grain, soft edge, warp."""
    laid = _layouts(scenes)
    warps = np.array([[*homography(scene), *_FLAT] for scene in scenes])
    inks = [ink(scene.seed) for scene in scenes]
    images, _, classes = _C.press_batch(laid, warps, inks, pages, 1, *out)
    return images, classes


def pressed(scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return one pressed crop [512, 512, 3] and its classes."""
    images, classes = press([scene], background()[None])
    return images[0], classes[0]


def crop(scene: Scene) -> tuple[bytes, bytes]:
    """Return JPEG and mask PNG of the 512x512 sample."""
    image, classes = pressed(scene)
    return encode_jpeg(image, 90), encode_png(classes)


@cache
def jpeg_page() -> JpegPage:
    """Return the page, encoded once."""
    return JpegPage(page(), 90)


def pages(scene: Scene) -> tuple[bytes, bytes]:
    """Return JPEG and mask PNG of the 1024x1448 page."""
    image, classes = pressed(scene)
    x0, y0 = WINDOW
    mask = np.zeros((PAGE_HEIGHT, PAGE_WIDTH), np.uint8)
    mask[y0 : y0 + SIDE, x0 : x0 + SIDE] = classes
    return jpeg_page().splice(image, x0, y0), encode_png(mask)


def tensors(rng: random.Random, size: int) -> Callable[[], object]:
    """Return a job that makes a batch of images and classes as torch tensors, not encoded."""
    import torch

    planes = [torch.empty((size, SIDE, SIDE), dtype=torch.uint8) for _ in range(2)]
    images = torch.empty((size, SIDE, SIDE, 3), dtype=torch.uint8)
    out = [tensor.numpy() for tensor in (images, *planes)]
    papers = np.repeat(background()[None], size, axis=0)

    def job() -> object:
        press([sample_scene(rng) for _ in range(size)], papers, out)
        return images, planes

    return job
