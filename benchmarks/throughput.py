"""How fast Seal2Real draws, presses and writes, against the strongest public libraries.

    python -m benchmarks.throughput            all rows, a few minutes
    python -m benchmarks.throughput --quick    a second or two a row, for tests

One core, new texts in every seal, both sides in the same run and in turn. Each row names effects
and files, which are the same on both sides. Results: a JSON line a measurement with hardware,
versions and commit in benchmarks/results/, and the table on the terminal.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import ours, system
from benchmarks.common import ROOT, Timing, measure, pinned, row_line, table
from benchmarks.scene import sample_scene
from seal2real.sealdb.recipe import Recipe

__all__ = ["main"]

RESULTS = ROOT / "benchmarks" / "results" / "throughput.jsonl"
# Seals a call: 4 write 5 MB, which the last cache holds. 16 would write 20 MB and measure how fast pages
# come from memory, not drawing; a rival makes a seal a call.
BATCH = 4


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    # what both sides do, and what they return
    effects: str
    files: str
    ours: Callable[[], object]
    # seals or samples that one call makes
    per_call: int = 1
    rival: Callable[[], object] | None = None
    must: str = ""
    aim: str = ""


def peer() -> tuple[ModuleType | None, str]:
    """Return the rivals' module, or None and why it cannot be imported."""
    try:
        return importlib.import_module("benchmarks.peers.skia_opencv"), ""
    except ImportError as error:
        return None, f"missing: {error.name}"


def peer_rows(rng: random.Random, rival: ModuleType | None) -> list[Row]:
    """Return the rows that public libraries can do too."""

    def other(name: str) -> Callable[[], object] | None:
        return None if rival is None else lambda: getattr(rival, name)(sample_scene(rng))

    effects = "texts, layout, uneven pressure, grain, soft edge, homography, multiply"
    return [
        Row(
            "512² seal, RGBA + classes",
            "texts, layout, drawing",
            "none (arrays)",
            ours.seal_batches(rng, BATCH),
            BATCH,
            other("seal"),
            "15x",
            "20x, 10 000/s",
        ),
        Row(
            "labelled 512² sample",
            effects,
            "JPEG q90 4:2:0, class PNG",
            lambda: ours.crop(sample_scene(rng)),
            rival=other("crop"),
            must="5x",
            aim="7x, 900/s",
        ),
        Row(
            "labelled 1024x1448 page",
            effects + "; the page is constant",
            "JPEG q90 4:2:0, class PNG",
            lambda: ours.pages(sample_scene(rng)),
            rival=other("pages"),
            must="3x",
            aim="9x",
        ),
    ]


def tensor_rows(rng: random.Random, rival: ModuleType | None) -> list[Row]:
    """Return the row that ends in a training loop; needs torch."""
    effects = "texts, layout, uneven pressure, grain, soft edge, homography, multiply"
    try:
        import torch
    except ImportError:
        print("tensors to a training loop: torch is missing, row left out", file=sys.stderr)
        return []
    torch.set_num_threads(1)
    return [
        Row(
            "512² tensors to a training loop",
            effects,
            "none (uint8 image and class tensors)",
            ours.tensors(rng, BATCH),
            BATCH,
            None if rival is None else lambda: rival.tensors(sample_scene(rng)),
            "2 500/s",
            "3 500/s",
        )
    ]


def preset_rows() -> list[Row]:
    """Return the rows with default presets, every effect and every member."""
    effects = "default presets, placement, all ink effects, capture, hard negatives"
    files = "2 JPEG q90, 3 PNG, JSON record"
    sizes = {"512² sample": "512", "200 dpi A4 page": "page"}
    return [
        Row(f"default {name}", effects, files, system.members(Recipe(count=10_000, size=size)))
        for name, size in sizes.items()
    ]


