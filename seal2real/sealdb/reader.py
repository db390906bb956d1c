"""Read a Seal-DB: random access and iteration, straight from the shards."""

from __future__ import annotations

import io
import mmap
import operator
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seal2real.sealdb.dataset import INDEX, read_info
from seal2real.sealdb.errors import DamagedError
from seal2real.sealdb.record import decode_support, load_record
from seal2real.sealdb.sidecar import SHARDS
from seal2real.sealdb.splits import SPLITS, parse_fractions
from seal2real.sealdb.tarformat import Member, walk

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DbSample", "SealDB"]

# Larger images are refused: no sample is, and decoding them would take the machine's memory.
_MAX_PIXELS = 400_000_000


class DbSample:
    """One sample of a dataset. Everything is read when asked for and not before.

    Attributes:
        id: nine digits.
        index: number of the sample in the dataset.
        split: "train", "val" or "test".
        members: names of its files without the id, e.g. "mask.png".
    """

    def __init__(self, index: int, split: str, data: memoryview, members: list[Member]) -> None:
        self.index = index
        self.split = split
        self.id = members[0].sample
        self.members = tuple(member.suffix for member in members)
        self._data = data
        self._members = {member.suffix: member for member in members}

    def __repr__(self) -> str:
        return f"DbSample({self.id}, {self.split}, {', '.join(self.members)})"

    def suffix(self, name: str) -> str:
        """Return how the file called ``name`` ("synthetic", "mask", …) is encoded: "jpg", "png".

        Raises:
            KeyError: if the sample has no such file.
        """
        return self._member(name).suffix.rpartition(".")[2]

    def has(self, name: str) -> bool:
        """Return whether the sample has a file called ``name``, e.g. "forged"."""
        return any(suffix.partition(".")[0] == name for suffix in self.members)

    def data(self, name: str) -> bytes:
        """Return the stored bytes of a file, by "mask" or "mask.png".

        Raises:
            KeyError: if the sample has no such file.
        """
        member = self._member(name)
        return bytes(self._data[member.offset : member.offset + member.size])

    def pil(self, name: str, at_least: tuple[int, int] | None = None) -> Image.Image:
        """Return the image called ``name`` as Pillow reads it.

        Args:
            name: of the image.
            at_least: width and height that are enough; a JPEG may come 2, 4 or 8 times smaller.

        Raises:
            KeyError: if the sample has no such file.
            DamagedError: if it cannot be decoded.
        """
        return decode_image(self.data(name), f"{self.id}.{name}", at_least)

    def image(self, name: str) -> NDArray[np.uint8]:
        """Return "synthetic", "clean" or "forged" as uint8 [H, W, 3] RGB.

        Raises:
            KeyError: if the sample has no such file.
            DamagedError: if it cannot be decoded.
        """
        return np.asarray(self.pil(name).convert("RGB"))

    @property
    def synthetic(self) -> NDArray[np.uint8]:
        """The page with its seals, uint8 [H, W, 3] RGB."""
        return self.image("synthetic")

    @property
    def clean(self) -> NDArray[np.uint8]:
        """The page without seals, uint8 [H, W, 3] RGB."""
        return self.image("clean")

    @property
    def forged(self) -> NDArray[np.uint8] | None:
        """The page after realisation, uint8 [H, W, 3] RGB, or None where there is none."""
        return self.image("forged") if self.has("forged") else None

    def plane(self, name: str) -> NDArray[np.uint8]:
        """Return the label plane "mask", "shape" or "classes" as uint8 [H, W]."""
        return np.asarray(self.pil(name))

    @property
    def mask(self) -> NDArray[np.uint8]:
        """Ink, uint8 [H, W]: bit k belongs to the seal with that bit."""
        return self.plane("mask")

    @property
    def shape(self) -> NDArray[np.uint8]:
        """Ideal shape, uint8 [H, W]: bit k belongs to the seal with that bit."""
        return self.plane("shape")

    @property
    def classes(self) -> NDArray[np.uint8]:
        """Class of the topmost seal part, uint8 [H, W] (seal2real.sealdb.record.CLASS_NAMES)."""
        return self.plane("classes")

    def masks(self, name: str = "mask") -> list[NDArray[np.bool_]]:
        """Return the ink (or "shape") of every seal, bool [H, W] each, in the record's order."""
        plane = self.plane(name)
        return [(plane >> seal["bit"]) & 1 > 0 for seal in self.record["seals"]]

    @property
    def support(self) -> NDArray[np.bool_]:
        """Where clean and synthetic may differ, bool [H, W]."""
        return decode_support(self.record["support"])

    @cached_property
    def record(self) -> dict[str, Any]:
        """The canonical record (docs/data-format.md)."""
        return load_record(self.data("json"))

    def _member(self, name: str) -> Member:
        for suffix, member in self._members.items():
            if name in (suffix, suffix.partition(".")[0]):
                return member
        raise KeyError(
            f"DbSample: name must be one of {', '.join(self.members)}, got {name!r} for sample "
            f"{self.id}"
        )


