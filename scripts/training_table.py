"""Write the table of docs/training.md that compares every setting of every preset with the paper.

Usage: python scripts/training_table.py [--check]
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from seal2real.training.presets import PRESETS  # noqa: E402

PAGE = ROOT / "docs" / "training.md"
START, END = "<!-- table: scripts/training_table.py -->\n", "<!-- end of table -->"
COLUMNS = ("tiny", "sd15-24gb", "sd15-6gpu")
SECTIONS = ("loop", "data", "prior", "forger", "gan")
# How a run is watched; the paper has no words for these, nor has anybody a use for them here.
LEFT_OUT = ("loop.", "data.real", "data.px_per_mm", "data.groups", "data.fold", "data.profile")
KEPT = ("loop.precision",)
NOT_STATED = "not stated"
# What the paper says, with the section; everything else it leaves out.
PAPER = {
    "prior.base": '"the pretrained Stable Diffusion Model" (3.2), width 768 (2.2)',
    "prior.steps": '"until visually pleasing" (2.2)',
    "prior.prompt_steps": "alternating, length not stated (2.2)",
    "prior.unet_steps": "alternating, length not stated (2.2)",
    "prior.real_prompt": "the same (2.2)",
    "prior.fake_prompt": "the same (2.2)",
    "prior.unet": "θ, the UNet (2.2)",
    "prior.min_snr": "plain eq. 1 and 2: 0",
    "prior.prompt_optimizer.name": "Adam (3.2)",
    "prior.prompt_optimizer.lr": "2e-06 (3.2)",
    "prior.unet_optimizer.name": "Adam (3.2)",
    "prior.unet_optimizer.lr": "2e-06 (3.2)",
    "forger.base": "as stage 1",
    "forger.steps": '"until visually pleasing" (2.3)',
    "forger.warmup_steps": "content loss first, length not stated (2.3)",
    "forger.prior_loss": "eq. 3, true gradient (2.3)",
    "forger.content_weight": "w, value not stated (eq. 5)",
    "forger.alpha": "α_l of 5 layers, values not stated (eq. 4)",
    "forger.vgg": '"VGG network" (2.3)',
    "forger.content_mask": "whole image (eq. 4)",
    "forger.content_invariant": "no (eq. 4)",
    "forger.scope": "whole image",
    "forger.round_forger_steps": '"when trained enough" (2.3)',
    "forger.round_prior_steps": "alternating, length not stated (2.3)",
    "forger.min_snr": "plain eq. 6: 0",
    "forger.width": '"a simple network" (2.3)',
    "forger.noise_channels": "none: I_f = f(I_s)",
    "forger.optimizer.name": "Adam (3.2)",
    "forger.optimizer.lr": "2e-06 (3.2)",
    "forger.prior_optimizer.name": "Adam (3.2)",
    "forger.prior_optimizer.lr": "2e-06 (3.2)",
    "forger.prompt_optimizer.name": "Adam (3.2)",
    "forger.prompt_optimizer.lr": "2e-06 (3.2)",
    "gan.steps": '"GAN training", no more (3.3)',
}


def flat(table: dict[str, Any], where: str = "") -> dict[str, Any]:
    """Return nested tables as ``a.b`` -> value."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= flat(value, f"{where}{key}.") if isinstance(value, dict) else {where + key: value}
    return found


def shown(value: Any) -> str:
    """Return a value as the page writes it."""
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("stable-diffusion-v1-5/stable-diffusion-v1-5", "SD 1.5") or "-"


def table() -> str:
    """Return the table as Markdown."""
    presets = [flat(asdict(PRESETS[name])) for name in COLUMNS]
    lines = [f"| setting | paper | {' | '.join(COLUMNS)} |", "|---|---|---|---|---|"]
    for name in presets[0]:
        section = name.partition(".")[0]
        left_out = name.startswith(LEFT_OUT) and name not in KEPT
        if section not in SECTIONS or left_out:
            continue
        values = " | ".join(shown(preset[name]) for preset in presets)
        lines.append(f"| `{name}` | {PAPER.get(name, NOT_STATED)} | {values} |")
    return "\n".join(lines) + "\n"


def main(*words: str) -> int:
    """Write the table, or with --check return 1 where the page has another."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    wanted = before + START + table() + END + after
    if "--check" in words:
        return int(wanted != page)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
