"""Opening files of weights, so that a damaged one is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

__all__ = ["opened_weights"]


@contextmanager
def opened_weights(path: Path | str, function: str) -> Iterator[Any]:
    """Open a safetensors file for PyTorch.

    Args:
        path: of the file, which is there.
        function: that the caller knows, for the message.

    Raises:
        ValueError: if it is cut short or no such file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(
            f"{function}: {path} must be a whole safetensors file, got {error}; "
            "copy it again from where it was trained"
        ) from error