def timed(row: Row, seconds: float) -> dict[str, Any]:
    """Measure one row; return its JSON fields."""
    jobs = {"ours": row.ours}
    if row.rival is not None:
        jobs["rival"] = row.rival
    timings = measure(jobs, seconds)
    found: dict[str, Any] = {
        "work": row.work,
        "effects": row.effects,
        "files": row.files,
        "must": row.must,
        "aim": row.aim,
        "ours": _side(timings["ours"], row.per_call),
    }
    if "rival" in timings:
        found["rival"] = _side(timings["rival"], 1)
        found["ratio"] = found["rival"]["median_s"] / found["ours"]["median_s"]
    return found


def _side(timing: Timing, per_call: int) -> dict[str, float]:
    return {
        "per_second": per_call * timing.rate,
        "median_s": timing.median / per_call,
        "p20_s": timing.p20 / per_call,
        "p80_s": timing.p80 / per_call,
        "wall_over_cpu": timing.wall_over_cpu,
    }


def system_lines(quick: bool) -> list[dict[str, Any]]:
    """Measure what is no single job: the command, workers, memory, growth."""
    # start-up, about two seconds, is part of the command: enough samples that it does not decide
    count = 20 if quick else 1000
    lines = []
    for size in ("512",) if quick else ("512", "page"):
        cost = system.end_to_end(count if size == "512" else count // 5, size)
        ratio = cost["in_process"] / cost["command"]
        lines.append(_line(f"seal2real synth, {size}", ratio, "over in-process", "0.8", "0.95"))
    if not quick:
        # a second of start-up, index and gallery is not shared out: measured at a dataset's scale
        wall = system.two_over_one(3 * count)
        lines.append(_line("2 processes over 1", wall["1"] / wall["2"], "x (wall)", "1.9", ""))
    memory = system.peak_memory_mb(2 if quick else 20)
    lines.append(_line("peak memory, 300 dpi pages", memory, "MB", "400 at most", ""))
    jobs = system.growth(200)
    cost_of = measure(jobs, 0.4 if quick else 4.0, blocks=3 if quick else 9)
    ratio = cost_of["100000"].median / cost_of["1000"].median
    lines.append(_line("a sample of 1e5 over one of 1e3", ratio, "x the cost", "about 1", ""))
    return lines


def _line(work: str, value: float, unit: str, must: str, aim: str) -> dict[str, Any]:
    return {"work": work, "value": value, "unit": unit, "must": must, "aim": aim}


def _cells(found: dict[str, Any], missing: str) -> list[str]:
    """Return the table's cells of one measurement."""
    if "value" in found:
        result = f"{found['value']:.2f} {found['unit']}"
        return [found["work"], result, "", "", found["must"], found["aim"]]
    rival = f"{found['rival']['per_second']:.0f}/s" if "rival" in found else missing
    ratio = f"{found['ratio']:.1f}x" if "ratio" in found else ""
    rate = f"{found['ours']['per_second']:.0f}/s"
    return [found["work"], rate, rival, ratio, found["must"], found["aim"]]


def run(quick: bool, only: str = "") -> tuple[list[dict[str, Any]], str]:
    """Measure everything; return the lines and the table."""
    rng = random.Random(7)
    rival, missing = peer()
    with pinned():
        ours.warm()
        if rival is not None:
            rival.warm()
        rows = [*peer_rows(rng, rival), *tensor_rows(rng, rival)]
        found = [timed(row, 0.3 if quick else 4.0) for row in rows if only in row.work]
        found += [timed(row, 0.3 if quick else 6.0) for row in preset_rows() if only in row.work]
    if not only:
        found += system_lines(quick)
    for line in found:
        line["rival_missing"] = missing
    header = ["work", "Seal2Real", "skia + OpenCV + simplejpeg", "ratio", "must", "aim"]
    return found, table(header, [_cells(line, missing) for line in found])


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="short and noisy, for tests")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--out", type=Path, default=RESULTS, help="JSON lines are appended here")
    options = parser.parse_args(arguments)
    found, text = run(options.quick, options.only)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("a", encoding="utf-8") as file:
        file.writelines(row_line(line) + "\n" for line in found)
    print(text)


if __name__ == "__main__":
    main()
