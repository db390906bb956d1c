"""The gallery's page: one HTML file that needs nothing but the pictures beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from seal2real.sealdb.reader import DbSample
from seal2real.sealdb.record import CLASS_NAMES

__all__ = ["CLASS_COLOURS", "SEAL_COLOURS", "gallery_html"]

# One colour a mask bit, RGB; apart from each other for most colour-blind eyes (Okabe-Ito).
SEAL_COLOURS = (
    (213, 94, 0),
    (0, 114, 178),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (120, 94, 240),
    (90, 90, 90),
)
# One colour a class, RGB, in the order of CLASS_NAMES; background is not drawn.
CLASS_COLOURS = (
    (255, 255, 255),
    (213, 94, 0),
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (90, 90, 90),
    (120, 94, 240),
)
_CAPTIONS = {
    "clean": "clean",
    "synthetic": "synthetic",
    "forged": "forged",
    "mask": "ink, a colour a seal",
    "classes": "classes",
}
_CSS = """
:root{--line:#d9dde3;--soft:#5b6470;--ink:#1b1f24;--card:#fff;--back:#f4f5f7;--bar:#c8501e}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);
font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif}
main{max-width:1500px;margin:0 auto;padding:28px 24px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:15px;margin:0 0 8px}
p{margin:4px 0;max-width:120ch}.soft,figcaption{color:var(--soft);font-size:13px}
code{font:13px ui-monospace,monospace}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px;margin:18px 0;align-items:start}
.box,article{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.bar{display:grid;grid-template-columns:minmax(0,6fr) 5fr 2.6em;gap:8px;align-items:center;font-size:13px}
.bar span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bar i{height:8px;border-radius:4px;background:var(--bar);display:block}
.bar b{font-weight:500;text-align:right}
article{margin:14px 0}
header{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:baseline;margin-bottom:8px}
header strong{font-size:16px}
.strip{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:10px}
figure{margin:0;min-width:0}.pic{display:block;position:relative;border:1px solid var(--line);background:#fff}
.pic img{display:block;width:100%;height:auto}
.pic svg{position:absolute;inset:0;width:100%;height:100%}
polygon,rect{fill:none;vector-effect:non-scaling-stroke}
.o{stroke:#0072b2;stroke-width:1.5}.t{stroke:#d55e00;stroke-width:1.5;fill:#d55e0018}
.c{stroke:#009e73;stroke-width:.8}.p{stroke:#8a8f98;stroke-width:.6}
.u{stroke:#cc3311;stroke-width:1.2}.n{stroke:#785ef0;stroke-width:1.5;stroke-dasharray:5 3}
.b{stroke:#000;stroke-width:1;stroke-dasharray:2 3}
table{border-collapse:collapse;margin-top:8px;font-size:13px;width:100%}
td:first-child,th:first-child{width:32%}
td,th{text-align:left;padding:2px 14px 2px 0;vertical-align:top;border-top:1px solid var(--line)}
th{color:var(--soft);font-weight:500}
.key{display:inline-block;width:11px;height:11px;border-radius:2px;margin:0 4px 0 10px}
"""


def gallery_html(info: dict[str, Any], counts: dict[str, Any], samples: Sequence[DbSample]) -> str:
    """Return the page.

    Args:
        info: dataset.json.
        counts: what seal2real.sealdb.stats.stats found.
        samples: what to show; their pictures are gallery/{id}.{panel}.jpg.
    """
    body = [_head(info, counts), _facts(counts), _legend(), *(_card(s) for s in samples)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(info['id'])}</title><style>{_CSS}</style></head><body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _head(info: dict[str, Any], counts: dict[str, Any]) -> str:
    splits = ", ".join(f"{name} {held['samples']}" for name, held in counts["splits"].items())
    return (
        f"<h1>Seal-DB</h1><p><code>{escape(info['id'])}</code> · {counts['samples']} samples "
        f"({splits}) · {counts['seals']} seals · seed {info['seed']}</p>"
        f'<p class="soft">{escape(info["provenance"])}</p>'
    )


def _facts(counts: dict[str, Any]) -> str:
    boxes = [
        _bars(title, counts[key])
        for title, key in (
            ("Types", "types"),
            ("Shapes", "shapes"),
            ("Ink", "colours"),
            ("Seals in a sample", "seals_per_sample"),
            ("Pages", "page_types"),
            ("Capture", "captures"),
        )
        if counts[key]
    ]
    return f'<div class="facts">{"".join(boxes)}</div>'


def _bars(title: str, counts: dict[str, int]) -> str:
    most = max(counts.values())
    rows = "".join(
        f'<div class="bar"><span title="{escape(name)}">{escape(name)}</span>'
        f'<i style="width:{max(2, 100 * count // most)}%"></i><b>{count}</b></div>'
        for name, count in counts.items()
    )
    return f'<section class="box"><h2>{title}</h2>{rows}</section>'


def _legend() -> str:
    keys = "".join(
        f'<span class="key" style="background:rgb{colour}"></span>{name.replace("_", " ")}'
        for name, colour in list(zip(CLASS_NAMES, CLASS_COLOURS, strict=True))[1:]
    )
    return (
        f'<p class="soft">Classes:{keys}. Labels: blue outline, orange text lines, green '
        "characters, grey page characters (red where no longer readable), violet seal-like marks.</p>"
    )


def _card(sample: DbSample) -> str:
    record = sample.record
    page = record["page"]
    size = " x ".join(f"{mm:.0f}" for mm in page["size_mm"])
    facts = [
        sample.split,
        f"{page['type']}, {page['source']['kind']}",
        f"{page['width']} x {page['height']} px, {page['dpi']:.0f} dpi, {size} mm",
        f"capture: {record['capture']['kind']}",
    ]
    shown = "".join(f'<span class="soft">{escape(fact)}</span>' for fact in facts)
    names = [name for name in _CAPTIONS if name != "forged" or sample.has("forged")]
    panels = "".join(_figure(sample.id, name, _CAPTIONS[name]) for name in names)
    return (
        f'<article id="s{sample.id}"><header><strong>{sample.id}</strong>{shown}</header>'
        f'<div class="strip">{panels}{_figure(sample.id, "synthetic", "labels", _svg(record))}</div>'
        f"{_table(record['seals'])}</article>"
    )


def _figure(sample: str, panel: str, caption: str, over: str = "") -> str:
    return (
        f'<figure><a class="pic" href="gallery/{sample}.{panel}.jpg">'
        f'<img loading="lazy" alt="{caption}" src="gallery/{sample}.{panel}.jpg">{over}</a>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _svg(record: dict[str, Any]) -> str:
    """Return every polygon of ``record`` as a drawing in the sample's own pixels."""
    # On whole pages the characters are too small to be told apart: lines stand for them.
    whole = record["mode"] == "page"
    shapes = [_polygon(line["polygon"], "p") for line in record["page"]["lines"] if whole]
    shapes += [
        _polygon(char["quad"], "p" if char["readable"] else "u")
        for line in record["page"]["lines"]
        for char in line["chars"]
        if not (whole and char["readable"])
    ]
    for seal in record["seals"]:
        shapes.append(_polygon(seal["outline"], "o"))
        if seal["bbox"] is not None:
            shapes.append(_rect(seal["bbox"], "b"))
        for text in seal["texts"]:
            shapes.append(_polygon(text["polygon"], "t"))
            shapes += [_polygon(char["quad"], "c") for char in text["chars"]]
    shapes += [_rect(mark["bbox"], "n") for mark in record["negatives"]]
    page = record["page"]
    return f'<svg viewBox="0 0 {page["width"]} {page["height"]}">{"".join(shapes)}</svg>'


def _polygon(points: Iterable[Sequence[float]], kind: str) -> str:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon class="{kind}" points="{joined}"/>'


def _rect(box: Sequence[float], kind: str) -> str:
    x0, y0, x1, y1 = box
    return f'<rect class="{kind}" x="{x0:g}" y="{y0:g}" width="{x1 - x0:g}" height="{y1 - y0:g}"/>'


def _table(seals: Sequence[dict[str, Any]]) -> str:
    if not seals:
        return '<p class="soft">no seal</p>'
    rows = []
    for seal in seals:
        colour = f"rgb{SEAL_COLOURS[seal['bit']]}"
        name = (
            f'<span class="key" style="background:{colour};margin-left:0"></span>'
            f"{escape(seal['type'])}, {seal['shape']} {seal['width_mm']:g} x "
            f"{seal['height_mm']:g} mm, {escape(seal['colour'])}, {seal['angle_deg']:.1f}°"
        )
        texts = " · ".join(
            f"{escape(text['text'])} <span class='soft'>{escape(text['role'])} "
            f"{100 * text['visible']:.0f} %</span>"
            for text in seal["texts"]
        )
        rows.append(f"<tr><td>{name}</td><td>{texts}</td></tr>")
    return (
        f"<table><tr><th>seal</th><th>texts, role, share visible</th></tr>{''.join(rows)}</table>"
    )
