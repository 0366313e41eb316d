"""`hub law replan`: open dossiers pass over to a later calendar; first it shows which limits would move."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import orjson
import typer

from hub.cli.asking import By, IsSure, Order, Why, order
from hub.cli.shared import fail, with_store
from hub.dossier.rules.replanning import is_later_calendar, moved_limits
from hub.facts.fact_bytes import rfc3339
from hub.facts.message import HUB_SOURCE, cloud_event
from hub.facts.sealing import store_key_of
from hub.identifiers import derived_id
from hub.kafka import client as kafka
from hub.oversight.dossiers import Casebook, Search, Seen
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection
from hub.postgres.operator_actions import record_action
from hub.printing.tables import AsJson, note, print_rows, say
from hub.regulation.clock import local_day
from hub.regulation.law import Law
from hub.regulation.lawbook import LawBook, load_book
from hub.settings import Settings
from schemas.party import Officer
from schemas.replanning import ChangedDay, ReplanLimits

_COLUMNS = ("dossier", "limit", "old_due_at", "new_due_at", "days")


@dataclass(frozen=True, slots=True)
class _Open:
    """A dossier that still goes by an earlier version of the calendar, and the two laws."""

    seen: Seen
    before: Law
    after: Law


def replan(
    calendar: Annotated[
        str | None, typer.Option(help="version to pass over to; left out: the one in force today")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="only show which limits would move")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="dossiers at a time")] = 10_000,
    reason: Why = "",
    operator: By = "",
    is_sure: IsSure = False,
    as_json: AsJson = False,
) -> None:
    """Let open dossiers pass over to a later calendar: their limits are counted anew, each on record."""
    if show:
        _show(calendar, limit, as_json=as_json)
        return
    by = order(
        "Count the limits of open dossiers anew by a later calendar?", operator, reason, is_sure=is_sure
    )

    async def work(tree: Settings, connection: Connection) -> tuple[int, str]:
        book, now = load_book(tree.profile, tree.regulation), await _now(tree, connection)
        wanted = calendar or book.in_force(local_day(now)).versions.calendar
        sent = await _send(tree, _open(tree, connection, book, wanted), limit, wanted, by, now)
        if sent:
            told = f"{by.reason} ({sent} dossiers)"
            await record_action(connection, by.operator, "calendar.replanned", f"calendar/{wanted}", told)
        return sent, wanted

    sent, wanted = with_store("replan", work)
    if not sent:
        say(f"no open dossier goes by an earlier version of {wanted}")
        return
    more = "; there may be more: run it again" if sent == limit else ""
    say(f"ordered for {sent} dossiers{more}; hub law replan --show says what is left")


def _show(calendar: str | None, limit: int, *, as_json: bool) -> None:
    async def work(tree: Settings, connection: Connection) -> tuple[list[dict[str, Any]], int]:
        book, now = load_book(tree.profile, tree.regulation), await _now(tree, connection)
        wanted = calendar or book.in_force(local_day(now)).versions.calendar
        rows: list[dict[str, Any]] = []
        count = 0
        async for one in _open(tree, connection, book, wanted):
            rows += _rows(one, now)
            count += 1
            if count == limit:
                break
        return rows, count

    rows, count = with_store("replan", work)
    print_rows(rows, _COLUMNS, as_json=as_json, none="no limit would move", more=("kind", "holder"))
    note(f"{count} open dossiers go by an earlier calendar" + (", and maybe more" if count == limit else ""))


async def _now(tree: Settings, connection: Connection) -> datetime:
    return (await read_clock(connection, tree.environment)).of(datetime.now(UTC))


async def _open(tree: Settings, connection: Connection, book: LawBook, wanted: str) -> AsyncIterator[_Open]:
    """Page by page, newest first; a calendar that this program does not have ends the command."""
    key = store_key_of(tree)
    clock = await read_clock(connection, tree.environment)
    if wanted not in book.calendars:
        fail(f"there is no calendar {wanted}: hub law list", 2)
    async for seen in Casebook(connection, key, clock).newest(Search(), sys.maxsize):
        state = seen.state if seen is not None else None
        if seen is None or state is None or not is_later_calendar(state.law.calendar, wanted):
            continue
        if not state.timers and state.status in {"declined", "withdrawn", "returned"}:
            continue
        after = book.of(state.law._replace(calendar=wanted))
        yield _Open(seen, book.of(state.law), after)


def _rows(one: _Open, now: datetime) -> list[dict[str, Any]]:
    assert one.seen.state is not None
    return [
        {
            "dossier": one.seen.code or one.seen.id,
            "limit": moved.timer,
            "kind": moved.kind,
            "holder": moved.holder,
            "old_due_at": moved.old_due_at,
            "new_due_at": moved.new_due_at,
            "days": ", ".join(map(_day, moved.days)),
        }
        for moved in moved_limits(one.seen.state, one.before, one.after, now)
    ]


def _day(one: ChangedDay) -> str:
    return f"{one.day} {one.name or ('off' if one.is_off else 'worked')}"


async def _send(
    tree: Settings, found: AsyncIterator[_Open], limit: int, wanted: str, by: Order, now: datetime
) -> int:
    """One request each, of this order, at this legal time; what is ordered twice is refused once it was done.

    The id is the order's own: one that came before its calendar was everywhere can be given again.
    """
    producer = kafka.producer(tree.kafka, "replan")
    topic = f"{tree.kafka.prefix}in.hub"
    officer = Officer(account=by.operator, name=by.operator)
    value = orjson.dumps(
        ReplanLimits(calendar=wanted, officer=officer, reason=by.reason).model_dump(mode="json")
    )
    sent, this_order = 0, str(uuid4())
    try:
        await producer.start()
        partitions = sorted(await producer.partitions_for(topic))
        async for one in found:
            dossier = one.seen.id
            headers = cloud_event(
                event_id=derived_id(0, "replan", dossier, wanted, this_order),
                source=HUB_SOURCE,
                event_type=ReplanLimits.type,
                subject=dossier,
                time=rfc3339(now),
            )
            partition = partitions[int(dossier[-6:], 16) % len(partitions)]
            await producer.send_and_wait(
                topic, value, key=dossier.encode(), partition=partition, headers=list(headers)
            )
            sent += 1
            if sent == limit:
                break
    finally:
        await producer.stop()
    return sent
