"""Fonts: names, files, outlines, metrics and errors."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import uharfbuzz as hb

from seal2real.seals import fontfiles, fonts
from seal2real.seals.outlines import FLATNESS_EM, read_outline

FOLDER = fonts.FONT_FOLDER
SONG = FOLDER / fonts.EMBEDDED["song"]


def gb2312_hanzi() -> str:
    """Return the 6763 hanzi of GB2312 from Python's codec, rows 16 to 87."""
    text = ""
    for row in range(0xB0, 0xF8):
        cells = (bytes((row, cell)) for cell in range(0xA1, 0xFF))
        text += "".join(cell.decode("gb2312", errors="ignore") for cell in cells)
    return text


@pytest.mark.parametrize("name", ["song", "hei", "song-text", "hei-text"])
def test_embedded_fonts_draw_gb2312_ascii_and_seal_symbols(name: str) -> None:
    """6763 is the standard's own count of hanzi; the symbols are those of printed seals."""
    hanzi = gb2312_hanzi()
    assert len(hanzi) == 6763
    symbols = "★☆·—～《》（）〔〕【】№①⑳⑴⒇〇" + "".join(map(chr, range(0x20, 0x7F)))
    assert fonts.missing_characters(name, hanzi + symbols) == ""


def test_embedded_fonts_are_the_recorded_bytes_with_their_licence() -> None:
    """fonts.json holds the hashes that scripts/make_fonts.py printed."""
    manifest = json.loads((FOLDER / "fonts.json").read_text(encoding="utf-8"))
    for name, entry in manifest["fonts"].items():
        assert fonts.EMBEDDED[name] == entry["file"]
        assert hashlib.sha256((FOLDER / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert fonts.get_font(name).sha256 == entry["sha256"]
        assert (FOLDER / entry["file"]).stat().st_size < 2_300_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FOLDER / "OFL.txt").read_text(encoding="utf-8")


def signed_areas(points: np.ndarray, lengths: np.ndarray) -> list[float]:
    """Return the shoelace area of every contour, positive for counter-clockwise."""
    areas, at = [], 0
    for n in lengths:
        x, y = points[at : at + n].astype(np.float64).T
        areas.append(float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2))
        at += n
    return areas


def test_outline_of_hui_is_two_nested_boxes_filled_counter_clockwise() -> None:
    """回 in Hei is an outer box with a hole and an inner box with a hole: signs known by sight."""
    outline = fonts.get_font("hei").outline(ord("回"))
    areas = sorted(signed_areas(outline.points, outline.lengths), reverse=True)
    assert [area > 0 for area in areas] == [True, True, False, False]
    assert sum(areas) > 0
    assert outline.advance == 1.0


def test_flattening_stays_within_the_promised_distance() -> None:
    """Expected from a 25 times finer flattening of the same glyph."""
    font = hb.Font(hb.Face(hb.Blob.from_file_path(str(SONG))))
    for char in "国8&":
        glyph = font.get_nominal_glyph(ord(char))
        coarse = read_outline(font, glyph)
        fine = read_outline(font, glyph, FLATNESS_EM / 25)
        assert len(fine.points) > len(coarse.points)
        assert farthest(fine.points, coarse) <= FLATNESS_EM * 1.01


def farthest(points: np.ndarray, outline: object) -> float:
    """Return the greatest distance of ``points`` from the polylines of ``outline``."""
    starts, ends, at = [], [], 0
    for n in outline.lengths:  # type: ignore[attr-defined]
        contour = outline.points[at : at + n].astype(np.float64)  # type: ignore[attr-defined]
        starts.append(contour)
        ends.append(np.roll(contour, -1, axis=0))
        at += n
    a, b = np.concatenate(starts), np.concatenate(ends)
    d = b - a
    offset = points[:, None].astype(np.float64) - a
    t = np.clip((offset * d).sum(-1) / (d * d).sum(-1), 0, 1)
    return float(np.sqrt(((offset - t[..., None] * d) ** 2).sum(-1)).min(1).max())


def test_metrics_of_the_embedded_fonts() -> None:
    """Noto CJK declares an em box of 0.88 / -0.12; its hanzi fill 0.9 to 1.0 em of it."""
    for name in ("song", "hei"):
        metrics = fonts.get_font(name).metrics
        assert (metrics.ascent_em, metrics.descent_em) == pytest.approx((0.88, -0.12))
        assert metrics.face is not None
        left, bottom, right, top = metrics.face
        assert 0.85 < right - left < 1.0
        assert 0.85 < top - bottom < 1.0
        assert abs((top + bottom) / 2 - 0.38) < 0.03
        assert 0.7 < metrics.digit_height_em < 0.8


def test_stand_ins_draw_with_song_and_keep_what_was_prescribed() -> None:
    assert fonts.stand_in("fangsong") == ("song", "fangsong")
    assert fonts.stand_in("song", "kai") == ("song", "kai")
    assert fonts.stand_in("hei") == ("hei", "hei")
    assert fonts.get_font("fangsong").sha256 == fonts.get_font("song").sha256


def test_font_by_path_folder_and_collection_index(tmp_path: Path) -> None:
    """The same file must give the same outline however it is named."""
    copy = tmp_path / "mine.otf"
    shutil.copy(SONG, copy)
    by_name = fonts.get_font("song").outline(ord("章"))
    for name in (str(copy), str(tmp_path)):
        font = fonts.get_font(name)
        assert font.name == name
        assert fonts.font_file(name) == (copy, 0)
        assert np.array_equal(font.outline(ord("章")).points, by_name.points)
    assert fonts.fonts_in(tmp_path) == [str(copy)]
    shutil.copy(FOLDER / fonts.EMBEDDED["hei"], tmp_path / "other.otf")
    fonts.get_font.cache_clear()
    with pytest.raises(ValueError, match="name must be a folder with one font, got .* with 2"):
        fonts.get_font(str(tmp_path))


