"""Layout files: what they mean, and errors that name line and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal2real.seals.spec import SealSpec
from seal2real.synthesis.layout_file import LayoutEntry, parse_layout

GOOD = {"page": 0, "spec": "company", "x_mm": 150, "y_mm": 240.5, "angle": -6}


def written(folder: Path, *lines: object) -> Path:
    path = folder / "layout.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_presets_and_specs(tmp_path: Path) -> None:
    """Both forms of spec arrive, angle is 0 if left out, blank lines are skipped."""
    spec = SealSpec.preset("company")
    inline = {"page": 3, "spec": spec.to_dict(), "x_mm": 10, "y_mm": 20}
    entries = parse_layout(written(tmp_path, GOOD, "", inline))
    assert entries[0] == LayoutEntry(0, "company", 150.0, 240.5, -6.0, 1)
    assert entries[1] == LayoutEntry(3, spec, 10.0, 20.0, 0.0, 3)


def test_spec_files(tmp_path: Path) -> None:
    """Relative to the layout file wherever the program runs, and by absolute path."""
    spec = SealSpec.preset("company", seed=5)
    file = tmp_path / "specs" / "ours.json"
    file.parent.mkdir()
    file.write_text(spec.to_json(), encoding="utf-8")
    lines = [{**GOOD, "spec": name} for name in ("specs/ours.json", str(file))]
    entries = parse_layout(written(tmp_path, *lines))
    assert [entry.spec for entry in entries] == [spec, spec]
    assert [entry.file for entry in entries] == [file, file]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "line 1: 'spec' must be a readable spec file, got .*ours.json .*No such file"),
        (
            b"\xff",
            "line 1: 'spec' must be a readable spec file, got .*ours.json: SealSpec.from_json",
        ),
        (b"{}", "line 1: 'spec' must be a readable spec file, got .*ours.json: SealSpec.from_dict"),
    ],
)
def test_bad_spec_files_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    """Missing, no JSON, or no spec: the line and the file."""
    if content is not None:
        (tmp_path / "ours.json").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        parse_layout(written(tmp_path, {**GOOD, "spec": "ours.json"}))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: the line must be one JSON object"),
        ("[1]", "line 2: the line must be a JSON object"),
        ("[" * 100_000, "line 2: the line must be one JSON object"),
        ({**GOOD, "x": 1}, "line 2: keys must be of page, .* got 'x'; "),
        ({**GOOD, "angel": 1}, "did you mean 'angle'"),
        ({"page": 0, "spec": "company", "x_mm": 1}, "line 2: 'y_mm' must be given"),
        ({**GOOD, "page": -1}, "line 2: 'page' must be an integer >= 0, got -1"),
        ({**GOOD, "page": True}, "line 2: 'page' must be an integer >= 0, got True"),
        ({**GOOD, "x_mm": "12"}, "line 2: 'x_mm' must be a number of millimetres"),
        ({**GOOD, "y_mm": 1e9}, "line 2: 'y_mm' must be .* within 3000 of 0"),
        ({**GOOD, "y_mm": float("nan")}, "line 2: 'y_mm' must be .* got nan"),
        ({**GOOD, "angle": None}, "line 2: 'angle' must be a number of degrees"),
        ({**GOOD, "spec": "compani"}, "line 2: 'spec' must be a preset.*did you mean 'company'"),
        ({**GOOD, "spec": 7}, "line 2: 'spec' must be a preset's name, .* or a spec object, got 7"),
        ({**GOOD, "spec": {"type": "x"}}, "line 2: 'spec' must be a valid spec, got "),
        ('{"page": 0, "page": 1}', "line 2: .*key 'page' is given twice"),
    ],
)
def test_errors_name_line_and_key(tmp_path: Path, line: object, message: str) -> None:
    """The second line is wrong, each time in one way."""
    path = written(tmp_path, GOOD, line)
    with pytest.raises(ValueError, match=f"parse_layout: .*layout.jsonl {message}|{message}"):
        parse_layout(path)


def test_empty_and_binary_files(tmp_path: Path) -> None:
    """No seal at all is a mistake; so are bytes that are no text."""
    with pytest.raises(ValueError, match=r"parse_layout: .* must hold a JSON object a line"):
        parse_layout(written(tmp_path, "", " "))
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"parse_layout: .*b\.jsonl must be UTF-8"):
        parse_layout(tmp_path / "b.jsonl")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(changes=st.dictionaries(st.sampled_from([*GOOD, "other"]), JSON, max_size=3))
def test_any_json_is_read_or_refused(tmp_path_factory, changes: dict) -> None:
    """Whatever stands in a line: an entry, or a ValueError that names the line."""
    path = written(tmp_path_factory.mktemp("fuzz"), {**GOOD, **changes})
    try:
        (entry,) = parse_layout(path)
    except ValueError as error:
        assert "line 1" in str(error)
    else:
        assert entry.line == 1
