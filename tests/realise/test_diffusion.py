"""Diffusion realisers: image-to-image under a learned prompt, pasted as the forger's results are."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from seal2real import SealDB
from seal2real.cli import main
from seal2real.diffusion.base import load_base
from seal2real.diffusion.prior import save_prior
from seal2real.diffusion.prompts import Prompts
from seal2real.realise.diffusion import DiffusionRealiser
from seal2real.rng import Rng
from seal2real.sealdb.recipe import Recipe
from seal2real.synthesis.generate import SampleFactory
from seal2real.synthesis.sample import Sample
from tests.support.bases import write_base

RECIPE = Recipe(count=20, seed=8, size="128", dpi=72.0, options={"seal_free": 0.0})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small base of random weights, and a prior on it whose prompts differ."""
    folder = tmp_path_factory.mktemp("diffusion")
    path = write_base(folder / "base")
    base = load_base(path)
    torch.manual_seed(2)
    shape = (base.positions, base.cross_attention_dim)
    prompts = Prompts(torch.randn(shape), torch.randn(shape))
    save_prior(folder / "prior", prompts, None, base, {})
    return path, folder / "prior"


@pytest.fixture(scope="module")
def sample() -> Sample:
    """A drawn crop."""
    return SampleFactory(RECIPE)(3)


def realiser(folders: tuple[Path, Path], prompt: str, **settings: object) -> DiffusionRealiser:
    """Few steps: pictures are not looked at here."""
    told = {"steps": 2, "strength": 0.5, "base": str(folders[0]), **settings}
    return DiffusionRealiser(folders[1], prompt, **told)  # type: ignore[arg-type]


def test_the_page_changes_inside_the_support_only(
    folders: tuple[Path, Path], sample: Sample
) -> None:
    """Bit for bit outside, and really changed on the ink."""
    forged = realiser(folders, "real")(sample, Rng(1))
    assert np.array_equal(forged[~sample.support], sample.synthetic[~sample.support])
    assert (forged != sample.synthetic).any(axis=2)[sample.mask > 0].mean() > 0.5
    whole = realiser(folders, "real", scope="crop")(sample, Rng(1))
    assert (whole != sample.synthetic)[~sample.support].mean() > 0.5


def test_prompt_stream_and_strength_decide(folders: tuple[Path, Path], sample: Sample) -> None:
    """Equal bytes from equal settings, also after pickling; T_f and T_r differ; so do streams."""
    real = realiser(folders, "real")
    first = real(sample, Rng(5))
    assert np.array_equal(first, pickle.loads(pickle.dumps(real))(sample, Rng(5)))
    assert not np.array_equal(first, real(sample, Rng(6)))
    assert not np.array_equal(first, realiser(folders, "fake")(sample, Rng(5)))
    assert not np.array_equal(first, realiser(folders, "real", strength=0.9)(sample, Rng(5)))


def test_the_command_takes_prior_and_base(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Every sample flagged or kept, the method and the prior's hash in the records."""
    base, prior = folders
    out = tmp_path / "out"
    arguments = ["build", str(out), "--count", "3", "--size", "128", "--dpi", "72"]
    arguments += ["--method", "diffusion-real", "--prior", str(prior), "--base", str(base)]
    arguments += ["--steps", "2", "--policy", "keep"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code in (0, 3), result.output
    with SealDB(out) as db:
        assert {s.record["realisation"]["method"] for s in db} == {"diffusion-real"}
        assert db.info["recipe"]["realisation"]["settings"]["steps"] == 2
        assert len({s.record["realisation"]["weights"] for s in db}) == 1


def test_refusals(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Unknown prompts, missing priors, and priors of another base."""
    with pytest.raises(ValueError, match="prompt must be one of fake, real, got 'best'"):
        realiser(folders, "best")
    with pytest.raises(ValueError, match="strength must be in"):
        realiser(folders, "real", strength=1.5)
    with pytest.raises(FileNotFoundError, match=r"folder must hold prior.json"):
        DiffusionRealiser(tmp_path, "real", base=str(folders[0]))
    other = write_base(tmp_path / "other", seed=9)
    with pytest.raises(ValueError, match="must belong to the base in use"):
        DiffusionRealiser(folders[1], "real", base=str(other))
