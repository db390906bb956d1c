"""Configuration of the trainers: what is read, what is refused, and that a dry run says it all."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from seal2real.cli.train import main
from seal2real.training import config as config_module
from seal2real.training import ranges
from seal2real.training.config import Config, OptimizerConfig
from seal2real.training.configfile import from_table, to_toml
from seal2real.training.presets import PRESETS, resolve


@pytest.mark.parametrize("preset", PRESETS)
def test_a_printed_configuration_reads_back_as_itself(preset: str) -> None:
    """A round trip through TOML's own reader changes nothing."""
    config = resolve(preset)
    assert from_table(Config(), tomllib.loads(to_toml(config))) == config


def test_settings_are_checked_together(tmp_path: Path) -> None:
    """Each alone would break a rule with the preset's other value, in whichever order."""
    for words in (("data.fold=7", "data.folds=20"), ("data.folds=20", "data.fold=7")):
        assert resolve("tiny", "", words).data.fold == 7
    assert resolve("tiny", "", ("text_unet.batch=3", "text_unet.reuse=3")).text_unet.reuse == 3
    file = tmp_path / "own.toml"
    file.write_text("[data]\nfold = 7\n")
    assert resolve("tiny", str(file), ("data.folds=20",)).data.folds == 20


@pytest.mark.parametrize("text", ["2024", "2026-11-30", "true", "'7'"])
def test_text_that_looks_like_a_number_is_text(text: str) -> None:
    """Folders have such names; quotes are TOML's."""
    assert resolve("tiny", "", (f"data.groups={text}",)).data.groups == text.strip("'")


def test_a_file_says_what_it_means() -> None:
    """There text is in quotes."""
    with pytest.raises(ValueError, match=r"data.real must be str, got 7 \(int\); change the type"):
        from_table(Config(), {"data": {"real": 7}})


