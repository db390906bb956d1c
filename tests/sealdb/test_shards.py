"""The tar dialect: deterministic, readable by everybody, strict when read back."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from seal2real.sealdb.damage import locate
from seal2real.sealdb.errors import DamagedError, WriteError
from seal2real.sealdb.shards import CRC_BYTES, block_crcs, open_shard
from seal2real.sealdb.tarformat import header, walk

FILES = {"json": b"{}", "clean.jpg": b"j" * 700, "mask.png": b"", "synthetic.jpg": b"s" * 512}


def write(path: Path) -> bytes:
    """Write two samples and return the archive."""
    with open_shard(path) as writer:
        for sample in ("000000004", "000000005"):
            writer.add(sample, FILES)
        digest = writer.finish()
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
    return data


def test_tarfile_reads_what_was_written(tmp_path: Path) -> None:
    """Python's own reader: names sorted, contents equal, owner, mode and time fixed."""
    write(tmp_path / "a.tar")
    with tarfile.open(tmp_path / "a.tar") as archive:
        members = archive.getmembers()
        names = [f"00000000{k}.{suffix}" for k in (4, 5) for suffix in sorted(FILES)]
        assert [member.name for member in members] == names == sorted(names)
        for member in members:
            file = archive.extractfile(member)
            assert file is not None
            assert file.read() == FILES[member.name.partition(".")[2]]
            assert (member.mtime, member.uid, member.gid, member.mode) == (0, 0, 0, 0o644)
            assert (member.uname, member.gname, member.isreg()) == ("", "", True)


def test_tarfile_would_write_the_same(tmp_path: Path) -> None:
    """The archive equals tarfile's own USTAR archive of the same members, end and all."""
    data = write(tmp_path / "a.tar")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for member in walk(data, 0, len(data)):
            info = tarfile.TarInfo(member.name)
            info.size = member.size
            archive.addfile(info, io.BytesIO(FILES[member.suffix]))
    assert out.getvalue() == data


def test_webdataset_reads_it(tiny_db: Path) -> None:
    """One basename is one sample, with every member under its suffix."""
    webdataset = pytest.importorskip("webdataset")
    shard = str(tiny_db / "shards/train-000000.tar")
    samples = list(webdataset.WebDataset(shard, shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == [f"{k:09d}" for k in range(4)]
    wanted = {"synthetic.jpg", "clean.jpg", "mask.png", "shape.png", "classes.png", "json"}
    assert all(wanted <= set(sample) for sample in samples)


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    """Neither the shard nor its temporary file."""

    def fail() -> None:
        with open_shard(tmp_path / "a.tar") as writer:
            writer.add("000000000", FILES)
            raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The system's words and the path."""
    with (
        pytest.raises(WriteError, match=r"write: .*a.tar must be writable, got No such file"),
        open_shard(tmp_path / "none" / "a.tar"),
    ):
        pass


def forged_tar(**changes: object) -> bytes:
    """Return an archive of one member whose header tarfile wrote with ``changes``."""
    info = tarfile.TarInfo("000000000.json")
    info.size = 2
    for name, value in changes.items():
        setattr(info, name, value)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"{}") if info.isreg() else None)
    return out.getvalue()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../../etc/passwd"}, "at byte 0: name .* is no sample member"),
        ({"name": "/000000000.json"}, "at byte 0: name .* is no sample member"),
        ({"name": "000000000.json\n"}, "at byte 0: name .* is no sample member"),
        ({"name": "000000000.pickle"}, "at byte 0: name .* is no sample member"),
        ({"name": "0000000\u0660\u0661.json"}, "at byte 0: name .* is no sample member"),
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "at byte 1.*not as written"),
        ({"type": tarfile.LNKTYPE, "linkname": "x", "size": 2}, "at byte 1.*not as written"),
        ({"type": tarfile.CHRTYPE}, "at byte 1.*not as written"),
        ({"mode": 0o4755}, "at byte 103: header of 000000000.json is not as written"),
        ({"mtime": 1}, "at byte 146: header of 000000000.json is not as written"),
        ({"uid": 1000}, "at byte 1.*header of 000000000.json is not as written"),
    ],
)
def test_hostile_headers_are_refused(changes: dict[str, object], message: str) -> None:
    """Paths, links, devices, rights and foreign names: only our own headers are read."""
    data = forged_tar(**changes)
    with pytest.raises(DamagedError, match=message):
        list(walk(data, 0, len(data)))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (b"77777777777\0", "size 8589934591 of 000000000.json reaches past the end"),
        (b"\x80\0\0\0\0\0\0\0\0\0\0\x02", "size field .* is no octal number"),
        (b"-0000000001\0", "size field .* is no octal number"),
    ],
)
def test_hostile_sizes_are_refused(field: bytes, message: str) -> None:
    """Sizes beyond the archive, in base 256, or negative."""
    block = bytearray(header("000000000.json", 2))
    block[124:136] = field
    if b"7777" in field:
        block[:] = header("000000000.json", 0o77777777777)
    with pytest.raises(DamagedError, match=message):
        list(walk(bytes(block) + bytes(9728), 0, 10240))


@pytest.mark.parametrize("at", [0, 1, 4095, 4096, 9999])
@pytest.mark.parametrize("error", [1, 0x80, 0xFF])
def test_a_single_bad_byte_is_found(at: int, error: int) -> None:
    """The damage is known because the test does it."""
    good = bytes(k * k % 251 for k in range(10_000))
    bad = bytearray(good)
    bad[at] ^= error
    assert locate(bytes(bad), block_crcs(good), hashlib.sha256(good).hexdigest()) == (at, at + 1)


def test_more_damage_is_narrowed_to_a_piece() -> None:
    """Two far bytes in the second piece, more in the third: the second piece is the first bad."""
    good = bytes(3 * CRC_BYTES)
    bad = bytearray(good)
    for at in (CRC_BYTES + 9, CRC_BYTES + 700, 2 * CRC_BYTES + 5):
        bad[at] ^= 0x55
    found = locate(bytes(bad), block_crcs(good), hashlib.sha256(good).hexdigest())
    assert found == (CRC_BYTES, 2 * CRC_BYTES)


def test_good_bytes_have_no_damage() -> None:
    """Also none at all."""
    for good in (b"", b"x", bytes(5000)):
        assert locate(good, block_crcs(good), hashlib.sha256(good).hexdigest()) is None
