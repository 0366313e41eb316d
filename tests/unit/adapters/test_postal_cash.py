"""Sums of cash in the notes of the postal operator: read in every usual spelling, never guessed."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
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
        ("COD:12 000 000; đã thu", 12_000_000),
        ("COD:120000đ", 120_000),
        ("COD:120.000 VNĐ.", 120_000),
        ("cod : 1.250.000 đồng đã thu", 1_250_000),
        ("COD:120 000 đ đã thu", 120_000),
        ("COD:120000 đã thu", 120_000),
        ("(COD:120000)", 120_000),
        ("Đã thu COD: 120000\n", 120_000),
        ("BBGN: 7; COD:120.000; giao xong", 120_000),
        ("COD:120.000 BBGN:00042/BBGN-MC.", 120_000),
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
        "COD:120 2 kiện", "COD:50 100 kg", "COD:120k", "COD:120 nghìn", "COD:120000 2 kiện", "COD:00120",
        "COD:1,2 triệu", "COD:2 triệu", "COD:5 COD:6", "COD:99999999999", "COD:9999999999999999999",
        "COD:1.250.000,00", "COD:12x", "ACOD:5", "COD:٣", "COD:１２００００", "COD:120.000-150.000",
        "COD: 1.000. 000", "COD: 1.000, 000", "COD:1.000 000", "COD:120. 500", "COD:120, 500",
        "COD: 120.000. 500", "COD:120.000đ x 2", "COD:120.000đ/2", "COD:120000 x2", "COD:120000 2 lần",
        "COD:120000 + 5000", "COD:120000+5000", "COD:120000 (phí 5000)", "COD:120000 hoặc 130000",
        "COD:120000 hoặc hơn", "COD:500 USD", "COD:500$", "COD:500 €", "COD:120000~", "COD:120000?",
        "COD:120000; thực thu 100000", "COD:120000; thực thu một trăm nghìn", "COD:120000\n130000",
        "COD:120000 đồng chưa thu", "COD:120000 đ 130000 đ", "COD:5 000 100 000", "COD:120 000 đã thu",
        "chưa thu COD:120000", "phí COD: 5000", "thu thêm 5000; COD:120000", "COD:120000 đã thu hồi",
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
    is_short = amount < (10**9 if separator == " " else 10**10)
    assert cash_in(f"COD:{written}{currency}") == (amount if is_short or separator not in {"", " "} else None)


_PIECES = st.sampled_from(
    ["COD:", "COD: ", "120000", "120.000", "1", "000", "500", " ", ".", ",", ";", "\n", "đ", " đồng", "VND",
     "đã thu", "chưa thu", "x", "+", "-", "2", "BBGN:7", "USD", "(", ")", "ngàn"]
)  # fmt: skip


@given(st.lists(_PIECES, min_size=1, max_size=7).map(lambda pieces: "COD:" + "".join(pieces)))
@example("COD:1.000. 000")
def test_a_sum_stands_only_in_a_note_of_which_nothing_is_left_over(notes: str) -> None:
    amount = cash_in(notes)
    if amount is not None:
        left = re.sub(r"(?i)BBGN:\s*[\w./-]+", "", notes)
        numbers = re.findall(r"[0-9]+(?:[ .,'][0-9]{3})*(?![0-9])", left)
        assert {int(re.sub(r"[^0-9]", "", number)) for number in numbers} == {amount}
        words = set(re.findall(r"[^\W\d]+|[^\w\s.,;()]", re.sub(r"[0-9]", " ", left)))
        assert words <= {"COD", ":", "đ", "đồng", "VND", "đã", "thu"}
