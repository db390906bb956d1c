"""Fonts of seals: embedded ones, user files and system families, and the shared glyph store.

``song`` (Song class serif) and ``hei`` (sans) are embedded, bold as seals are cut; ``song-text`` and
``hei-text`` are their regular weights, for the text of pages. Where FangSong or Kai is prescribed the
Song subset stands in; `stand_in` tells both. Any other name is a path
(``simsun.ttf``, ``NotoSerifCJK-Bold.ttc#2`` for one face of a collection), a folder that holds one
font, or a family known to the system (``Noto Serif CJK SC`` or ``Noto Serif CJK SC:Bold``).
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uharfbuzz as hb

from seal2real.seals.fontfiles import FontFace, check_font, faces_in, system_faces
from seal2real.seals.outlines import Outline, read_outline

if TYPE_CHECKING:
    from seal2real import _C

__all__ = [
    "EMBEDDED",
    "STAND_INS",
    "Font",
    "FontMetrics",
    "MissingGlyph",
    "ensure_glyphs",
    "font_file",
    "font_id",
    "fonts_in",
    "get_font",
    "missing_characters",
    "stand_in",
    "store",
]

FONT_FOLDER = Path(__file__).resolve().parent.parent / "fonts"
# Embedded fonts by id: file below seal2real/fonts, made by scripts/make_fonts.py.
EMBEDDED = {
    "song": "NotoSerifSC-Bold-seal.otf",
    "hei": "NotoSansSC-Bold-seal.otf",
    "song-text": "NotoSerifSC-Regular-seal.otf",
    "hei-text": "NotoSansSC-Regular-seal.otf",
}
# Prescribed classes without a free font of their own -> the embedded font that stands in.
STAND_INS = {"fangsong": "song", "kai": "song"}
# Hanzi whose strokes reach all four sides of the glyph face.
_FACE_SAMPLE = "国圆固圈团围图园墨警"
_BLANKS = " \u3000"
# Ideographic em box above and below the baseline where a font does not say (CJK convention).
_ASCENT_EM, _DESCENT_EM = 0.88, -0.12


class MissingGlyph(ValueError):
    """A font has no outline for a character.

    Attributes:
        font: name of the font as it was asked for.
        char: the character.
    """

    def __init__(self, font: str, char: str, text: str) -> None:
        super().__init__(
            f"ensure_glyphs: text must be in font {font!r}, got {char!r} (U+{ord(char):04X}) in "
            f"{text!r}; choose another font or character"
        )
        self.font = font
        self.char = char
        self.text = text

    def __reduce__(self) -> tuple[type[MissingGlyph], tuple[str, str, str]]:
        """Pickle by the constructor's arguments: workers hand this error to their parent."""
        return type(self), (self.font, self.char, self.text)


@dataclass(frozen=True)
class FontMetrics:
    """Vertical measures in em, y up, 0 at the baseline."""

    ascent_em: float  # top of the em box
    descent_em: float  # bottom of the em box, negative; ascent - descent = 1
    # Ink box (left, bottom, right, top) that full-bodied hanzi share; None without hanzi.
    face: tuple[float, float, float, float] | None
    digit_height_em: float  # ink height of "0"; 0 without digits


