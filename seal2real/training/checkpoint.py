"""Checkpoints: one safetensors file each, complete under its name or not there at all.

A file holds the trained modules, the optimizers, the stage's own state (running means, …), the
loop's state (position in the data, counts of updates, first values of watched norms), and, as text
in its header, the configuration, the hashes of what the run rests on (base, prior, real images) and
the versions. Random numbers need no state: data, noise and PyTorch's global generators are
functions of (seed, step, rank). Frozen modules are not stored: the base's hash names them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from seal2real.sealdb.files import TEMP_PREFIX, make_folder, sync_folder, write_error
from seal2real.training.errors import CheckpointError
from seal2real.training.tree import pack, unpack, unshare

__all__ = [
    "Checkpoint",
    "check_identity",
    "checkpoint_config",
    "checkpoint_files",
    "load_checkpoint",
    "save_checkpoint",
    "save_tensors",
    "share",
]

FORMAT = 1
_NAME = re.compile(r"step-(\d{9})\.safetensors")
_OS_ERROR = re.compile(r"os error (\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a run needs to go on from a step."""

    # steps done
    step: int
    # modules, optimizers, extra and loop state: a tree of dicts, numbers and tensors
    state: dict[str, Any]
    # what the run rests on, name -> hash
    identity: dict[str, str]
    # configuration of the run, section -> field -> value
    config: dict[str, Any]
    # package -> version
    versions: dict[str, str]


def checkpoint_files(folder: Path) -> list[Path]:
    """Return the finished checkpoints in ``folder``, oldest first; none if there is no folder."""
    found = [path for path in folder.glob("step-*.safetensors") if _NAME.fullmatch(path.name)]
    return sorted(found)


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Write ``checkpoint`` into ``folder``, then remove all but the newest ``keep``.

    The file is synced before it gets its name, so whatever interrupts this leaves the older ones
    as they were.

    Raises:
        WriteError: if the disk refuses; older checkpoints are untouched.
    """
    tensors: dict[str, Tensor] = {}
    header = {
        "format": FORMAT,
        "step": checkpoint.step,
        "state": pack(checkpoint.state, "state", tensors),
        "identity": checkpoint.identity,
        "config": checkpoint.config,
        "versions": checkpoint.versions,
    }
    path = folder / f"step-{checkpoint.step:09d}.safetensors"
    save_tensors(path, tensors, {"seal2real": json.dumps(header)})
    for old in checkpoint_files(folder)[:-keep]:
        old.unlink()
    return path


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file that is complete under ``path`` or not there.

    Raises:
        WriteError: if the disk refuses; a file that was there stays.
    """
    make_folder(path.parent)
    temp = path.with_name(f"{TEMP_PREFIX}{path.name}.{os.getpid()}")
    try:
        save_file(unshare(tensors), temp, dict(metadata))
        with open(temp, "rb+") as file:
            os.fsync(file.fileno())
        share(temp)
        os.replace(temp, path)
        sync_folder(path.parent)
    except (OSError, SafetensorError) as error:
        raise write_error(path, _os_error(error)) from error
    finally:
        temp.unlink(missing_ok=True)


def share(path: Path) -> None:
    """Give a file the permissions of any new file; safetensors lets its owner alone read it."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def _os_error(error: Exception) -> OSError:
    """Return the system's error, which safetensors gives as text only."""
    if isinstance(error, OSError):
        return error
    number = _OS_ERROR.search(str(error))
    if number is None:
        return OSError(0, str(error))
    return OSError(int(number[1]), os.strerror(int(number[1])))


def load_checkpoint(path: Path) -> Checkpoint:
    """Return the checkpoint in the file ``path``, its tensors on the CPU.

    Raises:
        CheckpointError: if the file is no checkpoint, damaged, or of a newer format.
    """
    with _opened(path) as (file, header):
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    return Checkpoint(
        step=header["step"],
        state=unpack(header["state"], tensors),
        identity=header["identity"],
        config=header["config"],
        versions=header["versions"],
    )


def checkpoint_config(path: Path) -> dict[str, Any]:
    """Return the configuration in the file ``path`` without reading its tensors.

    Raises:
        CheckpointError: as :func:`load_checkpoint`.
    """
    with _opened(path) as (_, header):
        config: dict[str, Any] = header["config"]
        return config


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Open a checkpoint; yield the file and its header."""
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get("seal2real")
            if text is None:
                raise _not_a_checkpoint(path, "a file without its header")
            header = json.loads(text)
            if header["format"] != FORMAT:
                raise CheckpointError(
                    f"load_checkpoint: {path} must have format {FORMAT}, got {header['format']}; "
                    f"use the version of seal2real that wrote it: "
                    f"{header['versions'].get('seal2real')}"
                )
            yield file, header
    except SafetensorError as error:
        raise _not_a_checkpoint(path, str(error)) from error


def _not_a_checkpoint(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"load_checkpoint: {path} must be a checkpoint of seal2real-train, got {what}; remove it "
        "to go on from the one before"
    )


def check_identity(checkpoint: Checkpoint, identity: Mapping[str, str], path: Path) -> None:
    """Refuse a checkpoint that rests on another base, prior or set of images.

    Raises:
        CheckpointError: with the first name whose hash differs.
    """
    for name in sorted({*checkpoint.identity, *identity}):
        theirs, ours = checkpoint.identity.get(name, "none"), identity.get(name, "none")
        if theirs != ours:
            raise CheckpointError(
                f"resume: {path} must rest on the same {name}, got a checkpoint made with "
                f"{theirs[:16]} where this run has {ours[:16]}; give the same {name} or another "
                "OUT folder"
            )
