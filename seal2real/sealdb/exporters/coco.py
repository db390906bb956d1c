"""COCO instances: ink as compressed RLE, outlines as polygons, all else under ``attributes``."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.exporters import _rle
from seal2real.sealdb.exporters._geometry import area, box
from seal2real.sealdb.exporters._job import PART, Format, Job, picture, put, stem
from seal2real.sealdb.exporters._labels import CATEGORY, category_names, category_of, region
from seal2real.sealdb.exporters._output import dumps

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
images/{train,val,test}/ID.jpg
annotations/instances_{split}.json   segmentation = ink of each seal (RLE, overlaps exact)
annotations/outlines_{split}.json    segmentation = outline of each seal (polygon)"""
_KINDS = ("instances", "outlines")
_ATTRIBUTES = (
    "id",
    "type",
    "shape",
    "width_mm",
    "height_mm",
    "center",
    "angle_deg",
    "colour",
    "group",
    "outline",
)
_TEXT_FIELDS = ("role", "text", "class", "direction", "visible", "polygon", "polygon16")


def write(job: Job, *, part: str, category: str) -> None:
    """Write COCO files for every split."""
    names = category_names(job, category)
    numbers = {name: i + 1 for i, name in enumerate(names)}
    with ExitStack() as stack:
        files = {
            (kind, split): stack.enter_context(_CocoFile(job.root, kind, split, numbers))
            for split in job.splits
            for kind in _KINDS
        }
        for sample in job.samples():
            data, suffix = picture(sample, part)
            name = f"{sample.split}/{stem(sample)}.{suffix}"
            put(job.root / "images" / name, data)
            image = _image(sample, name)
            for kind in _KINDS:
                files[kind, sample.split].add_image(image)
            _add_seals(job, sample, [files[kind, sample.split] for kind in _KINDS], category)


def _add_seals(job: Job, sample: DbSample, files: list[_CocoFile], category: str) -> None:
    page = sample.record["page"]
    for seal, mask in zip(sample.record["seals"], sample.masks(), strict=True):
        attributes = _attributes(seal)
        name = category_of(seal, category)
        if mask.any():
            job.report.items += 1
            files[0].add_annotation(sample.index + 1, name, _ink(mask), attributes)
        else:
            job.report.skip("seal without ink")
        outline = region(seal, page)
        if outline:
            files[1].add_annotation(sample.index + 1, name, _polygon(outline), attributes)


def _image(sample: DbSample, name: str) -> dict[str, Any]:
    page = sample.record["page"]
    return {
        # COCO tools treat 0 as "none": ids start at 1
        "id": sample.index + 1,
        "file_name": name,
        "width": page["width"],
        "height": page["height"],
        "attributes": {
            "id": sample.id,
            "dpi": page["dpi"],
            "type": page["type"],
            "overlaps": sample.record["overlaps"],
            "negatives": sample.record["negatives"],
        },
    }


def _attributes(seal: dict[str, Any]) -> dict[str, Any]:
    texts = [{key: text[key] for key in _TEXT_FIELDS} for text in seal["texts"]]
    return {**{key: seal[key] for key in _ATTRIBUTES}, "texts": texts}


def _ink(mask: NDArray[np.bool_]) -> dict[str, Any]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return {
        "segmentation": _rle.encode(mask),
        "area": int(np.count_nonzero(mask)),
        "bbox": [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y],
    }


def _polygon(points: list[tuple[float, float]]) -> dict[str, Any]:
    x0, y0, x1, y1 = box(points)
    return {
        "segmentation": [[value for point in points for value in point]],
        "area": abs(area(points)),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
    }


class _CocoFile:
    """One JSON file written as a stream: annotations wait in a side file until the images end."""

    def __init__(self, root: Path, kind: str, split: str, numbers: dict[str, int]) -> None:
        self._path = root / "annotations" / f"{kind}_{split}.json"
        self._numbers = numbers
        self._images = self._annotations = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = self._path.open("w", encoding="utf-8", newline="\n")
        self._side: TextIO = self._path.with_suffix(".side").open(
            "w+", encoding="utf-8", newline="\n"
        )
        categories = [
            {"id": i, "name": n, "supercategory": "seal"} for n, i in self._numbers.items()
        ]
        self._file.write(f'{{"categories":{dumps(categories)},\n"images":[')
        return self

    def add_image(self, image: dict[str, Any]) -> None:
        self._file.write((",\n" if self._images else "\n") + dumps(image))
        self._images += 1

    def add_annotation(
        self, image: int, name: str, shape: dict[str, Any], attributes: dict[str, Any]
    ) -> None:
        self._annotations += 1
        annotation = {
            "id": self._annotations,
            "image_id": image,
            "category_id": self._numbers[name],
            "iscrowd": 0,
            **shape,
            "attributes": attributes,
        }
        self._side.write((",\n" if self._annotations > 1 else "\n") + dumps(annotation))

    def __exit__(self, *error: object) -> None:
        with self._file, self._side:
            self._file.write('\n],\n"annotations":[')
            self._side.seek(0)
            shutil.copyfileobj(self._side, self._file)
            self._file.write("\n]}\n")
        self._path.with_suffix(".side").unlink()


FORMAT = Format(
    "COCO instances: ink as RLE, outlines as polygons, texts under attributes",
    _LAYOUT,
    write,
    {"part": PART, "category": CATEGORY},
)
