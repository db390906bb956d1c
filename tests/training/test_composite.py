"""The composite: exact outside the support, the realiser's arithmetic inside, gradient within."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seal2real.realise.composite import feather, paste
from seal2real.training.composite import composite


def planes() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Forged, synthetic and clean pages uint8, the feather of a drawn disc, and its support."""
    rng = np.random.default_rng(1)
    forged, synthetic, clean = rng.integers(0, 256, (3, 64, 48, 3), dtype=np.uint8)
    y, x = np.mgrid[:64, :48]
    mask = (y - 30) ** 2 + (x - 20) ** 2 < 150
    support = (y - 30) ** 2 + (x - 20) ** 2 < 260
    return forged, synthetic, clean, feather(mask, support, 6.0), support


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32))[None] / 127.5 - 1


def test_it_is_the_realisers_paste() -> None:
    """Within the realiser's rounding, and bit for bit where the feather is 0."""
    forged, synthetic, clean, weight, support = planes()
    share = torch.from_numpy(weight / np.float32(255))[None, None]
    result = composite(tensor(forged), tensor(synthetic), share, tensor(clean))
    pasted = paste(forged, synthetic, weight, clean)
    levels = ((result[0] + 1) * 127.5).numpy().transpose(1, 2, 0)
    assert np.abs(levels - pasted).max() <= 0.5 + 1e-3
    outside = torch.from_numpy(~support)
    assert torch.equal(result[0][:, outside], tensor(synthetic)[0][:, outside])
    full = weight == 255
    assert full.any()
    page, other = (plane[full].astype(np.float64) for plane in (synthetic, clean))
    ink = page - other
    asked = ((forged[full] - page) * ink).sum(1) / ((ink**2).sum(1) + 256.0)
    scaled = np.clip(page + np.clip(asked, -1, 1)[:, None] * ink, 0, np.maximum(page, other))
    np.testing.assert_allclose(levels[full], scaled, rtol=0, atol=1e-3)


def test_the_identity_is_exact_everywhere() -> None:
    """Also on the ramp, where shares of equal values need not add up."""
    _, synthetic, clean, weight, _ = planes()
    share = torch.from_numpy(weight / np.float32(255))[None, None]
    page = tensor(synthetic)
    assert torch.equal(composite(page.clone(), page, share, tensor(clean)), page)


def test_no_gradient_outside() -> None:
    forged, synthetic, clean, weight, support = planes()
    ours = tensor(forged).requires_grad_()
    share = torch.from_numpy(weight / np.float32(255))[None, None]
    composite(ours, tensor(synthetic), share, tensor(clean)).square().sum().backward()
    assert ours.grad is not None
    assert not ours.grad[0][:, torch.from_numpy(~support)].any()
    assert ours.grad[0][:, torch.from_numpy(weight > 0)].any()


def test_refusals() -> None:
    page = torch.zeros(2, 3, 8, 8)
    for wrong in (torch.zeros(2, 8, 8), torch.zeros(1, 1, 8, 8), torch.zeros(2, 1, 8, 4)):
        with pytest.raises(
            ValueError, match=r"composite: forged, synthetic and clean must be \[B, 3"
        ):
            composite(page, page, wrong, page)
