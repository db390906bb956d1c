"""What every exporter works with: the samples, the folder to fill, the options, the report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from seal2real.sealdb.exporters._output import Export

if TYPE_CHECKING:
    from seal2real.sealdb.reader import DbSample, SealDB

__all__ = ["PART", "Format", "Job", "Option", "part_of", "picture", "put", "stem"]

# Ids come out of an archive: only these become file names.
_STEM = re.compile(r"[0-9A-Za-z_-]{1,64}")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True)
class Option:
    """One option of a format; its type is the type of ``default``."""

    default: str | bool | int | float
    help: str
    # allowed values, empty for any
    choices: tuple[str, ...] = ()
    # allowed range of numbers, ends included
    limits: tuple[float, float] | None = None

    def parse(self, name: str, value: object) -> str | bool | int | float:
        """Return ``value`` in the option's type.

        Raises:
            ValueError: it is not of that type, not one of the choices, or out of range.
        """
        wanted = type(self.default)
        try:
            parsed = _converted(value, wanted)
        except (TypeError, ValueError) as error:
            rule = f"be of type {wanted.__name__}"
            raise ValueError(self._refusal(name, rule, value)) from error
        if self.choices and parsed not in self.choices:
            raise ValueError(self._refusal(name, f"be one of {', '.join(self.choices)}", value))
        if self.limits and not self.limits[0] <= float(parsed) <= self.limits[1]:
            low, high = self.limits
            raise ValueError(self._refusal(name, f"lie in {low:g}..{high:g}", value))
        return parsed

    def _refusal(self, name: str, rule: str, value: object) -> str:
        return f"export: {name} must {rule}, got {value!r}; the default is {self.default!r}"


def _converted(value: object, wanted: type) -> str | bool | int | float:
    if wanted is bool:
        text = str(value).lower()
        if text not in _TRUE + _FALSE:
            raise ValueError(text)
        return text in _TRUE
    if isinstance(value, bool):
        raise TypeError("a switch is no number or word")
    if wanted is str:
        return str(value)
    if wanted is int and isinstance(value, (int, str)):
        return int(value)
    if wanted is float and isinstance(value, (int, float, str)):
        return float(value)
    raise TypeError(f"no {wanted.__name__}")


# Which image of a sample an exporter writes.
PART = Option(
    "auto",
    "image to write: the forged one where it exists (auto), or always this one",
    ("auto", "forged", "synthetic"),
)


@dataclass(frozen=True)
class Format:
    """One label format.

    Attributes:
        summary: one line.
        layout: the files under DEST, for --help.
        write: fills the folder.
        options: by name; they are keyword arguments of ``write``.
    """

    summary: str
    layout: str
    write: Callable[..., None]
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass
class Job:
    """One export under way.

    Attributes:
        db: the dataset.
        root: the folder to fill.
        report: counted up by the exporter.
        splits: samples to write, by split, in order; only splits that have samples.
        progress: show a bar.
    """

    db: SealDB
    root: Path
    report: Export
    splits: dict[str, int]
    progress: bool = True
    # the sample being written, to name it when something is wrong with it
    current: DbSample | None = None

    def samples(self, splits: Sequence[str] | None = None) -> Iterator[DbSample]:
        """Yield the samples of the chosen splits, split by split, and count them."""
        for split in splits if splits is not None else list(self.splits):
            for sample in self._bar(self.db.samples(split), split, self.splits[split]):
                self.report.samples[split] = self.report.samples.get(split, 0) + 1
                self.current = sample
                yield sample

    def _bar(self, samples: Iterator[DbSample], split: str, total: int) -> Iterator[DbSample]:
        from tqdm import tqdm

        bar = tqdm(
            samples,
            total=total,
            desc=f"{self.report.to} {split}",
            unit="sample",
            delay=1.0,
            # None: no bar where nobody looks
            disable=None if self.progress else True,
        )
        yield from bar

    def text_files(self, names: Mapping[str, str]) -> SplitFiles:
        """Open a text file per split; ``names`` maps the split to a path under the root."""
        return SplitFiles({split: self.root / name for split, name in names.items()})


class SplitFiles:
    """Text files, one a split, open while the exporter streams."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths
        self._stack = ExitStack()
        self._files: dict[str, TextIO] = {}

    def __enter__(self) -> dict[str, TextIO]:
        for split, path in self._paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # newline: the same bytes on every system
            file = self._stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
            self._files[split] = file
        return self._files

    def __exit__(self, *error: object) -> None:
        self._stack.close()


def stem(sample: DbSample) -> str:
    """Return the sample's id as a file name without suffix.

    Raises:
        ValueError: the id is no plain name.
    """
    if not _STEM.fullmatch(sample.id):
        raise ValueError(
            f"export: id must be letters, digits, _ and -, got {sample.id!r}; run seal2real verify"
        )
    return sample.id


def picture(sample: DbSample, part: str) -> tuple[bytes, str]:
    """Return the stored bytes of the image to write, and its suffix ("jpg" or "png").

    Raises:
        ValueError: the sample has no such image.
    """
    part = part_of(sample, part)
    return sample.data(part), sample.suffix(part)


def part_of(sample: DbSample, part: str) -> str:
    """Return which image of the sample ``part`` means.

    Raises:
        ValueError: the sample has no such image.
    """
    if part == "auto":
        part = "forged" if sample.has("forged") else "synthetic"
    if not sample.has(part):
        raise ValueError(
            f"export: part must be in every sample, got {part!r} which {sample.id} lacks; use auto"
        )
    return part


def put(path: Path, data: bytes | str) -> None:
    """Write a file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