def test_file_beats_preset_and_set_beats_file(tmp_path: Path) -> None:
    """The order that the documentation promises; what nobody names stays the preset's."""
    file = tmp_path / "own.toml"
    file.write_text("[prior]\nsteps = 7\nbatch = 3\n[prior.unet_optimizer]\nlr = 1\n")
    config = resolve(
        "sd15-24gb", str(file), ("prior.batch=2", "data.real=/scans", "data.dpi=[1, 2]")
    )
    assert (config.prior.steps, config.prior.batch) == (7, 2)
    assert config.prior.unet_optimizer.lr == 1.0
    assert type(config.prior.unet_optimizer.lr) is float
    assert (config.data.real, config.data.dpi) == ("/scans", (1.0, 2.0))
    assert config.prior.base == PRESETS["sd15-24gb"].prior.base


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "prior.stps=3",
            "prior.stps must be a setting that exists, got 'stps'; did you mean 'steps'",
        ),
        ("priro.steps=3", "did you mean 'prior'"),
        ("prior.unet_optimizer.lrr=3", "prior.unet_optimizer.lrr must be a setting"),
        ("prior.steps=many", "prior.steps must be int, got 'many' (str)"),
        ("prior.steps=3.5", "prior.steps must be int, got 3.5 (float)"),
        ("prior.steps=true", "prior.steps must be int, got True (bool)"),
        ("prior.gradient_checkpointing=1", "must be bool, got 1 (int)"),
        (
            "prior.unet=lore",
            "prior.unet must be one of full, lora, lora-all, frozen, got 'lore'; did you mean 'lora'",
        ),
        ("prior=3", "prior must be a table, got 3"),
        ("data.pages=3", "data.pages must be a list, got 3"),
        ("data.pages=[3]", r"data.pages\[0\] must be str, got 3"),
        ("data.dpi=[100]", "data.dpi must have 2 values, got 1"),
        ("prior.steps", "--set must look like a.b=c, got 'prior.steps'"),
        ("=3", "--set must look like a.b=c"),
        ("loop..seed=3", "--set must look like a.b=c"),
        ("prior.steps=0", "prior.steps must be at least 1, got 0"),
        ("prior.unet_steps=-1", "prior.unet_steps must be at least 0, got -1"),
        ("prior.lora_rank=0", "prior.lora_rank must be at least 1, got 0"),
        ("prior.ema_decay=1", r"prior.ema_decay must be in \[0, 1\), got 1.0"),
        ("prior.held_out_views=0", "prior.held_out_views must be at least 1, got 0"),
        ("forger.alpha=[1, 1]", "forger.alpha must be 5 weights of at least 0"),
        ("forger.alpha=[0, 0, 0, 0, 0]", "forger.alpha must be 5 weights of at least 0, not all 0"),
        ("forger.alpha=[1.0, nan, 1.0, 1.0, 1.0]", "forger.alpha must be 5 weights of at least 0"),
        ("forger.t_range=[0.0, 0.0001]", "forger.t_range must be ascending by 0.001 or more"),
        ("forger.t_range=[0.5, 0.2]", "forger.t_range must be ascending by 0.001 or more"),
        ("loop.seed=18446744073709551616", "loop.seed must be an integer of 64 bits, got 18446"),
        ("prior.unet_optimizer.lr=inf", "lr must be above 0, got inf"),
        ("prior.unet_optimizer.clip_norm=inf", "clip_norm must be at least 0, got inf"),
        ("gan.critic_layers=7", "gan.critic_layers must be so few that 2.layers goes 3 times into"),
        ("forger.content_weight=-1", "forger.content_weight must be at least 0, got -1.0"),
        ("forger.content_weight=inf", "forger.content_weight must be at least 0, got inf"),
        ("forger.round_prior_steps=-2", "forger.round_prior_steps must be at least 0, got -2"),
        ("forger.noise_channels=-1", "forger.noise_channels must be at least 0, got -1"),
        (
            "forger.moments_layers=[1, 5]",
            "forger.moments_layers must be different numbers of 0 .. 4",
        ),
        ("forger.moments_layers=[]", "forger.moments_layers must be different numbers of 0 .. 4"),
        ("forger.moments_weight=-1", "forger.moments_weight must be at least 0"),
        ("forger.moments_share=0", r"forger.moments_share must be in \(0, 1\], got 0.0"),
        ("forger.moments_share=1.5", r"forger.moments_share must be in \(0, 1\], got 1.5"),
        ("forger.width=12", "forger.width must be a multiple of 8 from 8 on, got 12; give such a"),
        ("gan.max_width=0", "gan.max_width must be a multiple of 8 from 8 on, got 0"),
        ("data.presets=['foo']", r"data.presets must be among company.*, got \('foo',\)"),
        ("data.rules=['x']", r"data.rules must be among signature, .*, got \('x',\)"),
        ("data.size=32", "data.size must be a multiple of 8 from 64 on, got 32"),
        ("prior.unet_optimizer.lr=-1", "config: prior.unet_optimizer.lr must be above 0, got -1.0"),
        ("gan.critic_layers=0", "gan.critic_layers must be at least 1, got 0"),
        ("gan.patches=0", "gan.patches must be at least 1, got 0"),
        ("gan.temperature=0", "gan.temperature must be above 0, got 0.0"),
        ("loop.workers=-1", "loop.workers must be at least 0, got -1"),
        ("loop.keep=0", "loop.keep must be at least 1, got 0"),
        ("loop.max_saturation=0", r"loop.max_saturation must be in \(0, 1\], got 0.0"),
        ("loop.max_norm_growth=1", "loop.max_norm_growth must be above 1, got 1.0"),
        ("data.size=100", "data.size must be a multiple of 8 from 64 on, got 100"),
        ("data.fold=5", "data.fold must be in 0 .. folds - 1, got 5"),
        ("data.folds=1", "data.folds must be at least 2, got 1"),
        ("data.dpi=[300, 100]", "data.dpi must be two ascending numbers above 0"),
        ("data.pages=[]", "data.pages must be at least one source"),
        ("data.px_per_mm=-1", "data.px_per_mm must be at least 0"),
        ("prior.unet_optimizer.lr=0", "lr must be above 0, got 0.0"),
        ("prior.unet_optimizer.beta1=1", r"beta1 must be in \[0, 1\), got 1.0"),
        ("prior.unet_optimizer.warmup=-1", "warmup must be at least 0, got -1"),
    ],
)
def test_wrong_settings_are_refused(word: str, message: str) -> None:
    """Each message names the setting, the rule, what came and the remedy."""
    with pytest.raises(
        ValueError,
        match=message.replace("(str)", r"\(str\)")
        .replace("(float)", r"\(float\)")
        .replace("(bool)", r"\(bool\)")
        .replace("(int)", r"\(int\)"),
    ):
        resolve("tiny", "", (word,))


