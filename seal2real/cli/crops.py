"""``seal2real crops``: find the seals in scans and photographs and cut them out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

__all__ = ["crops"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
# Files named on the screen; a folder may hold thousands.
_MOST_LISTED = 20


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--size", default=256, show_default=True, help="least side of a crop, px")
@click.option("--margin", default=0.2, show_default=True, help="paper round a seal, in diameters")
@click.option("--min-score", default=0.5, show_default=True, help="leave out less sure finds, 0..1")
@click.option("--page-width-mm", type=float, help="width of every image [its dpi, else the seals]")
@click.option("--ignore", type=_FOLDER, help="masks of what to ignore: DIR/NAME.mask.png")
@click.option("--max-pixels", default=100_000_000, show_default=True, help="refuse larger images")
@click.option("--strict", is_flag=True, help="stop at the first bad image")
@click.option("--dry-run", is_flag=True, help="print settings and images, and write nothing")
def crops(
    folder: Path,
    out: Path,
    size: int,
    margin: float,
    min_score: float,
    page_width_mm: float | None,
    ignore: Path | None,
    max_pixels: int,
    strict: bool,
    dry_run: bool,
) -> None:
    """Find the seals in all images and PDFs of DIR and write crops round them to OUT.

    Pages of a PDF are rendered at 200 dpi. Scale comes from the file's resolution where it is
    credible, from --page-width-mm, or from the usual size of a seal (round: 40 mm). OUT must be new
    or empty; it appears under its name only when it is complete.

    \b
    OUT/
      crops/NAME-k.png         the seal with paper round it, as it was in the image
      crops/NAME-k.ignore.png  255 where --ignore said so
      crops.jsonl              a line a crop: px_per_mm, center, diameter_px, colour, score, …
      sheet.html, sheet.jpg    all crops at a glance, the least sure first
      settings.json            settings, unusable files, images without a seal

    \b
    Example: photographs with masks of what an app drew over them
      seal2real crops photos/ crops-out --ignore photo-masks/
      (open crops-out/sheet.html, tick what is no seal, save the list as crops-out/exclude.txt)
    """
    from seal2real.crops.cut import CropSettings, cut_crops, list_images

    settings = CropSettings(size, margin, min_score, page_width_mm, max_pixels)
    if dry_run:
        images, bad = list_images(folder, ignore, max_pixels, strict)
        planned = {**asdict(settings), "images": len(images), "bad": [b.to_dict() for b in bad]}
        click.echo(json.dumps(planned, ensure_ascii=False, indent=2))
        return
    report = cut_crops(folder, out, settings, ignore=ignore, strict=strict)
    for file in report.bad[:_MOST_LISTED]:
        click.echo(f"left out {file.file}: {file.reason}", err=True)
    if len(report.bad) > _MOST_LISTED:
        click.echo(f"{len(report.bad)} files left out; all in {out}/settings.json", err=True)
    click.echo(f"{report.summary()}; look at {out}/sheet.html")
