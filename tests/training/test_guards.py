"""Guards, schedules, running means and pictures: small parts of the loop, by hand calculation."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from PIL import Image  # noqa: E402

from seal2real.sealdb.provenance import maker  # noqa: E402
from seal2real.training.config import LoopConfig, OptimizerConfig  # noqa: E402
from seal2real.training.errors import TrainingError  # noqa: E402
from seal2real.training.guards import Guards, check_weights  # noqa: E402
from seal2real.training.optim import Ema, build_optimizer, lr_factor  # noqa: E402
from seal2real.training.pictures import grid, nearest_real, save_picture  # noqa: E402
from seal2real.training.report import _facts, curve_svg  # noqa: E402
from seal2real.training.stage import _buckets, stage_generator  # noqa: E402


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_must_be_finite(value: float) -> None:
    with pytest.raises(TrainingError, match="step 4: loss must be finite, got"):
        Guards(LoopConfig()).check(4, {"loss": value})


def test_saturation_counts_over_twenty_steps() -> None:
    """19 saturated steps pass; with the 20th the mean of the window exceeds the limit."""
    guards = Guards(LoopConfig(max_saturation=0.5))
    for step in range(19):
        guards.check(step, {"saturation": 1.0})
    with pytest.raises(TrainingError, match="saturation must stay at most 0.5 .* got 1.000"):
        guards.check(19, {"saturation": 1.0})
    calm = Guards(LoopConfig(max_saturation=0.5))
    for step in range(100):
        calm.check(step, {"saturation": float(step % 2)})


@pytest.mark.parametrize("value", [2.1, 0.49])
def test_norms_stay_near_their_first_value(value: float) -> None:
    """Also after the state went through a checkpoint."""
    guards = Guards(LoopConfig(max_norm_growth=2.0))
    guards.check(0, {"norm/real": 1.0})
    resumed = Guards(LoopConfig(max_norm_growth=2.0))
    resumed.load_state_dict(guards.state_dict())
    resumed.check(1, {"norm/real": 1.9})
    with pytest.raises(TrainingError, match="norm/real must stay within a factor 2.0"):
        resumed.check(2, {"norm/real": value})


def test_bad_weights_never_reach_a_checkpoint() -> None:
    net = torch.nn.Linear(2, 2)
    check_weights(1, {"net": net})
    with torch.no_grad():
        net.bias[1] = math.nan
    with pytest.raises(TrainingError, match="step 2: weight net.bias must be finite"):
        check_weights(2, {"net": net})


def test_schedule_by_hand() -> None:
    """Warm-up of 3: 1/4, 2/4, 3/4, then the cosine from 1 through 1/2 to 0."""
    cosine = OptimizerConfig(warmup=3, schedule="cosine")
    assert [lr_factor(cosine, i, 13) for i in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert lr_factor(cosine, 8, 13) == pytest.approx(0.5)
    assert lr_factor(cosine, 13, 13) == pytest.approx(0.0)
    assert lr_factor(OptimizerConfig(), 10**6, 5) == 1.0


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("adamw", "AdamW")])
def test_optimizers_have_the_settings_asked_for(name: str, kind: str) -> None:
    config = OptimizerConfig(name=name, lr=0.5, beta1=0.1, beta2=0.2, weight_decay=0.3)  # type: ignore[arg-type]
    optimizer = build_optimizer([torch.nn.Parameter(torch.ones(1))], config)
    assert type(optimizer).__name__ == kind
    group = optimizer.param_groups[0]
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.5, (0.1, 0.2), 0.3)


def test_8_bit_adam_without_its_library_says_what_to_do() -> None:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        with pytest.raises(ValueError, match="must have bitsandbytes, got none; pip install"):
            build_optimizer([torch.nn.Parameter(torch.ones(1))], OptimizerConfig(name="adam8bit"))
    else:
        pytest.skip("bitsandbytes is installed")


def test_running_mean_by_hand() -> None:
    """Three updates against the recurrence in plain floats; the module itself stays."""
    net = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        net.weight.fill_(1.0)
    ema, expected = Ema(net, 0.5), 1.0
    for k, value in enumerate((2.0, 4.0, 8.0), 1):
        with torch.no_grad():
            net.weight.fill_(value)
        ema.update(net)
        decay = min(0.5, k / (k + 10))
        expected = decay * expected + (1 - decay) * value
    assert ema.averaged(net).weight.item() == pytest.approx(expected)
    assert net.weight.item() == 8.0
    again = Ema(net, 0.5)
    again.load_state_dict(ema.state_dict())
    assert again.averaged(net).weight.item() == ema.averaged(net).weight.item()


def test_running_mean_may_skip_updates() -> None:
    """Every third of six updates counts: the recurrence with the cube of the decay, twice."""
    net = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        net.weight.fill_(1.0)
    ema, expected = Ema(net, 0.5, every=3), 1.0
    for k in range(1, 7):
        with torch.no_grad():
            net.weight.fill_(float(k))
        ema.update(net)
        if k % 3 == 0:
            decay = min(0.5**3, (k // 3) / (k // 3 + 10))
            expected = decay * expected + (1 - decay) * k
    assert ema.averaged(net).weight.item() == pytest.approx(expected)
    assert Ema(net, 0.5, "cpu").every == 1


def test_grid_places_rows_and_columns() -> None:
    """Two samples, two columns of flat colours: the centres of the four cells."""
    left = torch.stack([torch.full((3, 8, 8), -1.0), torch.full((3, 8, 8), 1.0)])
    right = torch.zeros(2, 3, 8, 8)
    picture = grid([left, right])
    assert picture.shape == (3, 2 * 12 + 4, 2 * 12 + 4)
    assert [float(picture[0, y, x]) for y in (8, 20) for x in (8, 20)] == [0.0, 0.5, 1.0, 0.5]


def test_nearest_real_finds_the_shifted_copy() -> None:
    """Of four flat colours the one that the forged image was made from, a little darker."""
    real = torch.linspace(-0.9, 0.9, 4)[:, None, None, None].expand(4, 3, 32, 32)
    forged = real[[2, 0]] - 0.1
    assert torch.equal(nearest_real(forged, real), real[[2, 0]])


def test_pictures_are_saved_as_they_are(tmp_path: Path) -> None:
    picture = torch.rand(3, 5, 7, generator=torch.Generator().manual_seed(1))
    save_picture(tmp_path / "new" / "one.png", picture)
    assert maker((tmp_path / "new" / "one.png").read_bytes()).startswith("seal2real")
    read = np.array(Image.open(tmp_path / "new" / "one.png")).transpose(2, 0, 1)
    assert np.abs(read / 255 - picture.numpy()).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("count", [1, 2, 5000])
def test_curves_are_well_formed_and_inside(count: int) -> None:
    """Parsed by an XML reader; all points inside the view, first and last value written."""
    points = [(float(i), math.sin(i)) for i in range(count)]
    svg = ElementTree.fromstring(curve_svg(points))
    line = svg.find("polyline")
    assert line is not None
    drawn = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert len(drawn) <= 601
    assert all(0 <= x <= 420 and 0 <= y <= 190 for x, y in drawn)
    assert f"step {count - 1}" in [text.text for text in svg.findall("text")]


def test_buckets_hold_every_gradient_once_in_order() -> None:
    """Types are not mixed; a tensor larger than a bucket has one of its own."""
    sizes = [10, 20 * 1024 * 1024, 5, 6]
    grads = [torch.empty(size, device="meta") for size in sizes]
    grads.insert(3, torch.empty(5, device="meta", dtype=torch.float64))
    groups = _buckets(grads)
    assert [[g.numel() for g in group] for group in groups] == [
        [10],
        [20 * 1024 * 1024],
        [5],
        [5],
        [6],
    ]


def test_generators_differ_by_everything_that_names_them() -> None:
    names = [(0, "a", 0, 0), (1, "a", 0, 0), (0, "b", 0, 0), (0, "a", 1, 0), (0, "a", 0, 1)]
    draws = [torch.rand(1, generator=stage_generator(*name)).item() for name in names]
    assert len(set(draws)) == len(names)
    assert torch.rand(1, generator=stage_generator(*names[0])).item() == draws[0]


def test_rates_of_the_report_count_seconds() -> None:
    """Ten seconds at 1 image/s, then one at 12 with all of it waited for: 22 images in 11 s."""
    rows = [
        {"step": 10.0, "time_s": 10.0, "images_per_s": 1.0, "wait_share": 0.0},
        {"step": 22.0, "time_s": 11.0, "images_per_s": 12.0, "wait_share": 1.0},
    ]
    facts = _facts([{**row, "peak_memory_mib": 5.0} for row in rows])
    assert "2.0 images/s, 9.1 % of the time waiting" in facts
