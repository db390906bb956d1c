"""Same recipe, same bytes: workers, lone samples, instruction sets, NumPy and libc dispatch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seal2real import _C
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.synthesis.generate import SampleFactory
from tests.support.trees import differing

RECIPE = Recipe(count=6, seed=11, shard_samples=2)
# Whole pages captured by a phone, with lossless pictures and seals across pages.
PAGES = Recipe(
    count=4,
    seed=12,
    size="page",
    dpi=110.0,
    image_format="png",
    options={"capture": "phone", "cross_page": 0.5},
)
RECIPES = {"crops": RECIPE, "pages": PAGES}
_MAKE = """
import sys
from pathlib import Path
from tests.synthesis.test_determinism import RECIPES, make
make(Path(sys.argv[1]), 1, RECIPES[sys.argv[2]])
"""
# Everything above the x86-64 baseline, switched off in NumPy and in the C library.
_MASKED = {
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL "
    "AVX512_ICL AVX512_SPR",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-FMA,-ERMS",
}


def make(out: Path, workers: int, recipe: Recipe = RECIPE) -> Path:
    """Make the dataset of ``recipe`` in ``out``."""
    run_shards(recipe, SampleFactory(recipe), out, workers=workers, progress=False)
    return out


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset as this process makes it."""
    return make(tmp_path_factory.mktemp("reference") / "db", workers=1)


@pytest.mark.parametrize("workers", [2, 5])
def test_workers_do_not_change_a_byte(reference: Path, tmp_path: Path, workers: int) -> None:
    """Every file of the dataset is compared."""
    assert differing(reference, make(tmp_path / "db", workers)) == []


def test_parts_join_to_the_same_dataset(reference: Path, tmp_path: Path) -> None:
    """--shard 0/2 and 1/2, in the wrong order, complete the same folder."""
    for part in ("1/2", "0/2"):
        report = run_shards(
            RECIPE, SampleFactory(RECIPE), tmp_path / "db", shard=part, progress=False
        )
    assert report.complete
    assert differing(reference, tmp_path / "db") == []


@pytest.fixture(scope="module")
def reference_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whole pages as this process makes them."""
    return make(tmp_path_factory.mktemp("pages") / "db", 1, PAGES)


@pytest.mark.parametrize("isa", _C.isas())
@pytest.mark.parametrize("recipe", list(RECIPES))
def test_instruction_sets_do_not_change_a_byte(
    reference: Path, reference_pages: Path, tmp_path: Path, recipe: str, isa: str
) -> None:
    """Each path is forced in a process of its own."""
    run_elsewhere(tmp_path / "db", recipe, {"SEAL2REAL_ISA": isa})
    expected = reference if recipe == "crops" else reference_pages
    assert differing(expected, tmp_path / "db") == []


def test_masked_processors_do_not_change_a_byte(reference: Path, tmp_path: Path) -> None:
    """NumPy and the C library choose other code on older processors; the bytes stay."""
    run_elsewhere(tmp_path / "db", "crops", {**_MASKED, "SEAL2REAL_ISA": "scalar"})
    assert differing(reference, tmp_path / "db") == []


def run_elsewhere(out: Path, recipe: str, settings: dict[str, str]) -> None:
    """Make the dataset of a named recipe in a new process with environment ``settings``."""
    done = subprocess.run(
        [sys.executable, "-c", _MAKE, str(out), recipe],
        env={**os.environ, **settings},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
