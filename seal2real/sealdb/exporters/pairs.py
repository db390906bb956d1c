"""Paired folders for seal removal: equal names for the sealed and the clean page."""

from __future__ import annotations

from seal2real.sealdb.exporters._job import PART, Format, Job, Option, picture, put, stem

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
{train,val,test}/input/ID.jpg    page with seals
{train,val,test}/target/ID.jpg   the same page without
{train,val,test}/mask/ID.png     a bit per seal: bit k is the ink of seal k"""


def write(job: Job, *, part: str, masks: bool) -> None:
    """Write the folders of every split."""
    for sample in job.samples():
        folder = job.root / sample.split
        data, suffix = picture(sample, part)
        put(folder / "input" / f"{stem(sample)}.{suffix}", data)
        clean = sample.suffix("clean")
        if clean != suffix:
            raise ValueError(
                f"export: images of a pair must be of one format, got {suffix} and {clean} in "
                f"{sample.id}; draw the dataset again with one --image-format"
            )
        put(folder / "target" / f"{stem(sample)}.{clean}", sample.data("clean"))
        if masks:
            put(folder / "mask" / f"{stem(sample)}.png", sample.data("mask"))
        job.report.items += 1


FORMAT = Format(
    "paired folders of equal names: sealed, clean, mask",
    _LAYOUT,
    write,
    {"part": PART, "masks": Option(True, "write the masks too")},
)
