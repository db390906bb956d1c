"""Capture: what a scanner, photocopier, fax or phone makes of a page.

The same parameters are applied to the clean and to the sealed page. Every effect depends on the
absolute pixel position alone, so the two differ nowhere outside the support.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import simplejpeg

from seal2real import _C
from seal2real.rng import Rng
from seal2real.sealdb.record import MCU_PX

if TYPE_CHECKING:
    from seal2real.synthesis.profile import Profile

__all__ = [
    "CAPTURE_KINDS",
    "PAGE_WHITE",
    "CaptureParams",
    "apply_capture",
    "capture_pair",
    "jpeg_round_trip",
    "sample_capture",
]

Image = npt.NDArray[np.uint8]

CAPTURE_KINDS = ("none", "scanner", "photocopier", "fax", "phone")
SUBSAMPLINGS = ("444", "422", "420")
# Paper of drawn pages, of 255: what the gains of a fitted capture start from.
PAGE_WHITE = 250.0


@dataclass(frozen=True)
class CaptureParams:
    """One capture; the neutral default changes nothing.

    Raises:
        ValueError: if a number is out of its range.
    """

    # one of CAPTURE_KINDS
    kind: str = "none"
    # swing of the illumination field
    light_amount: float = 0.0
    # feature size of the illumination field, px
    light_scale_px: float = 800.0
    # illumination gained per 1000 px
    light_slope_x: float = 0.0
    light_slope_y: float = 0.0
    # colour cast: factor per channel
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    # sigma of the blur, px
    blur_sigma_px: float = 0.0
    # share of the detail added again after blurring
    sharpen: float = 0.0
    # sigma of a further blur of colour alone, px (a camera's removal of colour noise)
    chroma_blur_sigma_px: float = 0.0
    # output of no light and of full light, 0..255; beyond that range clips
    black: float = 0.0
    white: float = 255.0
    # brightening of the middle tones (a gamma)
    bend: float = 0.0
    # S-curve
    contrast: float = 0.0
    # sigma of the noise, of 255: common to the channels, and each channel's own
    noise_sigma: float = 0.0
    chroma_sigma: float = 0.0
    # sigma of the paper's own relief, of 255, and its feature size, px
    texture_sigma: float = 0.0
    texture_scale_px: float = 3.0
    # width of the noise that dithers a two-level output, of 255; 0 = continuous tone
    threshold_softness: float = 0.0
    # gain swing of rows (a copier's drum)
    band_amount: float = 0.0
    # gain swing of columns (a scanner's line sensor)
    streak_amount: float = 0.0
    # specks of toner per pixel
    dust_density: float = 0.0
    # rows repeated (fax)
    line_px: int = 1
    # colour is lost
    grey: bool = False
    # JPEG quality 1..100, or None without JPEG
    jpeg_quality: int | None = None
    # one of "444", "422", "420"
    jpeg_subsampling: str = "420"
    # names the noise
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        _check_choice("kind", self.kind, CAPTURE_KINDS)
        _check_choice("jpeg_subsampling", self.jpeg_subsampling, SUBSAMPLINGS)
        if len(self.gain) != 3 or not all(0.0 <= g <= 2.0 for g in self.gain):
            raise ValueError(
                f"CaptureParams: gain must be three factors in [0, 2], got {self.gain}; "
                f"give (r, g, b)"
            )
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(
                    f"CaptureParams: {name} must be in [{low}, {high}], got {value}; "
                    f"bring it into that range"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict of all fields."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        record["gain"] = list(self.gain)
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> CaptureParams:
        """Return the parameters that ``to_dict`` wrote.

        Raises:
            ValueError: if a field is unknown or out of range.
        """
        unknown = sorted(set(record) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(
                f"CaptureParams.from_dict: record must hold known fields, got {unknown[0]!r}; "
                f"remove it"
            )
        values = dict(record)
        if "gain" in values:
            values["gain"] = tuple(values["gain"])
        return cls(**values)


_RANGES: dict[str, tuple[float, float]] = {
    "light_amount": (0.0, 1.0),
    "light_scale_px": (64.0, 1e6),
    "light_slope_x": (-2.0, 2.0),
    "light_slope_y": (-2.0, 2.0),
    "blur_sigma_px": (0.0, 6.0),
    "sharpen": (0.0, 4.0),
    "chroma_blur_sigma_px": (0.0, 6.0),
    "black": (-512.0, 255.0),
    "white": (0.0, 767.0),
    "bend": (-1.0, 1.0),
    "contrast": (-1.0, 1.0),
    "noise_sigma": (0.0, 64.0),
    "chroma_sigma": (0.0, 64.0),
    "texture_sigma": (0.0, 64.0),
    "texture_scale_px": (1.0, 64.0),
    "threshold_softness": (0.0, 255.0),
    "band_amount": (0.0, 0.5),
    "streak_amount": (0.0, 0.5),
    "dust_density": (0.0, 0.01),
    "line_px": (1, 16),
    "jpeg_quality": (1, 100),
    "seed": (0, 2**64 - 1),
}


def _light_scale_px(inches: float, dpi: float) -> float:
    """Return the width of light and shade in px, no less than the renderer's grid resolves."""
    return max(inches * dpi, _RANGES["light_scale_px"][0])


