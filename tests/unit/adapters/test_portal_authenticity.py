"""MaXacThuc: what is joined can be read in one way only, and what is read was signed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from adapters.national_portal import authenticity, payment
from adapters.national_portal.authenticity import ANSWER, BILL, CONFIRM, LOOKUP, QUERY
from adapters.national_portal.mapping import read_wire_time
from adapters.national_portal.payment import Confirmation
from adapters.national_portal.record import Record
from adapters.national_portal.settings import PaymentSettings
from adapters.national_portal.texts import door_text
from schemas.payment import ReportPayment
from tests.contract.portal_world import APPLICANT, FACT_TIME, PAYMENT_SECRET, settings_for

SHARED = PaymentSettings(partner="BENTRE", secret=SecretStr(PAYMENT_SECRET))
KINDS = (CONFIRM, ANSWER, LOOKUP, BILL, QUERY)
RECORD = Record(
    situation="accepted", procedure="2.000635", organisation="H07.34.12", agency="H07.20",
    channel="in_person", return_channel="in_person", applicant=APPLICANT, code="H07.34.12-260302-0001",
    submitted_at=FACT_TIME,
)  # fmt: skip


def result(**changes: Any) -> dict[str, Any]:
    """A result as the platform sends it, signed by the rule of the contract, written out here."""
    fields = {
        "LoaiBanTin": "CONFIRM",
        "MaLoi": "00",
        "MaDoiTac": "BENTRE",
        "MaThamChieu": "H07.34.12-260302-0001__P1",
        "SoTien": 8000,
        "MaTienTe": "VND",
        "MaGiaoDich": "PP77",
        "MaNganHang": "PAYMENT",
        "ThoiGianGD": "20260302091500",
        "ThongTinGiaoDich": "Thanh toan",
    } | changes
    texts = ["" if value is None else str(value) for value in fields.values()]
    text = "|".join([*texts, PAYMENT_SECRET])
    return {**fields, "MaXacThuc": hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()}


def read(**changes: Any) -> Confirmation | None:
    return payment.read_confirmation(result(**changes), SHARED)


@pytest.mark.parametrize("names", KINDS)
def test_no_signed_field_of_any_kind_holds_the_separator(names: tuple[str, ...]) -> None:
    whole = dict.fromkeys(names, "x")
    for name in names:
        split = whole | {name: "x|x"}
        with pytest.raises(ValueError, match="separator"):
            authenticity.authenticator(split, names, PAYMENT_SECRET)
        text = "|".join([*(split[each] for each in names), PAYMENT_SECRET])
        signed = split | {"MaXacThuc": hashlib.sha256(text.encode()).hexdigest()}
        assert authenticity.genuine_fields(signed, names, PAYMENT_SECRET) is None


def test_kinds_of_message_differ_in_the_number_of_fields_or_in_the_first_one() -> None:
    lengths = [len(names) for names in KINDS]
    assert [n for n in lengths if lengths.count(n) > 1] == [len(ANSWER), len(QUERY)]
    answers: set[str] = {payment.PAID, payment.FAILED}
    assert "QUERY" not in answers


def test_no_answer_of_ours_holds_the_separator() -> None:
    told = read()
    assert told is not None
    for key in ("ok", "bad_signature", "unknown_payment", "wrong_amount", "bad_request", "unavailable"):
        answer = payment.confirmation_answer(told, "99", door_text(key), PAYMENT_SECRET)
        assert len(answer["MaXacThuc"]) == 64


def test_a_result_is_read_whether_numbers_come_as_texts_or_texts_as_numbers_and_null_is_unset() -> None:
    for told in (read(), read(SoTien="8000", ThoiGianGD=20260302091500), read(ThongTinGiaoDich=None)):
        assert told is not None
        assert (told.amount, told.is_paid, told.time) == (8000, True, "20260302091500")
    assert read(MaTienTe=None) is not None


@pytest.mark.parametrize("value", [[8000], {"a": 1}, True, "\ud800", "8000\0", 1.5])
def test_a_signed_field_that_is_no_text_makes_the_result_one_of_a_stranger(value: object) -> None:
    for name in CONFIRM:
        assert read(**{name: value}) is None


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({}, 8000),
        ({"SoTien": "8000"}, 8000),
        ({"SoTien": 0}, 0),
        ({"SoTien": -1}, None),
        ({"SoTien": "8.000"}, None),
        ({"SoTien": "8,000"}, None),
        ({"SoTien": "8 000"}, None),
        ({"SoTien": "8000.0"}, None),
        ({"SoTien": "8000đ"}, None),
        ({"SoTien": "1e3"}, None),
        ({"SoTien": "８０００"}, None),
        ({"SoTien": None}, None),
        ({"MaTienTe": "USD"}, None),
        ({"MaTienTe": "vnd"}, None),
        ({"MaTienTe": ""}, 8000),
    ],
)
def test_a_sum_is_whole_dong_or_none_at_all(changes: dict[str, Any], amount: int | None) -> None:
    told = read(**changes)
    assert told is not None
    assert told.amount == amount


@pytest.mark.parametrize(
    ("code", "is_paid"),
    [("00", True), ("24", False), ("1", False), (0, None), ("0", None), ("000", None), ("", None),
     (None, None), (" 00", None)],
)  # fmt: skip
def test_a_code_that_could_be_meant_as_success_is_neither_success_nor_failure(
    code: object, is_paid: bool | None
) -> None:
    told = read(MaLoi=code)
    assert told is not None
    assert told.is_paid is is_paid
    if is_paid is None:
        with pytest.raises(ValueError, match="MaLoi"):
            payment.payment_report(told, "d", RECORD)


def test_the_id_of_a_report_is_the_same_for_the_same_result_and_tells_nothing_of_the_secret() -> None:
    told = read()
    other_words = read(ThongTinGiaoDich="Nguyen Thi Thu Nghiem nop")
    other_transaction = read(MaGiaoDich="PP78")
    assert told is not None
    assert other_words is not None
    assert other_transaction is not None
    ids = [payment.payment_report(each, "d", RECORD).id for each in (told, other_words, other_transaction)]
    assert ids[0] == ids[1] != ids[2]
    body = result()
    letters = body["MaXacThuc"].translate(str.maketrans("0123456789", "ghijklmnop"))
    assert letters[:8] not in ids[0]
    report = ReportPayment.model_validate_json(payment.payment_report(told, "d", RECORD).data)
    assert (report.status, report.amount, report.transaction) == ("paid", 8000, "PP77")


def test_a_stranger_is_told_nothing_and_gets_nothing_signed() -> None:
    assert payment.stranger_answer("Mã xác thực không hợp lệ") == {
        "MaLoi": "99",
        "MoTaLoi": "Mã xác thực không hợp lệ",
        "MaDoiTac": "",
        "MaThamChieu": "",
        "ThoiGianGD": "",
        "MaXacThuc": "",
    }


@pytest.mark.parametrize(
    "text", ["00010101000000", "99991231235959", "20260230000000", "2026030209150", None]
)
def test_a_time_that_is_none_is_a_value_error_and_nothing_else(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_wire_time(text)


def test_a_short_secret_and_a_partner_with_the_separator_are_refused_at_start() -> None:
    for wrong in ({"secret": SecretStr("s" * 31)}, {"partner": "BEN|TRE"}, {"partner": "BẾN TRE"}):
        with pytest.raises(ValidationError):
            PaymentSettings(**{"partner": "BENTRE", "secret": SecretStr(PAYMENT_SECRET)} | wrong)
    with pytest.raises(ValidationError, match="portal_units"):
        settings_for("http://127.0.0.1:1", portal_units=frozenset({"H07"}))
