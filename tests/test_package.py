"""The package as a whole: cheap import, public names, versions, and what the wheel holds."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import seal2real

ROOT = Path(__file__).resolve().parent.parent
# Modules and packages that need PyTorch themselves: the extra "train".
EXTRAS = (
    "seal2real.sealdb.torch_dataset",
    "seal2real.diffusion",
    "seal2real.models",
    "seal2real.realise.diffusion",
    "seal2real.training",
)
# Modules below them that the commands read before they need PyTorch.
WITHOUT_TORCH = {
    "seal2real.models",
    "seal2real.models.forger_noise",
    "seal2real.training.data",
    "seal2real.training.data.real_files",
    "seal2real.training",
    "seal2real.training.config",
    "seal2real.training.configfile",
    "seal2real.training.errors",
}
# Importing seal2real must not cost what only some of its users need.
EXPENSIVE = ("torch", "numpy", "PIL", "pyarrow", "pypdfium2", "uharfbuzz", "cv2", "scipy", "triton")


def fresh_python(code: str) -> str:
    """Run ``code`` in a new interpreter at the repository root and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def modules() -> list[str]:
    """Return the names of all modules of the package."""
    found = pkgutil.walk_packages(seal2real.__path__, "seal2real.")
    return sorted(info.name for info in found if not info.name.endswith("__main__"))


def is_extra(name: str) -> bool:
    """Return whether the module ``name`` may need PyTorch."""
    below = any(name == extra or name.startswith(extra + ".") for extra in EXTRAS)
    return below and name not in WITHOUT_TORCH


def test_import_is_cheap() -> None:
    """DESIGN of the package: no torch, no CUDA, no triton and no heavy library at import."""
    code = "import json, sys, seal2real; print(json.dumps(sorted(sys.modules)))"
    loaded = {name.split(".")[0] for name in json.loads(fresh_python(code))}
    assert loaded.isdisjoint(EXPENSIVE), loaded & set(EXPENSIVE)


def test_no_module_of_the_core_needs_an_extra() -> None:
    """Every module imports with the extras hidden: finders refuse them, as if not installed."""
    code = """
import importlib, sys
class Hidden:
    names = {"torch", "cv2", "scipy", "skia", "lmdb", "pycocotools", "webdataset", "datasets",
             "rapidocr_onnxruntime", "onnxruntime", "diffusers", "transformers", "labelme",
             "accelerate", "safetensors", "tensorboard", "onnx", "onnxscript"}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"hidden: {name}", name=name)
sys.meta_path.insert(0, Hidden())
for name in sys.argv[1:]:
    importlib.import_module(name)
print("all", len(sys.argv) - 1)
"""
    names = [name for name in modules() if not is_extra(name)]
    done = subprocess.run(
        [sys.executable, "-c", code, *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["all", str(len(names))]


@pytest.mark.parametrize("name", ["seal2real", *modules()])
def test_public_names_import(name: str) -> None:
    """Every module has a docstring, and every name it lists is there and listed once."""
    if is_extra(name):
        pytest.importorskip("torch")
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert len(set(listed)) == len(listed)
    for public in listed:
        assert hasattr(module, public), f"{name}.__all__ lists {public!r}"
    if module.__file__ and module.__file__.endswith(".py"):
        assert module.__doc__, f"{name} has no docstring"


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == seal2real.__version__


def test_core_dependencies_stay_few_and_torch_is_an_unpinned_extra() -> None:
    """The list is the promise of the README: what `pip install seal2real` brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[<>=\[ ]", item)[0] for item in project["dependencies"]}
    core = "numpy pillow uharfbuzz pypdfium2 pyarrow click tqdm jsonschema tomli-w simplejpeg"
    core += " onnxruntime"  # runs the shipped forger: build is the main job
    assert names == set(core.split())
    extras = project["optional-dependencies"]
    with_torch = {extra for extra, items in extras.items() if any("torch" in i for i in items)}
    assert with_torch == {"train"}
    assert "torch" in extras["train"]
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()


def test_top_level_folders_are_reached_through_symlinks() -> None:
    """A top-level package called kernels would shadow the one that transformers imports."""
    for name in ("kernels", "export"):
        link = ROOT / "seal2real" / name
        assert link.is_symlink()
        assert link.readlink() == Path("..") / name
        assert not (ROOT / name / "__init__.py").exists()


def test_prerequisites_are_named(tmp_path: Path) -> None:
    """With an empty PATH neither compiler nor Python is found, and the remedy is printed."""
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts/check_prerequisites.sh"), "python3"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "missing: g++ python3" in done.stderr
    assert "apt install make g++ python3-dev python3-venv" in done.stderr


def test_setup_finds_the_cmake_of_the_package_index() -> None:
    """`python setup.py build_ext` must not need a system CMake."""
    pytest.importorskip("cmake")
    pytest.importorskip("pybind11")
    code = (
        "import os, setuptools; os.environ['PATH'] = '/nonexistent';"
        "setuptools.setup = lambda **_: None;"
        "import setup; import subprocess;"
        "print(subprocess.run([setup.find_cmake(), '--version'], capture_output=True).returncode)"
    )
    assert fresh_python(code).strip() == "0"


@pytest.mark.slow(seconds=120)
def test_wheel_has_one_top_level_name(tmp_path: Path) -> None:
    """Built from the committed tree; fonts, schema, licence and the native module are inside."""
    for needed in ("setuptools", "pybind11", "cmake"):
        pytest.importorskip(needed)
    tree = tmp_path / "tree"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tree)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", str(tmp_path), str(tree)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("seal2real-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    info = f"seal2real-{seal2real.__version__}.dist-info"
    assert tops == {"seal2real", info}
    assert any(re.fullmatch(r"seal2real/_C\..*\.so", name) for name in names)
    for member in ("fonts/NotoSerifSC-Bold-seal.otf", "fonts/OFL.txt", "sealdb/record.schema.json"):
        assert f"seal2real/{member}" in names
    assert f"{info}/licenses/LICENSE" in names
