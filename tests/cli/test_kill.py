"""Kill -9 in the middle of ``synth`` and ``build``: the same command ends in the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.rng import Rng
from tests.support.forgers import write_forger
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


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A forger some of whose results fail the gate, and a folder of pictures."""
    folder = tmp_path_factory.mktemp("inputs")
    photos = folder / "photos"
    photos.mkdir()
    for k in range(24):
        noise = np.random.default_rng(k).integers(99, 255, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((400, 380)).save(photos / f"{k}.jpg")
    return write_forger(folder / "forger.onnx", 5.0, 0.25), photos


def build_command(out: Path, forger: Path, photos: Path) -> list[str]:
    """The main job; two workers, eight shards, a real part of thirty."""
    arguments = ["--count", "16", "--seed", "7", "--shard-samples", "2", "--workers", "2"]
    arguments += ["--size", "128", "--dpi", "72", "--forger", str(forger)]
    arguments += ["--real", str(photos), "--real-count", "30"]
    return [sys.executable, "-m", "seal2real", "build", str(out), *arguments]


def build(command: list[str]) -> None:
    """Run it; 3 says that samples were dropped, as this forger makes them."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr


@pytest.fixture(scope="module")
def built(
    inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float]:
    """A realised dataset made without interruption, and the seconds that took."""
    out = tmp_path_factory.mktemp("built") / "db"
    start = time.monotonic()
    build(build_command(out, *inputs))
    return out, time.monotonic() - start


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(_MOMENTS))
def test_killed_builds_resume_to_the_same_bytes(
    built: tuple[Path, float], inputs: tuple[Path, Path], tmp_path: Path, moment: int
) -> None:
    """In the real part, between attempts, in the index: wherever the moment falls."""
    reference, seconds = built
    out = tmp_path / "db"
    with subprocess.Popen(
        build_command(out, *inputs),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        time.sleep(Rng(2, "kill", moment).uniform(0.1, 1.0) * seconds)
        os.killpg(run.pid, signal.SIGKILL)
    build(build_command(out, *inputs))
    assert differing(reference, out) == []
