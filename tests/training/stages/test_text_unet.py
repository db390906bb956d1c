"""Stage text_unet, and the whole of `seal2real-train base` from nothing to a base that loads."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("accelerate")
pytest.importorskip("tensorboard")

from click.testing import CliRunner  # noqa: E402

from seal2real.cli.train import main  # noqa: E402
from seal2real.diffusion.base import load_base  # noqa: E402
from seal2real.diffusion.prompts import Prompts  # noqa: E402
from seal2real.diffusion.tiny import LATENT_CHANNELS, build_vae  # noqa: E402
from seal2real.diffusion.vocabulary import write_tokenizer  # noqa: E402
from seal2real.training.loop import make_context  # noqa: E402
from seal2real.training.presets import resolve  # noqa: E402
from seal2real.training.stage import stage_generator  # noqa: E402
from seal2real.training.stages.text_unet import (  # noqa: E402
    TextUnetStage,
    build_stage,
    caption_merges,
)
from seal2real.training.stages.vae import build_stage as build_vae_stage  # noqa: E402
from seal2real.training.stages.vae import load_vae  # noqa: E402
from tests.support.diffusion import digest  # noqa: E402

SMALL = (
    "data.size=64", "text_unet.batch=4", "text_unet.captions=30", "text_unet.steps=3",
    "loop.device=cpu", "loop.threads=1",
)  # fmt: skip


def stage(*words: str) -> TextUnetStage:
    config = resolve("tiny", "", (*SMALL, *words))
    context = make_context(config.loop)
    torch.manual_seed(0)
    return TextUnetStage(config, context, build_vae().eval(), caption_merges(config))


def step(base: TextUnetStage, number: int) -> dict[str, float]:
    return base.step(number, base.batch(number), stage_generator(0, "text_unet", number, 0))


def test_the_vocabulary_has_both_learned_prompts(tmp_path: Path) -> None:
    """Each word of the paper's sentences is one token, though no drawn page is called real."""
    tokenizer = write_tokenizer(caption_merges(resolve("tiny", "", SMALL)), tmp_path)
    words = tokenizer.tokenize("A photo of document with real seal, with fake seal")
    assert [word for word in words if word != ",</w>"] == [
        f"{word}</w>"
        for word in ["a", "photo", "of", "document", "with", "real", "seal", "with", "fake", "seal"]
    ]


def test_images_serve_as_many_steps_as_asked() -> None:
    """Half of a batch is new; latents of a resumed run are those of an uninterrupted one."""
    base = stage("text_unet.reuse=2")
    assert len(base.batch(0)["image"]) == 2
    going = [base._recent(number, base.batch(number)) for number in range(3)]
    assert all(torch.equal(a[:2], b[2:]) for a, b in zip(going[1], going[2], strict=True))
    resumed = stage("text_unet.reuse=2")
    fresh = resumed._recent(2, resumed.batch(2))
    assert all(torch.equal(a, b) for a, b in zip(going[2], fresh, strict=True))


def test_everything_learns_but_the_vae() -> None:
    base = stage()
    before = {name: digest(module) for name, module in base.modules().items()}
    step(base, 0)
    moved = {name for name, module in base.modules().items() if digest(module) != before[name]}
    assert moved == set(base.trained()) == {"unet", "text_encoder"}


def test_dropped_captions_reach_nothing() -> None:
    """With every caption dropped, no word's embedding gets gradient but those of "" itself."""
    base = stage("text_unet.prompt_dropout=1", "text_unet.optimizer.weight_decay=0")
    table = base.text.get_input_embeddings().weight
    before = table.detach().clone()
    step(base, 0)
    moved = (table.detach() != before).any(1).nonzero().flatten().tolist()
    assert moved == sorted({base.tokenizer.bos_token_id, base.tokenizer.eos_token_id})


def test_steps_lower_the_loss_on_their_batch() -> None:
    base = stage("text_unet.optimizer.warmup=0", "text_unet.steps=200")
    batch = base.batch(0)
    losses = [base.step(0, batch, stage_generator(0, "x", 0, 0))["loss"] for _ in range(15)]
    assert losses[-1] < 0.8 * losses[0]


def test_held_out_loss_is_measured_on_other_owners() -> None:
    base = stage()
    assert base.held_out.split == "val"
    one, two = (base.evaluate(0, torch.Generator().manual_seed(1)) for _ in range(2))
    assert one == two
    assert 0.3 < one["held_out"] < 2.0  # untrained: about the variance of v


def test_folders_without_weights(tmp_path: Path) -> None:
    config = resolve("tiny", "", (*SMALL, f"text_unet.vae={tmp_path}"))
    with pytest.raises(ValueError, match="text_unet.vae must be a folder with config.json and"):
        build_stage(config, make_context(config.loop))
    config = resolve("tiny", "", (*SMALL, f"vae.start={tmp_path}"))
    with pytest.raises(ValueError, match="vae.start must be a folder with config.json and"):
        build_vae_stage(config, make_context(config.loop))


def test_a_base_that_goes_on_keeps_its_autoencoder() -> None:
    """No ``text_unet.vae``: latents mean what they meant to the UNet."""
    config = resolve("tiny", "", (*SMALL, "text_unet.start=tiny"))
    gone_on, tiny = build_stage(config, make_context(config.loop)), load_base("tiny")
    assert digest(gone_on.vae) == digest(tiny.vae)
    assert digest(gone_on.unet) == digest(tiny.unet)


def test_reuse_must_divide_the_batch() -> None:
    with pytest.raises(ValueError, match="text_unet.reuse must be a divisor of the batch of 4"):
        resolve("tiny", "", ("text_unet.batch=4", "text_unet.reuse=3"))


def test_the_command_makes_a_base_that_loads(tmp_path: Path) -> None:
    words = (
        *SMALL, "vae.crop=64", "vae.batch=2", "vae.calibration=64", "vae.steps=2",
        "text_unet.steps=2", "loop.workers=0", "loop.grid_every=2",
    )  # fmt: skip
    sets = [part for word in words for part in ("--set", word)]
    found = CliRunner().invoke(main, ["base", str(tmp_path), *sets])
    assert found.exit_code == 0, found.output
    base = load_base(tmp_path / "text_unet" / "weights")
    assert (base.latent_channels, base.factor, base.positions) == (LATENT_CHANNELS, 8, 77)
    assert base.vae.config.scaling_factor != 0.18215  # measured, not Stable Diffusion's
    assert Prompts.from_base(base).real.shape == (77, base.cross_attention_dim)
    shipped = load_base(tmp_path / "text_unet" / "weights", dtype=torch.float16)
    trained = load_vae(tmp_path / "vae" / "weights", "vae")
    assert all(
        torch.equal(a, b.half())
        for a, b in zip(shipped.vae.parameters(), trained.parameters(), strict=True)
    )

    words = (
        *SMALL, f"text_unet.vae={tmp_path}/vae/weights", f"vae.start={tmp_path}/vae/weights",
        f"text_unet.start={tmp_path}/text_unet/weights",
    )  # fmt: skip
    config = resolve("tiny", "", words)
    again = build_stage(config, make_context(config.loop))
    assert digest(again.unet, again.text) == digest(base.unet, base.text_encoder)
    assert again.tokenizer.get_vocab() == base.tokenizer.get_vocab()
    vae = build_vae_stage(config, make_context(config.loop))
    assert digest(vae.vae) == digest(trained)
    assert vae.frozen_steps == vae.steps  # the UNet knows these latents
