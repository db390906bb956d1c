"""The forger: identity at first, any size, native scale, its file and its graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from seal2real.models.build import FORGERS, build_forger, load_forger, save_forger
from seal2real.models.forger import Forger, forge
from seal2real.models.forger_noise import native_size, noise_planes
from seal2real.rng import Rng


def inputs(height: int, width: int, px_per_mm: float = 6.0, batch: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    page = torch.rand(batch, 3, height, width, generator=generator) * 2 - 1
    ink = torch.rand(batch, 1, height, width, generator=generator)
    noise = [noise_planes(Rng(1, k), height, width, px_per_mm, 4) for k in range(batch)]
    return [page, ink, torch.full((batch,), px_per_mm), torch.from_numpy(np.stack(noise))]


def trained() -> Forger:
    """A forger whose last convolution is not zero any more."""
    torch.manual_seed(3)
    forger = Forger(width=8, levels=3, max_width=16)
    torch.nn.init.normal_(forger.last.weight, std=0.05)
    return forger.eval()


@pytest.mark.parametrize("name", ["tiny", "base"])
@pytest.mark.parametrize("size", [(64, 64), (40, 72), (33, 17), (1, 1)])
def test_a_new_forger_is_the_identity_at_any_size(name: str, size: tuple[int, int]) -> None:
    arguments = inputs(*size)
    assert torch.equal(build_forger(name)(*arguments), arguments[0])


def test_tiny_fits_its_budget() -> None:
    """At most 4 MB as float32."""
    forger = build_forger("tiny")
    assert sum(p.numel() for p in forger.parameters()) * 4 <= 4e6
    assert set(FORGERS) == {"tiny", "base", "large"}


def test_every_parameter_learns() -> None:
    """The zero convolution alone gets gradient first; with it moved, everything does."""
    forger = trained().train()
    page, ink, scale, noise = inputs(24, 24)
    (forger(page * 0.5, ink, scale, noise) * torch.randn_like(page)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in forger.parameters())


def test_ink_scale_and_noise_matter() -> None:
    forger = trained()
    page, ink, scale, noise = inputs(24, 24)
    forged = forger(page, ink, scale, noise)
    for other in ((page, ink * 0, scale, noise), (page, ink, scale * 2, noise)):
        assert not torch.equal(forger(*other), forged)
    assert not torch.equal(forger(page, ink, scale, noise.flip(-1)), forged)
    assert torch.equal(forger(page, ink, scale), forger(page, ink, scale, noise * 0))
    assert forged.abs().max() <= 1


def test_a_sample_does_not_depend_on_its_batch() -> None:
    forger = trained()
    arguments = inputs(24, 40, batch=3)
    together = forger(*arguments)
    alone = forger(*(x[1:2] for x in arguments))
    torch.testing.assert_close(together[1:2], alone, rtol=0, atol=1e-5)


def test_without_noise_channels_it_takes_none() -> None:
    forger = Forger(width=8, levels=2, max_width=8, noise_channels=0)
    page, ink, scale, noise = inputs(16, 16)
    assert torch.equal(forger(page, ink, scale), page)
    with pytest.raises(ValueError, match=r"Forger: noise must be \[2, 0, 16, 16\], got \[2, 4, "):
        forger(page, ink, scale, noise)


def test_above_300_dpi_only_the_residual_is_enlarged() -> None:
    """At 600 dpi the picture is the page plus a twice enlarged residual of the shrunk page.

    The expected value is written out here; and what is added holds little above half of the
    sampling rate, while the page keeps all it has there.
    """
    forger = trained()
    page, ink, _, _ = inputs(64, 48)
    page = page * 0.5
    small = native_size(64, 48, 600 / 25.4)
    noise = torch.from_numpy(np.stack([noise_planes(Rng(2, k), *small, 4) for k in range(2)]))
    forged = forge(forger, page, ink, 600 / 25.4, noise)
    shrunk = F.interpolate(page, (32, 24), mode="bilinear", antialias=True)
    shrunk_ink = F.interpolate(ink, (32, 24), mode="bilinear", antialias=True)
    residual = forger(shrunk, shrunk_ink, torch.full((2,), small[2]), noise) - shrunk
    expected = page + F.interpolate(residual, (64, 48), mode="bilinear", align_corners=False)
    torch.testing.assert_close(forged, expected.clamp(-1, 1), rtol=0, atol=1e-5)
    spectrum = torch.fft.rfft2(forged - page).abs().mean((0, 1))
    assert spectrum[28:36, 20:].mean() < 0.02 * spectrum[1:4, 1:4].mean()


@pytest.mark.parametrize("dpi", [127, 200, 300])
def test_at_native_scale_it_sees_the_page_itself(dpi: int) -> None:
    forger = trained()
    page, ink, _, noise = inputs(24, 24)
    scales = torch.full((2,), dpi / 25.4)
    assert torch.equal(
        forge(forger, page, ink, dpi / 25.4, noise), forger(page, ink, scales, noise)
    )


def test_a_file_gives_the_forger_back(tmp_path: Path) -> None:
    forger = trained()
    save_forger(forger, tmp_path / "f.safetensors", half=False)
    again = load_forger(tmp_path / "f.safetensors")
    arguments = inputs(16, 16)
    assert again.config == forger.config
    assert torch.equal(again(*arguments), forger(*arguments))
    save_forger(forger, tmp_path / "half.safetensors")
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * (
        tmp_path / "f.safetensors"
    ).stat().st_size
    for again in range(8):  # every byte repeats, the header's order as well
        save_forger(forger, tmp_path / "again.safetensors")
        same = (tmp_path / "again.safetensors").read_bytes()
        assert same == (tmp_path / "half.safetensors").read_bytes(), again
    half = load_forger(tmp_path / "half.safetensors")
    torch.testing.assert_close(half(*arguments), forger(*arguments), rtol=0, atol=2e-3)


def test_onnx_runtime_agrees(tmp_path: Path) -> None:
    """One graph of opset 21, any batch, any sides that are multiples of 8, within 1e-5."""
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    forger = trained()
    eight = 8 * torch.export.Dim("h8", min=1, max=512), 8 * torch.export.Dim("w8", min=1, max=512)
    batch = torch.export.Dim("batch", min=1, max=1024)
    plane = {0: batch, 2: eight[0], 3: eight[1]}
    torch.onnx.export(
        forger,
        tuple(inputs(32, 48)),
        str(tmp_path / "f.onnx"),
        dynamo=True,
        opset_version=21,
        input_names=["synthetic", "ink", "px_per_mm", "noise"],
        dynamic_shapes=(plane, plane, {0: batch}, plane),
        external_data=False,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(
        str(tmp_path / "f.onnx"), providers=["CPUExecutionProvider"]
    )
    for height, width, count in [(32, 48, 2), (64, 24, 5), (8, 8, 1)]:
        arguments = inputs(height, width, batch=count)
        names = ("synthetic", "ink", "px_per_mm", "noise")
        feed = {name: x.numpy() for name, x in zip(names, arguments, strict=True)}
        got = session.run(None, feed)[0]
        np.testing.assert_allclose(got, forger(*arguments).detach().numpy(), rtol=0, atol=1e-5)


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Forger: width must be a positive multiple of 8, got 12"):
        Forger(width=12)
    with pytest.raises(ValueError, match="Forger: levels must be at least 2, got 1"):
        Forger(levels=1)
    with pytest.raises(ValueError, match="Forger: noise_channels must be at least 0, got -1"):
        Forger(noise_channels=-1)
    page, ink, scale, noise = inputs(16, 16)
    with pytest.raises(ValueError, match=r"Forger: ink must be \[2, 1, 16, 16\], got \[2, 1, 1"):
        trained()(page, ink[..., :8], scale, noise)
    with pytest.raises(ValueError, match="build_forger: name must be among .*did you mean 'tiny'"):
        build_forger("tniy")
    with pytest.raises(FileNotFoundError, match="load_forger: path must be a file"):
        load_forger(tmp_path / "none.safetensors")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="load_forger: path must hold a forger's weights"):
        load_forger(tmp_path / "other.safetensors")
