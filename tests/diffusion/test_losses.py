"""Equations 1 to 6 against slow float64 transcriptions of the paper's page, values and gradients.

Every expected value is written out sample by sample from the equation and the scheduler's table.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from seal2real.diffusion import losses
from seal2real.diffusion.losses import (
    Denoiser,
    Noised,
    adversarial_loss,
    dm_gradient,
    forger_loss,
    frozen,
    gradient_loss,
    min_snr_weight,
    prior_loss,
    prompt_loss,
    sds_gradient,
    unet_loss,
    without_paper,
)
from seal2real.diffusion.prompts import Prompts
from tests.support.diffusion import (
    CHANNELS,
    POSITIONS,
    WIDTH,
    digest,
    small_scheduler,
    small_unet,
)

KINDS = ["epsilon", "v_prediction"]
SAME = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture(params=KINDS)
def sd(request: pytest.FixtureRequest) -> Denoiser:
    return Denoiser(small_unet(), small_scheduler(request.param))


def noised(batch: int, seed: int, *, last: int = 999) -> Noised:
    generator = torch.Generator().manual_seed(seed)
    x0, noise = torch.randn(2, batch, CHANNELS, 8, 8, generator=generator, dtype=torch.float64)
    return Noised(x0, torch.randint(0, last + 1, (batch,), generator=generator), noise)


def prompts() -> Prompts:
    torch.manual_seed(9)
    made = Prompts(*torch.randn(2, POSITIONS, WIDTH))
    return made.double()


def slow_x_t(sd: Denoiser, x: Noised, i: int) -> tuple[Tensor, float, float]:
    kept = float(sd.scheduler.alphas_cumprod[int(x.t[i])])
    alpha, sigma = math.sqrt(kept), math.sqrt(1 - kept)
    return alpha * x.x0[i] + sigma * x.noise[i], alpha, sigma


def slow_output(sd: Denoiser, x: Noised, prompt: Tensor, i: int) -> Tensor:
    x_t, _, _ = slow_x_t(sd, x, i)
    return sd.unet(x_t[None], int(x.t[i]), encoder_hidden_states=prompt[None]).sample[0]


def slow_error(sd: Denoiser, x: Noised, prompt: Tensor, i: int) -> Tensor:
    """|SD(I, t, T) - ε|², of v for v-prediction, as a mean over the latent."""
    _, alpha, sigma = slow_x_t(sd, x, i)
    wanted = x.noise[i]
    if sd.scheduler.config.prediction_type == "v_prediction":
        wanted = alpha * x.noise[i] - sigma * x.x0[i]
    difference = slow_output(sd, x, prompt, i) - wanted
    return sum(d * d for d in difference.flatten()) / difference.numel()


def slow_noise(sd: Denoiser, x: Noised, prompt: Tensor, i: int) -> Tensor:
    """The predicted ε: for v-prediction alpha v + sigma x_t."""
    x_t, alpha, sigma = slow_x_t(sd, x, i)
    output = slow_output(sd, x, prompt, i)
    if sd.scheduler.config.prediction_type == "v_prediction":
        return alpha * output + sigma * x_t
    return output


def slow_both(
    sd: Denoiser, real_prompt: Tensor, fake_prompt: Tensor, r: Noised, f: Noised
) -> Tensor:
    real = sum(slow_error(sd, r, real_prompt, i) for i in range(len(r.x0))) / len(r.x0)
    fake = sum(slow_error(sd, f, fake_prompt, i) for i in range(len(f.x0))) / len(f.x0)
    return real + fake


def gradients(loss: Tensor, *of: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, of))


@pytest.mark.parametrize("loss", [prompt_loss, unet_loss, adversarial_loss])
def test_equations_1_2_and_6(sd: Denoiser, loss: Callable[..., Tensor]) -> None:
    """One value, three sets of variables: T in Eq. 1, θ in Eq. 2, both in Eq. 6."""
    p, real, fake = prompts(), noised(3, 1), noised(2, 2)
    weights = list(sd.unet.parameters())
    expected = slow_both(sd, p.real, p.fake, real, fake)
    wanted = gradients(expected, p.real, p.fake, *weights)
    got = loss(sd, p, real, fake)
    torch.testing.assert_close(got, expected, **SAME)
    got.backward()
    moved = [p.real, p.fake] if loss is prompt_loss else weights
    moved = [p.real, p.fake, *weights] if loss is adversarial_loss else moved
    for variable, gradient in zip([p.real, p.fake, *weights], wanted, strict=True):
        if any(variable is m for m in moved):
            torch.testing.assert_close(variable.grad, gradient, rtol=1e-8, atol=1e-12)
        else:
            assert variable.grad is None


def test_every_trainable_vector_gets_gradient(sd: Denoiser) -> None:
    """All N positions of both prompts and every weight of the UNet."""
    p = prompts()
    adversarial_loss(sd, p, noised(2, 1), noised(2, 2)).backward()
    for prompt in (p.real, p.fake):
        assert prompt.grad is not None
        assert (prompt.grad.abs().sum(1) > 0).all()
    for name, weight in sd.unet.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("loss", [prompt_loss, unet_loss])
def test_what_is_frozen_does_not_move(sd: Denoiser, loss: Callable[..., Tensor]) -> None:
    """An optimizer over everything, ten steps: by hash the frozen side is what it was."""
    p = prompts()
    everything = [*p.parameters(), *sd.unet.parameters()]
    optimizer = torch.optim.Adam(everything, lr=1e-3)
    before = digest(p), digest(sd.unet)
    for step in range(10):
        optimizer.zero_grad()
        loss(sd, p, noised(2, step), noised(2, step + 100)).backward()
        optimizer.step()
    after = digest(p), digest(sd.unet)
    still = 1 if loss is prompt_loss else 0
    assert after[still] == before[still]
    assert after[1 - still] != before[1 - still]


def test_equation_6_trains_on_the_forged_image_not_the_forger(sd: Denoiser) -> None:
    forged = noised(2, 3)
    forged.x0.requires_grad_()
    adversarial_loss(sd, prompts(), noised(2, 1), forged).backward()
    assert forged.x0.grad is None


def test_equation_3(sd: Denoiser) -> None:
    """In ε for both predictions; the gradient by I_f's latent goes through the whole UNet."""
    p, forged = prompts(), noised(3, 4, last=600)
    forged.x0.requires_grad_()
    errors = [
        (slow_noise(sd, forged, p.real, i) - forged.noise[i]).square().mean() for i in range(3)
    ]
    expected = sum(errors) / 3
    got = prior_loss(sd, p.real, forged)
    torch.testing.assert_close(got, expected, **SAME)
    (wanted,) = gradients(expected, forged.x0)
    before = digest(p, sd.unet)
    got.backward()
    torch.testing.assert_close(forged.x0.grad, wanted, rtol=1e-8, atol=1e-12)
    assert digest(p, sd.unet) == before
    assert all(w.grad is None for w in [*p.parameters(), *sd.unet.parameters()])
    assert all(w.requires_grad for w in sd.unet.parameters())


