"""Anchors found by words, in Chinese and English."""

from __future__ import annotations

import pytest

from seal2real.pages.anchors import find_anchors
from seal2real.pages.page import PageLine, box_quad


def line(text: str, y: float = 500.0, height: float = 20.0) -> PageLine:
    return PageLine(text, box_quad(50.0, y, 50.0 + 20 * len(text), y + height))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("甲方（盖章）：云岚有限公司", ["signature"]),
        ("日期：2024年3月5日", ["date"]),
        ("年 月 日", ["date"]),
        ("合计（大写）：壹佰元整", ["amount"]),
        ("Authorized signature", ["signature"]),
        ("Date: 5 May 2024", ["date"]),
        ("Total: 12.00", ["amount"]),
        ("Up to date tools", []),
        ("一方盖章后另一方应在三个工作日内完成审核并将合同原件寄回，逾期视为放弃权利", []),
    ],
)
def test_words_betray_places(text: str, kinds: list[str]) -> None:
    """The words documents print there; running text that mentions them does not count."""
    anchors = find_anchors([line(text)], 1000)
    assert [anchor.kind for anchor in anchors] == kinds
    assert all(anchor.box[:2] == (50.0, 500.0) for anchor in anchors)


def test_tall_line_on_top_is_the_title() -> None:
    """Twice the height of the other lines and in the upper third; a tall one below is not."""
    body = [line("正文", 300.0 + 30 * k) for k in range(5)]
    anchors = find_anchors([line("通知", 90.0, 40.0), *body, line("大字", 900.0, 40.0)], 1000)
    assert [(a.kind, a.box[1]) for a in anchors] == [("title", 90.0)]
    assert find_anchors([], 1000) == ()
