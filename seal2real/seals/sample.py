"""Sampling seals: a preset, an owner from a corpus, and the measures in between."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seal2real.rng import Rng
from seal2real.seals.corpus import ENTRY_KEYS, Corpus, Texts, check_entry, open_corpus
from seal2real.seals.fields import nearest, short
from seal2real.seals.fonts import MissingGlyph
from seal2real.seals.layout import layout
from seal2real.seals.presets import PRESETS, Preset, get_preset
from seal2real.seals.spec import SealSpec

__all__ = ["preset_spec", "sample_preset", "sample_spec", "with_font"]

# A text that does not fit or that the font lacks is drawn anew; user corpora may need several.
_MOST_TRIES = 50
_SPEC_FIELDS = tuple(field.name for field in dataclasses.fields(SealSpec))
_SIZES = ("width_mm", "height_mm")
_REPLACEABLE = tuple(name for name in _SPEC_FIELDS if name not in (*_SIZES, "owner", "name"))
_OPTIONS = ("seed", "corpus", "split")


def sample_preset(rng: Rng, names: Sequence[str] | None = None) -> str:
    """Return a preset's name by weight, out of ``names`` (all when None)."""
    presets = [get_preset(name) for name in (PRESETS if names is None else names)]
    return rng.weighted(presets, [preset.weight for preset in presets]).name


def sample_spec(
    rng: Rng,
    preset: str,
    corpus: Corpus | Callable[..., Any] | str | Path | None = None,
    split: str | None = None,
    fonts: Sequence[str] = (),
    **overrides: Any,
) -> SealSpec:
    """Sample a seal of ``preset`` that can be laid out with its fonts.

    Args:
        rng: the stream; the result depends on nothing else.
        preset: a key of PRESETS.
        corpus: where texts come from; None for fictional ones (see ``open_corpus``).
        split: the split that the owner must belong to; None for any.
        fonts: names to draw a font from that stands in for the preset's own; none keeps them.
        **overrides: texts by role, ``width_mm``/``height_mm``, or fields of SealSpec.

    Raises:
        MissingGlyph: a ValueError that names the font and the character it lacks.
        ValueError: unknown preset, override or split; texts that fit no sampled seal.
    """
    chosen = get_preset(preset)
    given, size, fields = _sort_overrides(overrides)
    source = open_corpus(corpus)
    problem: ValueError | None = None
    for attempt in range(_MOST_TRIES):
        stream = rng.child("seal", attempt)
        try:
            spec = _one(stream, chosen, source, split, given, size)
            spec = dataclasses.replace(spec, **fields) if fields else spec
            spec = with_font(spec, stream.child("font").choice(fonts)) if fonts else spec
            layout(spec)
        except ValueError as error:  # text too long, missing glyph, a size that leaves no room
            problem = error
        else:
            return spec
    if isinstance(problem, MissingGlyph):
        raise problem  # it names font and character, which is all that a user can change
    raise ValueError(
        f"sample_spec: preset {preset!r} must be able to hold its texts, got {_MOST_TRIES} misses, "
        f"the last: {problem}; shorten the texts, enlarge the seal or choose another font"
    ) from problem


def with_font(spec: SealSpec, font: str) -> SealSpec:
    """Return ``spec`` with all texts in ``font``; ``font_role`` keeps what was prescribed."""

    def restyled(text: Any) -> Any:
        return dataclasses.replace(text, font=font, font_role=text.font_role or text.font)

    return dataclasses.replace(
        spec,
        ring_texts=tuple(restyled(text) for text in spec.ring_texts),
        lines=tuple(restyled(text) for text in spec.lines),
        name=None if spec.name is None else restyled(spec.name),
    )


def _one(
    rng: Rng,
    preset: Preset,
    corpus: Corpus,
    split: str | None,
    given: dict[str, str],
    size: tuple[float | None, float | None],
) -> SealSpec:
    """Sample one seal without checking that it can be laid out."""
    kind = rng.choice(preset.owners)
    entry = corpus.sample(rng.child("owner"), split, kind) if "owner" not in given else {}
    if kind == "person" and "person" not in entry and "person" not in given:
        # a user's list of owners is a list of persons to a name seal
        entry = {**entry, "person": given.get("owner", entry.get("owner", ""))}
    texts = Texts({**entry, **given}, rng)
    return preset.design(rng.child("design"), texts, size)


def _sort_overrides(
    overrides: dict[str, Any],
) -> tuple[dict[str, str], tuple[float | None, float | None], dict[str, Any]]:
    """Split overrides into texts by role, sizes, and spec fields."""
    known = (*ENTRY_KEYS, *_SIZES, *_REPLACEABLE)
    for key in overrides:
        if key not in known:
            raise ValueError(
                f"SealSpec.preset: unknown override, got {short(key)}; "
                f"{nearest(key, (*known, *_OPTIONS))}"
            )
    texts = {key: value for key, value in overrides.items() if key in ENTRY_KEYS}
    if texts:
        texts = check_entry("SealSpec.preset", {"owner": "-", **texts})
        if "owner" not in overrides:
            del texts["owner"]
    width, height = (_size(name, overrides.get(name)) for name in _SIZES)
    fields = {key: value for key, value in overrides.items() if key in _REPLACEABLE}
    return texts, (width, height), fields


def _size(name: str, value: Any) -> float | None:
    """Check a wanted size before any design computes with it."""
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 5 <= value <= 150:
        raise ValueError(
            f"SealSpec.preset: {name} must be a number from 5 to 150 mm, got {short(value)}; "
            "leave it out for the usual size"
        )
    return float(value)


def preset_spec(name: str, **overrides: Any) -> SealSpec:
    """Return one seal of a preset, fixed by ``seed`` (default 0); see ``SealSpec.preset``."""
    seed = overrides.pop("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise ValueError(
            f"SealSpec.preset: seed must be an integer, got {short(seed)}; give for example seed=1"
        )
    corpus, split = overrides.pop("corpus", None), overrides.pop("split", None)
    return sample_spec(Rng(seed, "preset", get_preset(name).name), name, corpus, split, **overrides)
