"""A small deterministic source of real samples, for tests of the dataset on disk."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.sample import Sample

SIZE = 64
SHAPES = ("round", "oval", "square", "rectangle", "triangle", "rhombus")


@dataclass(frozen=True)
class TinyFactory:
    """Make 64 x 64 samples whose every pixel follows from (seed, index)."""

    recipe: Recipe

    def __call__(self, index: int) -> Sample:
        """Return sample ``index``: a noisy page with one inked disc (none for every fifth)."""
        rng = Rng(self.recipe.seed, index)
        noise = np.array([rng.integer(190, 256) for _ in range(64)], np.uint8)
        clean = np.repeat(noise.reshape(8, 8).repeat(8, 0).repeat(8, 1)[:, :, None], 3, axis=2)
        disc = _disc(rng) if index % 5 else np.zeros((SIZE, SIZE), bool)
        synthetic = clean.copy()
        synthetic[disc] = (200, 30, 40)
        mask = disc.astype(np.uint8)
        return Sample(
            synthetic, clean, mask, mask.copy(), mask * np.uint8(1), disc.copy(),
            _record(self.recipe, index, disc, rng),
        )  # fmt: skip


@dataclass(frozen=True)
class DyingFactory:
    """Like TinyFactory, but kills its process at one sample until a file exists."""

    recipe: Recipe
    fatal: int
    marker: str
    always: bool = False

    def __call__(self, index: int) -> Sample:
        """Return sample ``index`` unless it is the fatal one, met for the first time."""
        if index == self.fatal and (self.always or not Path(self.marker).exists()):
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return TinyFactory(self.recipe)(index)


@dataclass(frozen=True)
class FailingFactory:
    """Like TinyFactory, but raises at one sample."""

    recipe: Recipe
    fatal: int

    def __call__(self, index: int) -> Sample:
        """Return sample ``index`` unless it is the fatal one."""
        if index == self.fatal:
            raise ValueError("text too long for its ring")
        return TinyFactory(self.recipe)(index)


def _disc(rng: Rng) -> np.ndarray:
    x, y, r = rng.integer(20, 44), rng.integer(20, 44), rng.integer(6, 14)
    rows, columns = np.indices((SIZE, SIZE))
    return (rows - y) ** 2 + (columns - x) ** 2 <= r * r


def _runs(plane: np.ndarray) -> dict[str, Any]:
    """Return run lengths, first run zeros, written out plainly."""
    counts, value = [0], False
    for pixel in plane.ravel().tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": list(plane.shape), "counts": counts}


def _record(recipe: Recipe, index: int, disc: np.ndarray, rng: Rng) -> dict[str, Any]:
    quad = [[4.0, 4.0], [12.0, 4.0], [12.0, 12.0], [4.0, 12.0]]
    char = {"text": "甲", "quad": quad, "ink_cover": 0.0, "contrast": 0.5, "readable": True}
    return {
        "format": "seal-db/1",
        "id": f"{index:09d}",
        "index": index,
        "split": recipe.split_of(index),
        "seed": [recipe.seed, index, 0],
        "mode": "crop",
        "page": {
            "width": SIZE,
            "height": SIZE,
            "dpi": 200.0,
            "size_mm": [8.128, 8.128],
            "type": "contract",
            "source": {"kind": "procedural", "name": "contract", "sha256": None, "page": index},
            "crop": [0, 0, SIZE, SIZE],
            "lines": [{"text": "甲", "polygon": quad, "chars": [char]}],
        },
        "seals": [_seal(recipe, index, disc, rng)] if disc.any() else [],
        "overlaps": [],
        "negatives": [],
        "capture": {"kind": "none"},
        "support": _runs(disc),
        "realisation": None,
        "provenance": {},
    }


def _seal(recipe: Recipe, index: int, disc: np.ndarray, rng: Rng) -> dict[str, Any]:
    rows, columns = np.nonzero(disc)
    x0, y0, x1, y1 = (
        int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1,
    )  # fmt: skip
    box = [[float(x0), float(y0)], [float(x1), float(y0)], [float(x1), float(y1)],
           [float(x0), float(y1)]]  # fmt: skip
    shape = rng.choice(SHAPES)
    return {
        "id": 0, "bit": 0, "type": "company", "shape": shape,
        "width_mm": 40.0, "height_mm": 40.0,
        "center": [(x0 + x1) / 2, (y0 + y1) / 2], "angle_deg": -8.1,
        "warp": {"h": [1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0], "curl": [0, 1, 0, 0]},
        "spec": {"owner": f"{recipe.split_of(index)}-{index}"}, "ink": {}, "colour": "red",
        "bbox": [x0, y0, x1, y1], "outline": box, "group": None, "template": None,
        "texts": [
            {
                "role": "owner", "text": "甲乙", "class": "ring_text", "font": "song",
                "font_role": "song", "direction": "cw", "arc": None, "polygon": box,
                "polygon16": box, "visible": 1.0,
                "chars": [
                    {"text": "甲", "quad": box, "visible": 1.0},
                    {"text": "乙", "quad": box, "visible": 1.0},
                ],
            }
        ],
    }  # fmt: skip
