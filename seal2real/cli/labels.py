"""``seal2real labels``: write the labels of a Seal-DB in another format."""

from __future__ import annotations

from pathlib import Path

import click

from seal2real.sealdb.exporters import FORMATS

__all__ = ["labels"]


@click.command()
@click.argument("db", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "to", required=True, type=click.Choice(list(FORMATS)), help="label format")
@click.argument("dest", type=click.Path(path_type=Path))
def labels(db: Path, to: str, dest: Path) -> None:
    """Write DB's images and labels to DEST in the format --to.

    \b
    Example:
      seal2real labels out --to coco out-coco
      seal2real labels out --to paddleocr-rec out-rec

    DEST must be new or empty; it appears under its name only when it is complete.
    """
    from seal2real.sealdb.exporters import export
    from seal2real.sealdb.reader import SealDB

    with SealDB(db) as database:
        written = export(database, to, dest)
    click.echo(f"{written} samples -> {dest}")
