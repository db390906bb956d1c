"""From a seal's millimetres to image pixels: a homography, then a gentle wave (paper curl)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seal2real.detmath import det_cos, det_sin

__all__ = ["Warp"]

_DEGREE = math.pi / 180.0


@dataclass(frozen=True)
class Warp:
    """Maps seal coordinates (mm, origin at the centre, y down) to image pixels.

    With p = H (x, y, 1), u the unit vector of ``axis_deg`` (clockwise) and n = u turned clockwise
    by 90 degrees: p' = p + amplitude sin(2 pi (p . u) / wavelength + phase) n.

    Attributes:
        h: row-major 3 x 3 homography, mm to px.
        curl: amplitude_px, wavelength_px, axis_deg, phase_rad.

    Raises:
        ValueError: on numbers that are not finite, a wrong count or a wavelength below 1 px.
    """

    h: tuple[float, ...]
    curl: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Check counts and ranges."""
        if len(self.h) != 9 or len(self.curl) != 4:
            raise ValueError(
                f"Warp: h and curl must have 9 and 4 numbers, got {len(self.h)} and "
                f"{len(self.curl)}; use Warp.similarity"
            )
        if not all(-1e9 < value < 1e9 for value in (*self.h, *self.curl)):
            raise ValueError(
                f"Warp: h and curl must be finite and below 1e9, got {self.h}, {self.curl}; "
                "check the scale"
            )
        if self.curl[1] < 1.0:
            raise ValueError(
                f"Warp: curl must have a wavelength of at least 1 px, got {self.curl[1]}; use "
                "amplitude 0 for flat paper"
            )

    @classmethod
    def similarity(
        cls,
        center_px: Sequence[float],
        px_per_mm: float,
        angle_deg: float = 0.0,
        curl: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 0.0),
    ) -> Warp:
        """Return the warp that scales, turns clockwise and moves the centre to ``center_px``.

        Raises:
            ValueError: if ``px_per_mm`` is not above 0.
        """
        return cls.perspective(center_px, px_per_mm, angle_deg, curl=curl)

    @classmethod
    def perspective(
        cls,
        center_px: Sequence[float],
        px_per_mm: float,
        angle_deg: float = 0.0,
        tilt: Sequence[float] = (0.0, 0.0),
        stretch: float = 1.0,
        shear: float = 0.0,
        curl: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 0.0),
    ) -> Warp:
        """Return a similarity seen under a slant.

        Args:
            center_px: image point of the seal's centre.
            px_per_mm: scale at the centre.
            angle_deg: clockwise turn.
            tilt: change of depth per mm along image x and y (0.002 is a slanted phone photo); the
                part of the page with more depth is smaller.
            stretch: scale along image x over scale along image y, whose product stays.
            shear: image x shift per image y.
            curl: see Warp.

        Raises:
            ValueError: if ``px_per_mm`` or ``stretch`` is not above 0.
        """
        if not (px_per_mm > 0.0 and stretch > 0.0):
            raise ValueError(
                f"Warp.perspective: px_per_mm and stretch must be above 0, got {px_per_mm} and "
                f"{stretch}; px_per_mm = dpi / 25.4"
            )
        cosine = float(det_cos(angle_deg * _DEGREE)) * px_per_mm
        sine = float(det_sin(angle_deg * _DEGREE)) * px_per_mm
        root = math.sqrt(stretch)
        a, b, c, d = cosine * root, -sine * root, sine / root, cosine / root
        a, b = a + shear * c, b + shear * d
        # Depth 1 + tilt . (rotated millimetres): the tilt belongs to the image's axes.
        p = (tilt[0] * cosine + tilt[1] * sine) / px_per_mm
        q = (-tilt[0] * sine + tilt[1] * cosine) / px_per_mm
        x, y = float(center_px[0]), float(center_px[1])
        return cls((a + x * p, b + x * q, x, c + y * p, d + y * q, y, p, q, 1.0), curl)

    def apply(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return image pixels [N, 2] of the seal's millimetres [N, 2]."""
        mm = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        x, y = mm[:, 0], mm[:, 1]
        h = self.h
        w = h[6] * x + h[7] * y + h[8]
        px = (h[0] * x + h[1] * y + h[2]) / w
        py = (h[3] * x + h[4] * y + h[5]) / w
        amplitude, wavelength, axis_deg, phase = self.curl
        if amplitude != 0.0:
            ux = float(det_cos(axis_deg * _DEGREE))
            uy = float(det_sin(axis_deg * _DEGREE))
            angle = 2.0 * math.pi * (px * ux + py * uy) / wavelength + phase
            shift = amplitude * np.asarray(det_sin(angle))
            px, py = px - shift * uy, py + shift * ux
        return np.stack([px, py], axis=1)

    def row(self) -> NDArray[np.float64]:
        """Return the 13 numbers that ``_C.draw_batch`` takes: h, then curl."""
        return np.array([*self.h, *self.curl], dtype=np.float64)

    def to_dict(self) -> dict[str, list[float]]:
        """Return ``{"h": [9], "curl": [4]}``."""
        return {"h": list(self.h), "curl": list(self.curl)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Warp:
        """Return the warp that ``to_dict`` described.

        Raises:
            ValueError: if a key is missing or an entry is not a list of numbers.
        """
        try:
            h = tuple(float(value) for value in data["h"])
            curl = tuple(float(value) for value in data["curl"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"Warp.from_dict: data must hold h and curl as lists of numbers, got {data!r}; "
                "write it with to_dict"
            ) from error
        return cls(h, curl)  # type: ignore[arg-type]  # counts are checked there
