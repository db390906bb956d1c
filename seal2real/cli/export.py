"""``seal2real-export``: networks to ONNX, and the check that they compute the same."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from seal2real import __version__
from seal2real.cli.train import ErrorGroup

__all__ = ["main"]

_WEIGHTS = click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group(cls=ErrorGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seal2real-export")
def main() -> None:
    """Turn trained networks into files that run without torch.

    \b
    A forger of your own, into `seal2real build`:
      seal2real-train forger run --real crops/
      seal2real-export onnx run/weights/forger.safetensors forger.onnx
      seal2real build out --count 1000 --forger forger.onnx
    """


@main.command()
@_WEIGHTS
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def onnx(weights: Path, out: Path) -> None:
    """Write the forger in WEIGHTS (safetensors; a GAN's too) as the ONNX file OUT.

    Prints how far the file is from PyTorch; a file that computes something else is an error.
    """
    from seal2real.export.onnx import export_forger
    from seal2real.models.build import load_forger

    if out.suffix.lower() != ".onnx":
        raise ValueError(
            f"onnx: OUT must be a file name that ends in .onnx, got {out}; no other file is replaced"
        )
    click.echo(export_forger(load_forger(weights), out).summary())


@main.command()
@_WEIGHTS
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(weights: Path, file: Path) -> None:
    """Compare the ONNX file FILE with the forger in WEIGHTS; exits with 1 when they differ."""
    from seal2real.export.onnx import check_forger
    from seal2real.models.build import load_forger

    parity = check_forger(load_forger(weights), file)
    click.echo(parity.summary())
    sys.exit(0 if parity.ok else 1)


if __name__ == "__main__":
    main()
