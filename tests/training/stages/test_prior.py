"""Stage 1 on a small base: who moves when, what is learned, resumed and written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from seal2real.diffusion.prior import load_prior
from seal2real.models.lora import merge_lora
from seal2real.training.config import Config
from seal2real.training.loop import make_context, run_stage
from seal2real.training.presets import resolve
from seal2real.training.stage import Context, stage_generator
from seal2real.training.stages.prior import Domains, PriorStage, open_domains
from tests.support.diffusion import digest, small_base, write_photos

SETS = (
    "loop.device=cpu", "loop.threads=1", "loop.workers=0", "loop.grid_every=0",
    "loop.evaluate_every=0", "loop.checkpoint_every=2", "data.size=64", "data.folds=3",
    "data.px_per_mm=4.5", "prior.batch=2", "prior.steps=4", "prior.real_views=12",
    "prior.drawn_views=12", "prior.held_out_views=8", "prior.unet_optimizer.lr=1e-3",
    "prior.unet=full", "prior.ema_decay=0.999", "prior.prompt_optimizer.lr=1e-3",
    "prior.prompt_optimizer.schedule=constant", "prior.unet_optimizer.schedule=constant",
)  # fmt: skip


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


def config(photos: Path, *sets: str) -> Config:
    return resolve("tiny", "", (*SETS, f"data.real={photos}", *sets))


def build(given: Config, context: Context) -> PriorStage:
    base = small_base()
    base.vae.requires_grad_(False)
    return PriorStage(given, context, base, open_domains(given, context, base.vae))


def make(photos: Path, *sets: str) -> PriorStage:
    given = config(photos, *sets)
    torch.manual_seed(0)
    return build(given, make_context(given.loop))


def run(stage: PriorStage, steps: range) -> list[dict[str, float]]:
    return [stage.step(k, stage.batch(k), stage_generator(0, "prior", k, 0)) for k in steps]


def test_the_two_equations_alternate_and_the_other_side_stays(photos: Path) -> None:
    """Two steps of eq. 1, one of eq. 2, and so on; by hash the frozen player does not move."""
    stage = make(photos, "prior.prompt_steps=2", "prior.unet_steps=1", "prior.steps=6")
    assert [stage.learns_prompts(k) for k in range(6)] == [True, True, False] * 2
    vae = digest(stage.base.vae)
    for step in range(6):
        before = digest(stage.prompts), digest(stage.unet)
        (found,) = run(stage, range(step, step + 1))
        prompts_moved, unet_moved = (
            digest(stage.prompts) != before[0],
            digest(stage.unet) != before[1],
        )
        assert (prompts_moved, unet_moved) == ((True, False) if step % 3 < 2 else (False, True))
        assert ("eq1" in found, "eq2" in found) == (prompts_moved, unet_moved)
        assert found["norm_T_r"] > 0
    assert digest(stage.base.vae) == vae
    assert all(p.requires_grad for p in stage.unet.parameters())


def test_learned_prompts_lower_eq_1_on_held_out_images(photos: Path) -> None:
    """Frozen UNet, prompts alone: both held-out losses fall below their initial values."""
    stage = make(
        photos, "prior.unet=frozen", "prior.steps=60", "prior.prompt_optimizer.lr=0.05",
        "prior.ema_decay=0",
    )  # fmt: skip
    unet = digest(stage.unet)

    def held_out() -> tuple[float, float]:
        found = stage.evaluate(0, torch.Generator().manual_seed(5))
        return found["held_out_real_T_r"], found["held_out_drawn_T_f"]

    before = held_out()
    assert held_out() == before
    run(stage, range(60))
    after = held_out()
    assert after[0] < before[0] and after[1] < before[1]
    assert digest(stage.unet) == unet and set(stage.optimizers()) == {"prompts"}


@pytest.mark.parametrize("kind", ["lora", "lora-all"])
def test_lora_trains_and_writes_adapters_only(photos: Path, tmp_path: Path, kind: str) -> None:
    stage = make(photos, f"prior.unet={kind}", "prior.lora_rank=2", "prior.ema_decay=0.5")
    before = {n: digest(p) for n, p in stage.unet.named_parameters() if "adapter" not in n}
    run(stage, range(4))
    after = {n: digest(p) for n, p in stage.unet.named_parameters() if "adapter" not in n}
    assert after == before
    assert sum(p.numel() for p in stage.learner.parameters()) < 0.3 * sum(
        p.numel() for p in stage.unet.parameters()
    )
    stage.finish(tmp_path)
    assert not (tmp_path / "unet").exists()
    prior = load_prior(tmp_path, small_base())
    plain = dict(small_base().unet.named_parameters())
    moved = [n for n, p in prior.unet.named_parameters() if not torch.equal(p, plain[n])]
    assert moved and (kind == "lora-all" or all("attn" in name for name in moved))
    merge_lora(stage.unet)
    for name, ours in stage.unet.named_parameters():
        torch.testing.assert_close(prior.unet.get_parameter(name), ours, rtol=0, atol=2e-3)


def test_a_run_writes_a_prior_with_the_running_means(photos: Path, tmp_path: Path) -> None:
    result = run_stage(build, config(photos, "prior.ema_decay=0.9"), tmp_path / "run", "prior")
    assert result.finished
    prior = load_prior(tmp_path / "run" / "weights", small_base())
    assert prior.record["settings"]["steps"] == 4
    again = make(photos, "prior.ema_decay=0.9")
    run(again, range(4))
    averaged = again.means["unet"].averaged(again.unet)
    # prompts and UNet start from the same weights there and here
    torch.testing.assert_close(
        next(prior.unet.parameters()), next(averaged.parameters()).half().float()
    )


def test_another_base_is_refused_on_resume(photos: Path, tmp_path: Path) -> None:
    from seal2real.training.errors import CheckpointError

    run_stage(build, config(photos, "prior.steps=2"), tmp_path / "run", "prior")

    def other(given: Config, context: Context) -> PriorStage:
        base = small_base(hash_="b" * 64)
        return PriorStage(given, context, base, open_domains(given, context, base.vae))

    with pytest.raises(CheckpointError, match="must rest on the same base"):
        run_stage(other, config(photos, "prior.steps=4"), tmp_path / "run", "prior")


def test_resuming_is_bit_equal(photos: Path, tmp_path: Path) -> None:
    """Two steps, then a new process's stage for two more, against four in one go."""
    straight = run_stage(build, config(photos), tmp_path / "straight", "prior")
    run_stage(build, config(photos, "prior.steps=2"), tmp_path / "parts", "prior")
    parts = run_stage(build, config(photos), tmp_path / "parts", "prior")
    assert straight.finished and parts.finished
    for name in ("prompts.safetensors", "unet/diffusion_pytorch_model.safetensors"):
        one, two = (
            (tmp_path / run / "weights" / name).read_bytes() for run in ("straight", "parts")
        )
        assert one == two, name


