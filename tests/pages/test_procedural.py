"""Drawn pages: boxes that hold their ink, windows, the same bytes for the same number."""

from __future__ import annotations

import pickle
import re
from collections import Counter

import numpy as np
import pytest
import uharfbuzz as hb

from seal2real.pages import PagePicker, ProceduralPages, open_pages
from seal2real.pages.canvas import Canvas, Rect
from seal2real.pages.documents import DOCUMENTS
from seal2real.pages.words import capital_amount
from seal2real.seals.fonts import MissingGlyph, font_file

KINDS = sorted({document.kind for document in DOCUMENTS})
FONTS = ("song-text", "hei", "song")


def pages_of(kind: str, language: str, count: int = 4, dpi: float = 100.0):
    source = ProceduralPages(dpi, seed=11, languages=(language,), kinds=(kind,))
    return [source.page(i) for i in range(count)]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_boxes_hold_the_ink_and_lines_their_text(kind: str, language: str) -> None:
    """Every character's cell (grown 1 px: hinting) has ink; a line's characters spell its text."""
    for page in pages_of(kind, language):
        assert page.kind == kind
        assert page.lines
        bare = np.array(page.paper)
        for line in page.lines:
            assert "".join(c.text for c in line.chars) == re.sub(r"\s", "", line.text)
            for char in line.chars:
                x0, y0 = np.maximum(char.quad.min(axis=0).astype(int) - 1, 0)
                x1, y1 = char.quad.max(axis=0).astype(int) + 2
                cell = page.image[y0:y1, x0:x1]
                assert cell.size, (line.text, char.text)
                assert (np.abs(cell - bare).max(axis=2) > 24).any(), (line.text, char.text)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["contract", "notice", "letter"])
def test_all_print_lies_in_boxes(kind: str, language: str) -> None:
    """Pages without rules: dark pixels outside the cells are fewer than one in a hundred."""
    for page in pages_of(kind, language):
        dark = page.image.max(axis=2) < 120
        boxed = np.zeros_like(dark)
        for line in page.lines:
            for char in line.chars:
                (x0, y0), (x1, y1) = char.quad.min(axis=0), char.quad.max(axis=0)
                boxed[max(int(y0) - 1, 0) : int(y1) + 2, max(int(x0) - 1, 0) : int(x1) + 2] = True
        for y in np.flatnonzero(dark.mean(axis=1) > 0.5):  # rules of letterheads
            dark[y] = False
        assert (dark & ~boxed).sum() <= 0.01 * dark.sum()


def test_lines_lie_on_the_paper_and_do_not_overlap() -> None:
    """Texts of 60 pages stay on the paper; two lines share at most a sliver."""
    source = ProceduralPages(100.0, seed=4)
    for i in range(60):
        page = source.page(i)
        boxes = [(*line.polygon.min(axis=0), *line.polygon.max(axis=0)) for line in page.lines]
        for x0, y0, x1, y1 in boxes:
            assert x0 >= 0
            assert y0 >= 0
            assert x1 <= page.width + 1
            assert y1 <= page.height + 1
        for k, a in enumerate(boxes):
            for b in boxes[k + 1 :]:
                wide = min(a[2], b[2]) - max(a[0], b[0])
                tall = min(a[3], b[3]) - max(a[1], b[1])
                limit = 0.25 * min(a[3] - a[1], b[3] - b[1])
                assert not (wide > limit and tall > limit), (page.source, a, b)


def test_window_equals_that_part_of_the_whole() -> None:
    """Windows draw their own part only, from any corner, also past the edges."""
    source = open_pages("procedural", dpi=80, seed=2, negatives=1.0)
    for i in range(8):
        page = source.page(i)
        windows = {}
        for box in ((0, 0, 300, 300), (211, 133, 460, 391), (100, 20, 101, 21), (-30, -9, 90, 77)):
            windows[box] = page.window(*box)
        whole = page.image
        for (x0, y0, x1, y1), part in windows.items():
            assert part.shape == (y1 - y0, x1 - x0, 3)
            padded = np.pad(whole, ((200, 200), (40, 0), (0, 0)), mode="edge")
            assert np.array_equal(part, padded[y0 + 200 : y1 + 200, x0 + 40 : x1 + 40])


def test_print_gains_at_its_edges_alone() -> None:
    """Full cover and bare paper stay, what is covered in part takes more ink."""
    plain, spread = (Canvas(64, 1, (250, 240, 230), gain) for gain in (1.0, 2.0))
    for canvas in (plain, spread):
        canvas.layer((0, 0, 0)).extend(Rect((4 * k, 0, 4 * k + 4, 1), 17 * k) for k in range(16))
    before, after = (c.window(0, 0, 64, 1)[0, ::4, 0].astype(int) for c in (plain, spread))
    assert before.tolist() == [round(250 * (1 - k / 15)) for k in range(16)]
    assert np.all(after[1:-1] < before[1:-1])
    assert after[[0, 15]].tolist() == before[[0, 15]].tolist()
    assert after[5] == round(250 * (10 / 15) ** 2)


def test_window_off_the_page_is_refused() -> None:
    """There is nothing to show."""
    page = ProceduralPages(50.0).page(0)
    with pytest.raises(ValueError, match="window: x0, y0, x1, y1 must overlap the page of"):
        page.window(-20, -20, 0, 0)


