"""Cut what a network sees out of a sample, and paste what it makes back in.

Crops lie round each seal at native scale; their sides come from a fixed set, so that a network
runs at few sizes and a seal's bytes do not depend on its neighbours in a batch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.pages.page import MM_PER_INCH
from seal2real.realise.composite import feather, feather_reach_px, paste
from seal2real.rng import Rng
from seal2real.synthesis.sample import Sample

__all__ = [
    "CROP_STEP",
    "Network",
    "padded",
    "padded_box",
    "quantised",
    "realise_seals",
    "require_finite",
    "seal_boxes",
    "shares",
    "signed",
]

Box = tuple[int, int, int, int]
# (page uint8 [h, w, 3], ink uint8 [h, w], px per mm, random stream) -> uint8 [h, w, 3]
Network = Callable[[NDArray[np.uint8], NDArray[np.uint8], float, Rng], NDArray[np.uint8]]

# Sides of what a network sees are multiples of this.
CROP_STEP = 64
# Page seen round the outermost pixel that can change, px.
_CONTEXT_PX = 16
_LEVELS = np.arange(256, dtype=np.float32)
_SIGNED = _LEVELS * np.float32(2 / 255) - np.float32(1)
_SHARES = _LEVELS / np.float32(255)


def realise_seals(
    sample: Sample, rng: Rng, scope: str, network: Network
) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return ``sample`` with its seals as ``network`` makes them.

    Args:
        sample: as drawn.
        rng: gives every crop a stream of its own.
        scope: "support" pastes the seals back through the feathered support; "crop" gives the
            whole image as the network makes it.
        network: see :data:`Network`.

    Raises:
        ValueError: if the sample does not know its coverage.
    """
    if sample.coverage is None:
        raise ValueError(
            "realise_seals: sample must have its coverage, got a stored one; draw it again"
        )
    height, width = sample.mask.shape
    px_per_mm = float(sample.record["page"]["dpi"]) / MM_PER_INCH
    if scope == "crop":
        return network(sample.synthetic, sample.coverage, px_per_mm, rng.child("crop", 0))
    forged = sample.synthetic.copy()
    weight = feather(sample.mask > 0, sample.support, px_per_mm)
    for number, box in enumerate(seal_boxes(sample, feather_reach_px(px_per_mm))):
        around = padded_box(box, width, height)
        page, ink = _window(sample.synthetic, around), _window(sample.coverage, around)
        made = network(page, ink, px_per_mm, rng.child("crop", number))
        left, top = box[0] - around[0], box[1] - around[1]
        part = made[top : top + box[3] - box[1], left : left + box[2] - box[0]]
        at = (slice(box[1], box[3]), slice(box[0], box[2]))
        forged[at] = paste(part, sample.synthetic[at], weight[at], sample.clean[at])
    return forged


def seal_boxes(sample: Sample, reach: int) -> list[Box]:
    """Return boxes x0, y0, x1, y1 of what can change within ``reach`` of ink, none overlapping.

    Seals whose boxes meet share one.
    """
    height, width = sample.mask.shape
    boxes: list[Box] = []
    for seal in sample.record["seals"]:
        if seal["bbox"] is None:
            continue
        x0, y0, x1, y1 = (int(value) for value in seal["bbox"])
        box = (
            max(x0 - reach, 0),
            max(y0 - reach, 0),
            min(x1 + reach, width),
            min(y1 + reach, height),
        )
        while met := [other for other in boxes if _meet(box, other)]:
            boxes = [other for other in boxes if other not in met]
            for other in met:
                box = _joined(box, other)
        boxes.append(box)
    return boxes


def padded_box(box: Box, width: int, height: int) -> Box:
    """Return ``box`` with context, its sides multiples of CROP_STEP, inside the image if it fits.

    The box may reach past the right and lower edge of an image that is smaller.
    """
    x0, x1 = _padded_span(box[0], box[2], width)
    y0, y1 = _padded_span(box[1], box[3], height)
    return x0, y0, x1, y1


def _padded_span(start: int, stop: int, limit: int) -> tuple[int, int]:
    length = stop - start + 2 * _CONTEXT_PX
    # A crop need not be larger than the whole image, padded.
    length = min(length + -length % CROP_STEP, limit + -limit % CROP_STEP)
    low = start - (length - (stop - start)) // 2
    low = max(min(low, limit - length), 0)
    return low, low + length


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _joined(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _window(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Return ``box`` of ``image``, as far as it goes."""
    return image[box[1] : box[3], box[0] : box[2]]


def padded(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``planes`` [C, h, w] with their last row and column repeated up to CROP_STEP's."""
    height, width = planes.shape[1:]
    sides = [(0, 0), (0, -height % CROP_STEP), (0, -width % CROP_STEP)]
    return np.pad(planes, sides, mode="edge") if any(more for _, more in sides) else planes


def signed(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return an image [h, w, C] of 0..255 as planes [C, h, w] in [-1, 1]."""
    planes: NDArray[np.float32] = _C.spread(image, _SIGNED)
    return planes


def shares(plane: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a plane [h, w] of 0..255 as planes [1, h, w] in [0, 1]."""
    planes: NDArray[np.float32] = _C.spread(plane[..., None], _SHARES)
    return planes


def require_finite(planes: NDArray[np.float32], weights: object) -> NDArray[np.float32]:
    """Return ``planes``, what the network in ``weights`` made.

    Raises:
        ValueError: if a number is NaN or infinite: pasted, it would pass for ink.
    """
    if not np.isfinite(planes).all():
        raise ValueError(
            f"realise: a network must give finite numbers, got NaN or infinity from {weights}; "
            "take the weights of another step, or train again"
        )
    return planes


def quantised(
    planes: NDArray[np.float32],  # [3, H, W]
    height: int,
    width: int,
) -> NDArray[np.uint8]:  # [height, width, 3]
    """Return the upper left of planes in [-1, 1] as an image of 0..255."""
    image: NDArray[np.uint8] = _C.levels(planes, height, width)
    return image
