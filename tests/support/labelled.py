"""Samples whose labels are known by construction, for tests of formats and readers.

Seals are plain discs; each text is a sector of a ring whose colour encodes the position along the
text, so that a straightened strip can be told from a twisted one. The scenes hold the cases that
label formats get wrong: no seal, several and overlapping ones, a seal over the border, faint ink, a
text that runs against its glyphs, unreadable page text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEIGHT", "SCENES", "WIDTH", "Disc", "Scene", "Text", "planes", "record"]

WIDTH, HEIGHT = 160, 128
DPI = 200.0
_PAPER = 240
_DENSE, _SPARSE = 40, 8


@dataclass(frozen=True)
class Text:
    """A ring text: from ``start`` to ``stop`` degrees clockwise from the right."""

    text: str
    role: str = "owner"
    start: float = 200.0
    stop: float = 340.0
    outer: float = 0.9  # of the seal's radius
    inner: float = 0.65
    visible: float = 1.0
    # "cw": tops outward, "ccw": tops inward, "ccw_out": tops outward, read right to left
    direction: str = "cw"


@dataclass(frozen=True)
class Disc:
    """A round seal."""

    x: float
    y: float
    radius: float
    type: str = "company"
    shape: str = "round"
    colour: str = "red"
    inked: bool = True
    texts: tuple[Text, ...] = (Text("甲乙丙公司"),)


@dataclass(frozen=True)
class Scene:
    """One sample."""

    split: str
    discs: tuple[Disc, ...] = ()
    # text, top in px, readable
    lines: tuple[tuple[str, float, bool], ...] = field(default=(("合同编号 甲乙", 4.0, True),))


# In an order of splits that a dataset can have: neighbouring shards rarely share one.
SCENES = (
    Scene("train", (Disc(50.5, 60.25, 34), Disc(84, 66, 32, "finance", "square"))),
    Scene("train"),
    Scene("test", (Disc(60, 60, 40, texts=(Text("壬癸子丑", visible=0.1),)),)),
    Scene(
        "train",
        (
            Disc(
                70,
                64,
                45,
                "invoice",
                "oval",
                texts=(
                    Text("丁戊己庚辛有限公司"),
                    Text("91A00", "code", 130, 50, direction="ccw"),
                    Text("乙 甲", "name", 330, 210, 0.6, 0.4, direction="ccw_out"),
                ),
            ),
        ),
        (("可读\t的行", 4.0, True), ("遮住的行", 110.0, False)),
    ),
    Scene("test", (Disc(60, 60, 40, texts=(Text("寅卯辰巳"),)),)),
    Scene("val", (Disc(150, 64, 40, "personal", "rhombus"), Disc(30, 30, 20, inked=False))),
)


def planes(scene: Scene) -> dict[str, NDArray[Any]]:
    """Return synthetic, clean, mask, shape, classes and support of a scene."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    clean = np.full((HEIGHT, WIDTH, 3), _PAPER, np.uint8)
    for _, top, _ in scene.lines:
        clean[int(top) + 2 : int(top) + 8, 12:60] = 40
    synthetic = clean.copy()
    mask, shape, classes = (np.zeros((HEIGHT, WIDTH), np.uint8) for _ in range(3))
    for bit, disc in enumerate(scene.discs):
        radius = np.hypot(x - disc.x, y - disc.y)
        angle = np.degrees(np.arctan2(y - disc.y, x - disc.x)) % 360.0
        ring = (radius <= disc.radius) & (radius > disc.radius * 0.94)
        shape[ring] |= 1 << bit
        classes[ring] = 1
        inked = ring.copy()
        for text in disc.texts:
            low, high = sorted((text.start, text.stop))
            sector = (angle >= low) & (angle <= high)
            sector &= (radius <= text.outer * disc.radius) & (radius > text.inner * disc.radius)
            shape[sector] |= 1 << bit
            classes[sector] = 5 if text.role == "code" else 2
            share = (angle - text.start) / (text.stop - text.start)
            if disc.inked:
                synthetic[sector, 0] = 200
                synthetic[sector, 1] = (20 + 200 * share[sector]).astype(np.uint8)
                synthetic[sector, 2] = 30
            inked |= sector
        if disc.inked:
            synthetic[ring] = (200, 20, 30)
            mask[inked] |= 1 << bit
    return {
        "synthetic": synthetic,
        "clean": clean,
        "mask": mask,
        "shape": shape,
        "classes": classes,
        "support": (synthetic != clean).any(axis=2),
    }


