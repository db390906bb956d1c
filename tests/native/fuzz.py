"""Calls of the native module's functions with arguments that nobody would send.

Every call must return or raise one of ``REFUSALS``; a sanitized build of the module (``make
test-asan``) also sees what a plain one survives by luck.

Usage: python -m tests.native.fuzz NATIVE_MODULE.so [ROUNDS]
"""

from __future__ import annotations

import importlib.util
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from tests.native.odd import Odd

__all__ = ["CALLS", "REFUSALS", "run"]

# RuntimeError is what pybind11 raises for an attribute of another type.
REFUSALS = (ValueError, TypeError, OverflowError, RecursionError, RuntimeError)


def _store(native: Any, odd: Odd) -> Any:
    """Return a font of one odd glyph, "a"."""
    store = native.GlyphStore()
    font = store.add_font("song")
    store.set_em_box(odd.integer(-2, 2) if odd.rare() else font, odd.number(), odd.number())
    count = odd.rng.randint(0, 9)
    with np.errstate(over="ignore"):
        points = odd.floats(count, 2).astype(np.float32)
    lengths = np.array([odd.rng.randint(-3, 12)] * 2 if odd.rare(0.3) else [count], np.int32)
    code = odd.integer(0, 0x10FFFF) if odd.rare() else ord("a")
    store.add_glyph(font, code, odd.number(), points, lengths)
    store.has(odd.integer(-1, 3), ord("a"))
    return store


def _layout(native: Any, odd: Odd) -> Any:
    """Return the layout of a seal with odd measures; the spec is what Python's validation made."""
    from seal2real.seals.spec import Border, LineText, RingText, SealSpec, Star

    def measure(low: float, high: float) -> float:
        return float(odd.rng.choice((low, high))) if odd.rare() else odd.rng.uniform(low, high)

    words = "a" * odd.rng.randint(1, 12)
    width = measure(8.0, 60.0)
    spec = SealSpec(
        "test",
        odd.rng.choice(("round", "oval", "square", "rectangle", "triangle", "rhombus")),
        width,
        width,
        borders=(Border(measure(0.05, 2.0)),),
        ring_texts=(RingText(words, measure(0.5, 8.0), font="song"),) if odd.often(0.6) else (),
        lines=(LineText(words, measure(0.5, 8.0), font="song"),) if odd.often(0.6) else (),
        star=Star(measure(0.5, 20.0)) if odd.often(0.5) else None,
    )
    store = _store(native, odd)
    if odd.often():
        return native.Layout(store, spec)
    layout = native.layout_batch(store, [spec])[0]
    if layout is None:
        raise ValueError("a glyph is missing")
    return layout


def _constructor(native: Any, odd: Odd) -> None:
    """Build an object of odd fields from odd arguments."""

    def check(where: str, name: str, value: Any) -> Any:
        if value is words:
            raise ValueError(f"{where}: {name}")
        return value

    words = frozenset(("a", "b"))
    kinds = [
        ("number", None),
        ("label", None),
        ("choice", odd.rng.choice((words, 3))),
        ("flag", None),
        ("part", Odd),
    ]
    kinds += [("parts", Odd), ("", None)] + [("neither", None)] * odd.rare()
    fields = [
        (
            f"field_{at}",
            check,
            (odd.number(),) if odd.often(0.7) else (),
            (dict,) if odd.rare() else (),
            (*odd.rng.choice(kinds), odd.number(), odd.number(), odd.often()),
        )
        for at in range(odd.rng.randint(1, 6))
    ]
    made = type("Made", (), {})
    made.__init__ = native.constructor("Made", fields, SimpleNamespace, None)
    values = [odd.number(), "a", "b ", "印\ud800", None, True, odd, (odd, odd), (1,), words, 2**70]
    positional = [odd.rng.choice(values) for _ in range(odd.rng.randint(0, 4))]
    named = {f"field_{at}": odd.rng.choice(values) for at in range(odd.rng.randint(0, 7))}
    made(*positional, **({} if odd.often() else named))


def _flatten(native: Any, odd: Odd) -> None:
    sizes = [3, *(odd.rng.choice((2, 3, 4, 6, 5 * odd.rare(0.05))) for _ in range(9))]
    calls = [tuple(odd.number(-1e3, 1e3) for _ in range(size)) for size in sizes]
    calls = calls[odd.rare() :]
    native.flatten_outline(calls, odd.number(1, 2000), odd.number(1e-5, 0.1))


