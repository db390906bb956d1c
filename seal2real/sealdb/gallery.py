"""The gallery: index.html and small pictures, to look at a dataset in any browser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from seal2real.sealdb.codec import encode_jpeg
from seal2real.sealdb.files import atomic_write, make_folder
from seal2real.sealdb.gallery_page import CLASS_COLOURS, SEAL_COLOURS, gallery_html
from seal2real.sealdb.provenance import Provenance, embed
from seal2real.sealdb.reader import DbSample, SealDB
from seal2real.sealdb.stats import stats

__all__ = ["PANELS", "write_gallery"]

FOLDER = "gallery"
PAGE = "index.html"
# Pictures of a sample, in the order shown; "forged" only where there is one.
PANELS = ("clean", "synthetic", "forged", "mask", "classes")
# Longest side of a picture, px: a crop of the usual 512 is shown as it is.
_THUMB_PX = 720
_THUMB_QUALITY = 88
# What is not labelled shines through this faintly.
_DIM = 4


def write_gallery(db: Path | str, count: int = 64, progress: bool = True, threads: int = 1) -> Path:
    """Write index.html and gallery/ into the dataset ``db``; return the page's path.

    The same dataset and count give the same bytes. Samples are spread evenly over the dataset.

    Args:
        db: folder of the dataset.
        count: samples to show, at least 1.
        progress: show a progress bar on terminals.
        threads: that make pictures; one a worker of the run is best.

    Raises:
        ValueError: if ``count`` is below 1.
        ForeignFolderError: if ``db`` is no finished dataset.
        WriteError: if the disk refuses.
    """
    if count < 1:
        raise ValueError(
            f"write_gallery: count must be at least 1, got {count}; ask for one sample or more"
        )
    data = SealDB(db)
    shown = min(count, len(data))
    samples = [data[k * len(data) // shown] for k in range(shown)]
    folder = data.path / FOLDER
    make_folder(folder)
    written = set()
    with ThreadPoolExecutor(max(1, min(threads, shown))) as pool:
        made = pool.map(_thumbs, samples)  # in order; codecs run outside the interpreter's lock
        for files in tqdm(made, total=shown, unit="sample", disable=None if progress else True):
            for name, file in files.items():
                atomic_write(folder / name, file, sync=False)
                written.add(name)
    for stale in sorted(folder.iterdir()):
        if stale.name not in written:
            stale.unlink()
    page = data.path / PAGE
    atomic_write(page, gallery_html(data.info, stats(db), samples).encode())
    return page


def _thumbs(sample: DbSample) -> dict[str, bytes]:
    """Return file name -> picture of every panel of ``sample``."""
    held = sample.record["provenance"]
    provenance = Provenance(held["dataset_id"], held["digital_source_type"], held["generator"])
    page = sample.record["page"]
    size = thumb_size(page["width"], page["height"])
    # A stored JPEG of the right size is its own picture.
    shrunk = size != (page["width"], page["height"]) or sample.suffix("clean") != "jpg"
    shown = [name for name in PANELS[:3] if sample.has(name)]
    small = {
        name: _scaled(sample.pil(name, size), size) for name in shown if name == "clean" or shrunk
    }
    files = {
        name: embed(_jpeg(small[name]), provenance) if shrunk else sample.data(name)
        for name in shown
    }
    faint = small["clean"].point(_FAINT * 3)
    for name, colours in (("mask", _SEAL_PAINT), ("classes", _CLASS_PAINT)):
        files[name] = embed(_jpeg(_paint(faint, sample.pil(name), colours)), provenance)
    return {f"{sample.id}.{name}.jpg": file for name, file in files.items()}


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return ``image`` as RGB of ``size``."""
    if image.size != size:
        # BICUBIC: its kernel is a polynomial, so the pictures are the same on every machine
        image = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    return image.convert("RGB")


def thumb_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of a picture of ``width`` x ``height`` px in the gallery."""
    longest = max(width, height)
    if longest <= _THUMB_PX:
        return width, height
    return max(1, width * _THUMB_PX // longest), max(1, height * _THUMB_PX // longest)


def _seal_paint() -> bytes:
    """Return an RGBA palette of mask values; where seals overlap the later one shows."""
    colours = [SEAL_COLOURS[value.bit_length() - 1] for value in range(1, 256)]
    return bytes(4) + b"".join(bytes((*colour, 255)) for colour in colours)


def _class_paint() -> bytes:
    """Return an RGBA palette of class values."""
    inked = b"".join(bytes((*colour, 255)) for colour in CLASS_COLOURS[1:])
    return (bytes(4) + inked).ljust(4 * 256, b"\0")


_FAINT = [255 - (255 - level) // _DIM for level in range(256)]
_SEAL_PAINT, _CLASS_PAINT = _seal_paint(), _class_paint()


def _paint(under: Image.Image, plane: Image.Image, palette: bytes) -> Image.Image:
    """Return ``under`` with the values of ``plane``, painted and scaled to it, laid over it."""
    painted = under.copy()
    inked = plane.getbbox()
    if inked is None:
        return painted
    # Only where there is something: a page is mostly bare.
    across, down = under.width / plane.width, under.height / plane.height
    left, top = int(inked[0] * across), int(inked[1] * down)
    right, bottom = int(inked[2] * across) + 1, int(inked[3] * down) + 1
    right, bottom = min(right, under.width), min(bottom, under.height)
    box = (left / across, top / down, right / across, bottom / down)
    cut = (int(box[0]), int(box[1]), min(int(box[2]) + 1, plane.width),
           min(int(box[3]) + 1, plane.height))  # fmt: skip
    part = plane.crop(cut)
    part.putpalette(palette, "RGBA")
    over = part.convert("RGBA")
    if under.size != plane.size:
        inside = (box[0] - cut[0], box[1] - cut[1], box[2] - cut[0], box[3] - cut[1])
        inside = (*inside[:2], min(inside[2], part.width), min(inside[3], part.height))
        over = over.resize((right - left, bottom - top), Image.Resampling.BOX, inside)
    painted.paste(over, (left, top), over)
    return painted


def _jpeg(image: Image.Image) -> bytes:
    return encode_jpeg(np.asarray(image), _THUMB_QUALITY)
