"""Stage 2 on a small base: phases, who moves when, the paste, the prior losses, resume, files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seal2real.diffusion.latents import encode_moments
from seal2real.diffusion.losses import Noised, content_loss, prior_loss
from seal2real.diffusion.prior import Prior, load_prior
from seal2real.diffusion.prompts import Prompts
from seal2real.models.build import load_forger
from seal2real.models.seal_vgg import SealVgg
from seal2real.training.config import Config, ForgerConfig
from seal2real.training.data.forging import Drawn, forge_batch
from seal2real.training.data.streams import as_images
from seal2real.training.loop import make_context, run_stage
from seal2real.training.presets import PRESETS, resolve
from seal2real.training.stage import Context, stage_generator
from seal2real.training.stages.forger import (
    ForgerStage,
    Networks,
    open_data,
    phase_of,
)
from tests.support.diffusion import digest, small_base, write_photos

SETS = (
    "loop.device=cpu", "loop.threads=1", "loop.workers=0", "loop.grid_every=0",
    "loop.evaluate_every=0", "loop.checkpoint_every=2", "data.size=64", "data.folds=3",
    "data.px_per_mm=4.5", "forger.batch=2", "forger.warmup_steps=1", "forger.steps=4",
    "forger.width=8", "forger.levels=2", "forger.max_width=8", "forger.real_views=8",
    "forger.moments_weight=0", "forger.unet=full", "forger.round_prior_steps=1", "forger.content_weight=1.0",
    "forger.content_epsilon=0.001", "forger.t_range=[0.02, 0.98]", "forger.optimizer.warmup=0", "forger.optimizer.schedule=constant",
)  # fmt: skip


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


def config(photos: Path, *sets: str) -> Config:
    return resolve("tiny", "", (*SETS, f"data.real={photos}", *sets))


def networks(kind: str = "epsilon") -> Networks:
    base = small_base(kind)
    base.vae.requires_grad_(False)
    torch.manual_seed(2)
    features = SealVgg().requires_grad_(False).eval()
    prior = Prior(Prompts.from_base(base), base.unet, base.scheduler, {})
    return Networks(base, prior, features, "c" * 64)


def build(given: Config, context: Context, kind: str = "epsilon") -> ForgerStage:
    nets = networks(kind)
    torch.manual_seed(0)
    return ForgerStage(given, context, nets, open_data(given, context, nets.base.vae))


def make(photos: Path, *sets: str, kind: str = "epsilon", identity: bool = False) -> ForgerStage:
    given = config(photos, *sets)
    stage = build(given, make_context(given.loop), kind)
    if not identity:
        torch.manual_seed(1)
        torch.nn.init.normal_(stage.forger.last.weight, std=0.02)
    return stage


def one(stage: ForgerStage, step: int) -> dict[str, float]:
    return stage.step(step, stage.batch(step), stage_generator(0, "forger", step, 0))


def test_phases() -> None:
    """Warm-up of 2, then rounds of 3 and 1; without rounds eq. 5 alone."""
    settings = ForgerConfig(warmup_steps=2, round_forger_steps=3, round_prior_steps=1)
    letters = "".join(phase_of(step, settings)[0] for step in range(12))
    assert letters == "ccfffafffaff"
    alone = ForgerConfig(warmup_steps=1, round_forger_steps=0)
    assert {phase_of(step, alone) for step in range(1, 9)} == {"forger"}


def test_presets_are_the_papers_and_distribution_matching() -> None:
    paper, dm = PRESETS["paper"].forger, PRESETS["dm"].forger
    assert (paper.prior_loss, paper.round_forger_steps, paper.round_prior_steps) == (
        "eq3",
        500,
        500,
    )
    assert dm.prior_loss == "dm" and dm.round_forger_steps == 1
    assert 1 <= dm.round_prior_steps <= 5


@pytest.mark.parametrize("prior_loss_name", ["eq3", "sds", "dm"])
def test_a_forger_step_moves_the_forger_alone(photos: Path, prior_loss_name: str) -> None:
    """By hash: θ, T, VAE and VGG stay, and none of them is left with a gradient."""
    stage = make(photos, f"forger.prior_loss={prior_loss_name}", "forger.round_prior_steps=0")
    others = (stage.unet, stage.prompts, stage.vae, stage.networks.features)
    for step in (0, 1, 2):
        before = digest(stage.forger), digest(*others)
        found = one(stage, step)
        assert digest(*others) == before[1]
        assert digest(stage.forger) != before[0]
        assert all(p.grad is None for module in others for p in module.parameters())
        assert ("eq3" in found) == (step > 0) and found["eq4"] > 0 and "saturation" in found
        assert found["gradient_forger"] > 0
    assert all(p.requires_grad for p in stage.unet.parameters())


def test_an_adversarial_step_moves_prompts_and_unet_alone(photos: Path) -> None:
    stage = make(photos)
    assert phase_of(2, stage.settings) == "adversarial"
    others = (stage.forger, stage.vae, stage.networks.features)
    before = digest(*others), digest(stage.prompts), digest(stage.unet)
    found = one(stage, 2)
    assert digest(*others) == before[0] and all(p.grad is None for p in stage.forger.parameters())
    assert digest(stage.prompts) != before[1] and digest(stage.unet) != before[2]
    assert {"eq6", "gradient_prompts", "gradient_unet", "norm_T_r", "norm_T_f"} <= set(found)


MOMENTS = (
    "forger.moments_weight=0.3",
    "forger.moments_windows=90",
    "forger.moments_layers=[1]",
    "forger.batch=6",
)


def test_moments_count_where_the_prior_does(photos: Path) -> None:
    """Not in the warm-up, not in eq. 6; what they follow is the forger."""
    stage = make(photos, *MOMENTS)
    assert stage.ink_moments is not None
    assert "moments" not in one(stage, 0) and not stage.ink_moments.change.any()
    assert one(stage, 1)["moments"] > 0
    followed = stage.ink_moments.change.clone()
    assert followed.any()
    one(stage, 2)
    assert torch.equal(stage.ink_moments.change, followed)


@pytest.mark.parametrize("parts", [1, 2])
def test_moments_are_added_to_eq_5_by_their_weight(photos: Path, parts: int) -> None:
    """The forger's gradient against autograd through the written-out losses, part by part."""
    stage = make(
        photos, *MOMENTS, "forger.prior_loss=sds", "forger.optimizer.clip_norm=0",
        "forger.keep_paper=false", f"forger.accumulate={parts}",
    )  # fmt: skip
    moments = stage.ink_moments
    assert moments is not None
    weights, generator = list(stage.forger.parameters()), torch.Generator().manual_seed(4)
    batch = stage.batch(0)["drawn"]
    assert len(batch.image) == 6 * parts
    total, distances, changed = torch.zeros(()), [], []
    for part in batch.chunks(parts):
        drawn = part.to(torch.device("cpu"))
        forged = forge_batch(stage.forger, drawn)
        content = content_loss(
            stage.networks.features, forged, drawn.image, (1.0,) * 5, weight=drawn.feather
        )
        prior = stage._prior(forged, drawn, generator)
        distance, change = moments(forged, drawn.image)
        total = total + (prior + content + 0.3 * distance) / parts
        distances.append(distance.item())
        changed.append(change)
    wanted = torch.autograd.grad(total, weights)
    found = stage.forger_step(batch, True, torch.Generator().manual_seed(4))
    norm = torch.stack([g.norm() for g in wanted]).norm()
    assert found["gradient_forger"] == pytest.approx(norm.item(), rel=1e-4)
    assert found["moments"] == pytest.approx(sum(distances) / parts, rel=1e-5)
    tiles = torch.stack(changed).sum(0)
    assert tiles[-1] > 0
    torch.testing.assert_close(moments.change, tiles[:-1] / tiles[-1])