def _draw(native: Any, odd: Odd) -> None:
    layout, warp = _layout(native, odd), odd.warp()
    _ = layout.texts, layout.outline_mm, layout.box_mm
    native.text_labels(layout, warp[:9], warp[9:])
    width, height = odd.side(), odd.side()
    native.draw(layout, warp[:9], warp[9:], width, height, odd.integer(-9, 9), odd.integer(-9, 9))


def _draw_batch(native: Any, odd: Odd) -> None:
    count = odd.rng.randint(0, 3)
    layouts = [_layout(native, odd) for _ in range(count)] or [None]
    warps = np.stack([odd.warp() for _ in layouts])
    width, height = odd.side(), odd.side()
    rgba = odd.array(len(layouts), height, width, 4) if odd.often(0.3) else None
    native.draw_batch(layouts, warps, width, height, threads=odd.integer(1, 3), rgba=rgba)


def _press_batch(native: Any, odd: Odd) -> None:
    layouts = [_layout(native, odd) for _ in range(odd.rng.randint(1, 3))]
    warps = np.stack([odd.warp() for _ in layouts])
    inks = [odd.ink() for _ in range(odd.rng.randint(2, 3) if odd.rare() else len(layouts))]
    pages = odd.array(len(layouts), odd.side(), odd.side(), 3)
    masks = odd.array(len(layouts), 33, 33) if odd.often(0.3) else None
    native.press_batch(layouts, warps, inks, pages, odd.integer(1, 3), masks=masks)


def _ink(native: Any, odd: Odd) -> None:
    height, width = odd.side(), odd.side()
    paper = odd.array(height, width) if odd.often(0.5) else None
    place = [odd.number(0, 33), odd.number(0, 33)], [odd.number(0, 33), odd.number(0, 33)]
    native.ink(odd.array(height, width), odd.ink(), odd.number(0.5, 30), *place, paper)


def _paste(native: Any, odd: Odd) -> None:
    height, width = odd.side(), odd.side()
    images = [odd.array(height, width, 3) for _ in range(3)]
    native.paste(images[0], images[1], odd.array(height, width), images[2])


def _planes(native: Any, odd: Odd) -> None:
    height, width = odd.side(), odd.side()
    images = odd.array(height, width, 3), odd.array(height, width, 3)
    native.luma(images[0])
    native.difference(*images)
    planes = odd.array(height, width), odd.array(height, width)
    native.median(*planes, odd.integer(0, 255))
    native.coloured(planes[0], odd.array(256, 3))
    native.spread(images[0], np.ones(odd.rng.choice((255, 256)), np.float32))
    native.levels(np.zeros((3, height, width), np.float32), odd.integer(0, 9), odd.integer(0, 9))
    native.grow(planes[0], odd.integer(0, 20))
    native.feather(*planes, odd.integer(0, 9), odd.integer(0, 9))


def _resample(native: Any, odd: Odd) -> None:
    native.resample(odd.array(odd.side(), odd.side(), 3), odd.integer(1, 60), odd.integer(1, 60))


def _blend(native: Any, odd: Odd) -> None:
    height, width = odd.side(), odd.side()
    light = [odd.number(0, 1) for _ in range(3)]
    native.blend(odd.array(height, width, 3), odd.array(height, width), light)


def _capture(native: Any, odd: Odd) -> None:
    params = odd.capture()
    native.capture_radius(params)
    origin = [odd.integer(0, 4000), odd.integer(0, 4000)]
    native.capture(odd.array(odd.side(), odd.side(), 3), params, origin)


def _support(native: Any, odd: Odd) -> None:
    height, width = odd.side(), odd.side()
    images = odd.array(height, width, 3), odd.array(height, width, 3)
    native.support(*images, odd.array(height, width), odd.integer(0, 20), odd.integer(0, 20))


def _png(native: Any, odd: Odd) -> None:
    native.png_encode_mask(odd.array(odd.side(), odd.side()))


