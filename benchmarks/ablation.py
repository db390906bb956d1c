"""What each part of stage 2 does: a forger a row, curves and a grid of pictures.

    python -m benchmarks.ablation --crops DIR --groups CSV --profile FILE --out OUT
    python -m benchmarks.realism --real DIR --realised …    # as its last line says

Every row is the command a user would type, one seed, on crops of 128 px; a finished row is skipped,
a broken one goes on. OUT/curves.png shows losses over steps, OUT/grid.png the drawing above what
every row makes of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.realism import drawings
from benchmarks.train_folds import SETTINGS
from seal2real.realise.forger import ForgerRealiser
from seal2real.rng import Rng

__all__ = ["ROWS", "main"]

_NO_MOMENTS = "forger.moments_weight=0"
_FIXED_PRIOR = "forger.round_forger_steps=0"
# name -> settings; the parts come in one after the other, then eq. 3's alternatives, then w.
ROWS: dict[str, tuple[str, ...]] = {
    "content": ("forger.warmup_steps=299", "forger.steps=1", _NO_MOMENTS, _FIXED_PRIOR),
    "prior": (_NO_MOMENTS, _FIXED_PRIOR),
    "adversarial": (_NO_MOMENTS,),
    "moments": (),
    "eq3": ("forger.prior_loss=eq3", _NO_MOMENTS),
    "sds": ("forger.prior_loss=sds", _NO_MOMENTS),
    "w0.003": ("forger.content_weight=0.003",),
    "w0.03": ("forger.content_weight=0.03",),
    "w0.1": ("forger.content_weight=0.1",),
}
_STEPS = 300
_CURVES = ("eq3", "eq4", "eq6", "moments")
_PICTURES = 6
_HALF_PX = 80


def settings_of(row: str) -> list[str]:
    """Return the settings of a row, those of all first."""
    return [*SETTINGS, "forger.batch=8", f"forger.steps={_STEPS}", *ROWS[row]]


def grid(files: Sequence[Path], profile: Path | None) -> Image.Image:
    """Return middles of drawings, and below them what each network makes of them."""
    drawn = drawings(_PICTURES, 0, profile)
    networks = [ForgerRealiser(file) for file in files]
    columns = []
    for d in drawn:
        images = [d.sample.synthetic]
        images += [network(d.sample, Rng(0, "ablation", d.name)) for network in networks]
        x, y = (
            min(max(round(c), _HALF_PX), side - _HALF_PX)
            for c, side in zip(d.centre, images[0].shape[1::-1], strict=True)
        )
        middle = (slice(y - _HALF_PX, y + _HALF_PX), slice(x - _HALF_PX, x + _HALF_PX))
        columns.append(np.concatenate([image[middle] for image in images]))
    return Image.fromarray(np.concatenate(columns, axis=1))


def curves(runs: dict[str, Path], file: Path) -> None:
    """Plot the losses of every run over its steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 2.6 * len(_CURVES)), layout="constrained")
    axes = figure.subplots(len(_CURVES), 1, sharex=True)
    for name, folder in runs.items():
        lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        for loss, axis in zip(_CURVES, axes, strict=True):
            points = [(row["step"], row[loss]) for row in rows if loss in row]
            if points:
                axis.plot(*zip(*points, strict=True), label=name)
    for loss, axis in zip(_CURVES, axes, strict=True):
        axis.set_ylabel(loss)
        if axis.lines:
            axis.legend(fontsize=7, ncols=3)
    axes[-1].set_xlabel("step")
    figure.savefig(file, dpi=90)


def main() -> None:
    """Read the command line, train what is missing, draw curves and grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--crops", type=Path, required=True, help="`seal2real crops` of photographs"
    )
    parser.add_argument("--groups", type=Path, required=True, help="CSV of file and company")
    parser.add_argument("--profile", type=Path, required=True, help="`seal2real fit` of the same")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--row", action="append", choices=ROWS, help="only these")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="for all rows")
    args = parser.parse_args()
    data = [f"data.real={args.crops}", f"data.groups={args.groups}", f"data.profile={args.profile}"]
    runs = {row: args.out / row for row in args.row or ROWS}
    for row, folder in runs.items():
        words = [word for part in (*data, *settings_of(row), *args.set) for word in ("--set", part)]
        train = [sys.executable, "-m", "seal2real.cli.train", "forger", str(folder), *words]
        subprocess.run(train, check=True)
    files = {row: folder / "weights" / "forger.onnx" for row, folder in runs.items()}
    grid(list(files.values()), args.profile).save(args.out / "grid.png")
    curves(runs, args.out / "curves.png")
    print(*(f"--realised '{row}=forger:{file}'" for row, file in files.items()))


if __name__ == "__main__":
    main()
