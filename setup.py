"""Build ``seal2real._C`` through CMakeLists.txt; everything else is in pyproject.toml."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pybind11
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
NEEDS = "the native module needs a compiler: apt install make g++ python3-dev python3-venv"


def find_cmake() -> str:
    """Return CMake's path: that of the ``cmake`` package where it is installed, else the system's.

    Raises:
        SystemExit: when there is neither.
    """
    try:
        import cmake
    except ImportError:
        found = shutil.which("cmake")
    else:
        found = str(Path(cmake.CMAKE_BIN_DIR) / "cmake")
    if found is None:
        raise SystemExit("build_ext: cmake must be installed, got none; pip install cmake")
    return found


def drop_foreign_cache(build: Path) -> None:
    """Remove a build folder that another checkout configured: CMake refuses to reuse it."""
    cache = build / "CMakeCache.txt"
    if cache.is_file() and f"CMAKE_HOME_DIRECTORY:INTERNAL={ROOT}\n" not in cache.read_text():
        shutil.rmtree(build)


class CMakeBuild(build_ext):
    """Run CMake for the one native extension.

    CMake works below build/temp.*, whatever folder setuptools proposes: an editable install
    proposes a new one each time and would compile everything again.
    """

    def build_extension(self, ext: Extension) -> None:
        """Configure, build and copy ``ext`` to where setuptools expects it."""
        target = Path(self.get_ext_fullpath(ext.name)).resolve()
        build = ROOT / "build" / f"temp.{self.plat_name}-{sys.implementation.cache_tag}"
        drop_foreign_cache(build)
        build.mkdir(parents=True, exist_ok=True)
        run_cmake(build)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside it, then renamed: a process that has the old file mapped keeps it.
        partial = target.with_suffix(".partial")
        shutil.copy2(build / "out" / target.name, partial)
        partial.replace(target)


def run_cmake(build: Path) -> None:
    """Configure and build below ``build``; the module lands in its folder ``out``.

    Raises:
        SystemExit: when CMake fails.
    """
    cmake = find_cmake()
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 1))
    configure = [
        cmake,
        "-S",
        str(ROOT),
        "-B",
        str(build),
        f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={build / 'out'}",
        f"-DPython_EXECUTABLE={sys.executable}",
        f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
    ]
    try:
        subprocess.run(configure, check=True)
        subprocess.run([cmake, "--build", str(build), "-j", jobs], check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"build_ext: {error}; {NEEDS}") from None


setup(ext_modules=[Extension("seal2real._C", sources=[])], cmdclass={"build_ext": CMakeBuild})
