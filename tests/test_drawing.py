"""The preview: ideal and pressed, labels in place, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import seal2real
from seal2real.drawing import Drawing, draw
from seal2real.rng import Rng
from seal2real.seals import Border, SealSpec
from seal2real.synthesis.ink import sample_ink


def test_ideal_drawing_has_the_true_size() -> None:
    """A 20 mm disc ring at 254 dpi: 10 px a mm; the ring's area is pi (R^2 - r^2)."""
    spec = SealSpec("x", "round", 20, 20, borders=(Border(2.0),))
    drawing = draw(spec, dpi=254, margin_mm=1)
    assert drawing.rgba.shape == (220, 220, 4)
    area = drawing.coverage.sum(dtype=np.int64) / 255 / 100
    assert area == pytest.approx(np.pi * (10**2 - 8**2), rel=2e-3)
    assert (drawing.rgba[..., 3] == drawing.coverage).all()
    assert set(np.unique(drawing.classes)) == {0, 1}
    assert drawing.ink is None


def test_labels_stand_on_their_ink() -> None:
    """Every character's quad holds ink, and belongs to the text the spec names."""
    spec = SealSpec.preset("company", seed=4)
    drawing = seal2real.draw(spec)
    assert [label["text"] for label in drawing.labels] == [text.text for text in spec.texts]
    for label in drawing.labels:
        assert len(label["chars"]) == len(label["quads"])
        for quad in label["quads"]:
            x0, y0 = np.floor(quad.min(axis=0)).astype(int)
            x1, y1 = np.ceil(quad.max(axis=0)).astype(int)
            assert drawing.coverage[y0:y1, x0:x1].max() > 127


def test_pressed_drawing_repeats_and_differs_by_seed() -> None:
    """The seed names the ink; over white, RGBA is exactly the impression."""
    spec = SealSpec.preset("special_use")
    one, same, other = (draw(spec, seed=seed) for seed in (1, 1, 2))
    assert isinstance(one, Drawing)
    assert (one.rgba == same.rgba).all()
    assert (one.rgba != other.rgba).any()
    assert one.ink is not None
    assert (one.coverage == other.coverage).all()


def test_ink_by_name_or_record() -> None:
    """A colour name, or a record made before."""
    spec = SealSpec.preset("name_square")
    blue = draw(spec, ink="blue")
    assert blue.ink is not None
    assert blue.ink.colour_name == "blue"
    inked = blue.rgba[blue.rgba[..., 3] > 128][:, :3].mean(axis=0)
    assert inked[2] > inked[0]
    ink = sample_ink(Rng(5), colour="black")
    assert draw(spec, ink=ink).ink is ink


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dpi": 0}, r"draw: dpi must be a number from 20 to 4800, got 0; use 300"),
        ({"dpi": float("nan")}, r"dpi must be a number from 20 to 4800, got nan"),
        ({"margin_mm": -1}, r"margin_mm must be a number from 0 to 100 mm, got -1"),
        ({"seed": 1.5}, r"seed must be an integer or None, got 1.5"),
        ({"ink": "green"}, r"ink must be one of red, .*got 'green'"),
        ({"dpi": 4800, "margin_mm": 100}, r"dpi must give at most 100000000 pixels"),
    ],
)
def test_refusals(arguments: dict[str, object], message: str) -> None:
    """Each names the argument, the rule and the remedy."""
    with pytest.raises(ValueError, match=message):
        draw(SealSpec.preset("company"), **arguments)  # type: ignore[arg-type]
