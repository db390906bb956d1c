"""Named configurations, and how a TOML file and ``--set a.b=c`` change them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seal2real.training.config import (
    Config,
    DataConfig,
    ForgerConfig,
    GanConfig,
    LoopConfig,
    OptimizerConfig,
    PriorConfig,
)
from seal2real.training.configfile import add_word, choose, from_table, read_toml

__all__ = ["PRESETS", "SD15", "resolve"]

SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
# The paper's optimizer (section 3.2): Adam with a step size of 2e-6.
_PAPER_ADAM = OptimizerConfig(name="adam", lr=2e-6)
_PAPER_ADAM_8BIT = replace(_PAPER_ADAM, name="adam8bit")
# The paper's losses: eq. 3 over all timesteps, eq. 4 on the whole image, long rounds.
_PAPER_LOSSES: dict[str, Any] = {
    "moments_weight": 0.0,
    "prior_loss": "eq3",
    "t_range": (0.0, 1.0),
    "content_weight": 1.0,
    "content_epsilon": 1e-3,
    "content_mask": False,
    "round_forger_steps": 500,
    "round_prior_steps": 500,
}
# Stage 2 as in the paper: warm-up, its losses, everything trained.
_PAPER_STAGE_2 = ForgerConfig(
    **_PAPER_LOSSES,
    steps=3000,
    warmup_steps=500,
    unet="full",
    real_views=768,
    ema_decay=0.999,
    optimizer=OptimizerConfig(name="adam", lr=1e-4),
    prior_optimizer=OptimizerConfig(name="adam", lr=1e-5),
    prompt_optimizer=OptimizerConfig(name="adam", lr=1e-4),
)
_PAPER_STAGE_1 = PriorConfig(
    steps=4000,
    unet="full",
    ema_decay=0.999,
    real_views=768,
    drawn_views=1536,
    prompt_optimizer=OptimizerConfig(name="adam", lr=1e-3),
    unet_optimizer=OptimizerConfig(name="adam", lr=1e-5),
)
_SD15_24GB = Config(
    loop=LoopConfig(device="cuda", precision="bf16", workers=4),
    data=DataConfig(size=512),
    prior=replace(
        _PAPER_STAGE_1,
        base=SD15,
        steps=20_000,
        batch=1,
        accumulate=4,
        ema_device="cpu",
        real_views=8000,
        drawn_views=8000,
        gradient_checkpointing=True,
        prompt_optimizer=_PAPER_ADAM,
        unet_optimizer=_PAPER_ADAM_8BIT,
    ),
    # Distribution matching as on the tiny base: its loss weights are not tried on this one.
    forger=ForgerConfig(
        base=SD15,
        steps=20_000,
        warmup_steps=2000,
        batch=1,
        accumulate=4,
        vgg="vgg19",
        unet="full",
        ema_decay=0.999,
        optimizer=OptimizerConfig(name="adam", lr=1e-4, beta1=0.8),
        width=64,
        max_width=512,
        real_views=8000,
        gradient_checkpointing=True,
        prior_optimizer=_PAPER_ADAM_8BIT,
        prompt_optimizer=_PAPER_ADAM,
    ),
    gan=GanConfig(steps=20_000, batch=1, width=64, max_width=512, critic_width=64, critic_layers=3),
)
_SD15_6GPU = replace(
    _SD15_24GB,
    prior=replace(_SD15_24GB.prior, accumulate=1, unet_optimizer=_PAPER_ADAM),
    forger=replace(
        _SD15_24GB.forger,
        **_PAPER_LOSSES,
        accumulate=1,
        optimizer=_PAPER_ADAM,
        prior_optimizer=_PAPER_ADAM,
    ),
)
PRESETS: dict[str, Config] = {
    "tiny": Config(),
    "dm": Config(),
    "paper": Config(prior=_PAPER_STAGE_1, forger=_PAPER_STAGE_2),
    "sd15-24gb": _SD15_24GB,
    "sd15-6gpu": _SD15_6GPU,
}


def resolve(preset: str = "tiny", file: str = "", sets: tuple[str, ...] = ()) -> Config:
    """Return the configuration: the preset, changed by a TOML file, changed by ``a.b=c`` words.

    Args:
        preset: a key of ``PRESETS``.
        file: path of a TOML file whose tables are the sections; empty reads none.
        sets: words like ``"prior.unet_optimizer.lr=2e-6"``, the last one counts.

    Raises:
        ValueError: if a name is unknown (the nearest is named) or a value has the wrong type or
            range.
        OSError: if the file cannot be read.
    """
    config = choose("resolve", "preset", preset, PRESETS)
    table = read_toml(file) if file else {}
    for word in sets:
        add_word(table, word)
    return from_table(config, table)  # all at once: values may be right only beside each other
