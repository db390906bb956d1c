"""Kinds of procedural documents: each sets one page on a sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seal2real.pages.documents.contract import contract_zh
from seal2real.pages.style import Setting
from seal2real.pages.words import Filler
from seal2real.rng import Rng

__all__ = ["DOCUMENTS", "Document"]


@dataclass(frozen=True)
class Document:
    """A kind of page: how it is set, its share, and the paper it comes on (mm)."""

    kind: str
    language: str
    compose: Callable[[Setting, Rng, Filler], None]
    weight: float
    sizes_mm: tuple[tuple[float, float], ...] = ((210.0, 297.0),)
    tinted: float = 0.06


DOCUMENTS = (Document("contract", "zh", contract_zh, 3.0),)
