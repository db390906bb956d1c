"""Do labels still hold after the forger? Gate, edges and OCR at three resolutions, one attempt each.

    python -m benchmarks.forged_labels --count 200
    python -m benchmarks.forged_labels --forger runs/mine/weights/forger.onnx --profile mine.toml

A row a resolution: share of first attempts that pass the gate, intersection over union of label and
ink found again (5 %, median), width of ink edges against the drawn page's, characters an OCR reads
in seals and in lines of print that ink touches, before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks.base_quality import readable_texts
from benchmarks.common import row_line
from benchmarks.ocr_truth import Reader, open_reader, padded, plain, right_characters
from seal2real.pages.page import MM_PER_INCH
from seal2real.realise.forger import ForgerRealiser, default_weights
from seal2real.realise.gate import judge
from seal2real.realise.methods import weights_sha256
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.unwrap import unwrap
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample

__all__ = ["RESOLUTIONS", "Found", "edge_widths", "measure"]

Rgb = NDArray[np.uint8]
Realiser = Callable[[Sample, Rng], Rgb]

RESOLUTIONS = (127.0, 200.0, 300.0)
# Crops of 512 px hold a seal of 40 mm at 300 dpi.
_SIZE_PX = 512
# A line counts as touched from one character on that is this much under ink and still readable; it
# is read as a whole, as an OCR reads it, so about half of its characters are beside the ink.
_TOUCHED = 0.05
# Levels between ink and paper below which an edge has no width.
_LEAST_STEP = 24.0
# Border pixels that make a mean.
_LEAST_BORDER = 50
# Samples drawn for one that is wanted; hardly any is without ink.
_TRIES = 4
# Lines lower than this are not read even before forging.
_LEAST_LINE_PX = 12


@dataclass
class Found:
    """What was measured on some samples."""

    passed: list[bool] = field(default_factory=list)
    iou: list[float] = field(default_factory=list)
    # width of the forged page's ink edges as a share of the drawn one's
    edges: list[float] = field(default_factory=list)
    # (characters, read before, read after) of every text
    seals: list[tuple[int, int, int]] = field(default_factory=list)
    touched: list[tuple[int, int, int]] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Return means, quantiles and losses in points."""
        low, middle = np.quantile(self.iou, (0.05, 0.5))
        row = {
            "samples": len(self.passed),
            "first_pass": round(float(np.mean(self.passed)), 4),
            "iou_5_50": [round(float(low), 4), round(float(middle), 4)],
            "edge_width": round(float(np.median(self.edges)), 4),
        }
        for name, texts in (("seal_ocr", self.seals), ("print_ocr", self.touched)):
            if texts:
                total, before, after = np.sum(texts, axis=0).tolist()
                row[name] = {
                    "characters": total,
                    "before": round(100.0 * before / total, 2),
                    "after": round(100.0 * after / total, 2),
                    "loss_points": round(100.0 * (before - after) / total, 2),
                }
        return row


def measure(
    realiser: Realiser,
    dpi: float,
    count: int,
    *,
    seed: int = 0,
    profile: str | None = None,
    reader: Reader | None = None,
) -> Found:
    """Realise ``count`` drawn crops once each, and measure them.

    Args:
        realiser: of the method.
        dpi: resolution of the pages, dots per inch.
        count: samples with ink.
        seed: names the samples.
        profile: capture profile; None takes captures of all kinds.
        reader: reads a strip; None leaves the OCR out.
    """
    options = {"seal_free": 0.0, "cross_page": 0.0}
    recipe = Recipe(10**6, seed, size=str(_SIZE_PX), dpi=dpi, profile=profile, options=options)
    factory, found = SampleFactory(recipe), Found()
    for index in range(_TRIES * count):
        sample = factory(index)
        if not sample.mask.any():
            continue
        forged = realiser(sample, Rng(seed, "forged labels", index))
        result = judge(forged, sample)
        found.passed.append(result.passed)
        if result.scores["iou"] is not None:
            found.iou.append(result.scores["iou"])
        scale = float(sample.record["page"]["dpi"]) / MM_PER_INCH
        widths = edge_widths((sample.synthetic, forged), sample.mask > 0, scale)
        if widths is not None:
            found.edges.append(widths[1] / widths[0])
        if reader is not None:
            found.seals += _readings(readable_texts(sample.record), sample, forged, reader)
            found.touched += _readings(_touched_lines(sample.record), sample, forged, reader)
        if len(found.passed) == count:
            return found
    raise RuntimeError(f"measure: {_TRIES * count} samples must hold {count} with ink, got fewer")


