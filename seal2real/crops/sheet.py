"""The contact sheet: every crop at a glance, and a list of what to leave out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

__all__ = ["write_sheet"]

_SIDE, _CAPTION, _COLUMNS = 200, 30, 8
# Larger collections go onto the page in HTML alone.
_MOST_DRAWN = 400
_MARK = (0, 160, 90)
_CSS = """
body{margin:24px;font:14px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#1b1f24}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:12px}
label{background:#fff;border:1px solid #d9dde3;border-radius:8px;padding:8px;display:block}
label:has(input:checked){opacity:.35;border-color:#c8501e}
img{width:100%;height:200px;object-fit:contain;background:#eee}
small{color:#5b6470;display:block;overflow-wrap:anywhere}
textarea{width:100%;height:5em;font:12px ui-monospace,monospace}
"""
_SCRIPT = """
const list=document.querySelector('textarea');
document.querySelectorAll('input').forEach(box=>box.onchange=()=>{
  list.value=[...document.querySelectorAll('input:checked')].map(b=>b.value).join('\\n');});
"""


def write_sheet(root: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write sheet.html and sheet.jpg of the crops in ``root``, the least sure first.

    Args:
        root: folder with the crops.
        rows: of crops.jsonl.
    """
    ordered = sorted(rows, key=lambda row: (row["score"], row["file"]))
    (root / "sheet.html").write_text(_page(ordered), encoding="utf-8")
    _drawn(root, ordered[:_MOST_DRAWN]).save(root / "sheet.jpg", quality=88)


def _page(rows: Sequence[dict[str, Any]]) -> str:
    cards = "\n".join(_card(row) for row in rows)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>crops</title>'
        f"<style>{_CSS}</style></head><body>\n<h1>{len(rows)} crops, the least sure first</h1>\n"
        "<p>Tick what is no seal, and save the list as <code>exclude.txt</code> in this folder; or "
        "delete the files.</p>\n<textarea readonly></textarea>\n"
        f"<main>\n{cards}\n</main>\n<script>{_SCRIPT}</script></body></html>\n"
    )


def _card(row: dict[str, Any]) -> str:
    file = escape(row["file"], quote=True)
    facts = (
        f"{row['shape']}, {row['colour']}, score {row['score']:.2f}, {row['diameter_px']:.0f} px, "
        f"{row['px_per_mm']:.2f} px/mm by {row['scale_by']}"
    )
    return (
        f'<label><img src="{file}" loading="lazy" alt=""><input type="checkbox" value="{file}"> '
        f"{escape(facts)}<small>{escape(row['source'])}</small></label>"
    )


def _drawn(root: Path, rows: Sequence[dict[str, Any]]) -> Image.Image:
    """Return one picture of all crops with the outlines that were found."""
    columns = min(_COLUMNS, max(len(rows), 1))
    lines = max(math.ceil(len(rows) / columns), 1)
    sheet = Image.new("RGB", (columns * _SIDE, lines * (_SIDE + _CAPTION)), "white")
    for number, row in enumerate(rows):
        line, column = divmod(number, columns)
        at = (column * _SIDE, line * (_SIDE + _CAPTION))
        sheet.paste(_thumbnail(root, row), at)
        text = f"{row['score']:.2f} {row['colour']} {row['shape']} {row['px_per_mm']:.1f} px/mm"
        draw = ImageDraw.Draw(sheet)
        draw.text((at[0] + 4, at[1] + _SIDE + 1), text, fill="black")
        draw.text((at[0] + 4, at[1] + _SIDE + 14), _short(row["file"]), fill="gray")
    return sheet


def _short(file: str) -> str:
    """Return the end of a name, in characters that Pillow's own font has."""
    name = Path(file).stem.encode("ascii", "replace").decode()
    return name if len(name) <= 30 else "..." + name[-27:]


def _thumbnail(root: Path, row: dict[str, Any]) -> Image.Image:
    """Return the crop, shrunk, with its outline."""
    with Image.open(root / row["file"]) as file:
        image = file.convert("RGB")
    scale = min((_SIDE - 4) / max(image.size), 1.0)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    small = image.resize(size, Image.Resampling.BICUBIC)
    points = [(x * scale, y * scale) for x, y in _outline(row)]
    ImageDraw.Draw(small).polygon(points, outline=_MARK)
    return small


def _outline(row: dict[str, Any]) -> list[tuple[float, float]]:
    """Return the found outline in px of the crop."""
    x, y = row["center"]
    a, b, turn = row["diameter_px"] / 2, row["short_px"] / 2, math.radians(row["angle"])
    if row["shape"] in ("round", "oval"):
        steps = (2.0 * math.pi * k / 72 for k in range(72))
        corners = [(a * math.cos(t), b * math.sin(t)) for t in steps]
    else:
        corners = [(a, b), (-a, b), (-a, -b), (a, -b)]
    cos, sin = math.cos(turn), math.sin(turn)
    return [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in corners]