def test_same_number_same_page_in_any_order_and_process() -> None:
    """Pages depend on seed and number only, not on what was drawn before."""
    first = ProceduralPages(60.0, seed=5)
    images = [first.page(i).image for i in range(6)]
    other = pickle.loads(pickle.dumps(ProceduralPages(60.0, seed=5)))
    for i in (5, 0, 3):
        assert np.array_equal(other.page(i).image, images[i])
    assert not np.array_equal(ProceduralPages(60.0, seed=6).page(0).image, images[0])


def test_every_kind_and_language_occurs() -> None:
    """A few hundred pages show all documents, most of them Chinese, about at their shares."""
    source = ProceduralPages(40.0, seed=1)
    names = Counter(source.page(i).source["name"] for i in range(400))
    assert set(names) == {f"{d.kind}-{d.language}" for d in DOCUMENTS}
    chinese = sum(n for name, n in names.items() if name.endswith("zh"))
    assert 0.7 < chinese / 400 < 0.9


def test_fonts_have_every_character_of_the_templates() -> None:
    """HarfBuzz says which characters the embedded fonts map; 300 pages use no other."""
    used = {
        char.text
        for i in range(300)
        for line in ProceduralPages(20.0, seed=9).page(i).lines
        for char in line.chars
    }
    for name in FONTS:
        path, index = font_file(name)
        font = hb.Font(hb.Face(hb.Blob.from_file_path(str(path)), index))
        assert not [char for char in used if not font.get_nominal_glyph(ord(char))]


def test_dpi_range_is_sampled_and_sizes_stay_physical() -> None:
    """An A4 page has 210 mm at any dpi."""
    source = ProceduralPages((150.0, 300.0), seed=1, kinds=("contract",))
    pages = [source.page(i) for i in range(12)]
    assert len({page.dpi for page in pages}) > 3
    assert all(150 <= page.dpi <= 300 for page in pages)
    assert all(abs(page.size_mm[0] - 210) < 0.2 for page in pages)


def test_red_headings_are_recorded_where_the_red_is() -> None:
    """The recorded box holds all saturated red of a page whose rule and heading alone are red."""
    found = 0
    for page in pages_of("notice", "zh", 12, 60.0):
        kinds = [n["kind"] for n in page.negatives]
        if kinds != ["red_heading", "red_rule"]:
            continue
        found += 1
        image = page.image.astype(int)
        red = image[..., 0] - image[..., 1] > 60
        for negative in page.negatives:
            x0, y0, x1, y1 = negative["bbox"]
            assert red[y0:y1, x0:x1].any()
            red[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1] = False
        assert not red.any()
    assert found >= 2


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (10_05, "壹拾元零伍分"),
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (10_700_053, "壹拾万柒仟元零伍角叁分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
    ],
)
def test_capital_amounts_follow_the_rules_of_bills(cents: int, text: str) -> None:
    """Examples of the payment-and-settlement rules (正确填写票据和结算凭证的基本规定).

    The rules also allow 零 where we leave it out and the reverse, so zeros between sections and
    before 角 are not compared.
    """
    assert capital_amount(cents).replace("零", "") == text.replace("零", "")


def test_capital_amount_out_of_range() -> None:
    """Beyond 万亿 there is no unit."""
    with pytest.raises(ValueError, match=r"capital_amount: cents must be in 0\.\."):
        capital_amount(-1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"languages": ("fr",)}, "languages must be of zh, en, got 'fr'"),
        ({"kinds": ("poem",)}, "kinds must be of contract, .*got 'poem'"),
        ({"dpi": 0}, r"dpi must be in 10\.\.2400, got 0"),
        ({"languages": ()}, "languages must name at least one"),
    ],
)
def test_options_out_of_range(options: dict, message: str) -> None:
    """The option is named."""
    with pytest.raises(ValueError, match=f"ProceduralPages: {message}"):
        ProceduralPages(**options)


def test_picker_gives_runs_and_keeps_splits_apart() -> None:
    """Eight neighbours share a page; with a split no page serves two splits."""
    source = ProceduralPages(20.0)
    picker = PagePicker(source, 3, reuse=8)
    indices = [picker.index(k) for k in range(64)]
    assert [len(set(indices[k : k + 8])) for k in range(0, 64, 8)] == [1] * 8
    assert len(set(indices)) == 8
    assert picker.index(0, "val") != picker.index(0, "train")

    class Ten(ProceduralPages):
        def __len__(self) -> int:
            return 10

    split = PagePicker(Ten(20.0), 3, split_of=lambda key: "val" if key.endswith("7") else "train")
    assert {split.index(k, "val") for k in range(0, 800, 8)} == {7}
    assert 7 not in {split.index(k, "train") for k in range(0, 800, 8)}
    with pytest.raises(ValueError, match="PagePicker: split must have pages, got none of 10"):
        split.index(0, "test")
    with pytest.raises(ValueError, match="PagePicker: reuse must be at least 1, got 0"):
        PagePicker(source, reuse=0)


def test_user_font_without_a_glyph_is_refused_by_name(tmp_path) -> None:
    """A Latin-only font cannot set a Chinese page: an error, never a blank box."""
    pytest.importorskip("fontTools")
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 700))
    pen.lineTo((500, 0))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({ord("A"): "A"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "A": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "A": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Only A", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = str(tmp_path / "only_a.ttf")
    builder.save(path)
    source = ProceduralPages(60.0, languages=("zh",), fonts=(path, path, path))
    with pytest.raises(MissingGlyph, match=r"only_a\.ttf"):
        source.page(0)
