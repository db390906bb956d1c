"""``seal2real synth`` as a user types it: what it writes, and how it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from seal2real import SealDB
from seal2real.cli import main
from seal2real.sealdb.provenance import extract
from tests.support.trees import tree_bytes


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dataset made by the command."""
    out = tmp_path_factory.mktemp("synth") / "out"
    result = run("synth", out, "--count", 4, "--seed", 9, "--presets", "company,invoice")
    assert result.exit_code == 0, result.output
    return out


def test_the_dataset_is_complete_and_verifies(db: Path) -> None:
    """The command's own promise: count, presets, gallery, and `verify` finds nothing."""
    with SealDB(db) as database:
        assert len(database) == 4
        types = {seal["type"] for sample in database for seal in sample.record["seals"]}
    assert types <= {"company", "invoice"}
    assert (db / "index.html").is_file()
    assert run("verify", db).exit_code == 0


def test_the_same_command_again_changes_nothing(db: Path) -> None:
    """Resuming a finished dataset is a no-op, byte for byte."""
    before = tree_bytes(db)
    result = run("synth", db, "--count", 4, "--seed", 9, "--presets", "company,invoice")
    assert result.exit_code == 0
    assert tree_bytes(db) == before


def test_dry_run_prints_the_recipe_and_writes_nothing(tmp_path: Path) -> None:
    """The resolved recipe is JSON with its hash."""
    result = run("synth", tmp_path / "out", "--count", 5, "--dry-run")
    assert json.loads(result.output)["count"] == 5
    assert not (tmp_path / "out").exists()


