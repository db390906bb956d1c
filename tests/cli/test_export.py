"""``seal2real-export`` from safetensors to a file that build runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from seal2real.cli.export import main
from seal2real.models.build import save_forger
from seal2real.realise.forger import ForgerRealiser
from tests.support.forgers import random_forger


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Weights as training saves them, and their ONNX file, made by the command."""
    folder = tmp_path_factory.mktemp("export")
    save_forger(random_forger(), folder / "forger.safetensors")
    result = run("onnx", folder / "forger.safetensors", folder / "forger.onnx")
    assert result.exit_code == 0, result.output
    assert "largest difference" in result.output
    return folder / "forger.safetensors", folder / "forger.onnx"


def test_the_file_runs(files: tuple[Path, Path]) -> None:
    """As a realiser with the forger's own noise channels."""
    assert ForgerRealiser(files[1]).noise_channels == 2


def test_check_tells_same_from_other(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Exit status 0 for its own weights, 1 for another forger's."""
    assert run("check", *files).exit_code == 0
    save_forger(random_forger(seed=1), tmp_path / "other.safetensors")
    other = run("check", tmp_path / "other.safetensors", files[1])
    assert other.exit_code == 1
    assert "NOT the same" in other.output


def test_no_other_file_is_replaced(files: tuple[Path, Path]) -> None:
    """The weights themselves least of all."""
    before = files[0].read_bytes()
    result = run("onnx", files[0], files[0])
    assert result.exit_code == 2
    assert "OUT must be a file name that ends in .onnx" in result.output.replace("\n", " ")
    assert files[0].read_bytes() == before


def test_refusals(files: tuple[Path, Path], tmp_path: Path) -> None:
    """One line, exit status 2: missing files, and files that are no network."""
    assert run("onnx", tmp_path / "none.safetensors", tmp_path / "a.onnx").exit_code == 2
    result = run("check", files[0], files[0])
    assert result.exit_code == 2
    assert "must be a readable ONNX file" in result.output.replace("\n", " ")
    assert "seal2real-export onnx run/weights/forger.safetensors" in run("--help").output
