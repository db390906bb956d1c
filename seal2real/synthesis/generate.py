"""From (recipe, index) to a sample: which page, which seals, where, and how they are captured.

Every choice comes from a stream named by the dataset's seed and the sample's index, so any sample
can be made alone and none depends on its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seal2real.pages import BadFile, Page, PagePicker, PageSource, open_pages
from seal2real.pages.files import bad_report
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.splits import parse_fractions, split_of_key
from seal2real.seals import (
    Corpus,
    SealSpec,
    open_corpus,
    preset_names,
    sample_preset,
    sample_spec,
)
from seal2real.seals.fonts import fonts_in, get_font
from seal2real.seals.presets import get_preset
from seal2real.synthesis.choose import (
    Placed,
    choose_capture,
    choose_window,
    cross_page_group,
    plan_seal,
)
from seal2real.synthesis.compose import compose
from seal2real.synthesis.layout_file import LayoutEntry, parse_layout
from seal2real.synthesis.options import PLACEMENT_RULES, Options
from seal2real.synthesis.place import Group, Placement, cross_page_parts, sample_placements
from seal2real.synthesis.plan import SamplePlan, Stamp, Window
from seal2real.synthesis.sample import MAX_SEALS, Sample
from seal2real.synthesis.templates import Template, load_templates, template_splits

if TYPE_CHECKING:
    from seal2real.synthesis.profile import Profile

__all__ = ["SampleFactory"]

# (stream, page, seals, side in px or None) -> the part of the page to show
Frame = Callable[[Rng, Page, list[Placed], int | None], Window]

# Seals on a page that has any, and their shares.
_SEAL_COUNTS = (1, 2, 3)
_SEAL_COUNT_WEIGHTS = (0.74, 0.2, 0.06)


class SampleFactory:
    """Turn sample indices of a recipe into samples.

    Sources are opened on first use, so the factory pickles as its recipe and every worker process
    opens its own.

    Args:
        recipe: what to draw.
        frame: chooses the part of the page that a sample shows, as :func:`choose_window` does for
            every dataset; another one is for samples that are not stored. A module's own function,
            so that it pickles.
    """

    def __init__(self, recipe: Recipe, frame: Frame = choose_window) -> None:
        self.recipe = recipe
        self.options = Options.from_dict(recipe.options)
        self.frame = frame

    def __getstate__(self) -> dict[str, Any]:
        return {"recipe": self.recipe, "options": self.options, "frame": self.frame}

    @cached_property
    def pages(self) -> tuple[PageSource, ...]:
        """The opened page sources."""
        recipe, language = self.recipe, self.options.language
        return tuple(
            open_pages(
                argument,
                dpi=recipe.dpi,
                page_width_mm=recipe.page_width_mm,
                max_pixels=recipe.max_pixels,
                strict=recipe.strict,
                seed=recipe.seed,
                language=language,
            )
            for argument in recipe.pages
        )

    @cached_property
    def corpus(self) -> Corpus:
        """The opened corpus of seal texts."""
        return open_corpus(self.recipe.corpus, fractions=parse_fractions(self.recipe.split))

    @cached_property
    def fonts(self) -> tuple[str, ...]:
        """Names of the fonts that stand in for the presets' own; folders are listed."""
        return tuple(
            name
            for font in self.options.fonts
            for name in (fonts_in(font) if Path(font).is_dir() else [font])
        )

    @cached_property
    def _cutouts(self) -> tuple[tuple[Template, ...], tuple[BadFile, ...]]:
        """The user's cut-outs, and files that are none; both empty without ``templates``."""
        recipe = self.recipe
        if recipe.templates is None:
            return (), ()
        width_mm = self.options.template_width_mm
        return load_templates(Path(recipe.templates), width_mm, strict=recipe.strict)

    @cached_property
    def templates(self) -> dict[str, tuple[Template, ...]]:
        """The user's own cut-outs by split; empty without ``templates`` in the recipe."""
        if self.recipe.templates is None:
            return {}
        return template_splits(self._cutouts[0], parse_fractions(self.recipe.split))

    @property
    def bad(self) -> tuple[BadFile, ...]:
        """Input files that cannot be used."""
        return tuple(file for source in self.pages for file in source.bad) + self._cutouts[1]

    @cached_property
    def layout(self) -> tuple[tuple[LayoutEntry, ...], ...]:
        """The seals of each sample as the user's layout file has them; empty without one.

        Raises:
            ValueError: if the file has fewer samples than the recipe asks for, or there are
                several page sources to count in.
        """
        if self.recipe.layout is None:
            return ()
        entries = parse_layout(Path(self.recipe.layout))
        samples = _layout_samples(entries, self.recipe.pixels is None)
        if len(self.pages) != 1:
            raise ValueError(
                f"SampleFactory: pages must be one source with a layout file, got "
                f"{len(self.pages)}; put the pages into one folder"
            )
        if self.recipe.count > len(samples):
            raise ValueError(
                f"SampleFactory: count must be at most {len(samples)} with {self.recipe.layout}, "
                f"got {self.recipe.count}; add lines to it or lower --count"
            )
        last = max(entry.page for entry in entries)
        if last >= len(self.pages[0]):
            raise ValueError(
                f"SampleFactory: pages of the layout must be below {len(self.pages[0])}, got "
                f"{last}; pages count from 0"
            )
        return samples

    @cached_property
    def profile(self) -> Profile | None:
        """The fitted profile of ink and capture, if the recipe names one."""
        if self.recipe.profile is None:
            return None
        from seal2real.synthesis.profile import Profile

        return Profile.load(Path(self.recipe.profile))

    @cached_property
    def presets(self) -> tuple[str, ...]:
        """The presets to draw from."""
        return self.recipe.presets or preset_names()

    def describe(self) -> list[dict[str, Any]]:
        """Return what dataset.json says of pages and cut-outs, bad files included."""
        described = [source.describe() for source in self.pages]
        usable, bad = self._cutouts
        if usable:
            described.append({"kind": "templates", "count": len(usable), **bad_report(bad)})
        return described

    def check(self) -> None:
        """Open every source, so that bad input is found before anything is drawn.

        Raises:
            ValueError: if a source has nothing usable or a preset is unknown.
        """
        for name in self.presets:
            get_preset(name)
        for font in self.fonts:
            get_font(font)
        _ = self.pages, self.corpus, self.templates, self.profile, self.layout
        for source in self.pages:
            for split in {self.recipe.split_of_shard(shard) for shard in range(self.recipe.shards)}:
                self._picker(source).index(0, split)

    def __call__(self, index: int, attempt: int = 0) -> Sample:
        """Return sample ``index`` of the recipe.

        Later attempts draw other seals, places, ink and capture on the same page; the parts of a
        cross-page seal keep theirs.
        """
        recipe = self.recipe
        rng = Rng(recipe.seed, index)
        if attempt:
            rng = rng.child("attempt", attempt)
        page = self._page(index)
        seals = self._seals(rng, page, index)
        window = self.frame(rng.child("window"), page, seals, recipe.pixels)
        plans = tuple(
            plan_seal(self._seal_rng(rng, k, placed), placed, window, page, self.profile)
            for k, placed in enumerate(seals)
        )
        capture = choose_capture(
            rng.child("capture"), page, self.options.capture, self.profile, window.scale
        )
        header = {
            "id": f"{index:09d}",
            "index": index,
            "split": recipe.split_of(index),
            "seed": [recipe.seed, index, attempt],
            "mode": "page" if recipe.pixels is None else "crop",
        }
        return compose(page, SamplePlan(window, plans, capture, recipe.visible_mark), header)

    def _page(self, index: int) -> Page:
        """Return the page under sample ``index``: a new one every ``page_reuse`` samples."""
        if self.layout:
            return self.pages[0].page(self.layout[index][0].page)
        reuse = self.options.page_reuse
        source = Rng(self.recipe.seed, "source", index // reuse).choice(self.pages)
        return source.page(self._picker(source).index(index, self.recipe.split_of(index)))

    def _picker(self, source: PageSource) -> PagePicker:
        """Return what chooses pages of ``source``, by split where the options ask for it."""
        split_of = None
        if self.options.split_pages:
            split_of = partial(split_of_key, parse_fractions(self.recipe.split))
        return PagePicker(
            source, self.recipe.seed, reuse=self.options.page_reuse, split_of=split_of
        )

    def _seals(self, rng: Rng, page: Page, index: int) -> list[Placed]:
        """Return what is pressed on the page of sample ``index``, and where."""
        split = self.recipe.split_of(index)
        if self.layout:
            return [self._laid(rng, entry, page, split) for entry in self.layout[index]]
        group = cross_page_group(self.recipe, index, self.options.cross_page)
        if group is not None:
            return [self._part(group, page, split)]
        if rng.child("free").bernoulli(self.options.seal_free):
            return []
        count = rng.child("count").weighted(_SEAL_COUNTS, _SEAL_COUNT_WEIGHTS)
        stamps = [self._stamp(rng.child("stamp", k), split) for k in range(count)]
        rules = {rule: PLACEMENT_RULES[rule] for rule in self.options.rules}
        placements = sample_placements(
            rng.child("place"), page, stamps, rules or None, self.options.any_angle
        )
        return [Placed(*pair) for pair in zip(stamps, placements, strict=True)]

    def _laid(self, rng: Rng, entry: LayoutEntry, page: Page, split: str) -> Placed:
        """Return one seal of a layout file."""
        spec = entry.spec
        if isinstance(spec, str):
            stream = rng.child("layout", entry.line)
            spec = sample_spec(stream, spec, corpus=self.corpus, split=split, fonts=self.fonts)
        _require_on_page(entry, spec, page)
        center = (entry.x_mm * page.px_per_mm, entry.y_mm * page.px_per_mm)
        return Placed(spec, Placement(center, entry.angle_deg, "layout"))

    def _part(self, group: Group, page: Page, split: str) -> Placed:
        """Return one page's part of a cross-page seal; all parts draw from the group's stream."""
        block = Rng(self.recipe.seed, "group", int(group.id))
        stamp = self._stamp(block.child("stamp"), split)
        parts = cross_page_parts(block.child("place"), page, stamp, group.of, group.id)
        return Placed(stamp, parts[group.part])

    def _seal_rng(self, rng: Rng, number: int, placed: Placed) -> Rng:
        """Return the stream of one impression; the parts of a cross-page seal share theirs."""
        group = placed.placement.group
        if group is None:
            return rng.child("seal", number)
        return Rng(self.recipe.seed, "group", int(group.id), "seal")

    def _stamp(self, rng: Rng, split: str) -> Stamp:
        """Return a drawn seal, or one of the split's cut-outs where the recipe has cut-outs."""
        if self.templates:
            return rng.choice(self.templates[split])
        preset = sample_preset(rng.child("preset"), self.presets)
        return sample_spec(rng, preset, corpus=self.corpus, split=split, fonts=self.fonts)


def _require_on_page(entry: LayoutEntry, spec: SealSpec, page: Page) -> None:
    """Refuse a seal that no turn brings onto the page: its sample would lack it silently."""
    reach = math.hypot(spec.width_mm, spec.height_mm) / 2
    width, height = page.size_mm
    if -reach < entry.x_mm < width + reach and -reach < entry.y_mm < height + reach:
        return
    raise ValueError(
        f"layout line {entry.line}: the seal must lie on page {entry.page} of "
        f"{width:.0f} x {height:.0f} mm, got its centre at {entry.x_mm:g}, {entry.y_mm:g}; "
        "x_mm and y_mm count from the page's top left corner"
    )


def _layout_samples(
    entries: tuple[LayoutEntry, ...], pages: bool
) -> tuple[tuple[LayoutEntry, ...], ...]:
    """Return the seals of each sample: a sample a page, or a crop a seal with its own first."""
    by_page: dict[int, list[LayoutEntry]] = {}
    for entry in entries:
        by_page.setdefault(entry.page, []).append(entry)
    for page, group in by_page.items():
        if pages and len(group) > MAX_SEALS:
            raise ValueError(
                f"layout: page {page} must have at most {MAX_SEALS} seals, got {len(group)}; "
                "a mask has a bit a seal"
            )
    if pages:
        return tuple(tuple(group) for group in by_page.values())
    return tuple(
        (entry, *(other for other in by_page[entry.page] if other is not entry))
        for entry in entries
    )
