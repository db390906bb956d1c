"""What the exporters agree on: names of classes, which texts count as legible, clean strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seal2real.sealdb.exporters._geometry import Point, area, clamp, clip, inside
from seal2real.sealdb.exporters._job import Job, Option

__all__ = [
    "CATEGORY",
    "IGNORE",
    "SHAPES",
    "all_readable",
    "category_names",
    "category_of",
    "cut",
    "one_line",
    "region",
    "text_points",
]

# Transcription of a text that cannot be read (PaddleOCR, ICDAR).
IGNORE = "###"
SHAPES = ("round", "oval", "square", "rectangle", "triangle", "rhombus")
CATEGORY = Option(
    "shape",
    "class of a seal: its shape, its type, or one class for all",
    ("shape", "type", "seal"),
)
# Polygons may end this far outside the image before a text counts as cut off, px.
_SLACK = 1.0

Json = dict[str, Any]


def category_names(job: Job, by: str) -> list[str]:
    """Return the class names of an export in the order of their numbers.

    Shapes are a fixed list, so class numbers mean the same in every export; types are those in
    the dataset, in alphabetical order.
    """
    if by == "shape":
        return list(SHAPES)
    if by == "seal":
        return ["seal"]
    types: set[str] = set()
    for row in job.db.index.column("types").to_pylist():
        types.update(row)
    return sorted(types)


def category_of(seal: Json, by: str) -> str:
    """Return the class name of a seal."""
    return "seal" if by == "seal" else str(seal[by])


def all_readable(line: Json) -> bool:
    """Say whether every character of a page line is readable (blanks always are)."""
    return all(char["readable"] for char in line["chars"] if char["text"].strip())


def cut(points: Sequence[Sequence[float]], page: Json) -> bool:
    """Say whether a polygon leaves the image."""
    return not inside(points, page["width"], page["height"], _SLACK)


def one_line(text: str) -> str:
    """Return ``text`` with every run of blanks, tabs and line ends as one blank."""
    return " ".join(text.split())


def region(seal: Json, page: Json) -> list[Point]:
    """Return the seal's outline inside the image; empty when it lies outside."""
    return clip(seal["outline"], page["width"], page["height"])


def text_points(points: Sequence[Sequence[float]], page: Json) -> list[Point]:
    """Return a text polygon, points moved to the border where they leave the image.

    The number of points stays even and pairs stay pairs; empty when nothing is left.
    """
    kept = clamp(points, page["width"], page["height"])
    return kept if area(kept) > 0.0 else []
