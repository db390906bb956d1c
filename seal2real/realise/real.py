"""Cut and encode unlabelled real images as the forged ones are, for the real part of a Seal-DB."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.rng import Rng
from seal2real.sealdb.codec import encode_jpeg, encode_png
from seal2real.sealdb.provenance import CAPTURED, Provenance, embed
from seal2real.sealdb.realpart import RealItem
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.splits import parse_fractions, split_of_key
from seal2real.synthesis.capture import jpeg_round_trip, sample_capture
from seal2real.synthesis.options import Options
from seal2real.synthesis.profile import Profile
from seal2real.training.data.checks import check_real
from seal2real.training.data.real_files import RealImage, list_real, read_real, read_trimmed

__all__ = ["RealImages"]

# Side of the square round a seal, mm: the largest usual one (42 mm) and the crops' free share.
_WINDOW_MM = 42.0 * 1.12
# Places of which the one with least to ignore is cut.
_TRIES = 16


@dataclass(frozen=True)
class RealImages:
    """The images of a folder, cut for ``recipe``.

    Args:
        folder: what `seal2real crops` wrote, or any folder of images.
    """

    folder: Path

    @cached_property
    def images(self) -> tuple[RealImage, ...]:
        """The files, in the order of their names.

        Raises:
            FileNotFoundError, ValueError: if there is no such folder, no image in it, or one that
                cannot be used or that a program made.
        """
        found = list_real(self.folder)
        if not found:
            raise ValueError(
                f"build: --real must be a folder of images, got none in {self.folder}; "
                "cut seals out of scans with `seal2real crops`"
            )
        check_real(self.folder, found)
        for image in found:
            read_real(image.path)  # a damaged one is found before anything is written
        return found

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """Sha256 of every file."""
        return tuple(hashlib.sha256(i.path.read_bytes()).hexdigest() for i in self.images)

    def describe(self, count: int | None, most: int | None) -> dict[str, Any]:
        """Return the ``real`` of a recipe.

        Args:
            count: images to cut; more than there are files gives several of one. None: one a file.
            most: at most so many where ``count`` is None; None sets no limit.
        """
        if count is None:
            count = len(self.images) if most is None else min(len(self.images), most)
        digest = hashlib.sha256("".join(self.hashes).encode()).hexdigest()
        return {"count": count, "files": digest}

    def items(self, recipe: Recipe) -> Sequence[RealItem]:
        """Return what the real part is written from."""
        assert recipe.real is not None and recipe.pixels is not None, "the command checks"
        fractions = parse_fractions(recipe.split)
        return [
            RealItem(
                split_of_key(fractions, self.hashes[k % len(self.images)]),
                self.hashes[k % len(self.images)],
                _Cut(self.images[k % len(self.images)], recipe, k),
            )
            for k in range(recipe.real["count"])
        ]


@dataclass(frozen=True)
class _Cut:
    """Cut number ``index`` of the real part, out of ``image``."""

    image: RealImage
    recipe: Recipe
    index: int

    def __call__(self) -> tuple[bytes, str, int, int, float]:
        """Return file, suffix, width, height and px per mm."""
        recipe, rng = self.recipe, Rng(self.recipe.seed, "real", self.index)
        assert recipe.pixels is not None
        pixels, scale = self._window(rng.child("window"))
        pixels = _captured(pixels, rng.child("capture"), recipe)
        if recipe.image_format == "png":
            data = encode_png(pixels)
        else:
            data = encode_jpeg(pixels, recipe.quality)
        packet = Provenance(recipe.dataset_id, CAPTURED)
        return embed(data, packet), recipe.image_format, pixels.shape[1], pixels.shape[0], scale

    def _window(self, rng: Rng) -> tuple[NDArray[np.uint8], float]:
        """Return a square, uint8 [S, S, 3], and its px per mm, framed as `choose_window` does."""
        side = self.recipe.pixels
        assert side is not None
        inner, valid = read_trimmed(self.image)
        height, width = inner.shape[:2]
        # Native scale, unless the seal would not fit; and never more than there is.
        wanted = max(side, round(_WINDOW_MM * self.image.px_per_mm))
        cut = min(wanted, height, width)
        places = [
            (round(rng.uniform() * (width - cut)), round(rng.uniform() * (height - cut)))
            for _ in range(1 if valid.all() else _TRIES)
        ]
        x0, y0 = max(places, key=lambda at: valid[at[1] : at[1] + cut, at[0] : at[0] + cut].sum())
        part = np.ascontiguousarray(inner[y0 : y0 + cut, x0 : x0 + cut])
        if cut != side:
            resized = Image.fromarray(part).resize((side, side), Image.Resampling.BICUBIC)
            part = np.asarray(resized)
        return part, self.image.px_per_mm * side / cut


@cache
def _profile(path: str | None) -> Profile | None:
    return None if path is None else Profile.load(Path(path))


def _captured(pixels: NDArray[np.uint8], rng: Rng, recipe: Recipe) -> NDArray[np.uint8]:
    """Return ``pixels`` after the JPEG stage of a capture drawn as for a synthetic sample.

    Resampling has wiped out the image's own grid of JPEG blocks; without this stage that alone
    would tell real from forged.
    """
    kind: str | None = Options.from_dict(recipe.options).capture
    if kind == "auto":
        page = rng.child("source").choice(recipe.pages)
        drawn = page == "procedural" or page.lower().endswith(".pdf")
        kind = None if drawn else "none"
    capture = sample_capture(rng, kind, profile=_profile(recipe.profile))
    if capture.jpeg_quality is None:
        return pixels
    return jpeg_round_trip(pixels, capture.jpeg_quality, capture.jpeg_subsampling)
