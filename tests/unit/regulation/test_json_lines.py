"""The line of a place in a JSON text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.regulation.json_lines import line_of

TEXT = """{
 "code": "x",
 "data": {
   "code": "9",
   "cases": [
     {"a": 1,
      "code": 2},
     {"code": 3}
   ],
   "n": [1,
     2, [3,
      4]],
   "z": "a{b[,\\"c:"
 }
}"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 1), ("code", 2), ("data", 3), ("data.code", 4), ("data.cases[0].code", 7),
        ("data.cases[1].code", 8),
        ("data.n[1]", 11), ("data.n[2][1]", 12), ("data.z", 13),
    ],
)  # fmt: skip
def test_each_key_and_entry_has_its_line(path: str, line: int) -> None:
    assert line_of(TEXT, path) == line


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    assert (line_of(TEXT, "data.cases[1].x"), line_of(TEXT, "data.y"), line_of(TEXT, "y.z")) == (8, 3, 1)


@given(
    some.recursive(
        some.integers(), lambda inner: some.lists(inner) | some.dictionaries(some.just("k"), inner)
    )
)
def test_a_text_of_one_line_has_one_line(value: object) -> None:
    assert line_of(json.dumps(value), "k[0].k") == 1


@pytest.mark.parametrize("text", ["]]]", "{,:", "[" * 100_000, '"', '{"a":', ""])
def test_what_is_no_json_ends_nothing(text: str) -> None:
    assert line_of(text, "a.b[1]") == 1
