"""``seal2real fit`` as a user types it: what it writes, and what it never replaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from seal2real.cli import main
from seal2real.synthesis.profile import Profile


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["fit", *(str(argument) for argument in arguments)])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures of paper."""
    (tmp_path / "photos").mkdir()
    for seed in range(2):
        noise = np.random.default_rng(seed).normal(200.0, 3.0, (96, 96, 3))
        Image.fromarray(noise.astype(np.uint8)).save(tmp_path / f"photos/{seed}.png")
    return tmp_path / "photos"


def test_a_profile_is_written_and_written_again(photos: Path, tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    for _ in range(2):
        result = run(photos, profile)
        assert result.exit_code == 0, result.output
        assert "fitted to 2 images" in result.output
        assert Profile.load(profile).image_count == 2


@pytest.mark.parametrize("name", ["notes.txt", "photos/0.png", "train.toml"])
def test_other_files_are_not_replaced(photos: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if not path.exists():
        path.write_text("[prior]\nsteps = 3\n")
    before = path.read_bytes()
    result = run(photos, path)
    assert result.exit_code == 2
    assert "PROFILE must be" in result.output and "name" in result.output
    assert path.read_bytes() == before
