"""Does an OCR that knows nothing of us read what the labels say?

Seals are drawn without wear at 300 dpi; every text is straightened through its own polygon (dense,
and the one of at most 16 points through splines) and read by rapidocr-onnxruntime. The ceiling is
the same strings in the same font, condensing and spacing, set straight by Pillow.

    python benchmarks/ocr_truth.py --count 300
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from seal2real.drawing import draw
from seal2real.rng import Rng
from seal2real.sealdb.unwrap import unwrap, unwrap_chars
from seal2real.seals import PRESETS, SealSpec, sample_spec
from seal2real.seals.fonts import font_file, get_font

DPI = 300.0
_PAD = 6  # px of paper around a strip, as a text detector would leave
_OVERSIZE = 4  # Pillow sets glyphs this much larger, then condenses them
# Points below the ceiling that are allowed, by way of straightening.
BARS = {"dense": 1.0, "polygon16": 3.0}

Strip = NDArray[np.uint8]  # [h, w, 3]
Reader = Callable[[Strip], str]


@dataclass(frozen=True)
class Reading:
    """How many characters of one text were read right, by way of straightening."""

    preset: str
    role: str
    group: str  # ring, line, code; name grids and columns apart
    text: str
    right: dict[str, int]
    read: dict[str, str]


def open_reader() -> Reader:
    """Return a function that reads one line of text from an RGB strip."""
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR()

    def read(strip: Strip) -> str:
        result, _ = engine(strip[..., ::-1].copy(), use_det=False, use_cls=False, use_rec=True)
        return str(result[0][0]) if result else ""

    return read


def seals(count: int, seed: int) -> Iterator[tuple[str, SealSpec]]:
    """Yield ``count`` random seals, every preset in turn."""
    names = list(PRESETS)
    for i in range(count):
        name = names[i % len(names)]
        yield name, sample_spec(Rng(seed, "ocr", i), name)


def plain(text: str) -> str:
    """Return ``text`` as it is compared: width, case of brackets and blanks do not count."""
    folded = unicodedata.normalize("NFKC", text).replace(" ", "")
    return folded.replace("·", ".").replace("—", "-")


def right_characters(truth: str, read: str) -> int:
    """Return how many characters of ``truth`` survive: length less edit distance, at least 0."""
    a, b = plain(truth), plain(read)
    row = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (char != other))
    return max(0, len(a) - row[-1])


def padded(strip: Strip) -> Strip:
    """Return the strip with paper around it."""
    return np.pad(strip, ((_PAD, _PAD), (2 * _PAD, 2 * _PAD), (0, 0)), constant_values=255)


def on_paper(rgba: NDArray[np.uint8]) -> Strip:
    """Return the drawing on white paper."""
    alpha = rgba[..., 3:].astype(np.int32)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)


def _span(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt((points * points).sum(axis=-1))


def ceiling(label: dict[str, Any], font: str, em_px: float) -> Strip:
    """Set the label's characters straight with Pillow: same font, widths and distances.

    Args:
        label: a text of ``Drawing.labels``.
        font: the font of the spec.
        em_px: size of the font.
    """
    path, index = font_file(font)
    face = ImageFont.truetype(str(path), _OVERSIZE * round(em_px), index=index)
    quads = np.asarray(label["quads"])
    widths = (_span(quads[:, 1] - quads[:, 0]) + _span(quads[:, 2] - quads[:, 3])) / 2
    steps = np.append(_span(np.diff(quads.mean(axis=1), axis=0)), 0.0)
    height = round(1.5 * em_px)
    strip = Image.new("L", (round(widths.sum() + steps.sum()) + 4, height), 255)
    middle = widths[0] / 2
    for char, width, step in zip(label["chars"], widths, steps, strict=True):
        part = _glyph(face, char, width, height)
        strip.paste(part, (round(middle - part.width / 2), 0))
        middle += step
    rows, columns = np.nonzero(np.asarray(strip) < 128)
    box = (max(columns.min() - 1, 0), max(rows.min() - 1, 0), columns.max() + 2, rows.max() + 2)
    return np.repeat(np.asarray(strip.crop(box))[..., None], 3, axis=2)


def _glyph(face: ImageFont.FreeTypeFont, char: str, width: float, height: int) -> Image.Image:
    """Return one character, its ink or advance (the wider) condensed to ``width`` px."""
    left, _, right, _ = face.getbbox(char)
    natural = max(face.getlength(char), right)
    glyph = Image.new("L", (max(1, round(natural - min(left, 0))), _OVERSIZE * height), 255)
    ImageDraw.Draw(glyph).text((-min(left, 0), 0), char, font=face, fill=0)
    if char in "（）":
        glyph = glyph.crop((left, 0, right, glyph.height))
    size = (max(1, round(min(width, glyph.width / _OVERSIZE))), height)
    return glyph.resize(size, Image.Resampling.LANCZOS)


def em_pixels(text: Any) -> float:
    """Return the font size of a spec's text in px: texts without CJK are sized by their capitals."""
    px_per_mm = DPI / 25.4
    if any(ord(char) >= 0x2E80 for char in text.text):
        return float(text.height_mm) * px_per_mm
    return float(text.height_mm) * px_per_mm / get_font(text.font).metrics.digit_height_em


