"""Kill -9 in the middle of ``seal2real synth``: the same command finishes with the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seal2real.rng import Rng
from tests.support.trees import differing

_MOMENTS = 10


def command(out: Path) -> list[str]:
    """The command under test; two workers, eight shards."""
    arguments = [str(out), "--count", "16", "--seed", "4", "--shard-samples", "2", "--workers", "2"]
    return [sys.executable, "-m", "seal2real", "synth", *arguments]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A dataset made without interruption, and the seconds that took."""
    out = tmp_path_factory.mktemp("whole") / "db"
    start = time.monotonic()
    subprocess.run(command(out), check=True, capture_output=True)
    return out, time.monotonic() - start


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(_MOMENTS))
def test_killed_runs_resume_to_the_same_bytes(
    uninterrupted: tuple[Path, float], tmp_path: Path, moment: int
) -> None:
    """Moments are drawn over the whole run; killed once, then finished by the same command."""
    reference, seconds = uninterrupted
    out = tmp_path / "db"
    with subprocess.Popen(
        command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as run:
        time.sleep(Rng(1, "kill", moment).uniform(0.2, 1.0) * seconds)
        os.killpg(run.pid, signal.SIGKILL)
    subprocess.run(command(out), check=True, capture_output=True)
    assert differing(reference, out) == []
