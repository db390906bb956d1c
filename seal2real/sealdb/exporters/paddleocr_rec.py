"""PaddleOCR text recognition: straightened crops of text lines and their transcriptions."""

from __future__ import annotations

from typing import Any

from seal2real.sealdb.exporters._crops import CROP_OPTIONS, CropRules, crops
from seal2real.sealdb.exporters._job import Format, Job, put, stem

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
images/{train,val,test}/ID_00.jpg    one text line, ring text straightened
{train,val,test}.txt                 images/train/ID_00.jpg<TAB>text
dict.txt                             every character that occurs, one a line"""


def write(job: Job, **options: Any) -> None:
    """Write crops, a label file per split and the dictionary."""
    rules = CropRules(**options)
    characters: set[str] = set()
    with job.text_files({split: f"{split}.txt" for split in job.splits}) as files:
        for sample in job.samples():
            for number, (data, text) in enumerate(crops(job, sample, rules)):
                name = f"images/{sample.split}/{stem(sample)}_{number:02d}.jpg"
                put(job.root / name, data)
                files[sample.split].write(f"{name}\t{text}\n")
                characters.update(text)
    # The blank has its own switch in PaddleOCR (use_space_char).
    put(job.root / "dict.txt", "".join(f"{c}\n" for c in sorted(characters - {" "})))


FORMAT = Format(
    "PaddleOCR recognition: crops of text lines, ring text straightened",
    _LAYOUT,
    write,
    CROP_OPTIONS,
)
