"""The files around the shards: dataset.json, index.parquet, checksums.sha256.

All of them are derived from finished shards, written whole, and the same however often or from
wherever they are made. checksums.sha256 comes last: where it lies, the dataset is complete.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seal2real.sealdb.errors import DamagedError, ForeignFolderError
from seal2real.sealdb.files import (
    TEMP_PREFIX,
    atomic_file,
    atomic_write,
    make_folder,
    remove_leftovers,
)
from seal2real.sealdb.realpart import INDEX, REAL, real_summary
from seal2real.sealdb.recipe import Recipe, check_same_recipe
from seal2real.sealdb.record import FORMAT
from seal2real.sealdb.rows import index_schema, index_table
from seal2real.sealdb.sidecar import (
    SHARDS,
    WORK,
    ShardNote,
    finished_note,
    note_from_shard,
    note_path,
)
from seal2real.sealdb.splits import SPLITS
from seal2real.sealdb.versions import locked_versions

__all__ = ["DATASET", "adopt_shard", "begin", "finalise", "is_complete", "read_info"]

DATASET = "dataset.json"
CHECKSUMS = "checksums.sha256"
_RECIPE_NOTE = "recipe.json"
_ROWS_PER_GROUP = 10_000
_LICENCE = (
    "Drawn content: Apache-2.0. Pages, seal cut-outs and texts that the user supplied keep their "
    "own licences."
)
_STATEMENT = (
    "Every image of this dataset is synthetic: seals were drawn by a program onto pages, for "
    "training and evaluating document software. Each image says so in its XMP metadata (IPTC "
    "digital source type), and index.parquet holds perceptual hashes by which "
    "`seal2real provenance` recognises copies. Do not pass any of it off as a document."
)


def read_info(out: Path) -> dict[str, Any]:
    """Return dataset.json of the dataset in ``out``.

    Raises:
        ForeignFolderError: if there is none.
        DamagedError: if it is no JSON object with a known format.
    """
    path = out / DATASET
    try:
        info = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        state = "an unfinished one" if (out / WORK).is_dir() else "none"
        raise ForeignFolderError(
            f"SealDB: {out} must hold a finished dataset, got {state}; "
            "run the `seal2real synth` command that made it (again)"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"SealDB: {path} must be JSON, got {error}; restore it") from error
    if not isinstance(info, dict) or info.get("format") != FORMAT:
        held = info.get("format") if isinstance(info, dict) else info
        raise DamagedError(
            f"SealDB: {path} must have format {FORMAT!r}, got {held!r}; "
            "read it with the version that wrote it"
        )
    return info


def begin(recipe: Recipe, out: Path) -> None:
    """Prepare ``out`` for the dataset of ``recipe``; a folder that holds part of it is fine.

    Raises:
        RecipeMismatchError: if it holds a dataset of another recipe.
        ForeignFolderError: if it holds something else.
        WriteError: if it cannot be written.
    """
    held = _held_recipe(out)
    if held is not None:
        check_same_recipe(held, recipe, str(out))
    elif out.exists():
        _check_empty(out)
    if held is None:
        # First of all: a folder without a recipe is nobody's, whatever else it holds.
        make_folder(out / WORK)
        atomic_write(out / WORK / _RECIPE_NOTE, json.dumps(recipe.locked()).encode())
    make_folder(out / SHARDS)


def is_complete(out: Path) -> bool:
    """Return whether everything of the dataset in ``out`` is there, by name and size."""
    if not (out / CHECKSUMS).exists() or not (out / INDEX).exists():
        return False
    try:
        info = read_info(out)
        held = [(out, shard) for shard in info["shards"]]
        held += [(out / REAL, shard) for shard in info.get("real", {}).get("shards", ())]
        return all((root / SHARDS / s["name"]).stat().st_size == s["size"] for root, s in held)
    except (OSError, DamagedError, ForeignFolderError, KeyError, TypeError):
        return False


def adopt_shard(out: Path, name: str) -> ShardNote | None:
    """Return the note of shard file ``name``, from its bytes if need be; None if it must be made.

    A shard without note lies in a dataset that was complete once: it is read, compared with
    checksums.sha256 and kept only if it is what was written.
    """
    note = finished_note(out, name)
    if note is not None:
        return note
    try:
        note = note_from_shard(out, name)
    except (OSError, DamagedError, KeyError, TypeError):
        return None
    if read_checksums(out).get(f"{SHARDS}/{name}", note.sha256) != note.sha256:
        return None
    make_folder(out / WORK)
    atomic_write(note_path(out, name), note.dump())
    return note


def read_checksums(out: Path) -> dict[str, str]:
    """Return relative path -> sha256 from checksums.sha256; empty if there is none."""
    try:
        lines = (out / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("  ") for line in lines)
    return {path: digest for digest, _, path in pairs if path}


def finalise(recipe: Recipe, out: Path, sources: Any = None) -> bool:
    """Write index, dataset.json and checksums if every shard is finished; return whether so.

    Args:
        recipe: what the dataset is made from.
        out: its folder.
        sources: description of the page sources, as JSON values, with the files they refused.

    Raises:
        WriteError: if the disk refuses.
    """
    names = [recipe.shard_name(shard) for shard in range(recipe.shards)]
    if any(finished_note(out, name) is None for name in names):
        return is_complete(out)
    real = None if recipe.real is None else real_summary(out)
    if recipe.real is not None and real is None:
        return False
    remove_leftovers(out, {DATASET, INDEX, CHECKSUMS})
    counts = _write_index(out, names)
    info = _dataset_info(recipe, counts, sources)
    if real is not None:
        info["real"] = real
    atomic_write(out / DATASET, json.dumps(info, indent=2, ensure_ascii=False).encode() + b"\n")
    _write_checksums(out, info)
    shutil.rmtree(out / WORK, ignore_errors=True)
    return True


def _held_recipe(out: Path) -> dict[str, Any] | None:
    """Return the locked recipe that ``out`` was begun with, or None."""
    for path, key in ((out / DATASET, "recipe"), (out / WORK / _RECIPE_NOTE, None)):
        try:
            held = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except ValueError as error:
            raise DamagedError(
                f"run_shards: {path} must be JSON, got {error}; restore it or choose another folder"
            ) from error
        return dict(held[key] if key else held)
    return None


def _check_empty(out: Path) -> None:
    if not out.is_dir():
        raise ForeignFolderError(
            f"run_shards: OUT must be a folder, got the file {out}; choose another name"
        )
    known = (TEMP_PREFIX, WORK)
    foreign = sorted(p.name for p in out.iterdir() if not p.name.startswith(known))
    if foreign:
        raise ForeignFolderError(
            f"run_shards: OUT must be empty or hold this recipe, got {out} with "
            f"{len(foreign)} other files ({', '.join(foreign[:3])}); choose another folder"
        )


def _write_index(out: Path, names: list[str]) -> dict[str, Any]:
    """Write index.parquet shard by shard; return what was counted on the way."""
    import pyarrow.parquet as pq

    schema = index_schema()
    counts = _empty_counts()
    with (
        atomic_file(out / INDEX) as file,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for rows in _row_groups(out, names, counts):
            writer.write_table(index_table(rows))
    return counts


def _empty_counts() -> dict[str, Any]:
    names = ("seals", "samples", "redone", "flagged")
    return {"splits": Counter(), "types": Counter(), "shards": [], **dict.fromkeys(names, 0)}


def _row_groups(
    out: Path, names: list[str], counts: dict[str, Any]
) -> Iterator[list[dict[str, Any]]]:
    pending: list[dict[str, Any]] = []
    for name in names:
        note = finished_note(out, name)
        assert note is not None, "finalise looked"
        _count(counts, note)
        pending += note.rows
        while len(pending) >= _ROWS_PER_GROUP:
            yield pending[:_ROWS_PER_GROUP]
            pending = pending[_ROWS_PER_GROUP:]
    if pending:
        yield pending


def _count(counts: dict[str, Any], note: ShardNote) -> None:
    for row in note.rows:
        counts["splits"][row["split"]] += 1
        counts["types"].update(row["types"])
        counts["seals"] += len(row["types"])
        counts["redone"] += row["attempts"] > 1
        counts["flagged"] += row["forged"] and not row["gate_passed"]
    counts["samples"] += len(note.rows)
    counts["shards"].append(
        {"name": note.name, "size": note.size, "sha256": note.sha256, "samples": len(note.rows)}
    )


def _dataset_info(recipe: Recipe, counts: dict[str, Any], sources: Any) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": recipe.dataset_id,
        "recipe_sha256": recipe.hash(),
        "recipe": recipe.locked(),
        "seed": recipe.seed,
        "versions": locked_versions(),
        "counts": {
            "samples": counts["samples"],
            "seals": counts["seals"],
            "splits": {split: counts["splits"][split] for split in SPLITS},
            "types": dict(sorted(counts["types"].items())),
            **_realised_counts(recipe, counts),
        },
        "shards": counts["shards"],
        "sources": sources,
        "licence": _LICENCE,
        "provenance": _STATEMENT,
    }


def _realised_counts(recipe: Recipe, counts: dict[str, Any]) -> dict[str, Any]:
    """Return what became of the samples in the gate; nothing for drawn datasets."""
    if recipe.realisation is None:
        return {}
    return {
        "realisation": {
            "requested": recipe.count,
            "kept": counts["samples"] - counts["flagged"],
            "redone": counts["redone"],
            "flagged": counts["flagged"],
            "dropped": recipe.count - counts["samples"],
        }
    }


def _write_checksums(out: Path, info: dict[str, Any]) -> None:
    digests = {f"{SHARDS}/{shard['name']}": shard["sha256"] for shard in info["shards"]}
    names = [DATASET, INDEX]
    if "real" in info:
        shards = info["real"]["shards"]
        digests |= {f"{REAL}/{SHARDS}/{shard['name']}": shard["sha256"] for shard in shards}
        names.append(f"{REAL}/{INDEX}")
    for name in names:
        digests[name] = hashlib.sha256((out / name).read_bytes()).hexdigest()
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    atomic_write(out / CHECKSUMS, lines.encode())
