"""Test support: what makes the alerts about store, clock and missed messages, each until they end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import uuid4

import asyncpg
from confluent_kafka import TopicPartition

from hub.regulation.clock import local_day
from hub.regulation.lawbook import load_book
from tests.scenario.alert_site import Site
from tests.support.hub_commands import SURE
from tests.support.queues import DRAW, DRAWN_TO
from tests.support.requests import (
    ACCEPT,
    CHECK,
    ONE_STOP,
    SUBMIT,
    WITHDRAW,
    acceptance,
    hand_check,
    submission,
)
from tests.support.stack import kafka_admin
from tests.support.waiting import eventually

_ENTERPRISE = {"kind": "enterprise", "name": "Công ty TNHH Giả Định", "tax_code": "0100233488"}
_RETENTION_LOCK = 4714


@asynccontextmanager
async def nothing_is_swept(site: Site) -> AsyncIterator[None]:
    """Somebody's forgotten session holds the lock of the sweeps."""
    connection = await asyncpg.connect(site.hub.dsn)
    await connection.execute("select pg_advisory_lock($1)", _RETENTION_LOCK)
    try:
        yield
    finally:
        await connection.close()


async def messages_that_are_gone_before_the_adapter_reads_them(site: Site) -> None:
    hub = site.hub
    topic = f"{hub.prefix}out.postal"
    assert await site.adapter.stop() == 0
    admin = kafka_admin(hub.address)
    ends = [TopicPartition(topic, number, -1) for number in range(hub.partitions)]

    async def is_trimmed() -> bool:
        """Once what the engine tells of the order is there, it is lost."""
        starts = [future.result(10).low_watermark for future in admin.delete_records(ends).values()]
        return starts != before

    before = [future.result(10).low_watermark for future in admin.delete_records(ends).values()]
    await site.bench_order(2)
    await eventually(is_trimmed, 30, "the message to the post")
    site.adapter.start()
    await site.prometheus.fires("HubMessagesGone", adapter="postal")
    await site.command("replay", "postal", *SURE)
    await site.prometheus.ends("HubMessagesGone", adapter="postal")


async def a_database_that_breaks_off(site: Site) -> None:
    while not await site.prometheus.firing("HubDatabaseLost"):
        await eventually(partial(site.end_session, "engine-1-read"), 20, "a session to end")

    await site.prometheus.fires("HubDatabaseLost")
    await site.prometheus.ends("HubDatabaseLost")


async def an_agency_that_nobody_tells(site: Site) -> None:
    """Written as the engine does, since what has to come before a forwarding is no matter of this alert."""
    unheard = "insert into unheard_agency (agency, dossiers, dossier) values ('000.99.98.H07', 1, $1)"
    await site.hub.database.execute(unheard, uuid4())
    await site.prometheus.fires("HubAgencyUnheard")
    await site.hub.register("agency-late", ["agency"], ["000.99.98.H07"])
    await site.prometheus.ends("HubAgencyUnheard")


async def an_engine_whose_table_is_locked(site: Site) -> None:
    async with site.session() as connection, connection.transaction():
        await connection.execute("lock table engine in access exclusive mode")
        await site.prometheus.fires("HubNotReady", role="engine")
    await site.prometheus.ends("HubNotReady")


async def commits_that_are_held_up(site: Site) -> None:
    """A report of somebody's locks a table, again and again, while requests come."""
    connection = await asyncpg.connect(site.hub.dsn)

    async def hold() -> None:
        while True:
            await site.sound.send(SUBMIT, f"ref:{uuid4()}", submission())
            async with connection.transaction():
                await connection.execute("lock table segment in exclusive mode")
                await connection.execute("select pg_sleep(2)")

    holding = asyncio.create_task(hold())
    await site.prometheus.fires("HubCommitsSlow", 120)
    holding.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await holding
    await connection.close()
    await site.prometheus.ends("HubCommitsSlow", 120)


async def deadlines_and_supplies(site: Site) -> None:
    """The clock comes near a due time, passes it, comes near the end of the calendar, and goes back."""
    subject = f"ref:{uuid4()}"
    await site.sound.ask(SUBMIT, subject, submission(applicant=_ENTERPRISE))
    await site.sound.ask(CHECK, subject, hand_check(_ENTERPRISE))
    receipt = await site.sound.ask(ACCEPT, subject, acceptance())
    await eventually(partial(has_due_time, site, receipt.data["dossier"]), 20, "the due time")
    due = site.sound.facts("dossier.accepted", receipt.data["dossier"])[0].data["due_at"]
    left = datetime.fromisoformat(due) - datetime.now(UTC)
    await site.store.execute("update code_block set next = 9500")  # as after a day of 9,499 dossiers
    await site.sound.ask(DRAW, f"ref:{uuid4()}", {"organisation": ONE_STOP})
    await site.store.execute(DRAWN_TO, "95000")
    await site.prometheus.fires("HubDossierCodesLow", unit=ONE_STOP)
    await site.prometheus.fires("HubQueueNumbersLow", unit=ONE_STOP)
    await site.move_clock(left - timedelta(hours=1))
    await site.prometheus.fires("HubDeadlinesAtRisk")
    await site.prometheus.ends("HubDossierCodesLow")
    await site.prometheus.ends("HubQueueNumbersLow")
    await site.move_clock(left + timedelta(hours=1))
    await site.prometheus.fires("HubDeadlinesOverdue")
    await site.prometheus.ends("HubDeadlinesAtRisk")
    await site.sound.ask(WITHDRAW, subject, {"reason": "Thử"})
    await site.prometheus.ends("HubDeadlinesOverdue")
    last = load_book().in_force(date.max).calendar.last_day
    await site.move_clock((last - local_day(datetime.now(UTC))) - timedelta(days=10))
    await site.prometheus.fires("HubCalendarEnds")
    await site.prometheus.fires("HubCalendarEndsSoon")
    await site.move_clock(timedelta())
    await site.prometheus.ends("HubCalendarEnds")
    await site.prometheus.ends("HubCalendarEndsSoon")


def has_due_time(site: Site, dossier: str) -> bool:
    return bool(site.sound.facts("dossier.accepted", dossier))
