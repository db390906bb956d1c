"""Where seals are pressed: rules that know documents.

A rule turns a page and the size of a seal into a place. ``sample_placements`` draws a rule for the
first seal of a page and places the others with respect to it: beside, overlapping, or by a rule of
their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seal2real.pages.page import Anchor, Page
from seal2real.rng import Rng, det_cos, det_sin
from seal2real.synthesis.options import ANY_ANGLE, PLACEMENT_RULES
from seal2real.synthesis.printed import PrintMap, print_map

__all__ = [
    "PLACEMENT_RULES",
    "Group",
    "Placement",
    "cross_page_parts",
    "sample_placements",
]

Box = tuple[float, float, float, float]
Point = tuple[float, float]

# How the next seals of a page are placed.
_FURTHER_RULES = {"other": 4.0, "overlap": 3.0, "beside": 2.0}
# A seal keeps this distance from the paper's edge, if the paper is large enough.
_EDGE_MM = 2.0
# A seal on a photograph may reach over the paper's edge, as careless ones do, by this share. Places
# with more are drawn anew so many times; after that the photograph is mostly dark.
_MOST_BESIDE = 0.06
_TRIES = 6
_PI = 3.141592653589793


@dataclass(frozen=True)
class Group:
    """The parts of one cross-page (骑缝) seal share an id: ``part`` of ``of``, from 0."""

    id: str
    part: int
    of: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as records hold it."""
        return {"id": self.id, "part": self.part, "of": self.of}


@dataclass(frozen=True)
class Placement:
    """One place: the seal's centre in page pixels, its clockwise angle and the rule's name.

    A ``group`` marks one part of a cross-page seal, whose centre may lie outside the page.
    """

    center_px: Point
    angle_deg: float
    rule: str
    group: Group | None = None


def sample_placements(
    rng: Rng,
    page: Page,
    sizes: Sequence[Any],
    rules: Mapping[str, float] | None = None,
    any_angle: float = ANY_ANGLE,
) -> list[Placement]:
    """Return a place for each seal of a page.

    Args:
        rng: stream of the places.
        page: the page; rules without their anchor on it are left out.
        sizes: (width, height) in millimetres, or anything with ``width_mm`` and ``height_mm``;
            none gives no placement.
        rules: rule -> weight for the first seal and for others that stand alone; None is
            `PLACEMENT_RULES`.
        any_angle: share of seals pressed any way round, 0..1.

    Raises:
        ValueError: if a rule is unknown, no rule has weight, or ``any_angle`` is no share.
    """
    if not 0.0 <= any_angle <= 1.0:
        raise ValueError(
            f"sample_placements: any_angle must be in 0..1, got {any_angle}; give it as a share"
        )
    weights = _checked_rules(PLACEMENT_RULES if rules is None else rules)
    placed: list[tuple[Placement, Point]] = []
    for number, size in enumerate(sizes):
        half = _half_size_px(size, page.px_per_mm)
        stream = rng.child("seal", number)
        how = "other"
        if placed:
            how = stream.weighted(tuple(_FURTHER_RULES), tuple(_FURTHER_RULES.values()))
        if how == "other":
            center, rule = _on_visible_paper(stream, page, half, weights)
        else:
            center, rule = _near(stream, page, half, placed[-1], how), how
        placed.append((Placement(center, sample_angle(stream, any_angle), rule), half))
    return [placement for placement, _ in placed]


def cross_page_parts(
    rng: Rng,
    page: Page,
    size: Any,
    of: int,
    group_id: str,
) -> list[Placement]:
    """Return the places of a seal pressed across ``of`` fanned pages, one on each.

    The pages lie fanned with their right edges a strip apart, so part k shows strip k of the
    seal at the page's right edge; what falls beyond the edge is on the other pages.

    Args:
        rng: stream of the group: the parts share height and angle.
        page: a page of the document (all parts take its size).
        size: the seal's size, as in `sample_placements`.
        of: number of pages, 2 or more.
        group_id: shared id of the parts.

    Raises:
        ValueError: if ``of`` is below 2.
    """
    if of < 2:
        raise ValueError(f"cross_page_parts: of must be at least 2, got {of}; one page has no part")
    half = _half_size_px(size, page.px_per_mm)
    y = page.height * rng.uniform(0.3, 0.7)
    angle = rng.normal(0.0, 3.0)
    # Part k's seal begins strip * (k + 1) left of the edge, so that strip k is the last one on the
    # page; `Placed.strip` leaves out those before, which other pages show.
    strip = 2 * half[0] / of
    return [
        Placement(
            (page.width + half[0] - strip * (part + 1), y),
            angle,
            "cross_page",
            Group(group_id, part, of),
        )
        for part in range(of)
    ]


