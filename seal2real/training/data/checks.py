"""What may not be learnt from, and the hash that says which images a run learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from seal2real.pages.files import relative_name
from seal2real.sealdb.dataset import DATASET, read_info
from seal2real.sealdb.provenance import maker
from seal2real.training.config import DataConfig
from seal2real.training.data.real_files import RealImage

__all__ = [
    "check_real",
    "file_hashes",
    "images_hash",
    "real_folder",
    "refuse_made",
    "refuse_marked",
]

# Folders above the one named that may hold its dataset.json: DB/real/shards is three deep.
_LEVELS = 3


def real_folder(data: DataConfig) -> Path:
    """Return the folder of real images that ``data`` names.

    Raises:
        ValueError: if it names none.
        FileNotFoundError: if there is no such folder.
    """
    if not data.real:
        raise ValueError(
            "real_folder: data.real must name a folder of real images, got none; give --real DIR"
        )
    folder = Path(data.real)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"real_folder: data.real must be an existing folder, got {folder}; check the path"
        )
    return folder


def check_real(folder: Path | str, images: Sequence[RealImage]) -> None:
    """Refuse real images that no trainer may see; see :func:`refuse_marked`, :func:`refuse_made`.

    Raises:
        ValueError: if there is one.
    """
    refuse_marked(folder)
    refuse_made(image.path for image in images)


def refuse_marked(folder: Path | str) -> None:
    """Refuse a Seal-DB, or a folder inside one, whose images carry the visible mark.

    A network would learn the mark as what tells drawn from real.

    Raises:
        ValueError: if the recipe in dataset.json says so.
        DamagedError: if dataset.json cannot be read.
    """
    folder = Path(folder).resolve()
    for place in (folder, *folder.parents[:_LEVELS]):
        if not (place / DATASET).is_file():
            continue
        if read_info(place)["recipe"].get("visible_mark"):
            raise ValueError(
                f"refuse_marked: a trainer's images must not carry the visible mark, got {place} "
                "made with --visible-mark; make the dataset again without it"
            )


def refuse_made(paths: Iterable[Path]) -> None:
    """Refuse images whose metadata say that a program made them: they are no real ones.

    Raises:
        ValueError: with their number and the first of them.
    """
    made = [(path, found) for path in paths if (found := maker(path.read_bytes()))]
    if made:
        path, program = made[0]
        raise ValueError(
            f"refuse_made: real images must be photographs or scans, got {len(made)} made by a "
            f"program, the first {path} by {program}; take them out of the folder"
        )


def file_hashes(data: DataConfig) -> dict[str, str]:
    """Return what drawn images rest on besides settings: "profile", "groups", "pages" -> sha256.

    Pages count by their names and sizes: a folder of scans takes minutes to read.
    """
    hashes = {
        name: hashlib.sha256(Path(path).read_bytes()).hexdigest()
        for name, path in (("profile", data.profile), ("groups", data.groups))
        if path
    }
    listed = [line for source in data.pages for line in _listing(Path(source))]
    if listed:
        hashes["pages"] = hashlib.sha256("\n".join(listed).encode()).hexdigest()
    return hashes


def _listing(source: Path) -> list[str]:
    """Return name and size of a file, or of every file below a folder; nothing for other sources."""
    if source.is_file():
        return [f"{source.name} {source.stat().st_size}"]
    files = sorted(path for path in source.rglob("*") if path.is_file())
    return [f"{relative_name(path, source)} {path.stat().st_size}" for path in files]


def images_hash(images: Iterable[RealImage]) -> str:
    """Return the sha256 over the bytes of the image files and their ignore masks, as hexadecimal.

    Names and folders do not count: moved images are the same images.
    """
    digests = sorted(_file_hash(image) for image in images)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _file_hash(image: RealImage) -> bytes:
    digest = hashlib.sha256(image.path.read_bytes())
    if image.ignore_path.is_file():
        digest.update(image.ignore_path.read_bytes())
    return digest.digest()
