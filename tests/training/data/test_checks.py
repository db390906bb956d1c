"""What no trainer may see: marked datasets; and the hash of what it does see."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from seal2real.sealdb.provenance import CAPTURED, Provenance, embed
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.synthesis.generate import SampleFactory
from seal2real.training.data.checks import check_real, images_hash, refuse_made, refuse_marked
from seal2real.training.data.real_files import list_real


def database(folder: Path, *, marked: bool) -> Path:
    """A dataset of one sample by the real generator."""
    recipe = Recipe(count=1, seed=1, size="128", dpi=60.0, visible_mark=marked)
    run_shards(recipe, SampleFactory(recipe), folder, progress=False)
    return folder


def test_marked_sets_are_refused(tmp_path: Path) -> None:
    """The dataset itself and a folder of images inside it; an unmarked one passes."""
    marked = database(tmp_path / "marked", marked=True)
    inside = marked / "real" / "pictures"
    inside.mkdir(parents=True)
    for folder in (marked, inside):
        with pytest.raises(
            ValueError, match="must not carry the visible mark, got .*--visible-mark"
        ):
            refuse_marked(folder)
    refuse_marked(database(tmp_path / "plain", marked=False))
    refuse_marked(tmp_path)


def images(folder: Path, count: int = 3) -> Path:
    folder.mkdir()
    for k in range(count):
        Image.new("RGB", (100, 90), (k, 0, 0)).save(folder / f"{k}.png")
    return folder


def test_captured_images_pass(tmp_path: Path) -> None:
    """The real part of a dataset says "digital capture": that is what it is."""
    folder = images(tmp_path / "a")
    file = folder / "1.png"
    file.write_bytes(embed(file.read_bytes(), Provenance("0" * 16, CAPTURED)))
    found = list_real(folder)
    refuse_made(image.path for image in found)
    check_real(folder, found)


def test_the_hash_is_of_the_pictures_not_of_their_place(tmp_path: Path) -> None:
    """Moved: equal. A changed pixel, an added mask, one image less: another hash."""
    folder = images(tmp_path / "a")
    first = images_hash(list_real(folder))
    moved = shutil.copytree(folder, tmp_path / "b")
    assert images_hash(list_real(moved)) == first
    (moved / "2.png").unlink()
    hashes = {first, images_hash(list_real(moved))}
    Image.new("L", (100, 90), 255).save(folder / "0.ignore.png")
    hashes.add(images_hash(list_real(folder)))
    Image.new("RGB", (100, 90), (9, 0, 0)).save(folder / "1.png")
    hashes.add(images_hash(list_real(folder)))
    assert len(hashes) == 4


@pytest.mark.parametrize("command", ["base", "prior", "forger", "gan"])
def test_every_trainer_refuses_marked_sets(command: str, tmp_path: Path) -> None:
    """The commands themselves: exit 2 before anything is loaded or written."""
    pytest.importorskip("accelerate")
    pytest.importorskip(f"seal2real.training.stages.{'vae' if command == 'base' else command}")
    from click.testing import CliRunner

    from seal2real.cli.train import main

    marked = database(tmp_path / "marked", marked=True)
    result = CliRunner().invoke(main, [command, str(tmp_path / "out"), "--real", str(marked)])
    assert result.exit_code == 2, result.output
    assert "must not carry the visible mark" in result.output
    assert not (tmp_path / "out").exists()
