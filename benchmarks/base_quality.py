"""What a base's VAE keeps: PSNR against a PCA of equal latent size, and what an OCR still reads.

Held-out images only: drawn crops of owners that training never draws, and photographs named by
``--held-out``. The PCA is fitted to drawn crops of the training split and to the other photographs.

    python -m benchmarks.base_quality --base tiny --real DIR --held-out 'cc_006*' --ocr 400
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks.common import machine, versions
from benchmarks.ocr_truth import Reader, open_reader, padded, plain, right_characters
from seal2real.diffusion.base import tiny_folder
from seal2real.diffusion.pca import PatchPca, fit_patch_pca
from seal2real.sealdb.unwrap import unwrap
from seal2real.training.data.drawn import DrawnStream
from seal2real.training.data.photos import PhotoCrops, find_photos

__all__ = ["Errors", "main", "ocr_loss", "psnr_rows", "readable_texts"]

# Real images have a rim whose colours are a neighbour's (JPEG), px.
_BORDER = 6
# Images that the PCA is fitted to, of each kind.
_PCA_CROPS = 256
_SIZE = 256
# Whole seals of 40 mm at up to 11.8 px per mm.
_OCR_SIZE = 512
# Ranges of scale that are told apart, px per mm.
_OCR_SCALES = ((4.0, 6.0), (6.0, 9.0), (9.0, 12.0))
# Strips lower than this are not read even before coding.
_LEAST_STRIP_PX = 12
# Sets of crops drawn anew for an interval.
_RESAMPLES = 2000

Coder = Callable[[Tensor], Tensor]


@dataclass
class Errors:
    """Squared errors of images in [-1, 1], and the PSNR in dB they mean (peak 2)."""

    total: float = 0.0
    values: int = 0
    mean_db: float = 0.0
    images: int = 0

    def add(self, output: Tensor, image: Tensor) -> None:
        """Count one image [1, 3, H, W]; outputs are clipped and rounded as a file would be."""
        rounded = ((output.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
        error = (rounded - image).double().square()
        self.total += float(error.sum())
        self.values += error.numel()
        self.mean_db += _decibels(float(error.mean()))
        self.images += 1

    def row(self) -> dict[str, float]:
        """Return the PSNR of all pixels together, and the mean of the images' own."""
        pooled = _decibels(self.total / self.values)
        return {"psnr": round(pooled, 3), "psnr_mean": round(self.mean_db / self.images, 3)}


def psnr_rows(
    coders: dict[str, Coder], kinds: dict[str, Iterator[NDArray[np.uint8]]]
) -> list[dict[str, Any]]:
    """Return a row per kind of image and coder."""
    rows = []
    for kind, images in kinds.items():
        errors = {name: Errors() for name in coders}
        for pixels in images:
            image = _tensor(pixels)
            for name, coder in coders.items():
                errors[name].add(coder(image), image)
        rows += [
            {"images": kind, "coder": name, "count": found.images, **found.row()}
            for name, found in errors.items()
        ]
    return rows


def ocr_loss(coder: Coder, count: int, reader: Reader, seed: int = 0) -> list[dict[str, Any]]:
    """Return the share of ring and line characters read before and after coding, in percent.

    A row over all crops, then one per range of scale (px per mm). ``interval`` holds 90 % of the
    losses of crops drawn anew from these (bootstrap): of 40 crops it is about 3 points wide.

    Args:
        coder: image to image.
        count: drawn crops that hold whole seals.
        reader: reads one strip.
        seed: names the crops.
    """
    stream = DrawnStream(_OCR_SIZE, seed=seed, split="test", seal_free=0.0, page_reuse=1)
    scales: list[float] = []
    # characters, those right before and after, a crop
    counts: list[NDArray[np.int64]] = []
    for number in range(count):
        sample = stream.sample(number)
        coded = _pixels(coder(_tensor(sample.synthetic)))
        found = np.zeros(3, np.int64)
        for text in readable_texts(sample.record):
            right = [
                right_characters(text["text"], reader(padded(unwrap(image, text["polygon"]).image)))
                for image in (sample.synthetic, coded)
            ]
            found += (len(plain(text["text"])), *right)
        if found[0]:
            scales.append(sample.record["page"]["dpi"] / 25.4)
            counts.append(found)
    rows = [_ocr_row("all", counts)]
    for low, high in _OCR_SCALES:
        part = [row for row, scale in zip(counts, scales, strict=True) if low <= scale < high]
        rows += [_ocr_row(f"{low:g} to {high:g}", part)] if part else []
    return rows


