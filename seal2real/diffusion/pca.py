"""Principal components of image patches: the linear rival of a VAE, and where ours starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["PatchPca", "fit_patch_pca", "init_from_pca"]

# nn.Conv2d, whose bias type checkers take for optional and its owner's attributes for tensors.
_Conv = Any

# Bias of the channels that keep a group's variance steady, in standard deviations of the latents:
# GroupNorm then divides by a nearly constant number, and the path through it is nearly linear.
_STEADY = 6.0
# Channels that carry nothing yet are small, so that they do not disturb the rest.
_IDLE = 0.3
_RIDGE = 1e-4
# Pixels that a convolution is fitted to: about 60 for each of its weights.
_FIT_SAMPLES = 60_000
# Latents get this power of their standard deviation as a factor: 0 would whiten them, and give
# noise-like details the weight of outlines; 1 would leave details far below any noise level.
_WHITENING = 0.5
# log of the posterior's variance at the start; latents have a variance of about 1.
_LOGVAR = -6.0


@dataclass(frozen=True)
class PatchPca:
    """A linear code of non-overlapping patches, ``code = basis @ (patch - mean)``."""

    factor: int
    # [3 * factor^2]
    mean: Tensor
    # [channels, 3 * factor^2], orthonormal rows
    basis: Tensor

    def reconstruct(self, images: Tensor) -> Tensor:
        """Return the images [B, 3, H, W] after coding and decoding; sides multiples of factor."""
        patches = F.pixel_unshuffle(images, self.factor).movedim(1, -1) - self.mean
        coded = patches @ self.basis.T @ self.basis + self.mean
        return F.pixel_shuffle(coded.movedim(-1, 1), self.factor)


def fit_patch_pca(images: Tensor, factor: int, channels: int) -> PatchPca:
    """Fit ``channels`` components to the patches of ``images`` float [B, 3, H, W]."""
    patches = F.pixel_unshuffle(images, factor).movedim(1, -1).flatten(0, -2).double()
    mean, basis, _ = _components(patches, channels)
    return PatchPca(factor, mean.float(), basis.float())


def init_from_pca(vae: Any, images: Tensor) -> None:
    """Give ``vae`` the encoder of a patch PCA, and a decoder whose every path is linear.

    Every residual branch starts at zero. What is left of the encoder is linear up to its last
    GroupNorm; there each value travels as a pair (x, -x), for which silu(x) - silu(-x) = x, beside
    constants that keep the variance steady. Training so starts at the quality of a PCA of the
    latents' size instead of at grey, which saves most of a short budget.

    Args:
        vae: an AutoencoderKL of four levels (f8); at least 12 channels on the first and as many as latents on the
            third.
        images: float [B, 3, H, W] in [-1, 1], sides multiples of 8; a few hundred crops.

    Source: own; zero-initialised residual branches after Zhang et al. 2019 (Fixup).
    """
    with torch.no_grad():
        for module in vae.modules():
            if hasattr(module, "conv2") and hasattr(module, "conv1"):
                nn.init.zeros_(module.conv2.weight)
                nn.init.zeros_(module.conv2.bias)
        latents = vae.config.latent_channels
        codes, basis = _init_down(vae.encoder, images, latents)
        _init_encoder_end(vae, images, codes)
        _init_decoder(vae, images, codes, basis)


def _components(samples: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean [N], the first components [count, N] and their variances [count]."""
    mean = samples.mean(0)
    centred = samples - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(samples))
    order = torch.arange(len(mean) - 1, len(mean) - 1 - count, -1)
    return mean, vectors[:, order].T, values[order].clamp_min(1e-8)


def _init_down(encoder: Any, images: Tensor, latents: int) -> tuple[Tensor, Tensor]:
    """Set the path down to the last level.

    Returns the codes [B, latents, H / 8, W / 8] and the components [K, 48] of 4 x 4 patches.

    The first stride takes 2 x 2 patches as they are, the second the main components of 4 x 4
    patches, the third those of 8 x 8.
    """
    _identity(encoder.conv_in, 3)
    blocks = encoder.down_blocks
    _patch_taps(blocks[0].downsamplers[0].conv, torch.eye(12))
    features = F.pixel_unshuffle(images, 2)
    _identity(blocks[1].resnets[0].conv_shortcut, 12)
    width = blocks[1].downsamplers[0].conv.out_channels
    wide = F.pixel_unshuffle(features, 2)
    _, coarse, _ = _components(wide.movedim(1, -1).flatten(0, -2).double(), min(width, 48))
    coarse = coarse.float()
    _patch_taps(blocks[1].downsamplers[0].conv, coarse)
    features = torch.einsum("kc,bchw->bkhw", coarse, wide)
    _identity(blocks[2].resnets[0].conv_shortcut, len(coarse))
    wide = F.pixel_unshuffle(features, 2)
    mean, basis, variance = _components(wide.movedim(1, -1).flatten(0, -2).double(), latents)
    basis = (basis / variance.sqrt()[:, None]).float()
    _patch_taps(blocks[2].downsamplers[0].conv, basis)
    offset = basis @ mean.float()
    blocks[2].downsamplers[0].conv.bias[:latents] = -offset
    codes = torch.einsum("kc,bchw->bkhw", basis, wide) - offset[:, None, None]
    weight = variance.sqrt().float() ** _WHITENING
    return codes * (weight / weight.square().mean().sqrt())[:, None, None], coarse


