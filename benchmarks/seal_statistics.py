"""Statistics of inked patches: how far a source lies from the photographs, and which lies farther."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.two_sample import BOOTSTRAP, PATCH_PX, Floats, Rgb, Seal, clusters, ink_of

__all__ = ["STATISTICS", "Distances", "difference_rows", "distances", "statistics"]

STATISTICS = (
    "ink coverage variance",
    "edge sharpness",
    "ink saturation",
    "ink luma spread",
    "spectrum 0.03-0.1",
    "spectrum 0.1-0.2",
    "spectrum 0.2-0.3",
)
# Patches of a seal that the kernel distance takes: 500 seals are 2000 rows of its matrix.
_KERNEL_PATCHES = 4


@dataclass(frozen=True)
class Distances:
    """What tells a source from the photographs, kept by seal so that seals can be drawn anew."""

    # statistics of photographs and of the source, [N, len(STATISTICS)] and [M, …]
    real: Floats
    other: Floats
    # mean kernel between any two seals: within photographs [N, N], the source [M, M], across [N, M]
    kernels: tuple[Floats, Floats, Floats]
    # what is drawn together
    real_groups: tuple[str, ...]
    other_groups: tuple[str, ...]

    def shifts(self, mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> Floats:
        """Return how far the drawn seals' means are apart, in deviations of the photographs."""
        return (self.other[theirs].mean(axis=0) - self.real[mine].mean(axis=0)) / self._sigma

    @property
    def _sigma(self) -> Floats:
        return np.asarray(self.real.std(axis=0) + 1e-9)

    def kernel(self, mine: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
        """Return the kernel distance of the drawn seals, x 1000."""
        xx, yy, xy = self.kernels
        within = _mean_of_pairs(xx, mine) + _mean_of_pairs(yy, theirs)
        return float(1000.0 * (within - 2.0 * xy[np.ix_(mine, theirs)].mean()))

    def row(self, name: str) -> dict[str, Any]:
        """Return shifts, spreads and the kernel distance of the whole source."""
        mine, theirs = np.arange(len(self.real)), np.arange(len(self.other))
        ratio = self.other.std(axis=0) / self._sigma
        return {
            "source": name,
            "shift": dict(
                zip(STATISTICS, np.round(self.shifts(mine, theirs), 3).tolist(), strict=True)
            ),
            "spread": dict(zip(STATISTICS, np.round(ratio, 3).tolist(), strict=True)),
            "kernel_distance": round(self.kernel(mine, theirs), 2),
        }


def distances(
    real: Sequence[Seal], other: Sequence[Seal], real_features: Floats, other_features: Floats
) -> Distances:
    """Return statistics and kernels of two sets of seals.

    Args:
        real: the photographs.
        other: the source.
        real_features: of every patch, [N, PATCHES, C].
        other_features: likewise [M, PATCHES, C].

    Source: Binkowski et al. 2018, "Demystifying MMD GANs", section 4 (KID's cubic kernel).
    Deviation: features are scaled by the photographs' deviations, and pairs of patches of one seal
    do not count, because they are not independent.
    """
    flat = real_features.reshape(-1, real_features.shape[-1])
    mean, sigma = flat.mean(axis=0), flat.std(axis=0) + 1e-6
    x, y = (
        (features[:, :_KERNEL_PATCHES] - mean) / sigma
        for features in (real_features, other_features)
    )
    return Distances(
        statistics(real),
        statistics(other),
        (_kernel(x, x), _kernel(y, y), _kernel(x, y)),
        tuple(s.group for s in real),
        tuple(s.group for s in other),
    )


def _kernel(a: Floats, b: Floats) -> Floats:  # [N, P, C], [M, P, C] -> [N, M]
    """Return the mean of (a·b / C + 1)³ over the patches of any two seals."""
    rows, columns = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    cubes = (rows @ columns.T / a.shape[-1] + 1.0) ** 3
    return np.asarray(cubes.reshape(len(a), a.shape[1], len(b), b.shape[1]).mean(axis=(1, 3)))


def _mean_of_pairs(kernel: Floats, drawn: NDArray[np.int64]) -> float:
    """Return the mean over pairs of different seals among those drawn."""
    different = drawn[:, None] != drawn[None]
    return float(kernel[np.ix_(drawn, drawn)][different].mean())


def difference_rows(
    name: str, ours: Distances, than: str, theirs: Distances
) -> Iterator[dict[str, Any]]:
    """Yield a row a statistic: distance of ``name`` less that of ``than``, with 90 % interval.

    Below 0 ``name`` is nearer to the photographs. Photographs are drawn by company and the same for
    both; drawings in both sources are drawn together.
    """
    places = [{group: k for k, group in enumerate(part.other_groups)} for part in (ours, theirs)]
    shared = [group for group in ours.other_groups if group in places[1]]
    mine, others = (np.array([place[group] for group in shared]) for place in places)
    companies = list(clusters(ours.real_groups).values())
    rng = np.random.default_rng(0)
    found = []
    for k in range(BOOTSTRAP + 1):
        real, drawn = np.arange(len(ours.real)), np.arange(len(shared))
        if k:  # the first is the value itself
            real = np.concatenate(
                [companies[i] for i in rng.integers(0, len(companies), len(companies))]
            )
            drawn = rng.integers(0, len(shared), len(shared))
        both = [_lengths(part, real, at[drawn]) for part, at in ((ours, mine), (theirs, others))]
        found.append(both[0] - both[1])
    low, high = np.percentile(found[1:], [5, 95], axis=0)
    for k, statistic in enumerate((*STATISTICS, "kernel_distance")):
        yield {
            "source": name,
            "than": than,
            "statistic": statistic,
            "difference": round(float(found[0][k]), 4),
            "low90": round(float(low[k]), 4),
            "high90": round(float(high[k]), 4),
        }


def _lengths(part: Distances, real: NDArray[np.int64], other: NDArray[np.int64]) -> Floats:
    return np.append(np.abs(part.shifts(real, other)), part.kernel(real, other))


def statistics(seals: Sequence[Seal]) -> Floats:  # [N, len(STATISTICS)]
    """Return the statistics of every seal: means over its patches."""
    return np.stack([np.mean([_statistics(p) for p in s.patches], axis=0) for s in seals])


def _statistics(patch: Rgb) -> list[float]:
    """Return the numbers named in STATISTICS of one patch [64, 64, 3]."""
    ink = ink_of(patch)
    luma = patch @ np.array([0.299, 0.587, 0.114])
    cells = ink.reshape(8, 8, 8, 8).mean(axis=(1, 3))
    slope = np.hypot(*np.gradient(luma))
    contrast = max(float(np.percentile(luma, 95) - np.percentile(luma, 5)), 8.0)
    inked = patch[ink].astype(np.float64) if ink.any() else patch.reshape(-1, 3).astype(np.float64)
    high = np.maximum(inked.max(axis=1), 1.0)
    saturation = float(((high - inked.min(axis=1)) / high).mean())
    window = np.outer(np.hanning(PATCH_PX), np.hanning(PATCH_PX))
    power = np.abs(np.fft.fft2((luma - luma.mean()) / contrast * window)) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(PATCH_PX), np.fft.fftfreq(PATCH_PX)))
    bands = ((0.03, 0.1), (0.1, 0.2), (0.2, 0.3))
    spectrum = [float(np.log(power[(radius >= a) & (radius < b)].mean())) for a, b in bands]
    spread = float((inked @ np.array([0.299, 0.587, 0.114])).std()) / contrast
    sharp = float(np.percentile(slope, 98)) / contrast
    return [float(cells.var()), sharp, saturation, spread, *spectrum]
