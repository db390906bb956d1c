"""The loop, run for real on a small stage: resumed, killed, starved of disk, on two processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("tensorboard")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from seal2real.rng import Rng  # noqa: E402
from seal2real.sealdb.errors import ForeignFolderError, WriteError  # noqa: E402
from seal2real.training.checkpoint import checkpoint_files, load_checkpoint  # noqa: E402
from seal2real.training.config import Config  # noqa: E402
from seal2real.training.errors import CheckpointError, TrainingError  # noqa: E402
from seal2real.training.loop import run_stage  # noqa: E402
from seal2real.training.presets import resolve  # noqa: E402
from seal2real.training.runfolder import RunFolder  # noqa: E402
from seal2real.training.stage import Context, Stage  # noqa: E402
from seal2real.training.tree import is_equal  # noqa: E402
from tests.support.small_stage import train_small  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
STEPS = 12
WORDS = (f"small.steps={STEPS}", "loop.workers=1")


def command(out: Path, *words: str) -> list[str]:
    """The same run as ``train_small`` in a process of its own."""
    return [sys.executable, "-m", "tests.support.small_stage", str(out), *words]


def start(out: Path, *words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(out, *words), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True, **options,
    )  # fmt: skip


def newest(out: Path) -> Path:
    return checkpoint_files(out / "checkpoints")[-1]


def same_state(left: Path, right: Path) -> bool:
    """Whether the newest checkpoints agree bit for bit in all but the seconds that passed."""
    one, two = (load_checkpoint(newest(out)) for out in (left, right))
    for checkpoint in (one, two):
        del checkpoint.state["log"]["time_s"]
    return one.step == two.step and is_equal(one.state, two.state)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert train_small(out, WORDS).finished
    return out


def test_a_run_leaves_everything_behind(whole: Path) -> None:
    """The files that the documentation lists, three checkpoints of six, and curves that fall."""
    names = {str(path.relative_to(whole)) for path in whole.rglob("*") if path.is_file()}
    assert {
        "config.toml",
        "versions.json",
        "metrics.jsonl",
        "report.html",
        ".lock",
        "weights/cleaner.safetensors",
        "samples/cleaned-000000004.png",
        "samples/cleaned-000000008.png",
        "samples/cleaned-000000012.png",
        "checkpoints/step-000000008.safetensors",
        "checkpoints/step-000000010.safetensors",
        "checkpoints/step-000000012.safetensors",
    } == {name for name in names if not name.startswith("tensorboard/")}
    rows = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == STEPS // 2
    assert losses[-1] < 0.5 * losses[0]
    assert [row["step"] for row in rows if "held-out/mse" in row] == [4, 8, 12]
    assert all(row["images_per_s"] > 0 for row in rows if "loss" in row)
    about = json.loads((whole / "versions.json").read_text())
    assert about["versions"]["torch"] == metadata.version("torch")


def test_tensorboard_reads_the_scalars_and_grids(whole: Path) -> None:
    """Read back by TensorBoard's own reader; the values are those of the rows."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(whole / "tensorboard"))
    events.Reload()
    rows = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    losses = {row["step"]: row["loss"] for row in rows if "loss" in row}
    shown = {event.step: event.value for event in events.Scalars("loss")}
    assert shown == pytest.approx(losses)
    assert [event.step for event in events.Images("cleaned")] == [4, 8, 12]


def test_the_report_needs_no_network(whole: Path) -> None:
    """Every address in it is a data: one; curves, pictures and settings are inside."""
    page = (whole / "report.html").read_text()
    assert "http" not in page.replace('"http', "")
    assert page.count("<polyline") >= 4
    assert page.count('src="data:image/jpeg;base64,') == page.count("src=") == 3
    assert "checkpoint_every = 2" in page


def test_the_same_command_again_changes_no_weight(whole: Path) -> None:
    before = (newest(whole).read_bytes(), (whole / "metrics.jsonl").read_bytes())
    result = train_small(whole, WORDS)
    assert result.finished
    assert (newest(whole).read_bytes(), (whole / "metrics.jsonl").read_bytes()) == before


def test_killed_run_resumes_to_the_same_bits(whole: Path, tmp_path: Path) -> None:
    """SIGKILL between the second checkpoint and the end, then the same command.

    The expected state is that of the run nobody interrupted: weights, both optimizers, running
    mean, counts and pending means, bit for bit, with dropout and noise in every step.
    """
    kill_after(tmp_path / "run", 2, "small.delay=0.1")
    assert train_small(tmp_path / "run", WORDS).finished
    assert same_state(whole, tmp_path / "run")
    assert (tmp_path / "run/weights/cleaner.safetensors").read_bytes() == (
        whole / "weights/cleaner.safetensors"
    ).read_bytes()


