"""Strict readers of label formats that have no importable loader, written from their rules.

Each raises ``AssertionError`` naming the rule that a file breaks; none knows our exporters.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

__all__ = [
    "TextRegion",
    "read_paddleocr_det",
    "read_paddleocr_rec",
    "read_rest",
    "read_yolo_labels",
    "read_yolo_yaml",
]

MAX_PADDLE_POINTS = 16


@dataclass(frozen=True)
class TextRegion:
    """A polygon and what it says; ``###`` means: ignore."""

    points: list[list[float]]
    text: str


def signed_area(points: list[list[float]]) -> float:
    """Return the shoelace area, positive when clockwise on the screen (y down)."""
    following = points[1:] + points[:1]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, following, strict=True)) / 2


def check_points(points: Any, width: int, height: int, where: str) -> None:
    """Rules all formats share: pairs of finite numbers in the image, clockwise."""
    assert isinstance(points, list), f"{where}: points must be a list"
    for point in points:
        assert isinstance(point, list) and len(point) == 2, f"{where}: a point has x and y"
        x, y = point
        assert 0 <= x <= width and 0 <= y <= height, f"{where}: {point} lies outside the image"
    assert signed_area(points) > 0, f"{where}: points must run clockwise"


def image_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image that decodes."""
    with Image.open(path) as image:
        image.load()
        return image.size


def label_lines(path: Path) -> list[list[str]]:
    """Split a label file: UTF-8 without mark, \\n ends, exactly one tab a line, no blank line."""
    data = path.read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf"), "no byte-order mark"
    assert b"\r" not in data, "lines end in \\n"
    assert data.endswith(b"\n") or not data, "the last line ends too"
    lines = [line.split("\t") for line in data.decode("utf-8").split("\n")[:-1]]
    assert all(len(line) == 2 for line in lines), "one tab between path and label"
    return lines


def read_paddleocr_det(root: Path, label_file: str) -> dict[str, list[TextRegion]]:
    """Read a detection label file (PaddleOCR SimpleDataSet with DetLabelEncode).

    Rules: path<TAB>JSON list of {transcription, points}; the path exists below the root;
    transcription is a non-empty string; an even number of 4..16 points, clockwise.
    """
    result = {}
    for path, label in label_lines(root / label_file):
        width, height = image_size(root / path)
        regions = []
        for entry in json.loads(label):
            assert set(entry) == {"transcription", "points"}, f"{path}: keys {set(entry)}"
            text, points = entry["transcription"], entry["points"]
            assert isinstance(text, str) and text, f"{path}: empty transcription"
            count = len(points)
            assert count % 2 == 0, f"{path}: {count} points, must be even"
            assert 4 <= count <= MAX_PADDLE_POINTS, f"{path}: {count} points"
            check_points(points, width, height, path)
            regions.append(TextRegion(points, text))
        assert path not in result, f"{path}: twice"
        result[path] = regions
    return result


def read_paddleocr_rec(root: Path, label_file: str, dictionary: str) -> dict[str, str]:
    """Read a recognition label file: path<TAB>text, every character in the dictionary or blank."""
    characters = (root / dictionary).read_text(encoding="utf-8").split("\n")[:-1]
    assert len(set(characters)) == len(characters), "a character occurs twice"
    assert all(len(character) == 1 for character in characters), "one character a line"
    result = {}
    for path, text in label_lines(root / label_file):
        image_size(root / path)
        assert text.strip() == text and text, f"{path}: blank text"
        assert set(text) <= {*characters, " "}, f"{path}: {text!r} not in the dictionary"
        assert path not in result, f"{path}: twice"
        result[path] = text
    return result


def read_rest(labels: Path, images: Path) -> dict[str, list[TextRegion]]:
    """Read an ICDAR 2023 ReST ground truth.

    Rules (rrc.cvc.uab.es, ch 20): one JSON object; keys gt_[image_id]; each a list of
    {points, transcription}; polygons clockwise; UTF-8.
    """
    result = {}
    for key, entries in json.loads(labels.read_bytes().decode("utf-8")).items():
        prefix, number = key.split("_")
        assert prefix == "gt" and number.isdigit(), f"{key}: must be gt_[image_id]"
        (image,) = images.glob(f"{key}.*")
        width, height = image_size(image)
        for entry in entries:
            assert set(entry) == {"points", "transcription"}, f"{key}: keys {set(entry)}"
            assert len(entry["points"]) >= 4, f"{key}: fewer than 4 points"
            check_points(entry["points"], width, height, key)
            assert isinstance(entry["transcription"], str) and entry["transcription"]
        result[key] = [TextRegion(e["points"], e["transcription"]) for e in entries]
    return result


def read_yolo_labels(path: Path, classes: int) -> list[tuple[int, list[list[float]]]]:
    """Read a YOLO segmentation label: "class x1 y1 …", at least 3 points, all in 0..1."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        first, *rest = line.split(" ")
        assert 0 <= int(first) < classes, f"{path}: class {first}"
        values = [float(value) for value in rest]
        assert len(values) >= 6 and len(values) % 2 == 0, f"{path}: {len(values)} numbers"
        assert all(0.0 <= value <= 1.0 for value in values), f"{path}: outside 0..1"
        found.append(
            (int(first), [list(pair) for pair in zip(values[::2], values[1::2], strict=False)])
        )
    return found


def read_yolo_yaml(path: Path) -> dict[str, Any]:
    """Read the subset of YAML that data.yaml uses: scalars, and one level of integer keys."""
    result: dict[str, Any] = {}
    inner: dict[int, str] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if line.startswith("  "):
            assert inner is not None, f"{path}: indented line first"
            inner[int(key)] = json.loads(value)
        elif value.strip():
            result[key], inner = value.strip(), None
        else:
            inner = result[key] = {}
    for key in ("train", "val", "names"):
        assert key in result, f"{path}: {key} is missing"
    assert list(result["names"]) == list(range(len(result["names"]))), "classes count from 0"
    return result
