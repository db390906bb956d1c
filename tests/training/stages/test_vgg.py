"""The small VGG's stage: losses by hand, it learns, and its file is what the forger loads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from seal2real.models.seal_vgg import SealVgg, load_seal_vgg
from seal2real.training.data.attributes import AMOUNTS, CLASSES, PRESENCES
from seal2real.training.loop import make_context, run_stage
from seal2real.training.presets import resolve
from seal2real.training.stages import vgg
from seal2real.training.stages.vgg import AttributeHeads, attribute_losses

SETS = (
    "loop.device=cpu", "loop.threads=1", "loop.workers=0", "loop.grid_every=0",
    "loop.evaluate_every=0", "data.size=64", "vgg.batch=4", "vgg.steps=2",
)  # fmt: skip


def test_heads_and_losses() -> None:
    """Shapes of a crop of 64 px, and losses written out; NaN amounts do not count."""
    net = SealVgg()
    heads = AttributeHeads(net.widths)
    answers = heads(net(torch.rand(2, 3, 64, 64)))
    presence, amount, part, ink = answers
    assert presence.shape == (2, len(PRESENCES)) and amount.shape == (2, len(AMOUNTS))
    assert part.shape == (2, len(CLASSES), 16, 16) and ink.shape == (2, 16, 16)
    asked = {
        "presence": torch.randint(0, 2, presence.shape).float(),
        "amount": torch.full(amount.shape, float("nan")),
        "part": torch.randint(0, len(CLASSES), (2, 16, 16)).byte(),
        "ink": torch.rand(2, 16, 16),
    }
    asked["amount"][0, 3] = 4.0
    losses = attribute_losses(answers, asked)
    p = presence.sigmoid()
    wanted = -(asked["presence"] * p.log() + (1 - asked["presence"]) * (1 - p).log()).mean()
    torch.testing.assert_close(losses["presence"], wanted)
    far = (amount[0, 3] - 4.0).abs()
    torch.testing.assert_close(losses["amount"], torch.where(far < 1, far**2 / 2, far - 0.5))
    chosen = functional.log_softmax(part, 1).gather(1, asked["part"].long()[:, None])
    torch.testing.assert_close(losses["part"], -chosen.mean())
    sum(losses.values()).backward()
    assert all(w.grad is not None and w.grad.abs().sum() > 0 for w in net.parameters())


def test_it_learns() -> None:
    """Twelve steps on one batch lower every loss that is asked about."""
    config = resolve("tiny", "", (*SETS, "vgg.optimizer.warmup=0"))
    torch.manual_seed(0)
    stage = vgg.build_stage(config, make_context(config.loop))
    batch = stage.batch(0)
    history = [stage.step(k, batch, torch.Generator()) for k in range(12)]
    assert sum(history[-1][n] for n in ("presence", "part", "ink")) < 0.8 * sum(
        history[0][n] for n in ("presence", "part", "ink")
    )
    again = stage.batch(0)
    assert all(torch.equal(again[name], batch[name]) for name in ("image", "part", "presence"))


def test_a_run_writes_the_small_vgg(tmp_path: Path) -> None:
    result = run_stage(vgg.build_stage, resolve("tiny", "", SETS), tmp_path / "run", "vgg")
    assert result.finished
    net = load_seal_vgg(tmp_path / "run" / "weights" / "seal_vgg.safetensors")
    assert all(torch.isfinite(m).all() for m in net(torch.rand(1, 3, 32, 32)))


def test_evaluation_repeats() -> None:
    config = resolve("tiny", "", SETS)
    stage = vgg.build_stage(config, make_context(config.loop))
    first = stage.evaluate(0, torch.Generator())
    assert set(first) == {f"held_out_{n}" for n in ("presence", "amount", "part", "ink")}
    assert stage.evaluate(1, torch.Generator()) == first == pytest.approx(first)
