"""Seal2Real: labelled seal data for document AI."""

from __future__ import annotations

__version__ = "0.1.0"
