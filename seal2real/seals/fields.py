"""Checked fields for frozen dataclasses: one rule a field, kept in its metadata.

A field made here carries ``check(where, name, value) -> value``, and :func:`checked_class` gives a
class a constructor that runs them, so an invalid object cannot be built. Messages read
``<class>: <field> must <rule>, got <value>; <remedy>``.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from seal2real import _C

__all__ = [
    "checked",
    "checked_class",
    "choice",
    "fail",
    "flag",
    "label",
    "nearest",
    "number",
    "part",
    "parts",
    "short",
]

Check = Callable[[str, str, Any], Any]

# An int longer than this is shown by its size: CPython refuses to print beyond 4300 digits.
_SHOWN_INT_BITS = 64
_SHOWN_CHARS = 60


def short(value: object) -> str:
    """Return a repr that is never long, never fails, for error messages."""
    if isinstance(value, int) and value.bit_length() > _SHOWN_INT_BITS:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, Mapping | list | tuple | set):
        return f"a {type(value).__name__} of {len(value)}"
    text = repr(value[: _SHOWN_CHARS + 1] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


def fail(where: str, name: str, rule: str, value: object, remedy: str) -> NoReturn:
    """Raise the ValueError that names the thing, the rule and the remedy."""
    raise ValueError(f"{where}: {name} must {rule}, got {short(value)}; {remedy}")


def nearest(word: object, options: Iterable[str]) -> str:
    """Return ``'did you mean 'x'?'`` for a near miss, otherwise the list of options."""
    names = [str(option) for option in options]
    close = difflib.get_close_matches(str(word)[:100], names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else "choose one of " + ", ".join(names)


# What the native constructor can tell by itself: (kind, what, low, high, None is usual). A value
# that is usual is one that the field's check would return as it is.
_Usual = tuple[str, Any, float, float, bool]
_NEVER: _Usual = ("", None, 0.0, 0.0, False)


def checked(
    check: Check,
    default: Any = dataclasses.MISSING,
    *,
    usual: _Usual = _NEVER,
    **metadata: Any,
) -> Any:
    """Return a dataclass field with ``check``; no default when it is MISSING."""
    metadata.update(check=check, usual=usual)
    return dataclasses.field(default=default, metadata=metadata)


def number(
    low: float,
    high: float,
    default: Any = dataclasses.MISSING,
    *,
    unit: str = "mm",
    optional: bool = False,
) -> Any:
    """A finite number in [low, high] ``unit``, stored as float; None too when ``optional``."""
    rule = f"be a number from {low:g} to {high:g} {unit}".rstrip() + (" or None" * optional)

    def check(where: str, name: str, value: Any) -> float | None:
        if value is None and optional:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            fail(where, name, rule, value, f"give {name} in {unit}" if unit else f"check {name}")
        return float(value)

    return checked(check, default, usual=("number", None, low, high, optional))


def label(
    longest: int, default: Any = dataclasses.MISSING, *, empty: bool = False, optional: bool = False
) -> Any:
    """One line of printable text of at most ``longest`` characters, no spaces at its ends."""
    rule = f"be {'' if empty else 'non-empty '}printable text of at most {longest} characters"

    def check(where: str, name: str, value: Any) -> str | None:
        if value is None and optional:
            return None
        if not isinstance(value, str) or len(value) > longest or not (value or empty):
            fail(where, name, rule, value, "shorten it or give a string")
        if not value.isprintable() or value != value.strip():
            fail(where, name, rule, value, "remove line breaks, control and edge space characters")
        return value

    return checked(check, default, usual=("label", None, 0, longest, optional))


def choice(options: Sequence[str], default: Any = dataclasses.MISSING) -> Any:
    """One of ``options``; the nearest is named for a typo."""
    known = frozenset(options)

    def check(where: str, name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            fail(where, name, "be one of " + ", ".join(options), value, nearest(value, options))
        return value

    return checked(check, default, usual=("choice", known, 0, 0, False))


def flag(default: bool) -> Any:
    """True or False, nothing that merely converts to it."""

    def check(where: str, name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            fail(where, name, "be true or false", value, "give a boolean")
        return value

    return checked(check, default, usual=("flag", None, 0, 0, False))


def part(cls: type) -> Any:
    """An instance of ``cls`` or None (the default)."""

    def check(where: str, name: str, value: Any) -> Any:
        if value is not None and not isinstance(value, cls):
            fail(where, name, f"be a {cls.__name__} or None", value, f"build a {cls.__name__}(…)")
        return value

    return checked(check, None, usual=("part", cls, 0, 0, True), part=cls)


def parts(cls: type, most: int) -> Any:
    """A tuple of at most ``most`` instances of ``cls`` (a list is taken too); default ()."""
    rule = f"be a sequence of at most {most} {cls.__name__}"

    def check(where: str, name: str, value: Any) -> tuple[Any, ...]:
        is_sequence = isinstance(value, tuple | list) and len(value) <= most
        if not is_sequence or not all(isinstance(item, cls) for item in value):
            fail(where, name, rule, value, f"give a tuple of {cls.__name__}(…)")
        return tuple(value)

    return checked(check, (), usual=("parts", cls, 0, most, False), parts=cls, most=most)


_T = TypeVar("_T")


def checked_class(cls: type[_T]) -> type[_T]:
    """Give a frozen dataclass of checked fields a constructor that checks them natively.

    It sets what the dataclass's own constructor sets. A method ``_check_together(self)`` is called
    when every field is there. Specs are built by the thousand: this takes 1 us for a ring text
    where checks in Python took 3.
    """
    plain = cls.__init__
    together = getattr(cls, "_check_together", None)
    fields = [_native(field) for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    cls.__signature__ = inspect.signature(cls)  # type: ignore[attr-defined]
    cls.__init__ = _C.constructor(cls.__name__, fields, plain, together)  # type: ignore[method-assign]
    return cls


def _native(field: dataclasses.Field[Any]) -> tuple[Any, ...]:
    """Return a field as ``_C.constructor`` reads it."""
    if "check" not in field.metadata:
        raise TypeError(f"checked_class: {field.name} must be a checked field, got a plain one")
    default = () if field.default is dataclasses.MISSING else (field.default,)
    factory = () if field.default_factory is dataclasses.MISSING else (field.default_factory,)
    usual = field.metadata.get("usual", _NEVER)
    return field.name, field.metadata["check"], default, factory, usual
