"""The width of edges, against a ramp whose width is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forged_labels import edge_widths


def ramp(width: float) -> tuple[np.ndarray, np.ndarray]:
    """A bar of ink whose upright edges rise in a line over ``width`` px, and its label."""
    x = np.arange(60.0)
    depth = np.clip(0.5 + (10.0 - np.abs(x - 29.5)) / width, 0.0, 1.0)
    luma = np.rint(220.0 - 150.0 * depth)
    image = np.repeat(np.repeat(luma[None, :, None], 80, axis=0), 3, axis=2).astype(np.uint8)
    ink = np.repeat((depth > 0.5)[None], 80, axis=0)
    return image, ink


def test_a_softer_edge_is_wider() -> None:
    """Within the window (13 px at 24 px/mm) the width is the ramp's; a step is one of 2 px, as the
    central difference sees it."""
    label = ramp(2.0)[1]
    pages = [ramp(width)[0] for width in (1.0, 2.0, 4.0, 6.0, 10.0)]
    widths = edge_widths(pages, label, 24.0)
    assert widths is not None
    assert widths[0] == pytest.approx(2.0, abs=0.1)
    assert widths == sorted(widths)
    np.testing.assert_allclose(widths[2:], [4.0, 6.0, 10.0], rtol=0.15)


def test_faint_ink_has_no_edges() -> None:
    image, ink = ramp(2.0)
    faint = (220 - (220 - image.astype(int)) // 10).astype(np.uint8)
    assert edge_widths([faint, image], ink, 8.0) is None
