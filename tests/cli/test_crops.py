"""``seal2real crops`` as a user types it: what it writes, and how it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

pytest.importorskip("onnxruntime")

from seal2real.cli import main
from seal2real.sealdb.provenance import CAPTURED, Provenance, embed
from seal2real.training.data.real import RealCrops
from tests.support.sealed_pages import seal_free, sealed
from tests.support.trees import tree_bytes


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["crops", *(str(argument) for argument in arguments)])


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine sealed pictures, one seal-free, one that is no picture, and a mask over one of them."""
    root = tmp_path_factory.mktemp("crops")
    for number, sample in enumerate(sealed(9)):
        image = sample.synthetic.copy()
        if number == 2:  # a box as apps draw it, round the seal and through its rim
            x0, y0, x1, y1 = sample.record["seals"][0]["bbox"]
            box = np.zeros(image.shape[:2], bool)
            box[max(y0 - 4, 0) : y1 + 4, max(x0 - 4, 0) : x1 + 4] = True
            box[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] = False
            image[box] = (255, 0, 0)
            (root / "masks").mkdir()
            Image.fromarray(box.astype(np.uint8) * 255).save(root / "masks" / "scan2.mask.png")
        (root / "scans" / "sub").mkdir(parents=True, exist_ok=True)
        folder = root / "scans" / ("sub" if number % 2 else "")
        Image.fromarray(image).save(folder / f"scan{number}.png")
    Image.fromarray(seal_free(1, seed=40)[0].synthetic).save(root / "scans" / "empty.png")
    (root / "scans" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    return root


@pytest.fixture(scope="module")
def cut(scans: Path) -> tuple[Path, Result]:
    """What the command makes of them."""
    out = scans / "out"
    return out, run(scans / "scans", out, "--ignore", scans / "masks")


def test_crops_listing_masks_and_sheets_are_written(cut: tuple[Path, Result]) -> None:
    out, result = cut
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (out / "crops.jsonl").read_text().splitlines()]
    assert len({row["source"] for row in rows}) >= 8
    for row in rows:
        with Image.open(out / row["file"]) as crop:
            assert crop.mode == "RGB"
            x0, y0, x1, y1 = row["box"]
            assert crop.size == (x1 - x0, y1 - y0)
            # paper round the seal: the circle lies inside the crop or at the picture's edge
            assert min(crop.size) >= 256
        assert 0 < row["center"][0] < x1 - x0
        assert row["px_per_mm"] == pytest.approx(row["diameter_px"] / 40.0, abs=1e-3)
    assert sorted(p.name for p in out.iterdir()) == [
        "crops",
        "crops.jsonl",
        "settings.json",
        "sheet.html",
        "sheet.jpg",
    ]
    page = (out / "sheet.html").read_text()
    assert all(row["file"] in page for row in rows)


def test_bad_and_empty_images_are_listed_and_counted(cut: tuple[Path, Result]) -> None:
    out, result = cut
    assert "left out broken.jpg: it is not an image" in result.output
    assert "1 unusable" in result.output
    settings = json.loads((out / "settings.json").read_text())
    assert [bad["file"] for bad in settings["bad"]] == ["broken.jpg"]
    assert settings["without_seal"] in (["empty.png"], [])


def test_a_masked_box_is_kept_in_the_crop_and_its_mask_beside_it(cut: tuple[Path, Result]) -> None:
    """The crop is the image as it was; the mask says where the red box lies."""
    out, _ = cut
    crop = np.asarray(Image.open(out / "crops" / "scan2-0.png")).astype(int)
    ignore = np.asarray(Image.open(out / "crops" / "scan2-0.ignore.png")) == 255
    red = (crop[..., 0] > 250) & (crop[..., 1] < 5)
    np.testing.assert_array_equal(red, ignore)
    assert ignore.any()


def test_training_reads_what_the_command_writes(cut: tuple[Path, Result]) -> None:
    out, _ = cut
    crops = RealCrops(out, 128, split="all", augment=False)
    rows = {row["file"]: row for row in map(json.loads, (out / "crops.jsonl").open())}
    assert len(crops) == len(rows)
    for image in crops.images:
        assert image.px_per_mm == rows[f"crops/{image.path.name}"]["px_per_mm"]
    assert crops[0]["image"].shape == (3, 128, 128)


def test_the_same_images_give_the_same_bytes(scans: Path, cut: tuple[Path, Result]) -> None:
    again = scans / "again"
    run(scans / "scans", again, "--ignore", scans / "masks")
    assert tree_bytes(again) == tree_bytes(cut[0])


def test_dry_run_counts_and_writes_nothing(scans: Path) -> None:
    result = run(scans / "scans", scans / "none", "--dry-run", "--min-score", "0.7")
    planned = json.loads(result.output)
    assert (planned["images"], planned["min_score"]) == (10, 0.7)
    assert [bad["file"] for bad in planned["bad"]] == ["broken.jpg"]
    assert not (scans / "none").exists()


