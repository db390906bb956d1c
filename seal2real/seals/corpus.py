"""Where a seal's words come from, and to which split an owner belongs.

A corpus gives *entries*: flat mappings from role to text with at least ``owner``. What an entry
lacks (codes, phones, …) is filled with fictional, invalid ones. Owners are partitioned by a hash
of their normalised name, so any index range of a dataset can be made alone and no owner is in two
splits.
"""

from __future__ import annotations

import functools
import hashlib
import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from seal2real.rng import Rng
from seal2real.seals.fictional import compose_owner, fill_role
from seal2real.seals.fields import nearest, short

__all__ = [
    "ENTRY_KEYS",
    "SPLITS",
    "CallableCorpus",
    "Corpus",
    "FictionalCorpus",
    "FileCorpus",
    "normalise_owner",
    "open_corpus",
    "owner_split",
]

SPLITS = ("train", "val", "test")
DEFAULT_FRACTIONS = (0.8, 0.1, 0.1)
# Roles that a user's table or callable may give; all but owner are filled when absent.
ENTRY_KEYS = (
    "owner",
    "kind",
    "place",
    "brand",
    "english",
    "person",
    "code",
    "tax",
    "bank",
    "account",
    "phone",
    "date",
    "serial",
    "department",
    "purpose",
    "short",
)
_TURN = 1 << 64
_BRACKETS = "()[]{}<>「」『』【】《》〈〉〔〕"
# Chance that 4000 draws miss a split of 1 % is e^-40.
_MOST_TRIES = 4000
_LONGEST_OWNER = 60
_MOST_BYTES = 256 << 20


@runtime_checkable
class Corpus(Protocol):
    """Anything that gives entries; see :class:`FictionalCorpus` for the default."""

    def sample(self, rng: Rng, split: str | None = None, kind: str = "company") -> dict[str, str]:
        """Return an entry whose owner belongs to ``split`` (any split when None)."""
        ...


def normalise_owner(name: str) -> str:
    """Return the form that decides identity: NFKC, casefolded, without spaces and brackets."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if not c.isspace() and c not in _BRACKETS)


def owner_split(
    name: str, seed: int = 0, fractions: Sequence[float | Fraction] = DEFAULT_FRACTIONS
) -> str:
    """Return the split that ``name`` belongs to.

    Args:
        name: an owner; spelling variants that normalise alike share a split.
        seed: 0, the default, gives the partition that datasets use, so that datasets of different
            seeds can be joined; another value gives another partition.
        fractions: shares of train, val, test; each at least 0, together 1.

    Raises:
        ValueError: if the fractions are not shares of one.
    """
    limits = _limits("owner_split", tuple(fractions))
    key = normalise_owner(name) if seed == 0 else f"{seed}\0{normalise_owner(name)}"
    point = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return next(split for split, limit in zip(SPLITS, limits, strict=True) if point < limit)


@functools.lru_cache(maxsize=64)
def _limits(where: str, fractions: tuple[float | Fraction, ...]) -> tuple[int, ...]:
    """Return where each split's part of [0, 2^64) ends, after checking the shares."""
    good = len(fractions) == 3 and all(0 <= share <= 1 for share in fractions)
    shares: list[Fraction] = []
    if good:
        shares = [Fraction(share).limit_denominator(10**9) for share in fractions]
    if not good or abs(sum(shares, Fraction(-1))) > Fraction(1, 10**6):
        raise ValueError(
            f"{where}: fractions must be three shares that sum to 1, got {short(fractions)}; "
            "give for example (0.8, 0.1, 0.1)"
        )
    edges = [sum(shares[: k + 1], Fraction(0)) for k in range(3)]
    # the last split with a share ends at the top, whatever the sum was rounded to
    return tuple(_TURN if edge >= edges[-1] else math.ceil(edge * _TURN) for edge in edges)


def _check_split(where: str, split: str | None, fractions: Sequence[float | Fraction]) -> None:
    """Refuse a split that is unknown or has no share."""
    if split is None:
        return
    if split not in SPLITS:
        raise ValueError(
            f"{where}: split must be one of {', '.join(SPLITS)}, got {short(split)}; "
            f"{nearest(split, SPLITS)}"
        )
    if fractions[SPLITS.index(split)] <= 0:
        raise ValueError(
            f"{where}: split must have a share above 0, got {split!r} of {tuple(fractions)}; "
            "raise its share in --split"
        )


