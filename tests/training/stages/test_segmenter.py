"""Training the segmenter, and its ONNX against PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from seal2real.crops.segment import open_segmenter, seal_planes  # noqa: E402
from seal2real.training.stages.segmenter import SegmenterStage, export_segmenter  # noqa: E402


def test_steps_lower_the_loss_and_are_repeatable() -> None:
    """Eight steps on one batch; a second stage of the same seed gives the same numbers."""
    losses = []
    for _ in range(2):
        stage = SegmenterStage(steps=1000, batch_size=2, size=64, seed=1)
        batch = stage.batch(0)
        losses.append([stage.step(i, batch)["loss"] for i in range(8)])
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0]


def test_onnx_gives_what_pytorch_gives(tmp_path: Path) -> None:
    """Sizes that are no multiples of 32 are extended by their edges; two of them, one in tiles."""
    stage = SegmenterStage(batch_size=2, size=64)
    stage.step(0, stage.batch(0))
    export_segmenter(stage.model, tmp_path / "s.onnx")
    assert (tmp_path / "s.onnx").stat().st_size < 1_000_000
    assert b"site-packages" not in (tmp_path / "s.onnx").read_bytes()
    session = open_segmenter(tmp_path / "s.onnx")
    for height, width in ((70, 101), (40, 1400)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        pad = ((0, -height % 32), (0, -width % 32), (0, 0))
        wide = np.pad(image, pad, mode="edge").transpose(2, 0, 1)[None]
        with torch.no_grad():
            logits = stage.model.eval()(torch.from_numpy(wide.copy()).float() / 255.0)
        expected = torch.sigmoid(logits)[0, :, : -(-height // 2), : -(-width // 2)].numpy()
        found = seal_planes(session, image)
        assert found.shape == expected.shape
        if width < 1280:
            np.testing.assert_allclose(found, expected, atol=2e-6)
        else:  # tiles see 128 px round themselves, the whole image more
            assert np.abs(found - expected).mean() < 1e-3