def sample_angle(rng: Rng, any_angle: float = ANY_ANGLE) -> float:
    """Return the angle of a hand-pressed seal in degrees, clockwise.

    A share of ``any_angle`` stands any way round. Of the others most lean a few degrees, one in eight
    is careless.
    """
    upright = (1.0 - any_angle) / (1.0 - ANY_ANGLE)
    kind = rng.weighted(
        ("hand", "careless", "any", "machine"),
        (80 * upright, 12 * upright, 100 * any_angle, 5.5 * upright),
    )
    if kind == "machine":
        return 0.0
    if kind == "any":
        return rng.uniform(-180.0, 180.0)
    return rng.normal(0.0, 5.0 if kind == "hand" else 16.0)


def _on_visible_paper(
    rng: Rng, page: Page, half: Point, weights: Mapping[str, float]
) -> tuple[Point, str]:
    """Draw a rule and a place that shows paper: photographs show tables and fingers too."""
    found = _by_rule(rng, page, half, weights)
    if page.lines:  # its text is known, so it is drawn or a PDF: paper everywhere
        return found
    for attempt in range(1, _TRIES):
        if _map_of(page).share_beside(found[0], half) <= _MOST_BESIDE:
            break
        found = _by_rule(rng.child("again", attempt), page, half, weights)
    return found


def _by_rule(rng: Rng, page: Page, half: Point, weights: Mapping[str, float]) -> tuple[Point, str]:
    """Draw a rule that the page offers; return the centre and the rule's name."""
    left = dict(weights)
    while left:
        name = rng.weighted(tuple(left), tuple(left.values()))
        center = _RULES[name](rng.child(name), page, half)
        if center is not None:
            return _on_paper(center, half, page), name
        del left[name]
        if not any(left.values()):
            break
    return _on_paper(_anywhere(rng.child("anywhere"), page, half), half, page), "anywhere"


def _near(rng: Rng, page: Page, half: Point, last: tuple[Placement, Point], how: str) -> Point:
    """Return a centre that overlaps the last seal, or stands beside it."""
    (x, y), (other_x, other_y) = last[0].center_px, last[1]
    reach = rng.uniform(0.35, 0.85) if how == "overlap" else rng.uniform(1.08, 1.5)
    turn = rng.uniform(0.0, 2.0 * _PI)
    # At reach 1 the boxes of two upright seals touch.
    dx = reach * (half[0] + other_x) * float(det_cos(turn))
    dy = reach * (half[1] + other_y) * float(det_sin(turn))
    if how == "beside":  # most people keep to the line
        dy *= rng.uniform(0.0, 1.0)
        dx = (1.0 if dx >= 0 else -1.0) * max(abs(dx), 1.05 * (half[0] + other_x))
    center = (x + dx, y + dy)
    if _inside_paper(center, half, page):
        return center
    return _on_paper((x - dx, y - dy), half, page)


def _over_anchor(kind: str, spread: tuple[float, float]) -> Callable[..., Point | None]:
    """Return a rule: over an anchor of ``kind``, off its middle by ``spread`` half sizes."""

    def rule(rng: Rng, page: Page, half: Point) -> Point | None:
        anchors = [anchor for anchor in page.anchors if anchor.kind == kind]
        if not anchors:
            return None
        anchor: Anchor = rng.choice(anchors)
        x0, y0, x1, y1 = anchor.box
        x = rng.uniform(x0 + 0.2 * (x1 - x0), x1 - 0.2 * (x1 - x0))
        return (
            x + spread[0] * half[0] * rng.normal(),
            (y0 + y1) / 2 + spread[1] * half[1] * rng.normal(),
        )

    return rule


def _over_text(rng: Rng, page: Page, half: Point) -> Point | None:
    """Over print: a line of text, or a dark part of a scan."""
    lines = [line for line in page.lines if len(line.text) > 3]
    if lines:
        polygon = rng.choice(lines).polygon
        x0, x1 = float(polygon[:, 0].min()), float(polygon[:, 0].max())
        y0, y1 = float(polygon[:, 1].min()), float(polygon[:, 1].max())
        return rng.uniform(x0, x1), (y0 + y1) / 2 + 0.3 * half[1] * rng.normal()
    # 8 to 55 % of the box: less is a stray line, more a picture or a shaded table
    return _cell_where(rng, _map_of(page), half, lambda ink: (ink >= 20) & (ink <= 140))


def _blank(rng: Rng, page: Page, half: Point) -> Point | None:
    """On bare paper."""
    # 1 %: dust, and the noise of a scan
    return _cell_where(rng, _map_of(page), half, lambda ink: ink <= 3)