class Font:
    """One face: characters, advances and outlines, each read once.

    Args:
        path: an OpenType file.
        index: number of the face in a collection.
        name: the name it was asked for by; default the path.

    Raises:
        ValueError: when the file is not a font (see `check_font`).
    """

    def __init__(self, path: Path | str, index: int = 0, name: str | None = None) -> None:
        self.path = Path(path)
        self.index = index
        self.name = name or str(path)
        data = check_font(self.path, index)
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._font = hb.Font(hb.Face(hb.Blob(data), index))
        self._outlines: dict[int, Outline] = {}

    @property
    def family(self) -> str:
        """Return the family name the file gives itself."""
        return self._font.face.get_name(hb.OTNameIdPredefined.FONT_FAMILY) or self.path.stem

    def has(self, codepoint: int) -> bool:
        """Return whether the font draws ``codepoint``: mapped, and not blank unless a space."""
        glyph = self._font.get_nominal_glyph(codepoint)
        if not glyph:
            return False
        # The box alone: page text asks for thousands of glyphs whose outlines nobody draws.
        box = self._font.get_glyph_extents(glyph)
        return chr(codepoint) in _BLANKS or bool(box and box.width and box.height)

    def advance(self, codepoint: int) -> float:
        """Return the horizontal advance in em."""
        return self.outline(codepoint).advance

    def outline(self, codepoint: int) -> Outline:
        """Return the flattened outline of ``codepoint``.

        Raises:
            MissingGlyph: when the font does not map the character.
        """
        known = self._outlines.get(codepoint)
        if known is None:
            glyph = self._font.get_nominal_glyph(codepoint)
            if not glyph:
                raise MissingGlyph(self.name, chr(codepoint), chr(codepoint))
            known = self._outlines[codepoint] = read_outline(self._font, glyph)
        return known

    @functools.cached_property
    def metrics(self) -> FontMetrics:
        """Return em box, glyph face and digit height."""
        face = self._glyph_face()
        digit = self.outline(ord("0")).box if self.has(ord("0")) else None
        ascent, descent = self._em_box(face)
        return FontMetrics(ascent, descent, face, digit[3] - digit[1] if digit else 0.0)

    def _glyph_face(self) -> tuple[float, float, float, float] | None:
        """Return the box around the sample hanzi that the font has."""
        boxes = [self.outline(ord(c)).box for c in _FACE_SAMPLE if self.has(ord(c))]
        inked = [box for box in boxes if box is not None]
        if not inked:
            return None
        left, bottom, right, top = zip(*inked, strict=True)
        return min(left), min(bottom), max(right), max(top)

    def _em_box(self, face: tuple[float, float, float, float] | None) -> tuple[float, float]:
        """Return top and bottom of the em box: OS/2 typographic metrics where they span an em."""
        table = self._font.face.reference_table("OS/2").data
        upem = self._font.face.upem
        if len(table) >= 72:
            ascent = int.from_bytes(table[68:70], "big", signed=True) / upem
            descent = int.from_bytes(table[70:72], "big", signed=True) / upem
            if abs(ascent - descent - 1.0) < 0.01:
                return ascent, ascent - 1.0
        if face is None:
            return _ASCENT_EM, _DESCENT_EM
        middle = (face[1] + face[3]) / 2
        return middle + 0.5, middle - 0.5


def stand_in(font: str, role: str | None = None) -> tuple[str, str]:
    """Return the font that draws and the class that is prescribed, as records keep them.

    >>> stand_in("fangsong")
    ('song', 'fangsong')
    >>> stand_in("song", "fangsong")
    ('song', 'fangsong')
    """
    return STAND_INS.get(font, font), role or font


@functools.lru_cache(maxsize=64)
def get_font(name: str) -> Font:
    """Return the font called ``name``; see the module's docstring for what a name may be.

    Raises:
        ValueError: when nothing has that name, or the file is not a font.
    """
    embedded = EMBEDDED.get(STAND_INS.get(name, name))
    if embedded is not None:
        return Font(FONT_FOLDER / embedded, 0, name)
    path, index = _split_index(name)
    if path.is_dir():
        return _only_font_in(path, name)
    if path.is_file():
        return Font(path, index, name)
    return _system_font(name)


def font_file(name: str) -> tuple[Path, int]:
    """Return the file and the number of the face that ``name`` stands for (Pillow takes both).

    Raises:
        ValueError: as `get_font`.
    """
    font = get_font(name)
    return font.path, font.index


def _split_index(name: str) -> tuple[Path, int]:
    """Split ``file.ttc#2`` into the path and the number of the face."""
    found = re.fullmatch(r"(.+)#(\d+)", name)
    if found and not Path(name).exists():
        return Path(found[1]).expanduser(), int(found[2])
    return Path(name).expanduser(), 0


