"""The final report of a run: one HTML file with curves and pictures, no network needed."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image

from seal2real.sealdb.files import atomic_write
from seal2real.training.runfolder import RunFolder

__all__ = ["curve_svg", "write_report"]

_WIDTH, _HEIGHT = 420, 190
# Room for the numbers at the axes, px.
_LEFT, _BOTTOM, _TOP, _RIGHT = 62, 22, 8, 10
# Points drawn of a curve; more would not be seen.
_MOST_POINTS = 600
# Pictures of a name: the first, the last and some between.
_MOST_PICTURES = 4
# Longest side of an embedded picture, px.
_PICTURE_PX = 1400
_CSS = """
:root{--line:#d9dde3;--soft:#5b6470;--ink:#1b1f24;--curve:#c8501e}
*{box-sizing:border-box}
body{margin:0;background:#f4f5f7;color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1400px;margin:0 auto;padding:28px 24px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:28px 0 8px}h3{font-size:14px;margin:0 0 4px}
.soft,figcaption{color:var(--soft);font-size:13px}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(400px,1fr));gap:14px}
section,figure{background:#fff;border:1px solid var(--line);border-radius:8px;padding:10px 12px;margin:0 0 14px}
svg{width:100%;height:auto;display:block}svg text{font-size:11px;fill:var(--soft)}
svg .axis{stroke:var(--line);fill:none}svg .curve{stroke:var(--curve);fill:none;stroke-width:1.6}
img{max-width:100%;display:block}
pre{background:#fff;border:1px solid var(--line);border-radius:8px;padding:12px;overflow:auto;font-size:12.5px}
"""


def write_report(folder: RunFolder) -> Path:
    """Write ``report.html`` of the run in ``folder``; return its path.

    Raises:
        WriteError: if the disk refuses.
    """
    rows = folder.rows()
    about = folder.about()
    parts = [
        f"<h1>{escape(about['stage'])}</h1>",
        f'<p class="soft">{escape(_facts(rows))}</p>',
        "<h2>Curves</h2><div class=curves>",
        *(_curve_section(name, rows) for name in _names(rows)),
        "</div>",
        *_picture_parts(folder.samples),
        f"<h2>Configuration</h2><pre>{escape((folder.path / 'config.toml').read_text())}</pre>",
        f"<h2>Made with</h2><pre>{escape((folder.path / 'versions.json').read_text())}</pre>",
    ]
    title = f"seal2real-train {escape(about['stage'])}"
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_CSS}</style><main>{''.join(parts)}</main></html>\n"
    )
    atomic_write(folder.report, page.encode(), sync=False)
    return folder.report


def _facts(rows: Sequence[dict[str, float]]) -> str:
    """Return steps, time and rates in one line."""
    timed = [row for row in rows if "time_s" in row]
    if not timed:
        return "no steps"
    last = timed[-1]
    # Rows are means over stretches of different lengths.
    ends = [row["time_s"] for row in timed]
    seconds = [end - start for start, end in zip([0.0, *ends], ends, strict=False)]
    rate, wait = (
        sum(row[name] * s for row, s in zip(timed, seconds, strict=True)) / max(ends[-1], 1e-9)
        for name in ("images_per_s", "wait_share")
    )
    return (
        f"{last['step']:.0f} steps, {last['time_s'] / 60:.1f} minutes, {rate:.1f} images/s, "
        f"{100 * wait:.1f} % of the time waiting for data, peak memory "
        f"{last['peak_memory_mib']:.0f} MiB"
    )


def _names(rows: Sequence[dict[str, float]]) -> list[str]:
    """Return the curves' names: the stage's in the order they came, then those of the loop."""
    names = dict.fromkeys(name for row in rows for name in row)
    own = ("images_per_s", "wait_share", "peak_memory_mib")
    hidden = ("step", "time_s", *own)
    return [name for name in names if name not in hidden] + [name for name in own if name in names]


def _curve_section(name: str, rows: Sequence[dict[str, float]]) -> str:
    points = [(row["step"], row[name]) for row in rows if name in row]
    return (
        f"<section><h3>{escape(name)}</h3>{curve_svg(points)}"
        f'<p class="soft">last {points[-1][1]:.5g}, lowest {min(y for _, y in points):.5g}, '
        f"highest {max(y for _, y in points):.5g}</p></section>"
    )


def curve_svg(points: Sequence[tuple[float, float]]) -> str:
    """Return a curve through the finite ``points`` (x ascending) as SVG with its axes' ends."""
    every = max(1, -(-len(points) // _MOST_POINTS))
    shown = [*points[:-1:every], points[-1]]
    xs, ys = [x for x, _ in shown], [y for _, y in shown]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    placed = " ".join(
        f"{_scaled(x, x0, x1, _LEFT, right):.1f},{_scaled(y, y0, y1, bottom, _TOP):.1f}"
        for x, y in shown
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>'
        f'<polyline class="curve" points="{placed}"/>'
        f'<text x="{_LEFT - 6}" y="{_TOP + 9}" text-anchor="end">{y1:.4g}</text>'
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">{y0:.4g}</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 6}">{x0:.0f}</text>'
        f'<text x="{right}" y="{_HEIGHT - 6}" text-anchor="end">step {x1:.0f}</text></svg>'
    )


def _scaled(value: float, low: float, high: float, start: float, end: float) -> float:
    """Return where ``value`` of [low, high] lies between ``start`` and ``end``."""
    share = 0.5 if high == low else (value - low) / (high - low)
    return start + share * (end - start)


def _picture_parts(samples: Path) -> list[str]:
    """Return the pictures of every name, oldest first, evenly chosen."""
    by_name: dict[str, list[Path]] = {}
    for path in sorted(samples.glob("*-*.png")):
        by_name.setdefault(path.stem.rpartition("-")[0], []).append(path)
    parts = []
    for name, paths in by_name.items():
        parts.append(f"<h2>{escape(name)}</h2>")
        count = min(_MOST_PICTURES, len(paths))
        for k in range(count):
            path = paths[-1 - (count - 1 - k) * (len(paths) - 1) // max(1, count - 1)]
            step = int(path.stem.rpartition("-")[2])
            parts.append(
                f'<figure><img alt="{escape(name)}" src="{_data_uri(path)}">'
                f"<figcaption>step {step}</figcaption></figure>"
            )
    return parts


def _data_uri(path: Path) -> str:
    """Return the picture as JPEG inside an address."""
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((_PICTURE_PX, _PICTURE_PX))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
