"""Principal components of patches, and a VAE that starts as good as they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from seal2real.diffusion.pca import fit_patch_pca, init_from_pca
from seal2real.diffusion.tiny import build_vae
from seal2real.training.data.drawn import DrawnStream


@pytest.fixture(scope="module")
def images() -> Tensor:
    stream = DrawnStream(64, seed=3)
    crops = np.stack([stream[i]["synthetic"] for i in range(96)])
    return torch.from_numpy(crops).float() / 127.5 - 1.0


def psnr(a: Tensor, b: Tensor) -> float:
    return float(-10 * torch.log10((a - b).square().mean() / 4))


def test_equals_numpys_singular_vectors(images: Tensor) -> None:
    """The reconstruction of all patches by the first 5 right singular vectors, from LAPACK."""
    found = fit_patch_pca(images, 4, 5).reconstruct(images)
    patches = images.numpy().reshape(96, 3, 16, 4, 16, 4).transpose(0, 2, 4, 1, 3, 5)
    flat = patches.reshape(-1, 48).astype(np.float64)
    mean = flat.mean(0)
    _, _, rows = np.linalg.svd(flat - mean, full_matrices=False)
    coded = (flat - mean) @ rows[:5].T @ rows[:5] + mean
    wanted = coded.reshape(96, 16, 16, 3, 4, 4).transpose(0, 3, 1, 4, 2, 5).reshape(96, 3, 64, 64)
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-4)


def test_all_components_lose_nothing(images: Tensor) -> None:
    found = fit_patch_pca(images, 4, 48).reconstruct(images)
    assert psnr(found, images) > 90


def test_a_vae_starts_as_the_pca(images: Tensor) -> None:
    """A linear readout of its latents is as good as PCA (within 1 dB), before any training.

    Its own decoder, which starts linear too, gives a picture rather than grey.
    """
    torch.manual_seed(0)
    vae = build_vae()
    init_from_pca(vae, images)
    with torch.no_grad():
        mean = vae.encode(images).latent_dist.mean
        output = vae.decode(mean).sample
    target = torch.nn.functional.pixel_unshuffle(images, 8).movedim(1, -1).flatten(0, -2)
    codes = mean.movedim(1, -1).flatten(0, -2)
    codes = torch.cat([codes, torch.ones(len(codes), 1)], 1)
    readout = codes @ torch.linalg.lstsq(codes, target).solution
    patches = fit_patch_pca(images, 8, 16).reconstruct(images)
    pca_error = (patches - images).square().mean()
    assert (readout - target).square().mean() < 10**0.1 * pca_error
    grey = psnr(images.mean((1, 2, 3), keepdim=True).expand_as(images), images)
    assert psnr(output, images) > grey + 6.0
    assert mean.std().item() == pytest.approx(1.0, abs=0.3)
    assert mean.mean().abs().item() < 0.1


def test_every_weight_of_the_start_can_learn(images: Tensor) -> None:
    """Branches that start at zero still get gradient in their last layer, and all do after a step."""
    torch.manual_seed(0)
    vae = build_vae()
    init_from_pca(vae, images)
    optimizer = torch.optim.SGD(vae.parameters(), lr=1e-3)
    for _ in range(2):
        optimizer.zero_grad()
        output = vae(images[:4], sample_posterior=False).sample
        (output - images[:4]).square().mean().backward()
        optimizer.step()
    still = [name for name, p in vae.named_parameters() if p.grad is None or not p.grad.any()]
    # log-variances are not used without sampling, but they share tensors with the means
    assert not still
