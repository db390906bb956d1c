"""Turn a sample into the files of its shard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.codec import encode_pair, encode_png
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
        for name, data in encode_images(images, image_format, quality).items()
    }
    for plane in PLANES:
        files[f"{plane}.png"] = embed(encode_png(getattr(sample, plane)), provenance)
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


def encode_images(
    images: dict[str, NDArray[np.uint8]],  # each [H, W, 3]
    image_format: str,
    quality: int,
) -> dict[str, bytes]:
    """Return clean and synthetic image as JPEG (4:2:0) or PNG files."""
    if image_format == "png":
        return {name: encode_png(image) for name, image in images.items()}
    clean, synthetic = encode_pair(images["clean"], images["synthetic"], quality)
    return {"synthetic": synthetic, "clean": clean}
