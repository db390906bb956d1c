"""The step benchmark runs, both sides compute the same, and memory is counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from benchmarks import bench_train_step as bench

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """The tiny shape with images of 64 px, so that a call takes a moment."""
    patch = pytest.MonkeyPatch()
    patch.setattr(bench.tiny, "SAMPLE_SIZE", 64)
    yield
    patch.undo()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("work", ["stage 1, eq. 2", "stage 2, eq. 6"])
def test_both_sides_do_the_same_work(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients in fp32 with equal noise: one pass over both domains, or a pass each."""
    gradients = []
    for ours in (True, False):
        s = bench.setup("tiny", 2, CPU, "fp32", ours=ours)
        monkeypatch.setattr(bench.Setup, "noised", _fixed_noise)
        bench.steps(s, ours=ours)[work]()
        gradients.append([p.grad.clone() for p in s.unet.parameters()])
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-6)


def _fixed_noise(self: bench.Setup, x0: torch.Tensor) -> bench.Noised:
    t = torch.linspace(20, 980, len(x0)).long()
    return bench.Noised(x0, t, torch.sin(31.0 * x0.detach()))


@pytest.mark.usefixtures("small")
def test_rows() -> None:
    (ours, eager) = bench.rows("tiny", 1, CPU, "fp32", 0.02, "VGG")
    assert (ours["side"], eager["side"]) == ("ours", "eager")
    assert ours["work"] == "VGG" and ours["ms"] > 0 and ours["peak_mb"] > 0.1
    names = {
        **bench.blocks(s := bench.setup("tiny", 1, CPU, "fp32", ours=True)),
        **bench.steps(s, ours=True),
    }
    assert len(names) == 10


def test_peak_memory_is_the_most_held_at_once() -> None:
    """Two tensors of 4 MB held together, then two more one after the other: 8 MB or little over."""

    def job() -> None:
        a, b = torch.ones(10**6), torch.ones(10**6)
        del a, b
        for _ in range(2):
            torch.ones(10**6)

    assert bench.peak_mb(job, CPU) == pytest.approx(8.0, abs=0.5)
