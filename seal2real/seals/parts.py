"""The parts of a seal as frozen dataclasses in millimetres.

Seal coordinates: origin at the seal's centre, x right, y down, angles clockwise in degrees; angles
around the ring count from the top (0 top, 90 right, 180 bottom).
"""

from __future__ import annotations

import dataclasses
from typing import Any

from seal2real.seals.fields import checked, checked_class, choice, fail, flag, label, number

__all__ = [
    "CUTS",
    "DIRECTIONS",
    "EMBLEMS",
    "ROLES",
    "Border",
    "Emblem",
    "LineText",
    "NameGrid",
    "RingText",
    "Rule",
    "SecurityLine",
    "Star",
]

# What a text says, not where it stands.
ROLES = (
    "owner",
    "purpose",
    "code",
    "tax",
    "bank",
    "account",
    "phone",
    "date",
    "serial",
    "department",
    "name",
    "other",
)
DIRECTIONS = ("cw", "ccw", "ccw_out")
# Placeholder emblems only: invented geometry, never a state or party emblem.
EMBLEMS = ("gear", "wheat_ring", "bell", "book", "shield", "dove")
CUTS = ("zhu", "bai")
_CUT_KINDS = ("radial", "tangential")

_SIZE = 150.0  # mm: far above any seal, far below what could overflow
_TEXT = 80  # characters: no ring carries more


@checked_class
@dataclasses.dataclass(frozen=True)
class Border:
    """A closed line that follows the seal's outline.

    Attributes:
        width_mm: stroke width.
        inset_mm: distance of the stroke's outer edge from the seal's outer edge.
        dash_mm: length of a dash along the line; 0 draws it solid.
        dash_gap_mm: length of the gap after each dash.
    """

    width_mm: float = number(0.02, 20)
    inset_mm: float = number(0, _SIZE, 0.0)
    dash_mm: float = number(0, _SIZE, 0.0)
    dash_gap_mm: float = number(0, _SIZE, 0.0)

    def _check_together(self) -> None:
        """Dash and gap come together."""
        if (self.dash_mm > 0) != (self.dash_gap_mm > 0):
            fail(
                "Border",
                "dash_gap_mm",
                "be above 0 exactly when dash_mm is",
                self.dash_gap_mm,
                "give both or neither",
            )


@checked_class
@dataclasses.dataclass(frozen=True)
class RingText:
    """Text along the ring (any shape: along the inset outline with rounded corners).

    Attributes:
        text: one line, in reading order.
        height_mm: height of the em box.
        radius_mm: half-width of the curve that the glyph tops lie on; None puts it ``gap_mm``
            inside the innermost border.
        gap_mm: see ``radius_mm``.
        arc_deg: angle from the first glyph's start to the last glyph's end; None = natural advance.
        center_deg: clockwise from the top, where the middle of the text stands (180 = bottom).
        direction: "cw" reads clockwise with tops outward; "ccw" reads counter-clockwise with tops
            inward (left to right at the bottom); "ccw_out" has tops outward, right to left.
        font: a font name, system family or path.
        font_role: the prescribed font when ``font`` only stands in for it ("fangsong").
        condense: horizontal scale; None = what fits (at most 1, at least ``max_condense``).
        role: what the text says, one of ROLES.
        max_condense: the strongest condensing that still counts as fitting.
    """

    text: str = label(_TEXT)
    height_mm: float = number(0.3, 60)
    radius_mm: float | None = number(0.5, _SIZE, None, optional=True)
    gap_mm: float = number(0, _SIZE, 0.8)
    arc_deg: float | None = number(1, 360, None, unit="degrees", optional=True)
    center_deg: float = number(-360, 360, 0.0, unit="degrees")
    direction: str = choice(DIRECTIONS, "cw")
    font: str = label(500, "song")
    font_role: str | None = label(100, None, optional=True)
    condense: float | None = number(0.1, 3, None, unit="", optional=True)
    role: str = choice(ROLES, "owner")
    max_condense: float = number(0.1, 1, 0.4, unit="")


