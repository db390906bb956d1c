"""Text lines straightened through polygons."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from seal2real.sealdb.unwrap import densify, unwrap, unwrap_chars

CENTER = (100.0, 100.0)


def ring_polygon(count: int, start: float, stop: float, outer: float = 80.0, inner: float = 60.0):
    """Text polygon of a ring sector, angles in degrees clockwise from the right."""
    angles = [math.radians(start + (stop - start) * i / (count - 1)) for i in range(count)]
    edge = [
        [(CENTER[0] + r * math.cos(a), CENTER[1] + r * math.sin(a)) for a in angles]
        for r in (outer, inner)
    ]
    return np.array(edge[0] + edge[1][::-1])


def polar_image(size: int = 200) -> np.ndarray:
    """Image whose red is the radius and whose green is the angle/2 (degrees) at the pixel centre."""
    y, x = np.mgrid[:size, :size] + 0.5
    radius = np.hypot(x - CENTER[0], y - CENTER[1])
    angle = np.degrees(np.arctan2(y - CENTER[1], x - CENTER[0])) % 360.0
    return np.stack([radius, angle / 2, radius * 0], axis=-1).round().astype(np.uint8)


def test_axis_aligned_box_is_the_crop():
    """A box on pixel borders samples pixel centres: the strip is the crop, bit for bit."""
    image = np.arange(20 * 30, dtype=np.int64).reshape(20, 30).astype(np.uint8)
    strip = unwrap(image, [[3, 5], [23, 5], [23, 12], [3, 12]])
    assert np.array_equal(strip.image, image[5:12, 3:23])


def test_reading_down_lays_columns_on_their_side():
    """A column read downwards has its top edge at the right: the strip is the crop turned left."""
    image = np.arange(20 * 30, dtype=np.int64).reshape(20, 30).astype(np.uint8)
    strip = unwrap(image, [[10, 2], [10, 18], [4, 18], [4, 2]])
    assert np.array_equal(strip.image, np.rot90(image[2:18, 4:10]))


@pytest.mark.parametrize("count", [33, 200])
def test_dense_ring_becomes_straight(count):
    """Analytic: row i of the strip lies at radius 80 - (i + 0.5), angles grow linearly."""
    strip = unwrap(polar_image(), ring_polygon(count, 200, 340), height_px=20)
    rows = strip.image[:, 4:-4, 0].astype(float)
    expected = 80.0 - (np.arange(20) + 0.5)
    sagitta = 80.0 * (1 - math.cos(math.radians(70 / (count - 1))))
    assert np.abs(rows - expected[:, None]).max() <= 1.0 + sagitta
    angles = strip.image[10, :, 1] * 2.0
    expected_angles = 200 + 140 * (np.arange(len(angles)) + 0.5) / len(angles)
    assert np.abs(angles - expected_angles).max() <= 2.0


def test_width_is_the_middle_arc():
    """Analytic: the middle of the sector is 70 px x 140 degrees long."""
    strip = unwrap(polar_image(), ring_polygon(200, 200, 340))
    assert strip.image.shape[0] == 20
    assert abs(strip.image.shape[1] - 70 * math.radians(140)) <= 1.0


def test_map_back_meets_the_polar_formula():
    """Analytic: strip point (x, y) is at radius 80 - y on the ring; ends are the polygon's ends."""
    polygon = ring_polygon(400, 150, 390)
    strip = unwrap(polar_image(), polygon, height_px=20)
    width = strip.image.shape[1]
    x = np.linspace(0, width, 50)
    back = strip.to_image(np.stack([x, np.full(50, 5.0)], axis=1))
    radius = np.hypot(back[:, 0] - CENTER[0], back[:, 1] - CENTER[1])
    assert np.abs(radius - 75.0).max() < 0.01
    assert np.allclose(strip.to_image([[0, 0], [width, 0]]), polygon[[0, 399]], atol=1e-9)


def test_coordinates_are_the_map_of_pixel_centres():
    """The grid equals ``to_image`` of the pixel centres."""
    strip = unwrap(polar_image(), ring_polygon(9, 200, 340))
    height, width = strip.image.shape[:2]
    centres = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), axis=-1)
    assert np.array_equal(
        strip.coordinates().reshape(-1, 2), strip.to_image(centres.reshape(-1, 2))
    )


@pytest.mark.parametrize("points", [5, 6, 8])
def test_spline_rounds_few_points(points):
    """Analytic: through 2 x 8 points of a 260 degree ring the spline stays within 2 % of the glyphs' height."""
    dense = densify(ring_polygon(points, 140, 140 + 260 * (points - 1) / 7))
    half = len(dense) // 2
    radius = np.hypot(dense[:, 0] - CENTER[0], dense[:, 1] - CENTER[1])
    assert np.abs(radius[:half] - 80.0).max() < 0.4
    assert np.abs(radius[half:] - 60.0).max() < 0.4


def test_spline_beats_chords():
    """The reason for the method: straight chords of 37 degrees cut 4 px off an 80 px ring."""
    polygon = ring_polygon(8, 140, 400)
    chord = unwrap(polar_image(), polygon, height_px=20).image[0, 4:-4, 0].astype(float)
    spline = unwrap(polar_image(), polygon, height_px=20, method="spline").image[0, 4:-4, 0]
    assert np.abs(chord - 79.5).max() > 3.0
    assert np.abs(spline.astype(float) - 79.5).max() <= 1.5


