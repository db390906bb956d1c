"""Runs: any number of workers, interruptions, faults; always the same bytes or a clear error."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seal2real.sealdb.errors import (
    ForeignFolderError,
    RecipeMismatchError,
    SampleError,
    SealDbError,
    WorkerError,
)
from seal2real.sealdb.recipe import Recipe
from seal2real.sealdb.runner import parse_part, run_shards
from tests.support.tiny_samples import DyingFactory, FailingFactory, TinyFactory
from tests.support.trees import differing, tree_bytes

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


def _hear_interrupts() -> None:
    """Undo a shell's ignoring of SIGINT, which what it starts in the background inherits."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(out: Path, *options: str, count: int = 60, workers: int = 1) -> subprocess.Popen[str]:
    """Start the program of tests/support/run_tiny.py and wait until it is about to work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.run_tiny", str(out), str(count), "3", str(workers),
         *options],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_hear_interrupts,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("workers", [2, 5])
def test_workers_do_not_change_a_byte(
    workers: int, tiny_db: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """The same recipe on one and on several processes gives equal folders."""
    report = run_shards(tiny_recipe, TinyFactory(tiny_recipe), tmp_path / "o", workers=workers)
    assert report.complete
    assert differing(tiny_db, tmp_path / "o") == []


def test_parts_make_the_whole(tiny_db: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Array jobs in any order; only the last one to finish completes the dataset."""
    out = tmp_path / "o"
    made = [run_shards(tiny_recipe, TinyFactory(tiny_recipe), out, shard=f"{i}/3") for i in (2, 0)]
    assert [report.complete for report in made] == [False, False]
    assert "still missing" in made[0].summary()
    assert not (out / "dataset.json").exists()
    assert run_shards(tiny_recipe, TinyFactory(tiny_recipe), out, shard="1/3").complete
    assert differing(tiny_db, out) == []


def test_a_second_run_makes_nothing(tiny_copy: Path, tiny_recipe: Recipe) -> None:
    """A complete dataset is left alone, to the time stamps of its files."""
    before = {p: p.stat().st_mtime_ns for p in tiny_copy.rglob("*")}
    report = run_shards(tiny_recipe, FailingFactory(tiny_recipe, 0), tiny_copy)
    assert (report.samples, report.kept, report.complete) == (0, tiny_recipe.shards, True)
    assert {p: p.stat().st_mtime_ns for p in tiny_copy.rglob("*")} == before


@pytest.mark.parametrize("lost", ["shards/train-000000.tar", "index.parquet", "checksums.sha256"])
def test_lost_files_are_made_again(
    lost: str, tiny_copy: Path, tiny_db: Path, tiny_recipe: Recipe
) -> None:
    """Whatever is missing comes back with the same bytes."""
    (tiny_copy / lost).unlink()
    assert run_shards(tiny_recipe, TinyFactory(tiny_recipe), tiny_copy).complete
    assert differing(tiny_db, tiny_copy) == []


def test_a_damaged_shard_is_not_kept_when_others_are_missing(
    tiny_copy: Path, tiny_db: Path, tiny_recipe: Recipe
) -> None:
    """Shards of a once complete dataset are compared with checksums.sha256 before reuse."""
    victim = tiny_copy / "shards/train-000001.tar"
    data = bytearray(victim.read_bytes())
    data[2000] ^= 1
    victim.write_bytes(data)
    (tiny_copy / "shards/train-000000.tar").unlink()
    report = run_shards(tiny_recipe, TinyFactory(tiny_recipe), tiny_copy)
    assert report.made == 2
    assert differing(tiny_db, tiny_copy) == []


def test_shards_without_a_recipe_are_nobodys(tiny_copy: Path, tiny_recipe: Recipe) -> None:
    """Without dataset.json nothing says which recipe the shards are of."""
    (tiny_copy / "dataset.json").unlink()
    with pytest.raises(ForeignFolderError, match="OUT must be empty or hold this recipe"):
        run_shards(tiny_recipe, TinyFactory(tiny_recipe), tiny_copy)


def kill_and_resume(out: Path, moment: float, workers: int) -> None:
    """Kill a run ``moment`` seconds into its work, then let the same command finish."""
    process = start(out, "delay=0.01", workers=workers)
    time.sleep(moment)
    process.kill()
    process.wait()
    again = start(out, workers=workers)
    _, errors = again.communicate(timeout=60)
    assert again.returncode == 0, errors


@pytest.mark.parametrize(("moment", "workers"), [(0.3, 1), (0.7, 2)])
def test_kill_and_resume(moment: float, workers: int, tiny_db: Path, tmp_path: Path) -> None:
    """SIGKILL in the middle; the same command ends in the bytes of an uninterrupted run."""
    kill_and_resume(tmp_path / "o", moment, workers)
    assert differing(tiny_db, tmp_path / "o") == []


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10))
def test_kill_and_resume_at_ten_moments(number: int, tiny_db: Path, tmp_path: Path) -> None:
    """Moments spread over the whole run by the golden ratio, with one and two workers."""
    moment = 0.02 + 0.95 * (number * 0.6180339887 % 1)
    kill_and_resume(tmp_path / "o", moment, workers=1 + number % 2)
    assert differing(tiny_db, tmp_path / "o") == []


