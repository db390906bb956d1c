"""Bases: loaded whole, sizes read from their configuration, and refused where they do not fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from seal2real.diffusion.base import load_base
from seal2real.diffusion.latents import decode, encode_moments
from seal2real.diffusion.prompts import Prompts
from tests.support.bases import write_base, write_sd15_base


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("bases") / "small")


def altered(folder: Path, target: Path, part: str, **changes: object) -> Path:
    """Return a copy of ``folder`` with other values in a part's config.json."""
    shutil.copytree(folder, target)
    path = target / part / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return target


def test_sizes_are_read_from_the_checkpoint(tmp_path: Path) -> None:
    """The numbers are those that the checkpoint was written with: nothing is assumed to be SD's."""
    write_base(tmp_path / "f8", width=20, latent_channels=16, levels=4)
    base = load_base(tmp_path / "f8")
    assert (base.latent_channels, base.factor, base.cross_attention_dim) == (16, 8, 20)
    assert (base.positions, base.prediction_type, base.sample_size) == (77, "epsilon", 64)
    image = torch.zeros(1, 3, 64, 64)
    mean, _ = encode_moments(base.vae, image)
    assert mean.shape == (1, 16, 8, 8)
    assert decode(base.vae, mean).shape == image.shape
    prompts = Prompts.from_base(base)
    assert prompts.real.shape == (77, 20)
    output = base.unet(mean, torch.tensor([5]), prompts.real[None]).sample
    assert output.shape == mean.shape


def test_v_prediction_and_width_1024(tmp_path: Path) -> None:
    """As Stable Diffusion 2.x has them."""
    write_base(tmp_path / "v", width=1024, prediction_type="v_prediction")
    base = load_base(tmp_path / "v")
    assert (base.prediction_type, base.cross_attention_dim) == ("v_prediction", 1024)


def test_weights_are_those_on_disk_in_evaluation_mode(folder: Path) -> None:
    base = load_base(folder)
    again = load_base(str(folder), dtype=torch.bfloat16)
    for part in ("vae", "unet", "text_encoder"):
        network, half = getattr(base, part), getattr(again, part)
        assert not network.training
        assert {p.dtype for p in network.parameters()} == {torch.float32}
        assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
        for a, b in zip(network.parameters(), half.parameters(), strict=True):
            assert torch.equal(a.bfloat16(), b)
    assert base.path == folder


def test_half_precision_files_load_as_float32(tmp_path: Path) -> None:
    write_base(tmp_path / "half", variant="fp16")
    base = load_base(tmp_path / "half")
    assert {p.dtype for p in base.unet.parameters()} == {torch.float32}


def test_hash_tells_weights_apart(tmp_path: Path, folder: Path) -> None:
    assert load_base(folder).hash == load_base(folder).hash
    other = write_base(tmp_path / "other", seed=1)
    assert load_base(other).hash != load_base(folder).hash
    assert len(load_base(folder).hash) == 64
    v = write_base(tmp_path / "v", prediction_type="v_prediction")
    assert load_base(v).hash != load_base(folder).hash  # same weights, another schedule


@pytest.mark.parametrize(
    "name", ["unet/config.json", "vae/diffusion_pytorch_model.safetensors", "tokenizer/merges.txt"]
)
def test_missing_files_are_named(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / name).unlink()
    with pytest.raises(ValueError, match=f"layout of diffusers, got none of .*{name}"):
        load_base(tmp_path / "copy")


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt").write_bytes(b"x")
    with pytest.raises(ValueError, match="from_single_file"):
        load_base(tmp_path)
    with pytest.raises(ValueError, match="must be a folder .* got the file"):
        load_base(tmp_path / "model.ckpt")


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="must be an existing folder, a hub id"):
        load_base(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="or 'tiny', got 'sd15'"):
        load_base("sd15")


def test_cut_weights_are_found_before_loading(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "cut")
    path = tmp_path / "cut" / "unet" / "diffusion_pytorch_model.safetensors"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ValueError, match=f"got {size - 7} of {size} bytes; delete it"):
        load_base(tmp_path / "cut")
    path.write_bytes(b"\0" * 4)
    with pytest.raises(ValueError, match="4 bytes without a header"):
        load_base(tmp_path / "cut")


def test_mismatched_embedding_width(folder: Path, tmp_path: Path) -> None:
    bad = altered(folder, tmp_path / "bad", "unet", cross_attention_dim=1024)
    with pytest.raises(ValueError, match="cross_attention_dim 1024, got 12; take all parts"):
        load_base(bad)


def test_mismatched_latent_channels(folder: Path, tmp_path: Path) -> None:
    """An inpainting UNet takes nine channels."""
    bad = altered(folder, tmp_path / "bad", "unet", in_channels=9)
    with pytest.raises(ValueError, match="VAE's 4 latent channels, got 9; inpainting"):
        load_base(bad)


def test_networks_of_another_class(folder: Path, tmp_path: Path) -> None:
    bad = altered(folder, tmp_path / "bad", "vae", _class_name="AutoencoderDC")
    with pytest.raises(ValueError, match="vae in .* must be a AutoencoderKL, got AutoencoderDC"):
        load_base(bad)
    shutil.copytree(folder, tmp_path / "xl")
    (tmp_path / "xl" / "text_encoder_2").mkdir()
    with pytest.raises(ValueError, match="one text encoder, got text_encoder_2"):
        load_base(tmp_path / "xl")


@pytest.mark.slow
def test_stable_diffusions_own_shapes(tmp_path: Path) -> None:
    """860 million parameters in the UNet, 84 in the VAE; a 64 x 64 image goes through all parts."""
    base = load_base(write_sd15_base(tmp_path / "sd15"), dtype=torch.bfloat16)
    assert sum(p.numel() for p in base.unet.parameters()) == 859_520_964
    assert sum(p.numel() for p in base.vae.parameters()) == 83_653_863
    assert (base.latent_channels, base.factor, base.cross_attention_dim) == (4, 8, 768)
    assert (base.positions, base.sample_size) == (77, 512)
    with torch.no_grad():
        mean, _ = encode_moments(base.vae, torch.zeros(1, 3, 64, 64, dtype=torch.bfloat16))
        prompt = Prompts.from_base(base).real[None].bfloat16()
        output = base.unet(mean, torch.tensor([500]), prompt).sample
    assert output.shape == (1, 4, 8, 8)
    assert torch.isfinite(output).all()