def collection_of(*files: Path) -> bytes:
    """Return a TrueType collection that holds the faces of ``files`` unshared."""
    bodies = [bytearray(file.read_bytes()) for file in files]
    start = 12 + 4 * len(bodies)
    head = b"ttcf\x00\x01\x00\x00" + len(bodies).to_bytes(4, "big")
    blob = b""
    for body in bodies:
        at = start + len(blob)
        head += at.to_bytes(4, "big")
        for entry in range(int.from_bytes(body[4:6], "big")):
            field = slice(12 + 16 * entry + 8, 12 + 16 * entry + 12)
            body[field] = (int.from_bytes(body[field], "big") + at).to_bytes(4, "big")
        blob += bytes(body)
    return head + blob


def test_a_face_of_a_collection_is_named_by_its_number(tmp_path: Path) -> None:
    """A collection built here byte by byte from the two embedded fonts."""
    path = tmp_path / "both.ttc"
    path.write_bytes(collection_of(SONG, FOLDER / fonts.EMBEDDED["hei"]))
    faces = fontfiles.faces_in(tmp_path)
    assert [face.family for face in faces] == ["Noto Serif CJK SC", "Noto Sans CJK SC"]
    second = fonts.get_font(f"{path}#1")
    assert second.family == "Noto Sans CJK SC"
    expected = fonts.get_font("hei").outline(ord("章")).points
    assert np.array_equal(second.outline(ord("章")).points, expected)
    with pytest.raises(ValueError, match=r"index must be in 0\.\.1 .*, got 2"):
        fonts.get_font(f"{path}#2")


def test_system_families_by_name_and_style(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's list is replaced by one known entry: machines differ in their fonts."""
    faces = (
        fontfiles.FontFace("/nowhere/bold.otf", 0, "Invented Song", "Bold"),
        fontfiles.FontFace(str(SONG), 0, "Invented Song", "Regular"),
    )
    monkeypatch.setattr(fonts, "system_faces", lambda: faces)
    fonts.get_font.cache_clear()
    assert fonts.get_font("invented song").path == SONG
    with pytest.raises(OSError, match="bold.otf"):
        fonts.get_font("Invented Song:Bold")
    with pytest.raises(ValueError, match="did you mean 'Invented Song'"):
        fonts.get_font("Invented Songg")
    fonts.get_font.cache_clear()


def test_folders_are_searched_where_fontconfig_is_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(SONG, tmp_path / "a.otf")
    (tmp_path / "broken.ttf").write_bytes(b"not a font at all")
    monkeypatch.setattr(fontfiles.shutil, "which", lambda _: None)
    monkeypatch.setattr(fontfiles, "SYSTEM_FOLDERS", (str(tmp_path),))
    found = fontfiles.system_faces.__wrapped__()
    assert [face.family for face in found] == ["Noto Serif CJK SC"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a font, the file is empty"),
        (b"%PDF-1.7 hello", "not a font, it starts with b'%PDF'"),
        (SONG.read_bytes()[:100], "not a font, the table directory is truncated"),
        (SONG.read_bytes()[:500_000], "not a font, table '.*' is truncated"),
        (b"OTTO\x00\x00" + bytes(6), "not a font, it has no outlines"),
        (b"ttcf\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\xff", "face 0 .* is truncated"),
    ],
)
def test_what_is_no_font_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "seal.otf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"seal.otf: .*{message}"):
        fonts.get_font(str(path))


def test_unknown_names_say_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match="one of song, hei, song-text, hei-text, fangsong, kai.*did you mean 'song'",
    ):
        fonts.get_font("songg")
    with pytest.raises(ValueError, match="must be an existing font file, got '/no/such.ttf'"):
        fonts.get_font("/no/such.ttf")
    with pytest.raises(ValueError, match="folder must hold an .otf"):
        fonts.fonts_in(tmp_path)


def test_missing_glyph_names_font_and_character() -> None:
    with pytest.raises(fonts.MissingGlyph, match=r"font 'song', got '😀' \(U\+1F600\)") as caught:
        fonts.ensure_glyphs("song", "章😀")
    assert (caught.value.font, caught.value.char) == ("song", "😀")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    with pytest.raises(fonts.MissingGlyph, match=r"U\+9F98"):
        fonts.get_font("hei").outline(ord("龘"))


def test_blank_glyphs_count_as_missing_unless_they_are_spaces() -> None:
    """U+200B is not in the subset and draws nothing; the two spaces are meant to be blank."""
    assert fonts.missing_characters("song", " \u3000\u200b甲") == "\u200b"


def test_ensure_glyphs_fills_the_shared_store() -> None:
    """Asked twice, and by a stand-in's name, the store has the glyph once under each name."""
    for name in ("song", "fangsong"):
        fonts.ensure_glyphs(name, "公章公")
        fonts.ensure_glyphs(name, "公章")
    native = fonts.store()
    song, stand_in = (fonts.font_id(name) for name in ("song", "fangsong"))
    assert song != stand_in
    assert native.has(song, ord("公"))
    assert native.has(stand_in, ord("章"))
    assert not native.has(song, ord("\u200b"))
