"""The user's cut-outs: coverage, size, exact masks, splits and refusals."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.record import schema_errors
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.templates import TEMPLATE_CLASS, load_templates, template_splits
from seal2real.synthesis.warp import Warp

RED = (200, 40, 50)


def ring(folder: Path, name: str, *, alpha: bool, size: int = 200) -> Path:
    """A red ring of outer radius 0.45 and width 0.1 of the side, with alpha or on white."""
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2
    radius = np.sqrt(x * x + y * y) / size
    inked = (radius <= 0.45) & (radius >= 0.35)
    folder.mkdir(exist_ok=True)
    if alpha:
        picture = np.zeros((size, size, 4), np.uint8)
        picture[inked] = (*RED, 255)
    else:
        picture = np.full((size, size, 3), 255, np.uint8)
        picture[inked] = RED
    Image.fromarray(picture).save(folder / name)
    return folder / name


@pytest.mark.parametrize("alpha", [True, False])
def test_ink_is_found_with_alpha_and_on_white(tmp_path: Path, alpha: bool) -> None:
    """Area of the ring: pi (0.45^2 - 0.35^2) of the square, over the trimmed 0.9 x 0.9."""
    ring(tmp_path, "a.png", alpha=alpha)
    ((template,), _) = load_templates(tmp_path)
    share = (template.coverage >= 128).mean()
    assert share == pytest.approx(np.pi * (0.45**2 - 0.35**2) / 0.81, abs=0.01)
    assert template.transmittance == pytest.approx([c / 255 for c in RED], abs=0.01)
    assert template.width_mm == 40.0


def test_paper_need_not_be_white(tmp_path: Path) -> None:
    """A scan on grey paper gives the coverage of the one on white; its ink is what it absorbs."""
    path = ring(tmp_path, "a.png", alpha=False)
    picture = np.asarray(Image.open(path)).astype(int) * 200 // 255
    noise = np.arange(picture.size).reshape(picture.shape) * 7919 % 11 - 5
    Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8)).save(path)
    ((template,), _) = load_templates(tmp_path)
    share = (template.coverage >= 128).mean()
    assert share == pytest.approx(np.pi * (0.45**2 - 0.35**2) / 0.81, abs=0.01)
    assert template.transmittance == pytest.approx([c / 255 for c in RED], abs=0.06)


def test_pictures_without_paper_are_refused(tmp_path: Path) -> None:
    """A picture that is dark nearly everywhere is a photograph, not a cut-out on paper."""
    picture = np.full((100, 100, 3), 60, np.uint8)
    picture[:12] = 220
    Image.fromarray(picture).save(tmp_path / "photo.png")
    with pytest.raises(ValueError, match=r"photo\.png must be a seal with alpha or on even"):
        load_templates(tmp_path)


def test_resolution_of_the_file_sets_the_size(tmp_path: Path) -> None:
    """180 px at 150 dpi are 30.48 mm; --template-width-mm overrides it."""
    path = ring(tmp_path, "a.png", alpha=False)
    Image.open(path).save(path, dpi=(150, 150))
    assert load_templates(tmp_path)[0][0].width_mm == pytest.approx(180 * 25.4 / 150, abs=0.3)
    assert load_templates(tmp_path, 22.0)[0][0].width_mm == 22.0


def test_drawn_coverage_has_the_area_of_the_warp(tmp_path: Path) -> None:
    """Pressing at 8 px/mm and any angle keeps the inked area in square millimetres."""
    ring(tmp_path, "a.png", alpha=True)
    ((template,), _) = load_templates(tmp_path)
    truth = np.pi * (0.45**2 - 0.35**2) / 0.81 * 40.0**2
    for angle in (0.0, 30.0, 200.0):
        warp = Warp.similarity((256, 256), 8.0, angle)
        coverage = template.draw(warp, (0, 0, 512, 512), 8.0)
        assert coverage.sum() / 255 / 64 == pytest.approx(truth, rel=0.02)


def test_windows_of_a_drawing_agree(tmp_path: Path) -> None:
    """A window shows the same pixels as the whole drawing does there, to rounding."""
    ring(tmp_path, "a.png", alpha=True)
    ((template,), _) = load_templates(tmp_path)
    warp = Warp.perspective((130, 120), 5.0, 20.0, (0.001, -0.0005))
    whole = template.draw(warp, (0, 0, 260, 240), 5.0).astype(int)
    part = template.draw(warp, (40, 30, 200, 210), 5.0).astype(int)
    assert np.abs(whole[30:210, 40:200] - part).max() <= 1


def test_samples_press_cutouts_with_exact_masks(tmp_path: Path) -> None:
    """With --templates the record names the file, and classes say that parts are unknown."""
    folder = tmp_path / "cutouts"
    for number in range(3):
        ring(folder, f"{number}.png", alpha=True, size=180 + 20 * number)
    options = {"cross_page": 0.0, "seal_free": 0.0}
    recipe = Recipe(count=4, seed=3, templates=str(folder), split="1,0,0", options=options)
    sample = SampleFactory(recipe)(1)
    seal = sample.record["seals"][0]
    assert seal["type"] == "template"
    assert seal["template"]["name"] in {"0.png", "1.png", "2.png"}
    assert seal["spec"] is None
    assert set(np.unique(sample.classes)) == {0, TEMPLATE_CLASS}
    assert ((sample.mask & 1) != 0).sum() > 1000
    assert seal["colour"] == "red"
    provenance = {
        "generator": "seal2real 0",
        "dataset_id": "seal-db-0",
        "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic",
    }
    record = json.loads(json.dumps({**sample.record, "provenance": provenance}))
    assert schema_errors(record) == []
    assert seal["ink"]["transmittance"] == pytest.approx([c / 255 for c in RED], abs=0.01)


def test_every_split_needs_a_cutout(tmp_path: Path) -> None:
    """One file cannot be in three splits."""
    ring(tmp_path, "a.png", alpha=True)
    templates, _ = load_templates(tmp_path)
    shares = (Fraction(8, 10), Fraction(1, 10), Fraction(1, 10))
    with pytest.raises(ValueError, match="give every split a cut-out"):
        template_splits(templates, shares)
    everything = template_splits(templates, (Fraction(1), Fraction(0), Fraction(0)))
    assert [len(part) for part in everything.values()] == [1, 0, 0]


def test_bad_cutouts_are_listed_and_strict_stops(tmp_path: Path) -> None:
    """A good file is used; the blank and the empty one are named with their reasons."""
    ring(tmp_path, "good.png", alpha=True)
    Image.new("RGB", (40, 40), "white").save(tmp_path / "blank.png")
    (tmp_path / "empty.png").write_bytes(b"")
    usable, bad = load_templates(tmp_path)
    assert [template.name for template in usable] == ["good.png"]
    assert [file.file for file in bad] == ["blank.png", "empty.png"]
    with pytest.raises(ValueError, match=r"blank\.png"):
        load_templates(tmp_path, strict=True)
    recipe = Recipe(count=1, templates=str(tmp_path), split="1,0,0")
    factory = SampleFactory(recipe)
    assert [file.file for file in factory.bad] == ["blank.png", "empty.png"]
    assert factory.describe()[-1]["bad_count"] == 2


def test_unknown_resolutions_are_warned_of(tmp_path: Path) -> None:
    """A file without a resolution is taken as 40 mm wide, and that is said."""
    ring(tmp_path, "a.png", alpha=True)
    with pytest.warns(UserWarning, match="1 of 1 cut-outs have no credible resolution"):
        load_templates(tmp_path)


def test_refusals_name_file_and_remedy(tmp_path: Path) -> None:
    """No folder, no image, no ink, no image data."""
    with pytest.raises(ValueError, match="must be a folder of cut-outs"):
        load_templates(tmp_path / "missing")
    with pytest.raises(ValueError, match="got no image at all"):
        load_templates(tmp_path)
    Image.new("RGB", (40, 40), "white").save(tmp_path / "blank.png")
    with pytest.raises(ValueError, match=r"blank\.png must show an impression"):
        load_templates(tmp_path)
    (tmp_path / "blank.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"blank\.png"):
        load_templates(tmp_path)