def _light_slope(at_200_dpi: float, dpi: float) -> float:
    """Return the slope of light that 200 dpi would have, no steeper than the renderer takes."""
    low, high = _RANGES["light_slope_x"]
    return min(max(at_200_dpi * 200.0 / dpi, low), high)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"CaptureParams: {name} must be one of {', '.join(choices)}, got {value!r}; choose one"
        )


def sample_capture(
    rng: Rng, kind: str | None = None, profile: Profile | None = None, dpi: float = 200.0
) -> CaptureParams:
    """Draw one capture.

    Args:
        rng: the stream to draw from.
        kind: one of CAPTURE_KINDS; None: drawn, or the profile's.
        profile: distributions fitted to real images; they replace phone and scanner.
        dpi: resolution of the page; scales the illumination field.

    Raises:
        ValueError: if ``kind`` is unknown.
    """
    if kind is None:
        kind = "phone" if profile is not None else rng.weighted(CAPTURE_KINDS, _KIND_WEIGHTS)
    _check_choice("kind", kind, CAPTURE_KINDS)
    params = replace(_SAMPLERS[kind](rng, dpi), kind=kind, seed=rng.u64())
    if profile is not None and kind in ("phone", "scanner"):
        return profile.capture.sample(rng, params)
    return params


_KIND_WEIGHTS = (0.06, 0.36, 0.12, 0.04, 0.42)


def _sample_none(rng: Rng, dpi: float) -> CaptureParams:
    return CaptureParams()


def _sample_jpeg(rng: Rng, low: int, high: int) -> tuple[int, str]:
    """Return (quality, subsampling); strong compression mostly halves the chroma both ways."""
    return rng.integer(low, high + 1), rng.weighted(SUBSAMPLINGS, (0.15, 0.15, 0.7))


def _sample_scanner(rng: Rng, dpi: float) -> CaptureParams:
    quality, subsampling = _sample_jpeg(rng, 70, 95)
    warm = rng.normal(0.0, 0.012)
    return CaptureParams(
        light_amount=rng.uniform(0.0, 0.03),
        light_scale_px=_light_scale_px(rng.uniform(3.0, 8.0), dpi),
        gain=(1.0 + warm, 1.0, 1.0 - warm),
        blur_sigma_px=rng.uniform(0.35, 0.85),
        sharpen=rng.uniform(0.2, 0.9) if rng.bernoulli(0.5) else 0.0,
        black=rng.uniform(0.0, 25.0),
        white=rng.uniform(244.0, 268.0),
        bend=rng.normal(0.0, 0.12),
        contrast=rng.uniform(0.0, 0.3),
        noise_sigma=rng.uniform(0.4, 1.8),
        chroma_sigma=rng.uniform(0.0, 1.0),
        texture_sigma=rng.uniform(0.0, 1.6),
        texture_scale_px=rng.uniform(1.5, 4.0),
        streak_amount=rng.uniform(0.0, 0.012),
        grey=rng.bernoulli(0.06),
        jpeg_quality=quality if rng.bernoulli(0.85) else None,
        jpeg_subsampling=subsampling,
    )


def _sample_photocopier(rng: Rng, dpi: float) -> CaptureParams:
    quality, subsampling = _sample_jpeg(rng, 70, 95)
    return CaptureParams(
        light_amount=rng.uniform(0.0, 0.06),
        light_scale_px=_light_scale_px(rng.uniform(2.0, 8.0), dpi),
        blur_sigma_px=rng.uniform(0.5, 1.0),
        sharpen=rng.uniform(0.3, 1.2),
        black=rng.uniform(-30.0, 30.0),
        white=rng.uniform(255.0, 310.0),
        bend=rng.uniform(-0.2, 0.15),
        contrast=rng.uniform(0.25, 0.9),
        noise_sigma=rng.uniform(2.0, 6.0),
        band_amount=rng.uniform(0.0, 0.05),
        dust_density=rng.uniform(0.0, 0.0012),
        grey=rng.bernoulli(0.8),
        jpeg_quality=quality if rng.bernoulli(0.8) else None,
        jpeg_subsampling=subsampling,
    )


def _sample_fax(rng: Rng, dpi: float) -> CaptureParams:
    return CaptureParams(
        blur_sigma_px=rng.uniform(0.4, 0.8),
        sharpen=rng.uniform(0.4, 1.2),
        black=rng.uniform(-80.0, -20.0),
        white=rng.uniform(300.0, 380.0),
        threshold_softness=rng.uniform(8.0, 40.0),
        dust_density=rng.uniform(0.0, 0.0008),
        line_px=2 if rng.bernoulli(0.5) else 1,
        grey=True,
    )