def _ocr_row(scale: str, counts: Sequence[NDArray[np.int64]]) -> dict[str, Any]:
    by_crop = np.stack(counts)
    total, before, after = by_crop.sum(axis=0).tolist()
    again = np.random.default_rng(0).integers(0, len(by_crop), (_RESAMPLES, len(by_crop)))
    sums = by_crop[again].sum(axis=1)
    low, high = np.percentile(100.0 * (sums[:, 1] - sums[:, 2]) / sums[:, 0], (5, 95))
    return {
        "px_per_mm": scale,
        "crops": len(by_crop),
        "characters": total,
        "before": round(100.0 * before / total, 2),
        "after": round(100.0 * after / total, 2),
        "loss_points": round(100.0 * (before - after) / total, 2),
        "interval": [round(float(low), 2), round(float(high), 2)],
    }


def readable_texts(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the ring and line texts of the seals that lie inside the crop."""
    width, height = record["page"]["width"], record["page"]["height"]
    for seal in record["seals"]:
        for text in seal["texts"]:
            polygon = np.asarray(text["polygon"])
            half = len(polygon) // 2
            high = np.linalg.norm(polygon[0] - polygon[-1])
            inside = (polygon >= 0).all() and (polygon <= (width, height)).all()
            straight = text["direction"] not in ("column", "grid", "ccw_out")
            if inside and straight and high >= _LEAST_STRIP_PX and half >= 2:
                yield text


def drawn(split: str, count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Yield ``count`` drawn crops [H, W, 3] of the scales of training."""
    stream = DrawnStream(_SIZE, seed=seed, split=split, page_reuse=1)
    for number in range(count):
        yield stream.sample(number).synthetic


def photographs(files: tuple[Path, ...], *, enlarged: bool) -> Iterator[NDArray[np.uint8]]:
    """Yield photographs without their rim: as they are, or enlarged to 256 px; sides 8 n."""
    for path in files:
        with Image.open(path) as image:
            rgb = image.convert("RGB")
        rgb = rgb.crop((_BORDER, _BORDER, rgb.width - _BORDER, rgb.height - _BORDER))
        if enlarged:
            rgb = rgb.resize((_SIZE, _SIZE), Image.Resampling.BICUBIC)
        pixels = np.asarray(rgb)
        yield pixels[: pixels.shape[0] // 8 * 8, : pixels.shape[1] // 8 * 8]


def fit_pca(folder: Path | None, held_out: tuple[str, ...], channels: int) -> PatchPca:
    """Return the PCA of training images, patches of 8 x 8."""
    crops = [np.ascontiguousarray(c.transpose(2, 0, 1)) for c in drawn("train", _PCA_CROPS, 1)]
    if folder is not None:
        photos = PhotoCrops((folder,), _SIZE, leave_out=held_out)
        crops += [photos[i] for i in range(_PCA_CROPS)]
    return fit_patch_pca(torch.from_numpy(np.stack(crops)).float() / 127.5 - 1.0, 8, channels)


def vae_coder(folder: Path) -> tuple[AutoencoderKL, Coder]:
    """Return the VAE in ``folder`` and what it makes of an image, by its posterior's mean."""
    vae = AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).eval()

    @torch.no_grad()
    def coder(image: Tensor) -> Tensor:
        output: Tensor = vae.decode(vae.encode(image).latent_dist.mean).sample
        return output

    return vae, coder


def _tensor(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None].float() / 127.5 - 1.0


def _pixels(image: Tensor) -> NDArray[np.uint8]:
    rounded = ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte()
    return np.ascontiguousarray(rounded.permute(1, 2, 0).numpy())


def _decibels(error: float) -> float:
    return -10.0 * math.log10(max(error, 1e-9) / 4.0)


def main() -> None:
    """Read the command line, measure, print a JSON line a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="tiny", help="folder of a base, or tiny")
    parser.add_argument("--vae", type=Path, help="folder of a VAE alone")
    parser.add_argument("--real", type=Path, help="folder of photographs")
    parser.add_argument("--held-out", action="append", default=[], help="names to test on")
    parser.add_argument("--count", type=int, default=64, help="drawn crops")
    parser.add_argument("--ocr", type=int, default=0, metavar="CROPS", help="crops to read")
    parser.add_argument("--out", type=Path, help="JSON lines are appended to this file as well")
    args = parser.parse_args()
    folder = args.vae or (tiny_folder() if args.base == "tiny" else Path(args.base)) / "vae"
    vae, coder = vae_coder(folder)
    held_out = tuple(args.held_out)
    pca = fit_pca(args.real, held_out, vae.config.latent_channels)
    kinds = {"drawn": drawn("test", args.count, 0)}
    if args.real is not None and held_out:
        files = find_photos((args.real,), held_out)
        kinds["real native"] = photographs(files, enlarged=False)
        kinds["real enlarged"] = photographs(files, enlarged=True)
    rows = psnr_rows({"vae": coder, "pca": pca.reconstruct}, kinds)
    if args.ocr:
        losses = ocr_loss(coder, args.ocr, open_reader())
        rows += [{"images": "drawn", "coder": "vae", **loss} for loss in losses]
    for row in rows:
        line = json.dumps({**row, "machine": machine(), "versions": versions()})
        print(json.dumps(row))
        if args.out is not None:
            with args.out.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