def test_png_stores_the_arrays_themselves(tmp_path: Path) -> None:
    """Lossless storage: outside the support clean and synthetic are equal as stored."""
    out = tmp_path / "out"
    assert run("synth", out, "--count", 1, "--image-format", "png").exit_code == 0
    with SealDB(out) as database:
        sample = database[0]
        outside = ~np.asarray(sample.support)
        assert np.array_equal(sample.synthetic[outside], sample.clean[outside])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "-3"], "count must be an integer in 0"),
        (["--count", "2", "--presets", "compny"], "did you mean 'company'"),
        (["--count", "2", "--size", "huge"], "size must be"),
        (["--count", "2", "--dpi", "0"], "dpi must be"),
        (["--count", "2", "--quality", "0"], "quality must be"),
        (["--count", "2", "--split", "1,1,1"], "split must be three shares"),
        (["--count", "2", "--shard", "4/4"], 'shard must be "i/n"'),
        (["--count", "2", "--workers", "0"], "workers must be in"),
        (["--count", "2", "--pages", "missing-folder"], "got missing-folder"),
        (["--count", "2", "--template-width-mm", "20"], "without --templates"),
        (["--count", "2", "--layout", __file__, "--rules", "text"], "--rules with --layout"),
        (["--count", "2", "--image-format", "gif"], "image_format must be one of"),
        (["--count", "2", "--seal-free", "7"], r"seal_free must be in 0"),
    ],
)
def test_bad_arguments_exit_with_2_and_write_nothing(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    """One line that names thing, rule and remedy; no half-written folder."""
    result = run("synth", tmp_path / "out", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_an_out_with_another_recipe_is_left_alone(db: Path) -> None:
    """The first differing setting is named; nothing is touched."""
    before = tree_bytes(db)
    result = run("synth", db, "--count", 4, "--seed", 10, "--presets", "company,invoice")
    assert result.exit_code == 2
    assert "seed" in result.output
    assert tree_bytes(db) == before


def test_bad_page_files_are_listed_and_counted(tmp_path: Path) -> None:
    """A truncated and an empty file are found before drawing and put into dataset.json."""
    pages = tmp_path / "pages"
    pages.mkdir()
    grey = np.full((1200, 850, 3), 245, np.uint8)
    Image.fromarray(grey).save(pages / "good.jpg", dpi=(100, 100))
    (pages / "empty.png").write_bytes(b"")
    (pages / "cut.jpg").write_bytes((pages / "good.jpg").read_bytes()[:4000])
    out = tmp_path / "out"
    result = run("synth", out, "--count", 2, "--pages", pages)
    assert result.exit_code == 0, result.output
    assert "left out cut.jpg: it is truncated" in result.output
    assert "left out empty.png: the file is empty" in result.output
    assert "2 files left out" in result.output
    listed = (out / "dataset.json").read_text(encoding="utf-8")
    assert "empty.png" in listed
    assert "cut.jpg" in listed
    strict = run("synth", tmp_path / "strict", "--count", 2, "--pages", pages, "--strict")
    assert strict.exit_code == 2
    assert not (tmp_path / "strict").exists()


def test_warnings_are_lines_for_people(tmp_path: Path) -> None:
    """A picture without resolution is taken as A4, said without the line of code that says it."""
    (tmp_path / "pages").mkdir()
    Image.new("RGB", (850, 1200), "white").save(tmp_path / "pages" / "a.png")
    result = run("synth", tmp_path / "out", "--count", 1, "--pages", tmp_path / "pages")
    assert result.exit_code == 0, result.output
    assert "Warning: 1 of 1 images have no credible dpi" in result.output
    assert "UserWarning" not in result.output


def test_a_folder_without_usable_pages_is_an_error(tmp_path: Path) -> None:
    """Nothing is drawn on nothing."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "empty.png").write_bytes(b"")
    result = run("synth", tmp_path / "out", "--count", 2, "--pages", tmp_path / "pages")
    assert result.exit_code == 2
    assert "empty.png" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /proc")
def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """/proc refuses every folder, also to root."""
    result = run("synth", "/proc/seal2real-out", "--count", 1)
    assert result.exit_code == 2
    assert "/proc" in result.output


def test_help_shows_the_disk_format_and_an_example() -> None:
    """A user sees what is written without leaving the terminal."""
    text = run("synth", "--help").output
    assert "{id}.mask.png" in text
    assert "seal2real synth out --count 1000" in text


def test_draw_writes_a_preview(tmp_path: Path) -> None:
    """A preset and a spec file give a PNG of the asked resolution; a typo gives the name."""
    png = tmp_path / "a.png"
    assert run("draw", "company", png, "--dpi", 200).exit_code == 0
    with Image.open(png) as image:
        assert image.mode == "RGBA"
        assert round(image.info["dpi"][0]) == 200
    found = extract(png.read_bytes())
    assert found is not None
    assert found.digital_source_type.endswith("/algorithmicMedia")
    bad = run("draw", "compny", tmp_path / "b.png")
    assert bad.exit_code == 2
    assert "company" in bad.output
    assert os.listdir(tmp_path) == ["a.png"]
    zero = run("draw", "company", tmp_path / "b.png", "--dpi", 0)
    assert zero.exit_code == 2
    assert "dpi must be" in zero.output


def test_draw_prints_a_specification_that_draws_the_same(tmp_path: Path) -> None:
    """The printed JSON is what a spec file holds: drawing it gives the same pixels."""
    first = run("draw", "triangle", tmp_path / "a.png", "--seed", 4, "--json")
    (tmp_path / "spec.json").write_text(first.output, encoding="utf-8")
    assert run("draw", tmp_path / "spec.json", tmp_path / "b.png").exit_code == 0
    with Image.open(tmp_path / "a.png") as a, Image.open(tmp_path / "b.png") as b:
        assert np.array_equal(np.asarray(a), np.asarray(b))


def test_a_layout_that_cannot_be_pressed_is_refused(tmp_path: Path) -> None:
    """A seal off the page, and more seals on a page than a mask has bits."""
    off, many = tmp_path / "off.jsonl", tmp_path / "many.jsonl"
    line = '{"page": 0, "spec": "company", "x_mm": %d, "y_mm": 200}\n'
    off.write_text(line % 1000)
    many.write_text(line % 100 * 9)
    for file, message in ((off, "the seal must lie on page 0"), (many, "at most 8 seals, got 9")):
        out = tmp_path / file.stem
        result = run("synth", out, "--count", 1, "--size", "page", "--layout", file)
        assert result.exit_code == 2
        assert message in result.output
        assert not list(out.glob("shards/*"))


def test_spec_files_of_a_layout_belong_to_the_recipe(tmp_path: Path) -> None:
    """The file's seal is pressed; when the file changes, the folder holds another recipe."""
    layout, spec = tmp_path / "layout.jsonl", tmp_path / "ours.json"
    layout.write_text('{"page": 0, "spec": "ours.json", "x_mm": 100, "y_mm": 200}')
    arguments = ("synth", tmp_path / "out", "--count", 1, "--layout", layout)
    spec.write_text(run("draw", "rhombus", tmp_path / "a.png", "--json").output, encoding="utf-8")
    assert run(*arguments).exit_code == 0
    with SealDB(tmp_path / "out") as database:
        assert [seal["type"] for seal in database[0].record["seals"]] == ["rhombus"]
    spec.write_text(run("draw", "triangle", tmp_path / "a.png", "--json").output, encoding="utf-8")
    result = run(*arguments)
    assert result.exit_code == 2
    assert "got another recipe" in result.output


def test_another_folder_to_fit_from_fits_again(tmp_path: Path) -> None:
    """The profile beside OUT is kept for the same images only."""
    lines = np.full((300, 300, 3), 250, np.uint8)
    lines[::20] = 30
    profile, found = tmp_path / "out-profile.toml", []
    for shade, name in ((0, "a"), (0, "a"), (60, "b")):
        (tmp_path / name).mkdir(exist_ok=True)
        Image.fromarray(lines - np.uint8(shade // 2)).save(tmp_path / name / "scan.png")
        arguments = ("--count", 1, "--fit-from", tmp_path / name, "--capture", "none")
        run("synth", tmp_path / "out", *arguments)
        found.append(profile.read_bytes())
    assert found[0] == found[1] != found[2]
    profile.write_text("mine")
    result = run("synth", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert "got a file of another origin" in result.output.replace("\n", " ")
    assert profile.read_text() == "mine"


def test_a_profile_is_fitted_beside_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OUT may be the folder one stands in."""
    (tmp_path / "out").mkdir()
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    result = run("synth", ".", "--count", 1, "--fit-from", tmp_path / "a", "--dry-run")
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "out-profile.toml") in result.output


def test_a_spec_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Bytes that UTF-8 never has."""
    (tmp_path / "spec.json").write_bytes(b"\xff\xfe{")
    result = run("draw", tmp_path / "spec.json", tmp_path / "a.png")
    assert result.exit_code == 2
    assert "spec.json must be UTF-8 text, got byte 0" in result.output


def test_errors_of_the_system_name_the_file(tmp_path: Path) -> None:
    """No error number and no doubled remedy."""
    result = run("draw", tmp_path / "missing.json", tmp_path / "a.png")
    assert result.exit_code == 2
    assert result.output.strip() == (
        f"Error: {tmp_path / 'missing.json'}: No such file or directory; check the path"
    )
