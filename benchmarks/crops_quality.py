"""How well are seals found in photographs, and how often is there none where one is found?

The photographs are the user's: a folder with seals/labels.csv (columns tile, tile_offset_xy, ellipse
"cx cy a b angle" in px of the crop, colour), the tiles it names with NAME_overlaymask.png beside
NAME_tile.png, and clean/ with seal-free pages. What masks mark is painted over before the search.

    python -m benchmarks.crops_quality --real DIR

Prints a JSON line an image, then one a group; `--drawn N` adds N drawn windows.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.common import commit, machine
from seal2real.crops.fill import fill_ignored, grow
from seal2real.crops.find import FoundSeal, find_seals
from seal2real.crops.segment import WEIGHTS, open_segmenter
from seal2real.pages.decode import read_image
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory

# A find counts if its centre and its diameter are this near, in diameters.
_CENTRE, _DIAMETER = 0.10, 0.15
# Diameters of a photograph's seal from 100 px on are asked for; drawn ones too.
_SEAL_FREE = (".jpg", ".png")

Row = dict[str, Any]


def match(found: Sequence[FoundSeal], truth: dict[str, float]) -> tuple[FoundSeal | None, Row]:
    """Return the find nearest to a seal (x, y, diameter), and how far off it is in diameters."""
    best: FoundSeal | None = None
    for seal in found:
        away = math.hypot(seal.x - truth["x"], seal.y - truth["y"])
        if best is None or away < math.hypot(best.x - truth["x"], best.y - truth["y"]):
            best = seal
    if best is None:
        return None, {}
    error = {
        "centre": math.hypot(best.x - truth["x"], best.y - truth["y"]) / truth["diameter"],
        "diameter": best.diameter_px / truth["diameter"] - 1.0,
    }
    hit = error["centre"] <= _CENTRE and abs(error["diameter"]) <= _DIAMETER
    return (best if hit else None), error


def photographs(real: Path, session: Any, min_score: float) -> Iterator[Row]:
    """Yield a row a photograph with a labelled seal."""
    folder = real / "seals"
    with (folder / "labels.csv").open(encoding="utf-8-sig", newline="") as stream:
        labels = list(csv.DictReader(stream))
    for label in labels:
        path = folder / label["tile"]
        image = np.asarray(Image.open(path).convert("RGB"))
        mask = path.with_name(path.name.replace("_tile", "_overlaymask"))
        ignored = np.asarray(Image.open(mask).convert("L")) >= 128
        begun = time.perf_counter()
        found = find_seals(session, fill_ignored(image, grow(ignored, 2)), min_score=min_score)
        seconds = time.perf_counter() - begun
        x, y, a = (float(v) for v in label["ellipse"].split()[:3])
        left, top = (float(v) for v in label["tile_offset_xy"].split())
        hit, error = match(found, {"x": x + left, "y": y + top, "diameter": 2 * a})
        yield {
            "set": "photographs",
            "file": path.name,
            "colour": label["colour"],
            "hit": hit is not None,
            "error": {name: round(value, 4) for name, value in error.items()},
            "found_colour": hit.colour if hit else None,
            "score": round(hit.score, 3) if hit else None,
            "others": len(found) - (hit is not None),
            "more_seals": label["second_seal_in_tile"] == "1",
            "seconds": round(seconds, 3),
        }


def seal_free(real: Path, session: Any, min_score: float) -> Iterator[Row]:
    """Yield a row a page without seals."""
    for path in sorted((real / "clean").iterdir()):
        if path.suffix in _SEAL_FREE:
            image = read_image(path)
            begun = time.perf_counter()
            found = find_seals(session, image, min_score=min_score)
            yield {
                "set": "seal-free",
                "file": path.name,
                "others": len(found),
                "scores": [round(seal.score, 3) for seal in found],
                "seconds": round(time.perf_counter() - begun, 3),
            }


def drawn(count: int, session: Any, min_score: float) -> Iterator[Row]:
    """Yield a row a drawn window of 512 px at 150 dpi with one seal that is wholly in it."""
    recipe = Recipe(10**6, 987_654_321, size="512", dpi=150.0, options={"cross_page": 0.0})
    factory = SampleFactory(recipe)
    index = 0
    while count:
        sample = factory(index)
        index += 1
        seals = sample.record["seals"]
        if len(seals) != 1 or _cut(seals[0], sample.synthetic.shape):
            continue
        count -= 1
        seal = seals[0]
        found = find_seals(session, sample.synthetic, min_score=min_score)
        outline = np.array(seal["outline"])
        middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
        diameter = 2 * float(np.hypot(*(outline - middle).T).max())
        hit, error = match(found, {"x": middle[0], "y": middle[1], "diameter": diameter})
        if seal["shape"] not in ("round", "ellipse", "oval"):
            # the long side, not the diagonal, is what a find of a cornered seal gives
            hit = hit or next((s for s in found if _covers(s, middle, diameter)), None)
        yield {
            "set": "drawn",
            "file": f"{index - 1}",
            "colour": seal["colour"],
            "shape": seal["shape"],
            "hit": hit is not None,
            "error": {name: round(float(value), 4) for name, value in error.items()},
            "found_colour": hit.colour if hit else None,
            "score": round(hit.score, 3) if hit else None,
            "others": len(found) - (hit is not None),
            "more_seals": False,
        }


def _cut(seal: Row, shape: tuple[int, ...]) -> bool:
    outline = np.array(seal["outline"])
    limit = np.array([shape[1], shape[0]])
    return bool((outline < 0).any() or (outline > limit).any() or np.ptp(outline[:, 0]) < 60)


def _covers(seal: FoundSeal, middle: np.ndarray, diameter: float) -> bool:
    near = math.hypot(seal.x - middle[0], seal.y - middle[1]) <= _CENTRE * diameter
    return near and abs(math.hypot(seal.diameter_px, seal.short_px) / diameter - 1) <= _DIAMETER


def summaries(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield recall and errors by set, colour and shape, and false finds."""
    for name in dict.fromkeys(row["set"] for row in rows):
        mine = [row for row in rows if row["set"] == name]
        yield {"summary": name, "images": len(mine), **_summary(mine)}
        for key in ("colour", "shape"):
            for value in sorted({row[key] for row in mine if key in row}):
                part = [row for row in mine if row.get(key) == value]
                yield {"summary": name, key: value, "images": len(part), **_summary(part)}


