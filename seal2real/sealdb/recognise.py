"""Recognise a dataset's own images, also after re-encoding has dropped their metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from seal2real.sealdb.dataset import read_info
from seal2real.sealdb.phash import HASH_BITS, MATCH_BITS, hamming, perceptual_hash
from seal2real.sealdb.provenance import Provenance, extract
from seal2real.sealdb.reader import SealDB

__all__ = ["Match", "recognise"]

_KINDS = ("synthetic", "clean", "forged")
_MAX_PIXELS = 400_000_000


@dataclass(frozen=True)
class Match:
    """What is known about an image."""

    # XMP metadata in the file, or None; anybody can write such metadata
    metadata: Provenance | None
    # id of the dataset that was searched
    dataset_id: str
    # id of the sample that looks most like the image
    sample: str | None
    # which of its images: synthetic, clean or forged
    image: str | None
    # bits in which the perceptual hashes differ, of 256
    distance: int
    # degrees clockwise by which the image is turned against the sample: 0, 90, 180 or 270
    turned_deg: int = 0

    @property
    def found(self) -> bool:
        """Whether the image is the dataset's own, by its looks."""
        return self.distance <= MATCH_BITS

    def to_dict(self) -> dict[str, Any]:
        """Return the match as JSON values."""
        return {
            "found": self.found,
            "dataset_id": self.dataset_id,
            "sample": self.sample if self.found else None,
            "image": self.image if self.found else None,
            "turned_deg": self.turned_deg if self.found else None,
            "distance_bits": self.distance,
            "threshold_bits": MATCH_BITS,
            "metadata": None if self.metadata is None else self.metadata.to_dict(),
        }


def recognise(image: Path | str, db: SealDB | Path | str) -> Match:
    """Return which image of ``db`` the file ``image`` shows, if any.

    Re-encoded, scaled, grey and by quarter turns it is still found; a crop, a mirror image or
    another angle is not: the hash is of the whole picture.

    Raises:
        ValueError: if the file is no image.
        ForeignFolderError: if ``db`` is no finished dataset.
    """
    db = db if isinstance(db, SealDB) else SealDB(db)
    data = Path(image).read_bytes()
    own = _turned_hashes(_decode(data, image))
    best = (HASH_BITS, 0, -1, "")
    for kind in _KINDS:
        rows, hashes = _hashes(db, kind)
        if len(rows):
            distances = hamming(hashes, own[:, None])  # [4, N]
            turn, at = divmod(int(np.argmin(distances)), len(rows))
            best = min(best, (int(distances[turn, at]), turn, int(rows[at]), kind))
    distance, turn, row, kind = best
    sample = db.index["id"][row].as_py() if row >= 0 else None
    dataset = read_info(db.path)["id"]
    return Match(extract(data), dataset, sample, kind or None, distance, 90 * turn)


def _turned_hashes(image: NDArray[np.uint8]) -> NDArray[np.uint8]:  # [4, 32]
    """Return the hashes of ``image`` turned back by 0, 90, 180 and 270 degrees."""
    # np.rot90 turns counter-clockwise: what was turned clockwise stands upright again.
    turned = [perceptual_hash(np.rot90(image, quarter)) for quarter in range(4)]
    return np.frombuffer(b"".join(turned), np.uint8).reshape(4, -1)


def _hashes(db: SealDB, kind: str) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the rows that have a hash of ``kind``, and their hashes [N, 32]."""
    texts = db.index[f"hash_{kind}"].to_pylist()
    rows = [row for row, text in enumerate(texts) if text and len(text) * 4 == HASH_BITS]
    joined = bytes.fromhex("".join(texts[row] for row in rows))
    return np.array(rows, np.int64), np.frombuffer(joined, np.uint8).reshape(-1, HASH_BITS // 8)


def _decode(data: bytes, name: Path | str) -> NDArray[np.uint8]:
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > _MAX_PIXELS:
            raise ValueError(f"{image.width}x{image.height} pixels")
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"recognise: image must be a readable picture, got {name}: {error}; convert it first"
        ) from error
