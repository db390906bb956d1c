"""The forger's engine: crops, scales, exact pasting, the same bytes every time."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from seal2real.models.forger import forge
from seal2real.models.forger_noise import native_size, noise_planes
from seal2real.realise.crops import CROP_STEP, padded_box, seal_boxes
from seal2real.realise.forger import ForgerRealiser
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample
from tests.support.forgers import random_forger, write_forger

# Named, so that a new preset draws no other sample.
PRESETS = ("company", "special_use", "invoice", "government", "finance_square")
RECIPE = Recipe(count=100, seed=8, size="320", presets=PRESETS, options={"seal_free": 0.0})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forger that changes every pixel it may."""
    return write_forger(tmp_path_factory.mktemp("forger") / "forger.onnx")


@pytest.fixture(scope="module")
def sample() -> Sample:
    """A drawn crop."""
    return SampleFactory(RECIPE)(3)


def test_the_page_changes_inside_the_support_only(weights: Path, sample: Sample) -> None:
    """Bit for bit outside, and really changed on the ink."""
    forged = ForgerRealiser(weights)(sample, Rng(1))
    assert np.array_equal(forged[~sample.support], sample.synthetic[~sample.support])
    changed = (forged != sample.synthetic).any(axis=2)
    assert changed[sample.mask > 0].mean() > 0.5


def test_the_whole_image_changes_with_scope_crop(weights: Path, sample: Sample) -> None:
    """The paper's literal variant has no clean pair."""
    forged = ForgerRealiser(weights, "crop")(sample, Rng(1))
    assert (forged != sample.synthetic)[~sample.support].mean() > 0.3


def test_the_stream_decides_and_nothing_else(weights: Path, sample: Sample) -> None:
    """Fresh sessions, other samples in between, another process' copy: equal bytes."""
    realiser = ForgerRealiser(weights)
    first = realiser(sample, Rng(5, 1))
    realiser(SampleFactory(RECIPE)(7), Rng(5, 2))
    again = pickle.loads(pickle.dumps(realiser))(sample, Rng(5, 1))
    assert np.array_equal(first, realiser(sample, Rng(5, 1)))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, realiser(sample, Rng(5, 3)))


def test_a_page_without_seal_stays(weights: Path, sample: Sample) -> None:
    """Nothing to forge: no crop is run."""
    bare = replace(
        sample,
        mask=np.zeros_like(sample.mask),
        record={**sample.record, "seals": []},
        synthetic=sample.clean,
    )
    assert np.array_equal(ForgerRealiser(weights)(bare, Rng(1)), sample.clean)


def test_above_300_dpi_only_the_residual_is_enlarged(weights: Path, sample: Sample) -> None:
    """An identity forger leaves every pixel at every scale: the page is not shrunk and enlarged.

    With weights, the higher the scale the smoother the change, compared with how large it is.
    """
    identity = write_forger(weights.parent / "identity.onnx", strength=0.0)
    page, ink = sample.synthetic[:192, :256], sample.mask[:192, :256] * np.uint8(255)
    roughness = []
    for factor in (1.0, 1.7, 2.5):
        scale = 300 / 25.4 * factor
        assert np.array_equal(ForgerRealiser(identity).run(page, ink, scale, Rng(2)), page)
        change = ForgerRealiser(weights).run(page, ink, scale, Rng(2)).astype(np.int16) - page
        assert np.abs(change).mean() > 1.0
        roughness.append(np.abs(np.diff(change, axis=1)).mean() / np.abs(change).mean())
    assert roughness[1] < 0.8 * roughness[0]
    assert roughness[2] < 0.8 * roughness[1]


@pytest.mark.parametrize("factor", [0.6, 1.7, 2.5])
def test_the_engine_does_what_training_sees(weights: Path, sample: Sample, factor: float) -> None:
    """Against PyTorch's ``forge`` on the same noise, which training goes through.

    Equal but for rounding; above 300 dpi only where padding (to 64 px here, to 8 there) is in sight.
    """
    scale = 300 / 25.4 * factor
    page, ink = sample.synthetic[:256, :256], sample.coverage[:256, :256]  # type: ignore[index]
    ours = ForgerRealiser(weights).run(page, ink, scale, Rng(2)).astype(np.int16)
    height, width, low = native_size(256, 256, scale)
    padded = [-(-side // CROP_STEP) * CROP_STEP for side in (height, width)]
    noise = noise_planes(Rng(2), padded[0], padded[1], low, 2)[:, :height, :width]
    with torch.inference_mode():
        made = forge(
            random_forger(),
            torch.from_numpy(page.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1,
            torch.from_numpy(ink.copy())[None, None].float() / 255,
            scale,
            torch.from_numpy(noise.copy())[None],
        )
    theirs = torch.round((made[0].permute(1, 2, 0) + 1) * 127.5).numpy().astype(np.int16)
    apart = np.abs(ours - theirs)
    changed = np.abs(theirs - page).mean()
    assert apart.mean() < (0.01 if factor < 1 else 0.1) * changed
    assert np.quantile(apart, 0.99) <= (1 if factor < 1 else 2)
    assert np.quantile(apart[:-64, :-64], 0.999) <= 1


def test_crops_have_fixed_sizes_inside_the_image() -> None:
    """Sides are multiples of the step, hold box and context, and leave only small images."""
    rng = Rng(4)
    for _ in range(300):
        width, height = rng.integer(30, 900), rng.integer(30, 900)
        x0, y0 = rng.integer(0, width - 1), rng.integer(0, height - 1)
        box = (x0, y0, rng.integer(x0 + 1, width + 1), rng.integer(y0 + 1, height + 1))
        a, b, c, d = padded_box(box, width, height)
        assert (c - a) % CROP_STEP == (d - b) % CROP_STEP == 0
        assert 0 <= a <= box[0] and box[2] <= c
        assert 0 <= b <= box[1] and box[3] <= d
        assert c <= width or (a == 0 and c < width + CROP_STEP)
        assert d <= height or (b == 0 and d < height + CROP_STEP)


def test_seals_that_meet_share_a_box(sample: Sample) -> None:
    """Two that overlap become one; a third stays; none of the results overlap."""
    boxes = [[10, 10, 60, 60], [200, 200, 250, 240], [62, 40, 100, 90]]
    seals = [{"bbox": box} for box in boxes] + [{"bbox": None}]
    record = {**sample.record, "seals": seals}
    found = sorted(seal_boxes(replace(sample, record=record), 3))
    assert found == [(7, 7, 103, 93), (197, 197, 253, 243)]


def test_a_network_that_gives_no_numbers_is_refused(sample: Sample, tmp_path: Path) -> None:
    """Pasted, NaN would become twice the ink, which no label denies."""
    broken = write_forger(tmp_path / "nan.onnx", float("nan"))
    with pytest.raises(
        ValueError, match="must give finite numbers, got NaN or infinity from .*nan"
    ):
        ForgerRealiser(broken)(sample, Rng(1))


def test_a_stored_sample_cannot_be_forged(weights: Path, sample: Sample) -> None:
    """Its coverage is not stored: it must be drawn again."""
    with pytest.raises(ValueError, match="sample must have its coverage"):
        ForgerRealiser(weights)(replace(sample, coverage=None), Rng(1))
