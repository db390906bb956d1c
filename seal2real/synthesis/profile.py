"""Profiles: how a user's own images were inked and photographed, to draw pages that look alike.

A profile keeps one row of measurements an image, so that what goes together (a dark paper, a warm
light, a soft lens) stays together when one is drawn.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from seal2real.sealdb.files import atomic_write
from seal2real.synthesis.capture import PAGE_WHITE
from seal2real.synthesis.fit import Measured, measure_folder
from seal2real.synthesis.ink import COLOURS

if TYPE_CHECKING:
    from seal2real.rng import Rng
    from seal2real.synthesis.capture import CaptureParams

__all__ = ["CaptureProfile", "InkProfile", "Profile", "fit_profile"]

FORMAT = "seal2real-profile/2"
INK_COLUMNS = ("red", "green", "blue", "strength")
CAPTURE_COLUMNS = (
    "paper_red",
    "paper_green",
    "paper_blue",
    "black",
    "light_amount",
    "light_scale_px",
    "blur_sigma_px",
    "sharpen",
    "chroma_blur_sigma_px",
    "noise_sigma",
    "chroma_sigma",
    "texture_sigma",
    "jpeg_quality",
)
Row = tuple[float, ...]


@dataclass(frozen=True)
class InkProfile:
    """One colour's inks: rows of INK_COLUMNS (light left at absorbance 1, and strength)."""

    # share of the images, 0..1
    weight: float
    rows: tuple[Row, ...]

    def sample(self, rng: Rng) -> tuple[tuple[float, float, float], float]:
        """Return (transmittance, strength): one image's, slightly changed."""
        *light, strength = rng.choice(self.rows)
        # One factor for all: a hue of its own per channel would tint black ink.
        shade = rng.lognormal(0.0, 0.06)
        r, g, b = (min(max(t * shade, 0.02), 0.97) for t in light)
        return (r, g, b), min(max(strength * rng.lognormal(0.0, 0.10), 0.2), 2.2)


@dataclass(frozen=True)
class CaptureProfile:
    """The photography: rows of CAPTURE_COLUMNS; jpeg_quality 0 means no trace of JPEG."""

    rows: tuple[Row, ...]
    subsamplings: tuple[str, ...] = ("420",)

    def sample(self, rng: Rng, base: CaptureParams) -> CaptureParams:
        """Return ``base`` with one image's photography, slightly changed."""
        row = dict(zip(CAPTURE_COLUMNS, rng.choice(self.rows), strict=True))
        paper = [row["paper_red"], row["paper_green"], row["paper_blue"]]
        brightest = max(*paper, 1.0)
        r, g, b = (p / brightest for p in paper)
        black = min(max(row["black"] + rng.normal(0.0, 3.0), 0.0), 0.8 * brightest)
        white = black + (brightest * rng.lognormal(0.0, 0.02) - black) * 255.0 / PAGE_WHITE
        quality = round(row["jpeg_quality"])
        return replace(
            base,
            light_amount=_clip(row["light_amount"] * rng.lognormal(0.0, 0.15), 0.0, 0.6),
            light_scale_px=_clip(row["light_scale_px"], 64.0, 1e6),
            light_slope_x=0.0,
            light_slope_y=0.0,
            gain=(r, g, b),
            black=black,
            white=_clip(white, 0.0, 767.0),
            bend=0.0,
            contrast=0.0,
            blur_sigma_px=_clip(row["blur_sigma_px"] * rng.lognormal(0.0, 0.08), 0.0, 6.0),
            sharpen=_clip(row["sharpen"] * rng.lognormal(0.0, 0.08), 0.0, 4.0),
            chroma_blur_sigma_px=_clip(row["chroma_blur_sigma_px"], 0.0, 6.0),
            noise_sigma=_clip(row["noise_sigma"] * rng.lognormal(0.0, 0.10), 0.0, 64.0),
            chroma_sigma=_clip(row["chroma_sigma"] * rng.lognormal(0.0, 0.10), 0.0, 64.0),
            texture_sigma=_clip(row["texture_sigma"] * rng.lognormal(0.0, 0.10), 0.0, 64.0),
            texture_scale_px=rng.uniform(2.0, 3.5),
            jpeg_quality=_jitter_quality(rng, quality) if quality else None,
            jpeg_subsampling=rng.choice(self.subsamplings),
        )


