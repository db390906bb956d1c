"""``seal2real build`` and ``realise`` as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from seal2real import SealDB
from seal2real.cli import main
from seal2real.sealdb.provenance import CAPTURED, extract
from tests.support.forgers import write_forger
from tests.support.trees import tree_bytes

SMALL = ("--size", "128", "--dpi", "72", "--seed", "3")


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forger that leaves labels where they are."""
    return write_forger(tmp_path_factory.mktemp("weights") / "forger.onnx")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of different sizes, below and above the dataset's."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(1)
    for k in range(12):
        noise = rng.integers(120, 255, (12 + k, 14 + k, 3), dtype=np.uint8)
        side = 110 + 20 * k
        Image.fromarray(noise).resize((side + 9, side)).save(folder / f"{k}.jpg", quality=85)
    return folder


@pytest.fixture(scope="module")
def db(forger: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with a real part, made by the command."""
    out = tmp_path_factory.mktemp("build") / "out"
    result = run("build", out, "--count", 8, *SMALL, "--forger", forger, "--real", photos)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == ("requested 8, kept 8, redone 0, flagged 0, dropped 0")
    return out


def test_the_dataset_is_complete_and_verifies(db: Path) -> None:
    """Forged images, scores, a real part of one image a file, a gallery; verify finds nothing."""
    with SealDB(db) as database:
        assert all(sample.has("forged") for sample in database)
        real = list(database.real())
        assert len(real) == 12 == database.info["real"]["images"]
        assert {sample.pil("real").size for sample in real} == {(128, 128)}
        held = extract(real[0].data("real"))
        assert held is not None
        assert (held.dataset_id, held.digital_source_type) == (database.info["id"], CAPTURED)
    assert (db / "index.html").is_file()
    assert "forged" in (db / "index.html").read_text(encoding="utf-8")
    result = run("verify", db)
    assert result.exit_code == 0, result.output


def test_the_same_command_again_changes_nothing(db: Path, forger: Path, photos: Path) -> None:
    """Resuming a finished dataset is a no-op, byte for byte."""
    before = tree_bytes(db)
    result = run("build", db, "--count", 8, *SMALL, "--forger", forger, "--real", photos)
    assert result.exit_code == 0, result.output
    assert tree_bytes(db) == before


def test_damage_to_the_real_part_is_found(db: Path, tmp_path: Path) -> None:
    """One flipped byte in a real image is named with its file."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(db, copy)
    shard = sorted((copy / "real" / "shards").iterdir())[0]
    data = bytearray(shard.read_bytes())
    data[3000] ^= 1
    shard.write_bytes(bytes(data))
    result = run("verify", copy)
    assert result.exit_code == 1
    assert f"real/shards/{shard.name}" in result.output
    assert "byte 3000: must be as written" in result.output


def test_exporters_and_reports_know_the_forged_part(db: Path, tmp_path: Path) -> None:
    """Unpaired folders take forged pictures and the real part; stats tell of the gate."""
    result = run("labels", db, "--to", "unpaired", tmp_path / "pairs")
    assert result.exit_code == 0, result.output
    real = sum(1 for _ in tmp_path.glob("pairs/*B/*.jpg"))
    with SealDB(db) as database:
        assert real == sum(1 for split in database.splits for _ in database.real(split)) > 0
        first = database[0]
        stored = next(tmp_path.glob(f"pairs/*A/{first.id}.jpg")).read_bytes()
        assert stored == first.data("forged")
    stats = json.loads(run("stats", db).output)
    assert stats["realisation"]["kept"] == 8
    assert stats["real_images"] == 12
    some = tmp_path / "copy.jpg"
    with SealDB(db) as database:
        database[3].pil("forged").save(some, quality=60)
    match = json.loads(run("provenance", some, "--db", db).output)
    assert match["sample"] == "000000003"


def test_too_few_kept_exits_with_3(tmp_path: Path) -> None:
    """A forger that moves labels: the last line says what became of the samples."""
    wild = write_forger(tmp_path / "wild.onnx", 32.0, 1.6)
    result = run("build", tmp_path / "out", "--count", 6, *SMALL, "--forger", wild)
    assert result.exit_code == 3, result.output
    last = result.output.splitlines()[-1]
    assert last.startswith("requested 6, kept ")
    assert not last.endswith("dropped 0")
    flagged = run(
        "build", tmp_path / "kept", "--count", 6, *SMALL, "--forger", wild, "--policy", "keep"
    )
    assert flagged.exit_code == 3
    assert flagged.output.splitlines()[-1].endswith("dropped 0")


def test_traditional_needs_no_network(tmp_path: Path) -> None:
    """I_f = I_s, with the gate's word for it."""
    out = tmp_path / "out"
    result = run("build", out, "--count", 4, *SMALL, "--method", "traditional")
    assert result.exit_code == 0, result.output
    with SealDB(out) as database:
        for sample in database:
            assert sample.data("forged") == sample.data("synthetic")
            assert sample.record["realisation"]["weights"] is None


def test_realise_makes_a_second_dataset(forger: Path, tmp_path: Path) -> None:
    """Labels as drawn; the drawn dataset is left alone; running it again is a no-op."""
    drawn, out = tmp_path / "drawn", tmp_path / "forged"
    assert run("synth", drawn, "--count", 5, *SMALL).exit_code == 0
    before = tree_bytes(drawn)
    result = run("realise", drawn, out, "--forger", forger)
    assert result.exit_code == 0, result.output
    assert "requested 5, kept 5" in result.output
    assert tree_bytes(drawn) == before
    made = tree_bytes(out)
    assert run("realise", drawn, out, "--forger", forger).exit_code == 0
    assert tree_bytes(out) == made
    assert run("verify", out).exit_code == 0
    with SealDB(drawn) as a, SealDB(out) as b:
        assert b.info["recipe"]["realisation"]["source"] == a.info["id"]
        assert [s.record["seals"] for s in a] == [s.record["seals"] for s in b]


def test_realise_says_that_a_real_part_is_left_out(db: Path, tmp_path: Path) -> None:
    """The source has one; the new recipe none."""
    result = run("realise", db, tmp_path / "out", "--method", "traditional", "--dry-run")
    assert result.exit_code == 0, result.output
    said, recipe = result.output.split("\n", 1)
    assert "real part of DB is left out" in said
    assert "real" not in json.loads(recipe)


def test_a_missing_forger_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file ships, or the name is wrong: nothing is written, and the message says what to do."""
    missing = tmp_path / "none.onnx"
    monkeypatch.setattr("seal2real.realise.forger.default_weights", lambda: missing)
    for arguments in ((), ("--forger", missing), ("--method", "gan", "--forger", missing)):
        result = run("build", tmp_path / "out", "--count", 2, *arguments)
        assert result.exit_code == 2
        assert f"got no {missing}" in result.output.replace("\n", " ")
        assert "--method traditional" in result.output
        assert not (tmp_path / "out").exists()


def test_the_paper_preset(photos: Path, tmp_path: Path) -> None:
    """10 000 forged at 512 and up to 10 000 real; what the command line says comes first."""
    arguments = ("--method", "traditional", "--dry-run", "--preset", "paper")
    held = json.loads(run("build", tmp_path / "out", *arguments, "--real", photos).output)
    assert (held["count"], held["size"], held["real"]["count"]) == (10_000, "512", 12)
    held = json.loads(run("build", tmp_path / "out", *arguments, "--count", 7).output)
    assert (held["count"], held["size"]) == (7, "512")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing option '--count'"),
        (
            ("--count", 2, "--real-count", 3, "--method", "traditional"),
            "--real-count must come with --real",
        ),
        (("--count", 2, "--method", "traditional", "--forger", "x"), "--forger and --prior must"),
        (("--count", 2, "--base", "sd", "--method", "traditional"), "--base must come with"),
        (("--count", 2, "--steps", 3, "--method", "traditional"), "--steps must come with"),
        (
            ("--count", 2, "--strength", 0.3),
            "--strength must come with a diffusion method, got for",
        ),
        (("--count", 2, "--method", "magic"), "'magic' is not one of"),
        (("--count", 0), "--count must be at least 1, got 0; ask for some"),
    ],
)
def test_bad_arguments_exit_with_2(
    tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    """One line that names thing, rule and remedy; nothing is written."""
    result = run("build", tmp_path / "out", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_settings_of_diffusion_are_checked_before_networks_are_loaded(tmp_path: Path) -> None:
    """The folder of the prior is empty: it is not read yet."""
    prior = tmp_path / "prior"
    prior.mkdir()
    arguments = ("build", tmp_path / "out", "--count", 2, "--method", "diffusion-real")
    for word, value in (("--strength", 3), ("--strength", 0), ("--steps", 0)):
        result = run(*arguments, "--prior", prior, word, value)
        assert result.exit_code == 2
        assert "--strength must be in (0, 1] and --steps at least 1, got" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prior", "."), "--prior must come with a method that uses it, got forger; drop it"),
        (("--method", "gan"), "--forger must name the GAN for method gan, got none"),
        (
            ("--method", "diffusion-real", "--forger", "."),
            "--forger must come with a method that uses it, got diffusion-real; drop it",
        ),
        (("--forger", "."), "weights must be an ONNX file, got the folder .; name the .onnx file"),
    ],
)
def test_networks_that_a_method_does_not_use_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """Also where none is named: a gan.onnx that lies about is not meant."""
    result = run("build", tmp_path / "out", "--count", 2, *SMALL, *arguments)
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")


def test_a_dry_run_refuses_what_is_no_network(forger: Path, tmp_path: Path) -> None:
    """A folder is named before all of it is read."""
    notes = tmp_path / "notes.txt"
    notes.write_text("no network")
    for option, path, message in (
        ("--forger", tmp_path, "must be an ONNX file, got the folder"),
        ("--forger", notes, "must be a readable ONNX file"),
        ("--prior", tmp_path, "--prior must be the weights folder of a prior"),
    ):
        method = ("--method", "diffusion-real") if option == "--prior" else ()
        result = run(
            "build", tmp_path / "out", "--count", 2, *SMALL, option, path, *method, "--dry-run"
        )
        assert result.exit_code == 2, result.output
        assert message in result.output.replace("\n", " ")


def test_images_that_a_program_made_are_no_real_part(db: Path, tmp_path: Path) -> None:
    """A dataset's own forged image, whose metadata say so; its real ones say captured."""
    (tmp_path / "made").mkdir()
    with SealDB(db) as database:
        (tmp_path / "made/a.jpg").write_bytes(next(iter(database)).data("forged"))
    arguments = ("--count", 2, *SMALL, "--method", "traditional", "--real", tmp_path / "made")
    result = run("build", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert "real images must be photographs or scans, got 1 made by a program" in result.output
    assert not (tmp_path / "out").exists()


def test_out_must_lie_outside_the_source(db: Path) -> None:
    before = tree_bytes(db)
    for out in (db, db / "new"):
        result = run("realise", db, out)
        assert result.exit_code == 2
        assert f"realise: OUT must lie outside DB, got {out}" in result.output
    assert tree_bytes(db) == before


def test_pages_cannot_have_a_real_part(photos: Path, tmp_path: Path) -> None:
    """Whole pages and crops of photographs would differ in size alone."""
    arguments = ("--count", 2, "--size", "page", "--method", "traditional", "--real", photos)
    result = run("build", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert "--real must come with square crops" in result.output


def test_cut_outs_are_never_realised(forger: Path, tmp_path: Path) -> None:
    """README: training data, not documents."""
    cutouts = tmp_path / "cutouts"
    cutouts.mkdir()
    red = np.zeros((120, 120, 4), np.uint8)
    red[20:100, 20:100] = (200, 20, 30, 255)
    Image.fromarray(red).save(cutouts / "seal.png", dpi=(100, 100))
    arguments = ("--count", 2, "--templates", cutouts, "--split", "1,0,0")
    result = run("build", tmp_path / "out", *arguments, "--forger", forger)
    assert result.exit_code == 2
    assert "--method must be traditional with --templates" in result.output.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_help_shows_a_worked_example() -> None:
    """A user sees what is written, and what to type, without leaving the terminal."""
    text = run("build", "--help").output
    assert "seal2real build out --count 300" in text
    assert "{id}.forged.jpg" in text
    assert "--pages" in text
    assert "seal2real realise drawn forged" in run("realise", "--help").output


_WITHOUT = """
import sys
hidden = sys.argv.pop(1).split(",")
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"hidden: {name}", name=name)
sys.meta_path.insert(0, Hidden())
from seal2real.cli import main
main(sys.argv[1:])
"""


def run_without(packages: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command where the import system refuses ``packages``, as if not installed."""
    words = [sys.executable, "-c", _WITHOUT, packages, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_it_runs_without_torch(forger: Path, tmp_path: Path) -> None:
    """Whole pages."""
    arguments = ("build", tmp_path / "out", "--count", 3, "--size", "page", "--dpi", "100")
    packages = "torch,diffusers,transformers,onnx,onnxscript"
    done = run_without(packages, *arguments, "--forger", forger)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "requested 3, kept 3" in done.stdout


@pytest.mark.parametrize(
    ("package", "arguments", "message"),
    [
        ("rapidocr_onnxruntime", ("--ocr",), "pip install 'seal2real[ocr]', or leave --ocr out"),
        ("onnxruntime", (), "onnxruntime must be installed to run a forger"),
        (
            "torch",
            ("--method", "diffusion-real"),
            'the package torch must be installed for this, got none; pip install "seal2real[train]"',
        ),
    ],
)
def test_a_missing_package_is_a_line(
    package: str, arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """What an extra brings is the caller's to install, not a bug with a trace."""
    done = run_without(package, "build", tmp_path / "out", "--count", 2, *SMALL, *arguments)
    assert done.returncode == 2, done.stderr[-2000:]
    assert message in done.stderr
    assert "Traceback" not in done.stderr
