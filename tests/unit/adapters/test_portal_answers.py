"""What the portal answers is read without trust: no answer of it is an error of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.national_portal.answers import code_text, read_answer
from adapters.national_portal.mapping import mask_message
from adapters.national_portal.payment_query import standing_of
from adapters.national_portal.procedures import Procedure, read_procedure
from schemas.party import Party
from tests.contract.portal_world import APPLICANT

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("code", "text"),
    [("--5", "--5"), ("9" * 5000, "9" * 5000), ("\ud800", ""), ("-", "-"), ("²", "²"), (1.0, "1"),
     (" 00 ", "0"), ([], "")],
)  # fmt: skip
def test_a_code_that_is_no_number_is_no_error(code: object, text: str) -> None:
    assert code_text(code) == text


def test_names_of_a_procedure_that_are_no_text_are_empty() -> None:
    record = {"TENTTHC": "Cấp \ud83d", "LINHVUCTHUCHIEN": [{"MALINHVUC": ["x"], "TENLINHVUC": " Hộ\ntịch "}]}
    assert read_procedure(record) == Procedure("", "", "Hộ tịch")


@given(st.fixed_dictionaries({"error_code": VALUES, "message": VALUES, "result": VALUES}))
def test_any_answer_is_read_and_its_words_can_be_told(document: dict[str, Any]) -> None:
    answer = read_answer(document)
    told = [answer.code, mask_message(answer.message, Party.model_validate(APPLICANT))]
    json.dumps(told, ensure_ascii=False).encode()
    assert answer.is_ok in {True, False}


@given(st.fixed_dictionaries({"MaLoi": VALUES, "MaThamChieu": VALUES, "TrangThaiGD": VALUES}))
def test_any_answer_to_a_query_is_read(document: dict[str, Any]) -> None:
    assert standing_of(document, "x__P1") in {None, "paid", "pending", "failed", "not_known"}
