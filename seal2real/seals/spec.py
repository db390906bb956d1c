"""SealSpec: a seal as an object, in millimetres; JSON in and out.

Nothing here is in pixels and nothing here draws. Reading is strict: an unknown key, a wrong type,
NaN or a number out of range is a ValueError that names the place, the rule and the remedy.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from seal2real.seals.fields import (
    checked_class,
    choice,
    fail,
    label,
    nearest,
    number,
    part,
    parts,
    short,
)
from seal2real.seals.parts import (
    CUTS,
    DIRECTIONS,
    EMBLEMS,
    ROLES,
    Border,
    Emblem,
    LineText,
    NameGrid,
    RingText,
    Rule,
    SecurityLine,
    Star,
)

__all__ = [
    "CUTS",
    "DIRECTIONS",
    "EMBLEMS",
    "ROLES",
    "SHAPES",
    "Border",
    "Emblem",
    "LineText",
    "NameGrid",
    "RingText",
    "Rule",
    "SealSpec",
    "SecurityLine",
    "Star",
]

SHAPES = ("round", "oval", "square", "rectangle", "triangle", "rhombus")
_EQUAL_SIDES = ("round", "square")
_NO_CORNERS = ("round", "oval")
_MOST_NOTES = 32
_LONGEST_JSON = 1 << 20  # characters; a full spec has about 5 000


def _notes(where: str, name: str, value: Any) -> dict[str, Any]:
    """Check free notes: a small flat mapping of text to scalars; returns a copy."""
    rule = f"be a mapping of at most {_MOST_NOTES} short names to text, numbers or booleans"
    if not isinstance(value, Mapping) or len(value) > _MOST_NOTES:
        fail(where, name, rule, value, "keep notes flat and few")
    for key, item in value.items():
        scalar = item is None or isinstance(item, bool | int | float | str)
        # -1e15 < item is False for NaN and infinities
        small = not isinstance(item, int | float) or -1e15 < item < 1e15
        text = not isinstance(item, str) or (len(item) <= 500 and _is_unicode(item))
        named = isinstance(key, str) and 0 < len(key) <= 60 and _is_unicode(key)
        if not (named and scalar and small and text):
            fail(where, name, rule, item, f"check the entry {short(key)}")
    return dict(value)


def _is_unicode(text: str) -> bool:
    """Tell whether ``text`` can be written as UTF-8 (no lone surrogates)."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