def _lower_print(rng: Rng, page: Page, half: Point) -> Point | None:
    """Without anchors: at the end of the print, low, where documents are signed."""
    if page.anchors:
        return None
    printed = _map_of(page)
    found = np.argwhere(printed.mean_in(half) >= 8)
    if not len(found):
        return None
    # argwhere goes down the page: the last row is the lowest print, the later half of what is left
    # lies to its right and below, where signatures stand
    low = found[found[:, 0] >= found[-1, 0] - max(len(printed.ink) // 8, 1)]
    row, column = low[rng.integer(len(low) // 2, len(low))]
    x, y = printed.center(int(row), int(column))
    return x + 0.3 * half[0] * rng.normal(), y + 0.3 * half[1] * rng.normal()


def _signature(rng: Rng, page: Page, half: Point) -> Point | None:
    """Over a signature block; on scans at the end of the print."""
    found = _over_anchor("signature", (0.25, 0.3))(rng, page, half)
    return _lower_print(rng, page, half) if found is None else found


def _corner(rng: Rng, page: Page, half: Point) -> Point:
    """In a corner of the paper."""
    reach = 14.0 * page.px_per_mm
    x = half[0] + rng.uniform(0.15, 1.0) * reach
    y = half[1] + rng.uniform(0.15, 1.0) * reach
    return (
        page.width - x if rng.bernoulli(0.7) else x,
        page.height - y if rng.bernoulli(0.5) else y,
    )


def _anywhere(rng: Rng, page: Page, half: Point) -> Point:
    """Anywhere on the paper."""
    return rng.uniform(0.0, page.width), rng.uniform(0.0, page.height)


_RULES: dict[str, Callable[[Rng, Page, Point], Point | None]] = {
    "signature": _signature,
    "date": _over_anchor("date", (0.2, 0.25)),
    "text": _over_text,
    "title": _over_anchor("title", (0.5, 0.3)),
    "table": _over_anchor("table", (0.6, 0.5)),
    "corner": _corner,
    "blank": _blank,
    "anywhere": _anywhere,
}


def _cell_where(
    rng: Rng,
    printed: PrintMap,
    half: Point,
    wanted: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
) -> Point | None:
    """Return a place round which the mean ink is as ``wanted`` (0..255), or None."""
    found = np.argwhere(wanted(printed.mean_in(half)))
    if not len(found):
        return None
    row, column = found[rng.integer(0, len(found))]
    x, y = printed.center(int(row), int(column))
    return x + printed.cell * rng.uniform(-0.5, 0.5), y + printed.cell * rng.uniform(-0.5, 0.5)


def _map_of(page: Page) -> PrintMap:
    """Return the print map of ``page``, made once."""
    memo = page._memo
    if "print_map" not in memo:
        memo["print_map"] = print_map(page)
    found: PrintMap = memo["print_map"]
    return found


def _half_size_px(size: Any, px_per_mm: float) -> Point:
    width, height = (
        (size.width_mm, size.height_mm) if hasattr(size, "width_mm") else (size[0], size[1])
    )
    return width * px_per_mm / 2, height * px_per_mm / 2


def _inside_paper(center: Point, half: Point, page: Page) -> bool:
    return (
        half[0] <= center[0] <= page.width - half[0]
        and half[1] <= center[1] <= page.height - half[1]
    )


def _on_paper(center: Point, half: Point, page: Page) -> Point:
    """Return ``center`` moved so that the seal lies on the paper, or is centred on it."""
    margin = _EDGE_MM * page.px_per_mm
    return (
        _between(center[0], half[0] + margin, page.width - half[0] - margin),
        _between(center[1], half[1] + margin, page.height - half[1] - margin),
    )


def _between(value: float, low: float, high: float) -> float:
    return (low + high) / 2 if low > high else min(max(value, low), high)


def _checked_rules(rules: Mapping[str, float]) -> dict[str, float]:
    """Return the rules with weight, in the order of `PLACEMENT_RULES`."""
    for name, weight in rules.items():
        if name not in _RULES or not 0.0 <= weight < float("inf"):
            raise ValueError(
                f"sample_placements: rules must map {', '.join(_RULES)} to weights >= 0, got "
                f"{name!r}: {weight}; choose from these names"
            )
    kept = {name: float(rules[name]) for name in _RULES if rules.get(name, 0.0) > 0.0}
    if not kept:
        raise ValueError(
            "sample_placements: rules must give one rule a weight above 0, got none; "
            "for a page without seals give no sizes"
        )
    return kept
