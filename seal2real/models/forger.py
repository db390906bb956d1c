"""The forger f_φ: I_s -> I_f, a U-Net that adds a residual and starts as the identity.

Source: Ronneberger et al. 2015, the network of the paper's section 2.3. Deviation: GroupNorm and
SiLU, residual blocks, nearest upsampling before a convolution (no checkerboards, and TensorRT
takes it), convolutions padded; the first level, at full resolution, is one convolution on either
side without norm: two thirds of the time of a U-Net with blocks there (78 ms against 99 ms of one
core for 256x256 in ONNX Runtime, half of the rest being this level still).
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seal2real.models.forger_noise import native_size

__all__ = ["Forger", "forge"]

# Channels of an image, of the ink plane and of the scale plane.
_RGB, _INK, _SCALE = 3, 1, 1
# The scale plane is log2(px_per_mm) less this: 0 at 203 dpi.
_SCALE_MIDDLE = 3.0
_GROUPS = 8


class Forger(nn.Module):
    """A U-Net from a page with a drawn seal to one with a forged seal.

    Args:
        width: channels at full resolution; doubled from level to level. A multiple of 8.
        levels: resolutions, the lowest 2^(levels - 1) times smaller.
        max_width: channels are never more.
        noise_channels: planes of ``noise_planes`` that it takes; 0 makes it a function of the page.

    Raises:
        ValueError: if a width is not a positive multiple of 8, there are fewer than 2 levels or
            ``noise_channels`` is negative.
    """

    def __init__(
        self,
        width: int = 16,
        levels: int = 4,
        max_width: int = 96,
        noise_channels: int = 4,
    ) -> None:
        super().__init__()
        _check_sizes(width, levels, max_width, noise_channels)
        self.config = {
            "width": width,
            "levels": levels,
            "max_width": max_width,
            "noise_channels": noise_channels,
        }
        widths = [min(width * 2**level, max_width) for level in range(levels)]
        self.first = _conv(_RGB + _INK + _SCALE + noise_channels, widths[0])
        self.shrink = nn.ModuleList(_conv(a, b, stride=2) for a, b in pairwise(widths))
        self.down = nn.ModuleList(_Block(w, w) for w in widths[1:])
        self.middle = _Block(widths[-1], widths[-1])
        self.enlarge = nn.ModuleList(_conv(b, a) for a, b in pairwise(widths[1:]))
        self.up = nn.ModuleList(_Block(2 * w, w) for w in widths[1:-1])
        # A 1x1 convolution commutes with nearest upsampling: it runs before it, on a quarter of
        # the pixels.
        self.narrow = nn.Conv2d(widths[1], widths[0], 1)
        self.merge = _conv(2 * widths[0], widths[0])
        self.last = _conv(widths[0], _RGB)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    @property
    def noise_channels(self) -> int:
        """Planes of noise that :meth:`forward` wants."""
        return self.config["noise_channels"]

    @property
    def multiple(self) -> int:
        """Sides that are a multiple of this need no padding."""
        return int(2 ** (self.config["levels"] - 1))

    def forward(
        self,
        synthetic: Tensor,  # [B, 3, H, W] in [-1, 1]
        ink: Tensor,  # [B, 1, H, W] in [0, 1]
        px_per_mm: Tensor,  # [B]
        noise: Tensor | None = None,  # [B, noise_channels, H, W]
    ) -> Tensor:  # [B, 3, H, W] in [-1, 1]
        """Return the forged page: the synthetic one plus a residual, clipped.

        Args:
            synthetic: I_s, RGB.
            ink: the drawn impression's coverage.
            px_per_mm: scale of the image, at most ``NATIVE_PX_PER_MM`` (see :func:`forge`).
            noise: mean 0, variance 1; None stands for zeros.

        Raises:
            ValueError: if the shapes do not fit together.
        """
        _check_inputs(self, synthetic, ink, px_per_mm, noise)
        x = self._input(synthetic, ink, px_per_mm, noise)
        height, width = x.shape[-2:]
        residual = self._residual(_padded(x, self.multiple))[..., :height, :width]
        return (synthetic + residual).clamp(-1.0, 1.0)

    def _input(
        self, synthetic: Tensor, ink: Tensor, px_per_mm: Tensor, noise: Tensor | None
    ) -> Tensor:
        scale = (torch.log2(px_per_mm) - _SCALE_MIDDLE).to(synthetic.dtype)
        planes = [synthetic, ink, scale[:, None, None, None].expand_as(ink)]
        if self.noise_channels:
            planes.append(_no_noise(ink, self.noise_channels) if noise is None else noise)
        return torch.cat(planes, dim=1)

    def _residual(self, x: Tensor) -> Tensor:
        fine = F.silu(self.first(x))
        h, skips = self.shrink[0](fine), []
        for level, block in enumerate(self.down):
            h = block(h)
            if level + 1 < len(self.down):
                skips.append(h)
                h = self.shrink[level + 1](h)
        h = self.middle(h)
        for level in reversed(range(len(self.up))):
            h = self.enlarge[level](_twice(h))
            h = self.up[level](torch.cat([h, skips[level]], dim=1))
        h = torch.cat([_twice(self.narrow(h)), fine], dim=1)
        return self.last(F.silu(self.merge(h)))


def forge(
    forger: Forger,
    synthetic: Tensor,  # [B, 3, H, W] in [-1, 1]
    ink: Tensor,  # [B, 1, H, W] in [0, 1]
    px_per_mm: float,
    noise: Tensor | None = None,  # [B, noise_channels, h, w], h and w from native_size
) -> Tensor:  # [B, 3, H, W] in [-1, 1]
    """Forge images of any resolution without blurring them.

    Up to 300 dpi the forger sees the image as it is. Above, it sees it shrunk to 300 dpi, and only
    its residual is enlarged: print and edges keep their resolution.

    Raises:
        ValueError: if the shapes do not fit together or ``px_per_mm`` is not positive.
    """
    size = synthetic.shape[-2:]
    *small, scale = native_size(size[0], size[1], px_per_mm)
    scales = torch.full((len(synthetic),), scale, dtype=synthetic.dtype, device=synthetic.device)
    if tuple(small) == tuple(size):
        return forger(synthetic, ink, scales, noise)
    shrunk, shrunk_ink = (_resized(x, tuple(small)) for x in (synthetic, ink))
    residual = forger(shrunk, shrunk_ink, scales, noise) - shrunk
    return (synthetic + _resized(residual, tuple(size))).clamp(-1.0, 1.0)


class _Block(nn.Module):
    """Two convolutions, each after GroupNorm and SiLU, and a way past them."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, channels)
        self.conv1 = _conv(channels, out)
        self.norm2 = nn.GroupNorm(_GROUPS, out)
        self.conv2 = _conv(out, out)
        self.past = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        return self.past(x) + self.conv2(F.silu(self.norm2(h)))


