"""Training the segmenter, and its ONNX against PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from seal2real.crops.segment import open_segmenter, seal_planes  # noqa: E402
from seal2real.models.segmenter import Segmenter  # noqa: E402
from seal2real.training.loop import run_stage  # noqa: E402
from seal2real.training.presets import resolve  # noqa: E402
from seal2real.training.stages.segmenter import build_stage, export_segmenter  # noqa: E402

_SETS = (
    "data.size=64",
    "segmenter.batch=2",
    "segmenter.steps=6",
    "segmenter.optimizer.warmup=0",
    "loop.workers=0",
    "loop.threads=1",
    "loop.evaluate_every=0",
    "loop.grid_every=6",
    "loop.device=cpu",
)


def test_the_loop_trains_it_and_writes_the_network(tmp_path: Path) -> None:
    """Two runs give the same bytes; the result opens in ONNX Runtime and is small enough."""
    files = []
    for name in ("a", "b"):
        result = run_stage(build_stage, resolve("tiny", sets=_SETS), tmp_path / name, "segmenter")
        assert result.finished
        files.append(next((tmp_path / name).rglob("segmenter.onnx")))
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_size < 1_000_000
    assert b"site-packages" not in files[0].read_bytes()
    planes = seal_planes(open_segmenter(files[0]), np.full((64, 64, 3), 200, np.uint8))
    assert planes.shape == (2, 32, 32)
    assert 0.0 < planes.min() <= planes.max() < 1.0


def test_onnx_gives_what_pytorch_gives(tmp_path: Path) -> None:
    """Sizes that are no multiples of 32 are extended by their edges; one image is read in tiles."""
    torch.manual_seed(3)
    model = Segmenter()
    model.train()
    model(torch.rand(4, 3, 64, 64))  # batch statistics that are not the initial ones
    export_segmenter(model, tmp_path / "s.onnx")
    session = open_segmenter(tmp_path / "s.onnx")
    for height, width in ((70, 101), (40, 1400)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        pad = ((0, -height % 32), (0, -width % 32), (0, 0))
        wide = np.pad(image, pad, mode="edge").transpose(2, 0, 1)[None]
        with torch.no_grad():
            logits = model.eval()(torch.from_numpy(wide.copy()).float() / 255.0)
        expected = torch.sigmoid(logits)[0, :, : -(-height // 2), : -(-width // 2)].numpy()
        found = seal_planes(session, image)
        assert found.shape == expected.shape
        if width < 1280:
            np.testing.assert_allclose(found, expected, atol=2e-6)
        else:  # tiles see 128 px round themselves, the whole image more
            assert np.abs(found - expected).mean() < 1e-3
