"""Find the first bad byte of a sample, given the CRC-32 of each of its pieces."""

from __future__ import annotations

import hashlib
import zlib
from functools import cache

from seal2real.sealdb.shards import CRC_BYTES

__all__ = ["Damage", "locate"]

# Start and stop of the bytes among which the first bad one is; one byte wherever possible.
Damage = tuple[int, int]

# CRC-32 of zlib, PNG and Ethernet, lowest power in the highest bit.
_POLYNOMIAL = 0xEDB88320


def locate(data: bytes, crc32: bytes, sha256: str) -> Damage | None:
    """Return where the first bad byte of ``data`` is, or None if it is as written.

    A single bad byte is found exactly: CRC is linear, so the difference between the two checksums
    is that of the damage alone, and running the register backwards tells where it went in. More
    damage than that is narrowed to a piece of CRC_BYTES.

    Args:
        data: the sample's bytes.
        crc32: of every piece of CRC_BYTES, four little-endian bytes each.
        sha256: of all bytes, to confirm the byte that was found.
    """
    for at in range(0, max(len(data), 1), CRC_BYTES):
        piece = data[at : at + CRC_BYTES]
        stored = int.from_bytes(crc32[at // CRC_BYTES * 4 :][:4], "little")
        difference = zlib.crc32(piece) ^ stored
        if difference == 0:
            continue
        # CRC alone is ambiguous: 32 bits, 255 errors at each of 4096 places. The sha256 decides.
        for offset, error in _single_errors(difference, len(piece)):
            fixed = bytearray(data)
            fixed[at + offset] ^= error
            if hashlib.sha256(fixed).hexdigest() == sha256:
                return at + offset, at + offset + 1
        return at, at + len(piece)
    if hashlib.sha256(data).hexdigest() != sha256:
        return 0, len(data)
    return None


@cache
def _tables() -> tuple[tuple[int, ...], dict[int, int]]:
    """Return the CRC-32 table, and index by the top byte of its entries (all differ)."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table), {entry >> 24: i for i, entry in enumerate(table)}


def _single_errors(difference: int, length: int) -> list[tuple[int, int]]:
    """Return every (offset, error) whose single byte would explain ``difference``."""
    table, by_top = _tables()
    errors = {entry: i for i, entry in enumerate(table) if i}
    found = []
    # An error e in the last byte changes the register by table[e]; each byte behind it then shifts
    # that on as a zero byte would. So undo one zero byte at a time, from the end.
    register = difference
    for offset in range(length - 1, -1, -1):
        if register in errors:
            found.append((offset, errors[register]))
        # forward: new = old >> 8 ^ table[old & 255], whose top byte is that of the table's entry
        index = by_top[register >> 24]
        register = (register ^ table[index]) << 8 & 0xFFFFFFFF | index
    return found
