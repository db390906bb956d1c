"""Profiles: parameters that went into drawn images are found again; files round-trip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.pages import ProceduralPages
from seal2real.rng import Rng
from seal2real.synthesis.capture import CaptureParams, apply_capture, sample_capture
from seal2real.synthesis.fit import measure
from seal2real.synthesis.focus import measure_edges
from seal2real.synthesis.impressions import pressed_targets
from seal2real.synthesis.ink import InkParams, apply_ink, blend_ink, sample_ink
from seal2real.synthesis.profile import CAPTURE_COLUMNS, Profile, fit_profile
from tests.support.impressions import ring_and_bars

SIZE = 320
COVERAGE = ring_and_bars(SIZE, SIZE, 130.0, (160.0, 160.0))
LENS = CaptureParams(kind="phone", blur_sigma_px=0.8, white=220.0, noise_sigma=2.0, seed=5)


def page_with_print() -> np.ndarray:
    """Return the middle of a drawn contract as if on white paper of 250."""
    page = ProceduralPages(160.0, seed=7, languages=("zh",), kinds=("contract",)).page(3)
    x, y = (page.width - SIZE) // 2, (page.height - SIZE) // 2
    shown = page.window(x, y, x + SIZE, y + SIZE).astype(np.float64)
    return (shown / np.array(page.paper) * 250.0 + 0.5).astype(np.uint8)


def page_with_bars() -> np.ndarray:
    """Return white paper with strokes of 2 and 3 px, bolder and blacker than print."""
    page = np.full((SIZE, SIZE, 3), 250, np.uint8)
    rng = Rng(4)
    for k in range(220):
        y, x = rng.integer(8, SIZE - 24), rng.integer(8, SIZE - 24)
        long, wide = rng.integer(6, 14), rng.integer(2, 4)
        page[y : y + (long if k % 2 else wide), x : x + (wide if k % 2 else long)] = 20
    return page


PAGES = {"print": page_with_print, "bars": page_with_bars}


def photograph(
    ink: InkParams | None, capture: CaptureParams, page_kind: str = "print"
) -> Image.Image:
    """Return a captured page, with a seal where ``ink`` is given."""
    page = PAGES[page_kind]()
    if ink is not None:
        density = apply_ink(
            COVERAGE, ink, px_per_mm=6.0, center_px=(160.0, 160.0), half_size_px=(130.0, 130.0)
        )
        page = blend_ink(page, density, ink)
    return Image.fromarray(apply_capture(page, capture))


@pytest.mark.parametrize("colour", ["red", "blue", "purple"])
def test_ink_colour_is_found(colour: str) -> None:
    """Name, transmittance (normalised to its darkest channel) and strength, as they were drawn."""
    ink = replace(sample_ink(Rng(2), colour=colour), contact=1.0, speckle_amount=0.05, fade=0.0)
    ink = replace(ink, mottle_amount=0.0, dry_amount=0.0, rim_amount=0.0, strength=0.9)
    found = measure(photograph(ink, LENS))
    assert found.colour == colour
    drawn = -np.log(np.array(ink.transmittance)) * ink.strength
    seen = -np.log(np.array(found.ink[:3])) * found.ink[3]
    assert np.abs(seen - drawn).max() < 0.35 * drawn.max()


def test_uneven_impressions_measure_as_strong_as_they_were_drawn() -> None:
    """The middle of twelve, pressed by hands of every kind; bold strokes read a fifth too weak."""
    ratios = []
    for k in range(12):
        ink = replace(sample_ink(Rng(6, k), colour="red", kind="carved"), strength=0.5, fade=0.0)
        found = measure(photograph(ink, LENS))
        drawn = -np.log(min(ink.transmittance)) * ink.strength
        ratios.append(-np.log(min(found.ink[:3])) * found.ink[3] / drawn)
    assert np.median(ratios) == pytest.approx(1.0, abs=0.2)


def test_black_ink_and_no_ink() -> None:
    """Plenty of dark pixels without colour are black ink."""
    found = measure(photograph(sample_ink(Rng(2), colour="black"), LENS))
    assert found.colour == "black"


def test_paper_and_light_are_found() -> None:
    """Paper is page * gain * tone; a swing of the light is seen, an even light is not."""
    even = measure(photograph(None, replace(LENS, gain=(1.0, 0.95, 0.85))))
    expected = np.array([1.0, 0.95, 0.85]) * 250 / 255 * 220
    assert np.abs(np.array(even.paper) - expected).max() < 4
    assert even.light_amount < 0.03
    found = []
    for seed in range(8):
        swing = replace(LENS, light_amount=0.3, light_scale_px=0.45 * SIZE, seed=seed)
        found.append(measure(photograph(None, swing)).light_amount)
    assert np.mean(found) == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5])
def test_blur_is_found(sigma: float) -> None:
    """Sigma of an unsharpened photograph, to what edges can tell."""
    found = measure(photograph(None, replace(LENS, blur_sigma_px=sigma)))
    assert abs(found.blur_sigma_px - sigma) <= 0.3
    assert found.sharpen <= 0.5


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5])
def test_blur_of_bold_bars_is_found(sigma: float) -> None:
    """Their sigma, too; bold strokes keep more contrast than print, which passes for sharpening."""
    found = measure(photograph(None, replace(LENS, blur_sigma_px=sigma), "bars"))
    assert abs(found.blur_sigma_px - sigma) <= 0.3


@pytest.mark.parametrize("kind", PAGES)
def test_focus_gives_the_same_edges(kind: str) -> None:
    """Blur and sharpening trade off; photographed again as found, edges look the same."""
    lens = replace(LENS, blur_sigma_px=0.9, sharpen=1.2)
    found = measure(photograph(None, lens, kind))
    again = replace(lens, blur_sigma_px=found.blur_sigma_px, sharpen=found.sharpen)
    paper = 250 / 255 * 220
    one, two = (
        measure_edges(np.asarray(photograph(None, p, kind))[..., 1] / paper) for p in (lens, again)
    )
    assert one is not None and two is not None
    assert two.beside == pytest.approx(one.beside, abs=0.04)


@pytest.mark.parametrize("sharpen", [0.6, 1.2, 2.0])
@pytest.mark.parametrize("noise", [1.0, 4.0])
def test_sharpening_is_found(sharpen: float, noise: float) -> None:
    """The share of detail that was added again, under weak and strong noise."""
    lens = replace(LENS, blur_sigma_px=0.9, sharpen=sharpen, noise_sigma=noise)
    found = measure(photograph(None, lens))
    assert abs(found.sharpen - sharpen) <= 0.4
    assert abs(found.blur_sigma_px - 0.9) <= 0.2


@pytest.mark.parametrize("ink", [None, "red"])
def test_no_print_tells_nothing_of_the_lens(ink: str | None) -> None:
    """Blank paper and a red seal on it: noise and ink are no edges of print."""
    page = np.full((SIZE, SIZE, 3), 250, np.uint8)
    if ink is not None:
        params = replace(sample_ink(Rng(2), colour=ink), contact=1.0, fade=0.0)
        density = apply_ink(
            COVERAGE, params, px_per_mm=6.0, center_px=(160.0, 160.0), half_size_px=(130.0, 130.0)
        )
        page = blend_ink(page, density, params)
    shown = apply_capture(page, replace(LENS, blur_sigma_px=0.9, sharpen=1.2, noise_sigma=4.0))
    assert measure_edges((shown / (250 / 255 * 220)).max(axis=2)) is None


@pytest.mark.parametrize(("noise", "texture"), [(1.0, 0.0), (4.0, 0.0), (1.0, 3.0)])
def test_noise_is_found(noise: float, texture: float) -> None:
    """Sigma of fine noise and of relief as they were drawn."""
    found = measure(photograph(None, replace(LENS, noise_sigma=noise, texture_sigma=texture)))
    assert found.noise_sigma == pytest.approx(noise, abs=0.6)
    # Strong fine noise hides a relief below a third of it.
    assert found.texture_sigma == pytest.approx(texture, abs=0.9 + 0.15 * noise)


def seals_and_print(light: tuple[float, float, float], capture: CaptureParams) -> Image.Image:
    """Return four photographed seals, the lower ones partly over print."""
    print_ = np.full((512, 512, 3), 250.0)
    print_[384:] = np.tile(page_with_print(), (1, 2, 1))[:128, :512]
    page = (pressed_targets(light, 0.5) * print_ / 250.0 + 0.5).astype(np.uint8)
    return Image.fromarray(apply_capture(page, capture))


@pytest.mark.parametrize("quality", [None, 75])
@pytest.mark.parametrize("blur", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("light", [(0.6, 0.17, 0.16), (0.2, 0.3, 0.6)])
def test_blur_of_colour_is_found(
    light: tuple[float, float, float], blur: float, quality: int | None
) -> None:
    """Of impressions as seals are photographed, beside what the lens and JPEG do."""
    shot = replace(LENS, chroma_blur_sigma_px=blur, jpeg_quality=quality)
    found = measure(seals_and_print(light, shot))
    assert found.chroma_blur_sigma_px == pytest.approx(blur, abs=0.5)


def test_blur_of_colour_is_unknown_without_colour() -> None:
    assert measure(photograph(None, LENS)).chroma_blur_sigma_px is None
    black = sample_ink(Rng(2), colour="black")
    assert measure(photograph(black, LENS)).chroma_blur_sigma_px is None


@pytest.mark.parametrize("shot", [{}, {"jpeg_quality": 75}, {"chroma_blur_sigma_px": 1.0}])
@pytest.mark.parametrize("light", [(0.7, 0.17, 0.16), (0.2, 0.3, 0.6)])
def test_hue_is_found_behind_lens_and_jpeg(
    light: tuple[float, float, float], shot: dict[str, float]
) -> None:
    """Proportions of the channels' absorbance, where the picture itself is greyer."""
    found = measure(seals_and_print(light, replace(LENS, **shot))).ink
    seen, drawn = -np.log(np.array(found[:3])), -np.log(np.array(light))
    assert seen / seen.max() == pytest.approx(drawn / drawn.max(), abs=0.05)


