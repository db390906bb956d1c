"""The ``seal2real`` command."""

from __future__ import annotations

from seal2real.cli.app import main

__all__ = ["main"]
