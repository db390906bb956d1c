"""Can drawn seals be told from photographed ones? A two-sample test and statistics.

Every source is harmonised first, so that only ink and paper tell them apart: 6 px of border removed,
shrunk to the same pixels per seal diameter, the same blur and JPEG, then patches of 64 px with ink
and little print from the square that holds the seal. A linear probe on features of the PP-OCRv4 text
detector (which never saw this project's training) and a small CNN learn real against not; folds are
by company, what is fitted to real images is fitted without the fold. AUC is over images (mean of
their patches), its interval from a bootstrap clustered by company.

    python -m benchmarks.realism --real DIR            # rows that need no training
    python -m benchmarks.realism --real DIR --realised forger=forger:A.onnx,B.onnx,C.onnx,D.onnx,E.onnx
    python -m benchmarks.realism --real DIR --crops CROPS --folds OUT    # to train without a fold

DIR has seals/labels.csv (file, company, ellipse "cx cy a b angle"). A realised source is
NAME=METHOD[/crop]:WEIGHTS, one network for all folds or one for each, in the order of the folds;
it realises the very seals that the row with fitted capture shows, so that the difference of two
AUCs is paired. A further source is a folder of images with crops.jsonl (center, diameter_px) as
`seal2real crops` writes it.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.common import commit, machine
from benchmarks.seal_statistics import Distances, difference_rows, distances
from benchmarks.two_sample import (
    FOLDS,
    KNOWN,
    Detector,
    Rgb,
    Seal,
    auc_rows,
    compare,
    cut_patches,
    difference_row,
    folds_of,
    harmonised,
)
from seal2real.realise.methods import open_realiser, traditional, weights_sha256
from seal2real.realise.run import Realisation, Realiser
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.profile import fit_profile
from seal2real.synthesis.sample import Sample

FITTED = "traditional, fitted capture"
# Drawn seals lie as those of the photographs do: over Chinese print and tables, any way round.
SCENE = {
    "cross_page": 0.0,
    "seal_free": 0.0,
    "any_angle": 1.0,
    "language": "zh",
    "rules": ["text", "table"],
}


def real_seals(real: Path) -> list[Seal]:
    """Return the labelled photographs without overlays, by company."""
    out = []
    with (real / "seals" / "labels.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["subset"] != "clean":
                continue
            image = np.asarray(Image.open(real / "seals" / row["file"]).convert("RGB"))
            x, y, a, b = (float(v) for v in row["ellipse"].split()[:4])
            out += _seal(row["company"].rstrip("?"), image, (x, y), a + b, row["file"])
    return out


def listed_seals(folder: Path) -> list[Seal]:
    """Return the seals of a folder with crops.jsonl; each source is a group."""
    out = []
    for line in (folder / "crops.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        image = np.asarray(Image.open(folder / row["file"]).convert("RGB"))
        x, y = row["center"]
        out += _seal(str(row["source"]), image, (x, y), float(row["diameter_px"]), row["file"])
    return out


@dataclass(frozen=True)
class Drawing:
    """A drawn round seal, and where it lies."""

    name: str
    sample: Sample
    centre: tuple[float, float]
    diameter: float


def drawings(count: int, seed: int, profile: Path | None) -> list[Drawing]:
    """Return drawn round seals of the photographs' design and scale."""
    recipe = Recipe(
        10**6, seed, size="320", dpi=160.0, presets=("limited_use",), options=SCENE,
        profile=None if profile is None else str(profile),
    )  # fmt: skip
    factory, index = SampleFactory(recipe), 0
    out: list[Drawing] = []
    while len(out) < count:
        sample, index = factory(index), index + 1
        seals = sample.record["seals"]
        if len(seals) != 1:
            continue
        outline = np.array(seals[0]["outline"])
        x, y = (outline.min(axis=0) + outline.max(axis=0)) / 2
        diameter = float(np.ptp(outline, axis=0).mean())
        out.append(Drawing(f"drawn {seed} {index}", sample, (x, y), diameter))
    return out


def realised_seals(drawn: Sequence[Drawing], realiser: Realiser, seed: int) -> list[Seal]:
    """Return drawings as a realiser shows them, each its own group."""
    out = []
    for d in drawn:
        image = realiser(d.sample, Rng(seed, "realism", d.name))
        out += _seal(d.name, image, d.centre, d.diameter, d.name)
    return out


def _seal(
    group: str, image: Rgb, centre: tuple[float, float], diameter: float, name: str
) -> list[Seal]:
    small, moved = harmonised(image, centre, diameter)
    patches = cut_patches(small, moved, Rng(0, "realism", name))
    return [] if patches is None else [Seal(group, patches)]


