"""Nested state (dicts, lists, numbers, tensors) as JSON plus named tensors: no pickle."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["is_equal", "pack", "unpack", "unshare"]

# Marks a tensor's place in the JSON part, and containers that JSON lacks.
_TENSOR, _TUPLE, _PAIRS = "$tensor", "$tuple", "$pairs"


def pack(tree: Any, prefix: str, tensors: dict[str, Tensor]) -> Any:
    """Return ``tree`` as JSON and add its tensors to ``tensors`` under names below ``prefix``.

    Args:
        tree: dicts (with text or integer keys), lists, tuples, text, numbers, bools, None and
            tensors of any shape, type and device.
        prefix: beginning of the tensors' names.
        tensors: receives contiguous copies on the CPU (or the tensor itself where it is one).

    Raises:
        TypeError: for anything else, named by its place.
    """
    if isinstance(tree, Tensor):
        tensors[prefix] = tree.detach().cpu().contiguous()
        return {_TENSOR: prefix}
    if isinstance(tree, dict):
        return _pack_dict(tree, prefix, tensors)
    if isinstance(tree, list | tuple):
        items = [pack(item, f"{prefix}.{i}", tensors) for i, item in enumerate(tree)]
        return items if isinstance(tree, list) else {_TUPLE: items}
    if tree is None or isinstance(tree, str | bool | int | float):
        return tree
    raise TypeError(
        f"pack: {prefix} must be made of dicts, lists, numbers, text and tensors, got "
        f"{type(tree).__name__}; convert it first"
    )


def _pack_dict(tree: dict[Any, Any], prefix: str, tensors: dict[str, Tensor]) -> Any:
    packed = {key: pack(value, f"{prefix}.{key}", tensors) for key, value in tree.items()}
    if all(isinstance(key, str) and not key.startswith("$") for key in packed):
        return packed
    return {_PAIRS: [[key, value] for key, value in packed.items()]}


def unpack(
    packed: Any,
    tensors: dict[str, Tensor],
) -> Any:
    """Return the tree that :func:`pack` took apart; tensors are those of ``tensors``."""
    if isinstance(packed, list):
        return [unpack(item, tensors) for item in packed]
    if not isinstance(packed, dict):
        return packed
    if _TENSOR in packed:
        return tensors[packed[_TENSOR]]
    if _TUPLE in packed:
        return tuple(unpack(item, tensors) for item in packed[_TUPLE])
    if _PAIRS in packed:
        return {key: unpack(value, tensors) for key, value in packed[_PAIRS]}
    return {key: unpack(value, tensors) for key, value in packed.items()}


def unshare(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ``tensors`` with a copy where two of them share memory: safetensors refuses that."""
    seen: set[int] = set()
    own = {}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage().data_ptr()
        own[name] = tensor.clone() if storage in seen else tensor
        seen.add(storage)
    return own


def is_equal(a: Any, b: Any) -> bool:
    """Return whether two trees hold the same numbers and tensors, bit for bit."""
    left: dict[str, Tensor] = {}
    right: dict[str, Tensor] = {}
    if pack(a, "x", left) != pack(b, "x", right):
        return False
    return all(torch.equal(left[name], right[name]) for name in left)
