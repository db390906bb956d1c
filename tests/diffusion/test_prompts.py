"""Prompts: they start as the encoder's normed output, padded, and come back from their file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from seal2real.diffusion.prompts import (
    FAKE_PROMPT,
    REAL_PROMPT,
    Prompts,
    embed,
    load_prompts,
    save_prompts,
)
from tests.support.diffusion import Words, small_text_encoder


def base(width: int = 16) -> SimpleNamespace:
    unet = SimpleNamespace(config=SimpleNamespace(cross_attention_dim=width))
    return SimpleNamespace(tokenizer=Words(), text_encoder=small_text_encoder(16), unet=unet)


def test_they_start_as_the_papers_sentences_after_the_final_norm() -> None:
    """Rows of a fresh final LayerNorm have mean 0 and variance 1; sentences differ from `real` on."""
    made = Prompts.from_base(base())
    for prompt in (made.real, made.fake):
        assert prompt.shape == (77, 16) and prompt.requires_grad
        torch.testing.assert_close(prompt.mean(1), torch.zeros(77), rtol=0, atol=1e-5)
        torch.testing.assert_close(prompt.var(1, unbiased=False), torch.ones(77), rtol=0, atol=1e-3)
    assert (REAL_PROMPT, FAKE_PROMPT) == (
        "A photo of document with real seal",
        "A photo of document with fake seal",
    )
    # start, then five words alike; the sixth differs, and the encoder is causal.
    assert torch.equal(made.real[:6], made.fake[:6])
    assert not torch.equal(made.real[6], made.fake[6])
    encoder = base().text_encoder
    tokens = Words()([REAL_PROMPT], padding="max_length", max_length=77).input_ids
    assert torch.equal(made.real, encoder(tokens).last_hidden_state[0])


def test_norms() -> None:
    made = Prompts(torch.full((3, 4), 2.0), torch.zeros(3, 4))
    assert made.norms() == {"norm_T_r": 2.0, "norm_T_f": 0.0}


def test_a_file_gives_them_back(tmp_path: Path) -> None:
    made = Prompts.from_base(base(), "a b", "c")
    save_prompts(made, tmp_path / "p.safetensors")
    again = load_prompts(tmp_path / "p.safetensors")
    assert torch.equal(again.real, made.real) and torch.equal(again.fake, made.fake)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cross_attention_dim 24, got 16; take both from one"):
        Prompts.from_base(base(24))
    with pytest.raises(ValueError, match=r"Prompts: real and fake must be \[N, D\] of one shape"):
        Prompts(torch.zeros(2, 3), torch.zeros(3, 3))
    with pytest.raises(FileNotFoundError, match="load_prompts: path must be a file"):
        load_prompts(tmp_path / "none")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="must hold 'real' and 'fake', got"):
        load_prompts(tmp_path / "other.safetensors")


def test_embedding_pads_to_the_tokenizers_length() -> None:
    b = base()
    assert embed(b.tokenizer, b.text_encoder, ["one", "two words", ""]).shape == (3, 77, 16)
