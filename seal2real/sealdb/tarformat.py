"""The one tar dialect that shards are written in, and its strict reader.

A shard is a USTAR archive of regular files with fixed owner, mode and time, sorted by name. Every
header is therefore a function of name and size: the reader compares it byte for byte and need
trust nothing in it. Names never reach the file system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

from seal2real.sealdb.errors import DamagedError

__all__ = ["BLOCK", "Member", "end_of_archive", "header", "padding", "walk"]

BLOCK = 512
# tarfile and GNU tar round archives up to 20 blocks.
_RECORD = 20 * BLOCK
# The fields of a header that are the same for every member: mode and owner; time; type "0"
# (regular file), magic and no device. The checksum counts its own field as eight blanks.
_OWNER = b"0000644\0" + b"0000000\0" * 2
_TIME = b"00000000000\0"
_REST = b"0" + bytes(100) + b"ustar\x0000" + bytes(64 + 16 + 167)
_EMPTY_SUM = sum(_OWNER) + sum(_TIME) + sum(_REST) + 8 * ord(" ")
# Members of a sample: nine digits, what it is, and how it is encoded; plain ASCII, no folders.
_NAME = re.compile(rb"([0-9]{9})\.([a-z_]{1,24}\.)?(jpg|png|json)")


@dataclass(frozen=True)
class Member:
    """One file in a shard."""

    # nine digits
    sample: str
    # what follows the id and its dot, e.g. "mask.png"
    suffix: str
    # of its header in the shard, bytes
    header_offset: int
    # of its data in the shard, bytes
    offset: int
    # of its data, bytes
    size: int

    @property
    def name(self) -> str:
        """The name in the archive."""
        return f"{self.sample}.{self.suffix}"

    @property
    def end(self) -> int:
        """Offset of the next header."""
        return self.offset + self.size + len(padding(self.size))


def header(name: str, size: int) -> bytes:
    """Return the 512 bytes before a member of ``size`` bytes, as tarfile would write them.

    tarfile takes ten times as long; its fields are filled in here.
    """
    raw, length = name.encode("ascii"), b"%011o" % size
    assert len(raw) < 100 and len(length) == 11, "sample members are short and below 8 GiB"
    total = _EMPTY_SUM + sum(raw) + sum(length)
    return b"".join(
        (raw, bytes(100 - len(raw)), _OWNER, length, b"\0", _TIME, b"%06o\0 " % total, _REST)
    )


def padding(size: int) -> bytes:
    """Return the zeros after ``size`` bytes of data."""
    return bytes(-size % BLOCK)


def end_of_archive(size: int) -> bytes:
    """Return the zeros that end an archive whose members take ``size`` bytes."""
    return bytes(2 * BLOCK + -(size + 2 * BLOCK) % _RECORD)


def walk(data: bytes | mmap | memoryview, start: int, stop: int) -> Iterator[Member]:
    """Yield the members in ``data[start:stop]``; a zero block ends the walk.

    Raises:
        DamagedError: at the first header that no writer of this format would have made; the
            message gives its first wrong byte.
    """
    at = start
    while at < stop:
        block = bytes(data[at : at + BLOCK])
        if not any(block):
            return
        member = _parse(block, at)
        if member.end > stop:
            raise _damaged(at + 124, f"size {member.size} of {member.name} reaches past the end")
        yield member
        at = member.end


def _parse(block: bytes, at: int) -> Member:
    raw = block[:100].rstrip(b"\0")
    hit = _NAME.fullmatch(raw)
    if hit is None:
        raise _damaged(at, f"name {raw[:40]!r} is no sample member")
    size = _octal(block[124:136])
    if size is None:
        raise _damaged(at + 124, f"size field {block[124:136]!r} is no octal number")
    expected = header(raw.decode("ascii"), size)
    if block != expected:
        wrong = next((i for i, byte in enumerate(block) if byte != expected[i]), len(block))
        raise _damaged(at + wrong, f"header of {raw.decode('ascii')} is not as written")
    sample, _, suffix = raw.decode("ascii").partition(".")
    return Member(sample, suffix, at, at + BLOCK, size)


def _octal(field: bytes) -> int | None:
    digits = field.rstrip(b"\0 ")
    return int(digits, 8) if re.fullmatch(rb"[0-7]{1,11}", digits) else None


def _damaged(at: int, what: str) -> DamagedError:
    return DamagedError(f"walk: tar header must be as written, got at byte {at}: {what}")
