"""The canonical record of a sample: its JSON Schema, its bytes and its run lengths."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real import _C
from seal2real.sealdb.errors import DamagedError

__all__ = [
    "CLASS_NAMES",
    "FORMAT",
    "MCU_PX",
    "decode_support",
    "dump_record",
    "encode_support",
    "load_record",
    "record_schema",
    "sample_id",
    "schema_errors",
]

FORMAT = "seal-db/1"
# Names of the values in classes.png; "template" is a user's cut-out, whose parts are unknown
CLASS_NAMES = (
    "background",
    "ring",
    "ring_text",
    "emblem",
    "centre_text",
    "code",
    "line",
    "template",
)
# Chroma is stored at half resolution in cells of this many pixels, the largest minimum coded unit
# of the subsamplings in use, and a decoder interpolates one pixel across their edges: a JPEG
# changes at most the cells that hold a change and their neighbours.
MCU_PX = 16
# A record of a dense page takes about 1 MB; anything far beyond is an attack or an accident.
MAX_RECORD_BYTES = 64 << 20


def sample_id(index: int) -> str:
    """Return the id of sample ``index``: nine digits, no dots, so that tar sorting is numeric."""
    return f"{index:09d}"


@cache
def record_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    path = resources.files("seal2real.sealdb") / "record.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@cache
def _validator() -> Any:
    # Imported late: workers write records without ever validating them.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(record_schema())


def schema_errors(record: Any, limit: int = 5) -> list[str]:
    """Return up to ``limit`` breaches of the schema, each as "path: rule"; empty means valid."""
    found = []
    for error in _validator().iter_errors(record):
        where = "/".join(str(part) for part in error.absolute_path) or "record"
        found.append(f"{where}: {error.message[:200]}")
        if len(found) == limit:
            break
    return found


def dump_record(record: dict[str, Any]) -> bytes:
    """Return the bytes of {id}.json: UTF-8, keys in the order they were built in, no blanks.

    These are the bytes of Python's own json module, which spends a quarter of a sample's time on
    the digits of coordinates.

    Raises:
        TypeError: if a value is none of JSON's.
        ValueError: if a number is not finite, or a text has lone surrogates.
    """
    data: bytes = _C.dump_json(record)
    return data


def load_record(data: bytes | memoryview) -> dict[str, Any]:
    """Return the record in ``data``.

    Raises:
        DamagedError: if it is too long, no UTF-8 JSON object, or nested beyond reason.
    """
    if len(data) > MAX_RECORD_BYTES:
        raise DamagedError(
            f"load_record: record must have at most {MAX_RECORD_BYTES} bytes, got {len(data)}; "
            "draw the shard again"
        )
    try:
        record = json.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise DamagedError(
            f"load_record: record must be UTF-8 JSON, got {error}; draw the shard again"
        ) from error
    if not isinstance(record, dict):
        raise DamagedError(
            f"load_record: record must be a JSON object, got {type(record).__name__}; "
            "draw the shard again"
        )
    return record


def encode_support(
    plane: NDArray[np.bool_],  # [H, W]
) -> dict[str, list[int]]:
    """Return row-major run lengths of ``plane``; the first run counts zeros."""
    flat = np.concatenate(([False], plane.ravel(), [not plane.ravel()[-1]]))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate(([0], edges)))
    return {"size": list(plane.shape), "counts": [int(count) for count in counts]}


def decode_support(support: dict[str, list[int]]) -> NDArray[np.bool_]:  # [H, W]
    """Return the support plane of a record, as :func:`encode_support` took it.

    Raises:
        DamagedError: if the run lengths do not fill the stated size.
    """
    height, width = support["size"]
    counts = support["counts"]
    total = sum(counts)  # Python's integers: a hostile record would make NumPy's run over
    if min(counts, default=-1) < 0 or total != height * width:
        raise DamagedError(
            f"decode_support: counts must sum to {height}x{width} pixels, got {total}; "
            "draw the shard again"
        )
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(height, width)
