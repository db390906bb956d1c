"""Checkpoint files: what they hold comes back bit for bit, and what is none is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.torch import load_file, save_file  # noqa: E402

from seal2real.training.checkpoint import (  # noqa: E402
    Checkpoint,
    check_identity,
    checkpoint_files,
    load_checkpoint,
    save_checkpoint,
)
from seal2real.training.errors import CheckpointError  # noqa: E402
from seal2real.training.tree import is_equal, pack  # noqa: E402


def state() -> dict[str, Any]:
    """A tree with everything that optimizers and stages hold, and awkward numbers."""
    net = torch.nn.Linear(3, 2)
    adam = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    adam.step()
    shared = torch.arange(6.0)
    return {
        "modules": {"net": dict(net.state_dict())},
        "optimizers": {"adam": adam.state_dict()},
        "half": torch.tensor([1.5, -0.0, float("nan"), float("inf")], dtype=torch.bfloat16),
        "views": [shared, shared[2:], shared.view(2, 3).T],
        "empty": torch.zeros(0, 4),
        "bytes": torch.arange(256, dtype=torch.uint8),
        "tuple": (1, (2.5, None), True, "字"),
        "float": 0.1 + 0.2,
        "big": 2**63,
        "nested": {"a": {}, "b": [], 7: "int key"},
        "infinite": float("-inf"),
    }


def checkpoint(step: int = 3) -> Checkpoint:
    return Checkpoint(step, state(), {"base": "ab"}, {"loop": {"seed": 1}}, {"seal2real": "0"})


def same(a: Any, b: Any) -> bool:
    """Equality in which NaN equals itself: by the tensors' bytes."""
    left: dict[str, Any] = {}
    right: dict[str, Any] = {}
    if pack(a, "x", left) != pack(b, "x", right) or left.keys() != right.keys():
        return False
    return all(
        left[k].dtype == right[k].dtype
        and left[k].shape == right[k].shape
        and torch.equal(left[k].flatten().view(torch.uint8), right[k].flatten().view(torch.uint8))
        for k in left
    )


def test_everything_comes_back_bit_for_bit(tmp_path: Path) -> None:
    """Types, shapes, views that share memory, keys that are integers, tuples, NaN."""
    made = checkpoint()
    read = load_checkpoint(save_checkpoint(tmp_path, made, keep=1))
    assert same(read.state, made.state)
    assert (read.step, read.identity, read.config, read.versions) == (
        3,
        made.identity,
        made.config,
        made.versions,
    )
    torch.optim.AdamW(torch.nn.Linear(3, 2).parameters()).load_state_dict(
        read.state["optimizers"]["adam"]
    )


def test_any_safetensors_reader_gets_the_weights(tmp_path: Path) -> None:
    """No pickle: the library's own loader reads the file, by names that say what they are."""
    path = save_checkpoint(tmp_path, checkpoint(), keep=1)
    assert "state.modules.net.weight" in load_file(path)


def test_checkpoints_are_as_readable_as_other_files(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    path = save_checkpoint(tmp_path, checkpoint(), keep=1)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_only_the_newest_are_kept_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.safetensors").write_bytes(b"mine")
    for step in (1, 2, 10, 11):
        save_checkpoint(tmp_path, checkpoint(step), keep=2)
    steps = [int(path.stem.partition("-")[2]) for path in checkpoint_files(tmp_path)]
    assert steps == [10, 11]
    assert (tmp_path / "notes.safetensors").read_bytes() == b"mine"


def test_no_folder_means_no_checkpoints(tmp_path: Path) -> None:
    assert checkpoint_files(tmp_path / "none") == []


def test_files_that_are_no_checkpoint_are_refused(tmp_path: Path) -> None:
    """Torn, foreign, and of a format to come."""
    whole = save_checkpoint(tmp_path, checkpoint(), keep=1)
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(whole.read_bytes()[:-5])
    with pytest.raises(CheckpointError, match="torn.safetensors must be a checkpoint of seal2real"):
        load_checkpoint(torn)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(1)}, foreign)
    with pytest.raises(CheckpointError, match="got a file without its header; remove it"):
        load_checkpoint(foreign)
    newer = tmp_path / "newer.safetensors"
    header = '{"format": 2, "versions": {"seal2real": "9.0"}}'
    save_file({"a": torch.zeros(1)}, newer, {"seal2real": header})
    with pytest.raises(CheckpointError, match="must have format 1, got 2; use .* wrote it: 9.0"):
        load_checkpoint(newer)


@pytest.mark.parametrize(
    ("ours", "name"),
    [({"base": "cd"}, "base"), ({}, "base"), ({"base": "ab", "real": "1"}, "real")],
)
def test_another_foundation_is_refused(tmp_path: Path, ours: dict[str, str], name: str) -> None:
    with pytest.raises(CheckpointError, match=f"must rest on the same {name}"):
        check_identity(checkpoint(), ours, tmp_path)
    check_identity(checkpoint(), {"base": "ab"}, tmp_path)


def test_what_cannot_be_stored_is_named() -> None:
    with pytest.raises(TypeError, match="x.stage.1 must be made of dicts, .* got set"):
        pack({"stage": [1, {2}]}, "x", {})


def test_channels_last_is_stored_as_it_lies_in_memory(tmp_path: Path) -> None:
    """Nothing is copied on the way to the file, and the order comes back with the values."""
    weight = torch.arange(120.0).view(2, 3, 4, 5).to(memory_format=torch.channels_last)
    plain = torch.arange(24.0).view(1, 2, 3, 4)
    held: dict[str, torch.Tensor] = {}
    pack({"weight": weight, "plain": plain}, "x", held)
    assert [held["x.weight"].data_ptr(), held["x.plain"].data_ptr()] == [
        weight.data_ptr(),
        plain.data_ptr(),
    ]
    made = Checkpoint(1, {"weight": weight, "plain": plain}, {}, {}, {})
    read = load_checkpoint(save_checkpoint(tmp_path, made, keep=1)).state
    assert torch.equal(read["weight"], weight) and torch.equal(read["plain"], plain)
    assert read["weight"].stride() == weight.stride()
    assert is_equal({"a": weight}, {"a": weight.contiguous()})
    assert not is_equal({"a": weight}, {"a": weight.contiguous() + 1})


def test_equality_sees_one_bit() -> None:
    """The comparison that the resume tests rest on."""
    one, two = torch.zeros(3), torch.zeros(3)
    assert is_equal({"a": one}, {"a": two})
    two[1] = 1e-45
    assert not is_equal({"a": one}, {"a": two})
    assert not is_equal({"a": 1}, {"a": 1.5})
    assert not is_equal({"a": one}, {"b": one})