def _segments(native: Any, odd: Odd) -> None:
    page = odd.array(odd.side(), odd.side(), 3)
    window = odd.array(odd.side() // 2, odd.side() // 2, 3)
    where = [odd.integer(0, 20), odd.integer(0, 20), odd.integer(1, 32), odd.integer(1, 32)]
    native.jpeg_changed(page, window, *where)
    numbers = np.array([odd.rng.randint(-1, 6) for _ in range(odd.rng.randint(0, 3))], np.int32)
    native.jpeg_stack(page, window, *where, numbers, odd.often(0.5))


def _splice(native: Any, odd: Odd) -> None:
    stream = odd.data()
    begins, ends = native.jpeg_scan(stream)
    if odd.rare(0.5) and len(ends):
        ends[odd.rng.randrange(len(ends))] = odd.rng.choice((-1, 0, 10**9, 2**62))
    low = -1 if odd.rare(0.5) else 0
    numbers = np.array([odd.rng.randint(low, 3) for _ in range(3)], np.int32)
    stack = odd.data()
    if odd.often(0.5):
        numbers = np.arange(len(native.jpeg_scan(stack)[0]), dtype=np.int32)[::-1]
    native.jpeg_splice(stream, begins, ends, [(stack, numbers)])


def _labels(native: Any, odd: Odd) -> None:
    height, width = odd.side(), odd.side()
    boxes = np.array(
        [[odd.rng.choice((-(2**62), -5, 0, 9, 33, 2**62)) for _ in range(4)] for _ in range(3)]
    )
    images = odd.array(height, width, 3), odd.array(height, width, 3), odd.array(height, width)
    native.char_stats(*images, boxes)
    native.box_counts(images[2], boxes)
    quads = odd.floats(2, 4, 2, low=-50.0, high=90.0)
    planes = odd.array(height, width), odd.array(height, width)
    native.quad_visibility(*planes, odd.integer(0, 7), quads)


def _luma_grid(native: Any, odd: Odd) -> None:
    native.luma_grid(odd.array(odd.side(), odd.side(), 3), odd.integer(1, 17), odd.integer(1, 17))


def _json(native: Any, odd: Odd) -> None:
    native.dump_json(_value(odd, odd.rng.choice((3, 3, 3, 100_000))))


def _value(odd: Odd, depth: int) -> Any:
    """Return something nested that JSON may or may not hold."""
    if depth > 100:  # endless nesting
        nested: list[Any] = []
        for _ in range(depth):
            nested = [nested]
        return nested
    if depth == 0 or odd.often(0.4):
        bits = struct.unpack("<d", odd.rng.randbytes(8))[0]
        leaves = (None, True, bits, odd.number(), 10**40, "\ud800", '印\0"\\\x7f', b"", object())
        return odd.rng.choice(leaves)
    values = [_value(odd, depth - 1) for _ in range(odd.rng.randint(0, 3))]
    return values if odd.often(0.5) else {odd.rng.choice(("a", "章", 3)): v for v in values}


def _rng(native: Any, odd: Odd) -> None:
    rng = native.Rng(odd.integer(0, 9), odd.rng.choice(("a", 3, -1, 2**70, None, 1.5)))
    rng.uniforms(odd.rng.choice((-1, 0, 5)))
    rng._integer(odd.integer(-5, 5), odd.integer(0, 9))
    angles = odd.floats(8, low=-1e6, high=1e6)
    for function in (native.sin, native.cos, native.exp, native.log):
        function(angles)
    native.atan2(angles, angles[::-1])


def _noise_planes(native: Any, odd: Odd) -> None:
    channels, height, width = odd.rng.choice((-1, 0, 1, 5)), odd.side(), odd.side()
    scale = odd.rng.choice((0.0, 1e-3, 0.02, 4.0, 11.8, 1e300, float("nan")))
    native.noise_planes(native.Rng(1), channels, height, width, scale)


CALLS: dict[str, Callable[[Any, Odd], None]] = {
    "constructor": _constructor,
    "flatten_outline": _flatten,
    "draw": _draw,
    "draw_batch": _draw_batch,
    "press_batch": _press_batch,
    "ink": _ink,
    "blend": _blend,
    "paste": _paste,
    "luma, difference, median, coloured, spread, levels, grow, feather": _planes,
    "resample": _resample,
    "capture": _capture,
    "support": _support,
    "png_encode_mask": _png,
    "jpeg_changed, jpeg_stack": _segments,
    "jpeg_scan, jpeg_splice": _splice,
    "char_stats, box_counts, quad_visibility": _labels,
    "luma_grid": _luma_grid,
    "dump_json": _json,
    "Rng": _rng,
    "noise_planes": _noise_planes,
}


def run(native: Any, name: str, rounds: int) -> tuple[int, int]:
    """Return how many of ``rounds`` calls were answered and how many refused."""
    answered = 0
    for seed in range(rounds):
        try:
            CALLS[name](native, Odd(seed))
        except REFUSALS:
            continue
        answered += 1
    return answered, rounds - answered


def load(path: Path) -> ModuleType:
    """Return the native module at ``path``, which the package then uses too."""
    spec = importlib.util.spec_from_file_location("seal2real._C", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["seal2real._C"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sanitized = load(Path(sys.argv[1]))
    for call in CALLS:
        counts = run(sanitized, call, int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
        print(f"{call}: {counts[0]} answered, {counts[1]} refused", flush=True)
