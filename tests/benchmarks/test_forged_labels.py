"""The width of edges, against a ramp whose width is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forged_labels import edge_width


def ramp(width: float) -> tuple[np.ndarray, np.ndarray]:
    """A bar of ink whose upright edges rise in a line over ``width`` px, and its label."""
    x = np.arange(60.0)
    depth = np.clip(0.5 + (10.0 - np.abs(x - 29.5)) / width, 0.0, 1.0)
    luma = np.rint(220.0 - 150.0 * depth)
    image = np.repeat(np.repeat(luma[None, :, None], 80, axis=0), 3, axis=2).astype(np.uint8)
    ink = np.repeat((depth > 0.5)[None], 80, axis=0)
    return image, ink


def test_a_softer_edge_is_wider() -> None:
    """Up to the window of 5 px the width is the ramp's, with a pixel for the central difference."""
    widths = [edge_width(*ramp(width)) for width in (1.0, 2.0, 4.0)]
    assert all(width is not None for width in widths)
    assert widths[0] == pytest.approx(2.0, abs=0.1)
    assert widths[0] < widths[1] < widths[2]
    assert widths[2] == pytest.approx(4.0, abs=0.6)


def test_faint_ink_has_no_edges() -> None:
    image, ink = ramp(2.0)
    faint = (220 - (220 - image.astype(int)) // 10).astype(np.uint8)
    assert edge_width(faint, ink) is None
