"""What a drawn crop is known to show, as numbers a network can be asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.record import CLASS_NAMES
from seal2real.seals.spec import SHAPES
from seal2real.synthesis.ink import COLOURS, INK_KINDS
from seal2real.synthesis.sample import Sample

__all__ = ["AMOUNTS", "CLASSES", "DENSE_STRIDE", "PRESENCES", "Attributes", "attributes"]

# Seal parts that a network can name; templates are not drawn here.
CLASSES = CLASS_NAMES[:7]
# Yes or no: parts, shapes, colours and kinds of seal of which something is in the crop.
PRESENCES: tuple[str, ...] = (
    *(f"part {name}" for name in CLASSES[1:]),
    *(f"shape {name}" for name in SHAPES),
    *(f"colour {name}" for name in COLOURS),
    *(f"kind {name}" for name in INK_KINDS),
)
# Numbers, with the mean and the spread that bring them near to 0 and 1: first of the seal with
# most ink in the crop, then of the crop.
_OF_INK: dict[str, tuple[float, float]] = {
    "strength": (1.0, 0.35),
    "contact": (1.0, 0.3),
    "pressure_amount": (0.2, 0.15),
    "dry_amount": (0.3, 0.3),
    "speckle_amount": (0.15, 0.15),
    "mottle_amount": (0.15, 0.1),
    "grain_amount": (0.2, 0.1),
    "spread_mm": (0.0, 0.05),
    "bleed_mm": (0.04, 0.03),
    "nick_amount": (0.05, 0.05),
    "rim_amount": (0.2, 0.2),
    "fade": (0.1, 0.2),
}
_OF_CROP: dict[str, tuple[float, float]] = {
    "blur_sigma_px": (0.8, 0.4),
    "noise_sigma": (2.0, 1.5),
    "log_px_per_mm": (1.9, 0.35),
    "log_characters": (2.0, 1.0),
    "inked_share": (0.1, 0.1),
}
AMOUNTS: tuple[str, ...] = (
    *(f"transmittance {k}" for k in "rgb"),
    *_OF_INK,
    *_OF_CROP,
)
_TRANSMITTANCE = (0.4, 0.3)
# The dense answers are asked for once in so many px.
DENSE_STRIDE = 4
# A part or seal counts as shown from so many px on.
_LEAST_PX = 24


@dataclass(frozen=True)
class Attributes:
    """Answers for one crop."""

    # float32 [len(PRESENCES)], 0 or 1
    presence: NDArray[np.float32]
    # float32 [len(AMOUNTS)], about normal; NaN where there is no seal to ask about
    amount: NDArray[np.float32]
    # uint8 [H / 4, W / 4]: the part at the centre of each 4 x 4 block, an index of CLASSES
    part: NDArray[np.uint8]
    # float32 [H / 4, W / 4]: share of inked pixels in each block
    ink: NDArray[np.float32]


def attributes(sample: Sample) -> Attributes:
    """Return what ``sample``, a crop with sides that are multiples of 4, is known to show."""
    record = sample.record
    shown = [s for s in record["seals"] if _inked(sample, s["bit"]) >= _LEAST_PX]
    present = {f"part {CLASSES[k]}" for k in range(1, len(CLASSES)) if _shows(sample.classes, k)}
    for seal in shown:
        present |= {f"shape {seal['shape']}", f"colour {seal['ink']['colour_name']}"}
        present.add(f"kind {seal['ink']['kind']}")
    main = max(shown, key=lambda seal: _inked(sample, seal["bit"]), default=None)
    return Attributes(
        presence=np.array([name in present for name in PRESENCES], np.float32),
        amount=np.array([*_ink_amounts(main), *_crop_amounts(sample, shown)], np.float32),
        part=_part(sample.classes),
        ink=_blocks(sample.mask != 0).mean((1, 3), dtype=np.float32),
    )


def _inked(sample: Sample, bit: int) -> int:
    """Return how many pixels the seal of mask bit ``bit`` inked."""
    return int(np.count_nonzero(sample.mask >> bit & 1))


def _shows(classes: NDArray[np.uint8], number: int) -> bool:
    return int(np.count_nonzero(classes == number)) >= _LEAST_PX


def _ink_amounts(seal: dict[str, Any] | None) -> list[float]:
    if seal is None:
        return [math.nan] * (3 + len(_OF_INK))
    ink = seal["ink"]
    mean, spread = _TRANSMITTANCE
    light = [(value - mean) / spread for value in ink["transmittance"]]
    return light + [(ink[name] - mean) / spread for name, (mean, spread) in _OF_INK.items()]


def _crop_amounts(sample: Sample, shown: list[dict[str, Any]]) -> list[float]:
    record = sample.record
    values = {
        "blur_sigma_px": record["capture"]["blur_sigma_px"],
        "noise_sigma": record["capture"]["noise_sigma"],
        "log_px_per_mm": math.log(record["page"]["dpi"] / 25.4),
        "log_characters": math.log1p(sum(_characters(sample, seal) for seal in shown)),
        "inked_share": float((sample.mask != 0).mean()),
    }
    return [(values[name] - mean) / spread for name, (mean, spread) in _OF_CROP.items()]


def _characters(sample: Sample, seal: dict[str, Any]) -> int:
    """Return how many characters of a seal have their middle in the crop."""
    height, width = sample.mask.shape
    middles = [np.mean(char["quad"], axis=0) for text in seal["texts"] for char in text["chars"]]
    return sum(0 <= x < width and 0 <= y < height for x, y in middles)


def _part(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    middle = classes[DENSE_STRIDE // 2 :: DENSE_STRIDE, DENSE_STRIDE // 2 :: DENSE_STRIDE]
    return np.where(middle < len(CLASSES), middle, 0).astype(np.uint8)


def _blocks(plane: NDArray[Any]) -> NDArray[Any]:
    """Return the plane as [H / 4, 4, W / 4, 4]."""
    height, width = plane.shape
    return plane.reshape(height // DENSE_STRIDE, DENSE_STRIDE, width // DENSE_STRIDE, DENSE_STRIDE)
