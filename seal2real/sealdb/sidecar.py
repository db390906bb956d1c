"""What is known of a finished shard until the index is made: .work/{shard}.json.

The note is written before the shard gets its final name. So a shard under its final name has its
note, and a note without a shard is simply replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seal2real.sealdb.encode import encode_sample
from seal2real.sealdb.errors import DamagedError, SampleError
from seal2real.sealdb.files import atomic_write
from seal2real.sealdb.provenance import Provenance
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.record import load_record, sample_id
from seal2real.sealdb.rows import row_of
from seal2real.sealdb.shards import Span, block_crcs, open_shard
from seal2real.sealdb.tarformat import walk

__all__ = ["ShardNote", "finished_note", "note_from_shard", "note_path", "write_shard"]

SHARDS = "shards"
WORK = ".work"


@dataclass(frozen=True)
class ShardNote:
    """A finished shard: its bytes and its rows of the index."""

    # file name below shards/
    name: str
    # of the file, bytes
    size: int
    # of the file, 64 hexadecimal digits
    sha256: str
    # rows of the index, in order; crc32 as bytes
    rows: list[dict[str, Any]]

    def dump(self) -> bytes:
        """Return the note as JSON."""
        rows = [{**row, "crc32": row["crc32"].hex()} for row in self.rows]
        return json.dumps({**self.__dict__, "rows": rows}, ensure_ascii=False).encode()

    @classmethod
    def load(cls, data: bytes) -> ShardNote:
        """Return the note that :meth:`dump` wrote.

        Raises:
            ValueError, KeyError, TypeError: if it is none.
        """
        fields = json.loads(data)
        rows = [{**row, "crc32": bytes.fromhex(row["crc32"])} for row in fields.pop("rows")]
        return cls(rows=rows, **fields)


def note_path(out: Path, name: str) -> Path:
    """Return where the note of shard file ``name`` lies."""
    return out / WORK / f"{name}.json"


def write_shard(
    recipe: Recipe,
    make_sample: Callable[[int], Any],
    out: Path,
    shard: int,
    report: Callable[[int], object],
) -> ShardNote:
    """Make every sample of shard number ``shard`` and write shard and note below ``out``.

    Args:
        recipe: what the dataset is made from.
        make_sample: sample index -> Sample, or None to leave a hole. Where it has a method ``many``
            (indices -> iterator), that is asked instead.
        out: folder of the dataset.
        shard: number of the shard.
        report: called with 1 after every sample.

    Raises:
        WriteError: if the disk refuses; nothing lies under a final name then.
        SampleError: if a sample cannot be made; the message names it.
    """
    name = recipe.shard_name(shard)
    provenance = Provenance(recipe.dataset_id)
    rows = []
    with open_shard(out / SHARDS / name) as writer:
        indices = recipe.shard_range(shard)
        many = getattr(make_sample, "many", None)
        samples = map(make_sample, indices) if many is None else many(indices)
        for index in indices:
            made = _make(recipe, samples, index, provenance)
            if made is not None:
                record, files = made
                rows.append(row_of(record, name, writer.add(sample_id(index), files)))
            report(1)
        digest = writer.finish()
        note = ShardNote(name, writer.size, digest, rows)
        atomic_write(note_path(out, name), note.dump())
    return note


def _make(
    recipe: Recipe, samples: Iterator[Any], index: int, provenance: Provenance
) -> tuple[dict[str, Any], dict[str, bytes]] | None:
    """Return final record and files of the next sample, number ``index``, or None for a hole."""
    try:
        sample = next(samples)
        if sample is None and recipe.may_have_holes:
            return None
        return encode_sample(sample, recipe.image_format, recipe.quality, provenance)
    except Exception as error:  # whatever went wrong, the user needs to know for which sample
        raise SampleError(
            f"run_shards: sample {index} (seed {recipe.seed}) must be drawable, got "
            f"{type(error).__name__}: {error}; change the recipe, or report this seed and index"
        ) from error


def finished_note(out: Path, name: str) -> ShardNote | None:
    """Return the note of shard file ``name`` if shard and note are complete, else None."""
    try:
        note = ShardNote.load(note_path(out, name).read_bytes())
        size = (out / SHARDS / name).stat().st_size
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return note if note.size == size and note.name == name else None


def note_from_shard(out: Path, name: str) -> ShardNote:
    """Return the note of shard file ``name`` from its bytes alone.

    Raises:
        DamagedError: if the file is no shard.
    """
    data = (out / SHARDS / name).read_bytes()
    rows = []
    members = list(walk(data, 0, len(data)))
    for first in range(len(members)):
        if first and members[first].sample == members[first - 1].sample:
            continue
        group = [m for m in members[first : first + 16] if m.sample == members[first].sample]
        rows.append(_row_from_bytes(data, name, group))
    return ShardNote(name, len(data), hashlib.sha256(data).hexdigest(), rows)


def _row_from_bytes(data: bytes, name: str, group: list[Any]) -> dict[str, Any]:
    records = [member for member in group if member.suffix == "json"]
    if len(records) != 1:
        raise DamagedError(
            f"note_from_shard: sample {group[0].sample} in {name} must have one record, got "
            f"{len(records)}; delete the shard and run the same command again"
        )
    start, stop = group[0].header_offset, group[-1].end
    body = memoryview(data)[start:stop]
    span = Span(start, stop - start, hashlib.sha256(body).hexdigest(), block_crcs(body))
    at = records[0]
    return row_of(load_record(data[at.offset : at.offset + at.size]), name, span)
