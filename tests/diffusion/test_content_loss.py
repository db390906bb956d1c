"""Equation 4 against a slow float64 transcription, values and gradients, and its options."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from seal2real.diffusion.losses import ROOT_EPSILON, content_loss, structure
from tests.diffusion.test_losses import SAME, gradients


def slow_norm(a: Tensor, b: Tensor, epsilon: float = ROOT_EPSILON) -> Tensor:
    """√(mean of squares + ε²), written as sums over one sample's map."""
    total = sum(((a - b) ** 2).flatten())
    return torch.sqrt(total / a.numel() + epsilon**2)


def pyramid(image: Tensor) -> list[Tensor]:
    """Two maps with a nonlinearity, in place of a VGG."""
    first = torch.tanh(image[:, :2] * 3 - image[:, 1:])
    return [first, F.avg_pool2d(first, 2).exp()]


def pictures(batch: int = 3) -> tuple[Tensor, Tensor]:
    torch.manual_seed(4)
    forged, synthetic = torch.rand(2, batch, 3, 8, 6, dtype=torch.float64) * 2 - 1
    return forged.requires_grad_(), synthetic


@pytest.mark.parametrize("epsilon", [ROOT_EPSILON, 0.3])
def test_equation_4(epsilon: float) -> None:
    forged, synthetic = pictures()
    alpha = (0.5, 2.0)
    expected = forged.new_zeros(())
    for i in range(3):
        ours, theirs = pyramid(forged[i : i + 1]), pyramid(synthetic[i : i + 1])
        for share, a, b in zip(alpha, ours, theirs, strict=True):
            expected = expected + share * slow_norm(a, b, epsilon) / 3
    got = content_loss(pyramid, forged, synthetic, alpha, epsilon=epsilon)
    torch.testing.assert_close(got, expected, **SAME)
    torch.testing.assert_close(gradients(got, forged), gradients(expected, forged), **SAME)


def test_epsilon_must_be_above_0() -> None:
    forged, synthetic = pictures(1)
    with pytest.raises(ValueError, match="content_loss: epsilon must be above 0, got 0"):
        content_loss(pyramid, forged, synthetic, (1.0, 1.0), epsilon=0.0)


def test_equation_4_weighted() -> None:
    """A weighted mean of squares; the weight of a pooled pixel is the mean of its four."""
    forged, synthetic = pictures(1)
    weight = torch.rand(1, 1, 8, 6, dtype=torch.float64)
    expected = forged.new_zeros(())
    for level, (a, b) in enumerate(zip(pyramid(forged), pyramid(synthetic), strict=True)):
        size = 2**level
        total = shares = 0.0
        for y in range(a.shape[2]):
            for x in range(a.shape[3]):
                cell = weight[0, 0, y * size : (y + 1) * size, x * size : (x + 1) * size]
                shares = shares + cell.mean()
                total = total + cell.mean() * ((a - b)[0, :, y, x] ** 2).sum() / a.shape[1]
        expected = expected + torch.sqrt(total / shares + ROOT_EPSILON**2)
    got = content_loss(pyramid, forged, synthetic, (1.0, 1.0), weight=weight)
    torch.testing.assert_close(got, expected, **SAME)
    torch.testing.assert_close(gradients(got, forged), gradients(expected, forged), **SAME)
    nowhere = content_loss(pyramid, forged, synthetic, (1.0, 1.0), weight=weight * 0)
    assert nowhere.item() == pytest.approx(2 * ROOT_EPSILON)
    assert not gradients(nowhere, forged)[0].any()


def test_equation_4_at_the_identity_has_a_finite_gradient() -> None:
    """The bare norm's is infinite there: NaN for a forger that starts as the identity."""
    _, synthetic = pictures()
    forged = synthetic.clone().requires_grad_()
    (gradient,) = gradients(content_loss(pyramid, forged, synthetic, (1.0, 1.0)), forged)
    assert torch.isfinite(gradient).all()
    bare = (forged - synthetic).square().sum().sqrt()
    assert not torch.isfinite(gradients(bare, forged)[0]).all()


def test_a_layer_without_weight_does_not_count() -> None:
    forged, synthetic = pictures()
    one = content_loss(lambda x: pyramid(x)[:1], forged, synthetic, (0.7,))
    assert torch.equal(content_loss(pyramid, forged, synthetic, (0.7, 0.0)), one)
    with pytest.raises(
        ValueError, match="content_loss: alpha must have one weight .* 2 layers, got 3"
    ):
        content_loss(pyramid, forged, synthetic, (1.0, 1.0, 1.0))


def ring(colour: tuple[float, float, float], *, gain: float = 1.0, shift: int = 0) -> Tensor:
    """A soft ring of an ink on paper, [1, 3, 64, 64]; ``gain`` dims the light."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0) - shift, indexing="ij")
    ink = torch.sigmoid(2.0 - (((y - 31.5) ** 2 + (x - 31.5) ** 2).sqrt() - 20).abs())
    ink = (ink / ink.max())[None, None]
    share = torch.tensor(colour)[None, :, None, None]
    return gain * (0.95 * (1 - ink) + share * ink) * 2 - 1


def test_structure_ignores_colour_and_light_but_not_place() -> None:
    """Blue for red, and four fifths of the light, cost far less than a ring moved by 2 px."""
    red, other = ring((0.85, 0.2, 0.25)), ring((0.2, 0.3, 0.8))
    moved = ring((0.85, 0.2, 0.25), shift=2)
    dim = ring((0.85, 0.2, 0.25), gain=0.8)

    def loss(image: Tensor, invariant: bool) -> float:
        maps: Callable[[Tensor], list[Tensor]] = lambda x: [x]  # noqa: E731
        return float(content_loss(maps, image, red, (1.0,), invariant=invariant))

    assert loss(other, True) < 0.15 * loss(moved, True)
    assert loss(dim, True) < 0.15 * loss(moved, True)
    assert loss(other, False) > loss(moved, False), "the plain one sees colour first"
    assert torch.equal(structure(red), structure(red.flip(1))), "channels swapped"
