"""What a dataset is and what is in it, from dataset.json and the index alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from seal2real.sealdb.dataset import read_info
from seal2real.sealdb.reader import SealDB
from seal2real.sealdb.record import record_schema
from seal2real.sealdb.splits import SPLITS

__all__ = ["info", "stats"]

# Bins of the histograms of seal widths and of angles
_WIDTH_BIN_MM = 5
_ANGLE_BIN_DEG = 10


def info(db: Path | str) -> dict[str, Any]:
    """Return what the dataset is: format, id, recipe, versions, counts, licence, provenance.

    Raises:
        ForeignFolderError: if ``db`` is no finished dataset.
    """
    held = read_info(Path(db))
    shards = held.pop("shards")
    size = sum(shard["size"] for shard in shards)
    return {**held, "shards": {"count": len(shards), "bytes": size}}


def stats(db: Path | str) -> dict[str, Any]:
    """Return counts by split, type, shape and colour, size and angle histograms, text coverage.

    Raises:
        ForeignFolderError: if ``db`` is no finished dataset.
    """
    held = SealDB(db)
    rows = held.index.drop_columns(["crc32", "sha256"]).to_pylist()
    flat = [
        {**{key: row[key][k] for key in _SEAL_KEYS}, "split": row["split"]}
        for row in rows
        for k in range(len(row["types"]))
    ]
    return {
        "samples": len(rows),
        "seals": len(flat),
        "splits": _splits(rows),
        "types": _count(seal["types"] for seal in flat),
        "shapes": _count(seal["shapes"] for seal in flat),
        "colours": _count(seal["colours"] for seal in flat),
        "seals_per_sample": _count(len(row["types"]) for row in rows),
        "overlapping_samples": sum(row["overlaps"] > 0 for row in rows),
        "cross_page_seals": sum(bool(seal["groups"]) for seal in flat),
        "negatives": sum(row["negatives"] for row in rows),
        "captures": _count(row["capture"] for row in rows),
        "page_types": _count(row["page_type"] for row in rows),
        "page_kinds": _count(row["page_kind"] for row in rows),
        "widths_mm": _histogram([seal["widths_mm"] for seal in flat], _WIDTH_BIN_MM),
        "angles_deg": _histogram([seal["angles_deg"] for seal in flat], _ANGLE_BIN_DEG),
        "owners": len({seal["owners"] for seal in flat if seal["owners"]}),
        "texts": _texts(flat),
        "page_text": _page_text(rows),
        "realisation": _realisation(held.info, rows),
        "real_images": held.info.get("real", {}).get("images", 0),
    }


_SEAL_KEYS = ("types", "shapes", "colours", "widths_mm", "angles_deg", "owners", "texts", "groups")


def _realisation(info: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what became of the samples in the gate and the medians of its scores, or None."""
    counts = info["counts"].get("realisation")
    if counts is None:
        return None
    names = record_schema()["$defs"]["realisation"]["properties"]["gate_scores"]["required"]
    judged = {
        name: [row["gate_scores"][k] for row in rows if row["gate_scores"][k] >= 0]
        for k, name in enumerate(names)
    }
    medians = {name: median(values) if values else None for name, values in judged.items()}
    return {**counts, "median_scores": medians}


def _splits(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    table = {split: {"samples": 0, "seals": 0, "seal_free": 0} for split in SPLITS}
    for row in rows:
        held = table[row["split"]]
        held["samples"] += 1
        held["seals"] += len(row["types"])
        held["seal_free"] += not row["types"]
    return table


def _count(values: Iterable[Any]) -> dict[str, int]:
    """Return value -> count, the most frequent first."""
    counts = Counter(values)
    return {str(v): n for v, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def _histogram(values: Sequence[float], width: int) -> dict[str, int]:
    """Return "low..high" -> count of the values in bins of ``width``, in order."""
    bins = Counter(int(value // width) for value in values)
    return {f"{k * width}..{(k + 1) * width}": bins[k] for k in sorted(bins)}


def _texts(seals: Sequence[dict[str, Any]]) -> dict[str, int]:
    lines = [line for seal in seals for line in seal["texts"].split("\n") if line]
    characters = Counter("".join(lines))
    return {
        "lines": len(lines),
        "different_lines": len(set(lines)),
        "characters": sum(characters.values()),
        "different_characters": len(characters),
    }


def _page_text(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    total = sum(row["page_chars"] for row in rows)
    inked = sum(row["page_chars_inked"] for row in rows)
    unreadable = sum(row["page_chars_unreadable"] for row in rows)
    share = round(inked / total, 4) if total else None
    return {"chars": total, "inked": inked, "unreadable": unreadable, "inked_share": share}
