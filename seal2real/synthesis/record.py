"""The canonical record of a sample: what {id}.json holds (docs/data-format.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.pages.page import MM_PER_INCH, Page, PageChars, PageLine
from seal2real.sealdb.record import CLASS_NAMES, FORMAT, encode_support
from seal2real.seals.layout import layout
from seal2real.seals.spec import SealSpec
from seal2real.synthesis.plan import SamplePlan, SealPlan, Stamp, Window
from seal2real.synthesis.templates import Template

__all__ = [
    "READABLE_CONTRAST",
    "build_record",
    "outline_mm",
]

# A page character counts as readable from this stroke/surround luma contrast on.
READABLE_CONTRAST = 0.25
# Coordinates are stored to a thousandth of a pixel, shares to a ten-thousandth.
_COORDINATE_DIGITS = 3
_COORDINATE_STEPS = 1000.0
_SHARE_DIGITS = 4

Planes = dict[str, NDArray[Any]]


def build_record(
    page: Page,
    plan: SamplePlan,
    lines: Sequence[PageLine],
    planes: Planes,
    header: dict[str, object],
) -> dict[str, Any]:
    """Return the record of one sample, without its provenance.

    Args:
        page: the page the sample shows.
        plan: what was drawn on it.
        lines: the page text in sample px.
        planes: "clean" and "sealed" uint8 [H, W, 3], "mask" and "shape" uint8 [H, W] bit
            planes, "support" bool [H, W].
        header: leading fields (id, index, split, seed, mode).
    """
    return {
        "format": FORMAT,
        **header,
        "page": _page_record(page, plan.window, lines, planes),
        "seals": [_seal_record(bit, seal, planes) for bit, seal in enumerate(plan.seals)],
        "overlaps": _overlaps(planes["mask"], len(plan.seals)),
        "negatives": _negatives(page.negatives, plan.window),
        "capture": plan.capture.to_dict(),
        "support": encode_support(planes["support"]),
        "realisation": None,
        "provenance": {},
    }


def _points(points: Any) -> list[Any]:
    """Return points [..., 2] as rounded nested lists."""
    scaled = np.asarray(points, np.float64) * _COORDINATE_STEPS
    rounded: list[Any] = (np.rint(scaled) / _COORDINATE_STEPS).tolist()
    return rounded


def _page_record(
    page: Page, window: Window, lines: Sequence[PageLine], planes: Planes
) -> dict[str, Any]:
    dpi = page.dpi * window.scale
    height, width = planes["clean"].shape[:2]
    return {
        "width": width,
        "height": height,
        "dpi": round(dpi, 4),
        "size_mm": [round(MM_PER_INCH * width / dpi, 3), round(MM_PER_INCH * height / dpi, 3)],
        "type": page.kind,
        "source": page.source,
        "crop": [window.x0, window.y0, window.x1, window.y1],
        "lines": _line_records(lines, planes),
    }


def _line_records(lines: Sequence[PageLine], planes: Planes) -> list[dict[str, Any]]:
    chars = [PageChars.of(line.chars) for line in lines]
    stacked = np.concatenate([np.empty((0, 4, 2)), *(own.quads for own in chars)])
    boxes = np.concatenate(
        [np.floor(stacked.min(axis=1)), np.ceil(stacked.max(axis=1))], axis=1
    ).astype(np.int64)
    # whole pixels that a quad touches: contrast is measured on what a reader's crop would show
    stats = _C.char_stats(planes["clean"], planes["sealed"], planes["mask"], boxes)
    # One rounding for all characters of the page: a call a character took 1 ms in 15.
    rows = zip(_points(stacked), stats.tolist(), strict=True)
    return [
        {
            "text": line.text,
            "polygon": _points(line.polygon),
            "chars": [_char_record(letter, *next(rows)) for letter in own.letters],
        }
        for line, own in zip(lines, chars, strict=True)
    ]


def _char_record(text: str, quad: list[list[float]], stats: Sequence[float]) -> dict[str, Any]:
    cover, contrast = stats
    return {
        "text": text,
        "quad": quad,
        "ink_cover": round(cover, _SHARE_DIGITS),
        "contrast": round(contrast, _SHARE_DIGITS),
        "readable": contrast >= READABLE_CONTRAST,
    }


def outline_mm(stamp: Stamp) -> NDArray[np.float64]:
    """Return the outer outline [N, 2] of ``stamp`` in mm around its centre."""
    if isinstance(stamp, Template):
        return stamp.outline_mm
    return np.asarray(layout(stamp).outline_mm, np.float64)


def _seal_record(bit: int, seal: SealPlan, planes: Planes) -> dict[str, Any]:
    stamp = seal.stamp
    return {
        "id": bit,
        "bit": bit,
        "type": stamp.type if isinstance(stamp, SealSpec) else "template",
        "shape": stamp.shape if isinstance(stamp, SealSpec) else "template",
        "width_mm": stamp.width_mm,
        "height_mm": stamp.height_mm,
        "center": _points(seal.warp.apply(np.zeros((1, 2))))[0],
        "angle_deg": round(seal.angle_deg, 4),
        "rule": seal.rule,
        "warp": seal.warp.to_dict(),
        "spec": stamp.to_dict() if isinstance(stamp, SealSpec) else None,
        "ink": seal.ink.to_dict(),
        "rims": [rim.to_dict() for rim in seal.rims],
        "colour": seal.ink.colour_name,
        "bbox": _bit_box(planes["mask"], bit),
        "outline": _points(seal.warp.apply(outline_mm(stamp))),
        "group": None if seal.group is None else seal.group.to_dict(),
        "template": stamp.to_dict() if isinstance(stamp, Template) else None,
        "texts": _text_records(bit, seal, planes),
    }


def _text_records(bit: int, seal: SealPlan, planes: Planes) -> list[dict[str, Any]]:
    if isinstance(seal.stamp, Template):
        return []  # nobody told us what a cut-out says
    native = layout(seal.stamp)
    labels = _C.text_labels(native, seal.warp.h, seal.warp.curl)
    return [
        _text_record(text, label, bit, seal, planes)
        for text, label in zip(native.texts, labels, strict=True)
    ]


def _text_record(
    text: dict[str, Any], labels: dict[str, Any], bit: int, seal: SealPlan, planes: Planes
) -> dict[str, Any]:
    quads = np.ascontiguousarray(labels["quads"], np.float64).reshape(-1, 4, 2)
    visible = _C.quad_visibility(planes["shape"], planes["mask"], bit, quads).tolist()
    return {
        "role": text["role"],
        "text": text["text"],
        "class": CLASS_NAMES[text["cls"]],
        "font": text["font"],
        "font_role": text["font_role"],
        "direction": text["direction"],
        "arc": _arc_record(text["arc"], seal),
        "polygon": _points(labels["polygon"]),
        "polygon16": _points(labels["polygon16"]),
        "visible": round(_mean(visible), _SHARE_DIGITS),
        "chars": [
            {"text": char, "quad": quad, "visible": round(share, _SHARE_DIGITS)}
            for (char, _), quad, share in zip(text["chars"], _points(quads), visible, strict=True)
        ],
    }


def _arc_record(arc: dict[str, Any] | None, seal: SealPlan) -> dict[str, Any] | None:
    """Return the baseline arc of a text in sample px; angles clockwise from the image's up.

    Exact for an unslanted seal; the polygons hold for every warp.
    """
    if arc is None:
        return None
    return {
        "center": _points(seal.warp.apply([arc["center_mm"]]))[0],
        "radius": round(arc["radius_mm"] * seal.px_per_mm, _COORDINATE_DIGITS),
        "start_deg": round(arc["start_deg"] + seal.angle_deg, 4),
        "end_deg": round(arc["end_deg"] + seal.angle_deg, 4),
    }


def _mean(values: Sequence[float]) -> float:
    """Return the mean in a fixed order of summation; 0 for nothing."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values) if values else 0.0


