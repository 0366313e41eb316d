"""The whole delivery runtime on real Kafka and PostgreSQL, with a counterpart that is not idempotent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.embedded.stack import StackAddress
from schemas.rfc3339 import read_rfc3339
from tests.support.delivery_worlds import (
    PREFIX,
    World,
    delivery_world,
    running,
    until,
)
from tests.support.fake_counterpart import EFFECT_TYPE, NEVER, REPORT_TYPE, Fault, NotingCounterpart


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        yield made


async def test_a_message_becomes_one_effect_and_its_report_reaches_the_hub(world: World) -> None:
    await world.send(1)
    async with running(world):
        headers, key, body = await world.read_report()
        assert (headers["ce_id"], headers["ce_type"]) == (b"report-m-1", REPORT_TYPE.encode())
        assert headers["ce_source"] == f"/participants/{world.name}".encode()
        assert (headers["ce_environment"], headers["content-type"]) == (b"test", b"application/json")
        assert (headers["ce_subject"], key) == (b"d-1", b"d-1")
        assert body == {"message": "m-1", "outcome": "delivered"}
        await world.answer("report-m-1")
        await until(lambda: world.metric("hub_adapter_reports_unconfirmed") == 0)
    assert world.effects() == ["m-1"]
    assert ("aclose", "") in world.counterpart.calls
    assert world.metric("hub_events_delivered_total", event_type=EFFECT_TYPE, outcome="ok") == 1


async def test_the_same_message_twice_is_one_effect(world: World) -> None:
    await world.send(1)
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_effects_deduplicated_total") == 1)
        await until(lambda: world.effects() != [])
    async with running(world):
        await world.send(1)
        await until(lambda: world.metric("hub_effects_deduplicated_total") == 2)
    assert world.effects() == ["m-1"]


async def test_types_that_the_adapter_does_not_handle_are_dropped(world: World) -> None:
    await world.send(1, type_=NEVER)
    await world.send(2)
    async with running(world):
        await until(lambda: world.effects() == ["m-2"])
    assert await world.pool.fetchval("select count(*) from delivery") == 1


async def test_order_per_dossier_is_kept_under_eight_calls_at_once(world: World) -> None:
    world.counterpart.work_s = 0.005
    numbers = range(1, 121)
    for number in numbers:
        await world.send(number, dossier=f"d-{number % 10}")
        if number % 7 == 0:
            world.counterpart.faults[f"m-{number}"] = ["later", "lost_after"]
        if number % 11 == 0:
            world.counterpart.faults[f"m-{number}"] = ["lost_before"]
    async with running(world, concurrency=8):
        await until(lambda: len(set(world.effects())) == 120)
    assert sorted(world.effects()) == sorted(f"m-{number}" for number in numbers)
    for dossier in range(10):
        mine = [e["sequence"] for e in world.counterpart.effects() if e["dossier"] == f"d-{dossier}"]
        assert mine == sorted(mine)
    assert world.counterpart.most_per_dossier == 1
    assert 1 < world.counterpart.most_running <= 8


@pytest.mark.parametrize("fault", ["lost_after", "hang_after", "bug"])
async def test_an_effect_whose_answer_was_lost_is_found_and_not_repeated(world: World, fault: Fault) -> None:
    world.counterpart.faults["m-1"] = [fault]
    await world.send(1)
    async with running(world):
        _, _, body = await world.read_report()
    assert body["outcome"] == "delivered"
    assert world.effects() == ["m-1"]
    assert world.counterpart.calls[:2] == [("deliver", "m-1"), ("query", "m-1")]


async def test_a_request_that_was_lost_is_sent_again_only_after_the_settling_time(world: World) -> None:
    world.counterpart.settling_s = 0.5
    world.counterpart.faults["m-1"] = ["lost_before"]
    await world.send(1)
    async with running(world):
        await until(lambda: ("query", "m-1") in world.counterpart.calls)
        doubt = await world.pool.fetchval("select extract(epoch from now() - doubt_at)::float8 from delivery")
        assert world.effects() == [] or doubt is None
        await until(lambda: world.effects() == ["m-1"])
    sends = [call for call in world.counterpart.calls if call[0] == "deliver"]
    assert len(sends) == 2
    assert world.metric("hub_retry_attempts_total", reason="not_found") >= 2  # unsettled, then settled


async def test_what_cannot_be_answered_stays_unknown_until_an_operator_confirms_it(world: World) -> None:
    world.counterpart.faults["m-1"] = ["lost_after"]
    world.counterpart.is_mute = True
    await world.send(1)
    await world.send(2)
    async with running(world):
        await until(lambda: world.metric("hub_unknown_outcomes") == 1)
        await until(lambda: world.counterpart.calls.count(("query", "m-1")) >= 3)
        assert world.effects() == ["m-1"]  # the later message of the dossier waits
        assert await world.store.resolve_unknown("m-1", "confirm", "operator-1")
        _, _, body = await world.read_report()
        assert body == {"message": "m-1", "outcome": "delivered"}
        await until(lambda: world.effects() == ["m-1", "m-2"])
        await until(lambda: world.metric("hub_unknown_outcomes") == 0)


async def test_an_operator_may_let_an_unknown_request_be_sent_again(world: World) -> None:
    world.counterpart.faults["m-1"] = ["lost_before"]
    world.counterpart.is_mute = True
    await world.send(1)
    async with running(world, retry_cap_s=600, retry_base_s=600):
        await until(lambda: world.metric("hub_unknown_outcomes") == 1)
        assert await world.store.resolve_unknown("m-1", "resend", "operator-1")
        await until(lambda: world.effects() == ["m-1"])


async def test_a_rejection_is_reported_and_never_repeated(world: World) -> None:
    world.counterpart.faults["m-1"] = ["reject"]
    await world.send(1)
    await world.send(2)
    async with running(world):
        _, _, body = await world.read_report()
        await until(lambda: world.effects() == ["m-2"])
    assert body == {"message": "m-1", "outcome": "rejected"}
    assert await world.state(1) == "rejected"


async def test_used_up_attempts_become_a_dead_letter_with_a_business_answer(world: World) -> None:
    world.counterpart.faults["m-1"] = ["later"] * 9
    await world.send(1)
    await world.send(2)
    async with running(world, max_attempts=3):
        _, _, body = await world.read_report()
        await until(lambda: world.effects() == ["m-2"])
        await until(lambda: world.metric("hub_dead_letters", reason="expired") == 1)
        await world.answer("report-m-1")
        await until(lambda: world.metric("hub_dead_letters", reason="expired") == 0)
    assert body == {"message": "m-1", "outcome": "gave up: busy"}
    assert world.counterpart.calls.count(("deliver", "m-1")) == 3
    assert await world.state(1) == "dead"


async def test_failures_open_the_circuit_and_what_waited_too_long_gets_its_answer_without_a_call(
    world: World,
) -> None:
    world.counterpart.faults["m-1"] = ["later"] * 9
    await world.send(1, "d-1")
    async with running(world, circuit_failures=1, circuit_open_s=300, total_s=2.0, retry_cap_s=60):
        await until(lambda: world.metric("hub_adapter_circuit_state", state="open") == 1)
        await world.send(2, "d-2")
        bodies = [(await world.read_report())[2], (await world.read_report())[2]]
    assert {body["outcome"] for body in bodies} == {"gave up: counterpart_away"}
    assert world.counterpart.calls.count(("deliver", "m-2")) == 0


async def test_a_bug_that_one_message_finds_opens_no_circuit_for_the_others(world: World) -> None:
    world.counterpart.faults["m-1"] = ["bug"]
    world.counterpart.is_mute = True
    await world.send(1, "d-1")
    async with running(world, circuit_failures=1, circuit_open_s=300, retry_base_s=60, retry_cap_s=60):
        await until(lambda: ("deliver", "m-1") in world.counterpart.calls)
        await until(lambda: _is_unknown(world, 1))
        await world.send(2, "d-2")
        await until(lambda: _is_delivered(world, 2))
        assert world.metric("hub_adapter_circuit_state", state="closed") == 1


async def test_a_message_that_is_only_noted_does_not_close_the_circuit(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world.counterpart.faults |= {"m-1": ["later"] * 9, "m-2": ["note"]}
    await world.send(1, "d-1")
    now = asyncio.get_running_loop().time
    async with running(
        world, circuit_failures=1, circuit_open_s=0.1, retry_base_s=60, retry_cap_s=60, total_s=600
    ):
        await until(lambda: world.metric("hub_adapter_circuit_state", state="half_open") == 1)
        await world.send(2, "d-2")
        await until(lambda: _is_delivered(world, 2))
        noted_at = now()
        await until(lambda: now() - world.progress.ages_s(now())["database"] > noted_at)
        assert world.metric("hub_adapter_circuit_state", state="half_open") == 1
        assert world.metric("hub_effects_applied_total") == 0
        assert world.metric("hub_adapter_last_success_timestamp_seconds") == 0
        assert world.metric("hub_adapter_requests_total", code_class="delivered") == 0
        assert world.metric("hub_events_delivered_total", event_type=EFFECT_TYPE, outcome="ok") == 0
        await world.send(3, "d-3")
        await until(lambda: world.metric("hub_adapter_circuit_state", state="closed") == 1)
        assert world.metric("hub_effects_applied_total") == 1
    changes = [record for record in caplog.records if "circuit" in getattr(record, "action", "")]
    assert [(vars(one)["action"], vars(one)["message_id"]) for one in changes] == [
        ("delivery.circuit_opened", "m-1"), ("delivery.circuit_closed", "m-3"),
    ]  # fmt: skip


async def test_what_an_adapter_only_notes_is_over_when_it_is_stored_and_never_given_up(world: World) -> None:
    counterpart = NotingCounterpart(
        world.counterpart.journal, world.name, faults={"m-1": ["later"] * 9}, notes=frozenset({"d-2"})
    )
    world.counterpart = counterpart
    await world.send(1, "d-1")
    async with running(world, circuit_failures=1, circuit_open_s=300, total_s=2.0, retry_cap_s=60):
        await until(lambda: world.metric("hub_adapter_circuit_state", state="open") == 1)
        await world.send(2, "d-2")
        await world.send(3, "d-3")
        bodies = [(await world.read_report())[2] for _ in range(2)]
        assert {body["message"] for body in bodies} == {"m-1", "m-3"}
        assert [await world.state(number) for number in (1, 2, 3)] == ["dead", "delivered", "dead"]
    assert [call for call in counterpart.calls if call[1] == "m-2"] == []
    assert await world.pool.fetchval("select array_agg(message) from noted") == ["m-2"]
    assert await world.pool.fetchval("select count(*) from delivery_report") == 2


async def _is_unknown(world: World, number: int) -> bool:
    return await world.state(number) == "unknown"


async def _is_delivered(world: World, number: int) -> bool:
    return await world.state(number) == "delivered"


async def test_a_report_is_sent_again_with_the_same_id_and_bytes_until_its_receipt_came(world: World) -> None:
    await world.send(1)
    async with running(world, resend_s=0.2, resend_cap_s=0.2):
        first = await world.read_report()
        assert await world.read_report() == first
        await world.answer("report-m-1", code="state.conflict")
        await until(lambda: world.metric("hub_adapter_reports_refused_total") == 1)
        sent = world.metric("hub_adapter_reports_sent_total")
        await world.send(2)
        await until(lambda: world.effects() == ["m-1", "m-2"])
    refusal = await world.pool.fetchval("select refusal from delivery_report where id = 'report-m-1'")
    sends = await world.pool.fetchval("select sends from delivery_report where id = 'report-m-1'")
    assert (refusal, sends) == ("state.conflict", sent)


async def test_bytes_that_are_no_message_are_kept_and_do_not_stop_the_next_one(world: World) -> None:
    await world.send(1, value=b"\x00\xff not json")
    await world.send(2, ce_id=b"\xff\xfe")
    await world.producer.send_and_wait(f"{PREFIX}out.{world.name}", b"{}", headers=[("h", b"\xff")])
    await world.send(3)
    async with running(world):
        await until(lambda: world.effects() == ["m-3"])
        await until(lambda: world.metric("hub_dead_letters", reason="malformed") == 3)
    rows = await world.pool.fetch("select why, value from delivery_poison order by why")
    assert [row["why"] for row in rows] == ["bad_header", "bad_json", "no_cloudevent"]
    assert b"\x00\xff not json" in [row["value"] for row in rows]


async def test_a_bug_in_a_report_keeps_the_outcome_and_the_next_start_makes_the_report(world: World) -> None:
    world.counterpart.is_report_broken = True
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_dead_letters", reason="report") == 1)
    assert await world.state(1) == "delivered"
    world.counterpart.is_report_broken = False
    async with running(world):
        _, _, body = await world.read_report()
    assert body == {"message": "m-1", "outcome": "delivered"}
    assert world.effects() == ["m-1"]


async def test_how_long_the_counterpart_cannot_be_read_is_told_and_what_nobody_can_read_is_counted(
    world: World,
) -> None:
    world.counterpart.poll_interval_s = 0.05
    world.counterpart.poll_failures = 10**6
    world.counterpart.poll_unreadable = 2
    world.counterpart.feed = ["a"]
    async with running(world):
        await until(lambda: world.metric("hub_adapter_poll_failing_seconds") > 0.1)
        assert world.metric("hub_adapter_records_unreadable_total") == 0
        world.counterpart.poll_failures = 0
        assert (await world.read_report())[0]["ce_id"] == b"poll-a"
        await until(lambda: world.metric("hub_adapter_poll_failing_seconds") == 0)
        assert world.metric("hub_adapter_records_unreadable_total") == 2
        world.counterpart.poll_is_partial = True
        await until(lambda: world.metric("hub_adapter_poll_failing_seconds") > 0.1)


async def test_polled_reports_are_published_once_through_failures_and_restarts(world: World) -> None:
    world.counterpart.poll_interval_s = 0.05
    world.counterpart.poll_failures = 2
    world.counterpart.feed = ["a", "b", "c"]
    began = datetime.now(UTC)
    async with running(world):
        headers = [(await world.read_report())[0] for _ in range(3)]
        ids = [header["ce_id"] for header in headers]
        assert ids == [b"poll-a", b"poll-b", b"poll-c"]
        times = [read_rfc3339(header["ce_time"].decode()) for header in headers]
        assert all(began <= time <= datetime.now(UTC) for time in times), "of the poll, not of the events"
        assert world.counterpart.ask_time is not None
        assert times[-1] <= await world.counterpart.ask_time() <= datetime.now(UTC)
        for id_ in ids:
            await world.answer(id_.decode())
        await until(lambda: world.metric("hub_adapter_reports_unconfirmed") == 0)
    assert await world.store.cursor() == "3"
    world.counterpart.calls.clear()
    world.counterpart.feed.append("d")
    async with running(world):
        assert (await world.read_report())[0]["ce_id"] == b"poll-d"
    assert world.counterpart.calls[0] == ("poll", "3")


async def test_a_paused_counterpart_is_not_called_while_messages_are_still_taken(world: World) -> None:
    assert await world.store.pause("audit", "operator-1")
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_outbox_pending") == 1)
        assert world.metric("hub_adapter_circuit_state", state="paused") == 1
        assert world.counterpart.calls == []
        assert await world.store.resume()
        await until(lambda: world.effects() == ["m-1"])


async def test_health_is_told_from_the_progress_of_every_loop(world: World) -> None:
    now = asyncio.get_running_loop().time
    async with running(world):
        await until(
            lambda: world.progress.ages_s(now()).keys() == {"workers", "publisher", "database", "kafka"}
        )
        async with world.pool.acquire() as connection, connection.transaction():
            await connection.execute("lock table delivery in access exclusive mode")
            await until(lambda: world.progress.ages_s(now())["workers"] > 1.0)
        await until(lambda: world.progress.ages_s(now())["workers"] < 0.5)


async def test_a_backlog_that_waited_behind_a_long_pause_is_not_given_up_at_the_first_failure(
    world: World,
) -> None:
    world.counterpart.faults["m-1"] = ["later"]
    await world.send(1)
    await world.store.pause("works at the counterpart", "operator-1")
    async with running(world, total_s=3600):
        await until(lambda: _state_is(world, 1, "pending"))
        await world.pool.execute("update delivery set first_at = now() - interval '7 hours'")
        await world.pool.execute("update delivery_beat set seen_at = now() - interval '7 hours'")
        await until(lambda: _is_held(world))
        await world.store.resume()
        await until(lambda: world.effects() == ["m-1"])
    assert world.metric("hub_dead_letters_made_total", reason="expired") == 0


async def _is_held(world: World) -> bool:
    long = "select count(*) from delivery_hold where began_at < now() - interval '6 hours'"
    return bool(await world.pool.fetchval(long))


async def _state_is(world: World, number: int, state: str) -> bool:
    return bool(await world.pool.fetchval("select state from delivery where id = $1", f"m-{number}") == state)
