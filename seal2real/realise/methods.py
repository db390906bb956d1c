"""Open the realiser of a method."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seal2real.rng import Rng
from seal2real.synthesis.sample import Sample

if TYPE_CHECKING:
    from seal2real.realise.run import Realisation, Realiser

__all__ = ["engine_versions", "open_realiser", "weights_sha256"]

# Packages that run a method's network, and so decide its bytes.
_ENGINES: dict[str, tuple[str, ...]] = {
    "traditional": (),
    "forger": ("onnxruntime",),
    "gan": ("onnxruntime",),
    "diffusion-fake": ("torch", "diffusers"),
    "diffusion-real": ("torch", "diffusers"),
}


def open_realiser(realisation: Realisation, weights: Path | None) -> Realiser:
    """Return what realises samples as ``realisation`` says.

    Args:
        realisation: method, scope and settings.
        weights: the network's ONNX file, or a prior's folder; None for "traditional".

    Raises:
        FileNotFoundError, ValueError: if the weights are missing or no network of the method.
        ImportError: if what runs them is not installed.
    """
    if realisation.method == "traditional":
        return traditional
    assert weights is not None, "Realisation and CLI see to it"
    if realisation.method in ("forger", "gan"):
        from seal2real.realise.forger import ForgerRealiser

        realiser = ForgerRealiser(weights, realisation.scope)
        _ = realiser.session
        return realiser
    from seal2real.realise.diffusion import DiffusionRealiser

    return DiffusionRealiser(
        weights,
        prompt=realisation.method.removeprefix("diffusion-"),
        scope=realisation.scope,
        **realisation.settings,
    )


def traditional(sample: Sample, rng: Rng) -> NDArray[np.uint8]:
    """Return I_s itself: what drawing and capture alone can do."""
    return sample.synthetic


def engine_versions(method: str) -> dict[str, str]:
    """Return name -> version of what runs the network of ``method``; missing ones are left out."""
    found = {}
    for name in _ENGINES[method]:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # opening the realiser says what to install
    return found


def weights_sha256(path: Path) -> str:
    """Return the sha256 of a file, or of the names and contents of a folder's files together.

    Raises:
        OSError: if it cannot be read.
    """
    import hashlib

    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(item for item in path.rglob("*") if item.is_file()):
        digest.update(file.relative_to(path).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
