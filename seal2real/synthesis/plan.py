"""Everything random about a sample, drawn before a pixel is touched."""

from __future__ import annotations

from dataclasses import dataclass

from seal2real.seals.spec import SealSpec
from seal2real.synthesis.capture import CaptureParams
from seal2real.synthesis.ink import InkParams
from seal2real.synthesis.place import Group
from seal2real.synthesis.rims import Rim
from seal2real.synthesis.templates import Template
from seal2real.synthesis.warp import Warp

__all__ = ["SamplePlan", "SealPlan", "Stamp", "Window"]

# What can be pressed: a drawn seal, or the user's own cut-out.
Stamp = SealSpec | Template


@dataclass(frozen=True)
class Window:
    """The part of a page that a sample shows, and its size in the sample.

    ``x0 .. y1`` are page pixels (x1 and y1 exclusive; they may reach past the page, which is
    then extended by its edge colour); the part is resampled to ``width`` x ``height`` pixels.
    """

    x0: int
    y0: int
    x1: int
    y1: int
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Sample pixels per page pixel."""
        return self.width / (self.x1 - self.x0)


@dataclass(frozen=True)
class SealPlan:
    """One seal: what it is, where it lies in the sample and how it is inked."""

    stamp: Stamp
    # seal mm -> sample px
    warp: Warp
    # sample px per mm at the seal's centre
    px_per_mm: float
    # clockwise angle of the seal's own up direction, degrees
    angle_deg: float
    ink: InkParams
    # name of the placement rule, e.g. "signature"
    rule: str
    # only this part of the sample is impressed (x0, y0, x1, y1 in sample px); None is all
    clip: tuple[int, int, int, int] | None = None
    # which part of which cross-page seal this is
    group: Group | None = None
    # faint lines round the seal, innermost first
    rims: tuple[Rim, ...] = ()


@dataclass(frozen=True)
class SamplePlan:
    """A whole sample: the window of the page, the seals on it and the capture."""

    window: Window
    seals: tuple[SealPlan, ...]
    capture: CaptureParams
    # whether the page carries the visible mark
    mark: bool = False
