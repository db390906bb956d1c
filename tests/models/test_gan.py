"""Losses and networks of the GAN baseline against slow transcriptions and hand calculation."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from seal2real.models.forger import Forger  # noqa: E402
from seal2real.models.gan import (  # noqa: E402
    PatchCritic,
    PatchHeads,
    encoder_features,
    lsgan_critic_loss,
    lsgan_generator_loss,
    patch_nce,
    sample_places,
)


def slow_nce(query: list, key: list, temperature: float) -> float:
    """Equations 3 and 4 of Park et al. 2020 in Python floats, a sum at a time."""
    total, count = 0.0, 0
    for q_image, k_image in zip(query, key, strict=True):
        for s, q in enumerate(q_image):
            scores = [sum(a * b for a, b in zip(q, k, strict=True)) / temperature for k in k_image]
            total += -math.log(math.exp(scores[s]) / sum(math.exp(score) for score in scores))
            count += 1
    return total / count


def unit(*shape: int, seed: int) -> torch.Tensor:
    made = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(made, dim=-1)


@pytest.mark.parametrize("shape", [(2, 5, 3), (1, 1, 4), (3, 2, 1)])
def test_patch_nce_is_the_equation(shape: tuple[int, ...]) -> None:
    """Value and, by differences of the slow one, gradient with respect to the query."""
    query, key = unit(*shape, seed=1).requires_grad_(), unit(*shape, seed=2)
    loss = patch_nce(query, key, 0.2)
    assert loss.item() == pytest.approx(slow_nce(query.tolist(), key.tolist(), 0.2), rel=1e-12)
    (gradient,) = torch.autograd.grad(loss, query)
    step = 1e-6
    for place in [(0, 0, 0), tuple(n - 1 for n in shape)]:
        moved = [query.detach().clone() for _ in range(2)]
        moved[0][place] += step
        moved[1][place] -= step
        up, down = (slow_nce(one.tolist(), key.tolist(), 0.2) for one in moved)
        assert gradient[place].item() == pytest.approx((up - down) / (2 * step), abs=1e-8)


def test_keys_get_no_gradient() -> None:
    key = unit(1, 4, 3, seed=2).requires_grad_()
    loss = patch_nce(unit(1, 4, 3, seed=1).requires_grad_(), key, 0.07)
    loss.backward()
    assert key.grad is None


def test_least_squares_by_hand() -> None:
    """Scores 0.5 and 2 with weights 3 and 1: critic and generator of Mao et al.'s equation 2."""
    scores = torch.tensor([0.5, 2.0], dtype=torch.float64).view(1, 1, 1, 2)
    weight = torch.tensor([3.0, 1.0], dtype=torch.float64).view(1, 1, 1, 2)
    to_one = (3 * 0.25 + 1 * 1.0) / 4
    to_zero = (3 * 0.25 + 1 * 4.0) / 4
    assert lsgan_generator_loss(scores, weight).item() == pytest.approx(to_one)
    found = lsgan_critic_loss(scores, scores, weight, weight).item()
    assert found == pytest.approx(0.5 * (to_one + to_zero))
    none = torch.zeros_like(weight)
    assert lsgan_generator_loss(scores, none).item() == 0.0


def generator() -> Forger:
    torch.manual_seed(0)
    return Forger(width=8, levels=3, max_width=16, noise_channels=2)


def test_encoder_features_are_what_the_generator_computes() -> None:
    """Against hooks on the network's own forward pass, without noise."""
    net = generator()
    image, ink = torch.rand(2, 3, 16, 24) * 2 - 1, torch.rand(2, 1, 16, 24)
    scale = torch.tensor([5.0, 9.0])
    seen: list[torch.Tensor] = []
    net.first.register_forward_hook(lambda *a: seen.append(torch.nn.functional.silu(a[2])))
    for block in net.down:
        block.register_forward_hook(lambda *a: seen.append(a[2]))
    net(image, ink, scale)
    hooked = [image, *seen]
    seen.clear()
    features = encoder_features(net, image, ink, scale)
    assert [tuple(f.shape) for f in features] == [
        (2, 3, 16, 24),
        (2, 8, 16, 24),
        (2, 16, 8, 12),
        (2, 16, 4, 6),
    ]
    assert all(torch.equal(a, b) for a, b in zip(features, hooked, strict=True))


def test_encoder_refuses_odd_sides() -> None:
    image = torch.zeros(1, 3, 18, 16)
    with pytest.raises(ValueError, match="image must have sides that are multiples of 4, got"):
        encoder_features(generator(), image, image[:, :1], torch.ones(1))


def test_heads_give_unit_vectors_of_the_named_places() -> None:
    """Place y * W + x of the level, checked by feeding that pixel alone to the head."""
    heads = PatchHeads([4])
    level = torch.randn(2, 4, 3, 5)
    places = torch.tensor([[0, 7], [14, 3]])
    (vectors,) = heads([level], [places])
    assert vectors.shape == (2, 2, 256)
    assert torch.allclose(vectors.norm(dim=-1), torch.ones(2, 2), atol=1e-5)
    alone = heads.heads[0](level[1, :, 2, 4])
    assert torch.allclose(vectors[1, 0], alone / alone.norm(), atol=1e-5)


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70)])
def test_a_score_sees_the_patch_that_the_docs_state(layers: int, field: int) -> None:
    """Extent of the input gradient of one middle score; norms see everything, so they are out."""
    critic = PatchCritic(8, layers)
    for block in critic.blocks:
        block[1] = torch.nn.Identity()
    image = torch.randn(1, 3, 160, 160, requires_grad=True)
    scores = critic(image)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    touched = image.grad[0].abs().sum(0) > 0
    rows, columns = torch.where(touched.any(1))[0], torch.where(touched.any(0))[0]
    assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (field, field)


@pytest.mark.parametrize(("width", "layers"), [(12, 2), (0, 2), (8, 0)])
def test_critics_that_cannot_be_built(width: int, layers: int) -> None:
    with pytest.raises(ValueError, match="width must be a positive multiple of 8 and layers"):
        PatchCritic(width, layers)


def test_places_are_distinct_and_mostly_inked() -> None:
    """A tenth of the grid weighs 1: with 0.02 elsewhere, 85 % of first draws fall there."""
    weight = torch.zeros(2, 1, 40, 40)
    weight[..., :4, :] = 1.0
    draw = torch.Generator().manual_seed(3)
    places = sample_places(weight, (40, 40), 100, draw)
    assert places.shape == (2, 100)
    assert all(len(set(row)) == 100 for row in places.tolist())
    share = (places < 160).float().mean().item()
    assert 0.7 < share < 0.95
    again = sample_places(weight, (40, 40), 100, torch.Generator().manual_seed(3))
    assert torch.equal(places, again)
    assert sample_places(weight, (2, 3), 100, draw).shape == (2, 6)
