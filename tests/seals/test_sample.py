"""SealSpec.preset and sample_spec: overrides, users' texts, errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seal2real.rng import Rng
from seal2real.seals import Border, SealSpec, Star, sample_spec
from seal2real.seals.fonts import MissingGlyph
from seal2real.seals.layout import layout


def test_preset_is_fixed_by_its_seed() -> None:
    """No argument means seed 0; another seed is another seal."""
    assert SealSpec.preset("company") == SealSpec.preset("company", seed=0)
    assert SealSpec.preset("company") != SealSpec.preset("company", seed=1)


def test_overrides() -> None:
    """Texts by role, sizes, and whole fields of the spec."""
    spec = SealSpec.preset(
        "invoice", owner="晴原第一商行", tax="91000000000000000X", width_mm=44, notes={"a": 1}
    )
    assert spec.owner == spec.ring_texts[0].text == "晴原第一商行"
    assert "91000000000000000X" in [line.text for line in spec.lines]
    assert spec.width_mm == 44
    assert spec.notes == {"a": 1}
    changed = SealSpec.preset("company", star=Star(9), borders=(Border(2.0),))
    assert changed.star == Star(9)
    assert changed.borders == (Border(2.0),)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ownr": "x"}, r"SealSpec.preset: unknown override, got 'ownr'; did you mean 'owner'"),
        ({"width_mm": 3}, r"width_mm must be a number from 5 to 150 mm, got 3"),
        ({"width_mm": float("nan")}, r"width_mm must be a number from 5 to 150 mm, got nan"),
        ({"owner": "云\n泽"}, r"owner must be one printable line"),
        ({"seed": "a"}, r"seed must be an integer, got 'a'"),
        ({"star": 3}, r"star must be a Star or None, got 3"),
        (
            {"owner": "云" * 60, "width_mm": 20},
            r"'company' must be able to hold its texts, .*too long",
        ),
        # font and character come first; tries and presets are not what is wrong
        (
            {"owner": "云泽\U0001f600公司"},
            r"^ensure_glyphs: text must be in font 'song', got '\U0001f600' \(U\+1F600\)",
        ),
    ],
)
def test_bad_overrides(overrides: dict[str, object], message: str) -> None:
    """Each names the override, the rule and the remedy."""
    with pytest.raises(ValueError, match=message):
        SealSpec.preset("company", **overrides)


def test_texts_that_a_font_lacks_are_sampled_anew() -> None:
    """A corpus with some undrawable owners still gives seals, never a blank square."""
    owners = ["晴原商行", "晴\U0001f600原商行"]
    for i in range(20):
        spec = sample_spec(Rng(i), "private", lambda rng: {"owner": rng.choice(owners)})
        assert spec.owner == "晴原商行"


def test_corpus_file(tmp_path: Path) -> None:
    """A user's table gives owner and code; the rest stays fictional."""
    path = tmp_path / "owners.tsv"
    path.write_text("owner\tcode\n晴原商行\t1234567890123\n" * 1, encoding="utf-8")
    from seal2real.seals.corpus import FileCorpus

    corpus = FileCorpus(path, fractions=(1, 0, 0))
    codes = {
        ring.text
        for i in range(12)
        for ring in sample_spec(Rng(i), "private", corpus).ring_texts
        if ring.role == "code"
    }
    assert codes == {"1234567890123"}


def test_owners_of_a_company_list_fill_name_seals() -> None:
    """A list of companies and a preset for persons: the owner is carved, up to 24 characters."""
    for i in range(10):
        for name in ("name_square", "name_round", "name_column"):
            spec = sample_spec(Rng(i), name, lambda rng: {"owner": "云泽市晨岚科技有限公司"})
            assert spec.name is not None
            assert spec.name.text.startswith("云泽市晨岚科技有限公司")


def test_layout_is_cached_and_names_missing_glyphs() -> None:
    """Equal specs share a layout; a missing glyph names font and character."""
    spec = SealSpec.preset("company")
    assert layout(spec) is layout(SealSpec.from_json(spec.to_json()))
    bad = SealSpec("x", "round", 40, 40, lines=_lines())
    with pytest.raises(MissingGlyph, match=r"font 'hei', got '\U0001f600' \(U\+1F600\)"):
        layout(bad)


def _lines() -> Iterator:
    from seal2real.seals import LineText

    return [LineText("\U0001f600", 5, font="hei")]  # type: ignore[return-value]
