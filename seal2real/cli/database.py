"""Commands on a finished Seal-DB: verify, view, stats, info, provenance."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

__all__ = ["info", "provenance", "stats", "verify", "view"]

_DB = click.argument("db", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.command()
@_DB
def verify(db: Path) -> None:
    """Re-hash, re-decode and cross-check every record of DB.

    Prints what is wrong, naming file, member and byte, and exits with 1 when anything is.
    """
    from seal2real.sealdb.verify import verify as verify_db

    report = verify_db(db)
    for problem in report.problems:
        click.echo(str(problem), err=True)
    click.echo(report.summary())
    sys.exit(0 if report.ok else 1)


@click.command()
@_DB
@click.option("--count", default=64, show_default=True, help="samples to show")
def view(db: Path, count: int) -> None:
    """Write the gallery DB/index.html and print its path."""
    from seal2real.sealdb.gallery import write_gallery

    click.echo(write_gallery(db, count=count))


@click.command()
@_DB
def stats(db: Path) -> None:
    """Print counts by split, type, shape and colour, and size and text statistics, as JSON."""
    from seal2real.sealdb.stats import stats as db_stats

    click.echo(json.dumps(db_stats(db), ensure_ascii=False, indent=2))


@click.command()
@_DB
def info(db: Path) -> None:
    """Print what DB is: recipe, versions, counts and provenance, as JSON."""
    from seal2real.sealdb.stats import info as db_info

    click.echo(json.dumps(db_info(db), ensure_ascii=False, indent=2))


@click.command()
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--db",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="the Seal-DB whose work is to be recognised",
)
def provenance(image: Path, db: Path) -> None:
    """Say whether IMAGE was made for DB; exits with 1 when not.

    Re-encoded, scaled, grey or turned by quarters it is still recognised; cropped, mirrored or
    turned by another angle it is not.
    """
    from seal2real.sealdb.provenance import recognise

    match = recognise(image, db)
    click.echo(json.dumps(match.to_dict(), ensure_ascii=False, indent=2))
    sys.exit(0 if match.found else 1)
