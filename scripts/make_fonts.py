"""Make the embedded fonts: GB2312 subsets of Noto Serif SC (Song class) and Noto Sans SC.

Bold for seals, Regular for the text of procedural pages.

Sources are the collections of Debian's ``fonts-noto-cjk`` (SIL Open Font License 1.1; no Reserved
Font Name is declared, so the family name stays)::

    apt install fonts-noto-cjk
    pip install fonttools
    python scripts/make_fonts.py            # writes seal2real/fonts/*.otf and fonts.json
    python scripts/make_fonts.py --check /tmp/fonts    # same bytes as the committed ones?

The bytes depend only on the sources (recorded by SHA-256) and on the fontTools version (recorded).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import fontTools
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

DEFAULT_SOURCE = Path("/usr/share/fonts/opentype/noto")
DEFAULT_OUT = Path(__file__).resolve().parent.parent / "seal2real" / "fonts"
# Marks of seals and of printed Chinese beyond GB2312: stars, brackets, numbers in circles and
# parentheses, the wave dash in both encodings, currency, ticks.
SEAL_SYMBOLS = (
    "★☆●○◎◆◇■□▲△▼▽·•・—–―～〜…‖《》〈〉（）()〔〕【】「」『』［］｛｝〖〗"
    "№℃￥¥€£©®™§¶†‡※〇〒々〆〃“”‘’＂＇"
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇"
    "㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ√×÷±≤≥≠≈∞→←↑↓✓"
)
# What drawing needs: outlines, advances and the character map. No hinting, no layout features.
KEPT_TABLES = ("head", "hhea", "maxp", "OS/2", "name", "cmap", "post", "CFF ", "hmtx")


@dataclass(frozen=True)
class Source:
    """One embedded font: its id, the collection it comes from and the face inside."""

    id: str
    collection: str
    family: str
    out: str


SOURCES = (
    Source("song", "NotoSerifCJK-Bold.ttc", "Noto Serif CJK SC", "NotoSerifSC-Bold-seal.otf"),
    Source("hei", "NotoSansCJK-Bold.ttc", "Noto Sans CJK SC", "NotoSansSC-Bold-seal.otf"),
    Source(
        "song-text", "NotoSerifCJK-Regular.ttc", "Noto Serif CJK SC", "NotoSerifSC-Regular-seal.otf"
    ),
    Source(
        "hei-text", "NotoSansCJK-Regular.ttc", "Noto Sans CJK SC", "NotoSansSC-Regular-seal.otf"
    ),
)


def wanted_codepoints() -> set[int]:
    """Return printable ASCII, all of GB2312 (6763 hanzi, 682 symbols) and the seal symbols."""
    points = set(range(0x20, 0x7F)) | {ord(c) for c in SEAL_SYMBOLS}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                points.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:  # unassigned cells of the code table
                continue
    return points


def open_face(path: Path, family: str) -> TTFont:
    """Return the face named ``family`` of the collection ``path``.

    Raises:
        ValueError: when no face has that family name.
    """
    collection = TTCollection(str(path), lazy=True)
    for face in collection.fonts:
        if face["name"].getDebugName(1) == family:
            return face
    raise ValueError(f"open_face: family must name a face of {path}, got {family!r}")


def subset_face(face: TTFont, points: set[int]) -> list[int]:
    """Subset ``face`` in place and return the codepoints it has, sorted."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14]
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.recalc_timestamp = False
    # A TTFont lists its tables by keys() but cannot be iterated.
    tables = list(face.keys())
    options.drop_tables = [t for t in tables if t not in (*KEPT_TABLES, "GlyphOrder")]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=sorted(points))
    subsetter.subset(face)
    return sorted(face.getBestCmap())


def make_font(source: Source, folder: Path, out: Path) -> dict[str, object]:
    """Write one subset below ``out`` and return its entry of fonts.json."""
    path = folder / source.collection
    face = open_face(path, source.family)
    face.recalcTimestamp = False
    points = subset_face(face, wanted_codepoints())
    target = out / source.out
    face.save(str(target), reorderTables=True)
    return {
        "file": source.out,
        "sha256": sha256(target),
        "family": source.family,
        "version": face["name"].getDebugName(5),
        "source": source.collection,
        "source_sha256": sha256(path),
        "characters": len(points),
    }


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_all(folder: Path, out: Path) -> dict[str, object]:
    """Write every embedded font and fonts.json below ``out``; return the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    fonts = {source.id: make_font(source, folder, out) for source in SOURCES}
    manifest: dict[str, object] = {"fonttools": fontTools.version, "fonts": fonts}
    (out / "fonts.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def check(folder: Path, out: Path, scratch: Path) -> int:
    """Return 0 when the fonts made anew below ``scratch`` equal the committed ones."""
    fresh = make_all(folder, scratch)
    committed = json.loads((out / "fonts.json").read_text(encoding="utf-8"))
    if fresh == committed:
        print("fonts: equal to the committed ones")
        return 0
    print(f"fonts: differ\nfresh:     {fresh}\ncommitted: {committed}", file=sys.stderr)
    return 1


def main() -> int:
    """Parse the command line and make or check the fonts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=DEFAULT_SOURCE, help="folder of *.ttc")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--check", type=Path, metavar="SCRATCH", help="compare, write nothing else")
    args = parser.parse_args()
    if args.check:
        return check(args.source, args.out, args.check)
    print(json.dumps(make_all(args.source, args.out), indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
