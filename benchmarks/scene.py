"""What every side of a benchmark draws: the same seal, page and effects, with new texts each time.

512x512 px: two rings, a star, 16 ring characters, a line of 6 and a code of 13 digits. Drawing the
same seal again and again would flatter everyone with caches, by a factor of two.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.common import ROOT

__all__ = ["FONT", "PX_PER_MM", "SIDE", "WINDOW", "Scene", "background", "page", "sample_scene"]

FONT = ROOT / "seal2real" / "fonts" / "NotoSerifSC-Bold-seal.otf"
SIDE = 512
# A 40 mm seal is 500 px wide.
PX_PER_MM = 12.5
# On the page, a 512 px window at this place (x0, y0) holds the seal.
WINDOW = (450, 850)
PAGE_HEIGHT, PAGE_WIDTH = 1448, 1024
# Corners of the seal's square move by up to this, after shrinking to this share.
JITTER_PX = 20.0
SHRINK = 0.85


@dataclass(frozen=True)
class Scene:
    """The random part of one sample."""

    ring: str
    middle: str
    code: str
    # degrees that the ring text spans
    span_deg: float
    # displacement of the four corners, px
    corners: tuple[tuple[float, float], ...]
    # names the noise
    seed: int


@cache
def hanzi() -> tuple[str, ...]:
    """Return the 3755 characters of GB2312's first level."""
    found = []
    for row in range(0xB0, 0xD8):
        for cell in range(0xA1, 0xFF):
            try:
                found.append(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return tuple(found)


def sample_scene(rng: random.Random) -> Scene:
    """Return new texts and a new place.

    It is in every side's time and is no side's work: 7 us with a call a text, 14 with a call a
    character.
    """
    return Scene(
        ring="".join(rng.choices(hanzi(), k=16)),
        middle="".join(rng.choices(hanzi(), k=6)),
        code=f"{rng.randrange(10**13):013d}",
        span_deg=rng.uniform(220, 270),
        corners=tuple(
            (rng.uniform(-JITTER_PX, JITTER_PX), rng.uniform(-JITTER_PX, JITTER_PX))
            for _ in range(4)
        ),
        seed=rng.getrandbits(63),
    )


@cache
def page() -> NDArray[np.uint8]:  # [1448, 1024, 3]
    """Return a page of text with the noise of a good scanner."""
    rng = random.Random(0)
    image = Image.new("RGB", (PAGE_WIDTH, PAGE_HEIGHT), (246, 244, 240))
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(FONT), 20)
    for y in range(90, PAGE_HEIGHT - 90, 34):
        count = rng.choice((38, 38, 38, 21))
        draw.text((90, y), "".join(rng.choices(hanzi(), k=count)), (40, 40, 44), font=font)
    noise = np.random.default_rng(0).normal(0.0, 2.0, (PAGE_HEIGHT, PAGE_WIDTH, 1))
    noisy = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
    noisy.setflags(write=False)
    return noisy


@cache
def background() -> NDArray[np.uint8]:  # [512, 512, 3]
    """Return the part of the page under the seal."""
    x0, y0 = WINDOW
    crop = np.ascontiguousarray(page()[y0 : y0 + SIDE, x0 : x0 + SIDE])
    crop.setflags(write=False)
    return crop
