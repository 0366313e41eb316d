"""From a record to a request, or to the refusal that no rule has to give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.inbound.authorise import Authorised, Reading, Unreadable, authorise
from hub.legal_time import LegalClock
from schemas.dossier import SubmitDossier
from schemas.registry import REQUESTS
from tests.support.batches import DIRECTORY, NOW, NOW_MS, record, submit
from tests.support.requests import SUBMIT, WITHDRAW, submission

READING = Reading(DIRECTORY, LegalClock(), "live", REQUESTS)
REF = "ref:HS-1"


def understood(item: object, reading: Reading = READING) -> Authorised:
    found = authorise(item, reading)  # type: ignore[arg-type]  # a StoredRecord is a Record
    assert isinstance(found, Authorised), found
    return found


def test_a_good_record_becomes_a_request_of_its_owner() -> None:
    found = understood(submit("e1", REF, submission()))
    assert isinstance(found.request, SubmitDossier)
    assert found.refusal is None
    assert found.sender.name == "counter-a"
    assert found.now == NOW


def test_the_time_of_receipt_is_the_brokers_moved_by_the_clock_of_a_test() -> None:
    moved = LegalClock([(NOW - timedelta(hours=1), timedelta(days=3))])
    found = understood(submit("e1", REF, submission()), replace(READING, clock=moved, environment="test"))
    assert found.now == datetime(2026, 11, 26, 2, tzinfo=UTC)
    assert found.refusal is None, "three days are well inside what ce_time may lie back"


def test_a_topic_prefix_is_no_part_of_the_owner() -> None:
    found = understood(
        submit("e1", REF, submission(), topic="t1.in.counter-a"), replace(READING, topic_prefix="t1.")
    )
    assert found.sender.name == "counter-a"
    assert found.refusal is None


@pytest.mark.parametrize(
    ("minutes", "is_refused"), [(0, False), (5, False), (5.01, True), (-5_000_000, False), (-5_300_000, True)]
)
def test_the_event_may_lie_five_minutes_ahead_and_ten_years_back(minutes: float, is_refused: bool) -> None:
    arrived = NOW_MS - int(minutes * 60_000)
    found = understood(submit("e1", REF, submission(), timestamp=arrived))
    assert (found.refusal is not None) == is_refused
    if found.refusal is not None:
        assert (found.refusal.code, found.refusal.fields) == ("envelope.bad_time", ("ce_time",))


def test_the_source_must_own_the_topic() -> None:
    found = understood(submit("e1", REF, submission(), sender="counter-b", topic="in.counter-a"))
    assert found.refusal is not None
    assert found.refusal.code == "security.foreign_source"


def test_a_participant_that_nobody_knows_is_granted_nothing() -> None:
    found = understood(submit("e1", REF, submission(), sender="nobody"))
    assert found.refusal is not None
    assert found.refusal.code == "security.not_granted"


def test_the_role_is_looked_at_before_the_data() -> None:
    found = understood(submit("e1", REF, b"no JSON", sender="agency-a"))
    assert found.refusal is not None
    assert found.refusal.code == "security.not_granted"


@pytest.mark.parametrize("value", [b"[" * 1000, b'"\xff"', rb'{"procedure":"\ud800"}', b"{,}", b'{"a":1e}'])
def test_what_is_no_json_is_unreadable(value: bytes) -> None:
    found = authorise(submit("e1", REF, value), READING)
    assert isinstance(found, Unreadable)
    assert (found.why.code, found.why.id) == ("envelope.no_json", "e1")


def test_unknown_fields_are_named_by_path_and_names_that_may_be_values_are_not() -> None:
    found = understood(submit("e1", REF, submission(priority=1, **{"Nguyễn Văn Thử": 1, "083090000001": 1})))
    assert found.refusal is not None
    assert found.refusal.code == "schema.unknown_field"
    assert found.refusal.fields == ("/priority", "/?")


def test_an_empty_object_is_a_good_withdrawal_and_no_submission() -> None:
    assert understood(record(WITHDRAW, REF, {}, "e1")).refusal is None
    refusal = understood(record(SUBMIT, REF, {}, "e2")).refusal
    assert refusal is not None
    assert refusal.code == "schema.invalid"
    assert "/procedure" in refusal.fields
