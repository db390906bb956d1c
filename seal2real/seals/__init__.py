"""What a seal is: specs, presets, texts, fonts and glyph outlines."""

from __future__ import annotations

from seal2real.seals.corpus import Corpus, FictionalCorpus, open_corpus, owner_split
from seal2real.seals.fonts import MissingGlyph
from seal2real.seals.layout import layout
from seal2real.seals.presets import PRESETS, Preset
from seal2real.seals.sample import sample_preset, sample_spec
from seal2real.seals.spec import (
    Border,
    Emblem,
    LineText,
    NameGrid,
    RingText,
    Rule,
    SealSpec,
    SecurityLine,
    Star,
)

__all__ = [
    "PRESETS",
    "Border",
    "Corpus",
    "Emblem",
    "FictionalCorpus",
    "LineText",
    "MissingGlyph",
    "NameGrid",
    "Preset",
    "RingText",
    "Rule",
    "SealSpec",
    "SecurityLine",
    "Star",
    "default_corpus",
    "layout",
    "open_corpus",
    "owner_split",
    "preset_names",
    "sample_preset",
    "sample_spec",
]


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets."""
    return tuple(PRESETS)


def default_corpus() -> FictionalCorpus:
    """Return the fictional corpus with shares 0.8, 0.1, 0.1."""
    return FictionalCorpus()