def test_with_moments_pages_have_the_scales_of_photographs(photos: Path) -> None:
    """Neither drawn pages nor the latents of eq. 6 are of windows that were resampled."""
    stage = make(photos, *MOMENTS)
    plain = set(stage.data.real.scales(as_photographed=True))
    assert set(stage.data.drawn.px_per_mm) == plain
    assert set(make(photos).data.drawn.px_per_mm) != plain
    window = torch.from_numpy(stage.data.real.as_photographed(5)["image"])[None]
    mean, _ = encode_moments(stage.vae, as_images(window))
    torch.testing.assert_close(stage.data.latents.moments([5]).mean, mean, atol=2e-3, rtol=2e-3)


def test_a_frozen_unet_stays_in_eq_6(photos: Path) -> None:
    stage = make(photos, "forger.unet=frozen")
    before = digest(stage.unet)
    one(stage, 2)
    assert digest(stage.unet) == before and set(stage.optimizers()) == {"forger", "prompts"}


def test_the_identity_survives_its_first_steps(photos: Path) -> None:
    """A forger that starts as the identity: finite losses, and eq. 5 moves it off."""
    stage = make(photos, identity=True)
    first = one(stage, 0)
    assert first["gradient_forger"] == 0
    one(stage, 1)
    assert all(torch.isfinite(p).all() for p in stage.forger.parameters())
    assert stage.forger.last.weight.any()


