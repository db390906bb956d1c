"""Cached latents: the VAE's moments, an order that visits all, validity, draws."""

from __future__ import annotations

import pytest
import torch

from seal2real.diffusion.latents import encode_moments
from seal2real.training.data.latents import LatentCache, noised, valid_latents
from tests.support.diffusion import small_scheduler, small_vae


def window(index: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(index)
    image = torch.randint(0, 256, (3, 32, 32), generator=generator, dtype=torch.uint8)
    valid = torch.ones(32, 32, dtype=torch.bool)
    valid[: index % 3 * 4] = False
    return image, valid


def test_it_holds_the_vaes_moments() -> None:
    """Against encoding each window alone, to float16's accuracy."""
    vae = small_vae()
    cache = LatentCache(window, 6, vae, seed=1, first=10)
    held = cache.moments([0, 5])
    for row, index in enumerate((10, 15)):
        image = window(index)[0][None].float() / 127.5 - 1
        mean, std = encode_moments(vae, image)
        torch.testing.assert_close(held.mean[row], mean[0], rtol=2e-3, atol=2e-3)
        torch.testing.assert_close(held.std[row], std[0], rtol=2e-3, atol=2e-3)
    again = LatentCache(window, 6, vae, seed=1, first=10)
    assert torch.equal(again.moments([3]).mean, cache.moments([3]).mean)


def test_every_round_visits_all_in_another_order() -> None:
    cache = LatentCache(window, 6, small_vae(), seed=1)
    keys = [float(mean.sum()) for mean in cache.moments(list(range(6))).mean]
    rounds = [[float(m.sum()) for m in cache.batch(6 * turn, 6).mean] for turn in range(4)]
    assert all(sorted(r) == sorted(keys) for r in rounds)
    assert len({tuple(r) for r in rounds}) > 1
    across = cache.batch(4, 4).mean
    assert torch.equal(across[:2], cache.batch(4, 2).mean)
    assert torch.equal(across[2:], cache.batch(6, 2).mean)


def test_a_latent_is_valid_where_its_block_and_the_next_ones_are() -> None:
    """Rows 0..7 invalid of 32 at factor 4: blocks 0 and 1 are, and block 2 touches them."""
    valid = torch.ones(1, 32, 32, dtype=torch.bool)
    valid[0, :8] = False
    latents = valid_latents(valid, 4)
    assert latents.shape == (1, 1, 8, 8)
    assert latents[0, 0, :, 4].tolist() == [False] * 3 + [True] * 5
    assert valid_latents(torch.ones(1, 32, 32, dtype=torch.bool), 4).all()
    one = torch.ones(1, 32, 32, dtype=torch.bool)
    one[0, 17, 14] = False
    assert int((~valid_latents(one, 4)).sum()) == 9


def test_draws_follow_the_moments_and_repeat() -> None:
    cache = LatentCache(window, 3, small_vae(), seed=1)
    moments = cache.batch(0, 3)
    device = torch.device("cpu")

    def draw(seed: int) -> object:
        return noised(moments, small_scheduler(), torch.Generator().manual_seed(seed), device)

    first, again, other = draw(1), draw(1), draw(2)
    assert torch.equal(first.x0, again.x0) and torch.equal(first.t, again.t)
    assert torch.equal(first.noise, again.noise) and not torch.equal(first.x0, other.x0)
    spread = torch.stack([draw(seed).x0 for seed in range(200)])
    torch.testing.assert_close(spread.mean(0), moments.mean, rtol=0, atol=0.5)
    ratio = spread.std(0) / moments.std.clamp_min(1e-6)
    assert 0.9 < float(ratio.mean()) < 1.1
    assert torch.equal(first.valid, moments.valid)


def test_chunks_and_refusal() -> None:
    moments = LatentCache(window, 4, small_vae(), seed=1).batch(0, 4)
    halves = moments.chunks(2)
    assert torch.equal(torch.cat([h.mean for h in halves]), moments.mean) and len(halves) == 2
    with pytest.raises(ValueError, match="LatentCache: count must be at least 1, got 0"):
        LatentCache(window, 0, small_vae(), seed=1)
