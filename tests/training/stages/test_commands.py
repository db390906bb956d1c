"""From a base's folder through both stages by command, as the README has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from seal2real.cli.train import main
from seal2real.models.seal_vgg import SealVgg, save_seal_vgg
from seal2real.training.loop import make_context
from seal2real.training.presets import resolve
from seal2real.training.stages.forger import open_networks
from tests.support.bases import write_base
from tests.support.diffusion import write_photos

QUIET = (
    "loop.device=cpu", "loop.threads=1", "loop.workers=0", "loop.log_every=1",
    "loop.grid_every=2", "loop.evaluate_every=2", "loop.checkpoint_every=2", "data.size=64",
    "data.folds=3", "data.px_per_mm=4.5",
)  # fmt: skip
PRIOR = ("prior.batch=1", "prior.steps=2", "prior.real_views=4", "prior.drawn_views=4",
         "prior.held_out_views=2")  # fmt: skip
FORGER = ("forger.batch=1", "forger.warmup_steps=1", "forger.steps=2", "forger.real_views=4",
          "forger.width=8", "forger.levels=2", "forger.max_width=8", "forger.moments_windows=150")  # fmt: skip


def call(command: str, out: Path, photos: Path, *sets: str) -> Result:
    words = [word for setting in (*QUIET, *sets) for word in ("--set", setting)]
    return CliRunner().invoke(main, [command, str(out), "--real", str(photos), *words])


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_prior_then_forger(tmp_path: Path, kind: str) -> None:
    """f4 with four channels and width 12, read from the base's own configuration."""
    base = write_base(tmp_path / "base", prediction_type=kind)
    photos = write_photos(tmp_path / "photos")
    made = call("prior", tmp_path / "prior", photos, f"prior.base={base}", *PRIOR)
    assert made.exit_code == 0, made.output
    assert "finished 2 steps" in made.output
    save_seal_vgg(SealVgg(), tmp_path / "vgg.safetensors")
    weights = tmp_path / "prior" / "weights"
    made = call(
        "forger", tmp_path / "forger", photos, f"forger.base={base}", f"forger.prior={weights}",
        f"forger.vgg={tmp_path / 'vgg.safetensors'}", *FORGER,
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    sets = (*QUIET, f"forger.base={base}", f"forger.prior={weights}")
    config = resolve("tiny", "", (*sets, f"forger.vgg={tmp_path / 'vgg.safetensors'}"))
    networks = open_networks(config, make_context(config.loop))
    assert networks.base.unet is networks.prior.unet, "two UNets would be held"
    files = {path.name for path in (tmp_path / "forger" / "weights").iterdir()}
    assert files == {"forger.safetensors", "forger.onnx", "prior"}
    assert (tmp_path / "forger" / "report.html").is_file()


def test_a_prior_of_another_base_is_refused(tmp_path: Path) -> None:
    base, other = write_base(tmp_path / "base"), write_base(tmp_path / "other", seed=1)
    photos = write_photos(tmp_path / "photos")
    assert call("prior", tmp_path / "p", photos, f"prior.base={base}", *PRIOR).exit_code == 0
    made = call(
        "forger", tmp_path / "f", photos, f"forger.base={other}",
        f"forger.prior={tmp_path / 'p' / 'weights'}", *FORGER,
    )  # fmt: skip
    assert made.exit_code == 2
    assert "must belong to the base in use" in made.output and "Traceback" not in made.output


def test_the_onnx_is_what_was_trained(tmp_path: Path) -> None:
    """The written graph against the written weights, on a crop that training never saw."""
    onnxruntime = pytest.importorskip("onnxruntime")
    from seal2real.models.build import load_forger

    base, photos = write_base(tmp_path / "base"), write_photos(tmp_path / "photos")
    call("prior", tmp_path / "p", photos, f"prior.base={base}", *PRIOR)
    save_seal_vgg(SealVgg(), tmp_path / "vgg.safetensors")
    call(
        "forger", tmp_path / "f", photos, f"forger.base={base}", "forger.ema_decay=0",
        f"forger.prior={tmp_path / 'p' / 'weights'}", "forger.optimizer.lr=0.01",
        f"forger.vgg={tmp_path / 'vgg.safetensors'}", *FORGER,
    )  # fmt: skip
    weights = tmp_path / "f" / "weights"
    generator = torch.Generator().manual_seed(0)
    feed = {
        "synthetic": torch.rand(1, 3, 64, 128, generator=generator) * 2 - 1,
        "ink": torch.rand(1, 1, 64, 128, generator=generator),
        "px_per_mm": torch.full((1,), 5.0),
        "noise": torch.randn(1, 4, 64, 128, generator=generator),
    }
    session = onnxruntime.InferenceSession(
        str(weights / "forger.onnx"), providers=["CPUExecutionProvider"]
    )
    (got,) = session.run(None, {name: value.numpy() for name, value in feed.items()})
    wanted = load_forger(weights / "forger.safetensors")(*feed.values()).detach().numpy()
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-4)
    assert np.abs(wanted - feed["synthetic"].numpy()).max() > 1e-4, "it learned something"
