"""PDF pages: pixels, text layer, and files that must be refused by name."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from seal2real.pages import NoUsablePages, PdfPages, open_pages
from tests.support.pdfs import PdfPage, make_pdf

TEXT = PdfPage([(72, 700, 24, "Seal of Westmarle"), (72, 640, 12, "No. 0042 paid in full")])


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def dark_share_in_boxes(page) -> float:
    """Share of the page's dark pixels that lie in a character box grown by a pixel."""
    dark = page.image.max(axis=2) < 128
    boxed = np.zeros_like(dark)
    for line in page.lines:
        for char in line.chars:
            (x0, y0), (x1, y1) = char.quad.min(axis=0), char.quad.max(axis=0)
            boxed[max(int(y0) - 1, 0) : int(y1) + 2, max(int(x0) - 1, 0) : int(x1) + 2] = True
    assert dark.any()
    return float((dark & boxed).sum() / dark.sum())


def test_page_has_size_text_and_boxes_round_the_ink(tmp_path: Path) -> None:
    """A4 in points (595 x 842) at 144 dpi is 2 px a point; the text is what was written."""
    pages = PdfPages(write(tmp_path / "a.pdf", make_pdf([TEXT])), dpi=144)
    page = pages.page(0)
    assert page.image.shape == (1684, 1190, 3)
    assert [line.text for line in page.lines] == ["Seal of Westmarle", "No. 0042 paid in full"]
    assert "".join(c.text for c in page.lines[0].chars) == "SealofWestmarle"
    assert dark_share_in_boxes(page) > 0.99
    left, top = page.lines[0].polygon[0]
    assert left == pytest.approx(144, abs=4)
    assert 842 * 2 - 700 * 2 - 60 < top < 842 * 2 - 700 * 2


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_boxes_follow_rotation_and_a_box_off_the_origin(tmp_path: Path, rotate: int) -> None:
    """/Rotate turns the picture; the media box starts at (100, 50): boxes still hold the ink."""
    turned = PdfPage([(172, 700, 24, "Turned page")], (100, 50, 695, 892), rotate)
    page = PdfPages(write(tmp_path / "a.pdf", make_pdf([turned])), dpi=100).page(0)
    assert dark_share_in_boxes(page) > 0.99
    wide = rotate in (90, 270)
    assert (page.width > page.height) == wide


def test_far_apart_texts_are_lines_of_their_own(tmp_path: Path) -> None:
    """Two cells of a table row stand 300 points apart: two lines, not one."""
    cells = PdfPage([(72, 700, 12, "Total"), (400, 700, 12, "12.50")])
    page = PdfPages(write(tmp_path / "a.pdf", make_pdf([cells]))).page(0)
    assert [line.text for line in page.lines] == ["Total", "12.50"]


def test_ten_thousand_pages_are_sampled_lazily(tmp_path: Path) -> None:
    """Opening must not render; pages of 1 kB would take minutes to draw."""
    pdf = write(tmp_path / "long.pdf", make_pdf([TEXT] * 10_000))
    start = time.process_time()
    pages = PdfPages(pdf, dpi=50)
    assert len(pages) == 10_000
    assert pages.page(9_876).source["page"] == 9_876
    assert time.process_time() - start < 10.0


def test_empty_user_password_opens_and_another_is_refused_by_name(tmp_path: Path) -> None:
    """Files encrypted by hand after ISO 32000-1: the first reads as the plain one does."""
    opened = PdfPages(write(tmp_path / "empty.pdf", make_pdf([TEXT], "")), dpi=72).page(0)
    plain = PdfPages(write(tmp_path / "plain.pdf", make_pdf([TEXT])), dpi=72).page(0)
    assert np.array_equal(opened.image, plain.image)
    locked = write(tmp_path / "locked.pdf", make_pdf([TEXT], "secret"))
    with pytest.raises(NoUsablePages, match=r"locked\.pdf: it is encrypted"):
        PdfPages(locked)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (make_pdf([TEXT])[:200], "truncated"),
        (b"plain text", "truncated, damaged or not a PDF"),
    ],
)
def test_broken_files_are_refused_by_name(tmp_path: Path, data: bytes, reason: str) -> None:
    """Each is named with its reason before anything is drawn."""
    bad = write(tmp_path / "bad.pdf", data)
    with pytest.raises(NoUsablePages, match=rf"PdfPages: folder must hold.*bad\.pdf: .*{reason}"):
        PdfPages(bad)


def test_large_and_tiny_pages_are_left_out_and_listed(tmp_path: Path) -> None:
    """14400 points at 200 dpi are 40000 px a side, 1600 megapixels; 10 points are no page."""
    pages = [TEXT, PdfPage([], (0, 0, 14400, 14400)), PdfPage([], (0, 0, 10, 10))]
    source = PdfPages(write(tmp_path / "mixed.pdf", make_pdf(pages)))
    assert len(source) == 1
    found = source.describe()["bad"]
    assert [entry["file"] for entry in found] == ["mixed.pdf page 2", "mixed.pdf page 3"]
    assert "1600.0 megapixels" in found[0]["reason"]
    with pytest.raises(ValueError, match=r"PdfPages: files must all be usable under strict"):
        PdfPages(tmp_path / "mixed.pdf", strict=True)


def test_sources_work_in_another_process(tmp_path: Path) -> None:
    """A pickled source and a forked child open the file anew and draw the same page."""
    pdf = write(tmp_path / "a.pdf", make_pdf([TEXT] * 3))
    source = PdfPages(pdf, dpi=60)
    expected = source.page(1).image
    assert np.array_equal(pickle.loads(pickle.dumps(source)).page(1).image, expected)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(source.page(2).image, expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_split_key_is_the_file_among_several_and_the_page_alone(tmp_path: Path) -> None:
    """Pages of one file may not be in two splits; one long file alone must still be split."""
    write(tmp_path / "a.pdf", make_pdf([TEXT, TEXT]))
    alone = PdfPages(tmp_path / "a.pdf")
    assert alone.key(0) != alone.key(1)
    write(tmp_path / "b.pdf", make_pdf([PdfPage([])]))
    both = open_pages(tmp_path, negatives=0)
    assert both.key(0) == both.key(1) != both.key(2)
