"""The run folder: configuration, versions and commit, curves, pictures."""

from __future__ import annotations

import fcntl
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from seal2real import __version__
from seal2real.sealdb.errors import ForeignFolderError
from seal2real.sealdb.files import atomic_write, make_folder

__all__ = ["RunFolder", "versions"]

# Packages whose code reaches a weight.
_PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "numpy", "pillow")


def versions() -> dict[str, str]:
    """Return name -> version of Python and the packages that training rests on."""
    found = {"seal2real": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def commit() -> str:
    """Return the commit of the source tree that runs, "+" if it has changes; "" outside git."""
    here = Path(__file__).resolve().parent
    head = _git(here, "rev-parse", "HEAD")
    if not head:
        return ""
    return head + ("+" if _git(here, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


class RunFolder:
    """Paths and files of one run.

    Attributes:
        path: the folder.
        checkpoints, samples, tensorboard, weights: folders in it; ``weights`` is there when the
            run has finished.
        report: the HTML page of a finished run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.samples = path / "samples"
        self.tensorboard = path / "tensorboard"
        self.weights = path / "weights"
        self.report = path / "report.html"
        self._metrics = path / "metrics.jsonl"

    def describe(self, config_toml: str, stage: str) -> None:
        """Write config.toml and versions.json.

        Raises:
            WriteError: if the disk refuses.
        """
        make_folder(self.path)
        about = {
            "stage": stage,
            "command": sys.argv,
            "commit": commit(),
            "machine": platform.machine(),
            "versions": versions(),
        }
        atomic_write(self.path / "config.toml", config_toml.encode())
        atomic_write(self.path / "versions.json", json.dumps(about, indent=2).encode())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock; the system frees it however the process ends.

        Raises:
            ForeignFolderError: if another run holds it.
            WriteError: if the disk refuses.
        """
        found = self.path.is_dir()
        make_folder(self.path)
        lock = self.path / ".lock"
        with open(lock, "wb") as file:
            try:
                # A record lock: workers, which are forked, do not inherit it as they would flock's.
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError) as error:
                raise ForeignFolderError(
                    f"run_stage: {self.path} must be trained by one run at a time, got another "
                    "that still runs; wait for it or choose another folder"
                ) from error
            try:
                yield
            finally:
                if [*self.path.iterdir()] == [lock]:  # refused before there was anything to keep
                    lock.unlink()
                    if not found:
                        self.path.rmdir()

    def about(self) -> dict[str, Any]:
        """Return what :meth:`describe` wrote into versions.json."""
        found: dict[str, Any] = json.loads((self.path / "versions.json").read_bytes())
        return found

    def rows(self) -> list[dict[str, float]]:
        """Return the rows of curves so far, oldest first; a torn last line is left out."""
        if not self._metrics.exists():
            return []
        rows = []
        for line in self._metrics.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return rows

    def rewind(self, step: int) -> None:
        """Forget rows and pictures of steps after ``step``, which are made again."""
        kept = [json.dumps(row) + "\n" for row in self.rows() if row["step"] <= step]
        atomic_write(self._metrics, "".join(kept).encode(), sync=False)
        for picture in self.samples.glob("*-*.png"):
            if int(picture.stem.rpartition("-")[2]) > step:
                picture.unlink()

    def add_row(self, row: dict[str, float]) -> None:
        """Append one row to the curves."""
        with open(self._metrics, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
