"""Write a shard: a tar archive of finished samples, the same bytes for the same samples."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from seal2real.sealdb.files import atomic_file
from seal2real.sealdb.tarformat import end_of_archive, header, padding

__all__ = ["CRC_BYTES", "ShardWriter", "Span", "block_crcs", "open_shard"]

# The index holds a CRC-32 of every piece of this size, so that damage is located, not just seen.
# 4 bytes of 4096 are a thousandth of the dataset; one bad byte is named exactly (damage.py).
CRC_BYTES = 4096


@dataclass(frozen=True)
class Span:
    """Where a sample lies in its shard and what its bytes are."""

    # of the first header, bytes
    offset: int
    # headers, data and padding, bytes
    size: int
    # of these bytes, 64 hexadecimal digits
    sha256: str
    # little-endian CRC-32 of every CRC_BYTES of them
    crc32: bytes


class ShardWriter:
    """Write samples into a shard; made by :func:`open_shard`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def add(self, sample: str, files: Mapping[str, bytes]) -> Span:
        """Append the sample with id ``sample``; ``files`` maps suffix -> bytes.

        Samples must come in the order of their ids.
        """
        parts: list[bytes] = []
        for suffix, data in sorted(files.items()):
            parts += (header(f"{sample}.{suffix}", len(data)), data, padding(len(data)))
        body = b"".join(parts)
        span = Span(self.size, len(body), hashlib.sha256(body).hexdigest(), block_crcs(body))
        self._write(body)
        return span

    def finish(self) -> str:
        """End the archive and return its sha256."""
        self._write(end_of_archive(self.size))
        return self._sha256.hexdigest()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._sha256.update(data)
        self.size += len(data)


@contextmanager
def open_shard(path: Path) -> Iterator[ShardWriter]:
    """Open a shard that appears under ``path`` only when the block ends well.

    The block must call :meth:`ShardWriter.finish` last.

    Raises:
        WriteError: if the disk refuses.
    """
    with atomic_file(path) as file:
        yield ShardWriter(file)


def block_crcs(data: bytes | memoryview) -> bytes:
    """Return the CRC-32 of every CRC_BYTES of ``data``, four little-endian bytes each."""
    view = memoryview(data)
    pieces: Iterable[int] = range(0, len(view), CRC_BYTES)
    return b"".join(zlib.crc32(view[i : i + CRC_BYTES]).to_bytes(4, "little") for i in pieces)
