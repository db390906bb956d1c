"""Turn a sample into the files of its shard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.codec import encode_jpeg, encode_pair, encode_png
from seal2real.sealdb.phash import perceptual_hash
from seal2real.sealdb.provenance import COMPOSITE_TRAINED, Provenance, embed
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
    A realised sample also has "forged.jpg".
    """
    images = {"synthetic": sample.synthetic, "clean": sample.clean}
    sources = dict.fromkeys(images, provenance)
    if sample.forged is not None:
        images["forged"] = sample.forged
        # What the record says holds for the image that the record is about.
        provenance = _forged_provenance(sample, provenance)
        sources["forged"] = provenance
    files = {
        f"{name}.{image_format}": embed(data, sources[name])
        for name, data in encode_images(images, image_format, quality).items()
    }
    for plane in PLANES:
        files[f"{plane}.png"] = embed(encode_png(getattr(sample, plane)), sources["clean"])
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


def _forged_provenance(sample: Sample, provenance: Provenance) -> Provenance:
    """Return the provenance of a forged image: a trained network's work, or only drawn."""
    if sample.record["realisation"]["weights"] is None:
        return provenance
    return replace(provenance, digital_source_type=COMPOSITE_TRAINED)


def encode_images(
    images: dict[str, NDArray[np.uint8]],  # each [H, W, 3]
    image_format: str,
    quality: int,
) -> dict[str, bytes]:
    """Return clean and synthetic image, and forged where there is one, as JPEG (4:2:0) or PNG.

    With a forged image every JPEG is coded by itself: a pair's restart markers would tell it from
    real images, which come without a pair.
    """
    if image_format == "png":
        return {name: encode_png(image) for name, image in images.items()}
    if "forged" in images:
        return {name: encode_jpeg(image, quality) for name, image in images.items()}
    clean, synthetic = encode_pair(images["clean"], images["synthetic"], quality)
    return {"synthetic": synthetic, "clean": clean}