@pytest.mark.parametrize("quality", [50, 75, 85])
@pytest.mark.parametrize(("noise", "texture"), [(2.0, 0.0), (4.0, 0.0), (2.0, 2.0)])
def test_noise_is_found_behind_jpeg(noise: float, texture: float, quality: int) -> None:
    """JPEG turns fine noise coarse, and drops weak noise; what it left tells how much there was."""
    shot = replace(LENS, noise_sigma=noise, texture_sigma=texture, jpeg_quality=quality)
    found = measure(photograph(None, shot))
    assert found.noise_sigma == pytest.approx(noise, abs=0.7)
    assert found.texture_sigma == pytest.approx(texture, abs=0.9 + 0.15 * noise)


def test_modes_are_read_as_pages_are() -> None:
    """Deep grey measures as grey does, and transparent paper as white paper."""
    grey = photograph(None, LENS).convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert deep.mode == "I;16"
    assert measure(deep) == measure(grey)
    ink = photograph(sample_ink(Rng(2), colour="red"), LENS)
    clear = Image.merge("RGBA", (*ink.split(), Image.new("L", ink.size)))
    assert measure(clear) == measure(Image.new("RGB", ink.size, "white"))


@pytest.mark.parametrize("quality", [50, 75, 85])
def test_jpeg_is_found_in_pixels(quality: int) -> None:
    """A crop kept as PNG tells what its photograph went through."""
    shown = photograph(sample_ink(Rng(2), colour="red"), replace(LENS, jpeg_quality=quality))
    found = measure(shown)
    assert abs(found.jpeg_quality - quality) <= 2
    assert found.subsampling == "420"


