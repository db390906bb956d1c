"""Rules of use (README: training data, not documents)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.realise.rules import check_use
from seal2real.realise.run import Realisation
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory

FORGER = Realisation(weights="0" * 64)
TRADITIONAL = Realisation(method="traditional")


def pages(folder: Path, count: int) -> Path:
    """A folder with ``count`` different scans."""
    folder.mkdir()
    for k in range(count):
        grey = np.full((300, 200, 3), 200 + k, np.uint8)
        Image.fromarray(grey).save(folder / f"{k}.png", dpi=(100, 100))
    return folder


def test_drawn_pages_and_invented_owners_are_free() -> None:
    """The defaults."""
    check_use(SampleFactory(Recipe(count=1)), FORGER)


@pytest.mark.parametrize("option", ["templates", "layout"])
def test_nobody_chooses_which_seal_is_realised_on_which_page(tmp_path: Path, option: str) -> None:
    """Cut-outs of real seals and layouts are for the traditional method only."""
    factory = SampleFactory(Recipe(count=1, **{option: str(tmp_path)}))
    with pytest.raises(ValueError, match=f"--method must be traditional with --{option}"):
        check_use(factory, FORGER)
    check_use(factory, TRADITIONAL)


def test_one_document_is_not_enough(tmp_path: Path) -> None:
    """Seven files are refused, eight are taken; copies of one file are one."""
    few = Recipe(count=1, pages=(str(pages(tmp_path / "few", 7)),))
    with pytest.raises(ValueError, match="--pages must have at least 8 files .* got 7"):
        check_use(SampleFactory(few), FORGER)
    check_use(SampleFactory(few), TRADITIONAL)
    enough = Recipe(count=1, pages=(str(pages(tmp_path / "enough", 8)),))
    check_use(SampleFactory(enough), FORGER)
    copies = pages(tmp_path / "copies", 1)
    for k in range(9):
        (copies / f"copy{k}.png").write_bytes((copies / "0.png").read_bytes())
    with pytest.raises(ValueError, match="got 1"):
        check_use(SampleFactory(Recipe(count=1, pages=(str(copies),))), FORGER)


def test_one_owner_is_not_enough(tmp_path: Path) -> None:
    """A corpus of seven owners, one of them spelt twice."""
    corpus = tmp_path / "owners.txt"
    names = [f"测试{k}有限公司" for k in "甲乙丙丁戊己庚"]
    corpus.write_text("\n".join([*names, names[0]]) + "\n", encoding="utf-8")
    recipe = Recipe(count=1, corpus=str(corpus), split="1,0,0")
    with pytest.raises(ValueError, match="--corpus must have at least 8 owners .* got 7"):
        check_use(SampleFactory(recipe), FORGER)
    corpus.write_text("\n".join([*names, "测试辛有限公司"]) + "\n", encoding="utf-8")
    check_use(SampleFactory(recipe), FORGER)
