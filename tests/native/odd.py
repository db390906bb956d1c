"""Arguments that nobody would send, for calls of native functions."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["Odd"]

# Largest side of an array that is really made.
_SIDE = 40
_HOSTILE = (0, -1, 1, 7, 1e-300, -1e9, 1e9 - 1, 1e15, 1e308, float("nan"), float("inf"))
_HOSTILE_INTS = (0, -1, 1, 8, 16, 255, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**64)
_INK = [
    "strength", "contact", "pressure_amount", "pressure_scale_mm", "tilt_x", "tilt_y",
    "dry_amount", "dry_scale_mm", "speckle_amount", "speckle_scale_mm", "mottle_amount",
    "grain_amount", "spread_mm", "bleed_mm", "nick_amount", "nick_scale_mm", "rim_amount",
    "rim_width_mm", "ghost_dx_mm", "ghost_dy_mm", "ghost_strength", "fade",
]  # fmt: skip
_CAPTURE = [
    "light_amount", "light_scale_px", "light_slope_x", "light_slope_y", "blur_sigma_px",
    "sharpen", "black", "white", "bend", "contrast", "noise_sigma", "chroma_sigma",
    "texture_sigma", "texture_scale_px", "threshold_softness", "band_amount", "streak_amount",
    "dust_density", "chroma_blur_sigma_px",
]  # fmt: skip


class Odd:
    """Draws arguments: mostly usual ones, now and then hostile ones."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        # Some calls are usual throughout, or what lies behind the checks would never run.
        self.hostility = self.rng.choice((0.0, 0.2, 1.0))

    def rare(self, share: float = 0.1) -> bool:
        return self.rng.random() < share * self.hostility

    def often(self, share: float = 0.5) -> bool:
        return self.rng.random() < share

    def number(self, low: float = 0.0, high: float = 2.0) -> Any:
        return self.rng.choice(_HOSTILE) if self.rare() else self.rng.uniform(low, high)

    def integer(self, low: int, high: int) -> Any:
        return self.rng.choice(_HOSTILE_INTS) if self.rare() else self.rng.randint(low, high)

    def side(self) -> int:
        return self.rng.choice((0, 1, 2, 15, 16, 17, _SIDE)) if self.often(0.2) else 33

    def array(self, *shape: int, dtype: Any = np.uint8) -> Any:
        if self.rare(0.03):
            return self.rng.choice((None, "text", 3, [[1, 2], [3]]))
        sides = list(shape)
        if self.rare():
            sides[self.rng.randrange(len(sides))] = self.side()
        if self.rare(0.03):
            sides = sides[:-1] if self.often(0.5) else [*sides, 2]
        kind = self.rng.choice((np.float32, np.int64, bool)) if self.rare(0.03) else dtype
        values = np.random.default_rng(self.rng.getrandbits(32)).integers(0, 256, sides)
        made = values.astype(kind)
        return made[..., ::-1] if self.rare(0.05) and made.ndim else made

    def floats(self, *shape: int, low: float = -1.0, high: float = 1.0) -> Any:
        count = int(np.prod(shape))
        values = [self.rng.uniform(low, high) for _ in range(count)]
        if values and self.rare(0.5):
            values[self.rng.randrange(count)] = float(self.rng.choice(_HOSTILE))
        return np.array(values).reshape(shape)

    def warp(self) -> np.ndarray:
        scale = self.number(0.1, 8.0)
        h = [scale, 0.0, self.number(-20, 40), 0.0, scale, self.number(-20, 40)]
        bottom = [self.number(-0.004, 0.004), self.number(-0.004, 0.004), 1.0]
        curl = [self.number(0, 4), self.number(50, 500), self.number(0, 360), self.number(0, 6)]
        return np.array([*h, *bottom, *curl], np.float64)

    def ink(self) -> SimpleNamespace:
        values = {name: self.number(0.0, 1.0) for name in _INK}
        light = [self.number(0.0, 1.0) for _ in range(3)]
        return SimpleNamespace(**values, transmittance=light, seed=self.integer(0, 2**60))

    def capture(self) -> SimpleNamespace:
        values = {name: self.number(0.0, 1.0) for name in _CAPTURE}
        return SimpleNamespace(
            **values,
            gain=[self.number(0.5, 1.5) for _ in range(3)],
            line_px=self.integer(1, 4),
            grey=self.often(0.5),
            seed=self.integer(0, 2**60),
        )

    def data(self) -> Any:
        return self.rng.randbytes(self.rng.randint(0, 60)) if self.rare(0.5) else _jpeg(self)


def _jpeg(odd: Odd) -> bytes:
    """Return a stream with a JPEG's markers, a few bytes of it changed."""
    stream = bytearray.fromhex("ffd8ffda00080101 00003f001234ffd056ff00ffd178ffd9")
    for _ in range(odd.rng.randint(0, 3) if odd.hostility else 0):
        stream[odd.rng.randrange(len(stream))] = odd.rng.choice((0xFF, 0, 0xD0, odd.side()))
    return bytes(stream[: odd.rng.randint(0, len(stream))] if odd.rare() else stream)
