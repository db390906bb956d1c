"""Draw the pictures of the README: ``python scripts/make_figures.py docs/images``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from seal2real.drawing import draw
from seal2real.realise.forger import ForgerRealiser, default_weights
from seal2real.realise.run import Realiser
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.seals import preset_names, sample_spec
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample

# Ring, ring text, emblem, centre text, code, line, cut-out; 0 is paper.
_CLASS_COLOURS = np.array(
    [
        (255, 255, 255),
        (214, 69, 65),
        (44, 110, 190),
        (240, 173, 48),
        (60, 150, 90),
        (140, 80, 170),
        (110, 110, 110),
        (0, 0, 0),
    ],
    np.uint8,
)
_STRIP_RECIPE = Recipe(
    count=64,
    seed=7,
    presets=("company", "special_use", "invoice"),
    options={"language": "zh", "cross_page": 0.0},
)
_STRIP_SAMPLES = (2, 14)
_PANEL = 300
_TILE = 190
_PRESET_COLUMNS = 7


_REALISED = Recipe(
    count=64,
    seed=3,
    size="256",
    dpi=160.0,
    presets=("company", "limited_use", "special_use", "invoice"),
    options={"cross_page": 0.0},
)
_REALISED_COLUMNS = 5
# Share of noise that the prior is shown: half leaves the layout to the drawing.
_PROMPT_STRENGTH = 0.5
# Samples of the tiny base: rows of one prompt.
_SAMPLE_COLUMNS = 5
_SAMPLE_STEPS = 40


def main(folder: str) -> None:
    """Write strip, presets, realised, methods, prompts and samples (.jpg) into ``folder``."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    strip_picture().save(out / "strip.jpg", quality=88)
    preset_picture().save(out / "presets.jpg", quality=88)
    realised_picture().save(out / "realised.jpg", quality=90)
    methods_picture().save(out / "methods.jpg", quality=90)
    prompts_picture().save(out / "prompts.jpg", quality=90)
    samples_picture().save(out / "samples.jpg", quality=88)


def strip_picture() -> Image.Image:
    """Return rows of clean page, synthetic, ink mask, classes and text polygons."""
    factory = SampleFactory(_STRIP_RECIPE)
    rows = [_row(factory(index)) for index in _STRIP_SAMPLES]
    return Image.fromarray(np.concatenate(rows))


def _row(sample: Sample) -> NDArray[np.uint8]:
    ink = np.where(sample.mask[..., None] > 0, np.uint8(0), np.uint8(255)).repeat(3, axis=2)
    panels = [
        sample.clean,
        sample.synthetic,
        ink,
        _CLASS_COLOURS[sample.classes],
        _with_polygons(sample),
    ]
    small = [Image.fromarray(panel).resize((_PANEL, _PANEL)) for panel in panels]
    return np.concatenate([np.asarray(panel) for panel in small], axis=1)


def _with_polygons(sample: Sample) -> NDArray[np.uint8]:
    picture = Image.fromarray(sample.synthetic)
    pen = ImageDraw.Draw(picture)
    for seal in sample.record["seals"]:
        for text in seal["texts"]:
            for char in text["chars"]:
                pen.polygon([tuple(p) for p in char["quad"]], outline=(214, 120, 0), width=2)
            pen.polygon([tuple(p) for p in text["polygon"]], outline=(0, 90, 200), width=2)
    return np.asarray(picture)


def preset_picture() -> Image.Image:
    """Return one inked seal of every preset, each in a tile of its own scale."""
    names = preset_names()
    rows = -(-len(names) // _PRESET_COLUMNS)
    sheet = Image.new("RGB", (_PRESET_COLUMNS * _TILE, rows * _TILE), (252, 251, 248))
    for number, name in enumerate(names):
        spec = sample_spec(Rng(4, "figure", number), name)
        seal = Image.fromarray(draw(spec, dpi=300, seed=number).rgba)
        seal.thumbnail((_TILE - 12, _TILE - 12))
        left = number % _PRESET_COLUMNS * _TILE + (_TILE - seal.width) // 2
        top = number // _PRESET_COLUMNS * _TILE + (_TILE - seal.height) // 2
        sheet.paste(seal, (left, top), seal)
    return sheet


def realised_picture() -> Image.Image:
    """Return drawn crops above what the shipped forger makes of them, at native size."""
    return _below_drawn([ForgerRealiser(default_weights())])


def methods_picture() -> Image.Image:
    """Return drawn crops, then a row for each way to realise them with the shipped weights."""
    from seal2real.diffusion.prior import shipped_prior
    from seal2real.realise.diffusion import PROMPTS, DiffusionRealiser

    forgers = [ForgerRealiser(default_weights(), scope) for scope in ("support", "crop")]
    return _below_drawn([*forgers, *(DiffusionRealiser(shipped_prior(), p) for p in PROMPTS)])


def prompts_picture() -> Image.Image:
    """Return drawn crops above the shipped prior's under T_f and under T_r: the paper's Fig. 4."""
    from seal2real.diffusion.prior import shipped_prior
    from seal2real.realise.diffusion import PROMPTS, DiffusionRealiser

    shown = {"strength": _PROMPT_STRENGTH, "steps": _SAMPLE_STEPS}
    return _below_drawn([DiffusionRealiser(shipped_prior(), p, "crop", **shown) for p in PROMPTS])


def _below_drawn(realisers: Sequence[Realiser]) -> Image.Image:
    """Return a row of drawn crops, and below it one of what each realiser makes of them."""
    factory = SampleFactory(_REALISED)
    samples = [factory(index) for index in range(_REALISED_COLUMNS)]
    rows = [np.concatenate([sample.synthetic for sample in samples], axis=1)]
    for realiser in realisers:
        made = [realiser(sample, Rng(0, "figure", k)) for k, sample in enumerate(samples)]
        rows.append(np.concatenate(made, axis=1))
    return Image.fromarray(np.concatenate(rows))


def samples_picture() -> Image.Image:
    """Return samples of the tiny base, a row for each of some prompts."""
    import torch

    from seal2real.diffusion.base import load_base
    from seal2real.diffusion.prompts import embed
    from seal2real.diffusion.sample import sample_images
    from seal2real.training.stages.text_unet import GRID_PROMPTS

    base = load_base("tiny")
    rows = []
    with torch.no_grad():
        for number, prompt in enumerate(GRID_PROMPTS[:3]):
            embedded = embed(base.tokenizer, base.text_encoder, [prompt, ""])
            images = sample_images(
                base.vae,
                base.unet,
                base.scheduler,
                embedded[:1].expand(_SAMPLE_COLUMNS, -1, -1),
                embedded[1:],
                torch.Generator().manual_seed(number),
                steps=_SAMPLE_STEPS,
            )
            rows.append(torch.cat(list(images), 2))
    pixels = (torch.cat(rows, 1) * 255).round().byte().permute(1, 2, 0)
    return Image.fromarray(pixels.numpy())


if __name__ == "__main__":
    main(sys.argv[1])
