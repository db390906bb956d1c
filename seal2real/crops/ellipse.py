"""Ellipses through noisy points with gaps: the outer edge of a worn, overprinted ring."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seal2real.rng import Rng

__all__ = ["Ellipse", "fit_ellipse", "fit_ring", "refit_ring"]

Points = NDArray[np.float64]  # [N, 2] x, y

# Rounds of the search; with half of the points wrong, five good ones come once in 32.
_ROUNDS = 200
_SAMPLE = 6
# Rounds of fitting again to what lies near.
_REFITS = 4
# Sectors of the ring that count how much of it is seen.
_SECTORS = 36
# What points outside cost, in shares of the sectors.
_OUTSIDE = 0.6
# A round seal seen from 40 degrees has 1.3; ovals go to 1.6.
_MOST_OBLONG = 2.0


@dataclass(frozen=True)
class Ellipse:
    """An ellipse in px; ``angle_deg`` turns its long axis from x towards y, in [0, 180)."""

    x: float
    y: float
    # half of the long and of the short axis
    a: float
    b: float
    angle_deg: float

    @property
    def axes(self) -> tuple[float, float]:
        """Full long and short axis."""
        return 2.0 * self.a, 2.0 * self.b

    @property
    def area(self) -> float:
        """Area in square px."""
        return math.pi * self.a * self.b

    def radii(self, points: Points) -> NDArray[np.float64]:
        """Return each point's distance from the centre in radii of the ellipse that way, [N]."""
        along, across = self._axes(points)
        return np.hypot(along / self.a, across / self.b)

    def distances(self, points: Points) -> NDArray[np.float64]:
        """Return each point's signed distance from the edge along its ray, px, [N]."""
        reach = np.hypot(points[:, 0] - self.x, points[:, 1] - self.y)
        radii = np.maximum(self.radii(points), 1e-9)
        return np.asarray(reach * (1.0 - 1.0 / radii))

    def phases(self, points: Points) -> NDArray[np.float64]:
        """Return where round the ellipse each point lies, radians in [-pi, pi], [N]."""
        along, across = self._axes(points)
        return np.asarray(np.arctan2(across / self.b, along / self.a))

    def edge(self, count: int) -> Points:
        """Return ``count`` points of the edge."""
        t = np.arange(count) * (2.0 * math.pi / count)
        cos, sin = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        along, across = self.a * np.cos(t), self.b * np.sin(t)
        return np.stack(
            [self.x + along * cos - across * sin, self.y + along * sin + across * cos], axis=1
        )

    def box(self) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 of the upright box round it."""
        cos, sin = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        half_x, half_y = (
            math.hypot(self.a * cos, self.b * sin),
            math.hypot(self.a * sin, self.b * cos),
        )
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y

    def scaled(self, factor: float) -> Ellipse:
        """Return it in an image that is ``factor`` times as large."""
        return Ellipse(
            self.x * factor, self.y * factor, self.a * factor, self.b * factor, self.angle_deg
        )

    def _axes(self, points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        cos, sin = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        dx, dy = points[:, 0] - self.x, points[:, 1] - self.y
        return dx * cos + dy * sin, dy * cos - dx * sin


def fit_ellipse(points: Points) -> Ellipse | None:
    """Return the ellipse of least algebraic distance, or None if the points lie on none.

    Args:
        points: float64 [N, 2] x, y; N >= 6.

    Raises:
        ValueError: if there are fewer than six points.

    Source: Halir and Flusser 1998, "Numerically stable direct least squares fitting of ellipses".
    """
    if len(points) < 6:
        raise ValueError(f"fit_ellipse: points must be at least 6, got {len(points)}; give more")
    middle = points.mean(axis=0)
    size = float(np.abs(points - middle).max())
    if size < 1e-9:
        return None
    x, y = ((points - middle) / size).T
    quadratic = np.stack([x * x, x * y, y * y], axis=1)
    linear = np.stack([x, y, np.ones_like(x)], axis=1)
    s1, s2, s3 = quadratic.T @ quadratic, quadratic.T @ linear, linear.T @ linear
    try:
        t = -np.linalg.solve(s3, s2.T)
        reduced = s1 + s2 @ t
        values, vectors = np.linalg.eig(np.stack([reduced[2] / 2.0, -reduced[1], reduced[0] / 2.0]))
    except np.linalg.LinAlgError:
        return None
    vectors = np.real(vectors[:, np.abs(np.imag(values)) < 1e-9])
    found = 4.0 * vectors[0] * vectors[2] - vectors[1] ** 2 > 0.0
    if not found.any():
        return None
    conic = vectors[:, np.argmax(found)]
    return _to_ellipse(np.concatenate([conic, t @ conic]), middle, size)


def _to_ellipse(conic: NDArray[np.float64], middle: Points, size: float) -> Ellipse | None:
    """Return the ellipse A x^2 + B x y + C y^2 + D x + E y + F = 0, back in px."""
    a, b, c, d, e, f = conic
    square = np.array([[a, b / 2.0], [b / 2.0, c]])
    try:
        centre = -0.5 * np.linalg.solve(square, np.array([d, e]))
    except np.linalg.LinAlgError:
        return None
    level = -(f + 0.5 * float(centre @ np.array([d, e])))
    values, axes = np.linalg.eigh(square)
    if (np.abs(values) < 1e-12).any():
        return None
    squares = level / values
    if not np.isfinite(squares).all() or (squares <= 0.0).any():
        return None
    halves = np.sqrt(squares) * size
    long = int(np.argmax(halves))
    angle = math.degrees(math.atan2(axes[1, long], axes[0, long])) % 180.0
    x, y = middle + centre * size
    return Ellipse(float(x), float(y), float(halves[long]), float(halves[1 - long]), angle)


def fit_ring(
    points: Points, tolerance_px: float, *, size_px: tuple[float, float], seed: int = 0
) -> tuple[Ellipse, float] | None:
    """Return the ellipse that most of a ring's sectors agree on, and the share of them.

    Args:
        points: float64 [N, 2] x, y: candidates for the outer edge; gaps and wrong points allowed.
        tolerance_px: how far off a point may lie.
        size_px: least and greatest half axis.
        seed: of the search.

    Returns:
        The ellipse and the share 0..1 of its sectors with a point on it; None if nothing fits.

    Source: Fischler and Bolles 1981 (RANSAC); sectors in place of points, so that a dense arc
    does not outvote the rest of the ring.
    """
    if len(points) < _SAMPLE:
        return None
    rng = Rng(seed, "ring", len(points))
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    angles = np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0])
    order = np.argsort(angles, kind="stable")
    points, angles = points[order], angles[order]
    best, best_seen = None, 0.0
    for turn in range(_ROUNDS):
        # In turn: apart in angle, which a dense cluster cannot fill, and apart in the list, which
        # suits what is left of a broken ring.
        places = _apart(rng, 2.0 * math.pi if turn % 2 else float(len(points)))
        chosen = np.searchsorted(angles, places - math.pi) if turn % 2 else places.astype(np.int64)
        found = fit_ellipse(points[chosen % len(points)])
        if found is None or not _plausible(found, size_px):
            continue
        seen = _support(found, points, tolerance_px)
        if seen > best_seen:
            best, best_seen = found, seen
    if best is None:
        return None
    return refit_ring(best, points, tolerance_px, size_px)


def _apart(rng: Rng, length: float) -> NDArray[np.float64]:
    """Return six places on a circle of this length, one in each sixth from a random start."""
    start, step = rng.uniform(0.0, length), length / _SAMPLE
    return np.array([start + step * (k + rng.uniform(0.0, 0.9)) for k in range(_SAMPLE)]) % length


def _plausible(ellipse: Ellipse, size_px: tuple[float, float]) -> bool:
    return (
        size_px[0] <= ellipse.b
        and ellipse.a <= size_px[1]
        and ellipse.a <= _MOST_OBLONG * ellipse.b
    )


def _support(ellipse: Ellipse, points: Points, tolerance_px: float) -> float:
    """Return the share of sectors with a point on the edge, less a part of the points outside.

    Nearer points count for more. What lies outside speaks against an outer edge: an ellipse round
    the text within has as many points on it as a worn ring.
    """
    signed = ellipse.distances(points)
    offset = np.abs(signed)
    near = offset < tolerance_px
    sector = _sector(ellipse, points[near])
    votes = np.zeros(_SECTORS)
    np.maximum.at(votes, sector, 1.0 - 0.5 * offset[near] / tolerance_px)
    return float(votes.mean()) - _OUTSIDE * float((signed > 2.0 * tolerance_px).mean())


def _sector(ellipse: Ellipse, points: Points) -> NDArray[np.int64]:
    turn = ellipse.phases(points) / (2.0 * math.pi) + 0.5
    return np.minimum((turn * _SECTORS).astype(np.int64), _SECTORS - 1)


def refit_ring(
    ellipse: Ellipse, points: Points, tolerance_px: float, size_px: tuple[float, float]
) -> tuple[Ellipse, float]:
    """Fit again to what lies near, while more sectors agree; arguments as of `fit_ring`."""
    best, seen = ellipse, _support(ellipse, points, tolerance_px)
    for _ in range(_REFITS):
        near = points[np.abs(best.distances(points)) < tolerance_px]
        again = fit_ellipse(near) if len(near) >= _SAMPLE else None
        if again is None or not _plausible(again, size_px):
            break
        support = _support(again, points, tolerance_px)
        if support < seen:
            break
        best, seen = again, support
    near = points[np.abs(best.distances(points)) < tolerance_px]
    return best, len(np.unique(_sector(best, near))) / _SECTORS
