"""``seal2real-train gan``: one step, the whole command, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("tensorboard")

from seal2real.cli.train import main  # noqa: E402
from seal2real.models.build import load_forger  # noqa: E402
from seal2real.sealdb.provenance import COMPOSITE, Provenance, embed  # noqa: E402
from seal2real.training.checkpoint import checkpoint_files, load_checkpoint  # noqa: E402
from seal2real.training.loop import make_context  # noqa: E402
from seal2real.training.presets import resolve  # noqa: E402
from seal2real.training.stage import stage_generator  # noqa: E402
from seal2real.training.stages.gan import GanStage, _on, build_stage  # noqa: E402
from seal2real.training.tree import is_equal  # noqa: E402
from tests.support.painted import paint_folder  # noqa: E402

SMALL = (
    "data.size=64", "data.px_per_mm=4", "gan.batch=2", "gan.width=8", "gan.max_width=16",
    "gan.levels=3", "gan.critic_width=8", "gan.patches=16", "loop.device=cpu", "loop.threads=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint_folder(tmp_path_factory.mktemp("real"))


def stage(real: Path, *words: str) -> GanStage:
    config = resolve("tiny", "", (f"data.real={real}", *SMALL, *words))
    context = make_context(config.loop)
    torch.manual_seed(0)
    return build_stage(config, context)


def steps(gan: GanStage, count: int) -> list[dict[str, float]]:
    return [gan.step(i, gan.batch(i), stage_generator(0, "gan", i, 0)) for i in range(count)]


def copies(gan: GanStage) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value.clone() for key, value in module.state_dict().items()}
        for name, module in gan.modules().items()
    }


def test_batches_are_functions_of_the_step(real: Path) -> None:
    """Another object gives the same tensors; the next step gives others."""
    one, two = stage(real), stage(real)
    assert is_equal(one.batch(3), two.batch(3))
    assert not is_equal(one.batch(3), one.batch(4))
    other = stage(real)
    other.context.rank = 1
    assert not is_equal(one.batch(3), other.batch(3))


def test_every_weight_moves(real: Path) -> None:
    """Two steps: the first moves the last layer off zero, the second reaches the others too."""
    gan = stage(real)
    before = copies(gan)
    values = steps(gan, 2)
    assert all(np.isfinite(list(value.values())).all() for value in values)
    for name, weights in copies(gan).items():
        still = [key for key, value in weights.items() if torch.equal(value, before[name][key])]
        assert still == [], name


def test_translation_changes_nothing_outside_the_feather(real: Path) -> None:
    """Bit for bit, with a generator whose output is far from its input everywhere."""
    gan = stage(real)
    with torch.no_grad():
        gan.generator.last.bias += 0.3
    drawn = _on(gan.batch(0)["drawn"], torch.device("cpu"))
    forged = gan._translate(gan.generator, drawn)
    outside = (drawn["weight"] == 0).expand_as(forged)
    assert outside.any() and not outside.all()
    assert torch.equal(forged[outside], drawn["image"][outside])
    assert not torch.equal(forged, drawn["image"])


def test_no_noise_planes_is_a_function_of_the_page(real: Path) -> None:
    gan = stage(real, "gan.noise_channels=0")
    steps(gan, 1)
    assert gan.generator.noise_channels == 0


def test_evaluation_repeats_and_pictures_have_three_columns(real: Path) -> None:
    gan = stage(real)
    first, second = (gan.evaluate(0, stage_generator(0, "e", 0, 0)) for _ in range(2))
    assert first == second
    assert set(first) == {"score real", "score drawn", "score forged"}
    picture = gan.grids(0)["gan"]
    assert picture.shape[2] == 3 * (64 + 4) + 4


def run(real: Path, out: Path, *words: str) -> Result:
    sets = [part for word in (*SMALL, *words) for part in ("--set", word)]
    return CliRunner().invoke(main, ["gan", str(out), "--real", str(real), *sets])


@pytest.mark.slow(seconds=60)
def test_the_command_trains_resumes_and_ships(real: Path, tmp_path: Path) -> None:
    """Stopped after 4 of 8 steps and run again, bit-equal to 8 at once; the files load.

    The ONNX file is checked against the network by its exporter, which raises otherwise.
    """
    every = ("loop.checkpoint_every=2", "loop.log_every=2", "loop.grid_every=4")
    assert run(real, tmp_path / "whole", *every, "gan.steps=8").exit_code == 0
    assert run(real, tmp_path / "parts", *every, "gan.steps=4").exit_code == 0
    resumed = run(real, tmp_path / "parts", *every, "gan.steps=8")
    assert resumed.exit_code == 0, resumed.output
    assert "finished 8 steps" in resumed.output
    whole, parts = (
        load_checkpoint(checkpoint_files(tmp_path / name / "checkpoints")[-1]).state
        for name in ("whole", "parts")
    )
    for state in (whole, parts):
        del state["log"]
    assert is_equal(whole, parts)
    assert load_forger(tmp_path / "whole/weights/gan.safetensors").noise_channels == 4
    assert (tmp_path / "whole/weights/gan.onnx").stat().st_size > 1000
    assert (tmp_path / "whole/report.html").is_file()


@pytest.mark.slow(seconds=240)
def test_translation_takes_on_the_real_ink(real: Path) -> None:
    """Real ink is green here: translated ink gains green over red and blue, drawn ink has none.

    200 steps from a fixed seed; the drawn crops' excess of green is measured the same way.
    """
    gan = stage(real, "gan.optimizer.lr=1e-3", "gan.critic_optimizer.lr=1e-3", "gan.ema_decay=0")
    steps(gan, 200)
    drawn, _ = gan._held_out(8)
    with torch.no_grad():
        forged = gan._translate(gan.generator, drawn)
    assert _green(forged, drawn["ink"]) > _green(drawn["image"], drawn["ink"]) + 0.1


def _green(image: Any, ink: Any) -> float:
    """Excess of green over the mean of red and blue where ink was drawn."""
    excess = image[:, 1:2] - 0.5 * (image[:, :1] + image[:, 2:])
    return float((excess * ink).sum() / ink.sum())


def test_fewer_than_eight_real_images_are_refused(tmp_path: Path) -> None:
    result = run(paint_folder(tmp_path / "real", 7), tmp_path / "out")
    assert result.exit_code == 2
    assert "must hold at least 8 images, got 7" in result.output


def test_images_of_a_wrong_mode_or_size_are_refused(real: Path, tmp_path: Path) -> None:
    """A grey image, then one of 40 px."""
    from PIL import Image

    folder = paint_folder(tmp_path / "real")
    with Image.open(folder / "real-003.png") as picture:
        picture.convert("L").save(folder / "real-003.png")
    assert (
        "real-003.png must be an 8-bit RGB image, got mode L" in run(folder, tmp_path / "o").output
    )
    with Image.open(folder / "real-004.png") as picture:
        picture.resize((40, 40)).save(folder / "real-003.png")
    result = run(folder, tmp_path / "o")
    assert result.exit_code == 2
    assert "real-003.png" in result.output


def test_no_real_images_at_all_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["gan", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "give --real DIR" in result.output


def test_images_that_a_program_made_are_no_real_ones(tmp_path: Path) -> None:
    """One of ten says in its metadata that it is a composite."""
    folder = paint_folder(tmp_path / "real")
    file = folder / "real-005.png"
    file.write_bytes(embed(file.read_bytes(), Provenance("0" * 16, COMPOSITE)))
    result = run(folder, tmp_path / "out")
    assert result.exit_code == 2
    assert "must be photographs or scans, got 1 made by a program" in result.output
    assert "real-005.png by seal2real" in result.output
