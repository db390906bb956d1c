"""Hugging Face imagefolder: metadata.jsonl inside each split folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seal2real.sealdb.exporters._job import PART, Format, Job, Option, picture, put, stem
from seal2real.sealdb.exporters._output import dumps

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
{train,val,test}/images/ID.jpg
{train,val,test}/clean/ID.jpg      the same page without seals
{train,val,test}/mask/ID.png       a bit per seal
{train,val,test}/metadata.jsonl    file_name, clean_file_name, mask_file_name, id, width, height,
                                   dpi, page_type, capture, seal_count, seals and lines (JSON text)"""
_SEAL_DROPS = ("spec", "ink", "warp", "template")


def write(job: Job, *, part: str, clean: bool, masks: bool) -> None:
    """Write images and one metadata.jsonl per split."""
    names = {split: f"{split}/metadata.jsonl" for split in job.splits}
    with job.text_files(names) as files:
        for sample in job.samples():
            row = {**_files(job, sample, part, clean, masks), **_columns(sample)}
            job.report.items += len(sample.record["seals"])
            files[sample.split].write(dumps(row) + "\n")


def _files(job: Job, sample: DbSample, part: str, clean: bool, masks: bool) -> dict[str, str]:
    data, suffix = picture(sample, part)
    images = {"file_name": (f"images/{stem(sample)}.{suffix}", data)}
    if clean:
        name = f"clean/{stem(sample)}.{sample.suffix('clean')}"
        images["clean_file_name"] = (name, sample.data("clean"))
    if masks:
        images["mask_file_name"] = (f"mask/{stem(sample)}.png", sample.data("mask"))
    for name, content in images.values():
        put(job.root / sample.split / name, content)
    return {column: name for column, (name, _) in images.items()}


def _columns(sample: DbSample) -> dict[str, Any]:
    """Return the plain columns.

    Readers infer a type per column from the first rows of each split and refuse splits that
    differ: an empty list has no type. So what is nested is JSON text here; the format `parquet`
    has it typed.
    """
    record = sample.record
    page = record["page"]
    seals = [
        {key: value for key, value in seal.items() if key not in _SEAL_DROPS}
        for seal in record["seals"]
    ]
    return {
        "id": sample.id,
        "width": page["width"],
        "height": page["height"],
        "dpi": float(page["dpi"]),
        "page_type": page["type"],
        "capture": record["capture"]["kind"],
        "seal_count": len(seals),
        "seals": dumps(seals),
        "lines": dumps(page["lines"]),
    }


FORMAT = Format(
    "Hugging Face imagefolder with metadata.jsonl in each split",
    _LAYOUT,
    write,
    {
        "part": PART,
        "clean": Option(True, "write the clean pages too"),
        "masks": Option(True, "write the masks too"),
    },
)
