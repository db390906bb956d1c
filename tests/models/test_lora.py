"""Adapters: the UNet's own function at first, trained alone, merged into the same function."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from seal2real.models.lora import LoraLayer, add_lora, load_lora, merge_lora, save_lora
from tests.support.diffusion import CHANNELS, POSITIONS, WIDTH, digest, small_unet


def run(unet: nn.Module) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, CHANNELS, 8, 8, generator=generator)
    prompt = torch.randn(2, POSITIONS, WIDTH, generator=generator)
    return unet(x, torch.tensor([3, 700]), encoder_hidden_states=prompt).sample


@pytest.mark.parametrize("everywhere", [False, True])
def test_only_adapters_train_and_merging_keeps_the_function(everywhere: bool) -> None:
    unet = small_unet(dtype=torch.float32)
    before = run(unet)
    frozen = {name: digest(value) for name, value in unet.named_parameters()}
    adapters = add_lora(unet, 3, everywhere=everywhere)
    assert torch.equal(run(unet), before)
    trained = [name for name, p in unet.named_parameters() if p.requires_grad]
    assert len(trained) == len(list(adapters.parameters())) and all("adapter" in n for n in trained)
    # to_q, to_k, to_v, to_out of self and cross attention, in three blocks of one or two layers.
    attention = [name for name in adapters if "__attn" in name]
    assert len(attention) % 8 == 0 and len(attention) > 0
    assert any("conv" in name for name in adapters) == everywhere
    optimizer = torch.optim.Adam(adapters.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        run(unet).square().mean().backward()
        optimizer.step()
    moved = run(unet)
    assert not torch.allclose(moved, before, atol=1e-4)
    kept = {n.replace(".layer.", "."): digest(p) for n, p in unet.named_parameters()}
    assert all(kept[name] == value for name, value in frozen.items())
    merge_lora(unet)
    assert not any(isinstance(m, LoraLayer) for m in unet.modules())
    assert set(dict(unet.named_parameters())) == set(frozen)
    torch.testing.assert_close(run(unet), moved, rtol=1e-4, atol=1e-5)


def test_adapters_survive_a_file(tmp_path: Path) -> None:
    """To float16's accuracy; those of another rank are refused."""
    trained, fresh = (add_lora(small_unet(dtype=torch.float32), 2, everywhere=True) for _ in "12")
    for p in trained.parameters():
        nn.init.normal_(p)
    save_lora(trained, tmp_path / "lora.safetensors")
    load_lora(fresh, tmp_path / "lora.safetensors")
    for name, value in trained.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], value.half().float())
    other = add_lora(small_unet(), 3, everywhere=True)
    with pytest.raises(ValueError, match="must hold adapters for the UNet in use"):
        load_lora(other, tmp_path / "lora.safetensors")


def test_refusals() -> None:
    with pytest.raises(ValueError, match="add_lora: rank must be at least 1, got 0"):
        add_lora(small_unet(), 0)
    with pytest.raises(ValueError, match="add_lora: unet must have attention projections"):
        add_lora(nn.Linear(2, 2), 4)
