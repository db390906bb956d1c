"""Specs: what they refuse, how they say so, and that JSON gives them back."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal2real.seals import parts
from seal2real.seals.spec import (
    Border,
    Emblem,
    LineText,
    NameGrid,
    RingText,
    Rule,
    SealSpec,
    SecurityLine,
    Star,
)


def full_spec(**changes: Any) -> SealSpec:
    """Return a spec that uses every part once."""
    values: dict[str, Any] = {
        "type": "company",
        "shape": "round",
        "width_mm": 40,
        "height_mm": 40,
        "borders": [Border(1.2), Border(0.2, 1.6, 1.0, 0.5)],
        "ring_texts": [RingText("云泽市晨岚科技有限公司", 6.5, arc_deg=250)],
        "lines": [LineText("合同专用章", 5, y_mm=8, width_mm=20, spread=True)],
        "star": Star(13),
        "emblem": Emblem("gear", 9, y_mm=-2),
        "rules": [Rule(-5, 0, 5, 0, 0.3)],
        "security_lines": [SecurityLine(30, 18)],
        "name": NameGrid("张三之印", (2, 2), "bai"),
        "owner": "云泽市晨岚科技有限公司",
        "notes": {"maker": "x", "n": 3},
    }
    return SealSpec(**(values | changes))


def test_json_gives_the_spec_back() -> None:
    """to_json and from_json are inverse, notes included; equality is the dataclass's own."""
    spec = full_spec()
    again = SealSpec.from_json(spec.to_json())
    assert again == spec
    assert again.notes == spec.notes
    assert again.to_json() == spec.to_json()


def test_numbers_become_floats_and_lists_tuples() -> None:
    """The native reader and the hash need one type a field."""
    spec = full_spec()
    assert type(spec.width_mm) is float
    assert type(spec.borders) is tuple
    assert hash(spec) == hash(SealSpec.from_dict(spec.to_dict()))
    assert pickle.loads(pickle.dumps(spec)) == spec


