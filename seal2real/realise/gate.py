"""The fidelity gate: after realisation every label must still be where the record says.

Ink is found again from |I_f - I_d|, whatever its new colour, and compared with the label. Print
under the seal is compared with I_s. The gate judges positions only; looks are the forger's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.synthesis.sample import Sample

__all__ = ["GATE", "SCORES", "Gate", "GateResult", "judge"]

Plane = NDArray[np.bool_]

# Every score, in the order of index.parquet's gate_scores.
SCORES = ("recall", "new_ink", "char_recall", "print", "iou", "visible", "ocr")


@dataclass(frozen=True)
class Gate:
    """Thresholds, fixed before any run; a recipe holds them.

    Measured on I_f = I_s: of 2000 samples of the default presets 99.85 % pass at 512 px and 99.7 %
    at 256 (benchmarks/gate_calibration.py); what fails is soft, wide ink taken for new.

    Raises:
        ValueError: if ``reach_px`` or a level is not a whole number in its range.
    """

    # least share of the visible label with re-found ink within `reach_px`
    recall: float = 0.9
    # most ink outside the grown label, as a share of the label's own
    new_ink: float = 0.02
    # least recall of the worst character
    char_recall: float = 0.75
    # least correlation of gradients of dark print under the seal
    print: float = 0.95
    # most characters of the seal's lines that OCR read in I_s and not in I_f, as a share; not
    # judged without an OCR
    ocr_loss: float = 0.34
    # tolerance of every comparison, px
    reach_px: int = 2
    # pixels of I_d below this luma are ignored: ink on black print cannot be seen
    dark_luma: int = 90
    # a pixel is inked from this share of the impression's own depth (median |I_s - I_d| on the
    # label) on, so that faint impressions are judged by their own measure, ...
    ink_share: float = 0.35
    # ... but within these limits, levels of 255: JPEG and noise lie below the lower, and what is
    # left of ink of absorbance 0.1 in a strong impression below the upper
    ink_low: int = 12
    ink_high: int = 32
    # the same share for the overlap (iou) with the label, of the image's own depth and without
    # upper limit: there I_s agrees best with its labels (median 0.92 at 512 px, 0.90 at 256)
    iou_share: float = 0.4
    # characters with fewer visible label pixels are not judged
    char_pixels: int = 24
    # print of fewer pixels, or of weaker gradients (RMS, levels a px) is not judged
    print_pixels: int = 30
    print_rms: float = 8.0

    def __post_init__(self) -> None:
        """Check what native code takes: whole pixels and levels."""
        for name, most in (
            ("reach_px", 128),
            ("dark_luma", 255),
            ("ink_low", 255),
            ("ink_high", 255),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 <= value <= most:
                raise ValueError(
                    f"Gate: {name} must be a whole number in 0..{most}, got {value!r}; round it"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the thresholds as JSON values."""
        return asdict(self)


GATE = Gate()


@dataclass(frozen=True)
class GateResult:
    """What the gate found.

    ``scores`` has every name of SCORES; None where there was nothing to judge.
    """

    scores: dict[str, float | None]
    # names of the scores that broke their threshold
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no label moved."""
        return not self.failed


def judge(
    forged: NDArray[np.uint8],  # [H, W, 3]
    sample: Sample,
    gate: Gate = GATE,
    *,
    read: Callable[[NDArray[np.uint8], dict[str, Any]], str] | None = None,
) -> GateResult:
    """Compare ``forged`` (RGB) with the labels of ``sample``.

    Args:
        forged: the realised page.
        sample: the synthetic sample it was made from.
        gate: the thresholds.
        read: OCR of one text line: (image, text record) -> what it says; None: not judged.

    Raises:
        ValueError: if the sizes differ.
    """
    if forged.shape != sample.clean.shape or forged.dtype != np.uint8:
        raise ValueError(
            f"judge: forged must be uint8 {list(sample.clean.shape)} as the sample, got "
            f"{forged.dtype} {list(forged.shape)}; paste it into the page first"
        )
    bright = _C.luma(sample.clean) >= gate.dark_luma
    label = (sample.mask > 0) & bright
    if not label.any():
        return _verdict(dict.fromkeys(SCORES), gate)
    before, after = (_C.difference(x, sample.clean) for x in (sample.synthetic, forged))
    threshold = _threshold(before, label, gate)
    # What the capture itself wiped out (a fax's two levels) nobody can find again.
    shown = label & _grow((before >= threshold) & bright, gate.reach_px)
    found = (after >= threshold) & bright
    near = shown & _grow(found, gate.reach_px)
    grown = _grow(sample.mask > 0, gate.reach_px)
    scores: dict[str, float | None] = {
        **_ink_scores(label, shown, found, near, grown),
        "iou": _overlap(after, shown, bright, gate),
        "char_recall": _char_recall(sample.record["seals"], shown, near, gate),
        "print": _print_score(forged, sample, grown & ~bright, gate),
        "ocr": None if read is None else _ocr_loss(forged, sample, read),
    }
    return _verdict({name: scores[name] for name in SCORES}, gate)


def _verdict(scores: dict[str, float | None], gate: Gate) -> GateResult:
    """Return the scores, rounded as records hold them, with the names of those that fail."""
    rounded = {name: None if v is None else round(v, 4) for name, v in scores.items()}
    least = {"recall": gate.recall, "char_recall": gate.char_recall, "print": gate.print}
    most = {"new_ink": gate.new_ink, "ocr": gate.ocr_loss}
    low = [name for name, limit in least.items() if _below(rounded[name], limit)]
    high = [name for name, limit in most.items() if _below(limit, rounded[name])]
    return GateResult(rounded, tuple(name for name in SCORES if name in (*low, *high)))


def _below(a: float | None, b: float | None) -> bool:
    return a is not None and b is not None and a < b


def _threshold(depths: NDArray[np.uint8], label: Plane, gate: Gate) -> int:
    """Return the levels from which a pixel counts as inked, by the label's own ``depths``."""
    depth = _median(depths, label, gate.ink_low)
    return min(max(round(gate.ink_share * depth), gate.ink_low), gate.ink_high)


