"""PaddleOCR text recognition in LMDB: keys num-samples, image-%09d, label-%09d, from 1."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from seal2real.sealdb.exporters._crops import CROP_OPTIONS, CropRules, crops
from seal2real.sealdb.exporters._job import Format, Job, put

__all__ = ["FORMAT", "write"]

_LAYOUT = """\
{train,val,test}/data.mdb   num-samples, image-000000001, label-000000001, ...
dict.txt                    every character that occurs, one a line"""
# LMDB wants the largest size in advance; the file itself only grows as needed.
_FIRST_MAP_BYTES = 1 << 28
_COMMIT_EVERY = 1000


def write(job: Job, **options: Any) -> None:
    """Write one LMDB per split and the dictionary."""
    _import_lmdb()
    rules = CropRules(**options)
    characters: set[str] = set()
    for split in job.splits:
        with _Store(job.root / split) as store:
            for sample in job.samples([split]):
                for data, text in crops(job, sample, rules):
                    store.add(data, text)
                    characters.update(text)
    put(job.root / "dict.txt", "".join(f"{c}\n" for c in sorted(characters - {" "})))


def _import_lmdb() -> Any:
    try:
        import lmdb
    except ImportError as error:
        raise ImportError(
            "export: paddleocr-lmdb must have the package lmdb, got none; pip install lmdb"
        ) from error
    return lmdb


class _Store:
    """An LMDB written in one pass."""

    def __init__(self, folder: Path) -> None:
        self._lmdb = _import_lmdb()
        folder.mkdir(parents=True)
        self._map_bytes = _FIRST_MAP_BYTES
        # lock=False leaves no lock.mdb; nobody else knows the folder yet.
        self._env = self._lmdb.open(str(folder), map_size=self._map_bytes, lock=False)
        self._pending: list[tuple[bytes, bytes]] = []
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def add(self, image: bytes, text: str) -> None:
        """Append one crop."""
        self._count += 1
        self._pending.append((b"image-%09d" % self._count, image))
        self._pending.append((b"label-%09d" % self._count, text.encode("utf-8")))
        if len(self._pending) >= 2 * _COMMIT_EVERY:
            self._commit()

    def _commit(self) -> None:
        while True:
            try:
                with self._env.begin(write=True) as transaction:
                    for key, value in self._pending:
                        transaction.put(key, value)
                self._pending.clear()
                return
            except self._lmdb.MapFullError:
                self._map_bytes *= 2
                self._env.set_mapsize(self._map_bytes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._pending.append((b"num-samples", str(self._count).encode()))
                self._commit()
        finally:
            self._env.close()


FORMAT = Format(
    "PaddleOCR recognition as LMDB (needs the package lmdb)",
    _LAYOUT,
    write,
    CROP_OPTIONS,
)