@pytest.mark.parametrize(("quality", "subsampling"), [(60, 2), (85, 1), (95, 0)])
def test_jpeg_is_read_from_its_tables(tmp_path: Path, quality: int, subsampling: int) -> None:
    """Quality and subsampling as Pillow was told to use."""
    path = tmp_path / "a.jpg"
    photograph(None, LENS).save(path, quality=quality, subsampling=subsampling)
    with Image.open(path) as image:
        found = measure(image)
    assert abs(found.jpeg_quality - quality) <= 1
    assert found.subsampling == ("444", "422", "420")[subsampling]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of drawn photographs, two of them JPEG, and files that are no images."""
    folder = tmp_path_factory.mktemp("photographs")
    warm = replace(LENS, gain=(1.0, 0.92, 0.8), white=190.0)
    for k in range(6):
        ink = sample_ink(Rng(20, k), colour="red" if k % 3 else "blue")
        image = photograph(replace(ink, contact=1.0, fade=0.0), replace(warm, seed=k))
        name = f"{k}.jpg" if k < 2 else f"{k}.png"
        image.save(folder / name, **({"quality": 80} if k < 2 else {}))
    (folder / "notes.txt").write_text("no image")
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    return folder


def test_fitted_profile_round_trips_and_shapes_samples(folder: Path, tmp_path: Path) -> None:
    """Saved and loaded profiles are equal; samples have the folder's paper and colours."""
    with pytest.warns(UserWarning, match=r"left out broken\.png"):
        profile = fit_profile(folder)
    assert profile.image_count == 6
    assert set(profile.colours) == {"red", "blue"}
    path = tmp_path / "profile.toml"
    profile.save(path)
    assert Profile.load(path) == profile
    assert "paper_red" in path.read_text(encoding="utf-8")
    for k in range(20):
        capture = sample_capture(Rng(1, k), profile=profile)
        paper = apply_capture(
            np.full((64, 64, 3), 250, np.uint8), replace(capture, jpeg_quality=None)
        )
        expected = np.array([1.0, 0.92, 0.8]) * 250 / 255 * 190
        assert np.abs(np.median(paper, axis=(0, 1)) - expected).max() < 22
        assert capture == sample_capture(Rng(1, k), profile=profile)
        ink = sample_ink(Rng(1, k), profile=profile)
        assert ink.colour_name in ("red", "blue")
        assert ink.fade == 0.0  # it is in the strengths that were measured
        assert max(np.abs(np.array(profile.sample_paper(Rng(1, k))) - expected)) < 8


