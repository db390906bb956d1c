"""A program that makes a tiny dataset: what the fault tests start, kill and start again.

Usage: python -m tests.support.run_tiny OUT COUNT SEED WORKERS [key=value ...]
with delay (seconds a sample), file_limit (bytes) and user (number to become before writing).
"""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from seal2real.sealdb.errors import SealDbError
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.synthesis.sample import Sample
from tests.support.tiny_samples import TinyFactory


@dataclass(frozen=True)
class SlowFactory:
    """TinyFactory with a pause before every sample, so that a kill lands inside the work."""

    recipe: Recipe
    delay: float

    def __call__(self, index: int) -> Sample:
        """Return sample ``index`` after the pause."""
        time.sleep(self.delay)
        return TinyFactory(self.recipe)(index)


def main(out: str, count: str, seed: str, workers: str, *options: str) -> int:
    """Make the dataset; return 2 for an error that a user can mend."""
    given = dict(option.split("=") for option in options)
    recipe = Recipe(count=int(count), seed=int(seed))
    if "file_limit" in given:
        limit = int(given["file_limit"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if "user" in given and os.getuid() == 0:
        os.setuid(int(given["user"]))
    print("ready", flush=True)
    try:
        factory = SlowFactory(recipe, float(given.get("delay", 0)))
        report = run_shards(recipe, factory, Path(out), workers=int(workers))
    except SealDbError as error:
        print(error, file=sys.stderr)
        return 2
    print(report.summary())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
