"""ICDAR 2023 ReST (reading the seal title): title polygons, clockwise, and their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seal2real.sealdb.exporters._job import PART, Format, Job, Option, picture, put
from seal2real.sealdb.exporters._labels import IGNORE, one_line, text_points
from seal2real.sealdb.exporters._legible import LEGIBLE_OPTIONS, Legibility
from seal2real.sealdb.exporters._output import dumps

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
{train,val,test}_images/gt_N.jpg
{train,val,test}_labels.json   {"gt_N": [{"points": [[x, y], ...], "transcription": "..."}], ...}"""
# A seal's title is its owner; on a private seal the name is all there is.
_TITLE_ROLES = ("owner", "name")


def write(job: Job, *, part: str, min_visible: float, min_separation: float, polygon: str) -> None:
    """Write images and one label file per split."""
    key = "polygon" if polygon == "dense" else "polygon16"
    with job.text_files({split: f"{split}_labels.json" for split in job.splits}) as files:
        for sample in job.samples():
            data, suffix = picture(sample, part)
            name = f"gt_{sample.index}"
            put(job.root / f"{sample.split}_images" / f"{name}.{suffix}", data)
            judge = Legibility(sample, part, min_visible, min_separation)
            entries = _titles(sample, key, judge)
            job.report.items += len(entries)
            first = job.report.samples[sample.split] == 1
            files[sample.split].write(f"{'{' if first else ','}\n{dumps(name)}:{dumps(entries)}")
        for file in files.values():
            file.write("\n}\n")


def _titles(sample: DbSample, key: str, judge: Legibility) -> list[dict[str, Any]]:
    page = sample.record["page"]
    entries = []
    for seal in sample.record["seals"]:
        for text in _title_texts(seal["texts"]):
            points = text_points(text[key], page)
            if points:
                lost = judge.why_not(seal, text, key)
                title = IGNORE if lost else one_line(text["text"])
                entries.append({"points": [list(p) for p in points], "transcription": title})
    return entries


def _title_texts(texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for role in _TITLE_ROLES:
        found = [text for text in texts if text["role"] == role]
        if found:
            return found
    return []


FORMAT = Format(
    "ICDAR 2023 ReST: seal titles only",
    _LAYOUT,
    write,
    {
        "part": PART,
        **LEGIBLE_OPTIONS,
        "polygon": Option("16", "the 16-point polygon, or the dense one", ("dense", "16")),
    },
)