def _identity(conv: _Conv, count: int) -> None:
    """Make the first ``count`` outputs of ``conv`` its first inputs."""
    conv.weight[:count] = 0.0
    conv.bias[:count] = 0.0
    middle = conv.kernel_size[0] // 2
    for channel in range(count):
        conv.weight[channel, channel, middle, middle] = 1.0


def _patch_taps(conv: _Conv, basis: Tensor) -> None:
    """Make a stride-2 ``conv`` apply ``basis`` [K, 4 C] to 2 x 2 patches of its first C inputs."""
    count, inputs = basis.shape[0], basis.shape[1] // 4
    conv.weight[:count] = 0.0
    conv.bias[:count] = 0.0
    # Downsample2D pads right and bottom, so taps 0 and 1 cover a patch.
    conv.weight[:count, :inputs, :2, :2] = basis.reshape(count, inputs, 2, 2)


def _init_encoder_end(vae: Any, images: Tensor, codes: Tensor) -> None:
    """Carry the codes through the last GroupNorm and fit the last convolution to them."""
    encoder, latents = vae.encoder, codes.shape[1]
    _paired(encoder.down_blocks[3].resnets[0].conv_shortcut, encoder.conv_norm_out, latents)
    found: list[Tensor] = []
    hook = encoder.conv_out.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    for part in images.split(16):
        encoder(part)
    hook.remove()
    features = torch.cat(found).movedim(1, -1).flatten(0, -2).double()
    features = torch.cat([features, torch.ones_like(features[:, :1])], 1)
    target = codes.movedim(1, -1).flatten(0, -2).double()
    gram = features.T @ features / len(features)
    ridge = _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    fitted = torch.linalg.solve(gram + ridge, features.T @ target / len(features)).float()
    conv = encoder.conv_out
    nn.init.zeros_(conv.weight)
    conv.weight[:latents, :, 1, 1] = fitted[:-1].T
    conv.bias[:latents] = fitted[-1]
    conv.bias[latents:] = _LOGVAR
    for quant in (vae.quant_conv, vae.post_quant_conv):
        if quant is not None:
            _identity(quant, quant.out_channels)