def test_a_prior_without_any_update_is_refused() -> None:
    """Without the check the schedule divides by 0."""
    with pytest.raises(ValueError, match=r"prior.unet_steps must be not both 0, got \(0, 0\)"):
        resolve("tiny", "", ("prior.prompt_steps=0", "prior.unet_steps=0"))


def test_every_rule_is_of_a_setting_that_exists() -> None:
    """A rule for a misspelt name would hold for nothing."""
    named = {key for _, _, keys in ranges._RULES for key in keys}
    there = {one.name for kind in _field_classes() for one in dataclasses.fields(kind)}
    assert named <= there


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(
        ValueError, match="preset must be one of tiny, .*got 'tny'; did you mean 'tiny'"
    ):
        resolve("tny")


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[prior\n")
    with pytest.raises(ValueError, match="own.toml must be a TOML file, got .*line 1"):
        resolve("tiny", str(file))


def _field_classes() -> list[type[Any]]:
    found = [one for _, one in inspect.getmembers(config_module, inspect.isclass)]
    return [one for one in found if dataclasses.is_dataclass(one) and one is not Config]


@pytest.mark.parametrize("kind", _field_classes(), ids=lambda kind: kind.__name__)
def test_every_setting_has_a_comment_above(kind: type[Any]) -> None:
    """The style's rule, read from the source; optimizers explain themselves in their class."""
    lines = [line.strip() for line in inspect.getsource(kind).splitlines()]
    for field in dataclasses.fields(kind):
        if isinstance(field.default, OptimizerConfig):
            continue
        (place,) = (i for i, line in enumerate(lines) if line.startswith(f"{field.name}:"))
        assert lines[place - 1].startswith("# "), f"{kind.__name__}.{field.name}"
    assert kind.__dataclass_params__.frozen


def run(*words: object) -> Any:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize("command", ["base", "prior", "forger", "gan"])
def test_dry_run_prints_the_settings_and_writes_nothing(command: str, tmp_path: Path) -> None:
    """The output is TOML with the shared sections, the command's own and the changes."""
    out = tmp_path / "out"
    result = run(command, out, "--dry-run", "--set", "loop.seed=9", "--real", "scans")
    assert result.exit_code == 0, result.output
    table = tomllib.loads(result.output)
    own = {"base": {"vae", "text_unet"}}.get(command, {command})
    assert set(table) == {"loop", "data", *own}
    assert (table["loop"]["seed"], table["data"]["real"]) == (9, "scans")
    assert not out.exists()


def test_a_dry_run_needs_no_torch(tmp_path: Path) -> None:
    """A fresh interpreter, asked for its modules afterwards."""
    code = (
        "import sys; from seal2real.cli.train import main;"
        f"main(['prior', {str(tmp_path / 'x')!r}, '--dry-run'], standalone_mode=False);"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("command", ["prior", "forger", "gan"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "data.real must name a folder of real images, got none; give --real DIR"),
        (("--real", "/no/such"), "data.real must be an existing folder, got /no/such"),
    ],
)
def test_missing_real_images_are_refused_before_torch_is_imported(
    command: str, words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """A fresh interpreter in which torch cannot be imported at all."""
    code = (
        "import sys; sys.modules['torch'] = None; from seal2real.cli.train import main;"
        f"main({[command, str(tmp_path / 'x'), *words]!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "x").exists()


def test_a_wrong_setting_exits_2_with_one_line(tmp_path: Path) -> None:
    result = run("prior", tmp_path / "out", "--set", "prior.stps=3")
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "did you mean 'steps'" in result.output
