"""``seal2real.synthesise``: seals on a page of the caller's, in one call."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import seal2real
from seal2real import PlacedSeal, SealSpec, synthesise

DPI = 150.0


def paper() -> np.ndarray:
    """A blank A5 page."""
    return np.full((1240, 874, 3), 244, np.uint8)


def test_a_placed_seal_lies_where_the_caller_says() -> None:
    """The ink's box is centred on the given millimetres and as large as the seal."""
    spec = SealSpec.preset("company", seed=2)
    sample = synthesise(paper(), [PlacedSeal(spec, 70.0, 90.0, 0.0)], dpi=DPI, seed=4)
    seal = sample.record["seals"][0]
    assert np.allclose(np.array(seal["center"]) * 25.4 / DPI, [70.0, 90.0], atol=0.01)
    x0, y0, x1, y1 = (value * 25.4 / DPI for value in seal["bbox"])
    assert (x0 + x1) / 2 == pytest.approx(70.0, abs=2.0)
    assert y1 - y0 == pytest.approx(spec.height_mm, abs=4.0)


def test_bare_specs_are_placed_on_the_page_by_rule() -> None:
    """Two seals, two bits, two boxes on the page."""
    specs = [SealSpec.preset("company"), SealSpec.preset("invoice")]
    sample = synthesise(Image.fromarray(paper()), specs, dpi=DPI, seed=1)
    assert [seal["type"] for seal in sample.record["seals"]] == ["company", "invoice"]
    assert sample.synthetic.shape == paper().shape


def test_the_seed_decides_and_the_page_stays() -> None:
    """Equal seeds give equal pictures; the caller's array is not written to."""
    page = paper()
    spec = SealSpec.preset("company")
    first, again, other = (synthesise(page, [spec], dpi=DPI, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.synthetic, again.synthetic)
    assert not np.array_equal(first.synthetic, other.synthetic)
    assert (page == 244).all()


def test_crops_are_square() -> None:
    """``size`` frames the first seal."""
    sample = synthesise(paper(), [SealSpec.preset("company")], dpi=DPI, size=320)
    assert sample.mask.shape == (320, 320)
    assert sample.mask.any()


def test_refusals() -> None:
    """Nine seals, no resolution, a grey picture."""
    spec = SealSpec.preset("name_square")
    many = [PlacedSeal(spec, 60.0, 60.0)] * 9
    with pytest.raises(ValueError, match="at most 8 seals"):
        synthesise(paper(), many, dpi=DPI)
    with pytest.raises(ValueError, match="dpi must be"):
        synthesise(paper(), [spec], dpi=0)
    with pytest.raises(ValueError, match="image must be"):
        synthesise(paper()[..., 0], [spec], dpi=DPI)


def test_public_names_are_there() -> None:
    """Every name that the package promises is found, and others are not."""
    for name in seal2real.__all__:
        assert getattr(seal2real, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'forge'"):
        seal2real.forge  # noqa: B018


def test_one_seal_and_no_size_are_named() -> None:
    """Two slips of a first user: a seal outside a list, and a crop of nothing."""
    page, seal = np.full((400, 400, 3), 255, np.uint8), SealSpec.preset("company")
    with pytest.raises(TypeError, match=r"synthesise: seals must be a list, got one seal"):
        synthesise(page, seal)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"synthesise: size must be at least 1 px, got 0"):
        synthesise(page, [seal], size=0)