def _sample_phone(rng: Rng, dpi: float) -> CaptureParams:
    quality, subsampling = _sample_jpeg(rng, 55, 93)
    warm = rng.normal(0.01, 0.035)
    tint = rng.normal(0.0, 0.012)
    return CaptureParams(
        light_amount=rng.uniform(0.03, 0.22),
        light_scale_px=_light_scale_px(rng.uniform(2.0, 6.0), dpi),
        light_slope_x=_light_slope(rng.normal(0.0, 0.05), dpi),
        light_slope_y=_light_slope(rng.normal(0.0, 0.05), dpi),
        gain=(1.0 + warm, 1.0 + tint, 1.0 - warm),
        blur_sigma_px=rng.uniform(0.5, 1.15),
        sharpen=rng.uniform(0.2, 1.4) if rng.bernoulli(0.75) else 0.0,
        black=rng.uniform(5.0, 35.0),
        white=rng.uniform(165.0, 245.0),
        bend=rng.normal(0.0, 0.15),
        contrast=rng.uniform(0.0, 0.35),
        noise_sigma=rng.uniform(0.5, 2.5),
        chroma_sigma=rng.uniform(0.1, 1.2),
        texture_sigma=rng.uniform(0.3, 2.8),
        texture_scale_px=rng.uniform(1.8, 4.5),
        jpeg_quality=quality,
        jpeg_subsampling=subsampling,
    )


_SAMPLERS = {
    "none": _sample_none,
    "scanner": _sample_scanner,
    "photocopier": _sample_photocopier,
    "fax": _sample_fax,
    "phone": _sample_phone,
}


def jpeg_round_trip(
    image: Image,  # [H, W, 3]
    quality: int,
    subsampling: str,
) -> Image:  # [H, W, 3]
    """Return the image after JPEG encoding and decoding."""
    data = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image), quality, "RGB", subsampling, fastdct=False
    )
    return simplejpeg.decode_jpeg(data, "RGB", fastdct=False, fastupsample=False)


def apply_capture(
    image: Image,  # [H, W, 3]
    params: CaptureParams,
    origin_px: tuple[int, int] = (0, 0),
) -> Image:  # [H, W, 3]
    """Return the captured image.

    Args:
        image: RGB.
        params: the capture.
        origin_px: absolute (x, y) of the image's first pixel; with JPEG a multiple of MCU_PX.

    Raises:
        ValueError: if the origin is negative or, with JPEG, off the MCU grid.
    """
    if min(origin_px) < 0 or (
        params.jpeg_quality is not None and any(o % MCU_PX for o in origin_px)
    ):
        raise ValueError(
            f"apply_capture: origin_px must be non-negative multiples of {MCU_PX}, got "
            f"{origin_px}; start the window on that grid"
        )
    captured = image if params.kind == "none" else _C.capture(image, params, origin_px)
    if params.jpeg_quality is None:
        return captured
    return jpeg_round_trip(captured, params.jpeg_quality, params.jpeg_subsampling)


def capture_pair(
    clean: Image,  # [H, W, 3]
    sealed: Image,  # [H, W, 3]
    ink_mask: npt.NDArray[Any],  # [H, W]
    params: CaptureParams,
) -> tuple[Image, Image, npt.NDArray[np.bool_]]:
    """Capture a clean and a sealed page alike.

    Args:
        clean: the page without seals.
        sealed: the page with seals.
        ink_mask: non-zero where there is ink; pixels that differ count as ink anyway.
        params: the capture.

    Returns:
        (clean, sealed, support): outside ``support`` bool [H, W] the two images are equal. The
        support is the ink grown by the blur's radius and, with JPEG, to the MCU grid and one more.
    """
    mask = np.ascontiguousarray(ink_mask, dtype=bool).view(np.uint8)
    mcu = MCU_PX if params.jpeg_quality is not None else 0
    radius = 0 if params.kind == "none" else _C.capture_radius(params)
    support, bounds = _C.support(clean, sealed, mask, radius, mcu)
    clean_captured = apply_capture(clean, params)
    sealed_captured = clean_captured.copy()
    if bounds[2] > bounds[0]:
        _recapture(sealed, params, radius, bounds, sealed_captured)
    return clean_captured, sealed_captured, support.view(np.bool_)


def _recapture(
    image: Image, params: CaptureParams, radius: int, bounds: tuple[int, ...], out: Image
) -> None:
    """Capture ``image`` inside ``bounds`` only, into ``out``."""
    height, width = image.shape[:2]
    # The window's own rim sees other neighbours than the whole image would: the blur's reach, and
    # an MCU for the decoder's interpolation of chroma.
    margin = radius + MCU_PX
    x0 = max(bounds[0] - margin, 0) // MCU_PX * MCU_PX
    y0 = max(bounds[1] - margin, 0) // MCU_PX * MCU_PX
    x1 = min(-(-(bounds[2] + margin) // MCU_PX) * MCU_PX, width)
    y1 = min(-(-(bounds[3] + margin) // MCU_PX) * MCU_PX, height)
    window = apply_capture(np.ascontiguousarray(image[y0:y1, x0:x1]), params, (x0, y0))
    left, top, right, bottom = bounds
    out[top:bottom, left:right] = window[top - y0 : bottom - y0, left - x0 : right - x0]
