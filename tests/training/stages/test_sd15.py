"""Both stages on a checkpoint of Stable Diffusion 1.5's shapes, within the memory of a usual PC."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from seal2real.models.seal_vgg import SealVgg, save_seal_vgg
from seal2real.training.checkpoint import checkpoint_files
from seal2real.training.runfolder import RunFolder
from tests.support.bases import write_sd15_base
from tests.support.diffusion import write_photos

ROOT = Path(__file__).resolve().parents[3]
MOST_BYTES = 20e9
SETTINGS = (
    "loop.device=cpu", "loop.workers=0", "loop.log_every=1", "loop.grid_every=0",
    "loop.evaluate_every=0", "loop.keep=1", "data.size=64", "data.folds=3", "data.px_per_mm=4.5",
)  # fmt: skip
# All of the UNet, as the presets for Stable Diffusion train it.
PRIOR = ("prior.unet=full", "prior.batch=1", "prior.real_views=2", "prior.drawn_views=2",
         "prior.held_out_views=1", "prior.ema_decay=0")  # fmt: skip
FORGER = ("forger.unet=full", "forger.batch=1", "forger.warmup_steps=1", "forger.real_views=2",
          "forger.ema_decay=0", "forger.moments_weight=0")  # fmt: skip


def train(stage: str, out: Path, photos: Path, *sets: str) -> int:
    """Train in a process of its own; return the most memory that it had, bytes."""
    words = [word for setting in (*SETTINGS, *sets) for word in ("--set", setting)]
    command = [sys.executable, "-m", "seal2real.cli.train", stage, out, "--real", photos, *words]
    with subprocess.Popen([str(word) for word in command], cwd=ROOT) as run:
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    assert run.returncode == 0
    return usage.ru_maxrss * 1024


def losses(out: Path) -> list[str]:
    """Return the equation that every step so far had a finite loss of."""
    rows = RunFolder(out).rows()
    return [next(name for name in ("eq1", "eq2", "eq3", "eq4", "eq6") if name in r) for r in rows]


@pytest.mark.slow(seconds=400)
def test_load_step_save_and_resume_fit_into_20_gb(tmp_path: Path) -> None:
    """Full UNets under Adam, no running mean; each run goes on from the checkpoint before.

    860 M weights in fp32 are 3.4 GB, with their gradient and Adam's two means 13.8 GB: nothing
    of that may be there twice while it is loaded, saved or restored (stage 2 took more than 20.5 GB
    when it held the base's UNet beside the prior's and checkpoints were copied first).
    """
    base, photos = write_sd15_base(tmp_path / "base"), write_photos(tmp_path / "photos")
    out, of_base = tmp_path / "prior", f"prior.base={base}"
    peaks = {f"prior {n}": train("prior", out, photos, of_base, *PRIOR, f"prior.steps={n}")
             for n in (2, 4)}  # fmt: skip
    assert losses(out) == ["eq1", "eq2", "eq1", "eq2"]
    assert [file.name for file in checkpoint_files(out / "checkpoints")] == [
        "step-000000004.safetensors"
    ]
    checkpoint_files(out / "checkpoints")[0].unlink()  # 10 GB
    save_seal_vgg(SealVgg(), tmp_path / "vgg.safetensors")
    own = (f"forger.base={base}", f"forger.prior={out / 'weights'}",
           f"forger.vgg={tmp_path / 'vgg.safetensors'}")  # fmt: skip
    out = tmp_path / "forger"
    peaks |= {f"forger {n}": train("forger", out, photos, *own, *FORGER, f"forger.steps={n}")
              for n in (2, 4)}  # fmt: skip
    assert losses(out) == ["eq4", "eq3", "eq6", "eq3", "eq6"]
    print({name: f"{peak / 1e9:.1f} GB" for name, peak in peaks.items()})
    assert max(peaks.values()) < MOST_BYTES, peaks