def test_equation_3_by_finite_differences(sd: Denoiser) -> None:
    p, forged = prompts(), noised(1, 5, last=600)
    forged.x0.requires_grad_()
    (gradient,) = gradients(prior_loss(sd, p.real, forged), forged.x0)
    for place in [(0, 0, 0, 0), (0, 2, 5, 3), (0, 3, 7, 7)]:
        sides = []
        for h in (1e-5, -1e-5):
            moved = forged.x0.detach().clone()
            moved[place] += h
            sides.append(prior_loss(sd, p.real, Noised(moved, forged.t, forged.noise)))
        slope = (sides[0] - sides[1]) / 2e-5
        torch.testing.assert_close(gradient[place], slope, rtol=1e-5, atol=1e-9)


def test_sds(sd: Denoiser) -> None:
    """sigma² (ε̂ - ε), DreamFusion's Eq. 3."""
    p, forged = prompts(), noised(3, 6)
    got = sds_gradient(sd, p.real, forged)
    for i in range(3):
        _, _, sigma = slow_x_t(sd, forged, i)
        wanted = sigma**2 * (slow_noise(sd, forged, p.real, i) - forged.noise[i])
        torch.testing.assert_close(got[i], wanted, rtol=1e-8, atol=1e-10)
    assert not got.requires_grad


