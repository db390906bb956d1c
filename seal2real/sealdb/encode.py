"""Turn a sample into the files of its shard."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.sealdb.phash import perceptual_hash
from seal2real.sealdb.provenance import Provenance, embed
from seal2real.sealdb.record import dump_record

if TYPE_CHECKING:
    from seal2real.synthesis.sample import Sample

__all__ = ["PLANES", "encode_sample"]

# Label planes, stored without loss: name -> attribute of Sample
PLANES = ("mask", "shape", "classes")


def encode_sample(
    sample: Sample,
    image_format: str,
    quality: int,
    provenance: Provenance,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the final record of ``sample`` and its files, suffix -> bytes.

    Suffixes are "synthetic.jpg", "clean.jpg" (or .png), "mask.png", … and "json". The record gets
    its provenance and the perceptual hashes of the images; ``sample`` itself is left as it is.
    """
    images = {"synthetic": sample.synthetic, "clean": sample.clean}
    files = {
        f"{name}.{image_format}": embed(data, provenance)
        for name, data in encode_pair(images, image_format, quality).items()
    }
    for plane in PLANES:
        files[f"{plane}.png"] = encode_plane(getattr(sample, plane))
    record = {
        **sample.record,
        "provenance": {
            **provenance.to_dict(),
            "perceptual_hashes": {
                name: perceptual_hash(image).hex() for name, image in images.items()
            },
        },
    }
    files["json"] = dump_record(record)
    return record, files


def encode_pair(
    images: dict[str, NDArray[np.uint8]],  # each [H, W, 3]
    image_format: str,
    quality: int,
) -> dict[str, bytes]:
    """Return each image as a JPEG (4:2:0) or PNG file."""
    return {name: _encode(image, image_format, quality) for name, image in images.items()}


def encode_plane(plane: NDArray[np.uint8]) -> bytes:
    """Return the label plane uint8 [H, W] as a greyscale PNG file."""
    return _encode(plane, "png", 0)


def _encode(image: NDArray[np.uint8], image_format: str, quality: int) -> bytes:
    out = io.BytesIO()
    if image_format == "jpg":
        Image.fromarray(image).save(out, "JPEG", quality=quality, subsampling="4:2:0")
    else:
        Image.fromarray(image).save(out, "PNG", compress_level=1)
    return out.getvalue()
