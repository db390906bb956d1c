"""The Python face of synthesis: seals onto one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.pages.page import Page
from seal2real.rng import Rng
from seal2real.seals.spec import SealSpec
from seal2real.synthesis.choose import Placed, choose_capture, choose_window, plan_seal
from seal2real.synthesis.compose import compose
from seal2real.synthesis.place import Placement, sample_placements
from seal2real.synthesis.plan import SamplePlan
from seal2real.synthesis.sample import Sample

__all__ = ["PlacedSeal", "synthesise"]


@dataclass(frozen=True)
class PlacedSeal:
    """A seal and the place where the caller wants it.

    ``x_mm`` and ``y_mm`` are its centre from the page's top-left corner; ``angle_deg`` is
    clockwise.
    """

    spec: SealSpec
    x_mm: float
    y_mm: float
    angle_deg: float = 0.0


def synthesise(
    page: Page | Image.Image | NDArray[np.uint8],
    seals: Sequence[SealSpec | PlacedSeal],
    *,
    seed: int = 0,
    dpi: float = 200.0,
    size: int | None = None,
    capture: str = "none",
) -> Sample:
    """Press ``seals`` onto ``page`` and return both pictures with every label.

    Args:
        page: a :class:`Page`, a Pillow image, or uint8 [H, W, 3] RGB.
        seals: what to press; a bare :class:`SealSpec` is placed by a rule that suits the page, a
            :class:`PlacedSeal` lies where it says. At most eight.
        seed: of ink, placement and capture; the same seed gives the same bytes.
        dpi: resolution of ``page`` where it is a picture; ignored for a :class:`Page`.
        size: side in pixels of a square crop round the first seal; None keeps the whole page.
        capture: "none", "scanner", "photocopier", "fax", "phone", or "auto".

    Raises:
        TypeError: if ``seals`` is one seal.
        ValueError: if ``size`` is below 1, ``dpi`` is not positive, the picture is not RGB, or
            there are more than eight seals.

    Example:
        >>> sample = synthesise(page, [SealSpec.preset("company")], seed=1)
        >>> sample.mask.shape == sample.synthetic.shape[:2]
        True
    """
    if isinstance(seals, (SealSpec, PlacedSeal)):
        raise TypeError("synthesise: seals must be a list, got one seal; write [seal]")
    if size is not None and size < 1:
        raise ValueError(f"synthesise: size must be at least 1 px, got {size}; None keeps the page")
    paper = page if isinstance(page, Page) else Page.from_array(np.asarray(page), dpi)
    rng = Rng(seed, "synthesise")
    placed = _place(rng.child("place"), paper, seals)
    window = choose_window(rng.child("window"), paper, placed, size)
    plans = tuple(
        plan_seal(rng.child("seal", k), item, window, paper, None) for k, item in enumerate(placed)
    )
    settings = choose_capture(rng.child("capture"), paper, capture, None, window.scale)
    header = {
        "id": "000000000",
        "index": 0,
        "split": "train",
        "seed": [seed, 0, 0],
        "mode": "page" if size is None else "crop",
    }
    return compose(paper, SamplePlan(window, plans, settings), header)


def _place(rng: Rng, page: Page, seals: Sequence[SealSpec | PlacedSeal]) -> list[Placed]:
    """Return every seal with its place: the caller's, or one drawn by rule."""
    free = [seal for seal in seals if isinstance(seal, SealSpec)]
    sizes = [(spec.width_mm, spec.height_mm) for spec in free]
    drawn = iter(sample_placements(rng, page, sizes) if sizes else ())
    px_per_mm = page.px_per_mm
    return [
        Placed(seal, next(drawn))
        if isinstance(seal, SealSpec)
        else Placed(
            seal.spec,
            Placement((seal.x_mm * px_per_mm, seal.y_mm * px_per_mm), seal.angle_deg, "user", None),
        )
        for seal in seals
    ]
