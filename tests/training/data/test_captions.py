"""Captions say what the record says, and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

from seal2real.rng import Rng
from seal2real.training.data.captions import caption
from seal2real.training.data.drawn import DrawnStream


def record(seals: list[dict[str, Any]], kind: str = "phone") -> dict[str, Any]:
    page = {"type": "contract", "source": {"kind": "procedural", "name": "contract-zh"}}
    return {"page": page, "capture": {"kind": kind}, "seals": seals}


def seal(colour: str, shape: str = "round", kind: str = "company") -> dict[str, Any]:
    return {"colour": colour, "shape": shape, "type": kind, "ink": {"strength": 1.0}}


def captions(of: dict[str, Any], count: int = 300) -> list[str]:
    return [caption(of, Rng(0, i)) for i in range(count)]


def test_colours_are_those_of_the_seals() -> None:
    words = " ".join(captions(record([seal("blue")]))).split()
    assert "blue" in words
    assert not {"red", "black", "purple", "grey"} & set(words)


def test_every_seal_is_named_where_any_is() -> None:
    found = captions(record([seal("red"), seal("black", "oval")]))
    named = [text for text in found if "red" in text or "black" in text]
    assert len(named) > 100
    assert all("red" in text and "black" in text and " and " in text for text in named)


def test_pages_without_seal_say_so() -> None:
    assert all("without seal" in text or "with no seal" in text for text in captions(record([])))


def test_the_papers_sentence_occurs() -> None:
    """Stage 1 starts from "A photo of document with fake seal"; the encoder must have met it."""
    counts = Counter(captions(record([seal("red")])))
    assert counts["a photo of document with fake seal"] > 3
    assert counts["a photo of document with seal"] > counts["a photo of document with fake seal"]


def test_captures_and_languages_are_told_apart() -> None:
    fax = [text for text in captions(record([seal("black")], "fax")) if "photo of doc" not in text]
    assert fax
    assert all("fax" in text for text in fax)
    assert any("chinese" in text for text in fax)
    assert not any("english" in text for text in fax)


def test_every_drawn_record_has_a_caption() -> None:
    stream = DrawnStream(64, seed=9)
    texts = [stream[i]["caption"] for i in range(30)]
    assert all(text.isascii() and "document" in text and "seal" in text for text in texts)
    assert len(set(texts)) > 12