def test_ctrl_c_leaves_only_finished_files(tiny_db: Path, tmp_path: Path) -> None:
    """SIGINT ends workers too; whatever has its final name equals the uninterrupted run's."""
    out = tmp_path / "o"
    process = start(out, "delay=0.02", workers=2)
    deadline = time.monotonic() + 20
    while not list(out.glob("shards/*.tar")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode != 0
    reference = tree_bytes(tiny_db)
    held = [path for path in tree_bytes(out) if not path.startswith(".work/")]
    assert held
    assert all((out / path).read_bytes() == reference[path] for path in held)


def test_a_dead_worker_is_replaced_once(
    tiny_db: Path, tiny_recipe: Recipe, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A worker that is killed is noticed, its shard made again, and the report says so."""
    factory = DyingFactory(tiny_recipe, fatal=10, marker=str(tmp_path / "died"))
    report = run_shards(tiny_recipe, factory, tmp_path / "o", workers=2)
    name = tiny_recipe.shard_name(10 // tiny_recipe.shard_samples)
    assert report.retried == (f"{name} after a worker died by signal SIGKILL (out of memory?)",)
    assert f"making {name} again" in capfd.readouterr().err
    assert differing(tiny_db, tmp_path / "o") == []


def test_a_worker_that_dies_again_ends_the_run(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Two deaths on one shard: an error that names shard, samples and signal."""
    factory = DyingFactory(tiny_recipe, 10, str(tmp_path / "died"), always=True)
    with pytest.raises(WorkerError, match=r"000002.tar \(samples 8..11\).*2 deaths.*SIGKILL"):
        run_shards(tiny_recipe, factory, tmp_path / "o", workers=2)
    assert not list((tmp_path / "o").rglob(".tmp-*"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sample_that_cannot_be_made_is_named(
    workers: int, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """Index, seed and reason; nothing half-written, finished shards stay."""
    match = r"sample 10 \(seed 3\) must be drawable, got ValueError: text too long"
    with pytest.raises(SampleError, match=match):
        run_shards(tiny_recipe, FailingFactory(tiny_recipe, 10), tmp_path / "o", workers=workers)
    assert not list((tmp_path / "o").rglob(".tmp-*"))
    assert not (tmp_path / "o" / "shards" / tiny_recipe.shard_name(2)).exists()


def test_another_recipe_is_refused(tiny_copy: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Complete or just begun, the folder belongs to its recipe; the first difference is named."""
    other = Recipe(count=60, seed=4)
    with pytest.raises(RecipeMismatchError, match="OUT must be empty.*seed is 3 there and 4 here"):
        run_shards(other, TinyFactory(other), tiny_copy)
    run_shards(tiny_recipe, TinyFactory(tiny_recipe), tmp_path / "o", shard="0/3")
    with pytest.raises(RecipeMismatchError, match="seed is 3 there"):
        run_shards(other, TinyFactory(other), tmp_path / "o")


def test_a_folder_with_other_files_is_refused(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Nobody's holiday pictures become a dataset."""
    (tmp_path / "beach.jpg").touch()
    with pytest.raises(ForeignFolderError, match=r"with 1 other files \(beach.jpg\)"):
        run_shards(tiny_recipe, TinyFactory(tiny_recipe), tmp_path)
    with pytest.raises(ForeignFolderError, match="OUT must be a folder, got the file"):
        run_shards(tiny_recipe, TinyFactory(tiny_recipe), tmp_path / "beach.jpg")


def test_two_runs_at_once_are_refused(tiny_recipe: Recipe, tmp_path: Path) -> None:
    """The lock of the first run holds until it ends."""
    first = start(tmp_path / "o", "delay=0.05")
    deadline = time.monotonic() + 20
    while not (tmp_path / "o/.work/lock-0-1").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        with pytest.raises(SealDbError, match="one run at a time"):
            run_shards(tiny_recipe, TinyFactory(tiny_recipe), tmp_path / "o")
    finally:
        first.kill()
        first.wait()


def test_a_full_disk_is_an_error_and_nothing_more(tmp_path: Path) -> None:
    """A file size limit below one shard stands in for the full disk: the write call fails alike."""
    process = start(tmp_path / "o", "file_limit=20000")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "must be writable, got File too large; raise the limit" in errors
    assert not list((tmp_path / "o").rglob("*.tar"))
    assert not list((tmp_path / "o").rglob(".tmp-*"))
    again = start(tmp_path / "o")
    again.communicate(timeout=60)
    assert again.returncode == 0


def test_a_full_file_system(tiny_db: Path, tmp_path: Path) -> None:
    """The real thing, where mounting a small memory disk is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting needs rights that this user has not")
    try:
        process = start(disk / "o", workers=2)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "No space left on device; free some space" in errors
        reference = tree_bytes(tiny_db)
        held = {k: v for k, v in tree_bytes(disk / "o").items() if not k.startswith(".work/")}
        assert held
        assert all(reference[path] == data for path, data in held.items())
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        again = start(disk / "o")
        again.communicate(timeout=60)
        assert differing(tiny_db, disk / "o") == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_read_only_target(tmp_path: Path) -> None:
    """A folder of somebody else: refused, named, with a remedy."""
    shutil.rmtree(tmp_path)
    tmp_path.mkdir(mode=0o555)
    process = start(tmp_path / "o", f"user={NOBODY}")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "must be writable, got Permission denied; choose a folder that you may" in errors
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("workers", [0, -1, 1025])
def test_bad_worker_numbers(workers: int, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """At least one."""
    with pytest.raises(ValueError, match="run_shards: workers must be in 1..1024"):
        run_shards(tiny_recipe, TinyFactory(tiny_recipe), tmp_path / "o", workers=workers)


@pytest.mark.parametrize("shard", ["", "1", "3/3", "-1/2", "1/0", "a/b", "1/2/3"])
def test_bad_parts(shard: str) -> None:
    """0 <= i < n, written i/n."""
    with pytest.raises(ValueError, match='run_shards: shard must be "i/n"'):
        parse_part(shard)


def test_no_samples_at_all(tmp_path: Path) -> None:
    """Zero samples are a dataset too, and complete."""
    recipe = Recipe(count=0)
    assert run_shards(recipe, TinyFactory(recipe), tmp_path / "o").complete
