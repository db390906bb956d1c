"""``--layout FILE.jsonl``: seals placed by the user, one JSON object a line.

::

    {"page": 0, "spec": "company", "x_mm": 150, "y_mm": 240, "angle": -6}
    {"page": 0, "spec": "specs/ours.json", "x_mm": 60, "y_mm": 240}
    {"page": 2, "spec": {"type": "...", "shape": "round", ...}, "x_mm": 40.5, "y_mm": 60}

``page`` is the number of the page in the page source, from 0; ``spec`` a preset's name, a whole
spec, or a file ending in ``.json`` that holds one (relative to the layout file); ``x_mm``, ``y_mm`` the seal's centre from the page's top-left corner; ``angle`` degrees
clockwise, 0 if left out.
"""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from seal2real.seals import preset_names
from seal2real.seals.spec import SealSpec

__all__ = ["LayoutEntry", "parse_layout"]

_REQUIRED = ("page", "spec", "x_mm", "y_mm")
_KEYS = (*_REQUIRED, "angle")
# Tells a file from a preset, whose names have no dot.
_SPEC_SUFFIX = ".json"
# Beyond this no page reaches; a misplaced unit (pixels) is caught early.
_MOST_MM = 3000.0


@dataclass(frozen=True)
class LayoutEntry:
    """One seal of a layout file: ``spec`` is a preset's name or a spec, read from ``file`` if any."""

    page: int
    spec: SealSpec | str
    x_mm: float
    y_mm: float
    angle_deg: float
    line: int
    file: Path | None = None


def parse_layout(path: Path | str) -> tuple[LayoutEntry, ...]:
    """Return the seals of a layout file in its order; blank lines are skipped.

    Raises:
        ValueError: naming the line and the key that is wrong, or if no line has a seal.
        OSError: if the file cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"parse_layout: {path} must be UTF-8 text, got byte {error.start} that is not; "
            "save it as UTF-8"
        ) from None
    entries = tuple(
        _Line(path, number).entry(line)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    )
    if not entries:
        raise ValueError(
            f"parse_layout: {path} must hold a JSON object a line, got none; "
            'write e.g. {"page": 0, "spec": "company", "x_mm": 150, "y_mm": 240}'
        )
    return entries


class _Line:
    """Reads one line; errors name it."""

    def __init__(self, path: Path, number: int) -> None:
        self._folder = path.parent
        self._where = f"{path} line {number}"
        self._number = number

    def entry(self, text: str) -> LayoutEntry:
        data = self._object(text)
        angle = self._number_of(data, "angle", 36000.0) if "angle" in data else 0.0
        file = self._file(data["spec"])
        return LayoutEntry(
            self._page(data["page"]),
            self._spec(data["spec"]) if file is None else self._read(file),
            self._number_of(data, "x_mm", _MOST_MM),
            self._number_of(data, "y_mm", _MOST_MM),
            angle,
            self._number,
            file,
        )

    def _object(self, text: str) -> dict[str, Any]:
        """Return the object with exactly the known keys."""
        try:
            data = json.loads(text, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            self._fail("the line must be one JSON object", text.strip()[:60], str(error))
        if not isinstance(data, dict):
            self._fail("the line must be a JSON object", text.strip()[:60], "write {...}")
        for key in data:
            if key not in _KEYS:
                near = difflib.get_close_matches(key, _KEYS, n=1)
                hint = f"did you mean {near[0]!r}?" if near else "remove it"
                self._fail(f"keys must be of {', '.join(_KEYS)}", repr(key), hint)
        for key in _REQUIRED:
            if key not in data:
                self._fail(f"{key!r} must be given", "nothing", f"keys are {', '.join(_KEYS)}")
        return data

    def _page(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            self._fail("'page' must be an integer >= 0", repr(value), "pages count from 0")
        return value

    def _number_of(self, data: dict[str, Any], key: str, most: float) -> float:
        value = data[key]
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not fits or not math.isfinite(value) or abs(value) > most:
            unit = "degrees" if key == "angle" else "millimetres"
            rule = f"{key!r} must be a number of {unit} within {most:g} of 0"
            self._fail(rule, repr(value)[:40], "see seal2real synth --help")
        return float(value)

    def _file(self, value: Any) -> Path | None:
        """Return the spec file that ``value`` names; None for presets and specs."""
        is_file = isinstance(value, str) and value.lower().endswith(_SPEC_SUFFIX)
        return self._folder / value if is_file else None

    def _read(self, file: Path) -> SealSpec:
        rule = "'spec' must be a readable spec file"
        try:
            return SealSpec.from_json(file.read_bytes())
        except OSError as error:
            remedy = "paths count from the layout file's folder"
            self._fail(rule, f"{file} ({error.strerror or error})", remedy)
        except ValueError as error:
            self._fail(rule, f"{file}: {error}", "write it with `seal2real draw --json`")

    def _spec(self, value: Any) -> SealSpec | str:
        if isinstance(value, str):
            if value not in preset_names():
                near = difflib.get_close_matches(value, preset_names(), n=1, cutoff=0.4)
                hint = f"did you mean {near[0]!r}?" if near else ", ".join(preset_names())
                rule = f"'spec' must be a preset, a {_SPEC_SUFFIX} file or a spec object"
                self._fail(rule, repr(value[:40]), hint)
            return value
        if not isinstance(value, dict):
            self._fail(
                f"'spec' must be a preset's name, a {_SPEC_SUFFIX} file or a spec object",
                repr(value)[:40],
                'write "company", or a spec as `seal2real draw --json` prints it',
            )
        try:
            return SealSpec.from_dict(value)
        except (ValueError, TypeError) as error:
            self._fail("'spec' must be a valid spec", str(error), "correct that field")

    def _fail(self, rule: str, value: str, remedy: str) -> NoReturn:
        raise ValueError(f"parse_layout: {self._where}: {rule}, got {value}; {remedy}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict; a repeated key is an error, not a silent loss."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {twice!r} is given twice")
    return found
