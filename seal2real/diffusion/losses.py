"""Equations 1 to 6 of the paper, each a function; SDS and distribution matching beside eq. 3.

Notation: SD_θ(x_t, t, T) is the UNet's prediction, ε the noise, T_r and T_f the prompts, f_φ the
forger. Expectations are means over the batch, with t and ε drawn by the caller (:class:`Noised`).

Deviation, everywhere: |·|² is the mean over a latent's values, not their sum, so that step sizes do
not depend on the resolution. For v-prediction eq. 1, 2 and 6 compare v, the quantity that such a UNet
was trained on: per timestep a constant factor alpha_t² off the loss in ε.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seal2real.diffusion.noise import alpha_sigma, predicted_noise, q_sample, target
from seal2real.diffusion.prompts import Prompts

__all__ = [
    "Denoiser",
    "Noised",
    "adversarial_loss",
    "content_loss",
    "dm_gradient",
    "forger_loss",
    "frozen",
    "gradient_loss",
    "min_snr_weight",
    "noise_errors",
    "prior_loss",
    "prompt_loss",
    "sds_gradient",
    "structure",
    "unet_loss",
    "without_paper",
]

# Under the root of eq. 4, in units of a feature's root mean square: its gradient is infinite at 0,
# where a forger that starts as the identity is.
ROOT_EPSILON = 1e-3
# Mean weight of the paste below which a latent counts as kept, and how many it takes for a mean;
# with fewer it is a share of the mean.
_KEPT, _LEAST_KEPT = 0.02, 8
# Side of the window whose mean and contrast `structure` takes out, as a share of the image's.
_WINDOW_SHARE = 1.0 / 8.0
# Contrast below which a window counts as flat, of [-1, 1].
_FLAT = 0.05


class Denoiser(NamedTuple):
    """SD_θ: a UNet of diffusers' classes and the scheduler that says what it predicts."""

    unet: nn.Module
    scheduler: Any

    def __call__(
        self,
        x_t: Tensor,  # [B, C, H, W]
        t: Tensor,  # [B]
        prompt: Tensor,  # [N, D], or [B, N, D]
    ) -> Tensor:  # [B, C, H, W]
        """Return the UNet's output, float32 at least."""
        if prompt.ndim == 2:
            prompt = prompt.expand(len(x_t), -1, -1)
        dtype = next(self.unet.parameters()).dtype
        output = self.unet(
            x_t.to(dtype), t.to(x_t.device), encoder_hidden_states=prompt.to(x_t.device, dtype)
        ).sample
        return output.to(torch.promote_types(output.dtype, torch.float32))


