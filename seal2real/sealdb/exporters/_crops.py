"""Images of single text lines for recognition, with their texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seal2real.sealdb.exporters._job import PART, Job, Option
from seal2real.sealdb.exporters._labels import MIN_VISIBLE, cut, legible, line_legible, one_line
from seal2real.sealdb.unwrap import unwrap, unwrap_chars

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample

__all__ = ["CROP_OPTIONS", "crops"]

CROP_OPTIONS = {
    "part": PART,
    "min_visible": MIN_VISIBLE,
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


def crops(
    job: Job,
    sample: DbSample,
    *,
    part: str,
    min_visible: float,
    lines: str,
    polygon: str,
    columns: str,
    min_height: int,
    quality: int,
) -> Iterator[tuple[bytes, str]]:
    """Yield (JPEG, text) of each legible text line of a sample; count those left out."""
    from seal2real.sealdb.provenance import Provenance, embed

    image = sample.image(
        part if part != "auto" else "forged" if sample.has("forged") else "synthetic"
    )
    held = sample.record["provenance"]
    provenance = Provenance(**{key: held[key] for key in _PROVENANCE})
    found = _texts(job, sample, lines, min_visible, polygon, columns)
    for text, strip in ((label, _strip(image, how)) for label, how in found):
        if strip is None or strip.shape[0] < min_height:
            job.report.skip("text too small")
            continue
        job.report.items += 1
        yield embed(_jpeg(strip, quality), provenance), text


def _texts(
    job: Job, sample: DbSample, lines: str, min_visible: float, polygon: str, columns: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (text, how to straighten it) of the legible lines."""
    page = sample.record["page"]
    if lines in ("seal", "all"):
        by_chars = (*_BY_CHARS, "column") if columns == "upright" else _BY_CHARS
        key, method = ("polygon", "dense") if polygon == "dense" else ("polygon16", "spline")
        for text in (text for seal in sample.record["seals"] for text in seal["texts"]):
            how = {
                "polygon": text[key],
                "method": method,
                "chars": text["chars"],
                "by_chars": text["direction"] in by_chars,
            }
            if _keep(job, text, text[key], page, legible(text, min_visible)):
                yield one_line(text["text"]), how
    if lines in ("page", "all"):
        for line in page["lines"]:
            how = {"polygon": line["polygon"], "method": "dense", "by_chars": False}
            if _keep(job, line, line["polygon"], page, line_legible(line)):
                yield one_line(line["text"]), how


def _keep(
    job: Job, text: dict[str, Any], points: list[Any], page: dict[str, Any], readable: bool
) -> bool:
    if not one_line(text["text"]):
        reason = "text without characters"
    elif cut(points, page):
        reason = "text cut by the border"
    elif not readable:
        reason = "text not legible"
    else:
        return True
    job.report.skip(reason)
    return False


def _strip(image: Image, how: dict[str, Any]) -> Image | None:
    """Return the straightened line, or None where the polygon has no size."""
    try:
        if how["by_chars"]:
            return unwrap_chars(image, [char["quad"] for char in how["chars"]]).image
        return unwrap(image, how["polygon"], method=how["method"]).image
    except ValueError:
        # Only degenerate geometry raises here: perspective can squeeze a line to nothing.
        return None


def _jpeg(image: Image, quality: int) -> bytes:
    import simplejpeg

    data: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(image), quality=quality, colorspace="RGB", colorsubsampling="444"
    )
    return data
