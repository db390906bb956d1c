"""Nested state (dicts, lists, numbers, tensors) as JSON plus named tensors: no pickle."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["is_equal", "pack", "unpack", "unshare"]

# Marks a tensor's place in the JSON part, and containers that JSON lacks.
_TENSOR, _TUPLE, _PAIRS = "$tensor", "$tuple", "$pairs"
# Beside a tensor's place: it is stored as [B, H, W, C], the order it has in memory.
_CHANNELS_LAST = "$channels_last"


def pack(tree: Any, prefix: str, tensors: dict[str, Tensor]) -> Any:
    """Return ``tree`` as JSON and add its tensors to ``tensors`` under names below ``prefix``.

    Args:
        tree: dicts (with text or integer keys), lists, tuples, text, numbers, bools, None and
            tensors of any shape, type and device.
        prefix: beginning of the tensors' names.
        tensors: receives contiguous tensors on the CPU. What is there already is not copied,
            channels_last or not: the state of a Stable Diffusion UNet under Adam is 10 GB.

    Raises:
        TypeError: for anything else, named by its place.
    """
    if isinstance(tree, Tensor):
        here = tree.detach().cpu()
        if here.dim() == 4 and not here.is_contiguous():
            tensors[prefix] = here.permute(0, 2, 3, 1).contiguous()
            return {_TENSOR: prefix, _CHANNELS_LAST: True}
        tensors[prefix] = here.contiguous()
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
        tensor = tensors[packed[_TENSOR]]
        return tensor.permute(0, 3, 1, 2) if _CHANNELS_LAST in packed else tensor
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
    """Return whether two trees hold the same numbers and tensors, bit for bit.

    In which order a tensor lies in memory does not count.
    """
    left: dict[str, Tensor] = {}
    right: dict[str, Tensor] = {}
    one, two = pack(a, "x", left), pack(b, "x", right)
    if _plain(one) != _plain(two):
        return False
    sides = zip(_tensors(one, left), _tensors(two, right), strict=True)
    return all(torch.equal(x, y) for x, y in sides)


def _plain(packed: Any) -> Any:
    """Return ``packed`` without the orders of its tensors."""
    if isinstance(packed, list):
        return [_plain(item) for item in packed]
    if isinstance(packed, dict):
        return {key: _plain(value) for key, value in packed.items() if key != _CHANNELS_LAST}
    return packed


def _tensors(packed: Any, tensors: dict[str, Tensor]) -> list[Tensor]:
    """Return all tensors of a packed tree, in its order."""
    if isinstance(packed, list):
        return [tensor for item in packed for tensor in _tensors(item, tensors)]
    if not isinstance(packed, dict):
        return []
    if _TENSOR in packed:
        return [unpack(packed, tensors)]
    return [tensor for value in packed.values() for tensor in _tensors(value, tensors)]
