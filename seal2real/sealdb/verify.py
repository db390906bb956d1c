"""Verify a Seal-DB: re-hash, re-decode, cross-check, and name the first bad byte.

Nothing in the dataset is trusted: names in archives and in the index are compared with what the
recipe demands and never reach the file system, sizes are checked before anything is read, and no
format that can carry code is read at all.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from seal2real.sealdb.damage import locate
from seal2real.sealdb.dataset import CHECKSUMS, DATASET, INDEX, read_checksums, read_info
from seal2real.sealdb.errors import DamagedError, ForeignFolderError
from seal2real.sealdb.reader import DbSample
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.rows import COLUMNS, row_of
from seal2real.sealdb.shards import Span, block_crcs
from seal2real.sealdb.sidecar import SHARDS
from seal2real.sealdb.tarformat import Member, end_of_archive, walk
from seal2real.sealdb.verify_sample import check_sample

__all__ = ["Problem", "Report", "check_bytes", "recipe_of", "verify"]

# Enough to see what is wrong; a dataset that is damaged throughout has millions.
_MAX_PROBLEMS = 1000


@dataclass(frozen=True)
class Problem:
    """Something wrong in a dataset."""

    # below the dataset's folder
    file: str
    # name in the archive, if it is about one
    member: str | None
    # of the first bad byte in the file, or of the member the problem is about; None if unknown
    offset: int | None
    message: str

    def __str__(self) -> str:
        where = self.file
        if self.member is not None:
            where += f": {self.member}"
        if self.offset is not None:
            where += f": byte {self.offset}"
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Report:
    """What verification found."""

    path: Path
    problems: tuple[Problem, ...]
    # looked at
    samples: int
    shards: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def summary(self) -> str:
        """Return the verdict as a line."""
        verdict = "no problem" if self.ok else f"{len(self.problems)} problems"
        return f"{self.path}: {self.samples} samples in {self.shards} shards: {verdict}"


def verify(path: Path | str, workers: int = 1, progress: bool = True) -> Report:
    """Check everything in the dataset below ``path`` and return what is wrong.

    Args:
        path: folder of the dataset.
        workers: processes that check shards.
        progress: show a progress bar on terminals.

    Raises:
        ForeignFolderError: if there is no finished dataset.
    """
    path = Path(path)
    try:
        info = read_info(path)
        recipe = recipe_of(info)
        rows = _read_index(path)
    except ForeignFolderError:
        raise
    except (DamagedError, ValueError, KeyError, TypeError, OSError) as error:
        return Report(
            path, (*_check_small_files(path), Problem(DATASET, None, None, str(error))), 0, 0
        )
    problems = [*_check_small_files(path), *_check_info(info, recipe)]
    problems += _check_listing(path, recipe)
    problems += _check_rows(recipe, rows, info)
    by_shard: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_shard.setdefault(row["shard"], []).append(row)
    jobs = [
        _ShardJob(path, info["id"], recipe.shard_name(k), recipe.split_of_shard(k), by_shard)
        for k in range(recipe.shards)
    ]
    for found in tqdm(
        _run(jobs, workers), total=len(jobs), unit="shard", disable=None if progress else True
    ):
        problems += found[: _MAX_PROBLEMS - len(problems)]
    problems += _check_splits(rows)
    if recipe.real is not None:
        # Imported late: it uses this module's checks of bytes.
        from seal2real.sealdb.verify_real import check_real

        problems += check_real(path, info, recipe)
    return Report(path, tuple(problems), len(rows), len(jobs))


class _ShardJob:
    """What checking one shard takes."""

    def __init__(
        self,
        path: Path,
        dataset_id: str,
        name: str,
        split: str,
        by_shard: dict[str, list[dict[str, Any]]],
    ) -> None:
        self.path, self.dataset_id, self.name, self.split = path, dataset_id, name, split
        self.rows = by_shard.get(name, [])

    def __call__(self) -> list[Problem]:
        """Return what is wrong with the shard."""
        return list(_check_shard(self))


def _call(job: _ShardJob) -> list[Problem]:
    return job()


def _run(jobs: list[_ShardJob], workers: int) -> Iterator[list[Problem]]:
    if workers == 1:
        yield from map(_call, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(_call, jobs)


def recipe_of(info: dict[str, Any]) -> Recipe:
    """Return the recipe in dataset.json."""
    held = {key: value for key, value in info["recipe"].items() if key != "dependencies"}
    return Recipe.from_dict(held)


def _read_index(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path / INDEX)
    except (OSError, ValueError) as error:
        raise DamagedError(f"{INDEX} must be readable, got {error}") from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise DamagedError(f"{INDEX} must have column {missing[0]}, got {table.column_names}")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _check_small_files(path: Path) -> Iterator[Problem]:
    """Compare dataset.json and index.parquet with checksums.sha256."""
    stated = read_checksums(path)
    if not stated:
        yield Problem(CHECKSUMS, None, None, "must list the files of the dataset, got nothing")
    for name in (DATASET, INDEX):
        try:
            digest = hashlib.sha256((path / name).read_bytes()).hexdigest()
        except OSError as error:
            yield Problem(name, None, None, f"must be readable, got {error.strerror}")
            continue
        if stated and stated.get(name) != digest:
            yield Problem(
                name, None, None, f"sha256 must be {stated.get(name)} as listed, got {digest}"
            )


def _check_info(info: dict[str, Any], recipe: Recipe) -> Iterator[Problem]:
    locked = {**recipe.to_dict(), "dependencies": info["recipe"].get("dependencies")}
    text = json.dumps(locked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    for key, value in (("recipe_sha256", digest), ("id", f"seal-db-{digest[:16]}")):
        if info.get(key) != value:
            yield Problem(DATASET, None, None, f"{key} must be {value}, got {info.get(key)}")
    counts = info.get("counts", {})
    stated: Any = counts.get("samples")
    dropped: Any = 0
    if recipe.may_have_holes:
        dropped = (counts.get("realisation") or {}).get("dropped")
    if not isinstance(stated, int) or not isinstance(dropped, int):
        yield Problem(DATASET, None, None, f"samples must be counted, got {stated}, {dropped}")
    elif stated + dropped != recipe.count:
        yield Problem(
            DATASET, None, None, f"samples must be {recipe.count - dropped}, got {stated}"
        )


def _check_listing(path: Path, recipe: Recipe) -> Iterator[Problem]:
    """Look for shards that are missing or that nobody ordered."""
    wanted = {recipe.shard_name(k) for k in range(recipe.shards)}
    held = {item.name for item in (path / SHARDS).iterdir()} if (path / SHARDS).is_dir() else set()
    listed = {p for p in read_checksums(path) if p.startswith(f"{SHARDS}/")}
    for name in sorted(wanted - held):
        yield Problem(f"{SHARDS}/{name}", None, 0, "must be there, got no such file")
    for name in sorted(held - wanted):
        yield Problem(
            f"{SHARDS}/{name}", None, None, "must not be there: the recipe has no such shard"
        )
    for name in sorted({f"{SHARDS}/{n}" for n in wanted} ^ listed):
        yield Problem(CHECKSUMS, None, None, f"must list the recipe's shards, differs in {name!r}")


def _check_rows(
    recipe: Recipe, rows: list[dict[str, Any]], info: dict[str, Any]
) -> Iterator[Problem]:
    wanted_rows = info.get("counts", {}).get("samples") if recipe.may_have_holes else recipe.count
    if len(rows) != wanted_rows:
        yield Problem(INDEX, None, None, f"must have {wanted_rows} rows, got {len(rows)}")
    last = -1
    for place, row in enumerate(rows[: recipe.count]):
        number = place
        if recipe.may_have_holes:
            number = row["index"]
            if not last < number < recipe.count or row["id"] != f"{number:09d}":
                yield Problem(
                    INDEX, None, None, f"row {place} must come after {last}, got {number}"
                )
                return
            last = number
        shard = number // recipe.shard_samples
        wanted = (number, recipe.shard_name(shard), recipe.split_of_shard(shard))
        if (row["index"], row["shard"], row["split"]) != wanted:
            got = (row["index"], row["shard"], row["split"])
            yield Problem(INDEX, None, None, f"row {number} must be {wanted}, got {got}")


def _check_splits(rows: list[dict[str, Any]]) -> Iterator[Problem]:
    """Look for owners, cut-outs and cross-page groups that are in two splits."""
    for column in ("owners", "templates", "groups"):
        seen: dict[str, dict[str, Any]] = {}
        for row in rows:
            for value in row[column]:
                first = seen.setdefault(value, row) if value else row
                if first["split"] != row["split"]:
                    yield Problem(
                        f"{SHARDS}/{row['shard']}",
                        f"{row['id']}.json",
                        row["offset"],
                        f"{column} must not cross splits, got {value!r} in {first['split']} "
                        f"({first['id']}) and {row['split']}",
                    )


def _check_shard(job: _ShardJob) -> Iterator[Problem]:
    file = f"{SHARDS}/{job.name}"
    stated = read_checksums(job.path).get(file)
    try:
        with open(job.path / SHARDS / job.name, "rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            data = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        return  # reported by the listing
    except (OSError, ValueError) as error:
        yield Problem(file, None, 0, f"must be readable and not empty, got {error}")
        return
    with data:
        damaged = list(check_bytes(file, data, job.rows))
        yield from damaged
        if stated is not None and digest != stated and not damaged:
            yield Problem(file, None, None, f"sha256 must be {stated} as listed, got {digest}")
        yield from _check_samples(job, file, data)


def check_bytes(file: str, data: mmap.mmap, rows: list[dict[str, Any]]) -> Iterator[Problem]:
    """Compare every byte with the checksums in the index."""
    # Rows must follow each other without a gap: then no byte of the file goes unchecked.
    end = 0
    for row in rows:
        if row["offset"] != end:
            yield Problem(file, None, end, f"{INDEX} must go on here, got byte {row['offset']}")
            return
        end += row["size"]
        if end > len(data):
            yield Problem(
                file,
                _member_at(data, row, len(data)),
                len(data),
                f"must have at least {end} bytes, got {len(data)}: the file is cut off here",
            )
            return
        bad = locate(data[row["offset"] : end], row["crc32"], row["sha256"])
        if bad is not None:
            at = row["offset"] + bad[0]
            span = "" if bad[1] - bad[0] == 1 else f" (damage within {bad[1] - bad[0]} bytes)"
            yield Problem(file, _member_at(data, row, at), at, f"must be as written{span}")
    tail = end_of_archive(end)
    if data[end : end + len(tail)] != tail or len(data) != end + len(tail):
        # the first byte that is not zero, or where the zeros stop too early
        held = data[end:]
        wrong = next((i for i, byte in enumerate(held) if byte), min(len(held), len(tail)))
        yield Problem(
            file,
            None,
            end + wrong,
            f"archive must end with {len(tail)} zeros, got {len(held)} bytes",
        )


def _member_at(data: mmap.mmap, row: dict[str, Any], at: int) -> str:
    """Return the name of the member that byte ``at`` belongs to, or the sample's id."""
    try:
        for member in walk(data, row["offset"], min(row["offset"] + row["size"], len(data))):
            if member.header_offset <= at < member.end:
                return member.name
    except DamagedError:
        pass  # its header is the damage: the sample's id is all there is to say
    return str(row["id"])