class FictionalCorpus:
    """Invented organisations and persons; no real place, company or public figure.

    Args:
        seed: of the partition, not of the names (see :func:`owner_split`).
        fractions: shares of train, val, test.
    """

    def __init__(
        self, seed: int = 0, fractions: Sequence[float | Fraction] = DEFAULT_FRACTIONS
    ) -> None:
        """Check and keep the partition."""
        _limits("FictionalCorpus", tuple(fractions))
        self.seed, self.fractions = seed, tuple(fractions)

    def sample(self, rng: Rng, split: str | None = None, kind: str = "company") -> dict[str, str]:
        """Compose owners of ``kind`` (see ``fictional.KINDS``) until one is in ``split``."""
        _check_split("FictionalCorpus.sample", split, self.fractions)
        for _ in range(_MOST_TRIES):
            entry = compose_owner(rng, kind)
            if split is None or owner_split(entry["owner"], self.seed, self.fractions) == split:
                return entry
        raise _too_small("FictionalCorpus.sample", f"{_MOST_TRIES} draws without one", split)


class CallableCorpus:
    """A user's ``rng -> dict`` as a corpus.

    Args:
        source: called with an Rng; returns a mapping with ``owner`` and any of ENTRY_KEYS.
        seed, fractions: as in :class:`FictionalCorpus`.
    """

    def __init__(
        self,
        source: Callable[[Rng], Mapping[str, str]],
        seed: int = 0,
        fractions: Sequence[float | Fraction] = DEFAULT_FRACTIONS,
    ) -> None:
        """Check and keep the partition."""
        _limits("CallableCorpus", tuple(fractions))
        self.source, self.seed, self.fractions = source, seed, tuple(fractions)

    def sample(self, rng: Rng, split: str | None = None, kind: str = "company") -> dict[str, str]:
        """Call the source until its owner is in ``split``; ``kind`` is left to the source."""
        _check_split("CallableCorpus.sample", split, self.fractions)
        for _ in range(_MOST_TRIES):
            entry = check_entry("CallableCorpus.sample", self.source(rng))
            if split is None or owner_split(entry["owner"], self.seed, self.fractions) == split:
                return entry
        raise _too_small("CallableCorpus.sample", f"{_MOST_TRIES} calls without one", split)


class FileCorpus:
    """Owners from a UTF-8 text file: one a line, or a TSV whose first line names roles.

    Args:
        path: the file. A first line with tabs (or just ``owner``) is a header of ENTRY_KEYS.
        seed, fractions: as in :class:`FictionalCorpus`.

    Raises:
        ValueError: not text, a bad line (its number is named), or too few owners to give every
            split with a share at least one.
    """

    def __init__(
        self,
        path: str | Path,
        seed: int = 0,
        fractions: Sequence[float | Fraction] = DEFAULT_FRACTIONS,
    ) -> None:
        """Read, check and partition the file."""
        _limits("FileCorpus", tuple(fractions))
        self.path, self.fractions = Path(path), tuple(fractions)
        self.entries = _read_entries(self.path)
        self.parts: dict[str, list[dict[str, str]]] = {split: [] for split in SPLITS}
        for entry in self.entries:
            self.parts[owner_split(entry["owner"], seed, self.fractions)].append(entry)
        for split, share in zip(SPLITS, self.fractions, strict=True):
            if share > 0 and not self.parts[split]:
                count = len({normalise_owner(entry["owner"]) for entry in self.entries})
                raise _too_small("FileCorpus", f"{count} owners in {self.path.name}", split)

    def sample(self, rng: Rng, split: str | None = None, kind: str = "company") -> dict[str, str]:
        """Return one line's entry; lines whose ``kind`` column matches are preferred."""
        _check_split("FileCorpus.sample", split, self.fractions)
        entries = self.entries if split is None else self.parts[split]
        alike = [entry for entry in entries if entry.get("kind") == kind]
        return dict(rng.choice(alike or entries))


def _too_small(where: str, got: str, split: str | None) -> ValueError:
    """Return the error for a corpus that cannot fill a split."""
    return ValueError(
        f"{where}: corpus must have an owner in split {split!r}, got {got}; add owners, or give "
        "that split no share with --split 1,0,0"
    )


