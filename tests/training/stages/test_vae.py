"""Stage vae: its losses, its two phases, and where its crops come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("accelerate")

from PIL import Image  # noqa: E402

from seal2real.diffusion.tiny import build_vae  # noqa: E402
from seal2real.sealdb.provenance import Provenance, embed  # noqa: E402
from seal2real.training.config import VaeConfig  # noqa: E402
from seal2real.training.loop import make_context  # noqa: E402
from seal2real.training.presets import resolve  # noqa: E402
from seal2real.training.stage import stage_generator  # noqa: E402
from seal2real.training.stages.vae import (  # noqa: E402
    VaeStage,
    edge_loss,
    kl_per_value,
    reconstruction_loss,
)
from seal2real.training.tree import is_equal  # noqa: E402
from tests.support.diffusion import digest  # noqa: E402

SMALL = (
    "vae.crop=64", "vae.batch=2", "vae.calibration=64", "vae.steps=4", "vae.frozen_share=0.5",
    "loop.device=cpu", "loop.threads=1",
)  # fmt: skip


def stage(*words: str) -> VaeStage:
    config = resolve("tiny", "", (*SMALL, *words))
    torch.manual_seed(0)
    return VaeStage(config, make_context(config.loop), build_vae())


def step(vae: VaeStage, number: int) -> dict[str, float]:
    return vae.step(number, vae.batch(number), stage_generator(0, "vae", number, 0))


def test_losses_follow_their_formulas() -> None:
    """Written out in NumPy, float64."""
    generator = torch.Generator().manual_seed(0)
    output, image = torch.randn(2, 2, 3, 5, 7, generator=generator, dtype=torch.float64)
    found = reconstruction_loss(output, image, VaeConfig(squared=2.0, edges=3.0))
    error = (output - image).numpy()
    absolute, squared = np.abs(error).mean(), (error**2).mean()
    edges = np.abs(np.diff(error, axis=2)).mean() + np.abs(np.diff(error, axis=3)).mean()
    assert found["mae"].item() == pytest.approx(absolute)
    assert found["mse"].item() == pytest.approx(squared)
    assert edge_loss(output, image).item() == pytest.approx(edges)
    assert found["loss"].item() == pytest.approx(absolute + 2 * squared + 3 * edges)


def test_kl_equals_torchs_own() -> None:
    mean, logvar = torch.randn(2, 3, 4, 5, 5, dtype=torch.float64)
    ours = torch.distributions.Normal(mean, (0.5 * logvar).exp())
    wanted = torch.distributions.kl_divergence(ours, torch.distributions.Normal(0.0, 1.0)).mean()
    assert kl_per_value(mean, logvar).item() == pytest.approx(wanted.item())


def test_batches_are_functions_of_the_step() -> None:
    one, two = stage(), stage()
    assert is_equal(one.batch(3), two.batch(3))
    assert not is_equal(one.batch(3), one.batch(4))
    assert one.batch(0)["image"].shape == (2, 3, 64, 64)


def test_photographs_take_their_share_and_held_out_names_none(tmp_path: Path) -> None:
    """Photographs are green, which no drawn page is; the held-out one is pure magenta."""
    for name, colour in (("kept.png", (40, 200, 40)), ("held_1.png", (255, 0, 255))):
        Image.new("RGB", (200, 200), colour).save(tmp_path / name)
    words = ("vae.batch=8", "vae.real_share=0.25", 'vae.hold_out=["held_*"]')
    vae = stage(f"data.real={tmp_path}", *words)
    for number in range(3):
        means = vae.batch(number)["image"].float().mean((2, 3))
        green = (means[:, 1] > means[:, 0] + 60).sum().item()
        magenta = (means[:, 0] > means[:, 1] + 100).sum().item()
        assert (green, magenta) == (2, 0)


def test_photographs_made_by_a_program_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (200, 200)).save(tmp_path / "a.png")
    made = embed((tmp_path / "a.png").read_bytes(), Provenance("training"))
    (tmp_path / "a.png").write_bytes(made)
    with pytest.raises(
        ValueError, match=r"real images must be photographs or scans, got 1 made by"
    ):
        stage(f"data.real={tmp_path}")


def test_the_encoder_waits_for_the_decoder() -> None:
    """Steps 0 and 1 of 4 leave it bit for bit as it was; later ones do not."""
    vae = stage()
    before = digest(vae.vae.encoder, vae.vae.quant_conv), digest(vae.vae.decoder)
    for number in (0, 1):
        step(vae, number)
    assert digest(vae.vae.encoder, vae.vae.quant_conv) == before[0]
    assert digest(vae.vae.decoder) != before[1]
    step(vae, 2)
    assert digest(vae.vae.encoder, vae.vae.quant_conv) != before[0]


def test_steps_lower_the_loss_on_their_batch() -> None:
    vae = stage("vae.frozen_share=0", "vae.optimizer.warmup=0", "vae.steps=100")
    batch = vae.batch(0)
    losses = [vae.step(i, batch, stage_generator(0, "vae", 0, 0))["loss"] for i in range(12)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("vae.crop=72", "vae.crop must be 16 n from 64 on, got 72"),
        ("vae.real_share=1.5", r"vae.real_share must be in \[0, 1\], got 1.5"),
        ("vae.calibration=8", "vae.calibration must be at least 64, got 8"),
    ],
)
def test_wrong_settings(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve("tiny", "", (word,))