def _check_samples(job: _ShardJob, file: str, data: mmap.mmap) -> Iterator[Problem]:
    rows = {row["id"]: row for row in job.rows}
    try:
        groups = list(_groups(walk(data, 0, len(data))))
    except DamagedError as error:
        yield Problem(file, None, None, str(error))
        return
    if [group[0].sample for group in groups] != list(rows):
        yield Problem(file, None, None, f"samples must be the {len(rows)} of the index, got others")
        return
    view = memoryview(data)
    try:
        for group in groups:
            yield from _check_group(job, file, view, group, rows[group[0].sample])
    finally:
        view.release()


def _groups(members: Iterator[Member]) -> Iterator[list[Member]]:
    group: list[Member] = []
    for member in members:
        if group and member.sample != group[0].sample:
            yield group
            group = []
        group.append(member)
    if group:
        yield group


def _check_group(
    job: _ShardJob, file: str, view: memoryview, group: list[Member], row: dict[str, Any]
) -> Iterator[Problem]:
    sample = DbSample(row["index"], row["split"], view, group)
    places = {member.suffix: member for member in group}
    if len(places) != len(group):
        yield Problem(file, sample.id, group[0].header_offset, "members must differ in name")
        return
    for suffix, message in check_sample(sample, job.split, job.dataset_id):
        member = next((m for s, m in places.items() if s.startswith(suffix)), group[0])
        yield Problem(file, member.name, member.offset, message)
    try:
        # The row is made again from the record: all that an index says must follow from it.
        start, stop = group[0].header_offset, group[-1].end
        body = view[start:stop]
        span = Span(start, stop - start, hashlib.sha256(body).hexdigest(), block_crcs(body))
        made = row_of(sample.record, job.name, span)
    except (DamagedError, KeyError, TypeError):
        return  # said by check_sample
    wrong = [
        name for name in COLUMNS if made[name] != row[name] and name not in ("sha256", "crc32")
    ]
    if wrong:
        yield Problem(
            file, f"{sample.id}.json", places["json"].offset,
            f"{INDEX} must say {wrong[0]} = {made[wrong[0]]!r}, got {row[wrong[0]]!r}",
        )  # fmt: skip
