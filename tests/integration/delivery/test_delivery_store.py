"""The delivery tables on a real PostgreSQL: leases, order, tokens, reports, cursor, retention."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from hub.delivery.adapter import OutMessage, Report
from hub.delivery.database import open_pool
from hub.delivery.errors import StoreAwayError
from hub.delivery.lease import Lease
from hub.delivery.outcome import Delivered, NotFound, RetryAt, Unknown
from hub.delivery.rows import Finished, PoisonRecord
from hub.delivery.store import DeliveryStore
from hub.delivery.stored_outcome import read_outcome
from hub.delivery.sweeping import sweeps
from hub.delivery.wire import Confirmed
from tests.support.report_keys import REPORTS_KEY

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
LEASE_S = 30.0


def message(number: int, dossier: str = "d-1", sequence: int | None = None) -> OutMessage:
    return OutMessage(f"m-{number}", "t.v1", dossier, dossier, sequence or number, NOW, b'{"a":1}')


def report(name: str = "r-1") -> Report:
    return Report(name, "t.report.v1", "d-1", NOW, b'{"b":2}')


async def _take(store: DeliveryStore, *messages: OutMessage) -> None:
    await store.take(messages, (), ())


async def _lease_one(store: DeliveryStore, lease_s: float = LEASE_S) -> Lease:
    (lease,) = await store.lease(10, lease_s)
    return lease


async def _run_out(pool: asyncpg.Pool[Any], lease: Lease) -> None:
    await pool.execute("update delivery set next_at = now() where id = $1", lease.message.id)


async def _delivered(store: DeliveryStore, lease: Lease, report: Report | None = None) -> bool:
    return bool(await store.finish([Finished(lease, "delivered", Delivered({"n": 1}), report)]))


async def test_a_repeated_message_is_stored_once_and_counted(store: DeliveryStore) -> None:
    first = await store.take([message(1), message(1), message(2)], (), ())
    again = await store.take([message(2), message(3)], (), ())
    assert (first.new, first.repeated) == (2, 1)
    assert (again.new, again.repeated) == (1, 1)


async def test_a_message_comes_out_as_it_went_in(store: DeliveryStore) -> None:
    await _take(store, message(1))
    lease = await _lease_one(store)
    assert lease.message == message(1)
    assert (lease.attempts, lease.queries, lease.is_doubtful) == (1, 0, False)


async def test_counts_at_the_end_of_their_columns_hold_up_no_delivery(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1, "d-1"), message(2, "d-2"), message(3, "d-3"))
    await pool.execute("update delivery set attempts = 2147483647, queries = 2147483647 where id <> 'm-3'")
    await pool.execute("update delivery set is_doubtful = true where id = 'm-2'")
    leases = await store.lease(10, LEASE_S)
    assert sorted(lease.message.id for lease in leases) == ["m-1", "m-2", "m-3"]


async def test_only_the_first_open_message_of_a_dossier_is_leased(store: DeliveryStore) -> None:
    await _take(store, message(1), message(2), message(3, "d-2"))
    leases = await store.lease(10, LEASE_S)
    assert {lease.message.id for lease in leases} == {"m-1", "m-3"}
    assert await store.lease(10, LEASE_S) == []
    assert await _delivered(store, next(x for x in leases if x.message.id == "m-1"))
    assert [lease.message.id for lease in await store.lease(10, LEASE_S)] == ["m-2"]


@pytest.mark.parametrize("state", ["pending", "unknown"])
async def test_a_message_that_waits_blocks_the_later_ones_of_its_dossier(
    store: DeliveryStore, state: Any
) -> None:
    await _take(store, message(1), message(2))
    lease = await _lease_one(store)
    await store.put_back(lease, state, 60.0, RetryAt(0.0, "busy"), doubt_begins=state == "unknown")
    assert await store.lease(10, LEASE_S) == []


async def test_what_is_held_uses_up_neither_attempts_nor_time(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1))
    held = RetryAt(7200.0, "quiet hours", is_called=False)
    for _ in range(3):
        lease = await _lease_one(store)
        assert (lease.attempts, lease.age_s < 60) == (1, True)
        assert await store.put_back(lease, "pending", 7200.0, held, doubt_begins=False, is_held=True)
        assert await store.lease(10, LEASE_S) == []
        await pool.execute(
            "update delivery set next_at = now(), first_at = first_at - make_interval(secs => 7200)"
        )


async def test_workers_at_the_same_time_never_get_the_same_row(store: DeliveryStore) -> None:
    await _take(store, *(message(n, f"d-{n}") for n in range(1, 41)))
    groups = await asyncio.gather(*(store.lease(10, LEASE_S) for _ in range(8)))
    leased = [lease.message.id for group in groups for lease in group]
    assert len(leased) == len(set(leased))
    rest = await store.lease(40, LEASE_S)
    assert len(leased) + len(rest) == 40


async def test_a_lease_that_ran_out_leaves_the_outcome_in_doubt(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1))
    first = await _lease_one(store)
    await _run_out(pool, first)
    second = await _lease_one(store)
    assert (second.is_doubtful, second.attempts, second.queries) == (True, 1, 1)
    assert second.token != first.token


async def test_a_late_worker_cannot_overwrite_what_another_holds_or_stored(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1))
    late = await _lease_one(store)
    await _run_out(pool, late)
    current = await _lease_one(store)
    assert not await _delivered(store, late, report("r-late"))
    assert not await store.put_back(late, "pending", 0.0, NotFound(), doubt_begins=False)
    assert await _delivered(store, current, report("r-current"))
    assert not await _delivered(store, late, report("r-late"))
    assert [waiting.report.id for waiting in await store.reports_to_send(10)] == ["r-current"]


async def test_outcome_and_report_are_stored_together_or_not_at_all(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1))
    lease = await _lease_one(store)
    broken = Report("r-1", "t", "d-1", NOW, None)  # type: ignore[arg-type]  # breaks the insert
    with pytest.raises(asyncpg.NotNullViolationError):
        await _delivered(store, lease, broken)
    assert await pool.fetchval("select state from delivery") == "leased"
    assert await _delivered(store, lease, report())
    assert [waiting.report for waiting in await store.reports_to_send(10)] == [report()]


async def test_a_doubt_keeps_its_beginning_through_questions_and_ends_with_the_return_to_pending(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1))
    sent = await _lease_one(store)
    await store.put_back(sent, "unknown", 0.0, Unknown("cut"), doubt_begins=True)
    await pool.execute("update delivery set doubt_at = doubt_at - interval '100 s'")
    asked = await _lease_one(store)
    assert asked.doubt_age_s >= 100.0
    await store.put_back(asked, "unknown", 0.0, NotFound(), doubt_begins=False)
    again = await _lease_one(store)
    assert (again.queries, again.doubt_age_s >= 100.0) == (2, True)
    await store.put_back(again, "pending", 0.0, NotFound(), doubt_begins=False)
    resent = await _lease_one(store)
    assert (resent.is_doubtful, resent.attempts) == (False, 2)


async def test_an_operator_decides_only_what_is_unknown_and_the_worker_sees_it_at_once(
    store: DeliveryStore,
) -> None:
    await _take(store, message(1))
    assert not await store.resolve_unknown("m-1", "confirm", "operator-1")
    lease = await _lease_one(store)
    await store.put_back(lease, "unknown", 600.0, Unknown("cut"), doubt_begins=True)
    assert await store.resolve_unknown("m-1", "confirm", "operator-1")
    decided = await _lease_one(store)
    assert (decided.decision, decided.decided_by) == ("confirm", "operator-1")


async def test_a_decision_made_during_a_question_is_not_lost(store: DeliveryStore) -> None:
    await _take(store, message(1))
    sent = await _lease_one(store)
    await store.put_back(sent, "unknown", 0.0, Unknown("cut"), doubt_begins=True)
    asking = await _lease_one(store)
    assert await store.resolve_unknown("m-1", "resend", "operator-1")
    await store.put_back(asking, "unknown", 600.0, Unknown("cut"), doubt_begins=False)
    decided = await _lease_one(store)
    assert decided.decision == "resend"
    await store.put_back(decided, "pending", 0.0, NotFound(), doubt_begins=False)
    assert (await _lease_one(store)).decision is None


async def test_a_report_waits_for_its_receipt_and_is_due_again_without_one(store: DeliveryStore) -> None:
    await _take(store, message(1))
    await _delivered(store, await _lease_one(store), report())
    await store.mark_sent({"r-1": 0.0})
    assert [waiting.sends for waiting in await store.reports_to_send(10)] == [1]
    await store.mark_sent({"r-1": 60.0})
    assert await store.reports_to_send(10) == []
    stored = await store.take((), [Confirmed("r-1", None), Confirmed("nobody's", None)], ())
    assert (stored.confirmed, stored.refused) == (1, 0)
    await store.mark_sent({"r-1": 0.0})  # a receipt may be faster than the mark
    assert await store.reports_to_send(10) == []


async def test_a_refused_report_is_not_sent_again_and_counted(store: DeliveryStore) -> None:
    await _take(store, message(1))
    await _delivered(store, await _lease_one(store), report())
    stored = await store.take((), [Confirmed("r-1", "state.conflict")], ())
    assert (stored.confirmed, stored.refused) == (0, 1)
    assert await store.reports_to_send(10) == []


async def test_cursor_and_polled_reports_move_together_and_only_from_where_they_were_read(
    store: DeliveryStore,
) -> None:
    assert await store.cursor() is None
    assert await store.store_poll(None, "2", [report("p-1"), report("p-2")]) == 2
    assert await store.store_poll(None, "9", [report("p-9")]) is None
    assert await store.store_poll("1", "9", [report("p-9")]) is None
    assert await store.store_poll("2", "4", [report("p-2"), report("p-3")]) == 1
    assert await store.store_poll("4", "5", []) == 0
    assert await store.cursor() == "5"
    assert [waiting.report.id for waiting in await store.reports_to_send(10)] == ["p-1", "p-2", "p-3"]


async def test_poison_is_kept_raw_once_and_discarded_by_an_operator(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    poison = PoisonRecord("out.postal", 0, 5, "bad_json", b"\x00\xff", '[["ce_id", "ff00"]]', b"\x00not json")
    assert (await store.take((), (), [poison])).poison == 1
    assert (await store.take((), (), [poison])).poison == 0
    assert await pool.fetchval("select value from delivery_poison") == b"\x00not json"
    assert (await store.counts()).poison == 1
    assert await store.discard_poison("out.postal", 0, 5)
    assert (await store.counts()).poison == 0


async def test_counts_tell_depth_and_doubt_and_dead_letters_wait_until_their_answer_is_received(
    store: DeliveryStore,
) -> None:
    await _take(store, *(message(n, f"d-{n}") for n in range(1, 5)))
    leases = {lease.message.id: lease for lease in await store.lease(3, LEASE_S)}
    await store.put_back(leases["m-1"], "pending", 60.0, RetryAt(1.0, "busy"), doubt_begins=False)
    await store.put_back(leases["m-2"], "unknown", 60.0, Unknown("cut"), doubt_begins=True)
    await store.finish([Finished(leases["m-3"], "dead", RetryAt(1.0, "busy"), report())])
    counts = await store.counts()
    assert (counts.pending, counts.retries, counts.unknown, counts.dead, counts.unconfirmed) == (
        3, 1, 1, 1, 1,
    )  # fmt: skip
    await store.take((), [Confirmed("r-1", None)], ())
    counts = await store.counts()
    assert (counts.dead, counts.unconfirmed) == (0, 0)


async def test_a_dead_letter_waits_for_nobody_when_it_needs_no_answer_and_for_its_answer_when_it_is_due(
    store: DeliveryStore,
) -> None:
    await _take(store, message(1), message(2, "d-2"))
    leases = {lease.message.id: lease for lease in await store.lease(2, LEASE_S)}
    await store.finish([Finished(leases["m-1"], "dead", RetryAt(1.0, "busy"), None)])
    counts = await store.counts()
    assert (counts.dead, counts.dead_age_s, counts.reports_due) == (0, 0, 0)
    await store.finish([Finished(leases["m-2"], "dead", RetryAt(1.0, "busy"), None, is_due=True)])
    counts = await store.counts()
    assert (counts.dead, counts.reports_due) == (1, 1)
    await store.attach_report("m-2", None)
    counts = await store.counts()
    assert (counts.dead, counts.reports_due) == (0, 0)


async def test_what_needs_no_call_is_over_in_the_transaction_that_stores_it(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    seen: list[str] = []

    async def keep(_connection: object, messages: Sequence[OutMessage]) -> Collection[str]:
        seen.extend(each.id for each in messages)
        return {each.id for each in messages if each.dossier == "d-2"}

    await _take(store, message(1))
    stored = await store.take([message(1), message(2, "d-2"), message(3)], (), (), keep)
    assert (stored.new, stored.repeated, stored.noted, seen) == (2, 1, 1, ["m-2", "m-3"])
    rows = await pool.fetch("select id, state, outcome, ended_at from delivery order by id")
    assert [(row["id"], row["state"]) for row in rows] == [
        ("m-1", "pending"), ("m-2", "delivered"), ("m-3", "pending"),
    ]  # fmt: skip
    assert read_outcome(rows[1]["outcome"]) == Delivered({"kept": True}, is_called=False)
    assert rows[1]["ended_at"] is not None

    async def fail(_connection: object, _messages: Sequence[OutMessage]) -> Collection[str]:
        raise ValueError("a bug of the adapter")

    with pytest.raises(ValueError, match="a bug"):
        await store.take([message(4, "d-2")], (), (), fail)
    assert await pool.fetchval("select count(*) from delivery") == 3


async def test_the_sweep_keeps_what_is_open_and_a_replay_of_what_it_deleted_is_a_repeat(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1), message(2, "d-2"), message(3, "d-3"))
    leases = {lease.message.id: lease for lease in await store.lease(2, LEASE_S)}
    await _delivered(store, leases["m-1"], report("r-1"))
    await _delivered(store, leases["m-2"], report("r-2"))
    await store.take((), [Confirmed("r-1", None)], ())
    await pool.execute(
        "update delivery set ended_at = ended_at - interval '31 days' where state = 'delivered'"
    )
    await pool.execute("update delivery_report set confirmed_at = confirmed_at - interval '31 days'")
    assert await swept(store) == 2  # m-1 and r-1; m-2's report has no receipt, m-3 is open
    rows = await pool.fetch("select id from delivery order by id")
    assert [row["id"] for row in rows] == ["m-2", "m-3"]
    again = await store.take([message(1), message(4, "d-1", sequence=4)], (), ())
    assert (again.new, again.repeated) == (1, 1)


async def swept(store: DeliveryStore, size: int = 2) -> int:
    return sum([n for sweep in sweeps(30, 90) async for n in sweep.pages(store.ask, store.adapter, size)])


async def test_only_old_untried_rows_are_leased_when_no_call_may_pass(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    await _take(store, message(1), message(2, "d-2"))
    await pool.execute("update delivery set first_at = first_at - interval '1 hour' where id = 'm-2'")
    assert [lease.message.id for lease in await leased_without_calls(store, 600)] == ["m-2"]
    assert await leased_without_calls(store, None) == []


async def test_what_an_operator_decided_is_leased_although_no_call_may_pass(store: DeliveryStore) -> None:
    await _take(store, message(1), message(2, "d-2"))
    for lease in await store.lease(10, LEASE_S):
        await store.put_back(lease, "unknown", 600.0, Unknown("cut"), doubt_begins=True)
    assert await leased_without_calls(store, None) == []
    assert await store.resolve_unknown("m-2", "give_up", "operator-1")
    (decided,) = await leased_without_calls(store, None)
    assert (decided.message.id, decided.decision) == ("m-2", "give_up")


async def leased_without_calls(store: DeliveryStore, older_than_s: float | None) -> list[Lease]:
    return await store.lease(10, LEASE_S, is_call_allowed=False, older_than_s=older_than_s)


async def test_adapters_share_the_tables_without_seeing_each_other(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    other = DeliveryStore(pool, "population", REPORTS_KEY)
    await _take(store, message(1))
    await _take(other, message(1))
    assert await other.pause("audit", "operator-1")
    assert (await store.is_paused(), await other.is_paused()) == (False, True)
    assert await other.resume()
    assert not await other.is_paused()
    assert len(await store.lease(10, LEASE_S)) == 1


async def test_a_lost_connection_is_told_apart_from_a_wrong_statement(
    store: DeliveryStore, pool: asyncpg.Pool[Any]
) -> None:
    pool.terminate()
    with pytest.raises(StoreAwayError):
        await store.cursor()


async def test_an_unreachable_server_is_an_absence_not_a_crash() -> None:
    with pytest.raises(StoreAwayError, match="PostgreSQL: Connection"):
        async with open_pool("postgresql://hub:x@127.0.0.1:1/hub", "postal"):
            pass
