"""Sums of money as they stand on paper."""

from __future__ import annotations

import pytest

from hub.forms.amounts import in_words, with_points


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "Không đồng"),
        (5, "Năm đồng"),
        (15, "Mười lăm đồng"),
        (21, "Hai mươi mốt đồng"),
        (101, "Một trăm linh một đồng"),
        (1_004, "Một nghìn không trăm linh bốn đồng"),
        (50_000, "Năm mươi nghìn đồng"),
        (61_000, "Sáu mươi mốt nghìn đồng"),
        (1_250_000, "Một triệu hai trăm năm mươi nghìn đồng"),
        (2_000_005, "Hai triệu không trăm linh năm đồng"),
        (1_010_115_000, "Một tỷ không trăm mười triệu một trăm mười lăm nghìn đồng"),
    ],
)
def test_a_sum_is_written_out(amount: int, words: str) -> None:
    assert in_words(amount) == words


def test_thousands_have_points() -> None:
    assert [with_points(amount) for amount in (0, 999, 61_000, 1_250_000)] == [
        "0",
        "999",
        "61.000",
        "1.250.000",
    ]
