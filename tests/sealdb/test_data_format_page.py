"""docs/data-format.md against the schema and the code it describes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seal2real.sealdb.record import CLASS_NAMES, record_schema
from seal2real.sealdb.rows import COLUMNS, REAL_COLUMNS
from tests.support.labelled_db import make_db

PAGE = Path(__file__).parents[2] / "docs" / "data-format.md"


@pytest.fixture(scope="module")
def page() -> str:
    """The text of the page."""
    return PAGE.read_text(encoding="utf-8")


def properties(node: Any) -> Iterator[str]:
    """Every property name of a JSON Schema."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for value in node.values():
            yield from properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value)


def test_every_field_is_described(page):
    """Each property of the record's schema is named in code type."""
    named = set(re.findall(r"`(\w+)`", page))
    assert set(properties(record_schema())) - named == set()


def test_every_column_is_described(page):
    """The tables of both indices are the code's."""
    for name, (kind, meaning) in [*COLUMNS.items(), *REAL_COLUMNS.items()]:
        assert f"| `{name}` | {kind} | {meaning} |" in page


def test_every_class_is_described(page):
    """Values and names of classes.png."""
    for value, name in enumerate(CLASS_NAMES):
        assert re.search(rf"^\| {value} \| {name}\b", page, re.MULTILINE), name


def test_every_key_of_dataset_json_is_described(page, tmp_path):
    """Of a real dataset."""
    section = page[page.index("## dataset.json") : page.index("## Determinism")]
    assert set(make_db(tmp_path / "db").info) <= set(re.findall(r"`(\w+)`", section))