def write_folds(
    real: Path, seals: Sequence[Seal], seed: int, out: Path, crops: Path | None = None
) -> list[Path]:
    """Write what may be learned from without each fold; return the profiles fitted to it.

    ``out/fold0`` .. ``fold4`` hold ``images`` without overlays, ``profile.toml`` and, with
    ``crops``, those of the other companies in ``crops`` with ``groups.csv`` beside: ``data.real``
    and ``data.groups`` of a training without the fold.
    """
    place = dict(zip((seal.group for seal in seals), folds_of(seals, seed), strict=True))
    with (real / "seals" / "labels.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    profiles = []
    for fold in range(FOLDS):
        kept = [row for row in rows if place.get(row["company"].rstrip("?"), -1) != fold]
        folder = out / f"fold{fold}"
        for row in kept:
            if row["subset"] == "clean":
                _link(real / "seals" / row["file"], folder / "images" / row["file"])
        if crops is not None:
            companies = {Path(row["tile"]).name: row["company"].rstrip("?") for row in kept}
            _write_crops(crops, companies, folder)
        profiles.append(folder / "profile.toml")
        if not profiles[-1].exists():
            fit_profile(folder / "images").save(profiles[-1])
    return profiles


def _write_crops(crops: Path, companies: Mapping[str, str], folder: Path) -> None:
    """Link the crops whose source is in ``companies`` (file -> company) into ``folder/crops``."""
    listing, groups = [], ["file,source"]
    for line in (crops / "crops.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["source"] not in companies:
            continue
        listing.append(line)
        groups.append(f"{row['file']},{companies[row['source']]}")
        for name in (row["file"], row["file"].replace(".png", ".ignore.png")):
            if (crops / name).exists():
                _link(crops / name, folder / "crops" / name)
    if (crops / "exclude.txt").exists():
        _link(crops / "exclude.txt", folder / "crops" / "exclude.txt")
    (folder / "crops" / "crops.jsonl").write_text("\n".join(listing) + "\n", encoding="utf-8")
    (folder / "groups.csv").write_text("\n".join(groups) + "\n", encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.symlink_to(source.resolve())


def open_realised(given: str, base: str) -> tuple[str, list[Realiser]]:
    """Return name and realisers of a --realised."""
    name, _, rest = given.partition("=")
    method, _, files = rest.partition(":")
    method, _, scope = method.partition("/")
    weights = [Path(word) for word in files.split(",")]
    settings = {"base": base} if method.startswith("diffusion") else {}
    opened = []
    for path in weights:
        realisation = Realisation(
            method, weights_sha256(path), scope or "support", settings=settings
        )
        opened.append(open_realiser(realisation, path))
    return name, opened


def main() -> None:
    """Read the command line, measure, print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, required=True, help="folder with seals/labels.csv")
    parser.add_argument(
        "--source", action="append", default=[], help="NAME=FOLDER with crops.jsonl"
    )
    parser.add_argument("--realised", action="append", default=[], help="NAME=METHOD:WEIGHTS,...")
    parser.add_argument("--base", default="tiny", help="base of the priors in --realised")
    parser.add_argument("--folds", type=Path, help="where to keep what is fitted without each fold")
    parser.add_argument("--crops", type=Path, help="what `seal2real crops` made of the tiles")
    parser.add_argument("--count", type=int, default=250, help="drawn seals a fold, 80 to learn")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.count <= KNOWN:
        parser.error(f"--count {args.count} leaves none to ask about: take more than {KNOWN}")
    real = real_seals(args.real)
    print(json.dumps({"commit": commit(), "real": len(real), "seed": args.seed, **machine()}))
    with tempfile.TemporaryDirectory() as work:
        folds = args.folds or Path(work)
        profiles = write_folds(args.real, real, args.seed, folds, args.crops)
        sources = {
            name: [
                realised_seals(part, reals[k % len(reals)], args.seed) for k, part in enumerate(d)
            ]
            for name, d, reals in _planned(args, profiles)
        }
    for given in args.source:
        name, _, folder = given.partition("=")
        sources[name] = [listed_seals(Path(folder))]
    _report(real, sources, args.seed)


def _planned(
    args: argparse.Namespace, profiles: Sequence[Path]
) -> Iterator[tuple[str, list[list[Drawing]], list[Realiser]]]:
    """Yield every source that is drawn: name, drawings of each fold, realisers."""
    fitted = [drawings(args.count, 100 + k, profile) for k, profile in enumerate(profiles)]
    plain = [drawings(args.count, 100 + k, None) for k in range(FOLDS)]
    yield "traditional", plain, [traditional]
    yield FITTED, fitted, [traditional]
    for given in args.realised:
        name, realisers = open_realised(given, args.base)
        yield name, fitted, realisers


def _report(real: list[Seal], sources: Mapping[str, list[list[Seal]]], seed: int) -> None:
    """Print the rows of every source, and of real against real."""
    features = Detector()
    real_features = features(real)
    results: dict[str, dict[str, Any]] = {}
    lengths: dict[str, Distances] = {}
    for name, others in sources.items():
        theirs = [features(part) for part in others]
        result = results[name] = compare(real, others, real_features, theirs, seed)
        for row in auc_rows(name, result):
            _print(row)
        everything = [seal for part in others for seal in part]
        lengths[name] = distances(real, everything, real_features, np.concatenate(theirs))
        _print(lengths[name].row(name))
        for than in ("traditional", FITTED):
            if name not in ("traditional", FITTED) and len(others) == FOLDS:
                for row in difference_row(name, result, than, results[than]):
                    _print(row)
                for row in difference_rows(name, lengths[name], than, lengths[than]):
                    _print(row)
    for split in range(3):
        halves = _halves(real, split)
        result = compare(halves[0], [halves[1]], features(halves[0]), [features(halves[1])], seed)
        for row in auc_rows(f"real against real, split {split}", result):
            _print(row)


def _print(row: Mapping[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False), flush=True)


def _halves(real: Sequence[Seal], split: int) -> tuple[list[Seal], list[Seal]]:
    """Return two halves of the companies."""
    names = Rng(split, "halves").shuffled(sorted({seal.group for seal in real}))
    first = set(names[: len(names) // 2])
    return [s for s in real if s.group in first], [s for s in real if s.group not in first]


if __name__ == "__main__":
    main()
