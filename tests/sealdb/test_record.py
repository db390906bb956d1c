"""Records: schema, bytes, run lengths."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal2real import _C
from seal2real.sealdb.errors import DamagedError
from seal2real.sealdb.provenance import Provenance
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.record import (
    decode_support,
    dump_record,
    load_record,
    record_schema,
    sample_id,
    schema_errors,
)
from tests.support.tiny_samples import TinyFactory


def record() -> dict[str, Any]:
    """Return a complete record with one seal."""
    held = TinyFactory(Recipe(count=10))(1).record
    return {**held, "provenance": Provenance("seal-db-0").to_dict()}


def test_the_schema_is_a_schema() -> None:
    """Checked by the JSON Schema library's own meta-schema."""
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(record_schema())


def test_a_record_is_valid() -> None:
    """And stays so through its bytes."""
    assert schema_errors(load_record(dump_record(record()))) == []


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ((), [], "record: "),
        (("format",), "seal-db/2", "format: "),
        (("id",), "12", "id: "),
        (("split",), "dev", "split: "),
        (("extra",), 1, "record: "),
        (("page", "dpi"), 0, "page/dpi: "),
        (("page", "source", "sha256"), "x", "page/source/sha256: "),
        (("page", "lines", 0, "chars", 0, "ink_cover"), 1.5, "page/lines/0/chars/0/ink_cover: "),
        (("seals", 0, "bit"), 8, "seals/0/bit: "),
        (("seals", 0, "shape"), "circle", "seals/0/shape: "),
        (("seals", 0, "warp", "h"), [1, 2], "seals/0/warp/h: "),
        (("seals", 0, "outline"), [[0, 0]], "seals/0/outline: "),
        (("seals", 0, "texts", 0, "role"), "title", "seals/0/texts/0/role: "),
        (("seals", 0, "texts", 0, "polygon16"), [[0, 0]] * 18, "seals/0/texts/0/polygon16: "),
        (("seals", 0, "texts", 0, "chars", 0, "quad"), [], "seals/0/texts/0/chars/0/quad: "),
        (("support", "size"), [0, 5], "support/size/0: "),
        (("provenance", "digital_source_type"), "camera", "provenance/digital_source_type: "),
    ],
)
def test_breaches_are_named(path: tuple[Any, ...], value: object, where: str) -> None:
    """One breach of each rule, with its place."""
    held: Any = json.loads(json.dumps(record()))
    if path:
        at = held
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
    else:
        held = value
    assert any(error.startswith(where) for error in schema_errors(held)), schema_errors(held)


def test_numbers_are_finite() -> None:
    """NaN is no JSON."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_record({"x": float("nan")})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must be UTF-8 JSON"),
        (b"{", "must be UTF-8 JSON"),
        (b'{"a": "\xff"}', "must be UTF-8 JSON"),
        (b"[" * 100_000, "must be UTF-8 JSON"),
        (b"[1]", "must be a JSON object, got list"),
    ],
)
def test_damaged_records_are_refused(data: bytes, message: str) -> None:
    """Whatever the bytes are, the error is ours."""
    with pytest.raises(DamagedError, match=f"load_record: record {message}"):
        load_record(data)


def test_long_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before they are parsed."""
    monkeypatch.setattr("seal2real.sealdb.record.MAX_RECORD_BYTES", 10)
    with pytest.raises(DamagedError, match="must have at most 10 bytes, got 11"):
        load_record(b" " * 11)


@pytest.mark.parametrize("first", [False, True])
def test_support_is_what_was_encoded(first: bool) -> None:
    """Against runs written out by hand in another way: pixel by pixel."""
    plane = (np.arange(35).reshape(5, 7) * 7919 // 3 % 5 < 2) ^ first
    counts, value = [0], False
    for pixel in plane.ravel().tolist():
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    assert np.array_equal(decode_support({"size": [5, 7], "counts": counts}), plane)


@pytest.mark.parametrize("counts", [[], [34], [36], [36, -1], [2**62, 2**62, 2**62, 2**62, 35]])
def test_bad_runs_are_refused(counts: list[int]) -> None:
    """They must fill the size exactly, also where 64-bit sums run over."""
    with pytest.raises(DamagedError, match="decode_support: counts must sum to 5x7"):
        decode_support({"size": [5, 7], "counts": counts})


def test_ids() -> None:
    """Nine digits sort like numbers and have no dot."""
    assert [sample_id(k) for k in (0, 12, 999_999_999)] == ["000000000", "000000012", "999999999"]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**13), 10**13).map(lambda k: k / 10**4)
    | st.integers(-(10**12), 10**12).map(lambda k: round(k / 997, 3))
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda below: st.lists(below) | st.dictionaries(st.text('甲a"\\\n\x00', max_size=3), below),
    max_leaves=30,
)


@settings(max_examples=600, deadline=None)
@given(VALUES)
def test_our_json_is_pythons(value: Any) -> None:
    """The definition of the bytes is Python's own json module."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    assert _C.dump_json(value) == text.encode()


@pytest.mark.parametrize(
    "number",
    [0.0, -0.0, 1e-4, -1e-4, 1e-5, 5e-324, 0.1 + 0.2, 1e9, 999999999.9999, 1e15, 1e16, 1e22, 1 / 3,
     1.7976931348623157e308, 123.456, -0.5, 2.0**53, 99999.99995],
)  # fmt: skip
def test_edge_numbers(number: float) -> None:
    """Where notation or digits change."""
    assert _C.dump_json(number) == repr(number).encode()


def test_values_that_are_no_json() -> None:
    """Arrays, sets, keys of another type, lone surrogates, endless nesting."""
    for value in (np.int64(3), {1, 2}, {3: 4}, b"x"):
        with pytest.raises(TypeError, match="dump_json: values must be dict, list"):
            _C.dump_json([value])
    with pytest.raises(UnicodeEncodeError):
        _C.dump_json("\ud800")
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RecursionError):
        _C.dump_json(endless)
