"""``seal2real build`` and ``seal2real realise``: draw, realise, gate, write a Seal-DB."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seal2real.cli.synth import drawing_recipe, list_bad, synth
from seal2real.realise.run import METHODS, POLICIES, SCOPES, Realisation, RealisedFactory
from seal2real.sealdb.recipe import Recipe

if TYPE_CHECKING:
    from seal2real.realise.real import RealImages

__all__ = ["build", "realise"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_INTERRUPTED = 130
# Exit status when fewer than this share of the samples asked for passed the gate.
_TOO_FEW, _LEAST_KEPT = 3, 0.99
# Settings of the paper's Seal-DB (its section 3): 10 000 forged and 10 000 real images.
_PAPER = {"count": 10_000, "size": "512"}
_MOST_REAL = 10_000
_GALLERY_LEAST, _GALLERY_MOST = 24, 64
# Settings of the diffusion methods where the command line has none.
_DIFFUSION = {"base": "tiny", "strength": 0.3, "steps": 20}


def _realisation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how samples are realised."""
    options = [
        click.option("--method", default="forger", show_default=True, type=click.Choice(METHODS)),
        click.option(
            "--forger", type=click.Path(path_type=Path), help="ONNX file of a forger or GAN"
        ),
        click.option(
            "--prior", type=_FOLDER, help="prior of the diffusion methods (seal2real-train prior)"
        ),
        click.option(
            "--base", default=None, help="base of the prior: folder or hub id; tiny by default"
        ),
        click.option("--strength", type=float, help="diffusion: share of noise, 0..1 [0.3]"),
        click.option("--steps", type=int, help="diffusion: denoising steps [20]"),
        click.option(
            "--scope",
            default="support",
            show_default=True,
            type=click.Choice(SCOPES),
            help="support: seals are pasted back; crop: whole image, clean pair not exact",
        ),
        click.option(
            "--policy",
            default="drop",
            show_default=True,
            type=click.Choice(POLICIES),
            help="what becomes of samples that fail the gate four times: left out, or flagged",
        ),
        click.option("--ocr", is_flag=True, help="let the gate also read the seals (rapidocr)"),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_realisation_options
@click.option("--real", type=_FOLDER, help="real images, unlabelled: crops, or `crops` output")
@click.option("--real-count", type=int, help="images of the real part; one a file by default")
@click.option("--preset", type=click.Choice(["paper"]), help="paper: 10000 + up to 10000 real, 512")
@click.pass_context
def build(context: click.Context, out: Path, **given: Any) -> None:
    """Draw, realise, check and write COUNT samples into the Seal-DB folder OUT: the main job.

    Seals are drawn onto pages with every label known, a forger makes them look real without
    moving a label, and a gate checks that none moved. Runs on the CPU without torch. The same
    command resumes after any interruption and gives the same bytes for any number of workers. The
    last line says how many samples were requested, kept, redone and dropped; fewer than 99 % kept
    exits with 3.

    \b
    OUT/ as `seal2real synth` writes it, and
      shards/{id}.forged.jpg   the page after realisation; gate scores in {id}.json
      real/                    your real images, cut and encoded like the forged ones

    \b
    Example: 300 samples in the style of the shipped forger, with a real part, as COCO
      seal2real build out --count 300 --size 256 --workers 2 --real photos/
      seal2real verify out
      seal2real view out
      seal2real labels out --to coco out-coco
    Without a forger: --method traditional. With one of yours: --forger runs/mine/forger.onnx
    """
    most_real = _MOST_REAL if given["preset"] == "paper" else None
    _apply_preset(context, given)
    dry_run, workers, shard = (given.pop(name) for name in ("dry_run", "workers", "shard"))
    real_folder, real_count = given.pop("real"), given.pop("real_count")
    chosen = {name: given.pop(name) for name in _REALISATION}
    realisation, weights = _realisation("build", **chosen)
    recipe = replace(drawing_recipe(out, dry_run, **given), realisation=realisation.to_dict())
    images = None
    if real_folder is not None:
        recipe, images = _with_real(recipe, real_folder, real_count, most_real)
    elif real_count is not None:
        raise ValueError("build: --real-count must come with --real, got no --real; name a folder")
    if dry_run:
        resolved = {**recipe.locked(), "hash": recipe.hash(), "shards": recipe.shards}
        click.echo(json.dumps(resolved, ensure_ascii=False, indent=2))
        return
    _run(RealisedFactory(recipe, weights), out, workers, shard, images)


@click.command()
@click.argument("db", type=_FOLDER)
@click.argument("out", type=click.Path(path_type=Path))
@_realisation_options
@click.option("--workers", default=1, show_default=True, help="worker processes")
@click.option("--shard", default=None, help="i/n: make only this part, on one of n machines")
@click.option("--dry-run", is_flag=True, help="print the resolved recipe and make nothing")
def realise(
    db: Path, out: Path, workers: int, shard: str | None, dry_run: bool, **given: Any
) -> None:
    """Realise the samples of the Seal-DB folder DB into a new one, OUT.

    DB is not changed. Its samples are drawn again from its recipe, never taken from stored JPEG,
    so its pages, fonts and profile must still be there; ids, labels and shards stay the same. A
    real part of DB is left out: `seal2real build --real` makes one beside forged samples.

    \b
    Example: the same labels, drawn and forged
      seal2real synth drawn --count 300 --seed 1
      seal2real realise drawn forged --workers 2
    """
    from seal2real.cli.synth import changed_inputs
    from seal2real.sealdb.reader import SealDB
    from seal2real.sealdb.verify import recipe_of
    from seal2real.sealdb.versions import locked_versions, versions_hash

    if out.resolve().is_relative_to(db.resolve()):
        raise ValueError(f"realise: OUT must lie outside DB, got {out}; choose another folder")
    realisation, weights = _realisation("realise", **given)
    with SealDB(db) as held:
        info = held.info
    if info["recipe"].get("dependencies") != versions_hash(locked_versions()):
        raise ValueError(
            f"realise: DB must be drawn by the versions at hand, got {db} of others; "
            "install those in its dataset.json"
        )
    drawn = recipe_of(info)
    for name in changed_inputs(drawn):
        raise ValueError(
            f"realise: inputs of DB must be as they were, got another {name}, or none where its recipe "
            "names it; restore it, and call from the folder where DB was made"
        )
    if drawn.real is not None:
        click.echo("the real part of DB is left out; `seal2real build --real` makes one", err=True)
    told = replace(realisation, source=info["id"])
    recipe = replace(drawn, realisation=told.to_dict(), real=None)
    if dry_run:
        click.echo(json.dumps({**recipe.locked(), "hash": recipe.hash()}, ensure_ascii=False))
        return
    _run(RealisedFactory(recipe, weights, db), out, workers, shard, None)


_REALISATION = (
    "method", "forger", "prior", "base", "strength", "steps", "scope", "policy", "ocr",
)  # fmt: skip


def _realisation(
    command: str,
    *,
    method: str,
    forger: Path | None,
    prior: Path | None,
    base: str | None,
    strength: float | None,
    steps: int | None,
    scope: str,
    policy: str,
    ocr: bool,
) -> tuple[Realisation, Path | None]:
    """Return the realisation of the command line, and the file or folder of its network."""
    from seal2real.realise.methods import engine_versions, weights_sha256

    told = {"base": base, "strength": strength, "steps": steps}
    given = {name: value for name, value in told.items() if value is not None}
    settings = _diffusion_settings(command, method, given)
    weights = _weights(command, method, forger, prior)
    realisation = Realisation(
        method=method,
        weights=None if weights is None else weights_sha256(weights),
        scope=scope,
        policy=policy,
        ocr=ocr,
        engine=engine_versions(method),
        settings=settings,
    )
    return realisation, weights


def _diffusion_settings(command: str, method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the diffusion methods, none for the others.

    Raises:
        ValueError: if ``given`` holds what has no effect or is out of range.
    """
    if not method.startswith("diffusion-"):
        for name in given:
            raise ValueError(
                f"{command}: --{name} must come with a diffusion method, got {method}; drop it"
            )
        return {}
    settings = {**_DIFFUSION, **given}
    if not 0 < settings["strength"] <= 1 or settings["steps"] < 1:
        raise ValueError(
            f"{command}: --strength must be in (0, 1] and --steps at least 1, got "
            f"{settings['strength']} and {settings['steps']}; 0.3 and 20 are usual"
        )
    return settings


def _weights(command: str, method: str, forger: Path | None, prior: Path | None) -> Path | None:
    """Return the file or folder of the method's network.

    Raises:
        ValueError: if it is missing or no network, or one is given that the method has no use for.
    """
    from seal2real.realise.forger import default_prior, default_weights, open_session

    if method == "traditional":
        if forger is not None or prior is not None:
            raise ValueError(
                f"{command}: --forger and --prior must come with a method that uses them, got "
                "traditional; drop them"
            )
        return None
    diffuses = method.startswith("diffusion-")
    unused, given = ("--forger", forger) if diffuses else ("--prior", prior)
    if given is not None:
        raise ValueError(
            f"{command}: {unused} must come with a method that uses it, got {method}; drop it"
        )
    if method == "gan" and forger is None:
        raise ValueError(
            f"{command}: --forger must name the GAN for method gan, got none; `seal2real-train "
            "gan` writes weights/gan.onnx"
        )
    if diffuses:
        path, option, train = prior or default_prior(), "--prior", "seal2real-train prior"
    else:
        path, option = forger or default_weights(), "--forger"
        train = f"seal2real-train {method}; it writes weights/{method}.onnx"
    if not path.exists():
        raise ValueError(
            f"{command}: weights of method {method} must be there, got no {path}; train them "
            f"({train}) and name them with {option}, or use --method traditional"
        )
    if not diffuses:
        open_session(path)
    elif not (path / "prior.json").is_file():  # before all that the folder holds is hashed
        raise ValueError(
            f"{command}: --prior must be the weights folder of a prior, got {path} without prior.json; "
            "`seal2real-train prior` writes OUT/weights"
        )
    return path


def _apply_preset(context: click.Context, given: dict[str, Any]) -> None:
    """Fill in what ``--preset`` decides and the command line does not."""
    preset = given.pop("preset")
    if preset == "paper":
        source = click.core.ParameterSource.COMMANDLINE
        for name, value in _PAPER.items():
            if context.get_parameter_source(name) != source:
                given[name] = value
    if given["count"] is None:
        raise click.MissingParameter(ctx=context, param_type="option", param_hint="'--count'")
    if given["count"] < 1:
        raise ValueError(f"build: --count must be at least 1, got {given['count']}; ask for some")


def _with_real(
    recipe: Recipe, folder: Path, count: int | None, most: int | None
) -> tuple[Recipe, RealImages]:
    """Return the recipe with its real part, and the images; see ``RealImages.describe``."""
    from seal2real.realise.real import RealImages

    if recipe.pixels is None:
        raise ValueError(
            "build: --real must come with square crops, got --size page; give --size 512"
        )
    if count is not None and count < 1:
        raise ValueError(f"build: --real-count must be at least 1, got {count}; leave --real out")
    images = RealImages(folder)
    real = {"folder": str(folder), **images.describe(count, most)}
    return replace(recipe, real=real), images


def _run(
    factory: RealisedFactory, out: Path, workers: int, shard: str | None, images: RealImages | None
) -> None:
    """Make what is missing of the dataset and say what became of it."""
    from seal2real.sealdb.gallery import write_gallery
    from seal2real.sealdb.memory import collect_rarely, keep_memory
    from seal2real.sealdb.reader import read_info
    from seal2real.sealdb.runner import run_shards

    keep_memory()
    collect_rarely()
    recipe = factory.recipe
    factory.check()
    list_bad(factory.drawn.bad)
    try:
        report = run_shards(
            recipe,
            factory,
            out,
            workers=workers,
            shard=shard,
            sources=factory.drawn.describe(),
            before=None if images is None else lambda: _write_real(recipe, images, out),
        )
    except KeyboardInterrupt:
        click.echo("interrupted; the same command goes on where this one stopped", err=True)
        raise SystemExit(_INTERRUPTED) from None
    if not report.complete:
        click.echo(report.summary())
        return
    counts = read_info(out)["counts"]["realisation"]
    if counts["dropped"] < recipe.count:
        shown = min(_GALLERY_MOST, max(_GALLERY_LEAST, recipe.count // 10))
        write_gallery(out, shown, threads=workers)
    click.echo(report.summary())
    click.echo(
        f"requested {counts['requested']}, kept {counts['kept']}, redone {counts['redone']}, "
        f"flagged {counts['flagged']}, dropped {counts['dropped']}"
    )
    if counts["kept"] < _LEAST_KEPT * counts["requested"]:
        raise SystemExit(_TOO_FEW)


def _write_real(recipe: Recipe, images: RealImages, out: Path) -> None:
    from tqdm import tqdm

    from seal2real.sealdb.realpart import write_real_part

    assert recipe.real is not None
    with tqdm(total=recipe.real["count"], unit="image", desc="real", disable=None) as bar:
        write_real_part(out, images.items(recipe), recipe.shard_samples, bar.update)


def _drawing_parameters() -> list[click.Parameter]:
    """Return the parameters of ``synth``, with a count that a preset may give."""
    found = []
    for parameter in synth.params:
        if parameter.name == "count":
            parameter = copy.copy(parameter)
            parameter.required = False
        found.append(parameter)
    return found


# Everything that synth can draw, build can realise.
build.params[:0] = _drawing_parameters()
