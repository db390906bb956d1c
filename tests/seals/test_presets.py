"""Presets: every kind of the field's table, within its measures, and nothing that does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from seal2real.rng import Rng
from seal2real.seals import PRESETS, SealSpec, preset_names, sample_preset, sample_spec
from seal2real.seals.corpus import FictionalCorpus, owner_split
from seal2real.seals.layout import layout
from seal2real.seals.presets import get_preset
from seal2real.seals.spec import SHAPES

SEEDS = range(25)


def many(name: str, count: int = 25) -> list[SealSpec]:
    """Return seals of a preset."""
    return [sample_spec(Rng(11, i), name) for i in range(count)]


@pytest.mark.parametrize("name", list(PRESETS))
def test_samples_are_what_the_preset_says(name: str) -> None:
    """Type, shape, owner; the same stream gives the same seal; JSON gives it back."""
    for i, spec in enumerate(many(name)):
        assert (spec.type, spec.shape) == (name, PRESETS[name].shape)
        assert spec.owner
        assert spec == sample_spec(Rng(11, i), name)
        assert SealSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("name", list(PRESETS))
def test_first_draw_fits(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Designs fit by themselves; resampling is for users' texts. At most 1 miss in 50."""
    calls = Counter[str]()

    def counted(design: Callable) -> Callable:
        def run(*args: object) -> SealSpec:
            calls[name] += 1
            return design(*args)

        return run

    preset = PRESETS[name]
    changed = type(preset)(**{**vars(preset), "design": counted(preset.design)})
    monkeypatch.setitem(PRESETS, name, changed)
    for i in range(50):
        sample_spec(Rng(12, i), name)
    assert calls[name] <= 51


@pytest.mark.parametrize("name", list(PRESETS))
def test_all_parts_lie_within_the_seal(name: str) -> None:
    """No character's box leaves the outline's box (0.3 mm for brackets' and commas' corners)."""
    for spec in many(name):
        for text in layout(spec).texts:
            for _, quad in text["chars"]:
                assert abs(quad[:, 0]).max() <= spec.width_mm / 2 + 0.3
                assert abs(quad[:, 1]).max() <= spec.height_mm / 2 + 0.3


def test_measures_of_the_field() -> None:
    """Sizes, borders and parts from the published table of seals (mm)."""
    for spec in many("company"):
        assert 39.5 <= spec.width_mm <= 40.5
        assert 0.9 <= spec.borders[0].width_mm <= 1.5
        assert spec.star is not None
    for spec in many("invoice"):
        assert abs(spec.width_mm - 40) <= 0.81
        assert abs(spec.height_mm - 30) <= 0.61
        tax = next(line for line in spec.lines if line.role == "tax")
        assert len(tax.text) == 18
        assert tax.height_mm == pytest.approx(3.7, rel=0.03)
        assert spec.ring_texts[0].font_role == "fangsong"
        assert any(line.text == "发票专用章" for line in spec.lines)
    for spec in many("contract"):
        assert 54 <= spec.width_mm <= 61
        assert spec.star is None
        assert {"bank", "account", "phone"} <= {line.role for line in spec.lines}
    for spec in many("foreign_invested"):
        assert abs(spec.width_mm - 45) <= 0.91
        assert [ring.direction for ring in spec.ring_texts] == ["cw", "ccw"]
    for spec in many("government"):
        assert 41 <= spec.width_mm <= 61
        assert (spec.star is None) != (spec.emblem is None)


def test_every_feature_occurs() -> None:
    """All shapes, both cuts, both directions, codes, cuts, dashes, columns over the presets."""
    specs = [spec for name in PRESETS for spec in many(name, 40)]
    assert {spec.shape for spec in specs} == set(SHAPES)
    assert {spec.name.cut for spec in specs if spec.name} == {"zhu", "bai"}
    rings = [ring for spec in specs for ring in spec.ring_texts]
    assert {ring.direction for ring in rings} == {"cw", "ccw", "ccw_out"}
    assert any(border.dash_mm for spec in specs for border in spec.borders)
    assert any(line.vertical for spec in specs for line in spec.lines)
    for shape in SHAPES:
        alike = [spec for spec in specs if spec.shape == shape]
        assert any(ring.role == "code" for spec in alike for ring in spec.ring_texts), shape
        assert any(ring.role == "owner" for spec in alike for ring in spec.ring_texts), shape
        assert any(spec.security_lines for spec in alike), shape
        assert any(spec.star for spec in alike), shape
        assert any(spec.lines for spec in alike), shape
        assert any(len(spec.borders) > 1 for spec in alike), shape


def test_owners_keep_to_the_split() -> None:
    """Also where the owner is a person or not drawn at all."""
    corpus = FictionalCorpus()
    for name in PRESETS:
        for split in ("train", "val", "test"):
            spec = sample_spec(Rng(3, name), name, corpus, split)
            assert owner_split(spec.owner) == split


def test_unknown_preset_names_the_nearest() -> None:
    """A typo is answered with the preset that was meant."""
    with pytest.raises(ValueError, match=r"get_preset: name must be .*did you mean 'company'"):
        get_preset("compny")
    with pytest.raises(ValueError, match=r"'invoice'"):
        SealSpec.preset("invoices")


def test_presets_are_picked_by_weight() -> None:
    """company has weight 6, contract 2: within 5 sigma of three to one."""
    picks = Counter(sample_preset(Rng(1, i), ["company", "contract"]) for i in range(2000))
    assert abs(picks["company"] - 1500) < 5 * (2000 * 0.75 * 0.25) ** 0.5
    assert sample_preset(Rng(1)) in preset_names()
