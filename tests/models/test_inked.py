"""Where images are judged."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from seal2real.models.inked import judged_places, judged_tiles, paper_light  # noqa: E402


def sealed(ink: float = 0.3, paper: float = 0.8) -> torch.Tensor:
    """Return [1, 3, 128, 128]: red strokes of 4 px every 16 px, their ink of a lightness."""
    image = torch.full((1, 3, 128, 128), 2 * paper - 1)
    for x in range(0, 128, 16):
        image[:, 1:, :, x : x + 4] = 2 * ink * paper - 1
    return image


def test_places_near_ink_are_judged_unless_print_or_holes_are_near() -> None:
    """Print of 16 % of a neighbourhood hides it, a hole at its rim too; farther off neither does."""
    image, valid = sealed(), torch.ones(1, 1, 128, 128)
    assert judged_places(image, valid, (16, 16)).min() == 1
    bare = torch.full_like(image, 0.6)
    assert judged_places(bare, valid, (16, 16)).max() == 0
    image[:, :, 40:48, :32] = -0.9
    valid[:, :, 100:, 100:] = 0
    found = judged_places(image, valid, (16, 16))[0, 0]
    assert found[5, 1] == 0 and found[5, 10] == 1
    assert found[14, 14] == 0 and found[12, 10] == 0 and found[14, 2] == 1


def test_ink_that_was_lost_is_still_judged() -> None:
    """A bare square of 16 px between inked strokes counts: fading must not hide."""
    image = sealed()
    image[:, :, 56:72, 56:72] = 0.6
    assert judged_places(image, torch.ones(1, 1, 128, 128), (16, 16))[0, 0, 8, 8] == 1


@pytest.mark.parametrize(("colour", "judged"), [((0.1, 0.1, 0.35), 1), ((0.3, 0.3, 0.33), 0)])
def test_dark_ink_is_judged_and_grey_print_is_not(colour: tuple, judged: int) -> None:
    """What tells print from dark ink is that print has no colour."""
    image = torch.full((1, 3, 64, 64), 0.8)
    image[..., 20:36] = 2 * torch.tensor(colour)[:, None, None] - 1
    assert judged_places(image, torch.ones(1, 1, 64, 64), (8, 8))[0, 0, 4, 3] == judged


def test_paper_is_what_nine_tenths_do_not_exceed() -> None:
    """A quantile of the light from black, and never nothing."""
    image = torch.full((2, 3, 10, 10), -0.5)
    image[1, :, :2] = 0.7
    assert paper_light(image).flatten().tolist() == pytest.approx([0.5, 1.7])
    assert paper_light(torch.full((1, 3, 4, 4), -1.0)).item() == pytest.approx(0.2)


def test_tiles_have_the_rule_of_places() -> None:
    """Of five tiles across, each 64 px wide and 32 apart, those with print, holes or no ink drop."""
    image = sealed().repeat(1, 1, 1, 2)[..., :192]
    valid = torch.ones(1, 1, 128, 192)
    assert judged_tiles(image, valid).shape == (1, 3, 5) and judged_tiles(image, valid).all()
    image[:, :, :24, :24] = -0.9
    valid[:, :, 124:, 188:] = 0
    image[:, :, 64:, :64] = 0.6
    found = judged_tiles(image, valid)[0]
    assert found.tolist() == [
        [False, True, True, True, True],
        [True, True, True, True, True],
        [False, True, True, True, False],
    ]
