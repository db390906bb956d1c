"""The segmenter's network and loss."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from seal2real.models.segmenter import Segmenter, segment_loss  # noqa: E402


def slow_loss(logits: np.ndarray, planes: np.ndarray) -> float:
    """Cross-entropy plus 1 - Dice, written out in float64 with loops."""
    batch, channels, height, width = logits.shape
    entropy, dice = 0.0, 0.0
    for c in range(channels):
        both = shares = targets = 0.0
        for b in range(batch):
            for y in range(height):
                for x in range(width):
                    t = planes[b, c, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].astype(float).mean()
                    p = 1.0 / (1.0 + np.exp(-logits[b, c, y, x]))
                    entropy -= t * np.log(p) + (1 - t) * np.log(1 - p)
                    both, shares, targets = both + p * t, shares + p, targets + t
        dice += 1.0 - (2.0 * both + 1.0) / (shares + targets + 1.0)
    return entropy / logits.size + dice / channels


def test_the_loss_is_its_formula() -> None:
    rng = np.random.default_rng(0)
    logits, planes = rng.normal(size=(2, 2, 5, 7)), rng.random((2, 2, 10, 14)) < 0.3
    ink, inside = (torch.from_numpy(planes[:, c].copy()) for c in (0, 1))
    loss = segment_loss(torch.from_numpy(logits), ink, inside)
    assert float(loss) == pytest.approx(slow_loss(logits, planes), rel=1e-12)


def test_masks_of_another_size_are_refused() -> None:
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    with pytest.raises(
        ValueError, match=r"ink and inside must be twice .* \(8, 8\), got \(1, 8, 8\)"
    ):
        segment_loss(torch.zeros(1, 2, 8, 8), mask, mask)


def test_planes_have_half_the_side_and_every_weight_learns() -> None:
    model = Segmenter()
    out = model(torch.rand(2, 3, 64, 96))
    assert out.shape == (2, 2, 32, 48)
    mask = torch.rand(2, 64, 96) > 0.5
    segment_loss(out, mask, ~mask).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
