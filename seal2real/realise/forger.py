"""Run a forger's ONNX file on seals, without torch.

Bytes repeat on one machine: crops have fixed sizes, run one at a time on one thread, and are
rounded to 8 bits before anything is judged. Workers are processes, so one thread each is also what
is fastest (two threads in one process gave 1.5 times one).
"""

from __future__ import annotations

from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.models.forger_noise import native_size, noise_planes
from seal2real.realise.crops import padded, quantised, realise_seals, require_finite, shares, signed
from seal2real.rng import Rng
from seal2real.synthesis.sample import Sample

__all__ = ["ForgerRealiser", "default_prior", "default_weights", "open_session"]

_OUTPUT = "forged"
_REQUIRED = ("synthetic", "ink", "px_per_mm")
_NOISE = "noise"


def default_weights() -> Path:
    """Return where the shipped forger lies, whether or not it is there."""
    return Path(str(resources.files("seal2real"))) / "weights" / "forger.onnx"


def default_prior() -> Path:
    """Return where the shipped prior lies, whether or not it is there."""
    return Path(str(resources.files("seal2real"))) / "weights" / "prior"


def open_session(path: Path) -> Any:
    """Return the ONNX Runtime session of the forger in ``path``, on one thread of the CPU.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if onnxruntime is not installed.
        ValueError: if the file is no forger.
    """
    if path.is_dir():
        raise FileNotFoundError(
            f"open_session: weights must be an ONNX file, got the folder {path}; name the .onnx "
            "file in it, as `seal2real-train forger` writes weights/forger.onnx"
        )
    if not path.is_file():
        raise FileNotFoundError(
            f"open_session: weights must be an ONNX file, got {path}, which does not exist; "
            "`seal2real-train forger` and `seal2real-export onnx` make one, or realise with "
            "--method traditional"
        )
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(
            "open_session: onnxruntime must be installed to run a forger, got none; "
            "pip install onnxruntime"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its own classes, which have no common base but Exception
        raise ValueError(
            f"open_session: weights must be a readable ONNX file, got {path}: {error}; "
            "export it again with `seal2real-export onnx`"
        ) from error
    _check_names(path, session)
    return session


class ForgerRealiser:
    """Forge the seals of a sample with an ONNX file; also runs the GAN's, which is called alike.

    Args:
        weights: the ONNX file.
        scope: "support" pastes the seals back into the page; "crop" gives the whole image as the
            network has it.
    """

    def __init__(self, weights: Path, scope: str = "support") -> None:
        self.weights = weights
        self.scope = scope

    def __getstate__(self) -> dict[str, Any]:
        # Sessions cannot travel to another process; it opens its own.
        return {"weights": self.weights, "scope": self.scope}

    @cached_property
    def session(self) -> Any:
        """The opened file."""
        return open_session(self.weights)

    @cached_property
    def noise_channels(self) -> int:
        """Planes of noise that the network takes; without any a second try gives the same."""
        inputs = {item.name: item.shape for item in self.session.get_inputs()}
        return int(inputs[_NOISE][1]) if _NOISE in inputs else 0

    def __call__(self, sample: Sample, rng: Rng) -> NDArray[np.uint8]:  # [H, W, 3]
        """Return ``sample`` realised, RGB; ``rng`` draws the noise.

        Raises:
            ValueError: if the sample does not know its coverage.
        """
        return realise_seals(sample, rng, self.scope, self.run)

    def run(
        self,
        page: NDArray[np.uint8],  # [h, w, 3]
        ink: NDArray[np.uint8],  # [h, w]
        px_per_mm: float,
        rng: Rng,
    ) -> NDArray[np.uint8]:  # [h, w, 3]
        """Return the forged ``page``; above 300 dpi only its residual is enlarged.

        Sides are padded to multiples of 64 by repeating the edge.
        """
        height, width = ink.shape
        low_height, low_width, scale = native_size(height, width, px_per_mm)
        image, share = signed(page), shares(ink)
        if (low_height, low_width) == (height, width):
            return quantised(self._infer(image, share, scale, rng), height, width)
        # In float, as training shrinks: rounded to 8 bits the network saw another page.
        shrunk, shrunk_share = (_resized(x, low_width, low_height) for x in (image, share))
        made = self._infer(shrunk, shrunk_share, scale, rng)[:, :low_height, :low_width]
        return quantised(image + _resized(made - shrunk, width, height), height, width)

    def _infer(
        self,
        page: NDArray[np.float32],  # [3, h, w] in [-1, 1]
        ink: NDArray[np.float32],  # [1, h, w] in [0, 1]
        px_per_mm: float,
        rng: Rng,
    ) -> NDArray[np.float32]:  # [3, H, W] in [-1, 1], padded
        page, ink = padded(page), padded(ink)
        feed: dict[str, NDArray[np.float32]] = {
            "synthetic": page[None],
            "ink": ink[None],
            "px_per_mm": np.array([px_per_mm], np.float32),
        }
        if self.noise_channels:
            rows, columns = ink.shape[1:]
            planes = noise_planes(rng, rows, columns, px_per_mm, self.noise_channels)
            feed[_NOISE] = planes[None]
        made: NDArray[np.float32] = self.session.run([_OUTPUT], feed)[0][0]
        return require_finite(made, self.weights)


def _resized(
    planes: NDArray[np.float32], width: int, height: int
) -> NDArray[np.float32]:  # [C, height, width]
    """Return ``planes`` [C, h, w] resized bilinearly, without aliasing where they shrink."""
    size, method = (width, height), Image.Resampling.BILINEAR
    resized = [np.asarray(Image.fromarray(plane).resize(size, method)) for plane in planes]
    return np.stack(resized)


def _check_names(path: Path, session: Any) -> None:
    inputs = {item.name for item in session.get_inputs()}
    outputs = [item.name for item in session.get_outputs()]
    if inputs - {_NOISE} != set(_REQUIRED) or outputs != [_OUTPUT]:
        raise ValueError(
            f"open_session: weights must be a forger with inputs {', '.join(_REQUIRED)} and "
            f"output {_OUTPUT}, got {sorted(inputs)} -> {outputs} in {path}; "
            "export one with `seal2real-export onnx`"
        )
