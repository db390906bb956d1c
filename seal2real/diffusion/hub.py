"""Bases from the Hugging Face hub, with errors that say what to do without a network."""

from __future__ import annotations

from pathlib import Path

from seal2real.diffusion.layout import PARTS, damage, missing_files, weight_file

__all__ = ["download_base"]

_SMALL_FILES = ["model_index.json", "*/config.json", "scheduler/*.json", "tokenizer/*"]
_VARIANTS = ("", ".fp16")


def download_base(name: str, *, local_files_only: bool = False) -> Path:
    """Return the local folder of hub repository ``name``, downloading what is not there yet.

    Only what a base needs is fetched; weights in full precision, or in half if there are no others.
    A download that broke off goes on where it stopped.

    Args:
        name: "owner/name".
        local_files_only: never ask the network.

    Raises:
        OSError: if files are not at hand and cannot be fetched; it names each file and where to
            put it.
        ValueError: if there is no such repository, or it may not be read.
    """
    folder = _fetch(name, "", local_files_only)
    if _lacks_weights(folder):
        folder = _fetch(name, ".fp16", local_files_only)
    lacking = missing_files(folder)
    if lacking and not _only_wrong(lacking):
        raise _unreachable(name, lacking, "the download broke off, or nothing was fetched before")
    _forget_damaged(folder)
    return folder


def _fetch(name: str, variant: str, local_files_only: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
    )

    weights = [f"{part}/{stem}{variant}.safetensors" for part, stem in PARTS.items()]
    try:
        return Path(
            snapshot_download(
                name, allow_patterns=[*_SMALL_FILES, *weights], local_files_only=local_files_only
            )
        )
    except HFValidationError as error:
        raise ValueError(
            f"load_base: name must be a folder or a hub id such as owner/name, got {name!r}; "
            "check the path"
        ) from error
    except GatedRepoError as error:
        raise ValueError(
            f"load_base: {name} must be open to you, got a gated repository; accept its terms on "
            "the hub and log in with `hf auth login`"
        ) from error
    except RepositoryNotFoundError as error:
        raise ValueError(
            f"load_base: name must be a folder or a hub repository, got {name!r}, which is neither "
            "(or private); check its spelling"
        ) from error
    except Exception as error:  # the client lets errors of its HTTP library through, of many kinds
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise _unreachable(name, _wanted(), reason) from error


def _wanted() -> list[str]:
    files = [f"{part}/config.json" for part in PARTS]
    files += [f"{part}/{stem}.safetensors" for part, stem in PARTS.items()]
    return [
        *files,
        "scheduler/scheduler_config.json",
        "tokenizer/tokenizer_config.json",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
    ]


def _unreachable(name: str, files: list[str], reason: str) -> OSError:
    return OSError(
        f"load_base: {name} must be on this machine or within reach of the network, got neither "
        f"whole ({reason}); run the command again to go on with the download, or put "
        f"{', '.join(files)} from https://huggingface.co/{name}/tree/main into a folder of the "
        "same layout and give that folder as base"
    )


def _lacks_weights(folder: Path) -> bool:
    return any(weight_file(folder, part) is None for part in PARTS)


def _only_wrong(lacking: list[str]) -> bool:
    """Whether the repository is of another kind (nothing of a base in it) rather than cut short."""
    return len(lacking) >= 2 * len(PARTS)


def _forget_damaged(folder: Path) -> None:
    """Remove weight files that were cut short, so that the next run fetches them again.

    Raises:
        OSError: if there was one.
    """
    damaged = []
    for part in PARTS:
        path = weight_file(folder, part)
        if path is not None and damage(path):
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            damaged.append(f"{part}/{path.name}")
    if damaged:
        raise OSError(
            f"load_base: {', '.join(damaged)} must be whole, got files cut short in {folder}; they "
            "were removed: run the command again to download them"
        )
