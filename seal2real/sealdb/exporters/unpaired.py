"""Unpaired folders for image translation: A drawn or forged, B real."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from seal2real.sealdb.exporters._job import PART, Format, Job, Option, picture, put, stem

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
{train,val,test}A/ID.jpg   forged pages, or synthetic ones where there are none
{train,val,test}B/ID.jpg   real pages"""
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


def write(job: Job, *, part: str, real: str) -> None:
    """Write both sides of every split."""
    found = _write_folder(job, Path(real)) if real else _write_real_part(job)
    if not found:
        raise ValueError(
            "export: unpaired must have real images, got a dataset without a real part; "
            "give a folder of them as --set real=DIR"
        )
    for sample in job.samples():
        data, suffix = picture(sample, part)
        put(job.root / f"{sample.split}A" / f"{stem(sample)}.{suffix}", data)
        job.report.items += 1


def _write_real_part(job: Job) -> int:
    found = 0
    for split in job.splits:
        for sample in job.db.real(split):
            name = f"{stem(sample)}.{sample.suffix('real')}"
            put(job.root / f"{split}B" / name, sample.data("real"))
            found += 1
    return found


def _write_folder(job: Job, folder: Path) -> int:
    """Copy the images of a folder; the hash of each file decides its split."""
    from seal2real.sealdb.splits import parse_fractions, split_of_key

    fractions = parse_fractions(job.db.info["recipe"]["split"])
    found = 0
    for path in _images(folder):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        split = split_of_key(fractions, digest)
        if not _decodes(path):
            job.report.skip("real image not readable")
        elif split in job.splits:
            # Named by content: equal names in subfolders cannot collide.
            put(job.root / f"{split}B" / f"{digest[:16]}{path.suffix.lower()}", data)
            found += 1
    return found


def _images(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise ValueError(f"export: real must be a folder of images, got {folder}; check the path")
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in _SUFFIXES:
            yield path


def _decodes(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # What Pillow raises for damaged files.
        return False
    return True


FORMAT = Format(
    "unpaired folders trainA/trainB/testA/testB: drawn or forged, and real",
    _LAYOUT,
    write,
    {"part": PART, "real": Option("", "folder of real images, instead of the dataset's real part")},
)
