"""Placement rules: on the paper, where their names say, and drawn by weight."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from seal2real.pages import Page, ProceduralPages
from seal2real.rng import Rng
from seal2real.synthesis.place import PLACEMENT_RULES, cross_page_parts, sample_placements

SIZE = (40.0, 40.0)


def contract() -> Page:
    source = ProceduralPages(100.0, seed=1, languages=("zh",), kinds=("contract",))
    pages = (source.page(i) for i in range(50))
    return next(page for page in pages if any(a.kind == "signature" for a in page.anchors))


def test_seals_lie_on_the_paper() -> None:
    """A 40 mm seal (79 px half) keeps its centre so far from the edges; a huge one is centred."""
    page = contract()
    for k in range(200):
        (x, y) = sample_placements(Rng(0, k), page, [SIZE])[0].center_px
        assert 78 <= x <= page.width - 78
        assert 78 <= y <= page.height - 78
        for placement in sample_placements(Rng(1, k), page, [SIZE, (20.0, 12.0)]):
            x, y = placement.center_px
            assert 39 <= x <= page.width - 39
            assert 23 <= y <= page.height - 23
    (huge,) = sample_placements(Rng(1), page, [(900.0, 900.0)])
    assert huge.center_px == (page.width / 2, page.height / 2)


@pytest.mark.parametrize("rule", ["signature", "date", "title"])
def test_anchored_rules_touch_an_anchor_of_their_kind(rule: str) -> None:
    """The seal's box meets the box of an anchor of that kind, nearly always."""
    page = contract()
    boxes = [a.box for a in page.anchors if a.kind == rule]
    if not boxes:
        assert rule == "title"
        return
    hits = 0
    for k in range(100):
        (placement,) = sample_placements(Rng(2, k), page, [SIZE], {rule: 1.0})
        assert placement.rule == rule
        x, y = placement.center_px
        hits += any(
            x - 79 < b[2] and b[0] < x + 79 and y - 79 < b[3] and b[1] < y + 79 for b in boxes
        )
    assert hits >= 95


def test_text_is_covered_and_blank_is_not() -> None:
    """Over a line of text in one rule; in the other the box holds little print."""
    page = contract()
    dark = page.image.max(axis=2) < 128

    def share(rule: str, k: int) -> float:
        (placement,) = sample_placements(Rng(3, k), page, [(20.0, 20.0)], {rule: 1.0})
        x, y = (int(v) for v in placement.center_px)
        return float(dark[max(y - 39, 0) : y + 39, max(x - 39, 0) : x + 39].mean())

    assert np.mean([share("text", k) for k in range(40)]) > 0.04
    assert np.mean([share("blank", k) for k in range(40)]) < 0.004


def test_seals_keep_off_the_table_beside_the_paper() -> None:
    """A photograph whose left 45 % is dark wood: seals reach over it by little, if at all."""
    image = np.full((1170, 827, 3), 200, np.uint8)
    image[:, :372] = (90, 60, 40)
    image[300:600:20, 400:800] = 40
    page = Page.from_array(image, 100.0)
    rng = Rng(7)
    reach = [
        372.0 - (sample_placements(rng.child(k), page, [SIZE])[0].center_px[0] - 78.7)
        for k in range(120)
    ]
    # a cell of 4 mm is 16 px; 6 % of the seal's box, rounded up to whole cells
    assert np.mean(np.array(reach) <= 2 * 16) > 0.95


def test_a_dark_photograph_is_still_stamped() -> None:
    """Where no place will do, the last one drawn is taken: retries are bounded."""
    image = np.full((600, 500, 3), 10, np.uint8)
    image[:260] = 200
    image[300:340, 200:240] = 255
    for k in range(20):
        assert len(sample_placements(Rng(8, k), Page.from_array(image, 100.0), [SIZE])) == 1