def record(index: int, scene: Scene, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the record of a scene (format seal-db/1)."""
    return {
        "format": "seal-db/1",
        "id": f"{index:09d}",
        "index": index,
        "split": scene.split,
        "seed": [7, index, 0],
        "mode": "crop",
        "page": {
            "width": WIDTH,
            "height": HEIGHT,
            "dpi": DPI,
            "size_mm": [25.4 * WIDTH / DPI, 25.4 * HEIGHT / DPI],
            "type": "contract",
            "source": {"kind": "procedural", "name": "contract", "sha256": None, "page": index},
            "crop": [0, 0, WIDTH, HEIGHT],
            "lines": [_line(*line) for line in scene.lines],
        },
        "seals": [_seal(bit, disc, arrays["mask"]) for bit, disc in enumerate(scene.discs)],
        "overlaps": _overlaps(arrays["mask"], len(scene.discs)),
        "negatives": [],
        "capture": {"kind": "none"},
        "support": _runs(arrays["support"]),
        "realisation": None,
        "provenance": {
            "generator": "seal2real 0.1.0",
            "dataset_id": "seal-db-0123456789abcdef",
            "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic",
        },
    }


def _line(text: str, top: float, readable: bool) -> dict[str, Any]:
    step = 48.0 / len(text)
    chars = [
        {
            "text": char,
            "quad": _box(12 + i * step, top + 2, 12 + (i + 1) * step, top + 8),
            "ink_cover": 0.0,
            "contrast": 0.8 if readable else 0.1,
            "readable": readable and not char.isspace(),
        }
        for i, char in enumerate(text)
    ]
    return {"text": text, "polygon": _box(12, top, 60, top + 10), "chars": chars}


def _box(x0: float, y0: float, x1: float, y1: float) -> list[list[float]]:
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def _seal(bit: int, disc: Disc, mask: NDArray[np.uint8]) -> dict[str, Any]:
    rows, columns = np.nonzero((mask >> bit) & 1)
    bbox = None
    if len(rows):
        bounds = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        bbox = [int(value) for value in bounds]
    size_mm = 2 * disc.radius * 25.4 / DPI
    turns = np.linspace(0.0, 360.0, 72, endpoint=False)
    return {
        "id": bit,
        "bit": bit,
        "type": disc.type,
        "shape": disc.shape,
        "width_mm": size_mm,
        "height_mm": size_mm,
        "center": [disc.x, disc.y],
        "angle_deg": 0.0,
        "rule": "corner",
        "warp": {
            "h": [DPI / 25.4, 0, disc.x, 0, DPI / 25.4, disc.y, 0, 0, 1],
            "curl": [0, 1, 0, 0],
        },
        "spec": None,
        "ink": {"colour_name": disc.colour},
        "colour": disc.colour,
        "bbox": bbox,
        "outline": [_at(disc, disc.radius, turn) for turn in turns],
        "group": None,
        "template": None,
        "texts": [_text(disc, text) for text in disc.texts],
    }


def _at(disc: Disc, radius: float, turn: float) -> list[float]:
    a = math.radians(turn)
    return [
        round(disc.x + radius * math.cos(a), 3),
        round(disc.y + radius * math.sin(a), 3),
    ]


def _text(disc: Disc, text: Text) -> dict[str, Any]:
    count = len(text.text)
    visible = text.visible if disc.inked else 0.0
    step = (text.stop - text.start) / count
    chars = [
        {
            "text": char,
            "quad": _quad(disc, text, text.start + i * step, text.start + (i + 1) * step),
            "visible": visible,
        }
        for i, char in enumerate(text.text)
    ]
    return {
        "role": text.role,
        "text": text.text,
        "class": "code" if text.role == "code" else "ring_text",
        "font": "song",
        "font_role": "song",
        "direction": text.direction,
        "arc": {
            "center": [disc.x, disc.y],
            "radius": text.outer * disc.radius,
            "start_deg": text.start,
            "end_deg": text.stop,
        },
        "polygon": _sector(disc, text, _DENSE),
        "polygon16": _sector(disc, text, _SPARSE),
        "visible": visible,
        "chars": chars,
    }


def _edges(disc: Disc, text: Text) -> tuple[float, float]:
    """Return the radii of the glyphs' tops and bottoms."""
    outer, inner = text.outer * disc.radius, text.inner * disc.radius
    return (inner, outer) if text.direction == "ccw" else (outer, inner)


def _sector(disc: Disc, text: Text, points: int) -> list[list[float]]:
    top, bottom = _edges(disc, text)
    turns = np.linspace(text.start, text.stop, points).tolist()
    if text.direction == "ccw_out":  # polygons follow the glyphs as they stand
        turns = turns[::-1]
    there = [_at(disc, top, turn) for turn in turns]
    return there + [_at(disc, bottom, turn) for turn in turns[::-1]]


def _quad(disc: Disc, text: Text, start: float, stop: float) -> list[list[float]]:
    top, bottom = _edges(disc, text)
    # Against the reading order, a glyph's own left is where the reader leaves it.
    first, last = (stop, start) if text.direction == "ccw_out" else (start, stop)
    return [
        _at(disc, top, first),
        _at(disc, top, last),
        _at(disc, bottom, last),
        _at(disc, bottom, first),
    ]


def _overlaps(mask: NDArray[np.uint8], count: int) -> list[dict[str, int]]:
    found = []
    for a in range(count):
        for b in range(a + 1, count):
            pixels = int(np.count_nonzero((mask >> a) & (mask >> b) & 1))
            if pixels:
                found.append({"a": a, "b": b, "pixels": pixels})
    return found


def _runs(plane: NDArray[np.bool_]) -> dict[str, list[int]]:
    """Return row-major run lengths, the first of zeros, one pixel at a time."""
    counts, value = [0], False
    for pixel in plane.reshape(-1).tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return {"size": list(plane.shape), "counts": counts}
