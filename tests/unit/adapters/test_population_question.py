"""Names, codes and ids of a question, and the reports about it."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.population_db.mapping import answered_report, report_id, unavailable_report
from adapters.population_db.question import Asking, national_code, plain_name, prepare, request_id
from adapters.population_db.reasons import catalogue, reason_for
from adapters.population_db.settings import DEFAULT_FAULT_CODES, Rights
from schemas.types import IDENTITY_SHAPE
from tests.contract.population_world import KNOWN, KNOWN_BY_YEAR, RIGHTS, check_message, settings_for

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
ACCENTS = {
    "A": "AÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬaàáảãạăằắẳẵặâầấẩẫậ",
    "D": "DĐdđ",
    "E": "EÈÉẺẼẸÊỀẾỂỄỆeèéẻẽẹêềếểễệ",
    "I": "IÌÍỈĨỊiìíỉĩị",
    "O": "OÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢoòóỏõọôồốổỗộơờớởỡợ",
    "U": "UÙÚỦŨỤƯỪỨỬỮỰuùúủũụưừứửữự",
    "Y": "YỲÝỶỸỴyỳýỷỹỵ",
}


@pytest.mark.parametrize(("plain", "letters"), ACCENTS.items())
def test_every_vietnamese_letter_loses_its_accents_in_both_unicode_forms(plain: str, letters: str) -> None:
    for form in ("NFC", "NFD"):
        written = [unicodedata.normalize(form, letter) for letter in letters]
        assert {plain_name(letter) for letter in written} == {plain}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Đặng Thị Ướt Giả Lập", "DANGTHIUOTGIALAP"),
        ("H'Hen  Niê", "HHENNIE"),
        ("Nguyễn-Lê Giả\u00a0Lập", "NGUYENLEGIALAP"),
        ("Trần Văn Giả 2", "TRANVANGIA2"),
        ("Lò Văn \u00d0ạt", "LOVANDAT"),
        ("lò văn \u00f0ạt", "LOVANDAT"),
        ("Lo\u0300 Va\u0306n Đa\u0323t", "LOVANDAT"),
        ("Lò\u200b Văn\u00ad Đạt", "LOVANDAT"),
    ],
)
def test_a_name_is_upper_case_without_spaces_and_punctuation(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize("name", ["王小明", "Øre Giả", "Straße", "Иван", "٣", " - ", "A" * 101])
def test_a_name_that_would_lose_letters_is_not_askable(name: str) -> None:
    assert plain_name(name) is None


@given(st.text(max_size=100))
def test_a_plain_name_is_always_bare_ascii(name: str) -> None:
    plain = plain_name(name)
    assert plain is None or re.fullmatch(r"[A-Z0-9]{1,100}", plain)


@pytest.mark.parametrize(
    ("procedure", "code"),
    [
        ("1.004194.000.00.00.H07", "1.004194.000.00.00"),
        ("1.004194.000.00.00", "1.004194.000.00.00"),
        ("1.004194.H07", "1.004194"),
        ("1.004194", "1.004194"),
    ],
)
def test_the_national_code_has_no_tail_of_a_province_and_fits_twenty_characters(
    procedure: str, code: str
) -> None:
    assert national_code(procedure) == code
    assert len(code) <= 20


def test_a_request_id_is_the_check_then_the_check_with_a_suffix() -> None:
    assert [request_id("check-1", attempt) for attempt in (1, 2, 12)] == [
        "check-1",
        "check-1-2",
        "check-1-12",
    ]


def test_a_request_id_never_passes_forty_characters_and_differs_by_check_and_attempt() -> None:
    checks = ("a" * 37, "a" * 38, "a" * 64, "b" * 64)
    ids = {request_id(check, attempt) for check in checks for attempt in (1, 2, 99)}
    assert len(ids) == 12
    assert max(map(len, ids)) == 40


def test_a_birth_date_wins_over_a_year_and_a_personal_number_over_an_old_one() -> None:
    both = {**KNOWN, **KNOWN_BY_YEAR, "name": "Giả Lập"}
    asking = prepare(check_message("c", both), RIGHTS)
    assert isinstance(asking, Asking)
    assert (asking.question.identity_number, asking.question.old_identity_number) == ("000190000001", None)
    assert (str(asking.question.birth_date), asking.question.birth_year) == ("1990-01-02", None)


def test_a_field_that_the_reader_does_not_know_is_ignored() -> None:
    assert isinstance(prepare(check_message("c", KNOWN, added_later=1), RIGHTS), Asking)


def test_without_rights_everything_is_refused() -> None:
    assert not isinstance(prepare(check_message("c", KNOWN), Rights()), Asking)


def test_a_match_is_reported_with_the_time_of_the_call_and_no_reason() -> None:
    answer = {"outcome": "matched", "check": "c", "asked_at": "2026-01-05T01:02:03+00:00"}
    message = check_message("c", KNOWN)
    report = answered_report(message, answer, AT)
    assert report.type == "onestop.identity.report.v1"
    assert report.subject == message.subject
    assert report.time == AT
    assert json.loads(report.data) == {"check": "c", "outcome": "matched", "asked_at": "2026-01-05T01:02:03Z"}


def test_could_not_ask_is_reported_with_its_reason_in_both_languages() -> None:
    report = unavailable_report(check_message("c", KNOWN), "c", reason_for("population.timeout"), AT)
    data = json.loads(report.data)
    assert (data["outcome"], data["reason"]) == ("unavailable", "population.timeout")
    assert data["reason_vi"].startswith("Cơ sở dữ liệu quốc gia về dân cư không trả lời")
    assert data["reason_en"].startswith("The population database did not answer in time")


def test_words_of_the_runtime_become_the_reason_that_we_gave_up() -> None:
    assert reason_for("deadline").code == "population.gave_up"


def test_the_report_of_a_message_has_always_the_same_id_without_any_digit() -> None:
    assert report_id("m1") == report_id("m1") != report_id("m2")
    assert not any(IDENTITY_SHAPE.search(report_id(f"m{number}")) for number in range(500))


def test_every_reason_fits_a_line_of_the_wire_and_every_known_fault_has_one() -> None:
    for reason in catalogue().values():
        assert 0 < len(reason.vi) <= 250
        assert 0 < len(reason.en) <= 250
        assert unicodedata.is_normalized("NFC", reason.vi)
    refusals = {"not_licensed", "officer_unknown", "request_invalid"} & set(DEFAULT_FAULT_CODES.values())
    assert {f"population.rejected.{kind}" for kind in refusals} <= set(catalogue())


def test_plain_http_outside_this_machine_is_a_wrong_setting() -> None:
    with pytest.raises(ValidationError, match="https outside this machine"):
        settings_for("http://population.example/service")
    assert settings_for("http://10.0.0.9/service", allow_plain_http=True).allow_plain_http
