"""Verify the real part: bytes, pictures, splits, and that its files are made as the forged ones."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seal2real.sealdb.dataset import read_checksums
from seal2real.sealdb.errors import DamagedError
from seal2real.sealdb.provenance import CAPTURED, extract
from seal2real.sealdb.reader import DbSample
from seal2real.sealdb.realpart import INDEX, REAL, read_real_rows
from seal2real.sealdb.sidecar import SHARDS
from seal2real.sealdb.splits import parse_fractions, split_of_key
from seal2real.sealdb.tarformat import walk
from seal2real.sealdb.verify import Problem, check_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from seal2real.sealdb.recipe import Recipe

__all__ = ["check_real"]


def check_real(path: Path, info: dict[str, Any], recipe: Recipe) -> Iterator[Problem]:
    """Yield what is wrong with the real part of the dataset below ``path``."""
    try:
        rows = read_real_rows(path)
        shards = {shard["name"]: shard for shard in info["real"]["shards"]}
    except (DamagedError, KeyError, TypeError) as error:
        yield Problem(f"{REAL}/{INDEX}", None, None, str(error))
        return
    stated = read_checksums(path)
    name = f"{REAL}/{INDEX}"
    digest = hashlib.sha256((path / name).read_bytes()).hexdigest()
    if stated.get(name) != digest:
        yield Problem(
            name, None, None, f"sha256 must be {stated.get(name)} as listed, got {digest}"
        )
    held_files = {item.name for item in (path / REAL / SHARDS).iterdir()}
    for stray in sorted(held_files - set(shards)):
        yield Problem(
            f"{REAL}/{SHARDS}/{stray}", None, None, "must not be there: no image lies in it"
        )
    yield from _check_rows(rows, recipe, set(shards))
    for shard in shards:
        held = [row for row in rows if row["shard"] == shard]
        yield from _check_shard(path, shard, stated, held, info["id"])


def _check_rows(rows: list[dict[str, Any]], recipe: Recipe, shards: set[str]) -> Iterator[Problem]:
    fractions = parse_fractions(recipe.split)
    for number, row in enumerate(rows):
        wanted = (number, f"{number:09d}", split_of_key(fractions, row["source_sha256"]))
        if (row["index"], row["id"], row["split"]) != wanted or row["shard"] not in shards:
            got = (row["index"], row["id"], row["split"], row["shard"])
            yield Problem(f"{REAL}/{INDEX}", None, None, f"row must be {wanted}, got {got}")
            return
        if (row["width"], row["height"]) != (recipe.pixels, recipe.pixels):
            yield Problem(
                f"{REAL}/{INDEX}", row["id"], None,
                f"image must be {recipe.pixels} px square, got {row['width']}x{row['height']}",
            )  # fmt: skip


def _check_shard(
    path: Path, shard: str, stated: dict[str, str], rows: list[dict[str, Any]], dataset_id: str
) -> Iterator[Problem]:
    # Named by dataset.json, which nobody need trust: a file name, never a path.
    file = f"{REAL}/{SHARDS}/{shard.rpartition('/')[2]}"
    try:
        with open(path / file, "rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            data = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        yield Problem(file, None, 0, f"must be readable and not empty, got {error}")
        return
    with data:
        damaged = list(check_bytes(file, data, rows))
        yield from damaged
        if stated.get(file) != digest and not damaged:
            yield Problem(
                file, None, None, f"sha256 must be {stated.get(file)} as listed, got {digest}"
            )
        if not damaged:
            view = memoryview(data)
            try:
                for row in rows:
                    yield from _check_image(file, view, row, dataset_id)
            finally:
                view.release()


def _check_image(
    file: str, view: memoryview, row: dict[str, Any], dataset_id: str
) -> Iterator[Problem]:
    try:
        members = list(walk(view, row["offset"], row["offset"] + row["size"]))
        if [member.name.partition(".real.")[0] for member in members] != [row["id"]]:
            raise DamagedError(f"sample {row['id']} must be one real image")
        sample = DbSample(row["index"], row["split"], view, members)
        size = sample.pil("real").size
        held = extract(sample.data("real"))
    except (DamagedError, KeyError) as error:
        yield Problem(file, row["id"], row["offset"], str(error))
        return
    name, at = members[0].name, members[0].offset
    if size != (row["width"], row["height"]):
        yield Problem(file, name, at, f"size must be {row['width']}x{row['height']}, got {size}")
    if held is None or (held.dataset_id, held.digital_source_type) != (dataset_id, CAPTURED):
        yield Problem(file, name, at, f"provenance must say {CAPTURED}, got {held}")
