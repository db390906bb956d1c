"""Do forged seals have the ink of photographed ones? Moments of a frozen network's features, matched.

Source: dos Santos et al. 2019, "Learning Implicit Generative Models by Matching Perceptual
Features": means and variances of features of a frozen network, running ones on the generator's
side. Deviations: what is matched are means and standard deviations over tiles of ink; they are
whitened, so that rare differences count; and the running mean is of what the forger changes, which
varies far less from batch to batch than what it makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from seal2real.models.inked import TILE_PX, TILE_STEP_PX, judged_tiles, paper_light
from seal2real.models.vgg import Vgg

__all__ = ["InkMoments"]

# Fine noise is the camera's, and JPEG's: blurred away, px.
_BLUR_SIGMA_PX = 1.0
# Most light, as a share of the paper's: lighter is glare.
_MOST_LIGHT = 1.3
# Under the root of a variance of features: strokes that are alike have no gradient of their spread.
_VARIANCE_FLOOR = 1e-4
# Least scale of a feature: one that never fires must not be blown up.
_LEAST_SCALE = 1e-4
# Added to the eigenvalues (mean 1) of the features' correlation before whitening: with a few dozen
# photographs the small ones are chance.
_RIDGE = 1.0
# Squares of whitened features weigh this much beside the features, and are at most 3 sigma's:
# without a limit one tile far off decides (a forger at a rate of 2e-3 ran away within 20 steps).
_SQUARES, _MOST_SQUARE = 0.3, 9.0
# Decay of the running mean, a step. It lags: with 0.9 and a rate of 7e-4 a forger swung between
# pale and dark; with 0.75, 5e-4 and larger batches, changed together, it did not.
_DECAY = 0.75
# Fewer tiles say nothing about a mean.
_LEAST_TILES = 30


class InkMoments:
    """How far the ink of forged images is from that of real ones, to a frozen network.

    It sees the mean of the channels against the paper's, without the camera's noise, in tiles of 64
    px with ink and little print. A tile is described by mean and standard deviation of every feature.

    Args:
        features: frozen network, on the device of the windows.
        layers: of its maps, from 0.
        real: (image [B, 3, H, W] in [-1, 1], valid [B, 1, H, W]) of real windows.
        drawn: the same of drawn ones, before any forger.
        share: of the way from drawn to real moments that is wanted, (0, 1].

    Raises:
        ValueError: if ``share`` is out of its range, there is no such layer, or real or drawn
            windows have fewer than 30 tiles.
    """

    def __init__(
        self,
        features: Vgg,
        layers: Sequence[int],
        real: Iterable[tuple[Tensor, Tensor]],
        drawn: Iterable[tuple[Tensor, Tensor]],
        share: float = 1.0,
    ) -> None:
        if not 0.0 < share <= 1.0:
            raise ValueError(
                f"InkMoments: share must be in (0, 1], got {share}; 1 wants the real moments"
            )
        if not layers or min(layers) < 0 or max(layers) >= features.layers:
            raise ValueError(
                f"InkMoments: layers must be among 0..{features.layers - 1}, got {list(layers)}; "
                "the tiny preset has 1, 2, 3"
            )
        self._features = features
        self.layers = tuple(layers)
        known = self._known("real", real), self._known("drawn", drawn)
        middle = torch.stack([side.mean(0) for side in known]).mean(0)
        scale = torch.stack([side.var(0) for side in known]).mean(0).sqrt() + _LEAST_SCALE
        self._offset, self._matrix = middle, _whitening(known, scale)
        self._centre = ((known[0] - middle) @ self._matrix).mean(0)
        wanted, begun = (self._moments(side).mean(0) for side in known)
        # what is left to do
        self._gap = share * (begun - wanted)
        # running mean of what the forger changes
        self.change = torch.zeros_like(begun)
        self._updates = 0

    def _known(self, name: str, windows: Iterable[tuple[Tensor, Tensor]]) -> Tensor:  # [N, D]
        with torch.no_grad():
            found = [
                self.tiles(image, paper_light(image))[judged_tiles(image, valid)]
                for image, valid in windows
            ]
        count = sum(len(part) for part in found)
        if count < _LEAST_TILES:
            raise ValueError(
                f"InkMoments: {name} windows must have at least {_LEAST_TILES} tiles of {TILE_PX} px "
                f"with coloured ink and little print, got {count}; look at more windows "
                "(forger.moments_windows) or larger ones (data.size), or do without "
                "(forger.moments_weight=0): black seals pass for print"
            )
        return torch.cat(found)

    def tiles(
        self,
        image: Tensor,  # [B, 3, H, W] in [-1, 1]
        paper: Tensor,  # [B, 1, 1, 1], see paper_light
    ) -> Tensor:  # [B, h, w, D]
        """Return what describes every tile, h and w as of ``judged_tiles``."""
        shade = (image.float().mean(1, keepdim=True) + 1.0) / paper
        seen = _blurred(shade.clamp(0.0, _MOST_LIGHT)) * 2.0 - 1.0
        maps = self._features(seen.expand(-1, 3, -1, -1), max(self.layers))
        found = []
        for layer in self.layers:
            side, step = TILE_PX >> layer, TILE_STEP_PX >> layer
            mean = F.avg_pool2d(maps[layer], side, step)
            variance = F.avg_pool2d(maps[layer].square(), side, step) - mean.square()
            found += [mean, (variance.clamp_min(0.0) + _VARIANCE_FLOOR).sqrt()]
        return torch.cat(found, dim=1).movedim(1, -1)

    def __call__(
        self,
        forged: Tensor,  # [B, 3, H, W] in [-1, 1]
        drawn: Tensor,  # [B, 3, H, W]: the same before the forger
    ) -> tuple[Tensor, Tensor]:
        """Return the squared distance of forged moments from wanted ones, and what :meth:`update` takes.

        The second is what the forger changed: a sum over tiles, and last their number, [2 D + 1].
        Forged moments are those of all drawn windows, plus the running mean of what the forger
        changes, in which this batch counts a quarter: the gradient is through that. Which tiles
        count is known from where ink was drawn: fading would pay otherwise. A batch without tiles
        has no gradient.
        """
        paper, chosen = paper_light(drawn), judged_tiles(drawn, torch.ones_like(drawn[:, :1]))
        count = chosen.sum()
        if not count:
            distance = (self._gap + self.change).square().sum()
            return distance + 0.0 * forged.sum(), torch.cat([0.0 * self.change, count[None]])
        with torch.no_grad():
            before = self._moments(self.tiles(drawn, paper)[chosen])
        change = (self._moments(self.tiles(forged, paper)[chosen]) - before).sum(0)
        decay = self._decay()
        gap = self._gap + decay * self.change + (1.0 - decay) * change / count
        return gap.square().sum(), torch.cat([change.detach(), count[None]])

    def update(self, changed: Tensor) -> None:
        """Take a step's change into the running mean.

        Args:
            changed: what calls returned, added up, or averaged over processes. Without tiles
                nothing happens.
        """
        change, count = changed[:-1], changed[-1]
        if not count:
            return
        decay = self._decay()
        self.change = decay * self.change + (1.0 - decay) * change / count
        self._updates += 1

    def _decay(self) -> float:
        # The first steps have no past to speak of.
        return min(_DECAY, self._updates / (self._updates + 1))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold: the rest is measured anew."""
        return {"change": self.change.clone(), "updates": self._updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.change = state["change"].to(self.change)
        self._updates = int(state["updates"])

    def _moments(self, tiles: Tensor) -> Tensor:  # [N, D] -> [N, 2 D]
        """Return whitened features about the real mean, and their squares."""
        white = (tiles - self._offset) @ self._matrix - self._centre
        squares = white.square().clamp_max(_MOST_SQUARE)
        return torch.cat([white, _SQUARES**0.5 * squares], dim=1)


def _whitening(known: tuple[Tensor, Tensor], scale: Tensor) -> Tensor:  # [D, D]
    """Return the matrix that whitens features, by their correlation within either side."""
    parts = []
    for side in known:
        rest = (side - side.mean(0)) / scale
        parts.append(rest.T @ rest / len(rest))
    values, vectors = torch.linalg.eigh((parts[0] + parts[1]) / 2.0)
    return ((vectors / (values + _RIDGE).sqrt()) @ vectors.T) / scale[:, None]


def _blurred(plane: Tensor) -> Tensor:
    """Return [B, 1, H, W] under a Gaussian."""
    steps = torch.arange(-3, 4, dtype=plane.dtype, device=plane.device)
    bell = torch.exp(-0.5 * (steps / _BLUR_SIGMA_PX) ** 2)
    bell = bell / bell.sum()
    wide = F.pad(plane, (3, 3, 3, 3), mode="replicate")
    return F.conv2d(F.conv2d(wide, bell[None, None, :, None]), bell[None, None, None, :])