@dataclass(frozen=True)
class Profile:
    """Distributions of ink and photography fitted to a folder of real images.

    Raises:
        ValueError: if there is no capture row, a colour is unknown or a row has a wrong length.
    """

    image_count: int
    capture: CaptureProfile
    colours: Mapping[str, InkProfile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check names and shapes."""
        if not self.capture.rows:
            raise ValueError("Profile: capture must hold rows, got none; fit it to images")
        _check_rows("capture", self.capture.rows, CAPTURE_COLUMNS)
        for name, ink in self.colours.items():
            if name not in COLOURS:
                raise ValueError(
                    f"Profile: colours must be among {', '.join(COLOURS)}, got {name!r}; rename it"
                )
            _check_rows(f"ink.{name}", ink.rows, INK_COLUMNS)

    def sample_paper(self, rng: Rng) -> tuple[int, int, int]:
        """Return the colour (r, g, b), 0..255, of one image's paper.

        For pages that are not captured afterwards: the capture tints the paper itself.
        """
        row = rng.choice(self.capture.rows)
        r, g, b = (round(_clip(value, 0.0, 255.0)) for value in row[:3])
        return r, g, b

    def to_toml(self) -> str:
        """Return the profile as the text of its file."""
        return tomli_w.dumps(_to_document(self))

    def save(self, path: Path | str) -> None:
        """Write the profile as TOML."""
        atomic_write(Path(path), self.to_toml().encode())

    @classmethod
    def load(cls, path: Path | str) -> Profile:
        """Read a profile.

        Raises:
            ValueError: if the file is not a profile of this format.
        """
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"Profile.load: {path} must be TOML, got {error}; write it with `seal2real fit`"
            ) from error
        if document.get("format") != FORMAT:
            raise ValueError(
                f"Profile.load: {path} must have format {FORMAT!r}, got "
                f"{document.get('format')!r}; write it with `seal2real fit`"
            )
        return _from_document(document, str(path))


def fit_profile(folder: Path | str) -> Profile:
    """Measure every image of a folder and its subfolders.

    Returns:
        Ink colours, paper colour, illumination, blur, noise and JPEG strength, a row an image.

    Raises:
        ValueError: if the folder holds no usable image.
    """
    measured = measure_folder(Path(folder))
    colours: dict[str, InkProfile] = {}
    for name in COLOURS:
        rows = [m.ink for m in measured if m.colour == name]
        if rows:
            share = round(len(rows) / len(measured), 4)
            colours[name] = InkProfile(share, tuple(_rounded(r) for r in rows))
    blurs = sorted(m.chroma_blur_sigma_px for m in measured if m.chroma_blur_sigma_px is not None)
    # Images without colour take the middle of the others'.
    middle = blurs[len(blurs) // 2] if blurs else 0.0
    capture = tuple(_rounded(_capture_row(m, middle)) for m in measured)
    known = sorted({m.subsampling for m in measured if m.subsampling is not None})
    return Profile(len(measured), CaptureProfile(capture, tuple(known) or ("420",)), colours)


def _capture_row(m: Measured, chroma_blur_sigma_px: float) -> Row:
    """Return the row of one image; the blur of colour is for one that shows none."""
    return (
        *m.paper,
        m.black,
        m.light_amount,
        m.light_scale_px,
        m.blur_sigma_px,
        m.sharpen,
        chroma_blur_sigma_px if m.chroma_blur_sigma_px is None else m.chroma_blur_sigma_px,
        m.noise_sigma,
        m.chroma_sigma,
        m.texture_sigma,
        float(m.jpeg_quality),
    )


def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _jitter_quality(rng: Rng, quality: int) -> int:
    return min(max(quality + rng.integer(-2, 3), 20), 98)


def _rounded(row: Sequence[float]) -> Row:
    # Four digits: what differs between machines' sums is far below.
    return tuple(round(float(value), 4) for value in row)


def _check_rows(name: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    for row in rows:
        numbers = all(isinstance(v, (int, float)) and abs(v) < 1e6 for v in row)
        if len(row) != len(columns) or not numbers:
            raise ValueError(
                f"Profile: {name} rows must hold {len(columns)} numbers ({', '.join(columns)}), "
                f"got {list(row)}; correct that row"
            )


def _to_document(profile: Profile) -> dict[str, Any]:
    rows = profile.capture.rows
    medians = {
        name: sorted(row[k] for row in rows)[len(rows) // 2]
        for k, name in enumerate(CAPTURE_COLUMNS)
    }
    return {
        "format": FORMAT,
        "image_count": profile.image_count,
        # for the reader only: what a middling image looks like
        "median": medians,
        "capture": {
            "columns": list(CAPTURE_COLUMNS),
            "subsamplings": list(profile.capture.subsamplings),
            "rows": [list(row) for row in rows],
        },
        "ink": {
            name: {
                "weight": ink.weight,
                "columns": list(INK_COLUMNS),
                "rows": [list(row) for row in ink.rows],
            }
            for name, ink in profile.colours.items()
        },
    }


def _from_document(document: Mapping[str, Any], where: str) -> Profile:
    try:
        capture = document["capture"]
        colours = {
            name: InkProfile(float(ink["weight"]), tuple(tuple(row) for row in ink["rows"]))
            for name, ink in document.get("ink", {}).items()
        }
        rows = tuple(tuple(row) for row in capture["rows"])
        return Profile(
            int(document["image_count"]),
            CaptureProfile(rows, tuple(capture["subsamplings"])),
            colours,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"Profile.load: {where} must hold image_count, capture and ink, got a bad {error}; "
            f"write it with `seal2real fit`"
        ) from error
