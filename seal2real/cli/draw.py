"""``seal2real draw``: preview one seal as a PNG."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from seal2real.seals import SealSpec

__all__ = ["draw"]

# Stands for the dataset in the provenance of a preview, which belongs to none.
_PREVIEW = "preview"


@click.command()
@click.argument("spec")
@click.argument("png", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dpi", default=300.0, show_default=True, help="resolution of the preview")
@click.option("--seed", default=0, show_default=True, help="text, and wear of an inked preview")
@click.option("--inked/--plain", default=False, help="as pressed with ink, or the ideal shape")
@click.option("--json", "as_json", is_flag=True, help="print the specification, for editing")
def draw(spec: str, png: Path, dpi: float, seed: int, inked: bool, as_json: bool) -> None:
    """Draw the seal SPEC into the file PNG.

    SPEC is the name of a preset, or a JSON file with a seal specification (docs/data-format.md).

    \b
    Example:
      seal2real draw company company.png --seed 3 --inked
      seal2real draw company company.png --json > my-seal.json
      seal2real draw my-seal.json my-seal.png --dpi 600
    """
    from PIL import Image

    from seal2real.drawing import draw as draw_seal
    from seal2real.sealdb.files import atomic_write
    from seal2real.sealdb.provenance import ALGORITHMIC, Provenance, embed

    seal = _load(spec, seed)
    drawing = draw_seal(seal, dpi=dpi, seed=seed if inked else None)
    encoded = io.BytesIO()
    Image.fromarray(drawing.rgba).save(encoded, format="PNG", dpi=(dpi, dpi))
    atomic_write(png, embed(encoded.getvalue(), Provenance(_PREVIEW, ALGORITHMIC)))
    if as_json:
        click.echo(seal.to_json())
        return
    click.echo(f"{png}: {drawing.rgba.shape[1]}x{drawing.rgba.shape[0]} px at {dpi:g} dpi")


def _load(spec: str, seed: int) -> SealSpec:
    """Return the SealSpec of a preset name or a JSON file."""
    from seal2real.seals import SealSpec

    if spec.endswith(".json") or Path(spec).is_file():
        try:
            return SealSpec.from_json(Path(spec).read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"draw: {spec} must be UTF-8 text, got byte {error.start} that is not; "
                "save it as UTF-8"
            ) from None
    return SealSpec.preset(spec, seed=seed)
