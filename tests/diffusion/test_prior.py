"""A prior's folder, and DDIM against closed forms."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from seal2real.diffusion.losses import Denoiser
from seal2real.diffusion.noise import alpha_sigma
from seal2real.diffusion.prior import load_prior, save_prior
from seal2real.diffusion.prompts import Prompts
from seal2real.diffusion.sample import denoise, timesteps
from tests.support.diffusion import POSITIONS, WIDTH, digest, small_scheduler, small_unet


def base(hash_: str = "a" * 64) -> SimpleNamespace:
    return SimpleNamespace(
        unet=small_unet(dtype=torch.float32),
        scheduler=small_scheduler(),
        path=Path("folder/small"),
        hash=hash_,
    )


def prompts() -> Prompts:
    torch.manual_seed(1)
    return Prompts(*torch.randn(2, POSITIONS, WIDTH))


def test_a_folder_gives_the_prior_back(tmp_path: Path) -> None:
    """θ to float16's accuracy, T to the bit."""
    made, unet = prompts(), small_unet(seed=5, dtype=torch.float32)
    save_prior(tmp_path / "p", made, unet, base(), {"steps": 3})
    prior = load_prior(tmp_path / "p", base())
    assert digest(prior.prompts) == digest(made)
    assert next(unet.parameters()).dtype == torch.float32, "saving copies"
    for ours, theirs in zip(prior.unet.parameters(), unet.parameters(), strict=True):
        assert torch.equal(ours, theirs.half().float())
    assert prior.record["settings"] == {"steps": 3} and prior.record["base"] == "small"
    assert not prior.unet.training and prior.denoiser.unet is prior.unet


def test_a_prior_may_keep_the_bases_unet(tmp_path: Path) -> None:
    save_prior(tmp_path / "p", prompts(), None, base(), {})
    ours = base()
    assert load_prior(tmp_path / "p", ours).unet is ours.unet
    assert not (tmp_path / "p" / "unet").exists()


def test_another_base_is_refused(tmp_path: Path) -> None:
    save_prior(tmp_path / "p", prompts(), None, base(), {})
    with pytest.raises(
        ValueError, match="must belong to the base in use bbbbbbbbbbbbbbbb, got one of small a"
    ):
        load_prior(tmp_path / "p", base("b" * 64))
    with pytest.raises(FileNotFoundError, match="load_prior: folder must hold prior.json"):
        load_prior(tmp_path, base())


@pytest.mark.parametrize(
    ("text", "problem"),
    [("no json", "Expecting value"), ('{"base": "tiny"}', "no base_hash, unet")],
)
def test_a_damaged_record_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "prior.json").write_text(text)
    with pytest.raises(ValueError, match=rf"prior\.json must describe a prior, got {problem}"):
        load_prior(tmp_path, base())


def test_timesteps() -> None:
    """1000 steps, strength 0.4 in 4: 399, 299, 199, 99."""
    s = small_scheduler()
    assert timesteps(s, 0.4, 4) == [399, 299, 199, 99]
    assert timesteps(s, 1.0, 2) == [999, 499]
    for strength, steps in [(0.0, 4), (1.1, 4), (0.5, 0)]:
        with pytest.raises(ValueError, match="timesteps: strength must be in"):
            timesteps(s, strength, steps)


class Known(torch.nn.Module):
    """Knows the clean image, which its prompt holds: ε = (x_t - alpha x_0) / sigma."""

    def __init__(self) -> None:
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(
        self, x_t: torch.Tensor, t: torch.Tensor, encoder_hidden_states: torch.Tensor
    ) -> SimpleNamespace:
        alpha, sigma = alpha_sigma(t, small_scheduler(), x_t)
        return SimpleNamespace(
            sample=(x_t - alpha * encoder_hidden_states[:, :1, :1, None]) / sigma
        )


def test_ddim_follows_the_prediction_and_guidance_overshoots() -> None:
    """A perfect denoiser gives its image, whatever the noise; guidance 3 goes thrice as far."""
    sd = Denoiser(Known(), small_scheduler())
    x_t = torch.randn(2, 1, 4, 4, dtype=torch.float64)
    here, there = (torch.full((1, 1), m, dtype=torch.float64) for m in (2.0, -1.0))
    places = timesteps(sd.scheduler, 0.5, 5)
    torch.testing.assert_close(denoise(sd, x_t, here, places), torch.full_like(x_t, 2.0))
    guided = denoise(sd, x_t, here, [places[0]], negative=there, guidance=3.0)
    plain, away = (denoise(sd, x_t, p, [places[0]]) for p in (here, there))
    torch.testing.assert_close(guided, away + 3.0 * (plain - away))