@checked_class
@dataclasses.dataclass(frozen=True)
class SealSpec:
    """A seal: outline, parts and owner, in millimetres.

    Attributes:
        type: the preset it came from, or the user's own word.
        shape: one of SHAPES. A triangle stands on its base, a rhombus on its tip; both fill
            ``width_mm`` x ``height_mm``.
        width_mm, height_mm: outer size; equal for round and square.
        corner_mm: radius of rounded corners (0 for round and oval).
        borders, ring_texts, lines, rules, security_lines: parts; texts in reading order.
        star, emblem, name: single parts or None.
        owner: whose seal it is; the dataset split goes by it.
        notes: flat remarks that travel with the record; not part of equality or hash.
    """

    type: str = label(60)
    shape: str = choice(SHAPES)
    width_mm: float = number(2, 150)
    height_mm: float = number(2, 150)
    corner_mm: float = number(0, 75, 0.0)
    borders: tuple[Border, ...] = parts(Border, 8)
    ring_texts: tuple[RingText, ...] = parts(RingText, 8)
    lines: tuple[LineText, ...] = parts(LineText, 24)
    star: Star | None = part(Star)  # noqa: RUF009 (returns a field)
    emblem: Emblem | None = part(Emblem)  # noqa: RUF009 (returns a field)
    rules: tuple[Rule, ...] = parts(Rule, 32)
    security_lines: tuple[SecurityLine, ...] = parts(SecurityLine, 32)
    name: NameGrid | None = part(NameGrid)  # noqa: RUF009 (returns a field)
    owner: str = label(200, "", empty=True)
    notes: dict[str, Any] = dataclasses.field(
        default_factory=dict, compare=False, hash=False, metadata={"check": _notes}
    )

    def _check_together(self) -> None:
        """Check what the fields mean together."""
        if self.shape in _EQUAL_SIDES and self.width_mm != self.height_mm:
            rule = f"equal width_mm {self.width_mm:g} for shape {self.shape!r}"
            fail("SealSpec", "height_mm", rule, self.height_mm, "use oval or rectangle otherwise")
        half = min(self.width_mm, self.height_mm) / 2
        corner_limit = 0.0 if self.shape in _NO_CORNERS else half
        if self.corner_mm > corner_limit:
            rule = f"be at most {corner_limit:g} mm for this {self.shape}"
            fail("SealSpec", "corner_mm", rule, self.corner_mm, "lower it")
        for border in self.borders:
            if border.inset_mm + border.width_mm >= half:
                rule = f"leave room inside a seal of half-size {half:g} mm"
                value = border.inset_mm + border.width_mm
                fail("SealSpec", "borders", rule, value, "lower inset_mm or width_mm")
        if not self.has_parts:
            fail("SealSpec", "parts", "hold at least one that draws", (), "add a border or a text")

    @property
    def has_parts(self) -> bool:
        """Whether anything would be inked."""
        several = self.borders or self.ring_texts or self.lines or self.rules
        return bool(several) or any(p is not None for p in (self.star, self.emblem, self.name))

    @property
    def texts(self) -> tuple[RingText | LineText | NameGrid, ...]:
        """All texts: ring texts, then lines, then the name grid."""
        name = () if self.name is None else (self.name,)
        return (*self.ring_texts, *self.lines, *name)

    @classmethod
    def preset(cls, name: str, **overrides: Any) -> SealSpec:
        """Return one seal of a preset's distribution, fixed by ``seed`` (default 0).

        Args:
            name: a preset, see ``seal2real.seals.presets.PRESETS``.
            **overrides: ``seed``, ``corpus``, texts by role (``owner="…"``, ``code="…"``),
                ``width_mm``/``height_mm``, or any field of SealSpec to replace as a whole.

        Raises:
            ValueError: unknown preset or override (the nearest is named), or an invalid value.
        """
        from seal2real.seals.sample import preset_spec  # sample imports this module

        return preset_spec(name, **overrides)

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, numbers and text: what the record stores."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SealSpec:
        """Build a spec from :meth:`to_dict`'s form.

        Raises:
            ValueError: unknown or missing key, wrong type, number out of range.
        """
        return _build(cls, data, "SealSpec.from_dict")

    def to_json(self) -> str:
        """Return the spec as compact UTF-8 JSON with a fixed key order."""
        return json.dumps(
            self.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> SealSpec:
        """Parse JSON strictly: no NaN, no repeated keys, no depth that is not ours.

        Raises:
            ValueError: not JSON, or not a spec (see :meth:`from_dict`).
        """
        return cls.from_dict(_parse(text))


def _plain(value: Any) -> Any:
    """Turn parts into dicts and tuples into lists, recursively."""
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _build(cls: type, data: Any, where: str) -> Any:
    """Build dataclass ``cls`` from a mapping; ``where`` is the path shown in messages."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: must be an object, got {short(data)}; give its fields by name")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in data:
        if key not in fields:
            remedy = nearest(key, fields)
            raise ValueError(f"{where}: unknown key, got {short(key)}; {remedy}")
    for name, field in fields.items():
        needed = field.default is field.default_factory is dataclasses.MISSING
        if needed and name not in data:
            raise ValueError(f"{where}: {name} must be given, got nothing; add the key {name!r}")
    values = {key: _read(fields[key], item, f"{where}.{key}") for key, item in data.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _read(field: dataclasses.Field[Any], value: Any, where: str) -> Any:
    """Build nested parts; other values go to the field's own check."""
    one, many = field.metadata.get("part"), field.metadata.get("parts")
    if one is not None and value is not None:
        return _build(one, value, where)
    if many is not None and isinstance(value, list | tuple):
        most = field.metadata["most"]
        if len(value) > most:
            raise ValueError(f"{where}: must hold at most {most}, got {len(value)}; remove some")
        return tuple(_build(many, item, f"{where}[{i}]") for i, item in enumerate(value))
    return value


def _parse(text: str | bytes) -> Any:
    """Decode JSON, turning every way it can fail into a ValueError that says so."""
    if len(text) > _LONGEST_JSON:
        rule = f"be at most {_LONGEST_JSON} characters"
        raise ValueError(f"SealSpec.from_json: text must {rule}, got {len(text)}; give one spec")
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except RecursionError:
        problem = "nesting deeper than any spec"
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError, integers of 4300+ digits
        problem = str(error)
    raise ValueError(
        f"SealSpec.from_json: text must be the JSON of one spec, got {problem}; "
        "compare it with the output of to_json()"
    )


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and infinities, which json reads by default."""
    raise ValueError(f"the number {name}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse repeated keys, of which json would silently keep the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a repeated key")
    return found
