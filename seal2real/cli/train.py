"""``seal2real-train``: train a base, a prior, a forger or the GAN baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from seal2real import __version__
from seal2real.cli.app import errors_as_lines
from seal2real.sealdb.errors import SealDbError
from seal2real.training.config import Config
from seal2real.training.configfile import to_toml
from seal2real.training.errors import CheckpointError, TrainingError
from seal2real.training.presets import PRESETS, resolve

__all__ = ["ErrorGroup", "main"]

# The caller's mistakes, the machine's refusals and runs that a guard stopped.
_EXPECTED = (ValueError, OSError, SealDbError, CheckpointError, TrainingError)
# Stages that cannot do without real images.
_NEED_REAL = {"prior", "forger", "gan"}
# Exit status of a command stopped by Ctrl-C, as shells have it.
_INTERRUPTED = 130


class ErrorGroup(click.Group):
    """A group whose expected errors are one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with errors_as_lines(*_EXPECTED):
            return super().invoke(ctx)


@click.group(cls=ErrorGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seal2real-train")
def main() -> None:
    """Learn from your own unlabelled images; the same command resumes.

    \b
    From a folder of real images to a forger (docs/training.md):
      seal2real crops scans/ crops/
      seal2real-train prior out-prior --real crops/
      seal2real-train forger out-forger --real crops/ --set forger.prior=out-prior/weights
    On several GPUs:
      torchrun --nproc_per_node 6 -m seal2real.cli.train prior out-prior --preset sd15-6gpu ...
    """


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Add what all commands share."""
    options = (
        click.argument("out", type=click.Path(path_type=Path)),
        click.option(
            "--preset", default="tiny", show_default=True, help=f"one of {', '.join(PRESETS)}"
        ),
        click.option("--config", default="", help="TOML file with settings of your own"),
        click.option("--set", "sets", multiple=True, help="a.b=c: one setting; may be repeated"),
        click.option("--real", default="", help="folder of real images; short for data.real"),
        click.option("--dry-run", is_flag=True, help="print the resolved settings and do nothing"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@main.command()
@_options
@click.option(
    "--only",
    type=click.Choice(["vae", "text_unet", "vgg"]),
    help="one of the two parts of a base, or the small VGG of the content loss",
)
def base(only: str | None, **given: Any) -> None:
    """Train a small base from nothing: autoencoder, then text encoder and UNet."""
    out: Path = given["out"]
    config = _resolve(given)
    # UNets that go on from a base keep its autoencoder, unless this run makes one.
    goes_on = only == "text_unet" and config.text_unet.start
    if not config.text_unet.vae and not goes_on:
        made = replace(config.text_unet, vae=str(out / "vae" / "weights"))
        config = replace(config, text_unet=made)
    parts = (only,) if only else ("vae", "text_unet")
    _run(parts, config, {part: out / part for part in parts}, given["dry_run"])


@main.command()
@_options
def prior(**given: Any) -> None:
    """Stage 1: learn a real and a fake prompt and fine-tune the UNet (eq. 1 and 2)."""
    _run(("prior",), _resolve(given), {"prior": given["out"]}, given["dry_run"])


@main.command()
@_options
def forger(**given: Any) -> None:
    """Stage 2: train the forger against the prior (eq. 3 to 6)."""
    _run(("forger",), _resolve(given), {"forger": given["out"]}, given["dry_run"])


@main.command()
@_options
def gan(**given: Any) -> None:
    """Train the baseline: unpaired translation by a GAN of the CUT family."""
    _run(("gan",), _resolve(given), {"gan": given["out"]}, given["dry_run"])


@main.command()
@_options
def segmenter(**given: Any) -> None:
    """Train the finder of seals that `seal2real crops` uses, on drawn pages."""
    _run(("segmenter",), _resolve(given), {"segmenter": given["out"]}, given["dry_run"])


def _resolve(given: dict[str, Any]) -> Config:
    """Return the configuration of the command line."""
    sets = given["sets"]
    config = resolve(given["preset"], given["config"], sets)
    if given["real"]:
        config = replace(config, data=replace(config.data, real=given["real"]))
    return config


def _run(parts: tuple[str, ...], config: Config, outs: dict[str, Path], dry_run: bool) -> None:
    """Run the stages ``parts`` one after the other."""
    if dry_run:
        click.echo(to_toml(config, ("loop", "data", *parts)), nl=False)
        return
    from seal2real.training.data.checks import real_folder

    if config.data.real or not _NEED_REAL.isdisjoint(parts):
        real_folder(config.data)  # before the seconds that it takes to import PyTorch
    loop = import_module("seal2real.training.loop")
    for part in parts:
        stage = import_module(f"seal2real.training.stages.{part}")
        result = loop.run_stage(stage.build_stage, config, outs[part], part)
        click.echo(result.summary())
        if not result.finished:
            raise SystemExit(_INTERRUPTED)


if __name__ == "__main__":
    main(prog_name="seal2real-train")
