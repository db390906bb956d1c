"""Train what the headline rows of `benchmarks.realism` compare: a network a fold and seed.

    python -m benchmarks.train_folds --real DIR --crops CROPS --out OUT
    python -m benchmarks.realism --real DIR --realised …    # as its last lines say

Every run is the command a user would type; a finished one is skipped, a broken one goes on. The
prior is trained once a fold, forger and GAN once a fold and seed, all without the fold's
companies. The last lines give the options of each stage.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.realism import real_seals, write_folds
from benchmarks.two_sample import FOLDS

__all__ = ["commands", "main"]

SETTINGS = (
    "loop.precision=bf16",
    "data.size=128",
    'data.presets=["limited_use"]',
    "data.any_angle=1.0",
    "data.language=zh",
    'data.rules=["text","table"]',
)
# What the smaller crops leave room for, a stage.
STAGES = {
    "prior": (
        "prior.batch=8",
        "prior.steps=450",
        "prior.real_views=1200",
        "prior.drawn_views=1200",
    ),
    # Four updates of the forger for one of eq. 6, towards 0.7 of the photographs' moments: with all of
    # it forgers learn their own photographs and gain less on others.
    "forger": (
        "forger.batch=8",
        "forger.steps=500",
        "forger.round_forger_steps=4",
        "forger.optimizer.lr=1e-3",
        "forger.moments_weight=4",
        "forger.moments_share=0.7",
        "forger.moments_windows=1000",
        # photographs of a fold are few, and no evaluation of it is read
        "data.folds=20",
    ),
    "gan": (
        "gan.batch=8",
        "gan.steps=400",
        "gan.ema_decay=0.98",
        "gan.optimizer.lr=5e-4",
        "gan.critic_optimizer.lr=5e-4",
        # photographs of a fold are few, and no evaluation of it is read
        "data.folds=20",
    ),
}
# What a stage leaves that a realiser takes.
RESULTS = {"forger": "forger.onnx", "gan": "gan.onnx"}


def commands(
    out: Path, seeds: int, more: dict[str, list[str]]
) -> Iterator[tuple[str, Path, list[str]]]:
    """Yield stage, folder and the words of `seal2real-train` for every run, in order.

    Args:
        out: holds ``fold0`` .. as `benchmarks.realism.write_folds` leaves them.
        seeds: of forger and GAN.
        more: stage -> further settings.
    """
    for fold in range(FOLDS):
        folder = out / f"fold{fold}"
        data = [
            f"data.real={folder / 'crops'}",
            f"data.groups={folder / 'groups.csv'}",
            f"data.profile={folder / 'profile.toml'}",
            *SETTINGS,
        ]
        prior = folder / "prior"
        yield "prior", prior, [*data, *STAGES["prior"], *more.get("prior", [])]
        learned = f"forger.prior={prior / 'weights'}"
        for seed in range(seeds):
            own = [*data, f"loop.seed={seed}"]
            yield (
                "forger",
                _run(out, fold, "forger", seed),
                [*own, learned, *STAGES["forger"], *more.get("forger", [])],
            )
            settings = [*own, *STAGES["gan"], *more.get("gan", [])]
            yield "gan", _run(out, fold, "gan", seed), settings


def _run(out: Path, fold: int, stage: str, seed: int) -> Path:
    return out / f"fold{fold}" / f"{stage}-seed{seed}"


def realised(out: Path, stage: str, seeds: int) -> str:
    """Return the --realised option of a stage: its networks of every fold, seed after seed."""
    files = (
        ",".join(
            str(_run(out, fold, stage, seed) / "weights" / RESULTS[stage]) for fold in range(FOLDS)
        )
        for seed in range(seeds)
    )
    return f"--realised '{stage}={stage}:{';'.join(files)}'"


def main() -> None:
    """Read the command line, train what is missing, print how to compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, required=True, help="folder with seals/labels.csv")
    parser.add_argument("--crops", type=Path, required=True, help="`seal2real crops` of its tiles")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--stage", action="append", choices=STAGES, help="only these")
    for stage in STAGES:
        parser.add_argument(f"--{stage}-set", action="append", default=[], metavar="A.B=C")
    args = parser.parse_args()
    write_folds(args.real, real_seals(args.real), 0, args.out, args.crops)
    more = {stage: getattr(args, f"{stage}_set") for stage in STAGES}
    for stage, folder, settings in commands(args.out, args.seeds, more):
        if args.stage and stage not in args.stage:
            continue
        words = [word for setting in settings for word in ("--set", setting)]
        train = [sys.executable, "-m", "seal2real.cli.train", stage, str(folder), *words]
        subprocess.run(train, check=True)
    for stage in [name for name in RESULTS if not args.stage or name in args.stage]:
        print(realised(args.out, stage, args.seeds), f"--repeats {args.seeds}")


if __name__ == "__main__":
    main()
