"""What the portal adapter keeps of its dossiers: the same answers from its tables and from the twin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from adapters.national_portal import tables
from adapters.national_portal.adapter import PortalAdapter
from adapters.national_portal.kept import Kept
from adapters.national_portal.lodging import request_id
from adapters.national_portal.sealing import RecordSeal
from hub.delivery.adapter import OutMessage, Report
from hub.delivery.context import AdapterContext, utc_now
from hub.delivery.database import open_pool
from hub.delivery.host import Host, open_desk
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.store import DeliveryStore
from hub.delivery.throttle import Throttle
from hub.identifiers import derived_id
from hub.postgres import database
from tests.contract.portal_world import RECORD_KEY, Story, settings_for
from tests.support.portal_kept import MemoryKept
from tests.support.report_keys import REPORTS_KEY

CODE = "H07.34.12-260302-0001"
LODGED_AS = "G22.99-260302-000077"
_ERASED = "insert into erasure (dossier_id, operator, reason) values ($1, 'o', 'r')"
SEAL = RecordSeal(RECORD_KEY)
LODGING = request_id(LODGED_AS)
OPENED = derived_id(0, "dossier", "/participants/portal", LODGING)


class Taking(Protocol):
    """Both twins, as a message comes in to them."""

    kept: Kept

    async def take(self, *messages: OutMessage) -> None: ...

    async def lodge(self, request: str, code: str) -> None: ...


class InMemory:
    def __init__(self) -> None:
        self.kept: Kept = MemoryKept()
        self._codes: dict[str | None, str] = {}

    async def take(self, *messages: OutMessage) -> None:
        assert isinstance(self.kept, MemoryKept)
        for message in messages:
            self.kept.take(message, self._codes.get(message.cause))

    async def lodge(self, request: str, code: str) -> None:
        self._codes[request] = code


class InTables:
    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self.kept: Kept = tables.Tables(pool, SEAL)
        self._pool = pool

    async def take(self, *messages: OutMessage) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await tables.keep_messages(connection, messages, SEAL)

    async def lodge(self, request: str, code: str) -> None:
        async with self._pool.acquire() as connection:
            await tables.store_lodging(connection, request, code, b"digest")


@asynccontextmanager
async def open_tables(dsn: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with open_pool(dsn, "portal") as pool:
        async with pool.acquire() as connection:
            await database.migrate(connection)  # type: ignore[arg-type]  # a pooled session serves as well
        yield pool


@asynccontextmanager
async def _in_memory(_dsn: str) -> AsyncIterator[Taking]:
    yield InMemory()


@asynccontextmanager
async def _in_tables(dsn: str) -> AsyncIterator[Taking]:
    async with open_tables(dsn) as pool:
        yield InTables(pool)


@pytest.fixture(params=[_in_memory, _in_tables], ids=["memory", "tables"])
async def taking(request: pytest.FixtureRequest, fresh_database: str) -> AsyncIterator[Taking]:
    opened: Callable[[str], AbstractAsyncContextManager[Taking]] = request.param
    async with opened(fresh_database) as chosen:
        yield chosen


def story() -> Story:
    return Story(MemoryKept(), CODE, "1.004873", {})


async def test_a_dossier_stands_where_its_messages_have_brought_it(taking: Taking) -> None:
    told = story()
    submitted, accepted, forwarded = told.submitted(), told.accepted(), told.forwarded()
    assert await taking.kept.standing(submitted.dossier, submitted.id) is None
    await taking.take(submitted)
    begun = await taking.kept.standing(submitted.dossier, submitted.id)
    assert begun is not None
    assert (begun.folded, begun.synced, begun.line_state, begun.record.wire_code) == (1, 0, None, None)
    await taking.take(accepted, forwarded)
    standing = await taking.kept.standing(accepted.dossier, accepted.id)
    assert standing is not None
    assert (standing.folded, standing.line_state, standing.is_there) == (3, "waiting", False)
    assert standing.record.situation == "in_process"
    assert standing.line is not None
    assert standing.line.situation == "accepted"


async def test_a_repeated_message_changes_nothing(taking: Taking) -> None:
    told = story()
    submitted, accepted, forwarded = told.submitted(), told.accepted(), told.forwarded()
    await taking.take(submitted, accepted, forwarded)
    await taking.take(accepted, submitted)
    standing = await taking.kept.standing(accepted.dossier, accepted.id)
    assert standing is not None
    assert (standing.folded, standing.record.situation) == (3, "in_process")


async def test_a_sync_is_begun_forgotten_or_ended_and_never_goes_back(taking: Taking) -> None:
    told = story()
    submitted, accepted = told.submitted(), told.accepted()
    await taking.take(submitted, accepted)
    kept, dossier = taking.kept, accepted.dossier

    async def state() -> tuple[int, int | None, bool, bool]:
        standing = await kept.standing(dossier, accepted.id)
        assert standing is not None
        return standing.synced, standing.tried, standing.is_insert, standing.is_there

    await kept.begin_sync(dossier, 2, is_insert=True)
    assert await state() == (0, 2, True, False)
    await kept.forget_sync(dossier)
    assert await state() == (0, None, True, False)
    await kept.begin_sync(dossier, 2, is_insert=False)
    await kept.end_sync(dossier, 2)
    assert await state() == (2, None, False, True)
    await kept.end_sync(dossier, 1)
    assert await state() == (2, None, False, True)
    await kept.set_there(dossier, is_there=False)
    assert await state() == (0, None, False, False)


async def test_a_line_is_begun_by_one_and_its_end_is_final(taking: Taking) -> None:
    told = story()
    submitted, accepted = told.submitted(), told.accepted()
    await taking.take(submitted, accepted)
    kept = taking.kept

    async def state() -> tuple[str | None, bool]:
        standing = await kept.standing(accepted.dossier, accepted.id)
        assert standing is not None
        return standing.line_state, standing.line is not None

    assert not await kept.begin_line("unknown")
    await kept.end_line(accepted.id, "sent")
    assert await state() == ("waiting", True)
    assert await kept.begin_line(accepted.id)
    assert not await kept.begin_line(accepted.id)
    assert await state() == ("sending", True)
    await kept.end_line(accepted.id, "waiting")
    assert await kept.begin_line(accepted.id)
    await kept.end_line(accepted.id, "unsure")
    assert await state() == ("unsure", False)
    await kept.end_line(accepted.id, "sent")
    assert await state() == ("unsure", False)
    assert not await kept.begin_line(accepted.id)


async def test_a_dossier_of_the_portal_has_its_code_there_from_its_request(taking: Taking) -> None:
    await taking.lodge(LODGING, LODGED_AS)
    told = story()
    await taking.take(
        replace(told.submitted(), dossier=OPENED, cause=LODGING),
        replace(told.accepted(), dossier=OPENED, cause="other"),
    )
    standing = await taking.kept.standing(OPENED, f"m1-{CODE}")
    assert standing is not None
    assert standing.is_there
    assert (standing.record.wire_code, standing.record.code) == (LODGED_AS, CODE)
    assert standing.line_state == "waiting"


async def test_what_the_portal_cannot_be_shown_is_over_when_it_is_stored(fresh_database: str) -> None:
    adapter = PortalAdapter(settings_for("http://127.0.0.1:1"))
    async with open_tables(fresh_database) as pool:
        told, store = story(), DeliveryStore(pool, "portal", REPORTS_KEY)

        async def states() -> list[str]:
            rows = await pool.fetch("select state from delivery order by position")
            return [row["state"] for row in rows]

        before = await store.take([told.submitted(), told.copied("aa" * 32)], (), (), adapter.keep)
        assert (before.noted, await states()) == (2, ["delivered", "delivered"])
        noted = await tables.Tables(pool, SEAL).standing(f"d-{CODE}", f"m2-{CODE}")
        assert noted is not None
        assert [file.sha256 for file in noted.record.files] == ["aa" * 32]
        accepted = told.accepted()
        await store.take([accepted, told.reused("dd" * 32)], (), (), adapter.keep)
        assert await states() == ["delivered", "delivered", "pending", "pending"]
        (lease,) = await store.lease(10, 30.0)
        assert lease.message.id == accepted.id
        standing = await tables.Tables(pool, SEAL).standing(accepted.dossier, accepted.id)
        assert standing is not None
        assert (standing.folded, standing.line_state) == (4, "waiting")
        assert [(file.sha256, file.is_reused) for file in standing.record.files] == [("dd" * 32, True)]
    await adapter.aclose()


async def test_what_goes_out_or_has_to_be_answered_is_not_over_when_it_is_stored(fresh_database: str) -> None:
    adapter = PortalAdapter(settings_for("http://127.0.0.1:1"))
    async with open_tables(fresh_database) as pool:
        async with pool.acquire() as connection:
            await tables.store_lodging(connection, LODGING, LODGED_AS, b"digest")
        store = DeliveryStore(pool, "portal", REPORTS_KEY)
        lodged = replace(story().submitted(), dossier=OPENED, cause=LODGING)
        unreadable = replace(
            Story(MemoryKept(), "H07.34.12-260302-0002", "1.004873", {}).submitted(), data=b"{}"
        )
        unknown = Story(MemoryKept(), "H07.34.12-260302-0003", "1.004873", {}).accepted()
        stored = await store.take([lodged, unreadable, unknown], (), (), adapter.keep)
        assert stored.noted == 0
        assert {lease.message.id for lease in await store.lease(10, 30.0)} == {
            lodged.id, unreadable.id, unknown.id,
        }  # fmt: skip
    await adapter.aclose()


async def test_messages_that_cannot_be_folded_do_not_stop_the_others(taking: Taking) -> None:
    told = story()
    broken, accepted = replace(told.submitted(), data=b"{}"), told.accepted()
    other = Story(MemoryKept(), "H07.34.12-260302-0002", "1.004873", {})
    await taking.take(broken, accepted, other.submitted())
    assert await taking.kept.standing(accepted.dossier, accepted.id) is None
    assert await taking.kept.standing(f"d-{other.code}", "m1") is not None


async def test_the_tables_forget_what_ended_long_ago_and_keep_what_is_still_on_its_way(
    fresh_database: str,
) -> None:
    async with open_tables(fresh_database) as pool:
        taking = InTables(pool)
        stories = [
            Story(MemoryKept(), f"H07.34.12-260302-000{number}", "1.004873", {}) for number in (1, 2, 3)
        ]
        for told in stories:
            await taking.take(told.submitted(), told.accepted())
        for told in stories[:2]:
            await taking.take(told.forwarded(), told.issued(), told.returned())
        await pool.execute("update portal_dossier set ended_at = ended_at - interval '31 days'")
        store = DeliveryStore(pool, "portal", REPORTS_KEY)
        await store.take([replace(stories[1].returned(), id="waits")], [], [])
        async with pool.acquire() as connection:
            await tables.sweep(connection, 30, "portal")
        left = await pool.fetch("select dossier from portal_dossier order by dossier")
        assert [row["dossier"] for row in left] == [f"d-{told.code}" for told in stories[1:]]
        assert (
            await pool.fetchval("select count(*) from portal_line where dossier = $1", "d-" + stories[0].code)
            == 0
        )


async def test_the_record_of_an_erased_dossier_goes_once_nothing_of_it_is_under_way(
    fresh_database: str,
) -> None:
    async with open_tables(fresh_database) as pool:
        taking, submitted = InTables(pool), replace(story().submitted(), dossier=OPENED)
        await taking.take(submitted)
        store = DeliveryStore(pool, "portal", REPORTS_KEY)
        await store.take([submitted], [], [])
        await pool.execute(_ERASED, submitted.dossier)

        async def left() -> int:
            async with pool.acquire() as connection:
                await tables.sweep(connection, 30, "portal")
            count: int = await pool.fetchval("select count(*) from portal_dossier")
            return count

        assert await left() == 1
        await pool.execute("update delivery set state = 'delivered', ended_at = now()")
        assert await left() == 0


async def test_a_report_is_accepted_once_together_with_what_is_noted_beside_it(fresh_database: str) -> None:
    adapter = PortalAdapter(settings_for("http://127.0.0.1:1"))
    async with open_tables(fresh_database) as pool:
        options = DeliveryOptions()
        parts = AdapterContext(
            adapter=adapter,
            store=DeliveryStore(pool, "portal", REPORTS_KEY),
            gate=Throttle(options.limits(), 0.0),
            options=options,
            metrics=DeliveryMetrics(CollectorRegistry()),
            environment="test",
            clock=utc_now,
            stop=None,  # type: ignore[arg-type]  # no loop runs here
        )
        await open_desk(parts, pool)
        desk = Host(pool, parts)
        report = Report("r-1", "onestop.payment.report.v1", "d-1", datetime(2026, 3, 2, tzinfo=UTC), b"{}")

        async def fail(_: object) -> None:
            raise OSError("cut")

        async def note(connection: Any) -> None:
            await tables.store_lodging(connection, "r-1", LODGED_AS, b"digest")

        with pytest.raises(Exception, match="PostgreSQL"):
            await desk.accept(report, fail)
        assert await pool.fetchval("select count(*) from delivery_report") == 0
        assert await desk.accept(report, note)
        assert not await desk.accept(replace(report, data=b'{"other":1}'), fail)
        rows = await pool.fetch("select id, data from delivery_report")
        assert [(row["id"], row["data"]) for row in rows] == [("r-1", b"{}")]
        assert await tables.Tables(pool, SEAL).lodged("r-1") == b"digest"
        with pytest.raises(ValueError, match="bad subject"):
            await desk.accept(replace(report, id="r-2", subject="có dấu"))
        await adapter.aclose()
