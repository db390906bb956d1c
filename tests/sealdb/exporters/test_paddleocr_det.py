"""PaddleOCR detection labels, read back with a strict parser of their rules."""

from __future__ import annotations

from typing import Any

import pytest

from seal2real.sealdb.exporters import export
from tests.support.label_parsers import TextRegion, read_paddleocr_det


@pytest.fixture(scope="module")
def regions(db, tmp_path_factory) -> dict[str, list[TextRegion]]:
    """Regions by sample id."""
    dest = tmp_path_factory.mktemp("det") / "out"
    export(db, "paddleocr-det", dest, progress=False)
    found = {}
    for split in db.splits:
        for path, entries in read_paddleocr_det(dest, f"{split}.txt").items():
            assert path.startswith(f"images/{split}/")
            found[path.split("/")[-1][:9]] = entries
    return found


def texts_of(sample: Any) -> list[dict[str, Any]]:
    """All seal texts of a sample, in record order."""
    return [text for seal in sample.record["seals"] for text in seal["texts"]]


def test_every_image_is_listed(db, regions):
    """Also the page without seals, as a negative."""
    assert sorted(regions) == [sample.id for sample in db]
    assert regions["000000001"] == []


def test_texts_and_polygons_come_back(db, regions):
    """Legible texts inside the image keep their words and 16-point polygons."""
    sample = next(iter(db))
    found = [region for region in regions[sample.id] if region.text != "印章区域"]
    assert [(region.text, region.points) for region in found] == [
        (text["text"], text["polygon16"]) for text in texts_of(sample)
    ]


def test_seal_regions_are_upright_boxes(db, regions):
    """From the top-left, clockwise, round the outline."""
    sample = next(iter(db))
    found = [region.points for region in regions[sample.id] if region.text == "印章区域"]
    for points, seal in zip(found, sample.record["seals"], strict=True):
        xs, ys = zip(*seal["outline"], strict=True)
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
        assert points == [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_bottom_text_keeps_its_reading_order(db, regions):
    """Inward tops: the first half of the polygon is the inner edge, left to right."""
    sample = list(db)[3]
    code = next(region for region in regions[sample.id] if region.text == "91A00")
    assert code.points == texts_of(sample)[1]["polygon16"]
    assert code.points[0][0] < code.points[7][0]


def test_right_to_left_text_is_clockwise(db, regions):
    """The polygon follows the glyphs as they stand, the transcription the reading order."""
    sample = list(db)[3]
    found = next(region for region in regions[sample.id] if region.text == "乙 甲")
    assert found.points == texts_of(sample)[2]["polygon16"]


def test_faint_text_is_ignored(regions):
    """Ten per cent inked: ###; the neighbour with full ink is labelled."""
    assert [region.text for region in regions["000000002"]] == ["印章区域", "###"]
    assert [region.text for region in regions["000000004"]] == ["印章区域", "寅卯辰巳"]


def test_threshold_is_an_option(db, tmp_path):
    """With min_visible 0.05 the faint text counts as legible."""
    export(db, "paddleocr-det", tmp_path / "out", progress=False, min_visible="0.05")
    found = read_paddleocr_det(tmp_path / "out", "test.txt")
    assert [region.text for region in found["images/test/000000002.jpg"]] == [
        "印章区域",
        "壬癸子丑",
    ]


def test_text_over_the_border_is_ignored_and_clamped(db, regions):
    """The parser checks that points lie in the image; the text is cut, so it is not labelled."""
    sample = list(db)[5]
    page = sample.record["page"]
    cut = next(region for region in regions[sample.id] if region.text == "###")
    expected = texts_of(sample)[0]["polygon16"]
    assert cut.points == [
        [min(max(x, 0.0), page["width"]), min(max(y, 0.0), page["height"])] for x, y in expected
    ]


def test_page_lines_are_an_option(db, tmp_path):
    """Page text joins, blanks folded, unreadable lines ignored; regions can be left out."""
    dest = tmp_path / "out"
    export(db, "paddleocr-det", dest, progress=False, page_lines=True, regions=False)
    found = read_paddleocr_det(dest, "train.txt")["images/train/000000003.jpg"]
    assert [region.text for region in found][-2:] == ["可读 的行", "###"]
    assert "印章区域" not in [region.text for region in found]
