"""Places that placement rules know, found by the words that stand there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seal2real.pages.page import Anchor, PageLine

__all__ = ["find_anchors"]

# What documents print where they are sealed, dated, or name their sum.
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "signature",
        re.compile(
            r"盖\s*章|签\s*章|公\s*章|（章）|\(章\)|签\s*字|签\s*名|落款|signature|signed|stamp|seal\b",
            re.IGNORECASE,
        ),
    ),
    (
        "date",
        re.compile(r"^\s*(日\s*期|date\b)|年\s*\d*\s*月\s*\d*\s*日\s*$", re.IGNORECASE),
    ),
    ("amount", re.compile(r"合\s*计|大写|总\s*额|total|amount due", re.IGNORECASE)),
)
# Longer lines are running text that only mentions the words.
_MOST_CHARACTERS = 32
# A title is this much taller than the middle line, and stands in the upper part.
_TITLE_HEIGHT = 1.3


def find_anchors(lines: Sequence[PageLine], height: int) -> tuple[Anchor, ...]:
    """Return the anchors of a page of ``height`` pixels that its text lines betray."""
    boxes = [_box(line) for line in lines]
    anchors = [
        Anchor(kind, box)
        for line, box in zip(lines, boxes, strict=True)
        if len(line.text) <= _MOST_CHARACTERS
        for kind, words in _WORDS
        if words.search(line.text)
    ]
    if lines:
        heights = sorted(y1 - y0 for _, y0, _, y1 in boxes)
        least = _TITLE_HEIGHT * heights[len(heights) // 2]
        titles = [b for b in boxes if b[3] - b[1] >= least and b[1] < 0.35 * height]
        anchors.extend(Anchor("title", box) for box in titles[:1])
    return tuple(anchors)


def _box(line: PageLine) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = line.polygon.min(axis=0), line.polygon.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)
