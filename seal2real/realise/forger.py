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
from seal2real.pages.page import MM_PER_INCH
from seal2real.realise.composite import feather, feather_reach_px, paste
from seal2real.rng import Rng
from seal2real.synthesis.sample import Sample

__all__ = ["ForgerRealiser", "default_prior", "default_weights", "open_session"]

Box = tuple[int, int, int, int]

# Sides of what the network sees are multiples of this: a fixed set of sizes.
CROP_STEP = 64
# Page seen round the outermost pixel that can change, px.
_CONTEXT_PX = 16
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
        if sample.coverage is None:
            raise ValueError(
                "ForgerRealiser: sample must have its coverage, got a stored one; draw it again"
            )
        height, width = sample.mask.shape
        px_per_mm = float(sample.record["page"]["dpi"]) / MM_PER_INCH
        if self.scope == "crop":
            return self._forge(sample, (0, 0, width, height), px_per_mm, rng.child("crop", 0))
        forged = sample.synthetic.copy()
        weight = feather(sample.mask > 0, sample.support, px_per_mm)
        reach = feather_reach_px(px_per_mm)
        for number, box in enumerate(seal_boxes(sample, reach)):
            made = self._forge(sample, box, px_per_mm, rng.child("crop", number))
            at = (slice(box[1], box[3]), slice(box[0], box[2]))
            forged[at] = paste(made, sample.synthetic[at], weight[at])
        return forged

    def _forge(
        self, sample: Sample, box: Box, px_per_mm: float, rng: Rng
    ) -> NDArray[np.uint8]:  # [h, w, 3]
        """Return what the network makes of ``box``, seen with some page round it."""
        assert sample.coverage is not None
        height, width = sample.mask.shape
        around = padded_box(box, width, height)
        page = _window(sample.synthetic, around)
        ink = _window(sample.coverage, around)
        made = self.run(page, ink, px_per_mm, rng)
        left, top = box[0] - around[0], box[1] - around[1]
        return made[top : top + box[3] - box[1], left : left + box[2] - box[0]]

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
        if (low_height, low_width) == (height, width):
            return _quantised(self._infer(page, ink, scale, rng))
        size = (low_width, low_height)
        shrunk = np.asarray(Image.fromarray(page).resize(size, Image.Resampling.BILINEAR))
        shrunk_ink = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))
        residual = self._infer(shrunk, shrunk_ink, scale, rng) - _signed(shrunk)
        return _quantised(_signed(page) + _enlarged(residual, width, height))

    def _infer(
        self, page: NDArray[np.uint8], ink: NDArray[np.uint8], px_per_mm: float, rng: Rng
    ) -> NDArray[np.float32]:  # [h, w, 3] in [-1, 1]
        height, width = ink.shape
        pad = ((0, -height % CROP_STEP), (0, -width % CROP_STEP))
        page = np.pad(page, (*pad, (0, 0)), mode="edge")
        ink = np.pad(ink, pad, mode="edge")
        feed: dict[str, NDArray[np.float32]] = {
            "synthetic": np.ascontiguousarray(_signed(page).transpose(2, 0, 1))[None],
            "ink": (ink.astype(np.float32) / np.float32(255.0))[None, None],
            "px_per_mm": np.array([px_per_mm], np.float32),
        }
        if self.noise_channels:
            rows, columns = ink.shape
            planes = noise_planes(rng, rows, columns, px_per_mm, self.noise_channels)
            feed[_NOISE] = planes[None]
        forged = self.session.run([_OUTPUT], feed)[0][0]
        made: NDArray[np.float32] = forged.transpose(1, 2, 0)[:height, :width]
        return made


def seal_boxes(sample: Sample, reach: int) -> list[Box]:
    """Return boxes x0, y0, x1, y1 of what can change within ``reach`` of ink, none overlapping.

    Seals whose boxes meet share one.
    """
    height, width = sample.mask.shape
    boxes: list[Box] = []
    for seal in sample.record["seals"]:
        if seal["bbox"] is None:
            continue
        x0, y0, x1, y1 = (int(value) for value in seal["bbox"])
        box = (
            max(x0 - reach, 0),
            max(y0 - reach, 0),
            min(x1 + reach, width),
            min(y1 + reach, height),
        )
        while met := [other for other in boxes if _meet(box, other)]:
            boxes = [other for other in boxes if other not in met]
            for other in met:
                box = _joined(box, other)
        boxes.append(box)
    return boxes


def padded_box(box: Box, width: int, height: int) -> Box:
    """Return ``box`` with context, its sides multiples of CROP_STEP, inside the image if it fits.

    The box may reach past the right and lower edge of an image that is smaller.
    """
    x0, x1 = _padded_span(box[0], box[2], width)
    y0, y1 = _padded_span(box[1], box[3], height)
    return x0, y0, x1, y1


def _padded_span(start: int, stop: int, limit: int) -> tuple[int, int]:
    length = stop - start + 2 * _CONTEXT_PX
    # A crop need not be larger than the whole image, padded.
    length = min(length + -length % CROP_STEP, limit + -limit % CROP_STEP)
    low = start - (length - (stop - start)) // 2
    low = max(min(low, limit - length), 0)
    return low, low + length


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _joined(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _window(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Return ``box`` of ``image``, as far as it goes."""
    return image[box[1] : box[3], box[0] : box[2]]


def _signed(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return 0..255 as [-1, 1]."""
    scaled: NDArray[np.float32] = image.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return scaled


def _quantised(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return [-1, 1] as 0..255."""
    levels = np.rint((image + np.float32(1)) * np.float32(127.5))
    return np.clip(levels, 0, 255).astype(np.uint8)


def _enlarged(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Return ``plane`` [h, w, 3] enlarged bilinearly."""
    parts = [
        np.asarray(
            Image.fromarray(plane[..., c]).resize((width, height), Image.Resampling.BILINEAR)
        )
        for c in range(plane.shape[2])
    ]
    return np.stack(parts, axis=2)


def _check_names(path: Path, session: Any) -> None:
    inputs = {item.name for item in session.get_inputs()}
    outputs = [item.name for item in session.get_outputs()]
    if inputs - {_NOISE} != set(_REQUIRED) or outputs != [_OUTPUT]:
        raise ValueError(
            f"open_session: weights must be a forger with inputs {', '.join(_REQUIRED)} and "
            f"output {_OUTPUT}, got {sorted(inputs)} -> {outputs} in {path}; "
            "export one with `seal2real-export onnx`"
        )
