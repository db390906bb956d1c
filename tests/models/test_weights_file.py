"""Files of weights that are cut short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from seal2real.diffusion.prompts import load_prompts  # noqa: E402
from seal2real.models.build import load_forger  # noqa: E402
from seal2real.models.lora import load_lora  # noqa: E402
from seal2real.models.seal_vgg import load_features, load_seal_vgg  # noqa: E402

READERS: dict[str, Callable[[Path], Any]] = {
    "load_forger": load_forger,
    "load_prompts": load_prompts,
    "load_seal_vgg": load_seal_vgg,
    "load_features": lambda path: load_features(str(path)),
    "load_lora": lambda path: load_lora(torch.nn.Linear(2, 2), path),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_every_reader_names_a_damaged_file(name: str, share: float, tmp_path: Path) -> None:
    """Cut within the header and within the weights; an empty one."""
    save_file({"a": torch.zeros(100)}, tmp_path / "whole.safetensors")
    whole = (tmp_path / "whole.safetensors").read_bytes()
    part = tmp_path / "part.safetensors"
    part.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(
        ValueError, match=rf"{name}: .*part\.safetensors must be a whole safetensors"
    ):
        READERS[name](part)
