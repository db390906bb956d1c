"""The gallery: index.html and small pictures, to look at a dataset in any browser."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

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


def write_gallery(db: Path | str, count: int = 64, progress: bool = True) -> Path:
    """Write index.html and gallery/ into the dataset ``db``; return the page's path.

    The same dataset and count give the same bytes. Samples are spread evenly over the dataset.

    Args:
        db: folder of the dataset.
        count: samples to show, at least 1.
        progress: show a progress bar on terminals.

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
    for sample in tqdm(samples, unit="sample", disable=None if progress else True):
        for name, file in _thumbs(sample).items():
            atomic_write(folder / name, file)
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
    return {
        f"{sample.id}.{name}.jpg": embed(_jpeg(image), provenance)
        for name, image in _panels(sample).items()
    }


def _panels(sample: DbSample) -> dict[str, Image.Image]:
    synthetic = sample.pil("synthetic").convert("RGB")
    size = thumb_size(*synthetic.size)
    panels = {"clean": sample.pil("clean").convert("RGB"), "synthetic": synthetic}
    if sample.has("forged"):
        panels["forged"] = sample.pil("forged").convert("RGB")
    # BICUBIC: its kernel is a polynomial, so the pictures are the same on every machine
    panels = {n: image.resize(size, Image.Resampling.BICUBIC) for n, image in panels.items()}
    faint = _faint(np.asarray(panels["clean"]))
    panels["mask"] = _paint(faint, _seal_paint(sample.mask), size)
    panels["classes"] = _paint(faint, _class_paint(sample.classes), size)
    return panels


def thumb_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of a picture of ``width`` x ``height`` px in the gallery."""
    longest = max(width, height)
    if longest <= _THUMB_PX:
        return width, height
    return max(1, width * _THUMB_PX // longest), max(1, height * _THUMB_PX // longest)


def _faint(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(255 - (255 - image.astype(np.int32)) // _DIM, np.uint8)


def _seal_paint(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:  # [H, W, 4]
    """Return the mask's bits as colours; where seals overlap the later one shows."""
    paint = np.zeros((*mask.shape, 4), np.uint8)
    for bit, colour in enumerate(SEAL_COLOURS):
        paint[(mask >> bit) & 1 > 0] = (*colour, 255)
    return paint


def _class_paint(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:  # [H, W, 4]
    table = np.zeros((256, 4), np.uint8)
    for value, colour in enumerate(CLASS_COLOURS):
        if value:
            table[value] = (*colour, 255)
    return table[classes]


def _paint(
    under: NDArray[np.uint8], paint: NDArray[np.uint8], size: tuple[int, int]
) -> Image.Image:
    """Return ``under`` with the RGBA ``paint``, scaled to ``size``, laid over it."""
    over = Image.fromarray(paint).resize(size, Image.Resampling.BOX)
    base = Image.fromarray(under)
    base.paste(over.convert("RGB"), (0, 0), over.getchannel("A"))
    return base


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_THUMB_QUALITY)
    return out.getvalue()
