"""The unlabelled real part of a Seal-DB: shards and index of the same kind, below real/.

It is written before the labelled part is finished, by whoever has the images; what an image is
cut to and how it is encoded is the caller's.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seal2real.sealdb.errors import DamagedError
from seal2real.sealdb.files import atomic_file, atomic_write, make_folder, remove_leftovers
from seal2real.sealdb.rows import REAL_COLUMNS, index_schema, index_table
from seal2real.sealdb.shards import Span, open_shard
from seal2real.sealdb.sidecar import SHARDS, WORK, ShardNote, finished_note, note_path
from seal2real.sealdb.splits import SPLITS

__all__ = ["INDEX", "REAL", "RealItem", "read_real_rows", "real_summary", "write_real_part"]

REAL = "real"
INDEX = "index.parquet"
_SUMMARY = "real.json"


@dataclass(frozen=True)
class RealItem:
    """One image to come."""

    split: str
    # of the file it is cut from, 64 hexadecimal digits
    source_sha256: str
    # () -> (file bytes, suffix "jpg" or "png", width, height, px per mm)
    make: Callable[[], tuple[bytes, str, int, int, float]]


def write_real_part(
    out: Path,
    items: Sequence[RealItem],
    shard_samples: int,
    tick: Callable[[int], object] = lambda count: None,
) -> None:
    """Write what is missing of the real part below ``out`` and its index.

    Args:
        out: folder of the dataset, begun already.
        items: the images; they are ordered by split, train first.
        shard_samples: images in a shard; a shard holds images of one split.
        tick: called with a number of images done.

    Raises:
        WriteError: if the disk refuses; nothing incomplete lies under a final name then.
    """
    if _finished(out):
        tick(len(items))
        return
    root = out / REAL
    for folder in (root / SHARDS, root / WORK):
        make_folder(folder)
    notes = []
    remove_leftovers(root, {INDEX})
    for number, (start, group) in enumerate(_shards(items, shard_samples)):
        name = f"{group[0].split}-{number:06d}.tar"
        remove_leftovers(root / SHARDS, {name})
        note = finished_note(root, name) or _write_shard(root, name, start, group)
        notes.append(note)
        tick(len(group))
    _write_index(out, root, notes)


def real_summary(out: Path) -> dict[str, Any] | None:
    """Return what dataset.json says of the real part of ``out``; None while it is unfinished."""
    try:
        summary: dict[str, Any] = json.loads((out / WORK / _SUMMARY).read_bytes())
    except (OSError, ValueError):
        return None
    return summary


def _finished(out: Path) -> bool:
    """Return whether all of the real part is there, by name and size."""
    summary = real_summary(out)
    if summary is None or not (out / REAL / INDEX).is_file():
        return False
    files = [(out / REAL / SHARDS / shard["name"], shard["size"]) for shard in summary["shards"]]
    return all(file.is_file() and file.stat().st_size == size for file, size in files)


def read_real_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of real/index.parquet below ``path``.

    Raises:
        DamagedError: if it cannot be read or lacks a column.
    """
    import pyarrow.parquet as pq

    name = f"{REAL}/{INDEX}"
    try:
        with pq.ParquetFile(path / REAL / INDEX) as file:
            table = file.read()
    except (OSError, ValueError) as error:
        raise DamagedError(f"{name} must be readable, got {error}") from error
    missing = [column for column in REAL_COLUMNS if column not in table.column_names]
    if missing:
        raise DamagedError(f"{name} must have column {missing[0]}, got {table.column_names}")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _shards(items: Sequence[RealItem], shard_samples: int) -> list[tuple[int, Sequence[RealItem]]]:
    """Return (number of the first image, images) of every shard, split by split."""
    found: list[tuple[int, Sequence[RealItem]]] = []
    start = 0
    for split in SPLITS:
        held = [item for item in items if item.split == split]
        for first in range(0, len(held), shard_samples):
            found.append((start + first, held[first : first + shard_samples]))
        start += len(held)
    return found


def _write_shard(root: Path, name: str, start: int, items: Sequence[RealItem]) -> ShardNote:
    rows = []
    with open_shard(root / SHARDS / name) as writer:
        for index, item in enumerate(items, start):
            data, suffix, width, height, px_per_mm = item.make()
            span = writer.add(f"{index:09d}", {f"real.{suffix}": data})
            rows.append(_row(index, item, name, span, width, height, px_per_mm))
        digest = writer.finish()
        note = ShardNote(name, writer.size, digest, rows)
        atomic_write(note_path(root, name), note.dump())
    return note


def _row(
    index: int, item: RealItem, shard: str, span: Span, width: int, height: int, px_per_mm: float
) -> dict[str, Any]:
    return {
        "id": f"{index:09d}",
        "index": index,
        "split": item.split,
        "shard": shard,
        "offset": span.offset,
        "size": span.size,
        "width": width,
        "height": height,
        "px_per_mm": px_per_mm,
        "source_sha256": item.source_sha256,
        "sha256": span.sha256,
        "crc32": span.crc32,
    }


def _write_index(out: Path, root: Path, notes: Sequence[ShardNote]) -> None:
    """Write real/index.parquet, then the note that the real part is finished."""
    import pyarrow.parquet as pq

    rows = [row for note in notes for row in note.rows]
    with (
        atomic_file(root / INDEX) as file,
        pq.ParquetWriter(file, index_schema(REAL_COLUMNS), compression="zstd") as writer,
    ):
        writer.write_table(index_table(rows, REAL_COLUMNS))
    counts = Counter(row["split"] for row in rows)
    summary = {
        "images": len(rows),
        "sources": len({row["source_sha256"] for row in rows}),
        "splits": {split: counts[split] for split in SPLITS},
        "shards": [
            {"name": n.name, "size": n.size, "sha256": n.sha256, "samples": len(n.rows)}
            for n in notes
        ],
    }
    atomic_write(out / WORK / _SUMMARY, json.dumps(summary).encode())
    shutil.rmtree(root / WORK, ignore_errors=True)