REFUSED: list[tuple[Any, str]] = [
    (lambda: full_spec(shape="rond"), r"SealSpec: shape must be one of .*'rond'; .*'round'"),
    (lambda: full_spec(shape="hexagon"), r"choose one of round, oval"),
    (lambda: full_spec(width_mm=float("nan")), r"width_mm must be a number .*got nan; give"),
    (lambda: full_spec(width_mm=10**400), r"width_mm must .*got an integer of 1329 bits"),
    (lambda: full_spec(width_mm=True), r"width_mm must be a number .*got True"),
    (lambda: full_spec(width_mm="40"), r"width_mm must be a number .*got '40'"),
    (lambda: full_spec(height_mm=30), r"height_mm must equal width_mm 40 .*use oval"),
    (lambda: full_spec(corner_mm=2), r"corner_mm must be at most 0 mm for this round"),
    (lambda: full_spec(borders=[Border(3, 18)]), r"borders must leave room .*got 21.0"),
    (lambda: full_spec(borders="x"), r"borders must be a sequence of at most 8 Border"),
    (lambda: full_spec(star=3), r"star must be a Star or None, got 3; build a Star"),
    (lambda: full_spec(type=""), r"type must be non-empty printable text"),
    (lambda: full_spec(owner="a\nb"), r"owner must .*; remove line breaks"),
    (lambda: full_spec(notes={"x": float("inf")}), r"notes must be a mapping .*the entry 'x'"),
    (lambda: full_spec(notes={"x": [1]}), r"notes must be a mapping"),
    (lambda: SealSpec("x", "round", 40, 40), r"parts must hold at least one that draws"),
    (lambda: Border(1, dash_mm=1), r"Border: dash_gap_mm must be above 0 exactly when"),
    (lambda: RingText("字", 6, direction="left"), r"direction must be one of cw, ccw, ccw_out"),
    (lambda: RingText("字", 6, role="onwer"), r"role must be one of .*did you mean 'owner'"),
    (lambda: RingText("字\ud800", 6), r"text must be non-empty printable text"),
    (lambda: RingText(" 字", 6), r"remove line breaks, control and edge space"),
    (lambda: LineText("字", 6, spread=True), r"width_mm must be given when spread is true"),
    (lambda: LineText("字", 6, vertical=1), r"vertical must be true or false, got 1"),
    (lambda: Emblem("national", 9), r"kind must be one of gear, "),
    (lambda: Rule(0, 0, 0, 0, 1), r"x1_mm must differ from its start"),
    (lambda: NameGrid("张三", (1, 2)), r"columns must hold the 2 characters of '张三'"),
    (lambda: NameGrid("张三", "2"), r"columns must be 1 to 6 counts of 1 to 8"),
    (lambda: NameGrid("张三", (2,), "yin"), r"cut must be one of zhu, bai"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_invalid_parts_cannot_be_built(make: Any, message: str) -> None:
    """Each refusal names the field, the rule and the remedy."""
    with pytest.raises(ValueError, match=message):
        make()


BAD_JSON: list[tuple[str, str]] = [
    ("", r"from_json: text must be the JSON of one spec"),
    ("[" * 100_000, r"got nesting deeper than any spec"),
    ('{"type":NaN}', r"got the number NaN"),
    ('{"type":-Infinity}', r"got the number -Infinity"),
    ('{"type":"a","type":"b"}', r"got a repeated key"),
    ('{"width_mm":' + "9" * 5000 + "}", r"must be the JSON of one spec"),
    ("x" * (1 << 20 | 1), r"must be at most 1048576 characters"),
    ("[]", r"from_dict: must be an object, got a list of 0"),
    ("{}", r"from_dict: type must be given, got nothing; add the key 'type'"),
    ('{"type":"a","shape":"round","width":4}', r"unknown key, got 'width'; .*'width_mm'"),
]


@pytest.mark.parametrize(("text", "message"), BAD_JSON)
def test_bad_json_is_refused(text: str, message: str) -> None:
    """Messages name what is wrong; nothing but ValueError comes out."""
    with pytest.raises(ValueError, match=message):
        SealSpec.from_json(text)


def test_errors_inside_parts_name_the_place() -> None:
    """The path leads to the part: ring_texts[0]."""
    data = full_spec().to_dict()
    data["ring_texts"][0]["height_mm"] = -1
    with pytest.raises(ValueError, match=r"ring_texts\[0\]: RingText: height_mm must"):
        SealSpec.from_dict(data)
    data["ring_texts"] = [{}] * 9
    with pytest.raises(ValueError, match=r"ring_texts: must hold at most 8, got 9"):
        SealSpec.from_dict(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_fuzzed_specs_are_read_or_refused(data: st.DataObject) -> None:
    """Any change to any field gives a spec that round-trips, or a ValueError with a remedy."""
    record = full_spec().to_dict()
    where: Any = record
    for _ in range(data.draw(st.integers(0, 2))):
        below = [v for v in (where.values() if isinstance(where, dict) else where) if v]
        nested = [v for v in below if isinstance(v, dict | list)]
        if nested:
            where = data.draw(st.sampled_from(nested))
    value = data.draw(json_values)
    if isinstance(where, list):
        where[0] = value
    else:
        where[data.draw(st.sampled_from([*where, "new"]))] = value
    try:
        spec = SealSpec.from_dict(record)
    except ValueError as error:
        assert ";" in str(error)
    else:
        assert SealSpec.from_json(spec.to_json()) == spec


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_read_or_refused(text: Any) -> None:
    """from_json raises nothing but ValueError."""
    with pytest.raises(ValueError, match=r"SealSpec\.from_"):
        SealSpec.from_json(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=3))
def test_damaged_json_is_read_or_refused(at: int, damage: bytes) -> None:
    """A few overwritten bytes in a good file give a spec or a ValueError."""
    good = full_spec().to_json().encode()
    at %= len(good)
    try:
        SealSpec.from_json(good[:at] + damage + good[at + len(damage) :])
    except ValueError as error:
        assert ";" in str(error)


def test_native_constructor_equals_checks_in_python() -> None:
    """The same value by each way in: usual values natively, others through the field's check."""

    class Word(str):
        """Equal to its text, but of no type that is told natively."""

    usual = RingText("云泽市晨岚科技有限公司", 6.5, radius_mm=17.0, arc_deg=250.0, role="owner")
    assert usual == RingText(
        Word("云泽市晨岚科技有限公司"), 6.5, 17, arc_deg=250, role=Word("owner")
    )
    assert usual.gap_mm == 0.8
    assert RingText("（云泽）®", 6.5).text == "（云泽）®"
    assert LineText("甲 乙", 5, spread=True, width_mm=9).width_mm == 9.0
    grown = dataclasses.replace(usual, arc_deg=None)
    assert grown.arc_deg is None and grown.text == usual.text
    assert pickle.loads(pickle.dumps(usual)) == usual
    with pytest.raises(dataclasses.FrozenInstanceError):
        usual.text = "别的"  # type: ignore[misc]
    with pytest.raises(ValueError, match="RingText: text must be non-empty printable"):
        RingText("甲 ", 5.0)
    for wrong in (float("nan"), 1e9, True, "6"):
        with pytest.raises(ValueError, match="RingText: height_mm must be a number from 0.3"):
            RingText("甲", wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((), {}, "missing 1 required positional argument: 'width_mm'"),
        ((1.0,), {"width_mm": 1.0}, "multiple values for argument 'width_mm'"),
        ((1.0,), {"width": 1.0}, "unexpected keyword argument 'width'"),
        ((1.0, 0.0, 0.0, 0.0, 0.0), {}, "takes from 2 to 5 positional arguments but 6"),
    ],
)
def test_wrong_arguments_are_worded_by_python(arguments: Any, named: Any, message: str) -> None:
    """The native constructor leaves argument errors to the dataclass's own."""
    with pytest.raises(TypeError, match=message):
        Border(*arguments, **named)


def test_every_part_is_listed_and_documented() -> None:
    """A new part must reach ``__all__`` and carry a docstring."""
    for name in parts.__all__:
        assert getattr(parts, name) is not None
    for cls in (Border, RingText, LineText, Star, Emblem, Rule, SecurityLine, NameGrid):
        assert dataclasses.is_dataclass(cls)
        assert cls.__name__ in parts.__all__
        assert cls.__doc__


def test_schema_of_the_dict_is_plain_json() -> None:
    """to_dict holds nothing that json cannot write."""
    data = full_spec().to_dict()
    assert json.loads(json.dumps(data)) == data
