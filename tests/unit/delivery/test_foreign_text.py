"""Texts of outside systems: the same in another writing is read, two readings are not."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.delivery import foreign_text
from hub.delivery.errors import ForeignTextError
from hub.delivery.foreign_text import read_object

READERS = (foreign_text.exact_text, foreign_text.text, foreign_text.line, foreign_text.code,
           foreign_text.digits, foreign_text.phone)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("Nguyễn Thị Thử", "Nguyễn Thị Thử"),
        (unicodedata.normalize("NFD", "Nguyễn Thị Đỗ"), "Nguyễn Thị Đỗ"),
        ("Lò Văn Ðạt", "Lò Văn Đạt"),
        ("Ngô ðình Thử", "Ngô đình Thử"),
        ("  Trần\u00a0Thị \t Thí\u3000Nghiệm\n", "Trần Thị Thí Nghiệm"),
        ("Lê\u200b Văn\ufeff Mẫu\u00ad", "Lê Văn Mẫu"),
        (None, ""),
        ("", ""),
        (" \u00a0\t", ""),
        (12, "12"),
        (12.0, "12"),
    ],
)
def test_a_name_is_read_whatever_its_form(value: object, read: str) -> None:
    assert foreign_text.line(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("0912 345 678", "0912345678"),
        ("0912.345.678", "0912345678"),
        ("(0912) 345-678", "0912345678"),
        ("0912\u00a0345\u2011678", "0912345678"),
        ("０９１２３４５６７８", "0912345678"),
        ("+84 912 345 678", "+84912345678"),
        ("+84 (0)912 345 678", "+84912345678"),
        ("84 912 345 678", "84912345678"),
        ("0275 3822 123", "02753822123"),
        ("1900 1234", "19001234"),
        (912345678, "912345678"),
        (None, ""),
        ("   ", ""),
    ],
)
def test_a_telephone_number_is_read_without_what_stands_between_its_digits(value: object, read: str) -> None:
    assert foreign_text.phone(value) == read


@pytest.mark.parametrize(
    "value",
    [
        "0912 345 678 0987 654 321",
        "0912345678 / 0987654321",
        "0275 3822 123 - 101",
        "38 221 234-10",
        "091 234",
        "0912 345 678 máy bàn",
    ],
)
def test_two_numbers_or_an_extension_are_not_joined_to_another_number(value: str) -> None:
    assert " " in foreign_text.phone(value)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("083 190 000 003", "083190000003"),
        ("083.190.000-003", "083190000003"),
        ("０８３１９０００００００３"[:12], "083190000000"),
        (83190000003, "83190000003"),
        ("083190000003/2", "083190000003/2"),
        ("A 12", "A 12"),
    ],
)
def test_a_personal_number_loses_its_separators_and_gains_no_digit(value: object, read: str) -> None:
    assert foreign_text.digits(value) == read


@pytest.mark.parametrize(
    "value",
    [True, False, [], {}, ["x"], 1.5, float("nan"), float("inf"), "\ud800", "a\udc00", "\0", "a\x1b[2J"],
)
def test_what_is_no_text_is_named_so_and_never_quoted(value: object) -> None:
    for read in READERS:
        with pytest.raises(ForeignTextError) as caught:
            read(value)
        assert repr(value) not in str(caught.value)


@given(JSON)
def test_every_reader_gives_clean_text_or_says_that_there_is_none(value: object) -> None:
    for read in READERS:
        try:
            found = read(value)
        except ForeignTextError:
            continue
        found.encode()
        assert "\0" not in found
        if read is not foreign_text.exact_text:
            assert read(found) == found


def test_what_is_signed_is_read_exactly() -> None:
    written = unicodedata.normalize("NFD", " Lệ phí Ðạt ")
    assert foreign_text.exact_text(written) == written
    assert foreign_text.exact_text(8000) == foreign_text.exact_text("8000") == "8000"


def test_an_object_is_read_and_nothing_else() -> None:
    assert read_object(b'{"a": [1, "\\ud800"]}') == {"a": [1, "\ud800"]}
    assert read_object(b'\xef\xbb\xbf{"a": 1, "a": 1}') == {"a": 1}
    for raw in (
        b"", b"[]", b"{", b"1", b"\xff\xfe", b"[" * 60_000, b'{"a":' * 60_000, b'{"a": NaN}',
        b'{"a": -Infinity}', b'{"sum": 1, "sum": 2}', b'{"in": {"sum": 1, "sum": "1"}}',
        b'{"a": ' + b"1" * 5000 + b"}",
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"."):
            read_object(raw)


@pytest.mark.parametrize("item", [b"{}", b"0", b'""', b"[]", b'{"a":0}'])
def test_a_body_of_very_many_values_is_not_read(item: bytes) -> None:
    assert len(read_object(b'{"a": [' + b",".join([item] * 1000) + b"]}")["a"]) == 1000
    with pytest.raises(ValueError, match="too many values"):
        read_object(b'{"a": [' + b",".join([item] * 100_000) + b"]}")


def test_a_text_may_hold_what_stands_between_values() -> None:
    written = {"a": '[{,\\"' * 5000}
    assert read_object(json.dumps(written).encode()) == written


@given(JSON)
def test_what_json_can_write_can_be_read(value: object) -> None:
    try:
        raw = json.dumps({"a": value}, allow_nan=False).encode()
    except ValueError:
        return
    assert read_object(raw) == json.loads(raw)
