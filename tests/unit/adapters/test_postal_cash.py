"""Sums of cash in the notes of the postal operator: read in every usual spelling, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postal.cash import cash_in


@pytest.mark.parametrize(
    ("notes", "sum_"),
    [
        ("COD:120000", 120_000),
        ("COD:120.000", 120_000),
        ("COD: 120,000", 120_000),
        ("COD:120 000", 120_000),
        ("COD:120\u00a0000", 120_000),
        ("COD:1.250.000", 1_250_000),
        ("COD:120000đ", 120_000),
        ("COD:120.000 VNĐ", 120_000),
        ("cod : 1.250.000 đồng đã thu", 1_250_000),
        ("COD:120 000 đ đã thu", 120_000),
        ("COD:120000 đã thu", 120_000),
        ("COD:120000 2 kiện", 120_000),
        ("BBGN: 7; COD:120.000; giao xong", 120_000),
        ("COD:7 COD:7", 7),
        ("COD:0", 0),
    ],
)
def test_a_sum_is_read_as_it_is_usually_written(notes: str, sum_: int) -> None:
    assert cash_in(notes) == sum_


@pytest.mark.parametrize(
    "notes",
    [
        "", "COD:", "COD:-5", "COD:120.5", "COD:12.00", "COD:1.250,000", "COD:1.250.00", "COD:120.0000",
        "COD:120 2 kiện",        "COD:50 100 kg", "COD:120k", "COD:120 nghìn",
        "COD:1,2 triệu", "COD:2 triệu", "COD:5 COD:6", "COD:99999999999",
        "COD:1.250.000,00", "COD:12x", "ACOD:5", "COD:٣", "COD:120.000-150.000",
    ],
)  # fmt: skip
def test_what_has_two_readings_or_none_is_no_sum(notes: str) -> None:
    assert cash_in(notes) is None


@given(
    st.integers(0, 10_000_000_000),
    st.sampled_from(["", ".", ",", " ", "'"]),
    st.sampled_from(["", "đ", " VND"]),
)
def test_whatever_parts_the_thousands_the_sum_is_the_same(amount: int, separator: str, currency: str) -> None:
    written = f"{amount:,}".replace(",", separator)
    if separator or amount < 10**10:
        assert cash_in(f"COD:{written}{currency}") == amount
