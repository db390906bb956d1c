"""YOLO segmentation: one normalised polygon (the seal's outline) a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seal2real.sealdb.exporters._job import PART, Format, Job, picture, put, stem
from seal2real.sealdb.exporters._labels import CATEGORY, category_names, category_of, region
from seal2real.sealdb.exporters._output import dumps

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
images/{train,val,test}/ID.jpg
labels/{train,val,test}/ID.txt   "class x1 y1 x2 y2 ..." in 0..1; empty for a page without seals
data.yaml"""


def write(job: Job, *, part: str, category: str) -> None:
    """Write images, labels and data.yaml."""
    names = category_names(job, category)
    numbers = {name: i for i, name in enumerate(names)}
    for sample in job.samples():
        data, suffix = picture(sample, part)
        put(job.root / "images" / sample.split / f"{stem(sample)}.{suffix}", data)
        lines = _lines(job, sample, numbers, category)
        put(job.root / "labels" / sample.split / f"{stem(sample)}.txt", "".join(lines))
    put(job.root / "data.yaml", _data_yaml(list(job.splits), names))


def _lines(job: Job, sample: DbSample, numbers: dict[str, int], category: str) -> list[str]:
    page = sample.record["page"]
    lines = []
    for seal in sample.record["seals"]:
        points = region(seal, page)
        if not points:
            job.report.skip("seal outside the image")
            continue
        job.report.items += 1
        values = [f"{x / page['width']:.6f} {y / page['height']:.6f}" for x, y in points]
        lines.append(f"{numbers[category_of(seal, category)]} {' '.join(values)}\n")
    return lines


def _data_yaml(splits: list[str], names: list[str]) -> str:
    # No "path": trainers then take the folder of this file, wherever it is moved to. A JSON string
    # is a YAML string, whatever it holds.
    lines = [f"{split}: images/{split}\n" for split in splits]
    # Trainers insist on both keys.
    lines += [f"{split}: images/{splits[0]}\n" for split in ("train", "val") if split not in splits]
    lines.append("names:\n")
    lines += [f"  {i}: {dumps(name)}\n" for i, name in enumerate(names)]
    return "".join(lines)


FORMAT = Format(
    "YOLO segmentation: normalised outlines and data.yaml",
    _LAYOUT,
    write,
    {"part": PART, "category": CATEGORY},
)
