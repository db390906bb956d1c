"""Settings of generation beside the recipe's own fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["ANY_ANGLE", "CAPTURES", "LANGUAGES", "PLACEMENT_RULES", "Options"]

CAPTURES = ("auto", "none", "scanner", "photocopier", "fax", "phone")
LANGUAGES = ("zh", "en", "both")
# What places seals (see `seal2real.synthesis.place`): share of each rule for the first seal of a page
# that offers all of them.
PLACEMENT_RULES: Mapping[str, float] = {
    "signature": 5.0,
    "date": 4.0,
    "text": 2.5,
    "title": 0.4,
    "table": 1.5,
    "corner": 0.8,
    "blank": 0.6,
    "anywhere": 0.5,
}
# Share of hand-pressed seals that stand any way round.
ANY_ANGLE = 0.025


@dataclass(frozen=True)
class Options:
    """What a recipe's ``options`` may hold, with defaults.

    Raises:
        ValueError: if a field breaks the rule stated above it.
    """

    # "auto" draws a kind that suits the page source; otherwise one of CAPTURES
    capture: str = "auto"
    # language of procedural pages: "zh", "en" or "both"
    language: str = "both"
    # share of pages without any seal, 0..1
    seal_free: float = 0.06
    # share of four-sample blocks that carry one seal across their pages, 0..1
    cross_page: float = 0.04
    # share of seals pressed any way round, 0..1; the others stand upright, more or less, as those
    # of a layout file and across pages always do
    any_angle: float = ANY_ANGLE
    # those of PLACEMENT_RULES that place seals; none keeps them all
    rules: tuple[str, ...] = ()
    # consecutive samples that share a page, at least 1
    page_reuse: int = 1
    # whether no page file may serve two splits; needs page files for every split
    split_pages: bool = False
    # fonts of drawn seals: names, files or folders; none keeps the presets' own
    fonts: tuple[str, ...] = ()
    # width of template cut-outs, mm; None reads each file's resolution
    template_width_mm: float | None = None

    def __post_init__(self) -> None:
        for name in ("seal_free", "cross_page", "any_angle"):
            share = getattr(self, name)
            if not 0.0 <= share <= 1.0:
                raise ValueError(
                    f"Options: {name} must be in 0..1, got {share}; give it as a share"
                )
        if self.page_reuse < 1:
            raise ValueError(
                f"Options: page_reuse must be at least 1, got {self.page_reuse}; "
                "1 takes a new page for every sample"
            )
        for name, choices in (("capture", CAPTURES), ("language", LANGUAGES)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Options: {name} must be one of {', '.join(choices)}, "
                    f"got {getattr(self, name)!r}; choose one of them"
                )
        unknown = sorted(set(self.rules) - set(PLACEMENT_RULES))
        if unknown:
            raise ValueError(
                f"Options: rules must be among {', '.join(PLACEMENT_RULES)}, got {unknown[0]!r}; "
                "check its spelling"
            )
        if self.template_width_mm is not None and not 0 < self.template_width_mm <= 200:
            raise ValueError(
                "Options: template_width_mm must be above 0 and at most 200, "
                f"got {self.template_width_mm}; give the cut-out's width in millimetres"
            )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Options:
        """Return the options that a recipe holds.

        Raises:
            ValueError: if a key is unknown or a value breaks its rule.
        """
        names = [item.name for item in fields(cls)]
        unknown = sorted(set(data) - set(names))
        if unknown:
            raise ValueError(
                f"Options: options must be among {', '.join(names)}, got {unknown[0]!r}; "
                "check its spelling"
            )
        lists = {name: tuple(data.get(name, ())) for name in ("fonts", "rules")}
        return cls(**{**data, **lists})
