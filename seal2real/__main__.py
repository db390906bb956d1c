"""``python -m seal2real`` is the ``seal2real`` command."""

from __future__ import annotations

from seal2real.cli import main

if __name__ == "__main__":
    main(prog_name="seal2real")