def _ink_scores(
    label: Plane, shown: Plane, found: Plane, near: Plane, grown: Plane
) -> dict[str, float | None]:
    """Return recall, new ink outside the ``grown`` label and how much of the label I_s shows."""
    ink, visible = int(np.count_nonzero(label)), int(np.count_nonzero(shown))
    stray = int(np.count_nonzero(found & ~grown))
    return {
        "recall": int(np.count_nonzero(near)) / visible if visible else None,
        "new_ink": stray / ink,
        "visible": visible / ink,
    }


def _overlap(
    difference: NDArray[np.uint8], shown: Plane, bright: Plane, gate: Gate
) -> float | None:
    """Return intersection over union of the visible label and ink, ``difference`` from I_d."""
    if not shown.any():
        return None
    depth = _median(difference, shown)
    inked = (difference >= max(gate.iou_share * depth, gate.ink_low)) & bright
    return int(np.count_nonzero(shown & inked)) / int(np.count_nonzero(shown | inked))


def _char_recall(
    seals: list[dict[str, Any]], shown: Plane, near: Plane, gate: Gate
) -> float | None:
    """Return the recall in the box of the worst character, None if none can be judged."""
    quads = [char["quad"] for seal in seals for text in seal["texts"] for char in text["chars"]]
    if not quads:
        return None
    corners = np.asarray(quads, np.float64)
    low, high = np.floor(corners.min(axis=1)), np.ceil(corners.max(axis=1))
    boxes = np.concatenate([low, high], axis=1).astype(np.int64)
    visible, again = (_C.box_counts(plane.view(np.uint8), boxes) for plane in (shown, near))
    judged = visible >= gate.char_pixels
    return float((again[judged] / visible[judged]).min()) if judged.any() else None


def _print_score(
    forged: NDArray[np.uint8], sample: Sample, dark: Plane, gate: Gate
) -> float | None:
    """Return the correlation of the gradients of I_f and I_s on the ``dark`` print under the seal.

    Taken of the brightest channel, in which coloured ink is palest; I_s is the measure because
    black ink hides black print there already.
    """
    print_under = _grow(dark, 1)
    if int(np.count_nonzero(print_under)) < gate.print_pixels:
        return None
    rows, columns = _bounds(print_under)
    inside = print_under[rows, columns]
    ours = _gradients(forged[rows, columns], inside)
    theirs = _gradients(sample.synthetic[rows, columns], inside)
    energy = float(theirs @ theirs)
    if energy < gate.print_rms**2 * len(theirs) / 2:
        return None
    norm = float(np.sqrt(energy * float(ours @ ours)))
    return float(ours @ theirs) / norm if norm else 0.0


def _gradients(rgb: NDArray[np.uint8], inside: Plane) -> NDArray[np.float64]:
    """Return differences to the right and lower neighbour where both lie ``inside``, in a row."""
    # Not rgb.max(axis=2), which takes five times as long.
    brightest = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    level: NDArray[np.int16] = brightest.astype(np.int16)
    right = (level[:, 1:] - level[:, :-1])[inside[:, 1:] & inside[:, :-1]]
    down = (level[1:] - level[:-1])[inside[1:] & inside[:-1]]
    return np.concatenate([right, down]).astype(np.float64)


def _bounds(plane: Plane) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _ocr_loss(
    forged: NDArray[np.uint8],
    sample: Sample,
    read: Callable[[NDArray[np.uint8], dict[str, Any]], str],
) -> float | None:
    """Return the share of the seals' characters that was read in I_s and is not in I_f."""
    lines = [text for seal in sample.record["seals"] for text in seal["texts"]]
    before = sum(_matches(read(sample.synthetic, line), line["text"]) for line in lines)
    after = sum(_matches(read(forged, line), line["text"]) for line in lines)
    return max(before - after, 0) / before if before else None


def _matches(said: str, text: str) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(text) + 1)
    for char in said:
        last = 0
        for i, other in enumerate(text, 1):
            last, row[i] = row[i], last + 1 if char == other else max(row[i], row[i - 1])
    return row[-1]


def _grow(plane: Plane, radius: int) -> Plane:
    """Return ``plane`` grown by a square of ``radius`` px."""
    grown: Plane = _C.grow(plane.view(np.uint8), radius).view(np.bool_)
    return grown


def _median(values: NDArray[np.uint8], where: Plane, least: int = 0) -> int:
    """Return the median, rounded down, of the ``values`` of at least ``least``; 0 for none."""
    return int(_C.median(values, where.view(np.uint8), least))