def _summary(rows: Sequence[Row]) -> Row:
    out: Row = {"others": sum(row["others"] for row in rows)}
    # A photograph may show part of a second seal, which is not labelled.
    out["others_where_one_seal"] = sum(r["others"] for r in rows if not r.get("more_seals", False))
    times = [row["seconds"] for row in rows if "seconds" in row]
    if times:
        out["seconds"] = round(median(times), 3)
    if "hit" not in rows[0]:
        return out
    hits = [row for row in rows if row["hit"]]
    out |= {"found": len(hits), "recall": round(len(hits) / len(rows), 4)}
    if hits:
        for name in ("centre", "diameter"):
            errors = sorted(abs(row["error"].get(name, 0.0)) for row in hits)
            out[f"{name}_median"] = round(median(errors), 4)
            out[f"{name}_p90"] = round(errors[int(0.9 * (len(errors) - 1))], 4)
        right = sum(row["found_colour"] == row["colour"] for row in hits)
        out["colour_right"] = round(right / len(hits), 4)
    return out


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="folder with seals/ and clean/")
    parser.add_argument("--drawn", type=int, default=0, help="drawn windows to add")
    parser.add_argument("--min-score", type=float, default=0.5)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    session = open_segmenter(args.weights)
    rows: list[Row] = []
    if args.real is not None:
        rows += photographs(args.real, session, args.min_score)
        rows += seal_free(args.real, session, args.min_score)
    rows += drawn(args.drawn, session, args.min_score)
    print(json.dumps({"commit": commit(), "min_score": args.min_score, **machine()}))
    for row in (*rows, *summaries(rows)):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