@pytest.mark.slow(seconds=90)
@pytest.mark.parametrize("moment", range(6))
def test_killed_at_any_moment(whole: Path, tmp_path: Path, moment: int) -> None:
    """As above, the moments spread over start, steps and checkpoints."""
    out = tmp_path / "run"
    with start(out, *WORDS, "small.delay=0.05") as run:
        time.sleep(Rng(1, "kill", moment).uniform(0.5, 9.0))
        os.killpg(run.pid, signal.SIGKILL)
    assert train_small(out, WORDS).finished
    assert same_state(whole, out)


def kill_after(out: Path, checkpoints: int, *words: str) -> None:
    """Start the run and kill it (-9) once it has written so many checkpoints."""
    with start(out, *WORDS, *words) as run:
        wait_for(run, lambda: len(checkpoint_files(out / "checkpoints")) >= checkpoints)
        time.sleep(0.1)
        assert run.poll() is None, "finished before the kill"
        os.killpg(run.pid, signal.SIGKILL)
    assert not (out / "weights").exists()


def test_ctrl_c_ends_with_a_checkpoint(whole: Path, tmp_path: Path) -> None:
    """SIGINT to the whole group, as a terminal sends it: exit 130, and the rest is the same."""
    out = tmp_path / "run"
    with start(out, *WORDS, "small.delay=0.2", "loop.checkpoint_every=100") as run:
        metrics = out / "metrics.jsonl"
        wait_for(run, lambda: metrics.exists() and len(metrics.read_bytes()) > 0)
        os.killpg(run.pid, signal.SIGINT)
        printed, errors = run.communicate(timeout=60)
    assert run.returncode == 130, errors
    assert "the same command goes on" in printed
    assert 0 < load_checkpoint(newest(out)).step < STEPS
    assert train_small(out, WORDS).finished
    assert same_state(whole, out)


def test_any_worker_count_gives_the_same_bits(whole: Path, tmp_path: Path) -> None:
    """Batches are functions of the step: prepared between the steps they are the same."""
    assert train_small(tmp_path / "run", (WORDS[0], "loop.workers=0")).finished
    assert same_state(whole, tmp_path / "run")


def run_pair(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run on two processes under torchrun, gloo on CPU."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"]
    return subprocess.run(
        [*launch, *command(out, *words)[1:]], cwd=ROOT, capture_output=True, text=True,
        check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=400,
    )  # fmt: skip


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_two_processes_average_gradients(tmp_path: Path, device: str) -> None:
    """torchrun with gloo on CPU: both processes end with equal weights, named or found.

    The expected weights are those of one process with twice the batch: the mean of the gradients
    of two halves is the gradient of the whole, for a mean loss without noise.
    """
    words = ("small.steps=6", "small.noise=0", "small.dropout=0", "small.dump=1")
    if device == "auto" and torch.cuda.is_available():
        pytest.skip("auto takes the GPU here, and one GPU is not two")
    pair, single = tmp_path / "pair", tmp_path / "single"
    done = run_pair(pair, *words, f"loop.device={device}")
    assert done.returncode == 0, done.stderr[-3000:]
    left, right = (load_file(pair / f"rank-{rank}.safetensors") for rank in (0, 1))
    assert is_equal(left, right)
    train_small(single, (*words, "small.batch=8"))
    expected = load_file(single / "rank-0.safetensors")
    for name, value in expected.items():
        assert torch.allclose(left[name], value, rtol=0, atol=2e-6), name
    rows = [json.loads(row) for row in (pair / "metrics.jsonl").read_text().splitlines()]
    rows = [row for row in rows if "loss" in row]
    assert [row["step"] for row in rows] == [2, 4, 6]
    # Both saw the mean rank, 0.5, and report it one and two fold.
    assert {row["ranks"] for row in rows} == {0.75}


def test_nan_loss_stops_and_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    """NaN at step 5 with a checkpoint every two: the one of step 4 is named and is finite."""
    with pytest.raises(
        TrainingError, match="gradient of 'cleaner' must be finite.*last good check.*4"
    ):
        train_small(tmp_path, (*WORDS, "small.nan_at=5"))
    checkpoint = load_checkpoint(newest(tmp_path))
    assert checkpoint.step == 4
    weights = checkpoint.state["modules"]["cleaner"]
    assert all(bool(torch.isfinite(value).all()) for value in weights.values())
    assert not (tmp_path / "weights").exists()


def test_nan_in_one_process_stops_both(tmp_path: Path) -> None:
    """The second process's loss: the averaged gradient tells the first, and nobody waits for ever."""
    words = ("small.steps=6", "small.nan_at=3", "small.nan_rank=1")
    done = run_pair(tmp_path, *words)
    assert done.returncode != 0
    assert done.stderr.count("the gradient of 'cleaner' must be finite") == 2
    assert load_checkpoint(newest(tmp_path)).step == 2


