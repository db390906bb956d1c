"""Small PDF files written by hand: text in Helvetica, any number of pages, RC4 encryption.

Written from ISO 32000-1 (7.5 file structure, 7.6.3 standard security handler, revision 2), so that
tests of the PDF reader depend on no PDF writer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_FILE_ID = b"0123456789abcdef"
_PERMISSIONS = -4


@dataclass(frozen=True)
class PdfPage:
    """Lines of text (x, y from the bottom-left in points, size, text) on a page of ``box``."""

    lines: Sequence[tuple[float, float, float, str]]
    box: tuple[float, float, float, float] = (0, 0, 595, 842)
    rotate: int = 0


def make_pdf(pages: Sequence[PdfPage], user_password: str | None = None) -> bytes:
    """Return a PDF; with ``user_password`` (may be empty) it is encrypted."""
    key = None if user_password is None else _file_key(user_password)
    objects: dict[int, bytes] = {}
    first = 4
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(pages)))
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[2] = f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode()
    objects[3] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    for i, page in enumerate(pages):
        number = first + 2 * i
        box = " ".join(f"{v:g}" for v in page.box)
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Rotate {page.rotate} "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {number + 1} 0 R >>"
        ).encode()
        objects[number + 1] = _stream(page, key, number + 1)
    if user_password is not None:
        objects[first + 2 * len(pages)] = _encrypt_dictionary(user_password)
    return _file(objects, user_password is not None)


def _stream(page: PdfPage, key: bytes | None, number: int) -> bytes:
    parts = [f"BT /F1 {size:g} Tf {x:g} {y:g} Td ({text}) Tj ET" for x, y, size, text in page.lines]
    data = "\n".join(parts).encode("ascii")
    if key is not None:
        salted = key + number.to_bytes(3, "little") + b"\0\0"
        data = _rc4(hashlib.md5(salted).digest()[: len(key) + 5], data)
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)


def _file(objects: dict[int, bytes], encrypted: bool) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number in sorted(objects):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    extra = b" /Encrypt %d 0 R" % max(objects) if encrypted else b""
    file_id = _FILE_ID.hex().encode()
    out += b"trailer\n<< /Size %d /Root 1 0 R /ID [<%s> <%s>]%s >>\n" % (
        len(objects) + 1,
        file_id,
        file_id,
        extra,
    )
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _encrypt_dictionary(password: str) -> bytes:
    user = _rc4(_file_key(password), _PADDING)
    return (
        f"<< /Filter /Standard /V 1 /R 2 /P {_PERMISSIONS} /O <{_owner(password).hex()}> "
        f"/U <{user.hex()}> >>"
    ).encode()


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PADDING)[:32]


def _owner(password: str) -> bytes:
    return _rc4(hashlib.md5(_padded("owner")).digest()[:5], _padded(password))


def _file_key(password: str) -> bytes:
    permissions = (_PERMISSIONS & 0xFFFFFFFF).to_bytes(4, "little")
    data = _padded(password) + _owner(password) + permissions + _FILE_ID
    return hashlib.md5(data).digest()[:5]


def _rc4(key: bytes, data: bytes) -> bytes:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
