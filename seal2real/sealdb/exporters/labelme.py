"""labelme 5 JSON: outlines and texts as polygons, ink as masks, grouped by seal."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.exporters._job import PART, Format, Job, Option, picture, put, stem
from seal2real.sealdb.exporters._labels import CATEGORY, category_of, region
from seal2real.sealdb.exporters._output import dumps

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["FORMAT", "write"]

_VERSION = "5.5.0"
_LAYOUT = """\
{train,val,test}/ID.jpg
{train,val,test}/ID.json   shapes: outline of each seal (label = class), ink (mask, label "ink"),
                           texts (label = role, description = text); group_id = number of the seal"""


def write(job: Job, *, part: str, category: str, masks: bool, page_lines: bool) -> None:
    """Write an image and a JSON file per sample."""
    for sample in job.samples():
        data, suffix = picture(sample, part)
        name = f"{stem(sample)}.{suffix}"
        put(job.root / sample.split / name, data)
        shapes = _seal_shapes(sample, category, masks)
        if page_lines:
            shapes += [
                _shape("page_line", line["polygon"], None, line["text"])
                for line in sample.record["page"]["lines"]
            ]
        job.report.items += len(shapes)
        label = _label_file(sample, name, shapes)
        put(job.root / sample.split / f"{stem(sample)}.json", dumps(label) + "\n")


def _label_file(sample: DbSample, name: str, shapes: list[dict[str, Any]]) -> dict[str, Any]:
    page = sample.record["page"]
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": name,
        "imageData": None,
        "imageHeight": page["height"],
        "imageWidth": page["width"],
    }


def _seal_shapes(sample: DbSample, category: str, masks: bool) -> list[dict[str, Any]]:
    page = sample.record["page"]
    shapes = []
    for seal, mask in zip(sample.record["seals"], sample.masks(), strict=True):
        outline = region(seal, page)
        if outline:
            shapes.append(_shape(category_of(seal, category), outline, seal["id"]))
        if masks and mask.any():
            shapes.append(_mask_shape(mask, seal["id"]))
        shapes += [
            _shape(text["role"], text["polygon"], seal["id"], text["text"])
            for text in seal["texts"]
        ]
    return shapes


def _shape(
    label: str, points: Any, group: int | None, description: str = "", kind: str = "polygon"
) -> dict[str, Any]:
    return {
        "label": label,
        "points": [[float(x), float(y)] for x, y in points],
        "group_id": group,
        "description": description,
        "shape_type": kind,
        "flags": {},
        "mask": None,
    }


def _mask_shape(mask: NDArray[np.bool_], group: int) -> dict[str, Any]:
    from seal2real import _C

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y0, y1, x0, x1 = (int(v) for v in (rows[0], rows[-1], columns[0], columns[-1]))
    # labelme's boxes of masks include their last row and column.
    shape = _shape("ink", [(x0, y0), (x1, y1)], group, kind="mask")
    crop = np.ascontiguousarray(mask[y0 : y1 + 1, x0 : x1 + 1]).astype(np.uint8) * 255
    shape["mask"] = base64.b64encode(_C.png_encode_mask(crop)).decode("ascii")
    return shape


FORMAT = Format(
    "labelme 5 JSON: outlines, ink masks and texts",
    _LAYOUT,
    write,
    {
        "part": PART,
        "category": CATEGORY,
        "masks": Option(True, "ink masks too"),
        "page_lines": Option(False, "the page's own text lines too"),
    },
)