def on_device(stage: ForgerStage) -> Drawn:
    return stage.batch(0)["drawn"].to(torch.device("cpu"))


def test_networks_see_the_paste(photos: Path) -> None:
    """A forger that paints everything black changes nothing outside the feather."""
    stage = make(photos)
    drawn = on_device(stage)
    torch.nn.init.constant_(stage.forger.last.bias, -5.0)
    forged = forge_batch(stage.forger, drawn)
    outside = (drawn.feather == 0).expand_as(forged)
    assert torch.equal(forged[outside], drawn.image[outside])
    assert outside.any() and (forged[~outside] != drawn.image[~outside]).any()
    whole = make(photos, "forger.scope=crop")
    torch.nn.init.constant_(whole.forger.last.bias, -5.0)
    assert (forge_batch(whole.forger, drawn, whole=whole._whole) == -1).all()


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_eq_5_is_eq_3_plus_w_eq_4(photos: Path, kind: str) -> None:
    """The forger's gradient of a step against autograd through the written-out sum."""
    stage = make(
        photos, "forger.prior_loss=eq3", "forger.content_weight=0.3", "forger.t_range=[0.1,0.6]",
        "forger.optimizer.clip_norm=0", "forger.content_mask=false", kind=kind,
    )  # fmt: skip
    drawn, weights = on_device(stage), list(stage.forger.parameters())
    forged = forge_batch(stage.forger, drawn)
    mean, std = encode_moments(stage.vae, forged)
    generator = torch.Generator().manual_seed(4)
    x0 = mean + std * torch.randn(mean.shape, generator=generator)
    t = torch.randint(100, 600, (2,), generator=generator)
    noise = torch.randn(mean.shape, generator=generator)
    prior = prior_loss(stage.sd, stage.prompts.real, Noised(x0, t, noise))
    content = content_loss(stage.networks.features, forged, drawn.image, (1.0,) * 5)
    wanted = torch.autograd.grad(prior + 0.3 * content, weights)
    found = stage.forger_step(stage.batch(0)["drawn"], True, torch.Generator().manual_seed(4))
    assert found["eq3"] == pytest.approx(prior.item(), rel=1e-5)
    assert found["eq4"] == pytest.approx(content.item(), rel=1e-5)
    norm = torch.stack([g.norm() for g in wanted]).norm()
    assert found["gradient_forger"] == pytest.approx(norm.item(), rel=1e-4)


