"""Font files: which bytes are a font, which faces they hold, and where the system keeps them."""

from __future__ import annotations

import functools
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import uharfbuzz as hb

__all__ = ["FontFace", "check_font", "faces_in", "system_faces"]

FONT_SUFFIXES = (".otf", ".ttf", ".ttc", ".otc")
# Where Debian, Fedora and users keep fonts; searched only where fontconfig is not installed.
SYSTEM_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_SFNT_MAGIC = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"typ1")
_OUTLINE_TABLES = {b"glyf", b"CFF ", b"CFF2"}


@dataclass(frozen=True, order=True)
class FontFace:
    """One face of a font file."""

    path: str
    index: int  # number of the face in a collection, 0 otherwise
    family: str = ""
    style: str = ""


def check_font(path: Path, index: int = 0) -> bytes:
    """Read a font file and check that face ``index`` is complete.

    Args:
        path: an .otf, .ttf, .ttc or .otc file.
        index: number of the face in a collection.

    Returns:
        The bytes of the whole file.

    Raises:
        ValueError: when the file is empty, truncated, not an OpenType font, has no outlines, or
            has no face ``index``.
        OSError: when it cannot be read.
    """
    data = path.read_bytes()
    offset = _face_offset(path, data, index)
    count = int.from_bytes(data[offset + 4 : offset + 6], "big")
    directory = data[offset + 12 : offset + 12 + 16 * count]
    if len(directory) < 16 * count:
        raise ValueError(_not_a_font(path, "the table directory is truncated"))
    tags = set()
    for at in range(0, len(directory), 16):
        tag, _, start, length = struct.unpack(">4sIII", directory[at : at + 16])
        if start + length > len(data):
            raise ValueError(_not_a_font(path, f"table {tag.decode('latin-1')!r} is truncated"))
        tags.add(tag)
    if not tags & _OUTLINE_TABLES:
        raise ValueError(_not_a_font(path, "it has no outlines (bitmap fonts cannot be drawn)"))
    return data


def _face_offset(path: Path, data: bytes, index: int) -> int:
    """Return where the header of face ``index`` starts."""
    if data[:4] in _SFNT_MAGIC:
        if index != 0:
            raise ValueError(f"check_font: index must be 0 for {path}, got {index}")
        return 0
    if data[:4] != b"ttcf" or len(data) < 12:
        found = "the file is empty" if not data else f"it starts with {data[:4]!r}"
        raise ValueError(_not_a_font(path, found))
    count = int.from_bytes(data[8:12], "big")
    if not 0 <= index < count:
        raise ValueError(f"check_font: index must be in 0..{count - 1} for {path}, got {index}")
    offset = int.from_bytes(data[12 + 4 * index : 16 + 4 * index], "big")
    if data[offset : offset + 4] not in _SFNT_MAGIC:
        raise ValueError(_not_a_font(path, f"face {index} of the collection is truncated"))
    return offset


def _not_a_font(path: Path, found: str) -> str:
    return (
        f"check_font: path must name an OpenType font, got {path}: not a font, {found}; "
        "give an .otf, .ttf or .ttc file"
    )


def faces_in(folder: Path) -> list[FontFace]:
    """Return the faces of every font file below ``folder``, sorted by path.

    Files that only look like fonts are skipped: `check_font` says by name what is wrong with one.
    """
    found: list[FontFace] = []
    for path in sorted(folder.expanduser().rglob("*")):
        if path.suffix.lower() in FONT_SUFFIXES and path.is_file():
            found.extend(_faces_of(path))
    return found


def _faces_of(path: Path) -> list[FontFace]:
    """Return the faces of one file, none when it is not a font."""
    try:
        data = check_font(path)
    except (ValueError, OSError):
        return []
    count = int.from_bytes(data[8:12], "big") if data[:4] == b"ttcf" else 1
    blob = hb.Blob(data)
    faces = (hb.Face(blob, index) for index in range(count))
    return [
        FontFace(
            str(path),
            face.index,
            face.get_name(hb.OTNameIdPredefined.FONT_FAMILY) or "",
            face.get_name(hb.OTNameIdPredefined.FONT_SUBFAMILY) or "",
        )
        for face in faces
    ]


@functools.lru_cache(maxsize=1)
def system_faces() -> tuple[FontFace, ...]:
    """Return the faces that the system knows, sorted; asked once per process."""
    if shutil.which("fc-list"):
        return tuple(sorted(_fontconfig_faces()))
    faces = (face for folder in SYSTEM_FOLDERS for face in faces_in(Path(folder)))
    return tuple(sorted(faces))


def _fontconfig_faces() -> list[FontFace]:
    """Return what ``fc-list`` lists, an entry for each of a face's family names."""
    command = ["fc-list", "--format", r"%{file}\t%{index}\t%{family}\t%{style}\n"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found: list[FontFace] = []
    for line in listing.splitlines():
        path, index, families, styles = (line.split("\t") + [""] * 4)[:4]
        # The high half numbers the instances of a variable font; 0 is its default.
        if not path.lower().endswith(FONT_SUFFIXES) or int(index) >> 16:
            continue
        style = styles.split(",")[0]
        found.extend(FontFace(path, int(index), name, style) for name in families.split(","))
    return found
