"""Gallery, statistics and info: complete, deterministic, self-contained."""

from __future__ import annotations

import io
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seal2real.sealdb.errors import ForeignFolderError
from seal2real.sealdb.gallery import thumb_size, write_gallery
from seal2real.sealdb.gallery_page import CLASS_COLOURS, SEAL_COLOURS
from seal2real.sealdb.provenance import extract
from seal2real.sealdb.reader import SealDB
from seal2real.sealdb.record import CLASS_NAMES
from seal2real.sealdb.stats import info, stats
from seal2real.sealdb.verify import verify
from tests.support.labelled_db import make_db
from tests.support.trees import differing


class Page(HTMLParser):
    """Collects what a page refers to, and checks that its tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []
        self.polygons = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        self.polygons += tag in ("polygon", "rect")
        if tag not in ("meta", "img", "polygon", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("polygon", "rect"):
            assert self.open.pop() == tag


def test_the_page_shows_every_sample(tmp_path: Path) -> None:
    """Pictures exist beside the page, texts and outlines are on it, all tags close."""
    db = make_db(tmp_path / "db")
    text = write_gallery(db.path, progress=False).read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert page.links
    for link in page.links:
        assert re.fullmatch(r"gallery/\d{9}\.\w+\.jpg", link)
        assert (db.path / link).is_file()
    records = [sample.record for sample in db]
    outlines = sum(len(record["seals"]) for record in records)
    assert page.polygons > outlines > 0
    for record in records:
        assert f'id="s{record["id"]}"' in text
        for seal in record["seals"]:
            assert all(line["text"] in text for line in seal["texts"])


def test_the_page_loads_nothing_from_elsewhere(tiny_copy: Path) -> None:
    """It works from file:// without a network, and runs no script."""
    text = write_gallery(tiny_copy, count=3, progress=False).read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|@import|url\(|(src|href)=\"(http|//)", text)


def test_the_gallery_is_deterministic(tiny_db: Path, tmp_path: Path) -> None:
    """Any number of threads makes one gallery; fewer samples remove the other pictures."""
    for name, threads in (("a", 1), ("b", 3)):
        copy = shutil.copytree(tiny_db, tmp_path / name)
        write_gallery(copy, count=5, progress=False, threads=threads)
    assert differing(tmp_path / "a", tmp_path / "b") == []
    write_gallery(tmp_path / "a", count=2, progress=False)
    assert len({path.name[:9] for path in (tmp_path / "a/gallery").iterdir()}) == 2


def test_a_dataset_with_gallery_verifies(tiny_copy: Path) -> None:
    """The gallery is no part of what the checksums cover."""
    write_gallery(tiny_copy, count=2, progress=False)
    assert verify(tiny_copy).ok


def test_pictures_are_marked_and_painted(tiny_copy: Path) -> None:
    """Provenance in every picture; the mask's picture has the seal's colour where ink is."""
    write_gallery(tiny_copy, count=60, progress=False)
    for path in (tiny_copy / "gallery").iterdir():
        assert extract(path.read_bytes()) is not None
    sample = SealDB(tiny_copy)[1]
    data = (tiny_copy / "gallery/000000001.mask.jpg").read_bytes()
    shown = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    ink = sample.mask > 0
    assert np.abs(shown[ink].mean(axis=0) - SEAL_COLOURS[0]).max() < 40
    assert shown[~ink].mean() > 225


def test_text_is_escaped(tiny_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal that says <script> does not run it."""
    record = SealDB(tiny_copy)[1].record
    record["seals"][0]["texts"][0]["text"] = "<script>alert(1)</script>"
    monkeypatch.setattr("seal2real.sealdb.reader.load_record", lambda data: record)
    assert "<script>" not in write_gallery(tiny_copy, count=1, progress=False).read_text()


def test_colours_cover_all_bits_and_classes() -> None:
    """A colour each."""
    assert len(SEAL_COLOURS) == 8
    assert len(CLASS_COLOURS) == len(CLASS_NAMES)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((64, 64), (64, 64)),
        ((512, 512), (512, 512)),
        ((1654, 2339), (509, 720)),
        ((9000, 1), (720, 1)),
    ],
)
def test_sizes(size: tuple[int, int], shown: tuple[int, int]) -> None:
    """Never enlarged; the longest side at most 720; nothing vanishes."""
    assert thumb_size(*size) == shown


def test_bad_arguments(tiny_db: Path, tmp_path: Path) -> None:
    """At least one sample, of a finished dataset."""
    with pytest.raises(ValueError, match="write_gallery: count must be at least 1, got 0"):
        write_gallery(tiny_db, count=0)
    with pytest.raises(ForeignFolderError, match="must hold a finished dataset"):
        write_gallery(tmp_path)


def test_statistics_add_up(tiny_db: Path) -> None:
    """Against the factory: every fifth sample has no seal, each other one red company seal."""
    found = stats(tiny_db)
    assert (found["samples"], found["seals"]) == (60, 48)
    assert found["types"] == {"company": 48}
    assert found["colours"] == {"red": 48}
    assert sum(found["shapes"].values()) == 48
    assert found["seals_per_sample"] == {"1": 48, "0": 12}
    assert found["widths_mm"] == {"40..45": 48}
    assert found["angles_deg"] == {"-10..0": 48}
    assert found["texts"] == {
        "lines": 48, "different_lines": 1, "characters": 96, "different_characters": 2,
    }  # fmt: skip
    assert found["page_text"] == {
        "chars": 60, "inked": 0, "unreadable": 0, "inked_share": 0.0,
    }  # fmt: skip
    splits = found["splits"]
    assert sum(held["samples"] for held in splits.values()) == 60
    assert sum(held["seal_free"] for held in splits.values()) == 12


def test_info_is_what_was_asked_for(tiny_db: Path) -> None:
    """Recipe, versions, counts, and the words on provenance and licence."""
    held = info(tiny_db)
    assert held["recipe"]["count"] == 60
    assert held["recipe"]["seed"] == held["seed"] == 3
    assert held["versions"].keys() >= {"numpy", "pillow", "seal2real"}
    assert held["shards"]["count"] == 15
    assert held["shards"]["bytes"] == sum(p.stat().st_size for p in tiny_db.glob("shards/*"))
    assert "synthetic" in held["provenance"]
    assert "Apache-2.0" in held["licence"]
