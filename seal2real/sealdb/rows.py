"""The index: one row a sample, made from its record and from where its bytes lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seal2real.sealdb.shards import Span

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMNS", "REAL_COLUMNS", "index_schema", "index_table", "row_of"]

# name -> (pyarrow type, meaning); docs/data-format.md prints this table
COLUMNS = {
    "id": ("string", "nine digits"),
    "index": ("int64", "number of the sample in the dataset"),
    "split": ("string", "train, val or test"),
    "shard": ("string", "file name below shards/"),
    "offset": ("int64", "of the sample in its shard, bytes"),
    "size": ("int64", "of the sample in its shard, bytes"),
    "mode": ("string", "crop or page"),
    "width": ("int32", "pixels"),
    "height": ("int32", "pixels"),
    "dpi": ("double", "pixels per inch"),
    "page_type": ("string", "contract, notice, …"),
    "page_kind": ("string", "procedural, pdf or image"),
    "page_name": ("string", "file of the page"),
    "page_sha256": ("string", "of that file"),
    "page_chars": ("int32", "characters of the page with known boxes"),
    "page_chars_inked": ("int32", "of these, touched by ink"),
    "page_chars_unreadable": ("int32", "of these, no longer readable"),
    "types": ("list<string>", "of every seal"),
    "shapes": ("list<string>", "of every seal"),
    "colours": ("list<string>", "of every seal"),
    "widths_mm": ("list<double>", "of every seal"),
    "heights_mm": ("list<double>", "of every seal"),
    "angles_deg": ("list<double>", "of every seal, clockwise"),
    "owners": ("list<string>", "of every seal"),
    "texts": ("list<string>", "of every seal, its lines joined by newlines"),
    "groups": ("list<string>", "cross-page group of every seal, or empty"),
    "templates": ("list<string>", "sha256 of the cut-out of every seal, or empty"),
    "overlaps": ("int32", "pairs of seals that share ink"),
    "negatives": ("int32", "seal-like marks on the page"),
    "capture": ("string", "none, scanner, photocopier, fax or phone"),
    "forged": ("bool", "a realised image exists"),
    "gate_scores": ("list<double>", "of the fidelity gate, -1 where not judged; or empty"),
    "gate_passed": ("bool", "the forged image passed the gate"),
    "attempts": ("int32", "realisations tried, 0 without one"),
    "hash_synthetic": ("string", "perceptual hash, 64 hexadecimal digits"),
    "hash_clean": ("string", "perceptual hash, 64 hexadecimal digits"),
    "hash_forged": ("string", "perceptual hash, or empty"),
    "sha256": ("string", "of the sample's bytes in its shard"),
    "crc32": ("binary", "CRC-32 of every 4096 of these bytes, little-endian"),
}


# The same of real/index.parquet.
REAL_COLUMNS = {
    "id": ("string", "nine digits"),
    "index": ("int64", "number of the image in the real part"),
    "split": ("string", "train, val or test, by the hash of the file"),
    "shard": ("string", "file name below real/shards/"),
    "offset": ("int64", "of the image in its shard, bytes"),
    "size": ("int64", "of the image in its shard, bytes"),
    "width": ("int32", "pixels"),
    "height": ("int32", "pixels"),
    "px_per_mm": ("double", "scale, estimated"),
    "source_sha256": ("string", "of the file it was cut from"),
    "sha256": ("string", "of the image's bytes in its shard"),
    "crc32": ("binary", "CRC-32 of every 4096 of these bytes, little-endian"),
}


def index_schema(columns: Mapping[str, tuple[str, str]] = COLUMNS) -> pa.Schema:
    """Return the Arrow schema of index.parquet, or of another table."""
    import pyarrow as pa

    simple = {
        "string": pa.string(),
        "int64": pa.int64(),
        "int32": pa.int32(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "binary": pa.binary(),
        "list<string>": pa.list_(pa.string()),
        "list<double>": pa.list_(pa.float64()),
    }
    return pa.schema([(name, simple[kind]) for name, (kind, _) in columns.items()])


def index_table(
    rows: Sequence[dict[str, Any]], columns: Mapping[str, tuple[str, str]] = COLUMNS
) -> pa.Table:
    """Return the index of ``rows``, which have every one of ``columns``.

    Arrays are put together from their buffers: pyarrow's own way from Python values imports
    pandas where that is installed, half a second of start-up.
    """
    import pyarrow as pa

    schema = index_schema(columns)
    arrays = [_array(field.type, [row[field.name] for row in rows]) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


# Name of an Arrow type of numbers -> of its NumPy equivalent.
_NUMBERS = {"int64": np.int64, "int32": np.int32, "double": np.float64}


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """Return ``values`` as an Arrow array of type ``kind``; only texts and bytes may be None."""
    import pyarrow as pa

    name, count = str(kind), len(values)
    if name in _NUMBERS:
        data = np.array(values, _NUMBERS[name]).tobytes()
        return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(data)])
    if name == "bool":
        return pa.Array.from_buffers(kind, count, [None, _bits(values)])
    if name.startswith("list"):
        flat = _array(kind.value_type, [item for value in values for item in value])
        return pa.Array.from_buffers(kind, count, [None, _offsets(values)], children=[flat])
    raw = [value.encode() if isinstance(value, str) else value or b"" for value in values]
    held = _bits([value is not None for value in values])
    return pa.Array.from_buffers(kind, count, [held, _offsets(raw), pa.py_buffer(b"".join(raw))])


def _bits(values: Sequence[bool]) -> pa.Buffer:
    """Return ``values`` as a bitmap."""
    import pyarrow as pa

    return pa.py_buffer(np.packbits(np.array(values, bool), bitorder="little").tobytes())


def _offsets(values: Sequence[Any]) -> pa.Buffer:
    """Return where each of ``values`` starts and the last one ends, laid one after another."""
    import pyarrow as pa

    ends = np.cumsum([0, *(len(value) for value in values)], dtype=np.int32)
    return pa.py_buffer(ends.tobytes())


def row_of(record: dict[str, Any], shard: str, span: Span) -> dict[str, Any]:
    """Return the index row of the sample with this ``record``, in file ``shard`` at ``span``."""
    return {
        "id": record["id"],
        "index": record["index"],
        "split": record["split"],
        "shard": shard,
        "offset": span.offset,
        "size": span.size,
        "mode": record["mode"],
        **_page_columns(record["page"]),
        **_seal_columns(record["seals"]),
        "overlaps": len(record["overlaps"]),
        "negatives": len(record["negatives"]),
        "capture": record["capture"]["kind"],
        "forged": record["realisation"] is not None,
        "gate_scores": _gate_scores(record["realisation"]),
        "gate_passed": bool((record["realisation"] or {}).get("passed", False)),
        "attempts": (record["realisation"] or {}).get("attempts", 0),
        **_hash_columns(record["provenance"].get("perceptual_hashes", {})),
        "sha256": span.sha256,
        "crc32": span.crc32,
    }


def _page_columns(page: dict[str, Any]) -> dict[str, Any]:
    chars = [char for line in page["lines"] for char in line["chars"]]
    source = page["source"]
    return {
        "width": page["width"],
        "height": page["height"],
        "dpi": page["dpi"],
        "page_type": page["type"],
        "page_kind": source["kind"],
        "page_name": source["name"],
        "page_sha256": source["sha256"],
        "page_chars": len(chars),
        "page_chars_inked": sum(char["ink_cover"] > 0 for char in chars),
        "page_chars_unreadable": sum(not char["readable"] for char in chars),
    }


def _seal_columns(seals: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "types": [seal["type"] for seal in seals],
        "shapes": [seal["shape"] for seal in seals],
        "colours": [seal["colour"] for seal in seals],
        "widths_mm": [seal["width_mm"] for seal in seals],
        "heights_mm": [seal["height_mm"] for seal in seals],
        "angles_deg": [seal["angle_deg"] for seal in seals],
        "owners": [(seal["spec"] or {}).get("owner", "") for seal in seals],
        "texts": ["\n".join(text["text"] for text in seal["texts"]) for seal in seals],
        "groups": [(seal["group"] or {}).get("id", "") for seal in seals],
        "templates": [(seal["template"] or {}).get("sha256", "") for seal in seals],
    }


def _gate_scores(realisation: dict[str, Any] | None) -> list[float]:
    """Return the scores in the record's order."""
    scores: dict[str, float | None] = (realisation or {}).get("gate_scores", {})
    return [-1.0 if score is None else float(score) for score in scores.values()]


def _hash_columns(hashes: dict[str, str]) -> dict[str, str]:
    return {f"hash_{name}": hashes.get(name, "") for name in ("synthetic", "clean", "forged")}
