"""Moments of ink: what they see, what they measure, and that matching them makes ink alike."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from seal2real.models.ink_moments import InkMoments  # noqa: E402
from seal2real.models.inked import judged_tiles, paper_light  # noqa: E402
from seal2real.models.seal_vgg import load_seal_vgg  # noqa: E402

LAYERS = (1, 2)


def sealed(seed: int, ink: float = 0.45, spread: float = 0.0) -> torch.Tensor:
    """Return [4, 3, 128, 128]: red strokes at places of their own, their ink of a lightness."""
    draw = torch.Generator().manual_seed(seed)
    image = torch.full((4, 3, 128, 128), 0.7)
    for one in image:
        x = 6
        while x < 120:
            width = int(torch.randint(3, 7, (1,), generator=draw))
            own = ink + spread * float(torch.randn(1, generator=draw))
            one[1:, :, x : x + width] = 2 * 0.85 * own - 1
            x += width + int(torch.randint(8, 16, (1,), generator=draw))
    return image


def windows(count: int, first: int = 0, **how: float) -> list[tuple[torch.Tensor, torch.Tensor]]:
    images = [sealed(first + k, **how) for k in range(count)]
    return [(image, torch.ones(4, 1, 128, 128)) for image in images]


def matched(**how: float) -> InkMoments:
    """Return moments of strong real ink, and of drawn ink that is ``how``."""
    return InkMoments(load_seal_vgg(), LAYERS, windows(2), windows(2, 50, **how))


def test_light_does_not_count_darkness_of_ink_does() -> None:
    moments = matched(ink=0.6)
    image = sealed(9)
    told = moments.tiles(image, paper_light(image))
    assert told.shape == (4, 3, 3, 2 * (32 + 64))
    dim = (image + 1) * 0.7 - 1
    torch.testing.assert_close(moments.tiles(dim, paper_light(dim)), told, atol=1e-3, rtol=1e-3)
    faint = sealed(9, ink=0.6)
    assert (moments.tiles(faint, paper_light(faint)) - told).abs().max() > 0.1


def test_a_tile_is_described_by_mean_and_deviation_of_features() -> None:
    """The second tile of the last row, cut out of the maps by hand."""
    moments, image = matched(ink=0.6), sealed(9)
    light = paper_light(image)
    shade = ((image.mean(1, keepdim=True) + 1) / light).clamp(0, 1.3)
    bell = torch.exp(-0.5 * torch.arange(-3.0, 4.0) ** 2)
    kernel = torch.outer(bell, bell)[None, None] / bell.sum() ** 2
    padded = torch.nn.functional.pad(shade, (3, 3, 3, 3), mode="replicate")
    seen = torch.nn.functional.conv2d(padded, kernel) * 2 - 1
    found = []
    for layer, map_ in zip(LAYERS, load_seal_vgg()(seen.expand(-1, 3, -1, -1), 2)[1:], strict=True):
        cut = map_[:, :, 64 >> layer :, 32 >> layer : 96 >> layer].flatten(2)
        found += [cut.mean(2), (cut.var(2, unbiased=False) + 1e-4).sqrt()]
    told = moments.tiles(image, light)[:, 2, 1]
    torch.testing.assert_close(told, torch.cat(found, dim=1), atol=1e-4, rtol=1e-3)


def test_distance_and_gradient_are_the_written_out_ones() -> None:
    """In float64: whitening, squares, the running mean and the batch's share in it."""
    real, drawn = windows(2), windows(2, 50, ink=0.6, spread=0.05)
    moments = InkMoments(load_seal_vgg(), LAYERS, real, drawn)
    known = []
    for side in (real, drawn):
        parts = [
            moments.tiles(image, paper_light(image))[judged_tiles(image, valid)]
            for image, valid in side
        ]
        known.append(torch.cat(parts).double().numpy())
    middle = (known[0].mean(0) + known[1].mean(0)) / 2
    scale = np.sqrt((known[0].var(0, ddof=1) + known[1].var(0, ddof=1)) / 2) + 1e-4
    both = [np.cov((k / scale).T, bias=True) for k in known]
    values, vectors = np.linalg.eigh((both[0] + both[1]) / 2)
    matrix = np.diag(1 / scale) @ vectors @ np.diag((values + 1.0) ** -0.5) @ vectors.T
    centre = ((known[0] - middle) @ matrix).mean(0)

    def white(tiles: torch.Tensor) -> torch.Tensor:
        x = (tiles.double() - torch.from_numpy(middle)) @ torch.from_numpy(matrix)
        x = x - torch.from_numpy(centre)
        return torch.cat([x, 0.3**0.5 * x.square().clamp_max(9.0)], dim=1)

    gap = white(torch.from_numpy(known[1])).mean(0) - white(torch.from_numpy(known[0])).mean(0)
    past = torch.randn(len(gap), generator=torch.Generator().manual_seed(1)) * 0.01
    moments.load_state_dict({"change": past, "updates": 40})
    page = sealed(70, ink=0.6)
    forged = (page * 0.97).requires_grad_()
    distance, change = moments(forged, page)

    twin = forged.detach().clone().requires_grad_()
    tiles = judged_tiles(page, torch.ones(4, 1, 128, 128))
    light = paper_light(page)
    now = white(moments.tiles(twin, light)[tiles]) - white(moments.tiles(page, light)[tiles])
    wanted = (gap + 0.75 * past.double() + 0.25 * now.mean(0)).square().sum()
    assert distance.item() == pytest.approx(wanted.item(), rel=1e-3)
    assert change[-1] == len(now)
    torch.testing.assert_close(change[:-1].double(), now.sum(0).detach(), atol=1e-3, rtol=1e-3)
    (ours,) = torch.autograd.grad(distance, forged)
    (theirs,) = torch.autograd.grad(wanted, twin)
    assert (ours - theirs).norm() < 0.01 * theirs.norm()
    assert theirs.norm() > 0