def edge_widths(
    pages: Sequence[Rgb], ink: NDArray[np.bool_], px_per_mm: float
) -> list[float] | None:
    """Return the mean width of the edges of ink on every page, px; None where they are too faint.

    It is the local step over the local slope at the label's border: the length of the ramp if the
    edge rose at its steepest all along. The step is taken in a window of 0.5 mm, which is also the
    widest edge that it can tell. Which pixels count is decided on the first page, for all.
    """
    side = max(2 * round(px_per_mm / 4) + 1, 5)
    label = Image.fromarray(ink).convert("L")
    grown, shrunk = (
        np.asarray(label.filter(kind(3))) > 0
        for kind in (ImageFilter.MaxFilter, ImageFilter.MinFilter)
    )
    slopes, steps = zip(*(_slope_and_step(page, side) for page in pages), strict=True)
    border = grown & ~shrunk & (steps[0] > _LEAST_STEP)
    if border.sum() < _LEAST_BORDER:
        return None
    return [
        float(1.0 / np.mean(slope[border] / np.maximum(step[border], 1.0)))
        for slope, step in zip(slopes, steps, strict=True)
    ]


def _slope_and_step(page: Rgb, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return slope and swing of the luma in a window of ``side`` px, in levels."""
    luma = page @ np.array([0.299, 0.587, 0.114])
    plane = Image.fromarray(np.rint(luma).astype(np.uint8))
    high, low = (
        np.asarray(plane.filter(kind(side))).astype(np.float64)
        for kind in (ImageFilter.MaxFilter, ImageFilter.MinFilter)
    )
    return np.hypot(*np.gradient(luma)), high - low


def _touched_lines(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield lines of print inside the crop that ink touches and that can still be read."""
    width, height = record["page"]["width"], record["page"]["height"]
    for line in record["page"].get("lines") or []:
        polygon = np.asarray(line["polygon"])
        inside = (polygon >= 0).all() and (polygon <= (width, height)).all()
        high = np.linalg.norm(polygon[0] - polygon[-1])
        under = [c for c in line["chars"] if c["ink_cover"] > _TOUCHED and c["readable"]]
        if inside and high >= _LEAST_LINE_PX and under:
            yield line


def _readings(
    texts: Iterator[dict[str, Any]], sample: Sample, forged: Rgb, reader: Reader
) -> Iterator[tuple[int, int, int]]:
    """Yield characters of a text, and how many are read before and after."""
    for text in texts:
        strips = (unwrap(page, text["polygon"]).image for page in (sample.synthetic, forged))
        before, after = (right_characters(text["text"], reader(padded(strip))) for strip in strips)
        yield len(plain(text["text"])), before, after


@click.command()
@click.option("--forger", type=click.Path(path_type=Path), help="the shipped one by default")
@click.option("--count", default=200, show_default=True, help="samples a resolution")
@click.option("--seed", default=0, show_default=True)
@click.option("--profile", help="capture profile of `seal2real fit`")
def main(forger: Path | None, count: int, seed: int, profile: str | None) -> None:
    """Print a JSON line for each resolution."""
    weights = forger or default_weights()
    realiser, reader = ForgerRealiser(weights), open_reader()
    told = {"forger": weights_sha256(weights)[:16], "profile": profile, "seed": seed}
    for dpi in RESOLUTIONS:
        found = measure(realiser, dpi, count, seed=seed, profile=profile, reader=reader)
        click.echo(row_line({"bench": "forged_labels", "dpi": dpi, **told, **found.row()}))


if __name__ == "__main__":
    main()