def test_explicit_kind_and_colour_win(folder: Path) -> None:
    """A colour that the folder lacks falls back to the built-in one; a fax stays a fax."""
    with pytest.warns(UserWarning, match="left out"):
        profile = fit_profile(folder)
    assert sample_ink(Rng(1), profile=profile, colour="purple").colour_name == "purple"
    fax = sample_capture(Rng(1), "fax", profile=profile)
    assert fax == sample_capture(Rng(1), "fax")


def test_refusals(tmp_path: Path) -> None:
    """Folders without images, small images and files that are no profile."""
    with pytest.raises(ValueError, match="fit: folder must hold images of at least 64 px"):
        fit_profile(tmp_path)
    with pytest.raises(
        ValueError, match="fit: image must be at least 64 px wide and high, got 9x9"
    ):
        measure(Image.new("RGB", (9, 9)))
    path = tmp_path / "p.toml"
    path.write_text("= broken")
    with pytest.raises(ValueError, match="must be TOML"):
        Profile.load(path)
    path.write_text('format = "other"')
    with pytest.raises(ValueError, match="must have format 'seal2real-profile/2', got 'other'"):
        Profile.load(path)
    path.write_text('format = "seal2real-profile/2"\nimage_count = 1')
    with pytest.raises(ValueError, match="must hold image_count, capture and ink"):
        Profile.load(path)
    rows = 'format = "seal2real-profile/2"\nimage_count = 1\n[capture]\nsubsamplings = ["420"]\n'
    path.write_text(rows + "rows = [[1.0, 2.0]]")
    with pytest.raises(ValueError, match=f"capture rows must hold {len(CAPTURE_COLUMNS)} numbers"):
        Profile.load(path)