def test_matching_makes_faint_ink_as_dark_as_the_real_one() -> None:
    """One number scales what ink takes from the light: it comes near what undoes the drawing."""
    moments = matched(ink=0.65)
    strength = torch.ones((), requires_grad=True)
    adam = torch.optim.Adam([strength], 0.07)
    first = None
    for step in range(40):
        page = sealed(200 + step, ink=0.65)[:2]
        forged = 0.7 - (0.7 - page) * strength
        distance, change = moments(forged, page)
        first = distance.item() if first is None else first
        adam.zero_grad()
        distance.backward()
        adam.step()
        moments.update(change)
    assert distance.item() < 0.2 * first
    # ink leaves 0.65 of the light and should leave 0.45
    assert strength.item() == pytest.approx(0.55 / 0.35, rel=0.1)


def test_the_running_mean_is_kept_and_restored() -> None:
    moments = matched(ink=0.6)
    ones, one = torch.ones_like(moments.change), torch.ones(1)
    moments.update(torch.cat([4 * ones, 4 * one]))  # four tiles, each changed by one
    assert torch.equal(moments.change, ones)
    moments.update(torch.cat([6 * ones, 2 * one]))
    assert torch.allclose(moments.change, 2 * ones)
    other = matched(ink=0.6)
    other.load_state_dict(moments.state_dict())
    for each in (moments, other):
        each.update(torch.cat([ones, one]))
    assert torch.equal(other.change, moments.change) and moments.change[0] == pytest.approx(5 / 3)


def test_a_batch_without_tiles_says_nothing() -> None:
    """No gradient, the distance is the last one known, and the running mean stays."""
    moments = matched(ink=0.6)
    moments.load_state_dict({"change": torch.ones_like(moments.change), "updates": 5})
    page = torch.full((1, 3, 128, 128), 0.7)
    forged = page.clone().requires_grad_()
    distance, change = moments(forged, page)
    (gradient,) = torch.autograd.grad(distance, forged)
    assert distance.item() > 0 and not change.any() and not gradient.any()
    moments.update(change)
    assert torch.equal(moments.change, torch.ones_like(moments.change))


def test_a_share_of_the_way_is_wanted() -> None:
    """Drawn ink is a share of the whole distance away, and what closes the share is enough."""
    page = sealed(70, ink=0.6)
    real, drawn = windows(2), windows(2, 50, ink=0.6)
    whole = InkMoments(load_seal_vgg(), LAYERS, real, drawn)
    half = InkMoments(load_seal_vgg(), LAYERS, real, drawn, share=0.5)
    unchanged = [moments(page, page)[0].item() for moments in (whole, half)]
    assert unchanged[1] == pytest.approx(0.25 * unchanged[0], rel=1e-4)
    pale = torch.full((1, 3, 128, 128), 0.7)
    for moments in (whole, half):
        # what the whole way's forger still has to change, undone half way
        moments.load_state_dict({"change": -0.5 * whole._gap, "updates": 9})
    assert half(pale, pale)[0].item() == pytest.approx(0.0, abs=1e-6)
    assert whole(pale, pale)[0].item() == pytest.approx(0.25 * unchanged[0], rel=1e-4)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_shares_beyond_the_whole_way_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"InkMoments: share must be in \(0, 1\], got"):
        InkMoments(load_seal_vgg(), LAYERS, windows(2), windows(2), share)


@pytest.mark.parametrize("layers", [(), (5,), (-1,)])
def test_layers_that_are_not_there_are_refused(layers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"InkMoments: layers must be among 0\.\.4, got"):
        InkMoments(load_seal_vgg(), layers, windows(2), windows(2))


def test_images_without_tiles_of_ink_are_refused() -> None:
    bare = [(torch.full((4, 3, 128, 128), 0.7), torch.ones(4, 1, 128, 128))]
    with pytest.raises(ValueError, match="real windows must have at least 30 tiles of 64 px .* 0;"):
        InkMoments(load_seal_vgg(), LAYERS, bare, windows(2))
    with pytest.raises(ValueError, match="drawn windows must have .*forger.moments_weight=0"):
        InkMoments(load_seal_vgg(), LAYERS, windows(2), bare)


def test_images_below_a_tile_are_refused() -> None:
    with pytest.raises(ValueError, match="judged_tiles: image must have sides of at least 64 px"):
        judged_tiles(torch.zeros(1, 3, 48, 64), torch.ones(1, 1, 48, 64))
