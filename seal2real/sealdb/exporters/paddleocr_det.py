"""PaddleOCR text detection: whole seals (印章区域) and their text lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seal2real.sealdb.exporters._geometry import Point, box
from seal2real.sealdb.exporters._job import PART, Format, Job, Option, picture, put, stem
from seal2real.sealdb.exporters._labels import (
    IGNORE,
    one_line,
    region,
    text_points,
)
from seal2real.sealdb.exporters._legible import LEGIBLE_OPTIONS, Legibility
from seal2real.sealdb.exporters._output import dumps

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["FORMAT", "SEAL_REGION", "write"]

# Transcription of the box round a whole seal.
SEAL_REGION = "印章区域"
_LAYOUT = """\
images/{train,val,test}/ID.jpg
{train,val,test}.txt   images/train/ID.jpg<TAB>[{"transcription": "...", "points": [[x, y], ...]}]"""


def write(
    job: Job,
    *,
    part: str,
    min_visible: float,
    min_separation: float,
    regions: bool,
    page_lines: bool,
) -> None:
    """Write images and a label file per split."""
    with job.text_files({split: f"{split}.txt" for split in job.splits}) as files:
        for sample in job.samples():
            data, suffix = picture(sample, part)
            name = f"images/{sample.split}/{stem(sample)}.{suffix}"
            put(job.root / name, data)
            judge = Legibility(sample, part, min_visible, min_separation)
            entries = _entries(sample, judge, regions)
            if page_lines:
                entries += _page_entries(sample, judge)
            job.report.items += len(entries)
            files[sample.split].write(f"{name}\t{dumps(entries)}\n")


def _entries(sample: DbSample, judge: Legibility, regions: bool) -> list[dict[str, Any]]:
    page = sample.record["page"]
    entries = []
    for seal in sample.record["seals"]:
        outline = region(seal, page)
        if regions and outline:
            entries.append(_entry(SEAL_REGION, _corners(outline)))
        for text in seal["texts"]:
            points = text_points(text["polygon16"], page)
            if points:
                lost = judge.why_not(seal, text, "polygon16")
                entries.append(_entry(IGNORE if lost else text["text"], points))
    return entries


def _page_entries(sample: DbSample, judge: Legibility) -> list[dict[str, Any]]:
    page = sample.record["page"]
    entries = []
    for line in page["lines"]:
        points = text_points(line["polygon"], page)
        if points:
            entries.append(_entry(IGNORE if judge.why_not_line(line) else line["text"], points))
    return entries


def _entry(text: str, points: list[Point]) -> dict[str, Any]:
    # A text without any visible character would read as a label: it is one to ignore.
    return {"transcription": one_line(text) or IGNORE, "points": [list(point) for point in points]}


def _corners(points: list[Point]) -> list[Point]:
    x0, y0, x1, y1 = box(points)
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


FORMAT = Format(
    "PaddleOCR detection: seal regions and text polygons of at most 16 points",
    _LAYOUT,
    write,
    {
        "part": PART,
        **LEGIBLE_OPTIONS,
        "regions": Option(True, "box round each whole seal, transcription 印章区域"),
        "page_lines": Option(False, "the page's own text lines too"),
    },
)
