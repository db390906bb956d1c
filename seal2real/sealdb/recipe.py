"""The recipe: everything that decides a dataset's bytes, and nothing that does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from seal2real.sealdb.errors import RecipeMismatchError
from seal2real.sealdb.splits import parse_fractions, split_of_shard
from seal2real.sealdb.versions import locked_versions, versions_hash

__all__ = ["Recipe", "canonical_json", "first_difference"]

IMAGE_FORMATS = ("jpg", "png")
# A size that is no number of pixels: the whole page.
PAGE_SIZE = "page"
_MAX_SHARD_SAMPLES = 1000
# From 13 steps on, no arc of a tenth of the circle is missed (three-gap theorem), so a dataset of
# that many shards has samples in every split of "0.8,0.1,0.1".
_WANTED_SHARDS = 13
# A cross-page group takes two samples of one shard.
_MIN_SHARD_SAMPLES = 2
# Ids have nine digits.
_MAX_COUNT = 10**9


@dataclass(frozen=True)
class Recipe:
    """What to draw. Two equal recipes give equal bytes; workers and folders have no place here.

    Raises:
        ValueError: if a field breaks the rule stated beside it.
    """

    # number of samples, 0 .. 10^9
    count: int
    # any integer
    seed: int = 0
    # page sources: "procedural", folders or PDF files
    pages: tuple[str, ...] = ("procedural",)
    # names of seal presets; empty means all
    presets: tuple[str, ...] = ()
    # "512" (or another number of pixels): square crops; "page": whole pages
    size: str = "512"
    # "jpg" or "png"
    image_format: str = "jpg"
    # JPEG quality, 1 .. 100
    quality: int = 90
    # samples in a shard; 0 chooses from the count
    shard_samples: int = 0
    # shares of train, val and test, sum 1
    split: str = "0.8,0.1,0.1"
    # page resolution, dots per inch
    dpi: float = 200.0
    # width of images without a credible dpi, mm
    page_width_mm: float = 210.0
    # refuse larger images, pixels
    max_pixels: int = 100_000_000
    # stop at the first bad input file
    strict: bool = False
    # text file or callable "module:name" with texts; None is the fictional default
    corpus: str | None = None
    # folder of the user's own seal cut-outs
    templates: str | None = None
    # TOML profile written by `seal2real fit`
    profile: str | None = None
    # JSON Lines file with positions of drawn seals
    layout: str | None = None
    # draw a visible mark of provenance
    visible_mark: bool = False
    # further settings of placement, ink, paper and capture, name -> JSON value
    options: dict[str, Any] = field(default_factory=dict)
    # sha256 of every file the recipe names, name -> 64 hexadecimal digits
    inputs: dict[str, str] = field(default_factory=dict)
    # how drawn samples are realised (seal2real.realise.Realisation), JSON values; None: not at all
    realisation: dict[str, Any] | None = None
    # the unlabelled real part: "images", "files" (sha256 of all) and "px_per_mm"; None: none
    real: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        _check_range("count", self.count, 0, _MAX_COUNT)
        _check_range("quality", self.quality, 1, 100)
        _check_range("shard_samples", self.shard_samples, 0, 1_000_000)
        _check_range("max_pixels", self.max_pixels, 1, 10**12)
        _check_positive("dpi", self.dpi)
        _check_positive("page_width_mm", self.page_width_mm)
        parse_fractions(self.split)
        _check_size(self.size)
        if self.image_format not in IMAGE_FORMATS:
            raise ValueError(
                f"Recipe: image_format must be one of {', '.join(IMAGE_FORMATS)}, got "
                f"{self.image_format!r}; choose one of them"
            )
        if self.shard_samples == 0:
            object.__setattr__(self, "shard_samples", _default_shard_samples(self.count))
        for name in ("pages", "presets"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("dpi", "page_width_mm"):  # 200 and 200.0 are one recipe
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.count // self.shard_samples)

    @property
    def pixels(self) -> int | None:
        """Width and height of a crop in pixels; None in page mode."""
        return None if self.size == PAGE_SIZE else int(self.size)

    def shard_range(self, shard: int) -> range:
        """Return the sample indices in shard number ``shard``."""
        start = shard * self.shard_samples
        return range(start, min(start + self.shard_samples, self.count))

    def split_of_shard(self, shard: int) -> str:
        """Return the split of shard number ``shard``."""
        return split_of_shard(self.seed, parse_fractions(self.split), shard)

    def split_of(self, index: int) -> str:
        """Return the split of sample ``index``, which is its shard's."""
        return self.split_of_shard(index // self.shard_samples)

    def shard_name(self, shard: int) -> str:
        """Return the file name of shard number ``shard`` below shards/."""
        return f"{self.split_of_shard(shard)}-{shard:06d}.tar"

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain JSON values; a dataset that is only drawn says so by silence."""
        held = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}
        for name in ("realisation", "real"):
            if held[name] is None:
                del held[name]
        return held

    @property
    def may_have_holes(self) -> bool:
        """Whether samples that cannot be realised are dropped."""
        return self.realisation is not None and self.realisation.get("policy") == "drop"

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Recipe:
        """Return the recipe that :meth:`to_dict` wrote.

        Raises:
            ValueError: if a key is unknown or a value breaks its rule.
        """
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ValueError(
                f"Recipe.from_dict: keys must be fields of a recipe, got {unknown[0]!r}; "
                f"use one of {', '.join(sorted(known))}"
            )
        return cls(**data)

    def locked(self) -> dict[str, Any]:
        """Return the recipe together with the hash of the versions that decide its bytes."""
        return {**self.to_dict(), "dependencies": versions_hash(locked_versions())}

    def hash(self) -> str:
        """Return the sha256 of :meth:`locked` as 64 hexadecimal digits."""
        return hashlib.sha256(canonical_json(self.locked())).hexdigest()

    @property
    def dataset_id(self) -> str:
        """The name by which images refer to their dataset."""
        return f"seal-db-{self.hash()[:16]}"


def canonical_json(value: Any) -> bytes:
    """Return ``value`` as UTF-8 JSON with sorted keys, no blanks and no NaN."""
    text = json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return text.encode()


def first_difference(held: dict[str, Any], wanted: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """Return (key, held value, wanted value) of the first key that differs, or None.

    Keys of tables within are joined by dots; a table that is not there is an empty one.
    """
    for key in [*wanted, *(key for key in held if key not in wanted)]:
        old, new = held.get(key), wanted.get(key)
        if old == new:
            continue
        if isinstance(old, dict | None) and isinstance(new, dict | None):
            inner = first_difference(old or {}, new or {})
            if inner is not None:
                return f"{key}.{inner[0]}", *inner[1:]
        return key, old, new
    return None


def check_same_recipe(held: dict[str, Any], recipe: Recipe, out: str) -> None:
    """Compare the locked recipe found in ``out`` with the one to be drawn.

    Raises:
        RecipeMismatchError: if they differ; the message names the first differing key.
    """
    found = first_difference(held, recipe.locked())
    if found is None:
        return
    key, old, new = found
    remedy = (
        "install the versions listed in its dataset.json"
        if key == "dependencies"
        else f"ask for {key} {old!r}"
    )
    raise RecipeMismatchError(
        f"run_shards: OUT must be empty or hold this recipe, got another recipe in {out}: "
        f"{key} is {old!r} there and {new!r} here; {remedy}, or choose another folder"
    )


def _default_shard_samples(count: int) -> int:
    return max(_MIN_SHARD_SAMPLES, min(_MAX_SHARD_SAMPLES, count // _WANTED_SHARDS))


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(
            f"Recipe: {name} must be an integer in {low}..{high}, got {value!r}; change {name}"
        )


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(
            f"Recipe: {name} must be finite and above 0, got {value!r}; give a positive {name}"
        )


def _check_size(size: str) -> None:
    if size == PAGE_SIZE or (size.isdecimal() and 64 <= int(size) <= 8192):
        return
    raise ValueError(
        f'Recipe: size must be "page" or a number of pixels in 64..8192, got {size!r}; '
        'write "512" for crops'
    )
