"""Seal2Real: labelled seal data for document AI.

Names are loaded on first use, so that ``import seal2real`` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seal2real.drawing import draw
    from seal2real.sealdb.reader import SealDB
    from seal2real.seals.spec import SealSpec
    from seal2real.synthesis.api import PlacedSeal, synthesise

__version__ = "0.1.0"

__all__ = ["PlacedSeal", "SealDB", "SealSpec", "__version__", "draw", "synthesise"]

_HOMES = {
    "PlacedSeal": "seal2real.synthesis.api",
    "SealDB": "seal2real.sealdb.reader",
    "SealSpec": "seal2real.seals.spec",
    "draw": "seal2real.drawing",
    "synthesise": "seal2real.synthesis.api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'seal2real' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