def _paired(shortcut: _Conv, norm: Any, count: int) -> None:
    """Spread ``count`` inputs over the groups of ``norm`` as pairs, with steady constants."""
    size = norm.num_channels // norm.num_groups
    shortcut.weight *= _IDLE
    for value in range(count):
        group, slot = value % norm.num_groups, value // norm.num_groups
        for sign, channel in ((1.0, 0), (-1.0, 1)):
            at = group * size + 2 * slot + channel
            shortcut.weight[at] = 0.0
            shortcut.weight[at, value] = sign
            shortcut.bias[at] = 0.0
    used = 2 * -(-count // norm.num_groups)
    for group in range(norm.num_groups):
        for sign, channel in ((_STEADY, 0), (-_STEADY, 1)):
            at = group * size + used + channel
            shortcut.weight[at] = 0.0
            shortcut.bias[at] = sign


def _init_decoder(vae: Any, images: Tensor, codes: Tensor, basis: Tensor) -> None:
    """Fit the decoder's linear path level by level, then its last convolution.

    Nearest enlargement followed by a convolution cannot tell the pixels of a block apart by its
    own value, only by those of its neighbours; so each level passes on its neighbours' values too,
    and the next is the least-squares fit to what the encoder has at that level.

    Args:
        vae: its decoder is changed.
        images: float [B, 3, H, W].
        codes: what the encoder gives for them, [B, latents, H / 8, W / 8].
        basis: [K, 48], the components of 4 x 4 patches (in the order of two pixel_unshuffle).
    """
    decoder, ups = vae.decoder, vae.decoder.up_blocks
    for block in ups:
        for resnet in block.resnets:
            if resnet.conv_shortcut is not None:
                _keep_variance(resnet.conv_shortcut)
    _neighbours(decoder.conv_in, codes.shape[1])
    at_half = F.pixel_unshuffle(images, 2)
    at_quarter = torch.einsum("kc,bchw->bkhw", basis, F.pixel_unshuffle(at_half, 2))
    main = _main_components(at_half)
    features = decoder.conv_in(codes)
    for block, target, following in (
        (ups[0], at_quarter, ups[1]),
        (ups[1], torch.einsum("kc,bchw->bkhw", main, at_half), ups[2]),
        (ups[2], images, None),
    ):
        features = F.interpolate(features, scale_factor=2.0, mode="nearest")
        conv = block.upsamplers[0].conv
        _keep_variance(conv)
        width = conv.out_channels
        if following is not None:
            shortcut = following.resnets[0].conv_shortcut
            width = width if shortcut is None else shortcut.out_channels
        _fit_conv(conv, features, _with_neighbours(target, width))
        features = conv(features)
        if following is not None and following.resnets[0].conv_shortcut is not None:
            _identity(following.resnets[0].conv_shortcut, width)
            features = following.resnets[0].conv_shortcut(features)
    _init_decoder_end(decoder, features, images)


def _init_decoder_end(decoder: Any, features: Tensor, images: Tensor) -> None:
    """Carry the colours through the last GroupNorm as pairs, and fit the last convolution."""
    norm = decoder.conv_norm_out
    shortcut = decoder.up_blocks[-1].resnets[0].conv_shortcut
    _paired(shortcut, norm, 3)
    ends = F.silu(norm(shortcut(features)))
    nn.init.zeros_(decoder.conv_out.weight)
    _fit_conv(decoder.conv_out, ends, images)


def _main_components(features: Tensor) -> Tensor:
    """Return all principal directions [C, C] of ``features`` [B, C, H, W], the main one first."""
    samples = features.movedim(1, -1).flatten(0, -2).double()
    return _components(samples, samples.shape[1])[1].float()


_SHIFTS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_DIAGONALS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def _neighbours(conv: _Conv, count: int) -> None:
    """Make a 3 x 3 ``conv`` give its ``count`` inputs, those beside each pixel, then diagonal ones.

    As many as there are channels; what is left over stays random.
    """
    _keep_variance(conv)
    taps = [((0, 0), c) for c in range(count)]
    taps += [(shift, c) for c in range(count) for shift in _SHIFTS]
    taps += [(shift, c) for c in range(count) for shift in _DIAGONALS]
    for channel, ((dy, dx), source) in enumerate(taps[: conv.out_channels]):
        conv.weight[channel] = 0.0
        conv.weight[channel, source, 1 + dy, 1 + dx] = 1.0


def _with_neighbours(target: Tensor, width: int) -> Tensor:
    """Return ``target`` [B, C, H, W] and its first channels' neighbours, ``width`` at most."""
    count = min((width - target.shape[1]) // len(_SHIFTS), target.shape[1])
    moved = [torch.roll(target[:, :count], (-dy, -dx), (2, 3)) for dy, dx in _SHIFTS if count > 0]
    return torch.cat([target, *moved], 1)


def _fit_conv(conv: _Conv, features: Tensor, target: Tensor) -> None:
    """Set the first outputs of a 3 x 3 ``conv`` to the ridge regression of ``target``."""
    count, inputs = target.shape[1], 9 * conv.in_channels + 1
    gram = torch.zeros(inputs, inputs, dtype=torch.double)
    cross = torch.zeros(inputs, count, dtype=torch.double)
    size = features.shape[2] * features.shape[3]
    taken = max(1, min(size, _FIT_SAMPLES // len(features)))
    order = torch.Generator().manual_seed(0)
    for part, wanted in zip(features.split(8), target.split(8), strict=True):
        at = torch.randperm(size, generator=order)[:taken]
        unfolded = F.unfold(part, 3, padding=1)[:, :, at].movedim(1, -1).flatten(0, 1)
        unfolded = torch.cat([unfolded, torch.ones(len(unfolded), 1)], 1)
        gram += (unfolded.T @ unfolded).double()
        cross += (unfolded.T @ wanted.flatten(2)[:, :, at].movedim(1, -1).flatten(0, 1)).double()
    ridge = _RIDGE * gram.diagonal().mean() * torch.eye(inputs, dtype=torch.double)
    fitted = torch.linalg.solve(gram + ridge, cross).float()
    conv.weight[:count] = fitted[:-1].T.reshape(count, conv.in_channels, 3, 3)
    conv.bias[:count] = fitted[-1]


def _keep_variance(conv: _Conv) -> None:
    """Draw the weights of ``conv`` with variance 1 / fan-in."""
    fan_in = conv.in_channels * conv.kernel_size[0] * conv.kernel_size[1]
    nn.init.normal_(conv.weight, std=fan_in**-0.5)
    nn.init.zeros_(conv.bias)