@checked_class
@dataclasses.dataclass(frozen=True)
class LineText:
    """A straight line of text, or a column when ``vertical``.

    Attributes:
        text: one line, in reading order.
        height_mm: height of the em box (of each glyph in a column).
        x_mm, y_mm: centre of the line's em box.
        width_mm: the most room along the line; text is condensed to fit it (None = no bound).
        spacing_mm: extra space between glyphs.
        angle_deg: clockwise turn about the centre.
        vertical: a column read from top to bottom.
        font, font_role, condense, role, max_condense: as in RingText.
        spread: letter-space the text up to ``width_mm``.
    """

    text: str = label(_TEXT)
    height_mm: float = number(0.3, 60)
    x_mm: float = number(-_SIZE, _SIZE, 0.0)
    y_mm: float = number(-_SIZE, _SIZE, 0.0)
    width_mm: float | None = number(0.3, _SIZE, None, optional=True)
    spacing_mm: float = number(-5, 50, 0.0)
    angle_deg: float = number(-360, 360, 0.0, unit="degrees")
    vertical: bool = flag(False)
    font: str = label(500, "song")
    font_role: str | None = label(100, None, optional=True)
    condense: float | None = number(0.1, 3, None, unit="", optional=True)
    role: str = choice(ROLES, "purpose")
    max_condense: float = number(0.1, 1, 0.4, unit="")
    spread: bool = flag(False)

    def _check_together(self) -> None:
        """Spreading needs a width."""
        if self.spread and self.width_mm is None:
            fail("LineText", "width_mm", "be given when spread is true", None, "give width_mm")


@checked_class
@dataclasses.dataclass(frozen=True)
class Star:
    """A filled five-pointed star; ``diameter_mm`` of the circle through its tips."""

    diameter_mm: float = number(0.3, _SIZE)
    x_mm: float = number(-_SIZE, _SIZE, 0.0)
    y_mm: float = number(-_SIZE, _SIZE, 0.0)
    angle_deg: float = number(-360, 360, 0.0, unit="degrees")


@checked_class
@dataclasses.dataclass(frozen=True)
class Emblem:
    """A placeholder emblem of invented geometry inside a circle of ``diameter_mm``."""

    kind: str = choice(EMBLEMS)
    diameter_mm: float = number(0.3, _SIZE)
    x_mm: float = number(-_SIZE, _SIZE, 0.0)
    y_mm: float = number(-_SIZE, _SIZE, 0.0)


@checked_class
@dataclasses.dataclass(frozen=True)
class Rule:
    """A straight line from (x0, y0) to (x1, y1) with flat ends."""

    x0_mm: float = number(-_SIZE, _SIZE)
    y0_mm: float = number(-_SIZE, _SIZE)
    x1_mm: float = number(-_SIZE, _SIZE)
    y1_mm: float = number(-_SIZE, _SIZE)
    width_mm: float = number(0.02, 20)

    def _check_together(self) -> None:
        """A rule has a length."""
        if self.x0_mm == self.x1_mm and self.y0_mm == self.y1_mm:
            fail("Rule", "x1_mm", "differ from its start", self.x1_mm, "give another end point")


@checked_class
@dataclasses.dataclass(frozen=True)
class SecurityLine:
    """A fine cut that stays without ink, across border or text.

    Attributes:
        angle_deg: where it stands, clockwise from the top.
        radius_mm: distance of its middle from the seal's centre.
        length_mm, width_mm: its size.
        kind: "radial" points to the centre, "tangential" lies across that.
    """

    angle_deg: float = number(-360, 360, unit="degrees")
    radius_mm: float = number(0, _SIZE)
    length_mm: float = number(0.1, 50, 3.0)
    width_mm: float = number(0.02, 5, 0.15)
    kind: str = choice(_CUT_KINDS, "radial")


def _columns(where: str, name: str, value: Any) -> tuple[int, ...]:
    """Check characters per column: a sequence of 1 to 6 counts of 1 to 8."""
    is_sequence = isinstance(value, tuple | list) and 1 <= len(value) <= 6
    if not is_sequence or not all(type(count) is int and 1 <= count <= 8 for count in value):
        fail(where, name, "be 1 to 6 counts of 1 to 8", value, "give for example columns=(2, 2)")
    return tuple(value)


@checked_class
@dataclasses.dataclass(frozen=True)
class NameGrid:
    """The characters of a private seal, stretched into cells.

    Attributes:
        text: in reading order, spaces not allowed.
        columns: characters in each column, in reading order: (1, 2) = one beside two.
        cut: "zhu" (朱文) inks the glyphs; "bai" (白文) inks the field and leaves the glyphs bare.
        font, font_role: as in RingText.
        margin_mm: distance of the cells from the innermost border (from the edge without one).
        gap_mm: distance between cells.
        right_to_left: the first column stands at the right (false: at the left).
    """

    text: str = label(24)
    columns: tuple[int, ...] = checked(_columns)
    cut: str = choice(CUTS, "zhu")
    font: str = label(500, "song")
    font_role: str | None = label(100, None, optional=True)
    margin_mm: float = number(0, 30, 0.6)
    gap_mm: float = number(0, 30, 0.4)
    right_to_left: bool = flag(True)

    def _check_together(self) -> None:
        """The columns hold the text exactly."""
        if sum(self.columns) != len(self.text) or " " in self.text:
            rule = f"hold the {len(self.text)} characters of {self.text!r} without spaces"
            fail("NameGrid", "columns", rule, self.columns, "let its counts sum to the length")