def _conv(channels: int, out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, out, 3, stride=stride, padding=1)


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _no_noise(plane: Tensor, channels: int) -> Tensor:
    return torch.zeros_like(plane).repeat(1, channels, 1, 1)


def _padded(x: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples."""
    down, right = -x.shape[-2] % multiple, -x.shape[-1] % multiple
    return F.pad(x, (0, right, 0, down), mode="replicate") if down or right else x


def _resized(x: Tensor, size: tuple[int, ...]) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)


def _check_sizes(width: int, levels: int, max_width: int, noise_channels: int) -> None:
    for name, value in (("width", width), ("max_width", max_width)):
        if value < _GROUPS or value % _GROUPS:
            raise ValueError(
                f"Forger: {name} must be a positive multiple of {_GROUPS}, got {value}; "
                "it is the smallest group that GroupNorm splits channels into"
            )
    if levels < 2:
        raise ValueError(f"Forger: levels must be at least 2, got {levels}; the tiny one has 4")
    if noise_channels < 0:
        raise ValueError(
            f"Forger: noise_channels must be at least 0, got {noise_channels}; 0 takes no noise"
        )


def _check_inputs(
    forger: Forger, synthetic: Tensor, ink: Tensor, px_per_mm: Tensor, noise: Tensor | None
) -> None:
    batch, _, height, width = synthetic.shape
    wanted = {
        "synthetic": (synthetic, (batch, _RGB, height, width)),
        "ink": (ink, (batch, _INK, height, width)),
        "px_per_mm": (px_per_mm, (batch,)),
    }
    if noise is not None:
        wanted["noise"] = (noise, (batch, forger.noise_channels, height, width))
    for name, (tensor, shape) in wanted.items():
        if tuple(tensor.shape) != shape:
            raise ValueError(
                f"Forger: {name} must be {list(shape)}, got {list(tensor.shape)}; "
                "give all planes of one batch at one size"
            )
