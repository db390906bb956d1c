"""``seal2real synth``: draw seals onto pages and write a Seal-DB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seal2real.sealdb.files import atomic_write
from seal2real.sealdb.prepare import prepare_workers
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.options import ANY_ANGLE, CAPTURES, LANGUAGES, PLACEMENT_RULES

if TYPE_CHECKING:
    from seal2real.pages.files import BadFile

__all__ = ["changed_inputs", "drawing_recipe", "list_bad", "synth"]

# Samples in the gallery.
_GALLERY_LEAST, _GALLERY_MOST = 24, 64
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
# Exit status of a command stopped by Ctrl-C, as shells have it.
_INTERRUPTED = 130
# Bad files named on the screen; a folder may hold thousands.
_MOST_LISTED = 20


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--count", required=True, type=int, help="number of samples")
@click.option("--seed", default=0, show_default=True, help="same seed, same bytes")
@click.option(
    "--pages",
    multiple=True,
    default=("procedural",),
    show_default=True,
    help='"procedural", a folder of scans or photos, or a PDF; may be repeated',
)
@click.option("--presets", default="", help="comma-separated seal types; all by default")
@click.option("--size", default="512", show_default=True, help="side of square crops, or page")
@click.option("--image-format", default="jpg", show_default=True, help="jpg or png")
@click.option("--quality", default=90, show_default=True, help="JPEG quality, 1..100")
@click.option("--workers", default=1, show_default=True, help="worker processes")
@click.option("--shard", default=None, help="i/n: make only this part, on one of n machines")
@click.option("--shard-samples", default=0, help="samples in a shard; 0 chooses")
@click.option("--split", default="0.8,0.1,0.1", show_default=True, help="train,val,test shares")
@click.option("--dpi", default=200.0, show_default=True, help="resolution of drawn and PDF pages")
@click.option(
    "--page-width-mm",
    default=210.0,
    show_default=True,
    help="width of images without a credible resolution",
)
@click.option("--max-pixels", default=100_000_000, show_default=True, help="refuse larger images")
@click.option("--strict", is_flag=True, help="stop at the first bad input file")
@click.option(
    "--layout",
    type=_FILE,
    help="JSONL: page, spec (preset, .json file or object), x_mm, y_mm, angle of every seal",
)
@click.option("--templates", type=_FOLDER, help="press these seal cut-outs instead of drawn seals")
@click.option("--template-width-mm", type=float, help="width of the cut-outs")
@click.option("--corpus", type=_FILE, help="seal texts: a line an owner, or a TSV")
@click.option("--fonts", multiple=True, help="fonts of drawn seals: name, file or folder")
@click.option("--profile", type=_FILE, help="ink and capture fitted by `seal2real fit`")
@click.option("--fit-from", type=_FOLDER, help="fit a profile to these images first")
@click.option("--capture", default="auto", show_default=True, type=click.Choice(CAPTURES))
@click.option("--language", default="both", show_default=True, type=click.Choice(LANGUAGES))
@click.option("--seal-free", default=0.06, show_default=True, help="share of pages without seal")
@click.option("--cross-page", default=0.04, show_default=True, help="share of cross-page blocks")
@click.option(
    "--any-angle", default=ANY_ANGLE, show_default=True, help="share pressed any way round"
)
@click.option("--rules", default="", help=f"what places seals, of {','.join(PLACEMENT_RULES)}; all")
@click.option("--page-reuse", default=1, show_default=True, help="samples that share a page")
@click.option("--split-pages", is_flag=True, help="no page file in two splits")
@click.option(
    "--visible-mark", is_flag=True, help="print a visible mark; trainers refuse such sets"
)
@click.option("--dry-run", is_flag=True, help="print the resolved recipe and draw nothing")
def synth(out: Path, dry_run: bool, workers: int, shard: str | None, **given: Any) -> None:
    """Draw COUNT labelled samples into the Seal-DB folder OUT.

    The same command resumes after any interruption, and gives the same bytes for any number of
    workers.

    \b
    OUT/
      dataset.json       recipe, versions, counts, provenance
      index.parquet      a row a sample
      shards/            {train,val,test}-000000.tar, WebDataset:
        {id}.synthetic.jpg   the page with its seals
        {id}.clean.jpg       the same page without
        {id}.mask.png        bit k: ink of seal k
        {id}.shape.png       bit k: ideal shape of seal k
        {id}.classes.png     ring, ring text, emblem, centre text, code, line
        {id}.json            every label, see docs/data-format.md
      checksums.sha256   index.html (gallery)

    \b
    Example: 1000 crops on your own scans, then COCO labels
      seal2real synth out --count 1000 --pages scans/ --workers 4
      seal2real labels out --to coco out-coco
    """
    if workers > 1 and not dry_run:
        prepare_workers()
    recipe = drawing_recipe(out, dry_run, **given)
    if dry_run:
        resolved = {**recipe.locked(), "hash": recipe.hash(), "shards": recipe.shards}
        click.echo(json.dumps(resolved, ensure_ascii=False, indent=2))
        return
    from seal2real.sealdb.gallery import write_gallery
    from seal2real.sealdb.memory import collect_rarely, keep_memory
    from seal2real.sealdb.runner import run_shards
    from seal2real.synthesis.generate import SampleFactory

    keep_memory()
    collect_rarely()
    factory = SampleFactory(recipe)
    factory.check()
    list_bad(factory.bad)
    try:
        report = run_shards(
            recipe, factory, out, workers=workers, shard=shard, sources=factory.describe()
        )
    except KeyboardInterrupt:
        click.echo("interrupted; the same command goes on where this one stopped", err=True)
        raise SystemExit(_INTERRUPTED) from None
    if report.complete:
        # A tenth of the dataset: a page costs as much to show as to draw (50 and 75 ms).
        shown = min(_GALLERY_MOST, max(_GALLERY_LEAST, recipe.count // 10))
        write_gallery(out, shown, threads=workers)
    click.echo(report.summary())


def list_bad(bad: Sequence[BadFile]) -> None:
    """Say which files cannot be used; all of them are in dataset.json."""
    for file in bad[:_MOST_LISTED]:
        click.echo(f"left out {file.file}: {file.reason}", err=True)
    if bad:
        click.echo(f"{len(bad)} files left out; all are listed in dataset.json", err=True)


def drawing_recipe(out: Path, dry_run: bool, **given: Any) -> Recipe:
    """Return the recipe of the command line; fits a profile first where asked to."""
    options = {
        key: given.pop(key)
        for key in (
            "capture",
            "language",
            "seal_free",
            "cross_page",
            "any_angle",
            "rules",
            "page_reuse",
            "split_pages",
            "fonts",
            "template_width_mm",
        )
    }
    fit_from, profile = given.pop("fit_from"), given.pop("profile")
    if fit_from is not None:
        if profile is not None:
            raise ValueError(
                "--fit-from and --profile must not be given together, got both; drop one"
            )
        if out.name in ("", ".."):
            out = out.resolve()
        profile = out.with_name(out.name + "-profile.toml")
        if not dry_run:
            _fit(fit_from, profile)
    _check_together(given, options)
    presets = tuple(_words(given.pop("presets")))
    names = ("layout", "templates", "corpus")
    paths = {"profile": profile, **{name: given.pop(name) for name in names}}
    named = {name: None if path is None else str(path) for name, path in paths.items()}
    fields: dict[str, Any] = {**given, **named, "presets": presets, "options": options}
    options["fonts"] = list(options["fonts"])  # as JSON will give it back
    options["rules"] = _words(options["rules"])
    fonts = {f"font {name}": name for name in options["fonts"]}
    specs = _layout_specs(paths["layout"])
    return Recipe(**fields, inputs=_input_hashes({**paths, **fonts, **specs}))


def _layout_specs(layout: Path | None) -> dict[str, Path]:
    """Return the spec files that a layout file names, by how the recipe calls them."""
    if layout is None:
        return {}
    from seal2real.synthesis.layout_file import parse_layout

    files = {entry.file for entry in parse_layout(layout) if entry.file is not None}
    return {f"layout spec {file}": file for file in sorted(files)}


def _check_together(given: dict[str, Any], options: dict[str, Any]) -> None:
    """Refuse options that would have no effect beside others."""
    idle = {
        "--template-width-mm without --templates": given["templates"] is None
        and options["template_width_mm"] is not None,
        "--presets with --templates": given["templates"] is not None and given["presets"],
        "--layout with --templates": given["templates"] is not None and given["layout"],
        "--presets with --layout": given["layout"] is not None and given["presets"],
        "--rules with --layout": given["layout"] is not None and options["rules"],
    }
    for what, is_idle in idle.items():
        if is_idle:
            raise ValueError(
                f"synth: every option must have an effect, got {what}; drop one of them"
            )


def _words(listed: str) -> list[str]:
    """Return the words of a list with commas."""
    return [name.strip() for name in listed.split(",") if name.strip()]


def _fit(folder: Path, profile: Path) -> None:
    """Fit ``profile`` to ``folder``, unless it already is; its first line says to which bytes."""
    from seal2real.synthesis.profile import fit_profile

    made = b"# fitted to "
    mark = made + _input_hashes({"folder": folder})["folder"].encode() + b"\n"
    there = profile.read_bytes() if profile.exists() else made
    if there.startswith(mark):
        return
    if not there.startswith(made):
        raise ValueError(
            f"--fit-from must find {profile} absent or fitted by itself, got a file of another "
            "origin; move it away, or use it with --profile"
        )
    atomic_write(profile, mark + fit_profile(folder).to_toml().encode())


def changed_inputs(recipe: Recipe) -> list[str]:
    """Return the names of the recipe's input files that are gone or hold other bytes."""
    paths: dict[str, Any] = {
        name: getattr(recipe, name) for name in ("profile", "layout", "templates", "corpus")
    }
    paths |= {f"font {name}": name for name in recipe.options.get("fonts", ())}
    paths |= _layout_specs(None if recipe.layout is None else Path(recipe.layout))
    held = _input_hashes(paths)
    return [name for name, digest in recipe.inputs.items() if held.get(name) != digest]


def _input_hashes(paths: dict[str, Any]) -> dict[str, str]:
    """Return sha256 of every named file, and of every file of a named folder together."""
    hashes = {}
    for name, value in paths.items():
        path = Path(str(value)) if value is not None else None
        if path is None or not path.exists():
            continue
        files = [path] if path.is_file() else sorted(f for f in path.iterdir() if f.is_file())
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.name.encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        hashes[name] = digest.hexdigest()
    return hashes
