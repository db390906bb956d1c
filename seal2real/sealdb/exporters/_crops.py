"""Images of single text lines for recognition, with their texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.exporters._job import PART, Job, Option
from seal2real.sealdb.exporters._labels import one_line
from seal2real.sealdb.exporters._legible import LEGIBLE_OPTIONS, Legibility
from seal2real.sealdb.unwrap import unwrap, unwrap_chars

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["CROP_OPTIONS", "CropRules", "crops"]

CROP_OPTIONS = {
    "part": PART,
    **LEGIBLE_OPTIONS,
    "lines": Option("seal", "texts of the seals, of the page, or both", ("seal", "page", "all")),
    "polygon": Option(
        "dense", "straighten by the dense polygon, or by the 16-point one", ("dense", "16")
    ),
    "columns": Option(
        "turned",
        "columns on their side, as PaddleOCR turns them, or upright glyphs side by side",
        ("turned", "upright"),
    ),
    "min_height": Option(8, "leave out lines lower than this many px", limits=(1, 10_000)),
    "quality": Option(95, "JPEG quality of the crops", limits=(1, 100)),
}
# Directions that no polygon straightens into reading order: glyphs that stand against it, and names
# set in a grid.
_BY_CHARS = ("ccw_out", "grid")
_PROVENANCE = ("dataset_id", "digital_source_type", "generator")
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class CropRules:
    """The values of ``CROP_OPTIONS``."""

    part: str
    min_visible: float
    min_separation: float
    lines: str
    polygon: str
    columns: str
    min_height: int
    quality: int


@dataclass(frozen=True)
class _Line:
    """A text line and how to straighten it."""

    text: str
    polygon: list[Any]
    method: Any  # of unwrap
    quads: list[Any] | None  # set by characters where given
    why_not: str | None


def crops(job: Job, sample: DbSample, rules: CropRules) -> Iterator[tuple[bytes, str]]:
    """Yield (JPEG, text) of each legible text line of a sample; count those left out."""
    from seal2real.sealdb.provenance import Provenance, embed

    held = sample.record["provenance"]
    provenance = Provenance(**{key: held[key] for key in _PROVENANCE})
    judge = Legibility(sample, rules.part, rules.min_visible, rules.min_separation)
    for line in _lines(sample, rules, judge):
        strip = None if line.why_not else _strip(judge.image, line)
        if strip is None or strip.shape[0] < rules.min_height:
            job.report.skip(line.why_not or "text too small")
            continue
        job.report.items += 1
        yield embed(_jpeg(strip, rules.quality), provenance), one_line(line.text)


def _lines(sample: DbSample, rules: CropRules, judge: Legibility) -> Iterator[_Line]:
    if rules.lines in ("seal", "all"):
        for seal in sample.record["seals"]:
            for text in seal["texts"]:
                yield _seal_line(seal, text, rules, judge)
    if rules.lines in ("page", "all"):
        for line in sample.record["page"]["lines"]:
            if line["text"].strip():
                why_not = judge.why_not_line(line)
                yield _Line(line["text"], line["polygon"], "dense", None, why_not)


def _seal_line(
    seal: dict[str, Any], text: dict[str, Any], rules: CropRules, judge: Legibility
) -> _Line:
    key, method = ("polygon", "dense") if rules.polygon == "dense" else ("polygon16", "spline")
    upright = text["direction"] == "column" and rules.columns == "upright"
    by_chars = upright or text["direction"] in _BY_CHARS
    quads = [char["quad"] for char in text["chars"]] if by_chars else None
    return _Line(text["text"], text[key], method, quads, judge.why_not(seal, text, key))


def _strip(image: Image, line: _Line) -> Image | None:
    """Return the straightened line, or None where the polygon has no size."""
    try:
        if line.quads is not None:
            return unwrap_chars(image, line.quads).image
        return unwrap(image, line.polygon, method=line.method).image
    except ValueError:
        # Only degenerate geometry raises here: perspective can squeeze a line to nothing.
        return None


def _jpeg(image: Image, quality: int) -> bytes:
    import simplejpeg

    data: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image), quality=quality, colorspace="RGB", colorsubsampling="444"
    )
    return data
