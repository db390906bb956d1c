"""Cross-check one sample: everything its files say about each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.sealdb.encode import PLANES
from seal2real.sealdb.errors import DamagedError
from seal2real.sealdb.phash import MATCH_BITS, hamming, perceptual_hash
from seal2real.sealdb.provenance import extract
from seal2real.sealdb.reader import DbSample
from seal2real.sealdb.record import CLASS_NAMES, MCU_PX, decode_support, schema_errors

__all__ = ["check_sample", "grow"]

# (member, what is wrong with it)
Finding = tuple[str, str]


def check_sample(sample: DbSample, shard_split: str, dataset_id: str) -> Iterator[Finding]:
    """Yield what is wrong with ``sample``, as (member suffix, message).

    Args:
        sample: read from its shard.
        shard_split: split that the shard's name states.
        dataset_id: id in dataset.json.
    """
    try:
        record = sample.record
        found = schema_errors(record)
        if found:
            yield from (("json", f"breaks the schema: {error}") for error in found)
            return
        images, planes = _decode(sample)
    except (DamagedError, KeyError) as error:
        yield _blame(sample, error), str(error)
        return
    yield from _check_identity(sample, record, shard_split, dataset_id)
    yield from _check_sizes(record, images, planes)
    if all(
        image.shape[:2] == planes["mask"].shape for image in (*images.values(), *planes.values())
    ):
        yield from _check_images(sample, record, images, dataset_id)
        yield from _check_seals(record, planes["mask"])
        yield from _check_classes(record, planes["classes"])
        yield from _check_support(sample, record, images, planes["mask"])


def _decode(
    sample: DbSample,
) -> tuple[dict[str, NDArray[np.uint8]], dict[str, NDArray[np.uint8]]]:
    """Return the decoded images and planes.

    Raises:
        DamagedError: if a file cannot be decoded or has the wrong kind of pixels.
        KeyError: if a file is missing.
    """
    names = ["synthetic", "clean", *(["forged"] if sample.has("forged") else [])]
    images = {name: np.asarray(_mode(sample.pil(name), "RGB", name)) for name in names}
    planes = {name: np.asarray(_mode(sample.pil(name), "L", name)) for name in PLANES}
    return images, planes


def _mode(image: Image.Image, mode: str, name: str) -> Image.Image:
    if image.mode != mode:
        raise DamagedError(f"{name} must have pixels of mode {mode}, got {image.mode}")
    return image


def _blame(sample: DbSample, error: Exception) -> str:
    """Return the first member of ``sample`` that ``error`` speaks of."""
    text = str(error)
    return next((s for s in sample.members if s.partition(".")[0] in text), "json")


def _check_identity(
    sample: DbSample, record: dict[str, Any], shard_split: str, dataset_id: str
) -> Iterator[Finding]:
    if record["id"] != sample.id or record["index"] != int(sample.id):
        yield "json", f"id must be {sample.id}, got {record['id']} with index {record['index']}"
    if record["split"] != shard_split:
        yield "json", f"split must be the shard's, {shard_split}, got {record['split']}"
    if sample.has("forged") != (record["realisation"] is not None):
        yield "json", "realisation must be told where there is a forged image, and only there"
    if record["provenance"]["dataset_id"] != dataset_id:
        yield "json", (f"dataset_id must be {dataset_id}, got {record['provenance']['dataset_id']}")


def _check_sizes(
    record: dict[str, Any],
    images: dict[str, NDArray[np.uint8]],
    planes: dict[str, NDArray[np.uint8]],
) -> Iterator[Finding]:
    size = (record["page"]["height"], record["page"]["width"])
    for name, pixels in {**images, **planes}.items():
        if pixels.shape[:2] != size:
            yield name, f"size [H, W] must be the record's {size}, got {pixels.shape[:2]}"


def _check_images(
    sample: DbSample,
    record: dict[str, Any],
    images: dict[str, NDArray[np.uint8]],
    dataset_id: str,
) -> Iterator[Finding]:
    hashes = record["provenance"].get("perceptual_hashes", {})
    for name in (*images, *PLANES):
        held = extract(sample.data(name))
        if held is None or held.dataset_id != dataset_id:
            yield name, f"provenance must name dataset {dataset_id}, got {held}"
    for name, image in images.items():
        if name in hashes:
            stored = np.frombuffer(bytes.fromhex(hashes[name]), np.uint8)
            shown = np.frombuffer(perceptual_hash(image), np.uint8)
            if int(hamming(stored, shown)) > MATCH_BITS:
                yield name, "image must look like the one that was hashed, got another picture"


def _check_seals(record: dict[str, Any], mask: NDArray[np.uint8]) -> Iterator[Finding]:
    bits = [seal["bit"] for seal in record["seals"]]
    if len(set(bits)) != len(bits):
        yield "json", f"bits of seals must differ, got {bits}"
    stray = int(np.bitwise_or.reduce(mask, axis=None)) & ~sum(1 << bit for bit in set(bits))
    if stray:
        yield "mask", f"bits must belong to seals of the record {bits}, got bits {stray:#04x}"
    for seal in record["seals"]:
        box = bit_box(mask, seal["bit"])
        if box != (None if seal["bbox"] is None else list(seal["bbox"])):
            yield "json", f"bbox of seal {seal['id']} must be {box} as in mask, got {seal['bbox']}"
        yield from _check_texts(seal)
    yield from _check_overlaps(record, mask)


def bit_box(plane: NDArray[np.uint8], bit: int) -> list[int] | None:
    """Return [x0, y0, x1, y1] around the pixels of ``plane`` [H, W] with ``bit``, or None."""
    hit = (plane >> bit) & 1 > 0
    rows, columns = np.flatnonzero(hit.any(axis=1)), np.flatnonzero(hit.any(axis=0))
    if not len(rows):
        return None
    return [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]


def _check_texts(seal: dict[str, Any]) -> Iterator[Finding]:
    for text in seal["texts"]:
        spelt = "".join(char["text"] for char in text["chars"])
        if "".join(spelt.split()) != "".join(text["text"].split()):
            yield "json", f"chars of seal {seal['id']} must spell {text['text']!r}, got {spelt!r}"
        for name in ("polygon", "polygon16"):
            if len(text[name]) % 2:
                yield "json", f"{name} of {text['text']!r} must be even, got {len(text[name])}"


def _check_overlaps(record: dict[str, Any], mask: NDArray[np.uint8]) -> Iterator[Finding]:
    stated = {(item["a"], item["b"]): item["pixels"] for item in record["overlaps"]}
    found = {}
    for i, first in enumerate(record["seals"]):
        for second in record["seals"][i + 1 :]:
            both = 1 << first["bit"] | 1 << second["bit"]
            pixels = int(np.count_nonzero(mask & both == both))
            if pixels:
                found[first["id"], second["id"]] = pixels
    if stated != found:
        yield "json", f"overlaps must be {found} px as in mask, got {stated}"


def _check_classes(record: dict[str, Any], classes: NDArray[np.uint8]) -> Iterator[Finding]:
    seen = {int(value) for value in np.flatnonzero(np.bincount(classes.ravel(), minlength=256))}
    if max(seen) >= len(CLASS_NAMES):
        yield "classes", f"values must be below {len(CLASS_NAMES)}, got {max(seen)}"
        return
    stated = {text["class"] for seal in record["seals"] for text in seal["texts"]}
    drawn = {CLASS_NAMES[value] for value in seen} & {"ring_text", "centre_text", "code"}
    if drawn - stated:
        yield "classes", f"text classes must be among {sorted(stated)}, got {sorted(drawn)}"


def _check_support(
    sample: DbSample,
    record: dict[str, Any],
    images: dict[str, NDArray[np.uint8]],
    mask: NDArray[np.uint8],
) -> Iterator[Finding]:
    try:
        support = decode_support(record["support"])
    except DamagedError as error:
        yield "json", str(error)
        return
    if support.shape != mask.shape:
        yield "json", f"support must have size {mask.shape}, got {support.shape}"
        return
    if bool((mask[~support] > 0).any()):
        yield "mask", "ink must lie inside the support, got ink outside"
    lossy = sample.suffix("synthetic") == "jpg"
    allowed = grow(support, MCU_PX) if lossy else support
    names = ["synthetic"]
    if "forged" in images and record["realisation"]["clean_exact"]:
        names.append("forged")
    for name in names:
        changed = (images[name] != images["clean"]).any(axis=2) & ~allowed
        if bool(changed.any()):
            y, x = (int(v) for v in np.argwhere(changed)[0])
            yield name, f"must equal clean outside the support, got a change at x={x} y={y}"


def grow(
    plane: NDArray[np.bool_],  # [H, W]
    radius: int,
) -> NDArray[np.bool_]:
    """Return ``plane`` grown by a square of ``radius`` px."""
    grown = plane.copy()
    for axis in (0, 1):
        done = 0
        while done < radius:
            step = min(max(done, 1), radius - done)
            done += step
            grown = _spread(grown, step, axis)
    return grown


def _spread(plane: NDArray[np.bool_], step: int, axis: int) -> NDArray[np.bool_]:
    along = np.moveaxis(plane, axis, 0)
    out = along.copy()
    out[step:] |= along[:-step] if step < len(along) else False
    out[:-step] |= along[step:] if step < len(along) else False
    return np.moveaxis(out, 0, axis)
