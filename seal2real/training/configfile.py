"""Frozen dataclasses from TOML and from ``a.b=c``; unknown keys and wrong types are errors."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import tomli_w

__all__ = ["add_word", "choose", "from_table", "read_toml", "to_toml"]

C = TypeVar("C")
V = TypeVar("V")


def choose(function: str, argument: str, name: str, choices: Mapping[str, V]) -> V:
    """Return ``choices[name]``.

    Raises:
        ValueError: if it is not there; names the nearest and lists all.
    """
    if name not in choices:
        raise ValueError(
            f"{function}: {argument} must be one of {', '.join(choices)}, got {name!r}; "
            + _hint(name, list(choices))
        )
    return choices[name]


def read_toml(file: str | Path) -> dict[str, Any]:
    """Return the table in a TOML file.

    Raises:
        ValueError: if the file is no TOML.
        OSError: if it cannot be read.
    """
    with open(file, "rb") as stream:
        try:
            return tomllib.load(stream)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"config: {file} must be a TOML file, got {error}; mend that line"
            ) from None


def from_table(config: C, table: Mapping[str, Any], where: str = "") -> C:
    """Return the dataclass ``config`` with the values of ``table``, nested tables included.

    Raises:
        ValueError: if a key is no field or a value has another type than the field's.
    """
    assert is_dataclass(config) and not isinstance(config, type)
    hints = get_type_hints(type(config))
    names = [one.name for one in fields(config)]
    changes = {}
    for key, value in table.items():
        path = f"{where}{key}"
        if key not in names:
            raise ValueError(
                f"config: {path} must be a setting that exists, got {key!r}; " + _hint(key, names)
            )
        old = getattr(config, key)
        if isinstance(value, _Typed):
            value = value.as_a(hints[key])
        if is_dataclass(old):
            if not isinstance(value, Mapping):
                raise _wrong_type(path, "a table", value)
            changes[key] = from_table(old, value, f"{path}.")
        else:
            changes[key] = _typed(path, hints[key], value)
    try:
        return replace(config, **changes)
    except ValueError as error:
        rule = str(error).removeprefix("config: ")
        if rule.startswith(where):
            raise
        # A table within a section, such as an optimizer, does not know where it stands.
        raise ValueError(f"config: {where}{rule}") from error


def add_word(table: dict[str, Any], word: str) -> None:
    """Add the change that ``word`` asks for to a table for :func:`from_table`, over what is there.

    Args:
        table: nested dicts.
        word: ``a.b=c``; c is a TOML value, or plain text for a field of text.

    Raises:
        ValueError: if the word has no ``=``.
    """
    path, equals, text = word.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ValueError(
            f"config: --set must look like a.b=c, got {word!r}; write e.g. loop.seed=1"
        )
    for key in keys[:-1]:
        inner = table.get(key)
        table[key] = table = dict(inner) if isinstance(inner, Mapping) else {}
    table[keys[-1]] = _Typed(text.strip())


def to_toml(config: Any, sections: tuple[str, ...] = ()) -> str:
    """Return ``config`` as TOML that :func:`read_toml` reads back; only ``sections`` if given."""
    table = asdict(config)
    if sections:
        table = {name: table[name] for name in sections}
    return tomli_w.dumps(table)


@dataclass(frozen=True)
class _Typed:
    """What a person typed behind ``=``: its field decides what it is."""

    text: str

    def as_a(self, hint: Any) -> Any:
        """Return what TOML makes of the text, or the text itself: a folder may be called 2026."""
        try:
            value = tomllib.loads(f"value = {self.text}")["value"]
        except tomllib.TOMLDecodeError:
            return self.text
        return self.text if hint is str and not isinstance(value, str) else value


def _typed(path: str, hint: Any, value: Any) -> Any:
    """Return ``value`` as the type ``hint``: int, float, bool, str, Literal or tuple."""
    origin = get_origin(hint)
    if origin is Literal:
        choices = get_args(hint)
        if value not in choices:
            listed = ", ".join(map(str, choices))
            raise ValueError(
                f"config: {path} must be one of {listed}, got {value!r}; "
                + _hint(str(value), [str(choice) for choice in choices])
            )
        return value
    if origin is tuple:
        return _typed_tuple(path, get_args(hint), value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise _wrong_type(path, hint.__name__, value)
    return value


def _typed_tuple(path: str, items: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong_type(path, "a list", value)
    if len(items) == 2 and items[1] is Ellipsis:
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise ValueError(
            f"config: {path} must have {len(items)} values, got {len(value)}; give all of them"
        )
    return tuple(
        _typed(f"{path}[{i}]", hint, one)
        for i, (hint, one) in enumerate(zip(items, value, strict=True))
    )


def _wrong_type(path: str, wanted: str, value: Any) -> ValueError:
    kind = "a table" if isinstance(value, Mapping) else type(value).__name__
    return ValueError(
        f"config: {path} must be {wanted}, got {value!r} ({kind}); change the type of the value"
    )


def _hint(name: str, choices: list[str]) -> str:
    near = get_close_matches(name, choices, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(choices)}"
