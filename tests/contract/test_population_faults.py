"""The adapter against the sandbox as a process: each outcome, each scripted fault, nothing asked in vain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.population_db.adapter import PopulationAdapter
from hub.delivery.outcome import Delivered, NotFound, Rejected, RetryAt, Unknown
from tests.contract.population_world import (
    ELSEWHERE,
    KNOWN,
    KNOWN_BY_YEAR,
    LOOKED_UP_PROCEDURE,
    OFFICER,
    ORGANISATION,
    OTHER_NAME,
    UNKNOWN_THERE,
    UNLICENSED_PROCEDURE,
    WITHOUT_NUMBER,
    Control,
    check_message,
    population_world,
    settings_for,
    without_dossier,
)
from tests.support.waiting import within

World = tuple[PopulationAdapter, Control]
AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with population_world(tmp_path_factory.mktemp("population")) as started:
        yield started


def check_of(message_data: bytes) -> str:
    return str(json.loads(message_data)["check"])


async def test_a_person_that_fits_is_matched_and_only_the_audit_fields_are_kept(world: World) -> None:
    adapter, control = world
    message = control.message_ok()
    outcome = await adapter.deliver(message)
    assert isinstance(outcome, Delivered)
    asked_at = datetime.fromisoformat(outcome.answer["asked_at"])
    assert abs(datetime.now(UTC) - asked_at) < timedelta(seconds=10)
    check = check_of(message.data)
    assert {name: value for name, value in outcome.answer.items() if name != "asked_at"} == {
        "outcome": "matched",
        "check": check,
        "operation": "verify",
        "request_id": check,
        "service_code": "1.004194.000.00.00",
        "officer_account": OFFICER,
        "organisation": ORGANISATION,
        "dossier": "dossier-of-a-synthetic-person",
    }
    assert [entry["outcome"] for entry in control.effects(check)] == ["match"]


@pytest.mark.parametrize("procedure", ["1.004194.000.00.00.H07", LOOKED_UP_PROCEDURE])
async def test_verification_and_lookup_tell_the_same_match_and_mismatch(world: World, procedure: str) -> None:
    adapter, control = world
    people: list[tuple[dict[str, Any], str]] = [
        (KNOWN, "matched"),
        (KNOWN_BY_YEAR, "matched"),
        ({**KNOWN, "birth_date": None, "birth_year": 1990}, "matched"),
        (OTHER_NAME, "mismatched"),
        ({**KNOWN, "birth_date": "1990-01-03"}, "mismatched"),
        ({**KNOWN, "identity_number": "000190000099"}, "mismatched"),
    ]
    for person, expected in people:
        outcome = await adapter.deliver(control.message(person, procedure=procedure))
        assert isinstance(outcome, Delivered), outcome
        assert outcome.answer["outcome"] == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"procedure": None}, "population.001"),
        ({"organisation": None}, "population.002"),
        ({"organisation": "000.77.77.H07"}, "population.002"),
        ({"officer_account": None}, "population.003"),
        ({"procedure": UNLICENSED_PROCEDURE}, "population.004"),
        ({"officer_account": "nobody@example.test"}, "population.005"),
        ({"officer_account": ELSEWHERE}, "population.005"),
        ({"officer_account": WITHOUT_NUMBER}, "population.no_officer_number"),
        ({"person": {**KNOWN, "name": "王 Giả Lập"}}, "population.name_not_askable"),
        ({"person": {"name": "Giả Lập"}}, "population.fact_unreadable"),
    ],
)
async def test_a_local_refusal_makes_no_call_and_reports_could_not_ask(
    world: World, changes: dict[str, object], code: str
) -> None:
    adapter, control = world
    lines = len(control.journal())
    message = control.message(**{"person": KNOWN} | changes)
    outcome = await adapter.deliver(message)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert len(control.journal()) == lines
    report = adapter.report(message, outcome, AT)
    assert report is not None
    assert json.loads(report.data)["outcome"] == "unavailable"
    assert json.loads(report.data)["reason"] == code


async def test_a_check_without_a_dossier_is_refused_before_any_call(world: World) -> None:
    adapter, control = world
    lines = len(control.journal())
    outcome = await adapter.deliver(without_dossier(control.message_ok()))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "population.no_dossier"
    assert len(control.journal()) == lines


@pytest.mark.parametrize(
    ("fault", "outcome", "effects"),
    [
        ("timeout_after_effect", RetryAt(10.0, "population.timeout"), 1),
        ("http_500", RetryAt(10.0, "population.http_error"), 0),
        ("soap_fault", RetryAt(10.0, "population.soap_fault"), 0),
        ("html_page", RetryAt(10.0, "population.answer_unreadable"), 0),
        ("slow_drip", RetryAt(10.0, "population.timeout"), 1),
        ("wrong_clock", RetryAt(300.0, "population.clock"), 0),
        ("expired_credentials", RetryAt(900.0, "population.credentials"), 0),
    ],
)
async def test_each_fault_is_could_not_ask_and_asking_again_gets_the_answer(
    world: World, fault: str, outcome: RetryAt, effects: int
) -> None:
    adapter, control = world
    message = control.message_mismatch()
    check = check_of(message.data)
    await control.script(fault, match=check)
    assert await adapter.deliver(message) == outcome
    assert len(control.effects(check)) == effects
    again = await adapter.deliver(message)
    assert isinstance(again, Delivered)
    assert again.answer["outcome"] == "mismatched"


async def test_a_request_id_spent_by_a_lost_answer_is_followed_by_the_next_one(world: World) -> None:
    adapter, control = world
    message = control.message_ok()
    check = check_of(message.data)
    await control.script("timeout_after_effect", count=2, match=check)
    assert await adapter.deliver(message) == RetryAt(10.0, "population.timeout")
    assert await adapter.deliver(message) == RetryAt(10.0, "population.timeout")
    outcome = await adapter.deliver(message)
    assert isinstance(outcome, Delivered)
    assert outcome.answer["request_id"] == f"{check}-3"
    assert outcome.answer["check"] == check
    assert [entry["request_id"] for entry in control.effects(check)] == [check, f"{check}-2", f"{check}-3"]


async def test_when_every_request_id_is_spent_the_check_ends_as_could_not_ask(world: World) -> None:
    adapter, control = world
    message = control.message_ok()
    results = [await adapter.deliver(message) for _ in range(10)]
    assert all(isinstance(outcome, Delivered) for outcome in results[:9])
    assert isinstance(results[9], Rejected)
    assert results[9].code == "population.request_ids_used_up"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"procedure": "1.000001"}, "population.rejected.not_licensed"),
        ({"officer_account": UNKNOWN_THERE}, "population.rejected.officer_unknown"),
    ],
)
async def test_a_refusal_by_the_counterpart_is_rejected_at_once(
    world: World, changes: dict[str, object], code: str
) -> None:
    adapter, control = world
    outcome = await adapter.deliver(control.message(KNOWN, **changes))
    assert isinstance(outcome, Rejected)
    assert outcome.code == code


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        ({"secret_key": SecretStr("wrong")}, RetryAt(900.0, "population.credentials")),
        ({"x_road_client": "VN/GOV/other/hub"}, RetryAt(900.0, "population.credentials")),
        ({"api_key": None}, RetryAt(900.0, "population.credentials")),
        ({"timestamp_unit": "s"}, RetryAt(300.0, "population.clock")),
        ({"fault_codes": {}, "secret_key": SecretStr("wrong")}, RetryAt(900.0, "population.credentials")),
    ],
)
async def test_a_wrong_account_waits_long_with_its_reason(
    world: World, settings: dict[str, Any], outcome: RetryAt
) -> None:
    _, control = world
    adapter = PopulationAdapter(settings_for(control.service_url, **settings))
    assert await adapter.deliver(control.message_ok()) == outcome
    await adapter.aclose()


async def test_a_hub_whose_clock_is_wrong_learns_that_from_the_date_even_without_a_known_fault(
    world: World,
) -> None:
    _, control = world
    for wrong_by in (timedelta(hours=-1), timedelta(hours=1)):
        settings = settings_for(control.service_url, fault_codes={})
        adapter = PopulationAdapter(settings, clock=lambda by=wrong_by: datetime.now(UTC) + by)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert await adapter.deliver(control.message_ok()) == RetryAt(300.0, "population.clock")
        await adapter.aclose()


async def test_a_request_in_another_namespace_is_rejected_as_malformed_never_a_mismatch(world: World) -> None:
    _, control = world
    adapter = PopulationAdapter(settings_for(control.service_url, namespace="http://gtel.vn/qldc"))
    outcome = await adapter.deliver(control.message_ok())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "population.rejected.request_invalid"
    await adapter.aclose()


async def test_a_counterpart_that_is_down_is_could_not_ask(world: World) -> None:
    _, control = world
    async with within(10):
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        adapter = PopulationAdapter(settings_for(f"http://127.0.0.1:{port}/service"))
        assert await adapter.deliver(control.message_ok()) == RetryAt(10.0, "population.unreachable")
        server.close()
        await server.wait_closed()
        assert await adapter.deliver(control.message_ok()) == RetryAt(10.0, "population.unreachable")
        await adapter.aclose()


async def test_a_query_never_calls_and_lets_the_check_be_asked_again(world: World) -> None:
    adapter, control = world
    lines = len(control.journal())
    assert await adapter.query(control.message_ok()) == NotFound()
    assert adapter.settling_s == 0
    assert len(control.journal()) == lines


async def test_there_is_nothing_to_poll_and_only_checks_are_handled(world: World) -> None:
    adapter, _ = world
    assert adapter.poll_interval_s is None
    assert (await adapter.poll(None)).reports == ()
    assert adapter.handles("onestop.identity.check_requested.v1")
    assert not adapter.handles("onestop.receipt.accepted.v1")
    assert adapter.report(check_message("c", KNOWN), Unknown("lease lost"), AT) is None
    assert adapter.report(check_message("c", KNOWN), RetryAt(1.0, "x"), AT) is None


async def test_a_sandbox_killed_in_the_middle_remembers_the_spent_ids(tmp_path: Path) -> None:
    async with population_world(tmp_path) as (adapter, control):
        message = control.message_ok()
        assert isinstance(await adapter.deliver(message), Delivered)
        control.process.kill()
        await control.process.wait()
    with (tmp_path / "journal.jsonl").open("a", encoding="utf-8") as journal:
        journal.write('{"seq": 2, "at": "20')
    async with population_world(tmp_path) as (adapter, control):
        outcome = await adapter.deliver(message)
        assert isinstance(outcome, Delivered)
        assert outcome.answer["request_id"] == f"{outcome.answer['check']}-2"
        assert [entry["seq"] for entry in control.journal()] == [1, 2, 3]


async def test_no_person_can_be_read_from_the_journal_or_from_what_is_kept(world: World) -> None:
    adapter, control = world
    outcome = await adapter.deliver(control.message_ok())
    assert isinstance(outcome, Delivered)
    kept = json.dumps([dict(outcome.answer), control.journal()], ensure_ascii=False).casefold()
    for word in ("000190000001", "000000002", "giả lập", "gialap", "1990-01-02", "19900102"):
        assert word not in kept
