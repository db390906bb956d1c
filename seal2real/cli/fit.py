"""``seal2real fit``: measure a folder of real images into a profile."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["fit"]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("profile", type=click.Path(dir_okay=False, path_type=Path))
def fit(folder: Path, profile: Path) -> None:
    """Fit ink, paper, light, blur, noise and JPEG strength of the images in FOLDER.

    The result is written to PROFILE, a TOML file to read and edit; pass it to
    `seal2real synth --profile PROFILE`.
    """
    from seal2real.synthesis.profile import fit_profile

    if not profile.parent.is_dir():
        raise ValueError(
            f"fit: PROFILE must lie in an existing folder, got {profile}; "
            f"make {profile.parent} first"
        )
    _refuse_others(profile)
    fitted = fit_profile(folder)
    fitted.save(profile)
    click.echo(f"{profile}: fitted to {fitted.image_count} images of {folder}")


def _refuse_others(profile: Path) -> None:
    """Refuse to replace a file that no earlier fit wrote."""
    from seal2real.synthesis.profile import Profile

    if profile.suffix.lower() != ".toml":
        raise ValueError(
            f"fit: PROFILE must be a file name that ends in .toml, got {profile}; give it that name"
        )
    if not profile.exists():
        return
    try:
        Profile.load(profile)
    except ValueError:
        raise ValueError(
            f"fit: PROFILE must be new or a profile of this version, got the file {profile}; give "
            "another name"
        ) from None