class _Part:
    """Shards with an index: the labelled part, or the real one."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        # read_table and to_numpy would import pandas where that is installed: 0.4 s.
        with pq.ParquetFile(path / INDEX) as file:
            self.table: pa.Table = file.read()
        self.offsets = np.array(self.table["offset"].to_pylist(), np.int64)
        self.sizes = np.array(self.table["size"].to_pylist(), np.int64)
        self.shards = self.table["shard"].to_pylist()
        self.splits = self.table["split"].to_pylist()
        # Of the samples in the dataset: they differ from the rows where samples were dropped.
        self.numbers = np.array(self.table["index"].to_pylist(), np.int64)
        self._maps: dict[str, memoryview] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Maps cannot travel to another process; it opens its own.
        return {**self.__dict__, "_maps": {}}

    def forget(self) -> None:
        """Let go of the maps; samples in use keep theirs."""
        self._maps = {}

    def sample(self, row: int) -> DbSample:
        """Return the sample in ``row`` of the index."""
        start = int(self.offsets[row])
        data = self._map(self.shards[row])
        try:
            members = list(walk(data, start, start + int(self.sizes[row])))
        except DamagedError as error:
            raise DamagedError(f"{self.shards[row]}: {error}") from error
        if not members:
            raise DamagedError(
                f"SealDB: {self.shards[row]} must hold a sample at byte {start}, got zeros; "
                "run `seal2real verify`"
            )
        return DbSample(int(self.numbers[row]), self.splits[row], data, members)

    def _map(self, shard: str) -> memoryview:
        if shard not in self._maps:
            # The index might be hostile too: a shard is a file name, never a path.
            if Path(shard).name != shard:
                raise DamagedError(
                    f"SealDB: shard must be a plain file name, got {shard!r}; do not use this index"
                )
            with open(self.path / SHARDS / shard, "rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._maps[shard] = memoryview(mapped)
        return self._maps[shard]

    def rows(self, split: str | None) -> Iterator[int]:
        return (row for row, held in enumerate(self.splits) if split in (None, held))


class SealDB:
    """A finished dataset, read-only. Opening reads the index; shards are mapped when needed.

    It pickles, so that DataLoader workers can have it.

    Args:
        path: the folder.

    Raises:
        ForeignFolderError: if the folder holds no finished dataset.
        DamagedError: if its files cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.info: dict[str, Any] = read_info(self.path)
        try:
            self._part = _Part(self.path)
        except (OSError, ValueError, KeyError, TypeError) as error:  # pyarrow's are ValueErrors
            raise DamagedError(
                f"SealDB: {self.path / INDEX} must be a readable index, got {error}; "
                "run the `seal2real synth` command that made it again"
            ) from error

    def __repr__(self) -> str:
        return f"SealDB({str(self.path)!r}, {len(self)} samples)"

    def __len__(self) -> int:
        return len(self._part.splits)

    def __enter__(self) -> SealDB:
        return self

    def __exit__(self, *exception: object) -> None:
        self._part.forget()

    @overload
    def __getitem__(self, key: SupportsIndex | str) -> DbSample: ...

    @overload
    def __getitem__(self, key: slice) -> list[DbSample]: ...

    def __getitem__(self, key: SupportsIndex | str | slice) -> DbSample | list[DbSample]:
        """Return a sample by its number (negative ones count from the end) or its id.

        A slice gives a list of samples, whose images are still read only when asked for.

        Raises:
            IndexError: if there is no such number.
            KeyError: if there is no such id.
            TypeError: if the key is none of the three.
        """
        if isinstance(key, str):
            return self._part.sample(self._row_of(key))
        if isinstance(key, slice):
            return [self._part.sample(row) for row in range(*key.indices(len(self)))]
        return self._part.sample(self._row_at(key))

    def _row_at(self, key: SupportsIndex) -> int:
        if not hasattr(key, "__index__"):
            raise TypeError(
                f"SealDB: key must be a number, an id or a slice, got {type(key).__name__}; "
                "write db[0], db['000000000'] or db[:10]"
            )
        number = operator.index(key)
        row = number + len(self) if number < 0 else number
        if not 0 <= row < len(self):
            raise IndexError(
                f"SealDB: index must be in {-len(self)}..{len(self) - 1}, got {number}; "
                "len(db) gives the number of samples"
            )
        return row

    def __iter__(self) -> Iterator[DbSample]:
        return self.samples()

    @property
    def index(self) -> pa.Table:
        """The index as an Arrow table (seal2real.sealdb.rows.COLUMNS)."""
        return self._part.table

    @property
    def fractions(self) -> tuple[Fraction, Fraction, Fraction]:
        """Shares of train, val and test that the recipe asked for."""
        return parse_fractions(self.info["recipe"]["split"])

    @property
    def splits(self) -> dict[str, int]:
        """Number of samples in each split that has any, in the order train, val, test."""
        counts = {split: self._part.splits.count(split) for split in SPLITS}
        return {split: count for split, count in counts.items() if count}

    def samples(self, split: str | None = None) -> Iterator[DbSample]:
        """Iterate over the samples of ``split`` (of all), in order, shard by shard.

        Raises:
            ValueError: if there is no such split.
        """
        _check_split(split)
        return map(self._part.sample, self._part.rows(split))

    def rows(self, split: str | None = None) -> list[int]:
        """Return the numbers of the samples of ``split``.

        Raises:
            ValueError: if there is no such split.
        """
        _check_split(split)
        return list(self._part.rows(split))

    def real(self, split: str | None = None) -> Iterator[DbSample]:
        """Iterate over the unlabelled real part; empty where there is none.

        Raises:
            ValueError: if there is no such split.
        """
        _check_split(split)
        if not (self.path / "real" / INDEX).is_file():
            return iter(())
        part = _Part(self.path / "real")
        return map(part.sample, part.rows(split))

    def _row_of(self, sample: str) -> int:
        plain = sample.isascii() and sample.isdecimal() and len(sample) == 9
        number = int(sample) if plain else -1
        # Numbers rise, but for dropped samples without gaps.
        row = int(np.searchsorted(self._part.numbers, number))
        if row == len(self) or self._part.numbers[row] != number:
            count = int(self.info["recipe"]["count"])
            held = "one that was not dropped" if count > len(self) else f"below {count:09d}"
            raise KeyError(f"SealDB: id must be nine digits {held}, got {sample!r}")
        return row


def decode_image(data: bytes, name: str, at_least: tuple[int, int] | None = None) -> Image.Image:
    """Return the decoded JPEG or PNG file ``data``; see :meth:`DbSample.pil` for ``at_least``.

    Raises:
        DamagedError: if it is neither, too large, or broken.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # ours stands in for Pillow's
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
        if image.width * image.height > _MAX_PIXELS:
            raise ValueError(f"{image.width}x{image.height} pixels")
        if at_least is not None:
            image.draft("RGB", at_least)
        image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DamagedError(
            f"decode_image: {name} must be a whole JPEG or PNG image, got {error}; "
            "run `seal2real verify`"
        ) from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    return image


def _check_split(split: str | None) -> None:
    if split is not None and split not in SPLITS:
        raise ValueError(
            f"SealDB: split must be one of {', '.join(SPLITS)}, got {split!r}; leave it out for all"
        )
