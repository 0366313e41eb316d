"""Requests that can be read but are not allowed: refused with paths, without values; the id is spent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from hub.embedded.stack import StackAddress
from hub.facts.message import decode_message
from tests.support.clients import Received
from tests.support.counters import Counter, open_counter
from tests.support.requests import (
    ACCEPT,
    AGENCY,
    APPLICANT,
    FORWARD,
    OFFICER,
    REPORT_IDENTITY,
    SUBMIT,
    VERIFY,
    WITHDRAW,
    acceptance,
    identity_report,
    submission,
    verification,
)
from tests.support.waiting import eventually

SECRET = "083090000077"
"""A synthetic identity number that a sender puts where none belongs."""


@pytest.fixture(scope="module")
async def counter(stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with open_counter(stack, tmp_path_factory.mktemp("bad-requests")) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Bad:
    """A submission with one thing wrong, and what the refusal says; `shift` moves its time from now."""

    code: str
    fields: tuple[str, ...] = ()
    data: Any = field(default_factory=submission)
    attributes: dict[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    shift: timedelta | None = None

    def sent_now(self) -> dict[str, str]:
        if self.shift is None:
            return self.attributes
        return {**self.attributes, "time": (datetime.now(UTC) + self.shift).isoformat()}


def applicant(**changes: Any) -> dict[str, Any]:
    return submission(applicant=APPLICANT | changes)


def without(name: str) -> dict[str, Any]:
    return {field: value for field, value in submission().items() if field != name}


BAD = {
    "unknown type": Bad("schema.unknown_type", ("ce_type",), attributes={"type": "onestop.dossier.eat.v1"}),
    "unknown version": Bad(
        "schema.unknown_type", ("ce_type",), attributes={"type": "onestop.dossier.submit.v9"}
    ),
    "no type of ours": Bad("schema.unknown_type", ("ce_type",), attributes={"type": "com.example.order"}),
    "a fact's type": Bad(
        "schema.unknown_type", ("ce_type",), attributes={"type": "onestop.dossier.submitted.v1"}
    ),
    "unknown field": Bad(
        "schema.unknown_field", ("/priority",), submission(priority=SECRET), reasons=("unknown",)
    ),
    "unknown field inside": Bad(
        "schema.unknown_field", ("/applicant/nickname",), applicant(nickname=SECRET), reasons=("unknown",)
    ),
    "a personal value as a field's name": Bad(
        "schema.unknown_field", ("/applicant/?",), applicant(**{SECRET: 1}), reasons=("unknown",)
    ),
    "a name as a field's name": Bad(
        "schema.unknown_field", ("/?",), submission(**{"Nguyễn Văn Thử": SECRET}), reasons=("unknown",)
    ),
    "missing field": Bad("schema.invalid", ("/procedure",), without("procedure"), reasons=("missing",)),
    "wrong value": Bad(
        "schema.invalid",
        ("/applicant/identity_number",),
        applicant(identity_number=SECRET + "x"),
        reasons=("pattern",),
    ),
    "text as a number": Bad("schema.invalid", ("/sets",), submission(sets="1"), reasons=("type",)),
    "no object": Bad("schema.invalid", ("",), [1, 2], reasons=("type",)),
    "a huge number": Bad("schema.invalid", ("/sets",), submission(sets=2**63 - 1), reasons=("range",)),
    "role of another": Bad(
        "security.not_granted", ("ce_type",), identity_report("c1"), {"type": REPORT_IDENTITY}
    ),
    "role of the hub": Bad("security.not_granted", ("ce_type",), {}, {"type": "onestop.timer.fire.v1"}),
    "source of another": Bad(
        "security.foreign_source",
        ("ce_source",),
        attributes={"source": "/participants/counter-b"},
        reasons=("choice",),
    ),
    "source of the hub": Bad(
        "security.foreign_source",
        ("ce_source",),
        attributes={"source": "/participants/hub"},
        reasons=("choice",),
    ),
    "source that holds a value": Bad(
        "security.foreign_source", ("ce_source",), attributes={"source": SECRET}, reasons=("choice",)
    ),
    "organisation of another": Bad("security.foreign_organisation", (), submission(organisation=AGENCY)),
    "environment test": Bad(
        "security.wrong_environment",
        ("ce_environment",),
        attributes={"environment": "test"},
        reasons=("choice",),
    ),
    "ten minutes ahead": Bad(
        "envelope.bad_time", ("ce_time",), shift=timedelta(minutes=10), reasons=("range",)
    ),
    "a hundred years ahead": Bad(
        "envelope.bad_time", ("ce_time",), shift=timedelta(days=36_500), reasons=("range",)
    ),
    "eleven years ago": Bad(
        "envelope.bad_time", ("ce_time",), shift=timedelta(days=-4_020), reasons=("range",)
    ),
    "the year 1": Bad(
        "envelope.bad_time", ("ce_time",), attributes={"time": "0001-01-01T00:00:00Z"}, reasons=("range",)
    ),
    "the year 9999": Bad(
        "envelope.bad_time", ("ce_time",), attributes={"time": "9999-12-31T23:59:59Z"}, reasons=("range",)
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_request_that_is_not_allowed_is_refused_once_and_for_all(counter: Counter, name: str) -> None:
    bad = BAD[name]
    sent = counter.headers(**bad.sent_now())
    place = await counter.client.publish(sent, sent["ce_subject"].encode(), orjson.dumps(bad.data))

    receipt = await counter.client.receipt(sent["ce_id"])
    assert receipt.type == "onestop.receipt.refused.v1"
    assert receipt.data["code"] == bad.code
    assert receipt.data.get("fields", []) == list(bad.fields)
    told = receipt.data.get("faults", [])
    assert [(fault["path"], fault["reason"]) for fault in told] == list(
        zip(bad.fields, bad.reasons, strict=False)
    )
    wire = receipt.value.decode() + receipt.key + "".join(receipt.headers.values())
    assert SECRET not in wire
    assert "Thử" not in wire

    row = await counter.inbox_row(sent["ce_id"])
    assert row is not None
    assert row["dossier_id"] is None
    assert decode_message(row["receipt"]).value == receipt.value
    assert await counter.is_done(*place)
    assert await counter.dead_letter(*place) is None
    aliases = await counter.hub.database.fetch(
        "select 1 from alias where alias like '%' || $1", sent["ce_subject"][4:]
    )
    assert not aliases, "a refused submission leaves no dossier"
    await counter.goes_on(place[0])


async def test_the_reference_of_a_refused_submission_can_be_used_by_a_corrected_one(counter: Counter) -> None:
    subject = f"ref:{uuid4()}"
    refused = await counter.client.ask(SUBMIT, subject, submission(priority=1))
    assert refused.data["code"] == "schema.unknown_field"
    accepted = await counter.client.ask(SUBMIT, subject, submission())
    assert accepted.type == "onestop.receipt.accepted.v1"


async def refused_with(counter: Counter, receipt: Received, code: str) -> Received:
    assert receipt.type == "onestop.receipt.refused.v1", receipt.data
    assert receipt.data["code"] == code
    row = await counter.inbox_row(receipt.data["request"])
    assert row is not None
    assert row["receipt"] is not None
    return receipt


@pytest.mark.parametrize(
    "subject",
    [
        "ref:never-seen",
        "000.12.34.H07-261123-9999",
        "019aa000-0000-8000-8000-000000000000",
        "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
        "019AA000-0000-8000-8000-000000000000",
        "anything",
    ],
)
async def test_a_request_about_an_unknown_dossier_is_refused(counter: Counter, subject: str) -> None:
    receipt = await counter.client.ask(ACCEPT, subject, acceptance())
    await refused_with(counter, receipt, "unknown_dossier")
    assert receipt.key == subject
    await counter.goes_on()


async def test_a_reference_of_another_participant_names_nothing(counter: Counter) -> None:
    other = await counter.hub.join("counter-b", ["counter"], ["000.12.34.H07"])
    subject = f"ref:{uuid4()}"
    await counter.client.ask(SUBMIT, subject, submission())
    receipt = await other.ask(ACCEPT, subject, acceptance())
    assert receipt.data["code"] == "unknown_dossier"


async def test_a_finished_dossier_says_its_state_and_what_is_possible(counter: Counter) -> None:
    subject = f"ref:{uuid4()}"
    await counter.client.ask(SUBMIT, subject, submission())
    withdrawn = await counter.client.ask(WITHDRAW, subject, {})
    assert withdrawn.type == "onestop.receipt.accepted.v1"
    receipt = await counter.client.ask(WITHDRAW, subject, {})
    await refused_with(counter, receipt, "state.conflict")
    assert receipt.data["state"] == "withdrawn"
    assert "onestop.dossier.withdraw.v1" not in receipt.data["possible"]
    assert "onestop.pickup.order.v1" in receipt.data["possible"]
    await counter.goes_on()


async def test_a_request_out_of_order_says_the_state_and_what_is_possible(counter: Counter) -> None:
    subject = f"ref:{uuid4()}"
    await counter.client.ask(SUBMIT, subject, submission())
    receipt = await counter.client.ask(FORWARD, subject, {"officer": OFFICER, "to": AGENCY})
    await refused_with(counter, receipt, "state.conflict")
    assert receipt.data["state"] == "submitted"
    assert {ACCEPT, VERIFY, WITHDRAW} <= set(receipt.data["possible"])
    await counter.goes_on()


async def test_a_reference_in_use_cannot_be_submitted_again(counter: Counter) -> None:
    subject = f"ref:{uuid4()}"
    await counter.client.ask(SUBMIT, subject, submission())
    receipt = await counter.client.ask(SUBMIT, subject, submission())
    await refused_with(counter, receipt, "reference.in_use")


async def test_an_event_time_a_little_ahead_is_taken_but_never_used_for_the_receipt(counter: Counter) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    before = datetime.now(UTC)
    receipt = await counter.client.ask(SUBMIT, f"ref:{uuid4()}", submission(channel="online"), time=ahead)
    assert receipt.type == "onestop.receipt.accepted.v1"
    fact = await counter.client.fact("dossier.submitted", receipt.data["dossier"])
    received = datetime.fromisoformat(fact.data["submitted_at"])
    assert before - timedelta(seconds=5) < received < before + timedelta(minutes=2)


async def test_a_participant_that_is_no_longer_registered_may_send_nothing(counter: Counter) -> None:
    leaving = await counter.hub.join("counter-c", ["counter"], ["000.12.34.H07"])
    await leaving.ask(SUBMIT, f"ref:{uuid4()}", submission())
    await counter.hub.database.execute("delete from participant where name = 'counter-c'")
    await counter.hub.database.execute(
        "update configuration_version set version = version + 1 where kind = 'participants'"
    )
    receipt = await leaving.ask(SUBMIT, f"ref:{uuid4()}", submission())
    assert receipt.data["code"] == "security.not_granted"


async def test_the_verification_of_an_identity_is_asked_about_a_known_dossier_only(counter: Counter) -> None:
    receipt = await counter.client.ask(VERIFY, "ref:never-seen-either", verification())
    await refused_with(counter, receipt, "unknown_dossier")
    no_check = "select count(*) from fact where type = 'onestop.identity.check_requested.v1'"
    await eventually(lambda: _is_zero(counter, no_check), 5, "no check")


async def _is_zero(counter: Counter, query: str) -> bool:
    return bool(await counter.hub.database.fetchval(query) == 0)


async def test_a_submission_needs_a_reference_of_its_own(counter: Counter) -> None:
    receipt = await counter.client.ask(SUBMIT, "000.12.34.H07-261123-0001", submission())
    await refused_with(counter, receipt, "reference.needed")