@dataclass(frozen=True)
class Noised:
    """Latents with the timestep and the noise drawn for each of them."""

    # [B, C, H, W], scaled
    x0: Tensor
    # [B], int64
    t: Tensor
    # [B, C, H, W]
    noise: Tensor
    # [B, 1, H, W], 0 where a latent must not count (an ignored region); None counts all
    valid: Tensor | None = None

    def x_t(self, scheduler: Any) -> Tensor:  # [B, C, H, W]
        """Return the latents with their noise."""
        return q_sample(self.x0, self.noise, self.t, scheduler)


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Let gradients flow through ``modules`` but not into them; also during ``backward`` inside."""
    params = [p for module in modules for p in module.parameters() if p.requires_grad]
    for param in params:
        param.requires_grad_(False)
    try:
        yield
    finally:
        for param in params:
            param.requires_grad_(True)


def min_snr_weight(
    t: Tensor,  # [B]
    scheduler: Any,
    gamma: float,
) -> Tensor:  # [B]
    """Return min(SNR, gamma) / SNR, for v-prediction min(SNR, gamma) / (SNR + 1); 1 for gamma 0.

    Source: Hang et al. 2023, section 3.4.
    """
    alpha, sigma = alpha_sigma(t, scheduler, torch.empty(0, device=t.device))
    if gamma <= 0.0:
        return torch.ones_like(alpha.flatten())
    snr = (alpha / sigma).square().flatten()
    if scheduler.config.prediction_type == "v_prediction":
        return snr.clamp(max=gamma) / (snr + 1.0)
    # As gamma / max(snr, gamma): right for an SNR of 0 as well.
    return gamma / snr.clamp(min=gamma)


def noise_errors(
    sd: Denoiser,
    noised: Noised,
    prompt: Tensor,  # [N, D], or [B, N, D]
) -> Tensor:  # [B]
    """Return |SD_θ(I, t, T) - ε|² of every sample (of v, where that is what the UNet predicts).

    The mean over the valid latents.
    """
    output = sd(noised.x_t(sd.scheduler), noised.t, prompt)
    wanted = target(noised.x0, noised.noise, noised.t, sd.scheduler)
    squares = (output - wanted).square().mean(1, keepdim=True)
    if noised.valid is None:
        return squares.flatten(1).mean(1)
    counted = noised.valid.flatten(1).sum(1).clamp_min(1.0)
    return (squares * noised.valid).flatten(1).sum(1) / counted


def prompt_loss(
    sd: Denoiser, prompts: Prompts, real: Noised, fake: Noised, *, min_snr: float = 0.0
) -> Tensor:
    """Return L_prompts: E|SD_θ(I_r, t, T_r) - ε|² + E|SD_θ(I_s, t, T_f) - ε|², θ frozen.

    Its gradient reaches the prompts only. With gradient checkpointing call ``backward`` under
    :func:`frozen` too. Source: the paper's Eq. 1.
    """
    with frozen(sd.unet):
        return _both(sd, prompts.real, prompts.fake, real, fake, min_snr)


def unet_loss(
    sd: Denoiser, prompts: Prompts, real: Noised, fake: Noised, *, min_snr: float = 0.0
) -> Tensor:
    """Return L_UNet: the sum of Eq. 1 with the prompts frozen; its gradient reaches θ only.

    Source: the paper's Eq. 2.
    """
    return _both(sd, prompts.real.detach(), prompts.fake.detach(), real, fake, min_snr)


def adversarial_loss(
    sd: Denoiser, prompts: Prompts, real: Noised, forged: Noised, *, min_snr: float = 0.0
) -> Tensor:
    """Return L_adversarial: E|SD_θ(I_r, t, T_r) - ε|² + E|SD_θ(I_f, t, T_f) - ε|².

    Its gradient reaches the prompts and θ, not the forger. Source: the paper's Eq. 6.
    """
    forged = replace(forged, x0=forged.x0.detach())
    return _both(sd, prompts.real, prompts.fake, real, forged, min_snr)


def _both(
    sd: Denoiser, real_prompt: Tensor, fake_prompt: Tensor, real: Noised, fake: Noised, gamma: float
) -> Tensor:
    """Return the mean error of real under T_r plus that of fake under T_f, in one pass."""
    counts = len(real.x0), len(fake.x0)
    noised = _joined(real, fake)
    sides = zip((real_prompt, fake_prompt), counts, strict=True)
    prompt = torch.cat([side.expand(count, -1, -1) for side, count in sides])
    weight = min_snr_weight(noised.t, sd.scheduler, gamma).to(noised.x0.device)
    errors = weight * noise_errors(sd, noised, prompt)
    return errors[: counts[0]].mean() + errors[counts[0] :].mean()


def _joined(real: Noised, fake: Noised) -> Noised:
    """Return one batch of both."""
    valid = None
    if real.valid is not None or fake.valid is not None:
        valid = torch.cat([_validity(side) for side in (real, fake)])
    return Noised(
        torch.cat([real.x0, fake.x0]),
        torch.cat([real.t, fake.t]),
        torch.cat([real.noise, fake.noise]),
        valid,
    )


def _validity(noised: Noised) -> Tensor:
    return torch.ones_like(noised.x0[:, :1]) if noised.valid is None else noised.valid


def prior_loss(
    sd: Denoiser,
    real_prompt: Tensor,  # [N, D]
    forged: Noised,
) -> Tensor:
    """Return L_prior: E|SD_θ(f_φ(I_s), t, T_r) - ε|², the loss in ε for v-prediction as well.

    The true gradient flows through the frozen UNet into ``forged.x0``. Source: the paper's Eq. 3.
    """
    with frozen(sd.unet):
        x_t = forged.x_t(sd.scheduler)
        output = sd(x_t, forged.t, real_prompt.detach())
    return (predicted_noise(output, x_t, forged.t, sd.scheduler) - forged.noise).square().mean()


@torch.no_grad()
def sds_gradient(
    sd: Denoiser,
    real_prompt: Tensor,  # [N, D]
    forged: Noised,
) -> Tensor:  # [B, C, H, W]
    """Return sigma_t² (SD_θ(I_f, t, T_r) - ε), Eq. 3's gradient without the UNet's Jacobian.

    Source: Poole et al. 2023 (DreamFusion), Eq. 3, with w(t) = sigma_t².
    """
    predicted = _predicted(sd, real_prompt, forged)
    _, sigma = alpha_sigma(forged.t, sd.scheduler, forged.x0)
    return sigma.square() * (predicted - forged.noise)


@torch.no_grad()
def dm_gradient(
    sd: Denoiser,
    real_prompt: Tensor,  # [N, D]
    fake_prompt: Tensor,  # [N, D]
    forged: Noised,
    *,
    normalise: bool = True,
) -> Tensor:  # [B, C, H, W]
    """Return the gradient that moves the forged distribution towards the real one.

    It is the difference of two scores of the same noised I_f: under T_f, kept trained on forged
    images by Eq. 6, and under T_r. Zero where the two prompts agree, whatever is hard to denoise.

    Source: Wang et al. 2023 (VSD), Eq. 9: sigma_t² (ε(T_r) - ε(T_f)); normalised, Yin et al. 2024
    (DMD), Eq. 7 and 8: (x̂_0(T_f) - x̂_0(T_r)) / mean|x_0 - x̂_0(T_r)|, where x̂_0 is the image that
    a prediction means, without DMD's alpha_t, as in its code.
    """
    real = _predicted(sd, real_prompt, forged)
    fake = _predicted(sd, fake_prompt, forged)
    alpha, sigma = alpha_sigma(forged.t, sd.scheduler, forged.x0)
    if not normalise:
        return sigma.square() * (real - fake)
    # x̂_0 = (x_t - sigma ε) / alpha, so the quotient needs no division by alpha.
    to_real = alpha * forged.x0 - forged.x_t(sd.scheduler) + sigma * real
    scale = to_real.abs().mean((1, 2, 3), keepdim=True)
    return sigma * (real - fake) / scale.clamp_min(1e-8)


def without_paper(
    gradient: Tensor,  # [B, C, h, w]
    feather: Tensor,  # [B, 1, H, W] in [0, 1]
) -> Tensor:  # [B, C, h, w]
    """Return the gradient less its mean over latents that the paste keeps as they are.

    Real pages have other paper than drawn ones, and a prior pulls on it everywhere. The forger can
    only follow within the paste, as a halo round every stroke. Where the paste lets nothing through
    that pull is alone (on print too), so its mean there is taken off everywhere. Our own, no source.

    Args:
        gradient: of :func:`sds_gradient` or :func:`dm_gradient`.
        feather: weight of the paste; its sides are the latents' times one whole factor.

    Raises:
        ValueError: if they are not.
    """
    height, width = gradient.shape[-2:]
    factor = feather.shape[-1] // width
    if tuple(feather.shape[-2:]) != (height * factor, width * factor):
        raise ValueError(
            "without_paper: feather must have the latents' sides times a whole factor, got "
            f"{list(feather.shape)} for {list(gradient.shape)}; take both from one batch"
        )
    kept = F.adaptive_avg_pool2d(feather.to(gradient.dtype), (height, width)) < _KEPT
    mean = (gradient * kept).sum((2, 3), keepdim=True) / kept.sum((2, 3), keepdim=True).clamp_min(
        _LEAST_KEPT
    )
    return gradient - mean


def _predicted(sd: Denoiser, prompt: Tensor, noised: Noised) -> Tensor:
    x_t = noised.x_t(sd.scheduler)
    return predicted_noise(sd(x_t, noised.t, prompt), x_t, noised.t, sd.scheduler)


def gradient_loss(
    x0: Tensor,  # [B, C, H, W]
    gradient: Tensor,  # [B, C, H, W]
) -> Tensor:
    """Return half the mean square of ``gradient``, whose derivative by ``x0`` is its mean's share.

    That is gradient / x0.numel(): what a loss that is a mean over all values would have.
    """
    return 0.5 * F.mse_loss(x0, (x0 - gradient).detach())


def content_loss(
    features: Callable[[Tensor], Sequence[Tensor]],
    forged: Tensor,  # [B, 3, H, W] in [-1, 1]
    synthetic: Tensor,  # [B, 3, H, W] in [-1, 1]
    alpha: Sequence[float],
    *,
    weight: Tensor | None = None,  # [B, 1, H, W] in [0, 1]
    invariant: bool = False,
    epsilon: float = ROOT_EPSILON,
) -> Tensor:
    """Return L_content: Σ_l alpha_l ‖Φ_l(I_f) - Φ_l(I_s)‖₂, the mean over the batch.

    Source: the paper's Eq. 4. Deviation: the norm is a root mean square, so alpha_l holds the
    paper's times the root of the layer's size, and the root has an epsilon: √(‖d‖² + ε²).

    Args:
        features: Φ, the VGG; returns one map [B, C_l, H_l, W_l] a layer.
        forged: I_f.
        synthetic: I_s; no gradient reaches it.
        alpha: weight of each layer.
        weight: where it counts; averaged over a layer's pixels, then a weighted mean square.
        invariant: compare :func:`structure` in place of the images: ink and light may change.
        epsilon: ε, above 0, in root mean squares of a feature. A change well below it costs by its
            square, one above in proportion: with a small one no change at all is the optimum until
            the prior's pull exceeds w.

    Raises:
        ValueError: if ``alpha`` is not as long as the list of maps, or ``epsilon`` not above 0.
    """
    if not epsilon > 0:
        raise ValueError(
            f"content_loss: epsilon must be above 0, got {epsilon}; with 0 the gradient at the "
            "identity is infinite"
        )
    if invariant:
        forged, synthetic = structure(forged), structure(synthetic)
    with torch.no_grad():
        wanted = features(synthetic)
    maps = features(forged)
    if len(maps) != len(alpha):
        raise ValueError(
            f"content_loss: alpha must have one weight for each of {len(maps)} layers, got "
            f"{len(alpha)}; give a 0 to a layer that should not count"
        )
    total = forged.new_zeros(())
    for share, ours, theirs in zip(alpha, maps, wanted, strict=True):
        if share:
            squares = _mean_square(ours - theirs, weight)
            total = total + share * (squares + epsilon**2).sqrt().mean()
    return total


def _mean_square(
    difference: Tensor,  # [B, C, H, W]
    weight: Tensor | None,  # [B, 1, h, w]
) -> Tensor:  # [B]
    """Return the (weighted) mean of squares of every sample; 0 where all weights are 0."""
    squares = difference.to(torch.promote_types(difference.dtype, torch.float32)).square().mean(1)
    if weight is None:
        return squares.flatten(1).mean(1)
    height, width = squares.shape[-2:]
    shares = F.adaptive_avg_pool2d(weight.to(squares.dtype), (height, width))[:, 0]
    return (squares * shares).sum((1, 2)) / shares.sum((1, 2)).clamp_min(1e-6)


def structure(
    image: Tensor,  # [B, 3, H, W] in [-1, 1]
) -> Tensor:  # [B, 3, H, W], about [-1, 1]
    """Return where ink is, whatever its colour and the light: three equal planes.

    The darkest channel of a pixel, which any ink lowers, less its mean over a window of an eighth of
    the image and divided by its contrast there. Gain and offset of the light cancel, and so does an
    ink's hue.
    """
    dark = image.amin(1, keepdim=True)
    side = max(3, round(min(image.shape[-2:]) * _WINDOW_SHARE)) // 2 * 2 + 1
    mean = _window_mean(dark, side)
    spread = (_window_mean(dark.square(), side) - mean.square()).clamp_min(0.0)
    local = (dark - mean) / (spread + _FLAT**2).sqrt()
    return (local / 3.0).expand(-1, 3, -1, -1)


def _window_mean(plane: Tensor, side: int) -> Tensor:
    """Return the mean over a square window; at the border over the part of it inside."""
    return F.avg_pool2d(plane, side, stride=1, padding=side // 2, count_include_pad=False)


def forger_loss(prior: Tensor, content: Tensor, w: float) -> Tensor:
    """Return L_forger = L_prior + w · L_content. Source: the paper's Eq. 5."""
    return prior + w * content
