"""Postal facts to VNPost's JSON and back, without any I/O."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.postal.mapping import mask_message, subject_of
from adapters.postal.reports import registered_report, sync_report, tell, tracked_report
from adapters.postal.status_codes import StatusCodes
from adapters.postal.tracking import Record, event_instant, parse_page
from hub.delivery.adapter import OutMessage
from schemas.party import PostalParty
from schemas.pickup import ReportPickup
from schemas.sync import ReportSync

RECORD_ID = "69a4ef205a9db0e0de000001"  # 0x69a4ef20 s = 2026-03-02T02:00:00Z
EIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
CODES = StatusCodes({"3": "handed_over", "4": "delivered", "10": "cod_collected", "12": "cancelled"})
MESSAGE = OutMessage("fact-1", "onestop.pickup.ordered.v1", "d-1", "D1", 1, EIGHT, b"{}")


@pytest.mark.parametrize(
    ("order", "subject"),
    [
        ("000.12.34.H07-260302-0001__C1", "000.12.34.H07-260302-0001"),
        ("0197a0f0-9c1e-7cc3-98c4-dc0c0c07398f__D12", "0197a0f0-9c1e-7cc3-98c4-dc0c0c07398f"),
        ("a__b__B3", "a__b"),
        ("000.12.34.H07-260302-0001", None),
        ("000.12.34.H07-260302-0001__X1", None),
        ("000.12.34.H07-260302-0001__C", None),
        ("__C1", None),
        ("has blank__C1", None),
        ("D1__C1\n", None),
    ],
)
def test_an_order_number_names_its_dossier_or_is_somebody_elses(order: str, subject: str | None) -> None:
    assert subject_of(order) == subject


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_772_416_800, EIGHT),
        (1_772_416_800_000, EIGHT),
        (1_772_416_800_250, EIGHT.replace(microsecond=250_000)),
        ("1772416800000", EIGHT),
        (1_772_416_800.0, EIGHT),
        ({"$numberLong": "1772416800"}, EIGHT),
        ({"$date": 1_772_416_800_000}, EIGHT),
        ({"$date": {"$numberLong": "1772416800000"}}, EIGHT),
        ("2026-03-02T02:00:00Z", EIGHT),
        ("2026-03-02T09:00:00.250000+07:00", EIGHT.replace(microsecond=250_000)),
        ({"$date": "2026-03-02T02:00:00.000Z"}, EIGHT),
    ],
)
def test_event_times_are_read_in_each_form_of_the_feed(value: Any, expected: datetime) -> None:
    assert event_instant(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None, 0, -5, "morgen", True, [], {}, {"$date": {}}, 10**30, 1e300, 1, 800_000_000, 946_684_799,
        800_000_000_000, "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", 7_258_118_400, 4_102_444_800_000_000,
        "2026-03-02T09:00:00", "2026-03-02", {"$date": "2026-03-02T09:00:00"}, "02/03/2026 09:00", "²",
    ],
)  # fmt: skip
def test_an_event_time_that_is_none_or_may_mean_two_moments_is_replaced_by_that_of_the_id_and_told(
    value: Any,
) -> None:
    assert event_instant(value) is None
    read = parse_page(page(EventTime=value))
    assert [(record.at, record.is_timed) for record in read.records] == [(EIGHT, False)]
    assert parse_page(page()).records[0].is_timed


def page(**changes: Any) -> bytes:
    document = {
        "_id": {"$oid": RECORD_ID},
        "OrderNumber": "D1__C1",
        "EventTime": 1_772_416_800,
        "ItemCode": "RS1VN",
        "StatusCode": 3,
        "Notes": "Ghi chú; BBGN:00042/BBGN.",
    }
    return json.dumps({"_embedded": {"rh:doc": [document | changes]}, "_returned": 1}).encode()


def test_a_record_is_read_with_its_minutes() -> None:
    (record,) = parse_page(page()).records
    assert record == Record(RECORD_ID, "D1__C1", "3", EIGHT, "RS1VN", "00042/BBGN.", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"OrderNumber": None},
        {"OrderNumber": "Đơn 1"},
        {"StatusCode": None},
        {"StatusCode": {}},
        {"_id": None},
        {"_id": {"$oid": "short"}},
    ],
)
def test_a_record_that_cannot_be_read_is_counted_and_passed_over(changes: dict[str, Any]) -> None:
    read = parse_page(page(**changes))
    assert (read.records, read.returned, read.unreadable) == ((), 1, 1)


def test_an_unreadable_record_still_moves_the_cursor() -> None:
    assert parse_page(page(OrderNumber=None)).last_id == RECORD_ID


@pytest.mark.parametrize("item", [None, "", 5, "mã có dấu", "x" * 65])
def test_an_odd_item_code_is_left_out(item: Any) -> None:
    assert parse_page(page(ItemCode=item)).records[0].item is None


@pytest.mark.parametrize("code", ["4", 4, 4.0, {"$numberInt": "4"}])
def test_status_codes_are_compared_as_text(code: Any) -> None:
    assert parse_page(page(StatusCode=code)).records[0].code == "4"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", b"<html>", b'{"_embedded": {"rh:doc": 1}}', b"[" * 100_000, b"\xff"],
)
def test_what_is_no_page_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (json's own and ours; both mean the same to the caller)
        parse_page(body)


def test_an_empty_page_without_embedded_documents_is_empty() -> None:
    assert parse_page(b'{"_returned": 0}').returned == 0


def test_somebody_elses_order_is_not_reported() -> None:
    assert tracked_report(Record(RECORD_ID, "OTHER-1", "4", EIGHT, None, None, None), CODES) is None


LATE = timedelta(minutes=10)
LONG_AGO = timedelta(days=400)


@pytest.mark.parametrize(
    ("event", "recorded", "reported"),
    [
        (-timedelta(days=30), timedelta(0), -timedelta(days=30)),  # late, and true
        (timedelta(minutes=3), timedelta(0), timedelta(minutes=3)),  # a clock as good as any
        (timedelta(hours=7), timedelta(0), timedelta(0)),  # local time written as UTC
        (timedelta(hours=7) - LATE, -LATE, -LATE),
        (-timedelta(hours=1), -timedelta(hours=8), -timedelta(hours=8)),  # the same, read eight hours later
        (LATE, LATE, timedelta(0)),  # a clock that is ahead
        (timedelta(days=30_000), timedelta(0), timedelta(0)),
        (-LONG_AGO, -LATE, -LATE),
        (-LONG_AGO, -LONG_AGO, timedelta(0)),
        (-LONG_AGO, timedelta(days=3), timedelta(0)),
    ],
)
def test_a_time_that_the_hub_cannot_take_is_replaced_by_that_of_the_record_or_of_reading(
    event: timedelta, recorded: timedelta, reported: timedelta
) -> None:
    identity = f"{int((EIGHT + recorded).timestamp()):08x}" + RECORD_ID[8:]
    body = page(_id={"$oid": identity}, EventTime=int((EIGHT + event).timestamp()), StatusCode=4)
    told = tell(parse_page(body).records, CODES, frozenset(), EIGHT)
    assert ReportPickup.model_validate_json(told.reports[0].data).at == EIGHT + reported
    assert told.retimed == (() if reported == event else (identity,))


@pytest.mark.parametrize(
    "odd",
    [{"code": "1" * 400}, {"item": "mã"}, {"order": f"{'D' * 63}__C1"}],
)
def test_a_record_that_can_be_no_report_costs_no_other(odd: dict[str, Any]) -> None:
    records = [Record(f"{number:024x}", "D1__C1", "4", EIGHT, None, None, None) for number in range(3)]
    told = tell([records[0], replace(records[1], **odd), records[2]], CODES, frozenset(), EIGHT)
    assert [report.id for report in told.reports] == [f"vnpost-{records[0].id}", f"vnpost-{records[2].id}"]
    assert (told.foreign, len(told.unreadable)) in {(0, 1), (1, 0)}


def test_minutes_and_cash_stand_only_where_they_belong() -> None:
    def data(code: str) -> dict[str, Any]:
        report = tracked_report(Record(RECORD_ID, "D1__C1", code, EIGHT, None, "7/BBGN", 9), CODES)
        assert report is not None
        ReportPickup.model_validate_json(report.data)
        read: dict[str, Any] = json.loads(report.data)
        return {key: read[key] for key in ("status", "minutes", "amount") if key in read}

    assert data("3") == {"status": "handed_over", "minutes": "7/BBGN"}
    assert data("10") == {"status": "cod_collected", "amount": 9}
    assert data("4") == {"status": "delivered"}
    assert data("12") == {"status": "cancelled"}
    assert data("99") == {"status": "unknown"}


def test_reports_of_the_same_effect_have_the_same_id_and_others_differ() -> None:
    first = registered_report(MESSAGE, "D1__C1", EIGHT)
    assert first.id == registered_report(MESSAGE, "D1__C1", EIGHT.replace(hour=5)).id
    others = {
        registered_report(MESSAGE, "D1__C2", EIGHT).id,
        sync_report(MESSAGE, "rejected", EIGHT).id,
        sync_report(MESSAGE, "unknown", EIGHT).id,
    }
    assert len({first.id, *others}) == 4
    assert all(len(identity) <= 64 for identity in {first.id, *others})


def test_a_sync_report_names_the_message_and_both_reasons() -> None:
    report = sync_report(MESSAGE, "rejected", EIGHT, code="postal.102", reasons=("Không", "No"))
    assert ReportSync.model_validate_json(report.data) == ReportSync(
        message="fact-1", outcome="rejected", at=EIGHT, code="postal.102", reason_vi="Không", reason_en="No"
    )
    assert (report.type, report.subject) == ("onestop.adapter.sync_report.v1", "D1")


def test_the_operators_words_are_masked_and_made_fit_for_a_line() -> None:
    party = PostalParty(
        name="Lê Giả", phone="0900000001", address="Số 1, Mẫu", province=93, email="le@example.test"
    )
    words = "LÊ GIẢ tại số 1, mẫu: 0900.000.001 / le@example.test\x00\ud800, mã 42"
    assert mask_message(words, (party,)) == "… tại …: … / …, mã 42"
    assert mask_message("Le\u0302 Gia\u0309", (party,)) == "…"
    assert mask_message("") == "…"