def fonts_in(folder: Path | str) -> list[str]:
    """Return names that `get_font` accepts for every face below ``folder``, sorted.

    Raises:
        ValueError: when no file below it is a font.
    """
    faces = faces_in(Path(folder))
    if not faces:
        raise ValueError(
            f"fonts_in: folder must hold an .otf, .ttf or .ttc font, got {folder}; "
            "check the path or name a font file"
        )
    return [f"{face.path}#{face.index}" if face.index else face.path for face in faces]


def _only_font_in(folder: Path, name: str) -> Font:
    """Return the one font of a folder."""
    names = fonts_in(folder)
    if len(names) > 1:
        raise ValueError(
            f"get_font: name must be a folder with one font, got {name} with {len(names)}; "
            f"choose one of them: {', '.join(names[:8])}"
        )
    path, index = _split_index(names[0])
    return Font(path, index, name)


def _system_font(name: str) -> Font:
    """Return the system font of family ``name`` or ``name:style``."""
    if "/" in name or "\\" in name or Path(name).suffix.lower() in (".otf", ".ttf", ".ttc"):
        raise ValueError(f"get_font: name must be an existing font file, got {name!r}; check it")
    family, _, style = name.partition(":")
    faces = [face for face in system_faces() if face.family.casefold() == family.casefold()]
    if style:
        faces = [face for face in faces if face.style.casefold() == style.casefold()]
    if not faces:
        raise ValueError(_unknown_font(name))
    face = min(faces, key=_plainness)
    return Font(face.path, face.index, name)


def _plainness(face: FontFace) -> tuple[bool, FontFace]:
    """Order faces of a family: the regular one first, then by path."""
    return face.style.casefold() not in ("regular", "book", "normal", ""), face


def _unknown_font(name: str) -> str:
    """Say which names there are, the nearest first."""
    known = [*EMBEDDED, *STAND_INS, *sorted({face.family for face in system_faces()})]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    own = ", ".join([*EMBEDDED, *STAND_INS])
    return (
        f"get_font: name must be one of {own}, a font file or a system family, got {name!r}; "
        f"{hint}`fc-list : family` lists the system's"
    )


def missing_characters(font: str, text: str) -> str:
    """Return the characters of ``text`` that ``font`` cannot draw, in order, each once."""
    face = get_font(font)
    return "".join(dict.fromkeys(char for char in text if not face.has(ord(char))))


class _SharedStore:
    """The process's glyph store and which characters of which font it already holds."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.native: _C.GlyphStore | None = None
        self.ids: dict[str, int] = {}
        self.held: dict[str, set[str]] = {}


_SHARED = _SharedStore()


def store() -> _C.GlyphStore:
    """Return the glyph store that all layouts of this process share.

    A font is added under the name that specs use for it, so ``fangsong`` and ``song`` are two
    fonts of the store with the same outlines.
    """
    if _SHARED.native is None:
        with _SHARED.lock:
            if _SHARED.native is None:
                from seal2real import _C

                _SHARED.native = _C.GlyphStore()
    return _SHARED.native


def ensure_glyphs(font: str, text: str) -> None:
    """Put the glyphs of ``text`` into the shared store under the name ``font``.

    Raises:
        MissingGlyph: naming the font and the first character that it lacks; nothing is added.
        ValueError: when there is no such font.
    """
    known = _SHARED.ids.get(font)
    if known is not None and store().holds(known, text):  # 8 us a seal as a Python set
        return
    face = get_font(font)
    for char in text:
        if not face.has(ord(char)):
            raise MissingGlyph(font, char, text)
    native = store()
    with _SHARED.lock:
        held = _SHARED.held.setdefault(font, set())
        if font not in _SHARED.ids:
            _SHARED.ids[font] = native.add_font(font)
            metrics = face.metrics
            native.set_em_box(_SHARED.ids[font], metrics.ascent_em, metrics.descent_em)
        for char in sorted(set(text) - held):
            glyph = face.outline(ord(char))
            native.add_glyph(
                _SHARED.ids[font], ord(char), glyph.advance, glyph.points, glyph.lengths
            )
            held.add(char)


def font_id(font: str) -> int:
    """Return the number of ``font`` in the shared store.

    Raises:
        KeyError: before any glyph of that font was ensured.
    """
    return _SHARED.ids[font]
