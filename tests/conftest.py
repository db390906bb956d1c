"""Which of the slow tests run: none by default, all with ``-m slow``, a fixed sample in CI.

``@pytest.mark.slow`` counts as a minute, ``@pytest.mark.slow(seconds=20)`` as what it says.
"""

from __future__ import annotations

import hashlib

import pytest

DEFAULT_SECONDS = 60.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--slow-sample",
        type=float,
        metavar="SECONDS",
        help="also run slow tests that take about SECONDS together, the same ones every time",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "slow" in (config.option.markexpr or "") or _named_on_command_line(config):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    chosen = sample(slow, config.getoption("slow_sample") or 0.0)
    left_out = [item for item in slow if item.nodeid not in chosen]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        dropped = {item.nodeid for item in left_out}
        items[:] = [item for item in items if item.nodeid not in dropped]


def _named_on_command_line(config: pytest.Config) -> bool:
    """Return whether single tests were asked for by their id."""
    return any("::" in str(argument) for argument in config.args)


def sample(slow: list[pytest.Item], budget: float) -> set[str]:
    """Return ids of tests worth ``budget`` seconds, taken in the order of their ids' hashes."""
    order = sorted(slow, key=lambda item: hashlib.sha256(item.nodeid.encode()).hexdigest())
    chosen: set[str] = set()
    for item in order:
        marker = item.get_closest_marker("slow")
        seconds = float(marker.kwargs.get("seconds", DEFAULT_SECONDS)) if marker else 0.0
        if seconds <= budget:
            budget -= seconds
            chosen.add(item.nodeid)
    return chosen
