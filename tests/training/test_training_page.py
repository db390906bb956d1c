"""docs/training.md: its table is that of the presets, and its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from seal2real.cli.train import main
from seal2real.training.presets import resolve

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_presets() -> None:
    """Made by the script from the presets; when this fails, run scripts/training_table.py."""
    command = [sys.executable, "scripts/training_table.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_what_the_paper_states_is_in_the_table() -> None:
    """Section 3.2: "Adam algorithm with a learning rate of 2e-6", kept by the preset for six GPUs."""
    for name in ("prior.unet_optimizer", "prior.prompt_optimizer", "forger.optimizer"):
        (kind,) = re.findall(rf"\| `{name}.name` \|(.*)\|\n", PAGE)
        (rate,) = re.findall(rf"\| `{name}.lr` \|(.*)\|\n", PAGE)
        assert kind.split("|")[0].strip() == "Adam (3.2)"
        assert kind.split("|")[-1].strip() == "adam"
        assert rate.split("|")[0].strip() == "2e-06 (3.2)"
        assert rate.split("|")[-1].strip() == "2e-06"


def test_commands_and_settings_on_the_page_exist() -> None:
    """Every `seal2real-train X` is a command, every `section.name` in code a setting."""
    named = set(re.findall(r"seal2real-train ([a-z_]+)", PAGE))
    assert named == set(main.commands)
    config = asdict(resolve())
    settings = set(re.findall(r"`(?:--set )?([a-z_]+)\.([a-z_]+)[=`]", PAGE))
    assert len(settings) > 30
    for section, name in settings - {("a", "b")}:
        assert name in config[section], f"{section}.{name}"