def test_scans_are_searched_for_print() -> None:
    """A scan without text layer, printed in its upper half, in uneven light."""
    light = np.linspace(150, 240, 1169)[:, None, None]
    image = np.broadcast_to(light, (1169, 827, 3)).astype(np.uint8).copy()
    for y in range(120, 560, 24):
        image[y : y + 10, 100:720:14] = 40
        image[y : y + 10, 104:720:14] = 40
    page = Page.from_array(image, 100.0)
    small = [(12.0, 12.0)]
    over = [sample_placements(Rng(4, k), page, small, {"text": 1.0})[0] for k in range(40)]
    bare = [sample_placements(Rng(4, k), page, small, {"blank": 1.0})[0] for k in range(40)]
    signed = [sample_placements(Rng(4, k), page, small, {"signature": 1.0})[0] for k in range(40)]
    assert all(100 < p.center_px[1] < 590 for p in over)
    assert sum(p.center_px[1] > 580 or p.center_px[0] < 100 for p in bare) > 30
    assert all(350 < p.center_px[1] < 700 for p in signed)


def test_rules_come_by_weight_and_angles_are_mostly_small() -> None:
    """Signature and date lead by their weights; eight angles in ten lie within 12 degrees."""
    page = contract()
    drawn = [sample_placements(Rng(5, k), page, [SIZE])[0] for k in range(600)]
    counts = Counter(p.rule for p in drawn)
    assert [name for name, _ in counts.most_common(2)] == ["signature", "date"]
    assert set(counts) <= set(PLACEMENT_RULES)
    assert 0.75 < np.mean([abs(p.angle_deg) < 12 for p in drawn]) < 0.97
    assert any(abs(p.angle_deg) > 45 for p in drawn)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_seals_stands_any_way_round(share: float) -> None:
    """100 of 180 degrees lie beyond 80; a careless hand never gets there (5 deviations)."""
    page = contract()
    drawn = [
        placement
        for k in range(300)
        for placement in sample_placements(Rng(9, k), page, [(40, 40)], any_angle=share)
    ]
    turned = np.mean([abs(p.angle_deg) > 80 for p in drawn])
    assert turned == pytest.approx(share * 100 / 180, abs=0.0 if share == 0 else 0.09)


def test_a_share_beyond_1_is_refused() -> None:
    with pytest.raises(ValueError, match="sample_placements: any_angle must be in 0..1, got 1.5"):
        sample_placements(Rng(1), contract(), [SIZE], any_angle=1.5)


def test_second_seals_overlap_stand_beside_or_alone() -> None:
    """Overlapping boxes share area, neighbours do not."""
    page = contract()
    seen = Counter()
    for k in range(300):
        first, second = sample_placements(Rng(6, k), page, [(24.0, 24.0)] * 2, {"text": 1.0})
        seen[second.rule] += 1
        gap = np.abs(np.subtract(first.center_px, second.center_px)).max() / page.px_per_mm
        if second.rule == "overlap":
            assert gap < 24.0
    assert set(seen) == {"overlap", "beside", "text"}
    assert min(seen.values()) > 30


def test_none_and_reproducible() -> None:
    """No seal, no placement; the same stream gives the same places."""
    page = contract()
    assert sample_placements(Rng(1), page, []) == []
    assert sample_placements(Rng(7), page, [SIZE] * 3) == sample_placements(
        Rng(7), page, [SIZE] * 3
    )


def test_cross_page_parts_tile_the_seal() -> None:
    """Part k of n shows the strip [k, k + 1] / n of the seal's width at the right edge."""
    page = contract()
    parts = cross_page_parts(Rng(1), page, SIZE, 3, "g1")
    width = 40.0 * page.px_per_mm
    for k, placement in enumerate(parts):
        assert placement.group is not None
        assert placement.group.to_dict() == {"id": "g1", "part": k, "of": 3}
        shown = page.width - (placement.center_px[0] - width / 2)
        assert shown == pytest.approx(width * (k + 1) / 3)
    assert len({(p.center_px[1], p.angle_deg) for p in parts}) == 1
    with pytest.raises(ValueError, match="cross_page_parts: of must be at least 2, got 1"):
        cross_page_parts(Rng(1), page, SIZE, 1, "g1")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"moon": 1.0}, "rules must map signature, .* got 'moon': 1.0"),
        ({"text": -1.0}, "got 'text': -1.0"),
        ({}, "rules must give one rule a weight above 0"),
    ],
)
def test_rules_are_checked(rules: dict, message: str) -> None:
    """The rule and the choices are named."""
    with pytest.raises(ValueError, match=f"sample_placements: .*{message}|{message}"):
        sample_placements(Rng(1), contract(), [SIZE], rules)