def test_accumulation_is_the_mean_of_its_parts(photos: Path) -> None:
    """Batch 2 once, and 1 twice: one gradient, because each sample has its own t and noise."""
    norms = []
    for sets in (("prior.batch=2",), ("prior.batch=1", "prior.accumulate=2")):
        stage = make(photos, *sets, "prior.prompt_optimizer.clip_norm=0")
        batch = stage.batch(0)
        real, drawn = batch["real"], batch["drawn"]
        for moments in (real, drawn):  # without chance, the two orders of drawing agree
            moments.std.zero_()
        fixed = _SameNoise(stage)
        found = fixed.step(batch)
        norms.append((found["eq1"], found["gradient_prompts"]))
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


class _SameNoise:
    """Draws noise as a function of the latents, so that batches can be cut in two."""

    def __init__(self, stage: PriorStage) -> None:
        self.stage = stage
        stage._noised = self.noised  # type: ignore[method-assign]

    def noised(self, moments: Any, _generator: torch.Generator) -> Any:
        from seal2real.diffusion.losses import Noised

        noise = torch.sin(37.0 * moments.mean)
        t = (moments.mean.flatten(1).sum(1).abs() * 1e3).long() % 1000
        return Noised(moments.mean, t, noise, moments.valid)

    def step(self, batch: dict[str, Any]) -> dict[str, float]:
        return self.stage.step(0, batch, torch.Generator())


def test_gradient_checkpointing_changes_nothing(photos: Path) -> None:
    losses = []
    for flag in ("false", "true"):
        stage = make(photos, f"prior.gradient_checkpointing={flag}")
        losses.append([value for found in run(stage, range(4)) for value in found.values()])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_min_snr_and_ema_device_are_used(photos: Path) -> None:
    plain, weighted = make(photos), make(photos, "prior.min_snr=1", "prior.ema_device=cpu")
    a, b = run(plain, range(1))[0]["eq1"], run(weighted, range(1))[0]["eq1"]
    assert a != b
    assert weighted.means["unet"].device == "cpu"


def test_grid_shows_three_columns(photos: Path) -> None:
    stage = make(photos)
    (picture,) = stage.grids(0).values()
    assert picture.shape[0] == 3 and picture.shape[2] == 3 * (64 + 4) + 4
    assert picture.min() >= 0 and picture.max() <= 1


def test_windows_of_two_processes_differ(photos: Path) -> None:
    given = config(photos)
    context = make_context(given.loop)
    domains: list[Domains] = []
    for rank in (0, 1):
        context.rank = rank
        domains.append(open_domains(given, context, small_base().vae))
    assert not torch.equal(domains[0].real.moments([0]).mean, domains[1].real.moments([0]).mean)
    assert torch.equal(
        domains[0].held_real.moments([0]).mean, domains[1].held_real.moments([0]).mean
    )


def test_8_bit_adam_without_its_package_is_refused(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(ValueError, match="name 'adam8bit' must have bitsandbytes, got none"):
        make(photos, "prior.unet_optimizer.name=adam8bit")


def test_no_real_images_is_refused() -> None:
    given = resolve("tiny", "", SETS)
    with pytest.raises(ValueError, match="data.real must name a folder of real images, got none"):
        open_domains(given, make_context(given.loop), small_base().vae)
