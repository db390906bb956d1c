"""A forger's ONNX file: names, free sizes, and the same numbers as PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from seal2real.export.onnx import OPSET, check_forger, export_forger
from seal2real.models.forger import Forger
from seal2real.realise.forger import open_session
from tests.support.forgers import random_forger, write_forger


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Forger, Path]:
    """A forger that does something, and its file."""
    forger = random_forger()
    path = tmp_path_factory.mktemp("onnx") / "forger.onnx"
    export_forger(forger, path)
    return forger, path


def test_the_file_is_whole_and_named(exported: tuple[Forger, Path]) -> None:
    """One file, opset 21 or later, the contract's names, free batch and sides."""
    model = onnx.load(exported[1], load_external_data=False)
    onnx.checker.check_model(model)
    assert next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")) >= OPSET == 21
    assert [i.name for i in model.graph.input] == ["synthetic", "ink", "px_per_mm", "noise"]
    assert [o.name for o in model.graph.output] == ["forged"]
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert [bool(d.dim_param) for d in dims] == [True, False, True, True]
    assert dims[1].dim_value == 3
    assert not any(t.external_data for t in model.graph.initializer)


@pytest.mark.parametrize("size", [(1, 64, 64), (4, 128, 320), (2, 448, 64)])
def test_it_computes_what_pytorch_does(
    exported: tuple[Forger, Path], size: tuple[int, int, int]
) -> None:
    """At sizes and batches that were not traced; the residual is not small."""
    forger, path = exported
    batch, height, width = size
    rng = np.random.default_rng(height)
    feed = {
        "synthetic": rng.uniform(-1, 1, (batch, 3, height, width)).astype(np.float32),
        "ink": rng.uniform(0, 1, (batch, 1, height, width)).astype(np.float32),
        "px_per_mm": rng.uniform(4, 12, batch).astype(np.float32),
        "noise": rng.normal(0, 1, (batch, 2, height, width)).astype(np.float32),
    }
    with torch.inference_mode():
        ours = forger(*(torch.from_numpy(array) for array in feed.values())).numpy()
    theirs = open_session(path).run(["forged"], feed)[0]
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.abs(ours - feed["synthetic"]).mean() > 0.01


def test_another_network_is_told_apart(exported: tuple[Forger, Path]) -> None:
    """Parity is measured: a forger with other weights is not the file's."""
    assert check_forger(*exported).ok
    other = check_forger(random_forger(seed=1), exported[1])
    assert not other.ok
    assert "NOT the same" in other.summary()


def test_a_forger_without_noise_has_no_such_input(tmp_path: Path) -> None:
    """Then a second attempt would give the same, and realisation need not try."""
    path = tmp_path / "plain.onnx"
    export_forger(random_forger(noise_channels=0), path)
    assert [i.name for i in open_session(path).get_inputs()] == ["synthetic", "ink", "px_per_mm"]


def test_a_file_that_computes_something_else_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the exporter had a bug: what it writes is another network's file."""
    other = write_forger(tmp_path / "other.onnx", 3.0).read_bytes()
    monkeypatch.setattr(
        "seal2real.export.onnx.write_program", lambda _program, path: path.write_bytes(other)
    )
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match=r"must compute what the network does, got .*out/f\.onnx"):
        export_forger(random_forger(), tmp_path / "out" / "f.onnx")
    assert [*(tmp_path / "out").iterdir()] == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Before the network is traced, which takes seconds."""
    with pytest.raises(
        FileNotFoundError, match=r"must lie in a folder .*no/f\.onnx; make .*/no fir"
    ):
        export_forger(random_forger(), tmp_path / "no" / "f.onnx")


def test_refusals(tmp_path: Path) -> None:
    """Missing files, files that are no network, and networks that are no forger."""
    with pytest.raises(FileNotFoundError, match="weights must be an ONNX file, got .*missing.onnx"):
        open_session(tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ValueError, match="weights must be a readable ONNX file"):
        open_session(tmp_path / "text.onnx")
    value = onnx.helper.make_tensor_value_info
    info = [value(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")]
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "other", info[:1], info[1:])
    opset = [onnx.helper.make_opsetid("", 21)]
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=opset, ir_version=10), tmp_path / "other.onnx"
    )
    with pytest.raises(ValueError, match="weights must be a forger with inputs"):
        open_session(tmp_path / "other.onnx")


def test_the_file_names_no_place_of_this_machine(exported: tuple[Forger, Path]) -> None:
    """PyTorch notes a stack trace at every node; a shipped file must not carry them."""
    content = exported[1].read_bytes()
    assert str(Path(torch.__file__).parent).encode() not in content
    assert b"forward" not in content and b"pkg.torch" not in content
