"""How many synthetic pages pass the fidelity gate unchanged, at the thresholds that are fixed.

``python -m benchmarks.gate_calibration --count 2000 --size 512`` prints a JSON line.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
import numpy as np

from benchmarks.common import row_line
from seal2real.realise.gate import GATE, SCORES, judge
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory

_OF = 100_000


def calibrate(count: int, size: str, seed: int) -> dict[str, Any]:
    """Return the share of I_f = I_s that passes, and quantiles of the scores."""
    factory = SampleFactory(Recipe(count=_OF, seed=seed, size=size))
    rng = Rng(seed, "calibrate")
    failed: Counter[str] = Counter()
    scores: dict[str, list[float]] = {name: [] for name in SCORES}
    passed = 0
    for _ in range(count):
        sample = factory(rng.integer(0, _OF))
        result = judge(sample.synthetic, sample)
        passed += result.passed
        failed.update(result.failed)
        for name, value in result.scores.items():
            if value is not None:
                scores[name].append(value)
    quantiles = {
        name: [round(float(v), 4) for v in np.quantile(values, (0.01, 0.1, 0.5, 0.9, 0.99))]
        for name, values in scores.items()
        if values
    }
    return {"passed": passed / count, "failed": dict(failed), "q01_10_50_90_99": quantiles}


@click.command()
@click.option("--count", default=2000, show_default=True)
@click.option("--size", default="512", show_default=True)
@click.option("--seed", default=6, show_default=True)
def main(count: int, size: str, seed: int) -> None:
    """Print the share of samples of the default presets that pass with I_f = I_s."""
    row = {"bench": "gate_calibration", "count": count, "size": size, "gate": GATE.to_dict()}
    click.echo(row_line({**row, **calibrate(count, size, seed)}))


if __name__ == "__main__":
    main()
