"""VGG-19's key map on shapes, its arithmetic against a plain Sequential, files and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from seal2real.models import seal_vgg
from seal2real.models.seal_vgg import SealVgg, load_features, load_seal_vgg, save_seal_vgg
from seal2real.models.vgg import Vgg19, load_vgg19

# torchvision's configuration E; "M" is a 2x2 maximum. Its classifier is not read.
LAYOUT = [
    64,
    64,
    "M",
    128,
    128,
    "M",
    256,
    256,
    256,
    256,
    "M",
    512,
    512,
    512,
    512,
    "M",
    512,
    512,
    512,
    512,
    "M",
]
# Indices of the ReLUs after the first convolution of each block, as the literature lists them.
RELU = (1, 6, 11, 20, 29)


def torchvision_features() -> nn.Sequential:
    """torchvision's `make_layers` for VGG-19, He-initialised so that deep maps are not empty."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    channels = 3
    for width in LAYOUT:
        if width == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        assert isinstance(width, int)
        conv = nn.Conv2d(channels, width, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.normal_(conv.bias, std=0.1)
        layers += [conv, nn.ReLU()]
        channels = width
    return nn.Sequential(*layers)


@pytest.fixture(scope="module")
def reference() -> nn.Sequential:
    return torchvision_features()


@pytest.fixture(scope="module")
def state(reference: nn.Sequential) -> dict[str, Tensor]:
    """As timm stores it: features, and the head that is left out here."""
    named = {f"features.{name}": value for name, value in reference.state_dict().items()}
    return {**named, "head.fc.weight": torch.zeros(2, 2)}


@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_maps_are_torchvisions(
    kind: str, reference: nn.Sequential, state: dict[str, Tensor], tmp_path: Path
) -> None:
    """From ImageNet-normalised pixels through a plain Sequential, at the five ReLUs."""
    path = tmp_path / f"vgg.{kind}"
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    vgg = load_vgg19(path)
    image = torch.rand(1, 3, 32, 48) * 2 - 1
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    h = ((image + 1) / 2 - mean[:, None, None]) / std[:, None, None]
    expected = []
    for number, layer in enumerate(reference):
        h = layer(h)
        if number in RELU:
            expected.append(h)
    maps = vgg(image)
    assert len(maps) == vgg.layers == 5
    for ours, theirs in zip(maps, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert not any(p.requires_grad for p in vgg.parameters())


def test_every_weight_up_to_relu5_1_has_its_key(state: dict[str, Tensor]) -> None:
    """13 convolutions; the three after relu5_1 are not needed."""
    shapes = sorted(tuple(p.shape) for p in Vgg19().parameters())
    theirs = sorted(
        tuple(v.shape)
        for k, v in state.items()
        if k.startswith("features.") and int(k.split(".")[1]) <= 28
    )
    assert shapes == theirs and len(shapes) == 26


def test_wrong_files_are_refused(state: dict[str, Tensor], tmp_path: Path) -> None:
    less = {k: v for k, v in state.items() if k != "features.10.bias"}
    save_file(less, tmp_path / "less.safetensors")
    with pytest.raises(
        ValueError, match=r"less.safetensors must hold features.10.bias \[256\], got none"
    ):
        load_vgg19(tmp_path / "less.safetensors")
    save_file({**state, "features.5.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(
        ValueError, match=r"features.5.weight \[128, 64, 3, 3\], got \[1\]; give VGG-19"
    ):
        load_vgg19(tmp_path / "other.safetensors")
    whole = (tmp_path / "less.safetensors").read_bytes()
    for name in ("half.safetensors", "half.pth"):
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ValueError, match="must be a whole file of weights"):
            load_vgg19(tmp_path / name)
    (tmp_path / "text.onnx").write_text("hi")
    with pytest.raises(ValueError, match="must be a whole file of weights"):
        load_vgg19(tmp_path / "text.onnx")
    with pytest.raises(FileNotFoundError, match="load_vgg19: source must be a file or 'timm/vgg19"):
        load_vgg19(tmp_path / "none.pth")


def test_without_network_it_says_which_file_goes_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The hub's client is offline with an empty cache: its own switch and folder."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match="fetch https://huggingface.co/timm/vgg19.tv_in1k/res"
    ):
        load_vgg19()


def test_small_images_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"Vgg: image must have sides of at least 16 px, got \[8, 32"
    ):
        SealVgg()(torch.zeros(1, 3, 8, 32))


def test_the_small_one_and_its_file(tmp_path: Path) -> None:
    """Five maps at the resolutions of VGG-19's, at most 1.5 MB, back from float16."""
    torch.manual_seed(1)
    vgg = SealVgg()
    image = torch.rand(2, 3, 32, 48) * 2 - 1
    maps = vgg(image)
    assert [list(m.shape) for m in maps] == [
        [2, width, 32 >> level, 48 >> level] for level, width in enumerate(vgg.widths)
    ]
    first = vgg(image, 2)
    assert len(first) == 3 and all(torch.equal(a, b) for a, b in zip(first, maps, strict=False))
    path = tmp_path / "seal_vgg.safetensors"
    save_seal_vgg(vgg, path)
    assert path.stat().st_size <= 1_500_000
    for loaded in (load_seal_vgg(path), load_features(str(path))):
        assert isinstance(loaded, SealVgg)
        for ours, theirs in zip(loaded(image), maps, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)


def test_features_by_name(state: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(state, tmp_path / "vgg.safetensors")
    assert isinstance(load_features(str(tmp_path / "vgg.safetensors")), Vgg19)
    with pytest.raises(ValueError, match="load_seal_vgg: path must hold the small VGG's weights"):
        load_seal_vgg(tmp_path / "vgg.safetensors")
    with pytest.raises(FileNotFoundError, match="load_features: name must be 'tiny', 'vgg19' or a"):
        load_features("vgg16")
    with pytest.raises(FileNotFoundError, match="base OUT --only vgg"):
        load_seal_vgg(tmp_path / "none")


def test_the_shipped_one_loads() -> None:
    if not seal_vgg.SEAL_VGG_FILE.is_file():
        pytest.skip("no trained weights in this checkout")
    assert isinstance(load_features("tiny"), SealVgg)
    assert seal_vgg.SEAL_VGG_FILE.stat().st_size <= 1_500_000