def test_two_point_edges_stay_straight():
    """A quad has nothing to bend: both methods agree."""
    polygon = [[3.0, 5.0], [23.5, 6.0], [23.0, 12.0], [3.0, 12.5]]
    image = np.arange(600, dtype=np.int64).reshape(20, 30).astype(np.uint8)
    dense, spline = (unwrap(image, polygon, method=m) for m in ("dense", "spline"))
    assert dense.image.shape == spline.image.shape
    difference = dense.image.astype(int) - spline.image.astype(int)
    assert np.abs(difference).max() <= 1


def test_repeated_points_are_skipped():
    """A pair given twice adds nothing to the strip."""
    polygon = ring_polygon(9, 200, 340)
    doubled = np.concatenate([polygon[:4], polygon[3:15], polygon[14:]])
    assert np.array_equal(
        unwrap(polar_image(), polygon).image, unwrap(polar_image(), doubled).image
    )
    assert np.array_equal(
        unwrap(polar_image(), polygon, method="spline").image,
        unwrap(polar_image(), doubled, method="spline").image,
    )


def test_chars_are_set_in_the_order_given():
    """Two boxes, second first: their crops side by side."""
    image = np.arange(600, dtype=np.int64).reshape(20, 30).astype(np.uint8)
    boxes = [[[x, 4], [x + 6, 4], [x + 6, 12], [x, 12]] for x in (15, 3)]
    strip = unwrap_chars(image, boxes)
    assert np.array_equal(strip.image, np.hstack([image[4:12, 15:21], image[4:12, 3:9]]))
    assert np.allclose(strip.to_image([[7.0, 1.0]]), [[4.0, 5.0]])


def test_chars_keep_their_proportions():
    """A character of double height and equal width becomes half as wide beside its neighbour."""
    image = np.arange(600, dtype=np.int64).reshape(20, 30).astype(np.uint8)
    boxes = [
        [[x, 2], [x + 6, 2], [x + 6, 2 + high], [x, 2 + high]] for x, high in ((3, 6), (15, 12))
    ]
    strip = unwrap_chars(image, boxes, height_px=12)
    assert strip.starts.tolist() == [0.0, 12.0, 18.0]
    assert np.array_equal(strip.image[:, 12:], image[2:14, 15:21])


def test_outside_repeats_the_border():
    """Half of the box lies left of the image."""
    image = np.arange(600, dtype=np.int64).reshape(20, 30).astype(np.uint8)
    strip = unwrap(image, [[-4, 5], [4, 5], [4, 7], [-4, 7]])
    assert np.array_equal(strip.image[:, :4], np.repeat(image[5:7, :1], 4, axis=1))


STRIPS = """
import hashlib
import numpy as np
from seal2real.sealdb.unwrap import unwrap, unwrap_chars
image = (np.indices((97, 113)).prod(axis=0) % 251).astype(np.uint8)
t = np.arange(16) / 7.3
edge = np.stack([50 + 31.7 * (1 - t * t / 9), 48 + 29.3 * (t - t * t * t / 11)], axis=1)
polygon = np.concatenate([edge[:8], 50 + (edge[:8][::-1] - 50) * 0.61])
strips = [unwrap(image, polygon, method=m).image for m in ("dense", "spline")]
strips.append(unwrap_chars(image, polygon.reshape(4, 4, 2) + 0.37).image)
print(hashlib.sha256(b"".join(s.tobytes() for s in strips)).hexdigest())
"""


def test_same_bytes_without_vector_units():
    """NumPy and libm stripped of their dispatched code paths give the same strips."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    switched = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    plain = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(switched)}
    plain["GLIBC_TUNABLES"] = "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-AVX"
    found = {
        subprocess.run(
            [sys.executable, "-c", STRIPS], env=env, check=True, capture_output=True, text=True
        ).stdout
        for env in (dict(os.environ), plain)
    }
    assert len(found) == 1 and len(found.pop().strip()) == 64


@pytest.mark.parametrize(
    ("polygon", "options", "message"),
    [
        ([[0, 0], [1, 0], [1, 1]], {}, r"unwrap: polygon must have an even number"),
        ([[0, 0], [1, 0]], {}, r"unwrap: polygon must have an even number"),
        ([[0, 0], [1, 0], [1, 1], [0, math.nan]], {}, r"unwrap: polygon must be finite"),
        ([[1, 1]] * 6, {}, r"unwrap: polygon must have length and height"),
        ([[0, 0], [9, 0], [9, 0], [0, 0]], {}, r"unwrap: polygon must have length and height"),
        ([[1, 1]] * 6, {"method": "spline"}, r"densify: polygon must have length"),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], {"height_px": 0}, r"unwrap: height_px must be at least"),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], {"method": "tps"}, r"unwrap: method must be 'dense'"),
        ([[0, 0], [9e5, 0], [9e5, 9], [0, 9]], {}, r"unwrap: strip must be at most 32768 px"),
    ],
)
def test_bad_polygons_are_refused(polygon, options, message):
    """Each rule of the docstring, by name."""
    with pytest.raises(ValueError, match=message):
        unwrap(np.zeros((20, 30), np.uint8), polygon, **options)


def test_bad_arrays_are_refused():
    """Images of another type and quads of another shape."""
    box = [[0, 0], [4, 0], [4, 2], [0, 2]]
    with pytest.raises(ValueError, match=r"unwrap: image must be uint8 \[H, W\]"):
        unwrap(np.zeros((20, 30)), box)
    with pytest.raises(ValueError, match=r"unwrap_chars: quads must have shape \[n, 4, 2\]"):
        unwrap_chars(np.zeros((20, 30), np.uint8), box)