def group_of(label: dict[str, Any]) -> str:
    """Return which bar a text belongs to."""
    if label["direction"] in ("column", "grid"):
        return str(label["direction"])
    if label["role"] == "code":
        return "code"
    return "line" if label["direction"] == "line" else "ring"


def strips_of(paper: Strip, label: dict[str, Any], text: Any) -> dict[str, Strip]:
    """Return the strips to read of one text: dense, polygon16, ceiling."""
    if label["direction"] in ("column", "grid", "ccw_out"):
        strip = unwrap_chars(paper, np.asarray(label["quads"])).image
        return {"dense": strip, "polygon16": strip}
    return {
        "dense": unwrap(paper, label["polygon"]).image,
        "polygon16": unwrap(paper, label["polygon16"], method="spline").image,
        "ceiling": ceiling(label, text.font, em_pixels(text)),
    }


def readings(count: int, seed: int, reader: Reader, keep: Path | None = None) -> list[Reading]:
    """Draw ``count`` seals and read every text of them.

    Args:
        count: how many seals.
        seed: names them.
        reader: reads one strip.
        keep: a folder for the strips that were misread, or None.
    """
    found = []
    for number, (preset, spec) in enumerate(seals(count, seed)):
        drawing = draw(spec, dpi=DPI)
        paper = on_paper(drawing.rgba)
        for label, text in zip(drawing.labels, spec.texts, strict=True):
            truth = "".join(label["chars"])
            strips = strips_of(paper, label, text)
            read = {way: reader(padded(strip)) for way, strip in strips.items()}
            right = {way: right_characters(truth, got) for way, got in read.items()}
            group = group_of(label)
            if group == "grid" and spec.name is not None and spec.name.cut == "bai":
                group = "grid bai"
            found.append(Reading(preset, label["role"], group, truth, right, read))
            if keep is not None and right["dense"] < right.get("ceiling", 0):
                for way, strip in strips.items():
                    Image.fromarray(strip).save(keep / f"{number:03d}-{label['role']}-{way}.png")
    return found


def shares(found: list[Reading], key: Callable[[Reading], str]) -> dict[str, dict[str, float]]:
    """Return the percentage of characters read right per group of ``key`` and way."""
    right: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    total: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for reading in found:
        for way, count in reading.right.items():
            right[key(reading)][way] += count
            total[key(reading)][way] += len(plain(reading.text))
    return {
        name: {way: 100.0 * right[name][way] / total[name][way] for way in right[name]}
        | {"characters": total[name]["dense"]}
        for name in right
    }


def report(found: list[Reading]) -> None:
    """Print one JSON line a row, then tables."""
    keys: dict[str, Callable[[Reading], str]] = {
        "group": lambda r: r.group,
        "role": lambda r: f"{r.role} ({r.group})",
        "preset": lambda r: r.preset,
    }
    for title, key in keys.items():
        print(f"{title:32} {'chars':>6} {'ceiling':>8} {'dense':>8} {'16 pt':>8}")
        for name, row in sorted(shares(found, key).items()):
            cells = "".join(
                f"{row.get(way, float('nan')):9.2f}" for way in ("ceiling", "dense", "polygon16")
            )
            print(f"{name:32} {row['characters']:6.0f}{cells}")
            print(json.dumps({"by": title, "name": name, **row}), file=sys.stderr)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for misread strips")
    args = parser.parse_args()
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
    found = readings(args.count, args.seed, open_reader(), args.keep)
    report(found)
    for reading in found:
        if reading.right["dense"] < reading.right.get("ceiling", 0):
            print(reading.preset, reading.role, reading.text, reading.read)


if __name__ == "__main__":
    main()
