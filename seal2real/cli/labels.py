"""``seal2real labels``: write the labels of a Seal-DB in another format."""

from __future__ import annotations

from pathlib import Path

import click

from seal2real.sealdb.exporters import FORMATS, Export, Format, parse_options

__all__ = ["labels"]


def _describe(name: str, entry: Format) -> str:
    """Return a format's block of the help: summary, files and options."""
    lines = [f"{name}: {entry.summary}"]
    lines += [f"    {line}" for line in entry.layout.splitlines()]
    for key, option in entry.options.items():
        choices = f" [{'|'.join(option.choices)}]" if option.choices else ""
        lines.append(f"    --set {key}={option.default}{choices}  {option.help}")
    return "\b\n" + "\n".join(lines)


_EPILOG = "Formats:\n\n" + "\n\n".join(_describe(name, entry) for name, entry in FORMATS.items())


@click.command(epilog=_EPILOG)
@click.argument("db", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "to", required=True, type=click.Choice(list(FORMATS)), help="label format")
@click.option(
    "--split", "splits", multiple=True, help="write only this split; repeat for more [all]"
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="option of the format")
@click.option("--dry-run", is_flag=True, help="print what would be written, and write nothing")
@click.argument("dest", type=click.Path(path_type=Path))
def labels(
    db: Path,
    to: str,
    splits: tuple[str, ...],
    settings: tuple[str, ...],
    dry_run: bool,
    dest: Path,
) -> None:
    """Write DB's images and labels to DEST in the format --to.

    \b
    Example:
      seal2real labels out --to coco out-coco
      seal2real labels out --to paddleocr-rec out-rec --set lines=all

    DEST must be new or empty; it appears under its name only when it is complete.
    """
    from seal2real.sealdb.exporters import export
    from seal2real.sealdb.reader import SealDB

    options = parse_options(to, _settings(settings))
    database = SealDB(db)
    if dry_run:
        counts = ", ".join(f"{split} {count}" for split, count in database.splits.items())
        click.echo(f"{db} ({counts}) -> {to} in {dest}")
        for key, value in options.items():
            click.echo(f"  {key} = {value}")
        return
    report = export(database, to, dest, splits=splits or None, **options)
    click.echo(_summary(report))


def _settings(settings: tuple[str, ...]) -> dict[str, str]:
    """Return KEY=VALUE pairs as a dict."""
    pairs = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(
                f"labels: --set must be KEY=VALUE, got {setting!r}; see seal2real labels --help"
            )
        pairs[key.strip().replace("-", "_")] = value.strip()
    return pairs


def _summary(report: Export) -> str:
    counts = ", ".join(f"{split} {count}" for split, count in report.samples.items())
    lines = [f"{report.dest}: {report.to}, {report.items} labels on {counts} samples"]
    lines += [f"  left out: {count} x {reason}" for reason, count in report.skipped.items()]
    return "\n".join(lines)
