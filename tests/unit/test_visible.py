"""Whatever stands in a text, showing it does nothing to a terminal, and its JSON reads as the same value."""

from __future__ import annotations

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.visible import visible, visible_json

ORDERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nguyễn Văn Thử\tBến Tre\n", "Nguyễn Văn Thử\tBến Tre\n"),
        ("\x1b]0;own\x07", "\\x1b]0;own\\x07"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("a\u202eb", "a\\u202eb"),
        ("120\xa0000", "120 000"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud83d", "\\ud83d"),
    ],
)
def test_what_is_no_sign_on_paper_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_no_text_gives_orders_to_a_terminal(text: str) -> None:
    assert not ORDERS.search(visible(text))
    written = orjson.dumps({text: [text]}).decode()
    assert not ORDERS.search(visible_json(written))
    assert orjson.loads(visible_json(written)) == {text: [text]}