def test_content_alone_brings_the_forger_back_to_the_identity(photos: Path) -> None:
    """Eq. 4's warm-up: a disturbed forger comes nearer to I_s."""
    stage = make(photos, "forger.warmup_steps=25", "forger.optimizer.lr=1e-3")
    stage.ema = None  # evaluated is the forger itself
    before = stage.evaluate(0, torch.Generator())
    batch = stage.batch(0)
    for step in range(25):
        stage.step(step, batch, torch.Generator())
    after = stage.evaluate(0, torch.Generator())
    assert after["held_out_eq4"] < 0.8 * before["held_out_eq4"]


def test_options_change_the_loss(photos: Path) -> None:
    values = []
    for sets in ((), ("forger.content_mask=false",), ("forger.content_invariant=true",),
                 ("forger.alpha=[1,0,0,0,0]",)):  # fmt: skip
        values.append(one(make(photos, *sets), 0)["eq4"])
    assert len({round(v, 6) for v in values}) == 4


def test_noise_and_data_are_functions_of_the_step(photos: Path) -> None:
    a, b = make(photos), make(photos)
    for name, plane in vars(a.batch(2)["drawn"]).items():
        assert torch.equal(plane, vars(b.batch(2)["drawn"])[name]), name
    assert torch.equal(a.batch(2)["real"].mean, b.batch(2)["real"].mean)
    assert not torch.equal(a.batch(1)["drawn"].noise, a.batch(2)["drawn"].noise)


def test_resuming_is_bit_equal(photos: Path, tmp_path: Path) -> None:
    """Five steps in one go against two and then three, over all phases, with moments."""
    run_stage(build, config(photos, *MOMENTS), tmp_path / "straight", "forger")
    run_stage(build, config(photos, *MOMENTS, "forger.steps=1"), tmp_path / "parts", "forger")
    result = run_stage(build, config(photos, *MOMENTS), tmp_path / "parts", "forger")
    assert result.finished
    for name in ("forger.safetensors", "prior/prompts.safetensors", "forger.onnx"):
        one_, two = ((tmp_path / run / "weights" / name) for run in ("straight", "parts"))
        assert one_.read_bytes() == two.read_bytes(), name


def test_a_run_writes_forger_graph_and_prior(photos: Path, tmp_path: Path) -> None:
    stage = make(photos)
    one(stage, 1)
    one(stage, 2)
    stage.finish(tmp_path)
    forger = load_forger(tmp_path / "forger.safetensors")
    assert forger.config == stage.forger.config
    for ours, theirs in zip(forger.parameters(), stage.mean_forger().parameters(), strict=True):
        assert torch.equal(ours, theirs.half().float())
    prior = load_prior(tmp_path / "prior", stage.networks.base)
    assert torch.equal(prior.prompts.fake, stage.prompts.fake)
    assert (tmp_path / "forger.onnx").stat().st_size > 0


def test_evaluation_and_grid(photos: Path) -> None:
    stage = make(photos, identity=True)
    found = stage.evaluate(0, torch.Generator())
    assert found["held_out_change"] == 0
    assert found["held_out_forged_T_r"] == pytest.approx(found["held_out_drawn_T_r"], rel=1e-5)
    (picture,) = stage.grids(0).values()
    assert picture.shape == (3, 3 * 68 + 4, 3 * 68 + 4)


def test_a_timestep_range_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="forger.t_range must be ascending by 0.001"):
        resolve("tiny", "", ("forger.t_range=[0.5,0.5]",))


def test_lora_in_eq_6(photos: Path, tmp_path: Path) -> None:
    stage = make(photos, "forger.unet=lora", "forger.lora_rank=2")
    kept = {n: digest(p) for n, p in stage.unet.named_parameters() if "adapter" not in n}
    one(stage, 2)
    assert kept == {n: digest(p) for n, p in stage.unet.named_parameters() if "adapter" not in n}
    stage.finish(tmp_path)
    assert load_prior(tmp_path / "prior", stage.networks.base).record["unet"]
