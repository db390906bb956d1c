"""The command group: lazy subcommands, and errors as one clear line with exit code 2."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from seal2real import __version__
from seal2real.sealdb.errors import SealDbError

__all__ = ["Refusal", "error_message", "errors_as_lines", "main", "show_warning"]

# Command -> module of seal2real.cli that holds it; imported on first use, so that --help is quick.
_COMMANDS = {
    "build": "build",
    "synth": "synth",
    "realise": "build",
    "draw": "draw",
    "fit": "fit",
    "crops": "crops",
    "verify": "database",
    "view": "database",
    "labels": "labels",
    "stats": "database",
    "info": "database",
    "provenance": "database",
}
# The caller's mistakes and the machine's refusals; everything else is our bug and keeps its trace.
_EXPECTED = (ValueError, OSError, SealDbError)


class Refusal(click.ClickException):
    """Bad input or a machine that refuses."""

    exit_code = 2


class _LazyGroup(click.Group):
    """A group that imports a subcommand when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"seal2real.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        with errors_as_lines(*_EXPECTED):
            return super().invoke(ctx)


@contextmanager
def errors_as_lines(*expected: type[Exception]) -> Iterator[None]:
    """Turn errors of these types into one line and exit code 2, and warnings into a line each.

    So does a package that is not installed: the caller's to mend, like a wrong argument.
    """
    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        try:
            yield
        except expected as error:
            raise Refusal(error_message(error)) from error
        except ImportError as error:
            if (message := _missing_package(error)) is None:
                raise
            raise Refusal(message) from error


def _missing_package(error: ImportError) -> str | None:
    """Return a line about a package that is not installed; None for a mistake of our own."""
    if error.name is None:  # raised by this package, with its remedy
        return str(error)
    package = error.name.partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or package == "seal2real":
        return None
    return (
        f"seal2real: the package {package} must be installed for this, got none; "
        'pip install "seal2real[train]"'
    )


def show_warning(message: Warning | str, *_where: Any, **_how: Any) -> None:
    """Print a warning as a line for a person, without the line of code that gave it."""
    click.echo(f"Warning: {message}", err=True)


def error_message(error: Exception) -> str:
    """Return one line for a person: no error numbers, and the file that the system named."""
    if isinstance(error, OSError) and error.strerror is not None:
        if error.filename is not None:
            return f"{error.filename}: {error.strerror}; check the path"
        return error.strerror
    return str(error)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seal2real")
def main() -> None:
    """Make labelled seal data for document AI.

    \b
    A first data set:
      seal2real build out --count 100 --seed 1
      seal2real verify out
      seal2real view out
      seal2real labels out --to coco out-coco
    """