def check_entry(where: str, entry: Any) -> dict[str, str]:
    """Check one entry: known keys, printable one-line texts, an owner.

    Raises:
        ValueError: naming ``where``, the key and the rule.
    """
    if not isinstance(entry, Mapping) or not entry.get("owner"):
        raise ValueError(f"{where}: entry must have an 'owner', got {short(entry)}; add it")
    for key, value in entry.items():
        if key not in ENTRY_KEYS:
            raise ValueError(f"{where}: unknown role, got {short(key)}; {nearest(key, ENTRY_KEYS)}")
        if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_OWNER:
            rule = f"be one printable line of at most {_LONGEST_OWNER} characters"
            raise ValueError(f"{where}: {key} must {rule}, got {short(value)}; shorten it")
    return {key: value.strip() for key, value in entry.items() if value.strip()}


def _read_entries(path: Path) -> list[dict[str, str]]:
    """Read a corpus file; blank lines and lines that start with # are skipped."""
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"FileCorpus: {path.name} must be below 256 MiB, got more; split it")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"FileCorpus: {path.name} must be UTF-8 text, got a bad byte at {error.start}; "
            "convert it with iconv"
        ) from None
    rows = [(i, line) for i, line in enumerate(text.splitlines(), 1)]
    rows = [(i, line) for i, line in rows if line.strip() and not line.startswith("#")]
    if not rows:
        raise ValueError(f"FileCorpus: {path.name} must hold owners, got none; add one a line")
    header = [cell.strip() for cell in rows[0][1].split("\t")]
    if "\t" in rows[0][1] or header == ["owner"]:
        return [_row(path, i, header, line) for i, line in rows[1:]] or _no_rows(path)
    return [check_entry(f"{path.name} line {i}", {"owner": line.strip()}) for i, line in rows]


def _no_rows(path: Path) -> list[dict[str, str]]:
    """Refuse a table that is only a header."""
    raise ValueError(f"FileCorpus: {path.name} must hold owners, got a header only; add rows")


def _row(path: Path, number: int, header: list[str], line: str) -> dict[str, str]:
    """Return one table row as an entry."""
    cells = line.split("\t")
    where = f"{path.name} line {number}"
    if len(cells) > len(header):
        raise ValueError(
            f"{where}: row must have at most {len(header)} cells, got {len(cells)}; check tabs"
        )
    filled = {key: cell for key, cell in zip(header, cells, strict=False) if cell.strip()}
    return check_entry(where, filled)


def open_corpus(
    source: Corpus | Callable[[Rng], Mapping[str, str]] | str | Path | None = None,
    seed: int = 0,
    fractions: Sequence[float | Fraction] = DEFAULT_FRACTIONS,
) -> Corpus:
    """Return a corpus from None (fictional), a file path, a callable, or a corpus itself.

    Raises:
        ValueError: if ``source`` is none of these, or its file is bad or too small.
    """
    if source is None:
        return FictionalCorpus(seed, fractions)
    if isinstance(source, str | Path):
        return FileCorpus(source, seed, fractions)
    if hasattr(source, "sample"):  # isinstance of a protocol costs 40 us, and seals are many
        return source
    if callable(source):
        return CallableCorpus(source, seed, fractions)
    raise ValueError(
        f"open_corpus: source must be a path, a callable or a corpus, got {short(source)}; "
        "leave it out for fictional names"
    )


class Texts:
    """An entry whose missing roles are filled on demand, each from its own stream.

    Args:
        entry: from a corpus.
        rng: the seal's stream; a role's text depends on its name only, not on the order of asking.
    """

    def __init__(self, entry: Mapping[str, str], rng: Rng) -> None:
        """Keep a copy of the entry."""
        self._entry, self._rng = dict(entry), rng

    def __getitem__(self, role: str) -> str:
        """Return the text of ``role``."""
        if role not in self._entry:
            self._entry[role] = fill_role(self._rng.child("text", role), role, self._entry)
        return self._entry[role]

    def given(self, role: str) -> str | None:
        """Return the text of ``role`` if the corpus or the user gave it."""
        return self._entry.get(role)
