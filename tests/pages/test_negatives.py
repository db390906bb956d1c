"""Marks that are not seals: drawn where they are recorded, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from seal2real.pages import NEGATIVE_KINDS, Page, ProceduralPages, add_negatives, open_pages
from seal2real.pages.negatives import WithNegatives
from seal2real.rng import Rng


def blank() -> Page:
    return Page.from_array(np.full((1169, 827, 3), 250, np.uint8), 100.0)


@pytest.mark.parametrize("kind", sorted(NEGATIVE_KINDS))
def test_mark_changes_its_box_only(kind: str) -> None:
    """What differs from the bare page lies in the recorded box and fills a good part of it."""
    for seed in range(3):
        page = blank()
        marked = add_negatives(page, Rng(seed), [kind], 1)
        (record,) = marked.negatives
        assert record["kind"] == kind
        differs = (marked.image != page.image).any(axis=2)
        x0, y0, x1, y1 = record["bbox"]
        inside = differs[y0:y1, x0:x1]
        assert inside.sum() == differs.sum() > 0
        assert inside.any(axis=0).mean() > 0.3
        assert inside.any(axis=1).mean() > 0.3
        assert (page.image == 250).all()


def test_marks_absorb_light() -> None:
    """Ink over print never makes it lighter."""
    page = ProceduralPages(80.0, seed=1).page(0)
    marked = add_negatives(page, Rng(2), count=6)
    assert (marked.image <= page.image).all()
    assert len(marked.negatives) > len(page.negatives)


def test_share_of_marked_pages() -> None:
    """About two pages in five bear marks at a share of 0.4, the others are untouched."""
    plain = ProceduralPages(30.0, seed=3)
    source = WithNegatives(plain, 0.4, seed=3)
    marked = [len(source.page(i).negatives) > len(plain.page(i).negatives) for i in range(200)]
    assert 55 < sum(marked) < 105
    assert source.describe()["negatives"] == 0.4
    assert source.key(5) == plain.key(5)


def test_arguments_out_of_range() -> None:
    """Each is named, with its choices."""
    with pytest.raises(ValueError, match=r"add_negatives: kinds must be of fingerprint.*\['cat'\]"):
        add_negatives(blank(), Rng(0), ["cat"])
    with pytest.raises(ValueError, match=r"add_negatives: count must be >= 0, got -1"):
        add_negatives(blank(), Rng(0), count=-1)
    with pytest.raises(ValueError, match=r"WithNegatives: share must be in 0\.\.1, got 2"):
        WithNegatives(ProceduralPages(30.0), 2)
    with pytest.raises(ValueError, match="open_pages: args must be 'procedural' alone"):
        open_pages(("procedural", "elsewhere"))