def test_refusals_say_what_to_do(scans: Path, tmp_path: Path, cut: tuple[Path, Result]) -> None:
    folder = scans / "scans"
    cases = [
        ((folder, cut[0]), "must be a new or empty folder"),
        ((folder, tmp_path / "o", "--strict"), "files must all be usable under strict"),
        ((folder, tmp_path / "o", "--size", "10"), "size must be in 64..4096, got 10"),
        ((folder, tmp_path / "o", "--min-score", "2"), "min_score must be in 0.0..1.0, got 2.0"),
        ((folder, tmp_path / "o", "--page-width-mm", "1"), "page_width_mm must be in 10.0..3000.0"),
        ((folder, folder / "o"), "dest must lie outside"),
        ((folder, tmp_path / "o", "--ignore", cut[0]), "must hold masks of the images in"),
    ]
    for arguments, message in cases:
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert message in result.output
    assert list(tmp_path.iterdir()) == []


def test_images_that_a_program_made_are_unusable(scans: Path, tmp_path: Path) -> None:
    """Their crops would carry no word of it, and pass for real ones in training."""
    folder = tmp_path / "scans"
    folder.mkdir()
    data = (scans / "scans" / "scan0.png").read_bytes()
    (folder / "made.png").write_bytes(embed(data, Provenance("seal-db-1")))
    (folder / "own.png").write_bytes(embed(data, Provenance("seal-db-1", CAPTURED)))
    result = run(folder, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "left out made.png: crops: images must be photographs or scans" in result.output
    assert "1 unusable" in result.output


def test_seals_under_masks_are_counted(scans: Path, tmp_path: Path) -> None:
    """Half of a seal is to be ignored: the picture has a seal, which is left out."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("scan0", "scan4"):
        shutil.copy(scans / "scans" / f"{name}.png", folder)
    mask = Image.new("L", Image.open(folder / "scan0.png").size)
    # All but the ring of the seal, which is found by that.
    x0, y0, x1, y1 = sealed(1)[0].record["seals"][0]["bbox"]
    rim = 0.15 * (x1 - x0)
    ImageDraw.Draw(mask).ellipse((x0 + rim, y0 + rim, x1 - rim, y1 - rim), fill=255)
    mask.save(folder / "scan0.mask.png")
    result = run(folder, tmp_path / "out", "--ignore", folder)
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert settings["ignored_seals"] == 1
    assert settings["without_seal"] == []
    assert "1 seals left out by their masks" in result.output


def test_no_usable_image_and_no_seal_are_errors_and_leave_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"no picture")
    result = run(folder, tmp_path / "out")
    assert result.exit_code == 2
    assert "folder must hold at least one usable image or PDF, got 1 unusable" in result.output
    assert "WebP, BMP or PDF files" in result.output
    Image.new("RGB", (400, 400), "white").save(folder / "b.png")
    result = run(folder, tmp_path / "out")
    assert result.exit_code == 2
    assert "images must show at least one seal, got none in 1 of" in result.output
    assert [p.name for p in tmp_path.iterdir()] == ["scans"]


def test_names_that_file_systems_and_pages_bend(tmp_path: Path) -> None:
    """A # is no page number, and long names of nested folders still fit one name of a file."""
    deep = tmp_path / "scans" / ("合同" * 20) / ("扫描" * 20)
    deep.mkdir(parents=True)
    first, second = (sample.synthetic for sample in sealed(2))
    Image.fromarray(first).save(tmp_path / "scans" / "#3 a#1.png")
    Image.fromarray(second).save(deep / ("章" * 40 + ".png"))
    result = run(tmp_path / "scans", tmp_path / "out")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "out/crops.jsonl").read_text().splitlines()]
    assert {row["source"][:7] for row in rows} == {"#3 a#1.", "合同合同合同合"}
    assert all((tmp_path / "out" / row["file"]).is_file() for row in rows)
    assert any(row["file"] == "crops/#3 a#1-0.png" for row in rows)


def test_pages_of_a_pdf_are_read_at_a_known_scale(tmp_path: Path) -> None:
    """Two sealed pages at 150 dpi come out at 200; a damaged PDF is listed and costs nothing."""
    folder = tmp_path / "scans"
    folder.mkdir()
    samples = sealed(2)
    first, second = (Image.fromarray(sample.synthetic) for sample in samples)
    first.save(folder / "contract.pdf", save_all=True, append_images=[second], resolution=150.0)
    (folder / "torn.pdf").write_bytes(b"%PDF-1.4 no more")
    out = tmp_path / "out"
    result = run(folder, out)
    assert result.exit_code == 0, result.output
    assert "left out torn.pdf: it is truncated, damaged or not a PDF" in result.output
    rows = [json.loads(line) for line in (out / "crops.jsonl").read_text("utf-8").splitlines()]
    assert {row["source"] for row in rows} == {"contract.pdf#1", "contract.pdf#2"}
    assert all(row["scale_by"] == "dpi" for row in rows)
    assert {row["px_per_mm"] for row in rows} == {round(200 / 25.4, 4)}
    for number, sample in enumerate(samples, 1):
        row = next(row for row in rows if row["source"] == f"contract.pdf#{number}")
        x0, _, x1, _ = sample.record["seals"][0]["bbox"]
        width = (x1 - x0) * 200 / 150
        assert abs(row["diameter_px"] - width) <= 0.15 * width


def test_help_has_a_worked_example() -> None:
    result = run("--help")
    assert "seal2real crops photos/ crops-out --ignore photo-masks/" in result.output
