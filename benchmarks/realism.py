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
`seal2real crops` writes it. --seed is of the folds.

One drawing of patches and one training of judges are chance: with --repeats N everything drawn is
judged N times with the same folds, but other patches of the photographs, other drawings and other
CNNs, and AUCs are means over the repeats. Networks of several training seeds are parted by semicolons
and judged in every repeat; "repeats" of a row counts all judgements. Statistics are those of the first
seed and repeat; folders and photographs against one another are judged once.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
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
_PLAIN = ("traditional", FITTED)
# Drawn seals lie as those of the photographs do: over Chinese print and tables, any way round.
SCENE = {
    "cross_page": 0.0,
    "seal_free": 0.0,
    "any_angle": 1.0,
    "language": "zh",
    "rules": ["text", "table"],
}


def real_seals(real: Path, repeat: int = 0) -> list[Seal]:
    """Return the labelled photographs without overlays, by company."""
    out = []
    with (real / "seals" / "labels.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["subset"] != "clean":
                continue
            image = np.asarray(Image.open(real / "seals" / row["file"]).convert("RGB"))
            x, y, a, b = (float(v) for v in row["ellipse"].split()[:4])
            out += _seal(row["company"].rstrip("?"), image, (x, y), a + b, row["file"], repeat)
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


def realised_seals(
    drawn: Sequence[Drawing], realiser: Realiser, seed: int, repeat: int = 0
) -> list[Seal]:
    """Return drawings as a realiser shows them, each its own group."""
    out = []
    for d in drawn:
        image = realiser(d.sample, Rng(seed, "realism", d.name))
        out += _seal(d.name, image, d.centre, d.diameter, d.name, repeat)
    return out


def _seal(
    group: str,
    image: Rgb,
    centre: tuple[float, float],
    diameter: float,
    name: str,
    repeat: int = 0,
) -> list[Seal]:
    small, moved = harmonised(image, centre, diameter)
    patches = cut_patches(small, moved, Rng(repeat, "realism", name))
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


def training_seeds(given: str) -> int:
    """Return how many training seeds a --realised has networks of."""
    return given.count(";") + 1


def open_realised(given: str, base: str, training: int = 0) -> tuple[str, list[Realiser]]:
    """Return name and realisers of a --realised: those of one training seed.

    Args:
        given: NAME=METHOD[/crop]:WEIGHTS.
        base: of the priors.
        training: which of its training seeds, from 0.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a seed has neither one network nor one a fold.
    """
    name, _, rest = given.partition("=")
    method, _, files = rest.partition(":")
    method, _, scope = method.partition("/")
    seeds = [part.split(",") for part in files.split(";")]
    for networks in seeds:
        if len(networks) not in (1, FOLDS):
            raise ValueError(
                f"open_realised: {name} must have 1 or {FOLDS} networks a training seed, got "
                f"{len(networks)}; part folds by commas and seeds by semicolons"
            )
    settings = {"base": base} if method.startswith("diffusion") else {}
    opened = []
    for path in map(Path, seeds[training]):
        realisation = Realisation(
            method, weights_sha256(path), scope or "support", settings=settings
        )
        opened.append(open_realiser(realisation, path))
    return name, opened


@dataclass(frozen=True)
class Judged:
    """What judges said of one source in one repeat."""

    name: str
    # of `compare`
    result: Mapping[str, Any]
    repeat: int
    # None but in the first repeat, of the first training seed
    distances: Distances | None
    # made anew for every fold, from drawings that other sources show as well
    drawn: bool


@dataclass(frozen=True)
class Job:
    """One source to be judged in one repeat; picklable."""

    args: argparse.Namespace
    profiles: tuple[Path, ...]
    # as on the command line, or one of _PLAIN
    given: str
    repeat: int
    # which training seed's networks
    training: int = 0


def judged(job: Job) -> Judged:
    """Draw, realise and judge."""
    args, repeat = job.args, job.repeat
    real, folds = placed(real_seals(args.real), real_seals(args.real, repeat), args.seed)
    name, others = _seals(job)
    features = Detector()
    mine, theirs = features(real), [features(part) for part in others]
    result = compare(real, folds, others, mine, theirs, seed=args.seed, repeat=repeat)
    found = None
    if not repeat and not job.training:
        everything = [seal for part in others for seal in part]
        found = distances(real, everything, mine, np.concatenate(theirs))
    return Judged(name, result, repeat, found, len(others) == FOLDS)


def placed(first: Sequence[Seal], real: Sequence[Seal], seed: int) -> tuple[list[Seal], list[int]]:
    """Return those of ``real`` whose company has a fold by ``first``, and their folds.

    Networks were trained without the folds of the first repeat. A company that had no patches there
    is in every training: later repeats may not ask about it.
    """
    place = dict(zip((seal.group for seal in first), folds_of(first, seed), strict=True))
    kept = [seal for seal in real if seal.group in place]
    return kept, [place[seal.group] for seal in kept]


def _seals(job: Job) -> tuple[str, list[list[Seal]]]:
    """Return name and seals of a job's source."""
    args, given, repeat = job.args, job.given, job.repeat
    if given in args.source:
        source, _, folder = given.partition("=")
        return source, [listed_seals(Path(folder))]
    name: str = given
    realisers: list[Realiser] = [traditional]
    if given not in _PLAIN:
        name, realisers = open_realised(given, args.base, job.training)
    others = []
    for fold, profile in enumerate(job.profiles):
        drawn = drawings(
            args.count, 100 * (repeat + 1) + fold, None if given == "traditional" else profile
        )
        others.append(realised_seals(drawn, realisers[fold % len(realisers)], args.seed, repeat))
    return name, others


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
    parser.add_argument("--repeats", type=int, default=1, help="drawings and judges to average")
    parser.add_argument("--workers", type=int, default=1, help="processes that judge")
    args = parser.parse_args()
    if args.count <= KNOWN:
        parser.error(f"--count {args.count} leaves none to ask about: take more than {KNOWN}")
    _check(parser, args)
    real = real_seals(args.real)
    print(json.dumps({"commit": commit(), "real": len(real), "seed": args.seed, **machine()}))
    with tempfile.TemporaryDirectory() as work:
        folds = args.folds or Path(work)
        profiles = tuple(write_folds(args.real, real, args.seed, folds, args.crops))
        jobs = [
            Job(args, profiles, given, repeat, training)
            for given in (*_PLAIN, *args.realised, *args.source)
            for training in range(training_seeds(given) if given in args.realised else 1)
            for repeat in range(1 if given in args.source else args.repeats)
        ]
        with ProcessPoolExecutor(
            args.workers, get_context("spawn"), initializer=_one_thread
        ) as pool:
            _report(pool.map(judged, jobs))
            for rows in pool.map(_floor, [args] * 3, range(3)):
                for row in rows:
                    _print(row)


def _check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a command line before hours are spent on it."""
    if args.repeats < 1 or args.workers < 1:
        parser.error(f"--repeats {args.repeats} --workers {args.workers}: take at least 1 of each")
    names = [*_PLAIN, *(given.partition("=")[0] for given in (*args.realised, *args.source))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        parser.error(f"{', '.join(twice)}: two sources may not have one name; choose another")
    for given in args.realised:
        try:
            for training in range(training_seeds(given)):
                open_realised(given, args.base, training)
        except (FileNotFoundError, ValueError) as error:
            parser.error(str(error))


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _report(found: Iterable[Judged]) -> None:
    """Print the rows of every source."""
    plain: dict[str, list[Judged]] = {}
    for name, group in groupby(found, key=lambda one: one.name):
        repeats = list(group)
        results, lengths = [one.result for one in repeats], repeats[0].distances
        assert lengths is not None
        for row in auc_rows(name, results):
            _print(row)
        _print(lengths.row(name))
        if name in _PLAIN:
            plain[name] = repeats
            continue
        for than in _PLAIN if repeats[0].drawn else ():
            theirs = plain[than]
            matching = [theirs[one.repeat].result for one in repeats]
            for row in difference_row(name, results, than, matching):
                _print(row)
            assert theirs[0].distances is not None
            for row in difference_rows(name, lengths, than, theirs[0].distances):
                _print(row)


def _floor(args: argparse.Namespace, split: int) -> list[dict[str, Any]]:
    """Return the rows of real against real."""
    features, halves = Detector(), _halves(real_seals(args.real), split)
    seen = [features(half) for half in halves]
    folds = folds_of(halves[0], args.seed)
    result = compare(halves[0], folds, [halves[1]], seen[0], [seen[1]], seed=args.seed)
    return list(auc_rows(f"real against real, split {split}", [result]))


def _print(row: Mapping[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False), flush=True)


def _halves(real: Sequence[Seal], split: int) -> tuple[list[Seal], list[Seal]]:
    """Return two halves of the companies."""
    names = Rng(split, "halves").shuffled(sorted({seal.group for seal in real}))
    first = set(names[: len(names) // 2])
    return [s for s in real if s.group in first], [s for s in real if s.group not in first]


if __name__ == "__main__":
    main()