@pytest.mark.parametrize("normalise", [False, True])
def test_distribution_matching(sd: Denoiser, normalise: bool) -> None:
    """VSD's difference of predictions, and DMD's of denoised images over their distance."""
    p, forged = prompts(), noised(3, 7)
    got = dm_gradient(sd, p.real, p.fake, forged, normalise=normalise)
    for i in range(3):
        x_t, alpha, sigma = slow_x_t(sd, forged, i)
        real, fake = slow_noise(sd, forged, p.real, i), slow_noise(sd, forged, p.fake, i)
        clean_real, clean_fake = (x_t - sigma * real) / alpha, (x_t - sigma * fake) / alpha
        wanted = sigma**2 * (real - fake)
        if normalise:
            wanted = (clean_fake - clean_real) / (forged.x0[i] - clean_real).abs().mean()
        torch.testing.assert_close(got[i], wanted, rtol=1e-7, atol=1e-9)
    assert not dm_gradient(sd, p.real, p.real, forged, normalise=normalise).any()


def test_distribution_matching_points_from_fake_to_real() -> None:
    """Scores known in closed form: latents are N(m, 1), so E[x_0 | x_t] = m + alpha (x_t - alpha m).

    Real has mean 2, fake -1: descending the gradient must raise x_0.
    """

    class Gaussian(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = torch.nn.Parameter(torch.ones((), dtype=torch.float64))

        def forward(self, x_t: Tensor, t: Tensor, encoder_hidden_states: Tensor) -> object:
            kept = small_scheduler().alphas_cumprod.double()[t][:, None, None, None]
            mean = encoder_hidden_states[:, :1, :1, None]
            clean = mean + kept.sqrt() * (x_t - kept.sqrt() * mean)
            noise = (x_t - kept.sqrt() * clean) / (1 - kept).sqrt()
            return type("Output", (), {"sample": noise})()

    sd = Denoiser(Gaussian(), small_scheduler())
    real, fake = (torch.full((1, 1), m, dtype=torch.float64) for m in (2.0, -1.0))
    for normalise in (False, True):
        gradient = dm_gradient(sd, real, fake, noised(4, 8), normalise=normalise)
        assert (gradient < 0).all()


def test_the_pull_on_paper_is_taken_out_everywhere() -> None:
    """Its mean where the paste lets nothing through, pixel by pixel; elsewhere it counts nothing."""
    torch.manual_seed(9)
    gradient = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    feather = torch.zeros(2, 1, 16, 16, dtype=torch.float64)
    feather[0, :, 5:7, 5:7] = 1.0  # one latent
    feather[1, :, 4:12, :] = 0.5  # two of four rows
    got = without_paper(gradient, feather)
    for i, latents in ((0, {(1, 1)}), (1, {(y, x) for y in (1, 2) for x in range(4)})):
        kept = [(y, x) for y in range(4) for x in range(4) if (y, x) not in latents]
        for channel in range(3):
            mean = sum(float(gradient[i, channel, y, x]) for y, x in kept) / len(kept)
            wanted = gradient[i, channel] - mean
            torch.testing.assert_close(got[i, channel], wanted)
    paper = torch.ones(1, 3, 4, 4, dtype=torch.float64)
    assert not without_paper(paper, feather[:1]).any(), "nothing is left of a pull on paper alone"
    few = torch.ones(1, 1, 16, 16, dtype=torch.float64)
    few[..., :4, :8] = 0.0  # two latents of the eight that make a mean: a quarter is taken off
    torch.testing.assert_close(without_paper(paper, few), 0.75 * paper)
    with pytest.raises(ValueError, match="without_paper: feather must have the latents' sides"):
        without_paper(paper, few[..., :12])
    everywhere = torch.ones(1, 1, 16, 16, dtype=torch.float64)
    assert torch.equal(without_paper(paper, everywhere), paper), "no paper to learn it from"


def test_gradient_loss_carries_the_gradient() -> None:
    x0 = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    gradient = torch.randn_like(x0)
    loss = gradient_loss(x0, gradient)
    torch.testing.assert_close(loss, 0.5 * gradient.square().mean())
    torch.testing.assert_close(gradients(loss, x0)[0], gradient / x0.numel())


def test_equation_5() -> None:
    prior, content = torch.tensor(0.3), torch.tensor(2.0)
    assert float(forger_loss(prior, content, 0.25)) == pytest.approx(0.3 + 0.25 * 2.0)


@pytest.mark.parametrize("kind", KINDS)
def test_min_snr(kind: str) -> None:
    """min(SNR, 5) / SNR, over SNR + 1 for v; from the table, timestep by timestep."""
    s, t = small_scheduler(kind), torch.tensor([0, 100, 400, 999])
    got = min_snr_weight(t, s, 5.0)
    for i, step in enumerate(t.tolist()):
        kept = float(s.alphas_cumprod[step])
        snr = kept / (1 - kept)
        wanted = min(snr, 5.0) / (snr + (1.0 if kind == "v_prediction" else 0.0))
        assert float(got[i]) == pytest.approx(wanted, rel=1e-4)
    assert torch.equal(min_snr_weight(t, s, 0.0), torch.ones(4))


def test_min_snr_weighs_samples(sd: Denoiser) -> None:
    p, real, fake = prompts(), noised(2, 1), noised(3, 2)
    weights = min_snr_weight(torch.cat([real.t, fake.t]), sd.scheduler, 5.0)
    real_part = sum(weights[i] * slow_error(sd, real, p.real, i) for i in range(2)) / 2
    fake_part = sum(weights[2 + i] * slow_error(sd, fake, p.fake, i) for i in range(3)) / 3
    got = unet_loss(sd, p, real, fake, min_snr=5.0)
    torch.testing.assert_close(got, real_part + fake_part, rtol=1e-6, atol=0)


def test_ignored_latents_do_not_count(sd: Denoiser) -> None:
    """The mean over the valid ones, written out; a sample without any counts as 0."""
    p, real, fake = prompts(), noised(2, 1), noised(1, 2)
    valid = torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    valid[0, 0, 2:5, 3:] = 1
    x_t = real.x_t(sd.scheduler)[:1]
    output = sd.unet(x_t, int(real.t[0]), encoder_hidden_states=p.real[None]).sample
    wanted = real.noise[0]
    if sd.scheduler.config.prediction_type == "v_prediction":
        _, alpha, sigma = slow_x_t(sd, real, 0)
        wanted = alpha * real.noise[0] - sigma * real.x0[0]
    first = (output[0] - wanted)[:, 2:5, 3:].square().mean()
    got = unet_loss(sd, p, Noised(real.x0, real.t, real.noise, valid), fake)
    torch.testing.assert_close(got, first / 2 + slow_error(sd, fake, p.fake, 0), **SAME)


def test_frozen_gives_back_what_it_took() -> None:
    a, b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    b.bias.requires_grad_(False)

    def fail_inside() -> None:
        with frozen(a, b):
            assert not any(p.requires_grad for m in (a, b) for p in m.parameters())
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail_inside()
    assert a.weight.requires_grad and b.weight.requires_grad and not b.bias.requires_grad


def test_half_precision_networks_give_float32_losses() -> None:
    sd = Denoiser(small_unet(dtype=torch.bfloat16), small_scheduler())
    real = Noised(
        *(x.float() if x.is_floating_point() else x for x in list(vars(noised(2, 1)).values())[:3])
    )
    loss = adversarial_loss(sd, prompts().float(), real, real)
    assert loss.dtype == torch.float32 and torch.isfinite(loss)


def test_names_are_exported() -> None:
    assert all(hasattr(losses, name) for name in losses.__all__)
