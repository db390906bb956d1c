"""The two learned prompts T_r and T_f (section 2.2 of the paper)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from seal2real.models.weights_file import opened_weights

__all__ = ["FAKE_PROMPT", "REAL_PROMPT", "Prompts", "embed", "load_prompts", "save_prompts"]

REAL_PROMPT = "A photo of document with real seal"
FAKE_PROMPT = "A photo of document with fake seal"


class Prompts(nn.Module):
    """T_r and T_f: all positions x width values trainable, kept in float32.

    Attributes:
        real: T_r, [N, D].
        fake: T_f, [N, D].

    Raises:
        ValueError: if the shapes differ or are not [N, D].
    """

    def __init__(self, real: Tensor, fake: Tensor) -> None:
        super().__init__()
        if real.ndim != 2 or real.shape != fake.shape:
            raise ValueError(
                f"Prompts: real and fake must be [N, D] of one shape, got {list(real.shape)} and "
                f"{list(fake.shape)}; embed both with one text encoder"
            )
        self.real = nn.Parameter(real.detach().float().clone())
        self.fake = nn.Parameter(fake.detach().float().clone())

    @classmethod
    def from_base(cls, base: Any, real: str = REAL_PROMPT, fake: str = FAKE_PROMPT) -> Prompts:
        """Return the prompts that start from two sentences, embedded by the base's text encoder.

        Raises:
            ValueError: if the encoder's width is not the UNet's ``cross_attention_dim``.
        """
        first, second = embed(base.tokenizer, base.text_encoder, [real, fake])
        width = int(base.unet.config.cross_attention_dim)
        if first.shape[-1] != width:
            raise ValueError(
                f"Prompts: the text encoder must be as wide as the UNet's cross_attention_dim "
                f"{width}, got {first.shape[-1]}; take both from one checkpoint"
            )
        return cls(first, second)

    def norms(self) -> dict[str, float]:
        """Return the root mean square of each prompt's values, for the guard of runaway norms."""
        return {
            "norm_T_r": float(self.real.detach().pow(2).mean().sqrt()),
            "norm_T_f": float(self.fake.detach().pow(2).mean().sqrt()),
        }


@torch.no_grad()
def embed(tokenizer: Any, text_encoder: Any, texts: list[str]) -> Tensor:  # [B, N, D]
    """Return the text encoder's output after its final norm, padded to N positions.

    N is the tokenizer's ``model_max_length``, 77 in Stable Diffusion. Padding is embedded as well,
    without attention mask, as Stable Diffusion's pipelines do.
    """
    tokens = tokenizer(
        texts,
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    device = next(text_encoder.parameters()).device
    output: Tensor = text_encoder(tokens.to(device)).last_hidden_state
    return output.float()


def save_prompts(prompts: Prompts, path: Path | str) -> None:
    """Write both prompts to a safetensors file, in float32."""
    tensors = {name: value.detach().cpu() for name, value in prompts.state_dict().items()}
    save_file(tensors, path, metadata={"kind": "seal2real prompts"})


def load_prompts(path: Path | str) -> Prompts:
    """Return the prompts of a file that :func:`save_prompts` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds something else, or is cut short.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"load_prompts: path must be a file, got {path}; `seal2real-train prior` writes one"
        )
    with opened_weights(path, "load_prompts") as file:
        names = set(file.keys())
        if names != {"real", "fake"}:
            raise ValueError(
                f"load_prompts: {path} must hold 'real' and 'fake', got {sorted(names)[:4]}; give "
                "the prompts.safetensors of a prior"
            )
        return Prompts(file.get_tensor("real"), file.get_tensor("fake"))