def test_saturation_stops_and_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    """Saturated from the first step on: the window of 20 steps is full at step 19."""
    words = ("small.steps=21", "small.saturation=0.9", "loop.checkpoint_every=5")
    message = (
        "step 19: saturation must stay at most 0.5 .* got 0.900.*last good check.*15.safetensors"
    )
    with pytest.raises(TrainingError, match=message):
        train_small(tmp_path, words)


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    """While the first runs; and a killed one frees the folder at once, whatever its worker does."""
    with start(tmp_path, *WORDS, "small.delay=1") as first:
        wait_for(first, lambda: (tmp_path / "metrics.jsonl").exists())
        with pytest.raises(ForeignFolderError, match="must be trained by one run at a time"):
            train_small(tmp_path, WORDS)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with RunFolder(tmp_path).alone():
            pass
        with suppress(ProcessLookupError):  # the worker has noticed
            os.killpg(first.pid, signal.SIGKILL)


def wait_for(run: subprocess.Popen[str], ready: Callable[[], bool]) -> None:
    """Wait until ``ready``, at most two minutes; the run must not end before."""
    deadline = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < deadline
        assert run.poll() is None, run.communicate()
        time.sleep(0.02)


def test_nan_before_any_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no checkpoint yet"):
        train_small(tmp_path, (*WORDS, "small.nan_at=0"))


def test_full_disk_keeps_the_old_checkpoint(whole: Path, tmp_path: Path) -> None:
    """A limit on file sizes below a checkpoint's: the run stops with the remedy, then goes on.

    What comes out in the end is what the undisturbed run gave.
    """
    out = tmp_path / "run"
    assert train_small(
        out, ("small.steps=12", "loop.checkpoint_every=4", "small.nan_at=-1")
    ).finished
    for late in checkpoint_files(out / "checkpoints")[1:]:
        late.unlink()
    kept = newest(out)
    before = kept.read_bytes()
    limit = f"small.file_limit={len(before) * 3 // 4}"
    with start(out, WORDS[0], "loop.workers=0", "loop.grid_every=0", limit) as run:
        _, errors = run.communicate(timeout=120)
    assert run.returncode == 2
    assert "must be writable, got File too large; raise the limit on file sizes" in errors
    assert checkpoint_files(out / "checkpoints") == [kept]
    assert kept.read_bytes() == before
    assert list((out / "checkpoints").iterdir()) == [kept]
    assert train_small(out, WORDS).finished
    assert same_state(whole, out)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "small.base=1234",
            "same base, got a checkpoint made with 0000000000000000 where .* has 1234",
        ),
        ("loop.seed=3", "loop.seed must stay as .* has it, 0, got 3"),
        ("data.size=64", "data.size must stay as .* has it, 256, got 64"),
        ("data.dpi=[1, 2]", "data.dpi must stay as"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(whole: Path, word: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        train_small(whole, (*WORDS, word))


def test_a_checkpoint_from_before_a_setting_existed_is_refused(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "old")
    file = checkpoint_files(tmp_path / "old" / "checkpoints")[-1]
    with safe_open(file, "pt") as stored:
        about = stored.metadata()
    header = json.loads(about["seal2real"])
    del header["config"]["data"]["size"]
    save_file(load_file(file), file, {**about, "seal2real": json.dumps(header)})
    with pytest.raises(CheckpointError, match=r"got none for data\.size; go on with the version"):
        train_small(tmp_path / "old", WORDS)


def test_refusals_come_before_the_stage_is_built(whole: Path, tmp_path: Path) -> None:
    """Building may mean to encode thousands of images."""

    def build(_config: Config, _context: Context) -> Stage:
        pytest.fail("the stage was built")

    quiet = ("loop.device=cpu", "loop.threads=1")
    with pytest.raises(CheckpointError, match="data.size must stay as .* has it, 256, got 64"):
        run_stage(build, resolve("tiny", "", (*quiet, "data.size=64")), whole, "small")
    with pytest.raises(CheckpointError, match="must be a run of vgg, got one of small; give"):
        run_stage(build, resolve("tiny", "", quiet), whole, "vgg")
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="got File exists; that is a file: choose another name"):
        run_stage(build, resolve("tiny", "", quiet), tmp_path / "file", "small")


def test_a_weight_without_gradient_is_refused(tmp_path: Path) -> None:
    """A parameter that no loss reaches, in an optimizer of the real context."""
    from seal2real.training.config import LoopConfig, OptimizerConfig
    from seal2real.training.loop import make_context

    context = make_context(LoopConfig(device="cpu"))
    used, idle = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))
    optimizer = context.optimizer("two", [used, idle], OptimizerConfig(), 1)
    context.backward(used.sum())
    message = r"every weight of 'two' must get a gradient, got none for 1 of 2 .* shape \(3,\)"
    with pytest.raises(TrainingError, match=message):
        context.apply("two", optimizer)


def test_a_missing_gpu_is_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    with pytest.raises(ValueError, match="loop.device must be one that is there, got 'cuda'"):
        train_small(Path("never"), ("loop.device=cuda",))