def _bit_box(plane: NDArray[np.uint8], bit: int) -> list[int] | None:
    """Return [x0, y0, x1, y1] of the pixels that carry ``bit``, or None."""
    hit = (plane & np.uint8(1 << bit)) != 0
    rows, columns = np.flatnonzero(hit.any(axis=1)), np.flatnonzero(hit.any(axis=0))
    if not len(rows):
        return None
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def _overlaps(mask: NDArray[np.uint8], count: int) -> list[dict[str, int]]:
    """Return the inked pixels that each pair of seals shares, pairs without any left out."""
    found = []
    for a in range(count):
        for b in range(a + 1, count):
            both = np.uint8((1 << a) | (1 << b))
            pixels = int(np.count_nonzero((mask & both) == both))
            if pixels:
                found.append({"a": a, "b": b, "pixels": pixels})
    return found


def _negatives(negatives: Sequence[dict[str, Any]], window: Window) -> list[dict[str, Any]]:
    """Return the seal-like marks inside ``window``, boxes in sample px."""
    shown = []
    for mark in negatives:
        x0, y0, x1, y1 = mark["bbox"]
        box = [
            max((x0 - window.x0) * window.scale, 0.0),
            max((y0 - window.y0) * window.scale, 0.0),
            min((x1 - window.x0) * window.scale, float(window.width)),
            min((y1 - window.y0) * window.scale, float(window.height)),
        ]
        if box[0] < box[2] and box[1] < box[3]:
            shown.append({**mark, "bbox": [round(v, _COORDINATE_DIGITS) for v in box]})
    return shown
