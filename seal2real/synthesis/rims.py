"""Extra rims round an impression: edges of the plate or its holder that touch the paper lightly.

Photosensitive seals leave one or two, self-inking ones one (FACTS: physical cues). A rim runs
parallel to the seal's outline, outside it, in the seal's own ink struck with less contact.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from seal2real.rng import Rng
from seal2real.seals.fit import perimeter
from seal2real.seals.parts import Border
from seal2real.seals.spec import SealSpec
from seal2real.synthesis.ink import InkParams
from seal2real.synthesis.warp import Warp

__all__ = ["Rim", "rim_ink", "rim_stamp", "sample_rims"]

# Share of impressions with rims: most plates are cut or housed so that none shows.
_SHARE = {"self_inking": 0.22, "photosensitive": 0.18}
# Of photosensitive seals with rims, those that have two.
_TWO = 0.3


@dataclass(frozen=True)
class Rim:
    """One rim."""

    # distance between the seal's outer edge and the rim's inner edge, mm
    gap_mm: float
    width_mm: float
    # contact lost against the seal's face, see InkParams.contact
    contact_lost: float
    # share of the seal's strength, 0..1
    strength: float

    @property
    def reach_mm(self) -> float:
        """Distance of its outer edge from the seal's."""
        return self.gap_mm + self.width_mm

    def to_dict(self) -> dict[str, float]:
        """Return the rim as a record holds it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def sample_rims(rng: Rng, spec: SealSpec, kind: str) -> tuple[Rim, ...]:
    """Return the rims, mostly none, that a seal of ink ``kind`` leaves; frameless seals have none."""
    if not spec.borders or not rng.bernoulli(_SHARE.get(kind, 0.0)):
        return ()
    count = 2 if kind == "photosensitive" and rng.bernoulli(_TWO) else 1
    rims: list[Rim] = []
    edge = 0.0
    for _ in range(count):
        rim = Rim(
            gap_mm=edge + rng.uniform(0.35, 0.9),
            width_mm=rng.uniform(0.1, 0.25),
            contact_lost=rng.uniform(0.15, 0.5),
            strength=rng.uniform(0.4, 0.8),
        )
        rims.append(rim)
        edge = rim.reach_mm
    return tuple(rims)


def rim_ink(ink: InkParams, rim: Rim) -> InkParams:
    """Return the ink of a rim: the seal's own, fainter."""
    return replace(
        ink,
        strength=ink.strength * rim.strength,
        contact=max(ink.contact - rim.contact_lost, -2.0),
        rim_amount=0.0,
    )


def rim_stamp(spec: SealSpec, warp: Warp, rim: Rim) -> tuple[SealSpec, Warp]:
    """Return a seal that is the rim of ``spec`` alone, and its warp.

    The rim's outer edge is the outline of ``spec`` moved outwards by ``rim.reach_mm``: half-axes
    grow by it; triangles and rhombi grow about their incentre, which keeps all sides at one
    distance.
    """
    reach = rim.reach_mm
    width, height = spec.width_mm + 2 * reach, spec.height_mm + 2 * reach
    down_mm = 0.0
    if spec.shape in ("triangle", "rhombus"):
        inradius = spec.width_mm * spec.height_mm / perimeter(*_size(spec))
        scale = (inradius + reach) / inradius
        width, height = scale * spec.width_mm, scale * spec.height_mm
        if spec.shape == "triangle":
            # the incentre lies an inradius above the base, and the base at half the height
            down_mm = (spec.height_mm / 2 - inradius) * (1 - scale)
    straight = spec.shape not in ("round", "oval")
    frame = SealSpec(
        "rim",
        spec.shape,
        width,
        height,
        corner_mm=spec.corner_mm + reach if straight else 0.0,
        borders=(Border(rim.width_mm),),
    )
    return frame, _moved_down(warp, down_mm)


def _size(spec: SealSpec) -> tuple[str, float, float]:
    return spec.shape, spec.width_mm, spec.height_mm


def _moved_down(warp: Warp, y_mm: float) -> Warp:
    """Return ``warp`` for a seal whose centre lies ``y_mm`` below the origin."""
    h = warp.h
    moved = (h[0], h[1], h[1] * y_mm + h[2], h[3], h[4], h[4] * y_mm + h[5])
    return Warp((*moved, h[6], h[7], h[7] * y_mm + h[8]), warp.curl)
