"""Same recipe, same bytes: workers, lone samples, instruction sets, NumPy and libc dispatch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seal2real import _C
from seal2real.sealdb.encode import encode_sample
from seal2real.sealdb.provenance import Provenance
from seal2real.sealdb.reader import SealDB
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import run_shards
from seal2real.synthesis.fit import measure_folder
from seal2real.synthesis.generate import SampleFactory
from tests.support.inputs import make_inputs
from tests.support.trees import differing

NAMES = ("crops", "pages", "pdf", "cut-outs")
_MAKE = """
import sys
from pathlib import Path
from tests.synthesis.test_determinism import make, recipes, require_masked
require_masked(sys.argv[4].split())
make(Path(sys.argv[1]), 1, recipes(Path(sys.argv[3]))[sys.argv[2]])
"""
# All that NumPy dispatches to above its baseline: by level since 2.4, by feature before. Names of
# the other kind are ignored with a warning.
_NUMPY_LEVELS = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"
_NUMPY_FEATURES = "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL"
# Changes exp, log, sin and pow of both: a dataset that used any of them would differ.
MASKS = {
    "numpy": {"NPY_DISABLE_CPU_FEATURES": f"{_NUMPY_LEVELS} {_NUMPY_FEATURES}"},
    "libc": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F,-FMA,-FMA4,-ERMS"},
    # The library of NumPy's matrix products; its kernels sum in orders of their own.
    "blas": {"OPENBLAS_CORETYPE": "Nehalem"},
}


def recipes(inputs: Path) -> dict[str, Recipe]:
    """Return the recipes by name; ``inputs`` holds the user's files."""
    return {
        "crops": Recipe(count=6, seed=11, shard_samples=2),
        # Captured by a phone, with lossless pictures and seals across pages.
        "pages": Recipe(
            count=4,
            seed=12,
            size="page",
            dpi=110.0,
            image_format="png",
            options={"capture": "phone", "cross_page": 0.5},
        ),
        "pdf": Recipe(
            count=4,
            seed=13,
            pages=(str(inputs / "pages.pdf"),),
            profile=str(inputs / "profile.toml"),
        ),
        "cut-outs": Recipe(
            count=4,
            seed=14,
            pages=(str(inputs / "scans"),),
            templates=str(inputs / "cut-outs"),
            size="page",
            split="1,0,0",
        ),
    }


def make(out: Path, workers: int, recipe: Recipe) -> Path:
    """Make the dataset of ``recipe`` in ``out``, and measure the images of its profile again."""
    run_shards(recipe, SampleFactory(recipe), out, workers=workers, progress=False)
    if recipe.profile is not None:
        # to the last bit: a profile rounds, and would hide what differs
        measured = measure_folder(Path(recipe.profile).parent / "photos")
        (out / "measured.txt").write_text("\n".join(map(repr, measured)))
    return out


def require_masked(levels: list[str]) -> None:
    """Raise unless NumPy runs without ``levels``; a mask without effect tests nothing."""
    from numpy._core._multiarray_umath import __cpu_features__ as features

    left = [level for level in levels if features.get(level)]
    assert not left, f"NumPy still uses {left}"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's files; recipes keep their paths, so every dataset uses the same."""
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def references(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The datasets as this process makes them."""
    folder = tmp_path_factory.mktemp("reference")
    return {name: make(folder / name, 1, recipe) for name, recipe in recipes(inputs).items()}


@pytest.mark.parametrize("workers", [2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_workers_do_not_change_a_byte(
    references: dict[str, Path], inputs: Path, tmp_path: Path, name: str, workers: int
) -> None:
    """Every file of the dataset is compared."""
    made = make(tmp_path / "db", workers, recipes(inputs)[name])
    assert differing(references[name], made) == []


@pytest.mark.parametrize("name", NAMES)
def test_parts_join_to_the_same_dataset(
    references: dict[str, Path], inputs: Path, tmp_path: Path, name: str
) -> None:
    """--shard 1/2, and then the whole: half is resumed, half is made."""
    recipe = recipes(inputs)[name]
    run_shards(recipe, SampleFactory(recipe), tmp_path / "db", shard="1/2", progress=False)
    assert differing(references[name], make(tmp_path / "db", 1, recipe)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_alone_is_the_same(references: dict[str, Path], inputs: Path, name: str) -> None:
    """Last first, each by a factory that has seen no other: the files of the archive."""
    recipe = recipes(inputs)[name]
    for stored in reversed(SealDB(references[name])[:]):
        sample = SampleFactory(recipe)(stored.index)
        provenance = Provenance(recipe.dataset_id)
        _, files = encode_sample(sample, recipe.image_format, recipe.quality, provenance)
        assert sorted(files) == sorted(stored.members)
        assert [suffix for suffix in files if files[suffix] != stored.data(suffix)] == []


@pytest.mark.parametrize("isa", _C.isas())
@pytest.mark.parametrize("name", NAMES)
def test_instruction_sets_do_not_change_a_byte(
    references: dict[str, Path], inputs: Path, tmp_path: Path, name: str, isa: str
) -> None:
    """Each path is forced in a process of its own."""
    run_elsewhere(tmp_path / "db", name, inputs, {"SEAL2REAL_ISA": isa})
    assert differing(references[name], tmp_path / "db") == []


@pytest.mark.parametrize("mask", [*MASKS, "all"])
@pytest.mark.parametrize("name", NAMES)
def test_masked_processors_do_not_change_a_byte(
    references: dict[str, Path], inputs: Path, tmp_path: Path, name: str, mask: str
) -> None:
    """NumPy, libc and BLAS choose other code on older processors; our own stays as it is.

    "all" masks everything and forces our scalar path too, as on the oldest processor.
    """
    settings = MASKS.get(mask) or {k: v for part in MASKS.values() for k, v in part.items()}
    isa = {"SEAL2REAL_ISA": "scalar"} if mask == "all" else {}
    run_elsewhere(tmp_path / "db", name, inputs, {**settings, **isa})
    assert differing(references[name], tmp_path / "db") == []


def run_elsewhere(out: Path, name: str, inputs: Path, settings: dict[str, str]) -> None:
    """Make the dataset of a named recipe in a new process with environment ``settings``."""
    masked = _NUMPY_LEVELS if "NPY_DISABLE_CPU_FEATURES" in settings else ""
    done = subprocess.run(
        [sys.executable, "-c", _MAKE, str(out), name, str(inputs), masked],
        env={**os.environ, **settings},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
