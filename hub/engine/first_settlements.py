"""Tells the hub itself of pairs of one-stop and agency whose first quarter has to be settled (Art. 9.10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg

from hub.checks.reports import legal_now
from hub.engine.own_requests import own_request
from hub.errors import AlteredRowError
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, genuine_body
from hub.facts.untrusted import OnUntrusted
from hub.identifiers import alias_of
from hub.kafka.producer import OutgoingRecord, Producer
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM, local_day
from hub.regulation.lawbook import LawBook
from hub.regulation.quarters import days_of, ended_before
from schemas.settlement import WatchFees

_HUB = "hub"
_SEND_S = 20.0
_LOOK_S = 0.5
_PAGE = 500
_PAID = """
with paid as (
    select distinct p.dossier_id from fact p
    where p.time >= $1 and p.time < $2 and p.type = 'onestop.payment.recorded.v1'
        and json_of(p.bytes) -> 'data' ->> 'status' = 'paid'
)"""
COLLECTED = f"""
{_PAID}, pairs as (
    select distinct on (body ->> 'organisation', body ->> 'agency') s.id
    from fact s cross join lateral (select json_of(s.bytes) -> 'data' as body) said
    where s.sequence = 1 and s.dossier_id in (select dossier_id from paid)
        and (body is null or body ->> 'organisation' <> body ->> 'agency')
    order by body ->> 'organisation', body ->> 'agency', s.id
)
select {FACT_COLUMNS} from fact f where f.id in (select id from pairs)
"""  # noqa: S608  our text
"""One submission of each one-stop and agency between which something was paid, and one that is no JSON."""
_SUBMITTED = f"""
{_PAID}
select {FACT_COLUMNS} from fact f
where f.sequence = 1 and f.dossier_id in (select dossier_id from paid) and f.dossier_id > $3::uuid
order by f.dossier_id limit {_PAGE}
"""  # noqa: S608  our text
"""The submissions of all dossiers of which something was paid, a page of them."""
_THERE = "select alias, dossier_id::text as dossier, mac from alias where alias = any($1::text[])"


class SettlementTeller:
    """Of the last quarter that is over, once a day; what is on record is watched by its own settlements.

    The quarter is read day by day, for half a second at each look, so that nothing else of the session waits.
    """

    def __init__(
        self, producer: Producer, book: LawBook, *, topic: str, environment: str, key: StoreKey,
        told: OnUntrusted,
    ) -> None:  # fmt: skip
        self._producer = producer
        self._book = book
        self._topic = topic
        self._environment = environment
        self._key = key
        self._on_untrusted = told
        self._begun: date | None = None
        """The day on which the quarter is read, or was."""
        self._next: date | None = None
        """The day of the quarter that is read next; None when all are."""
        self._found: dict[str, WatchFees] = {}

    async def tell(self, connection: Connection) -> None:
        """Read some more days; after the last send those that have to be watched from now on.

        An altered fact is named and left out.
        """
        now = await legal_now(connection, self._environment)
        today = local_day(now)
        quarter = ended_before(today)
        if self._begun != today:
            is_watched = self._book.in_force(today).profile.settlement.limit_working_days is not None
            self._begun, self._found = today, {}
            self._next = days_of(quarter)[0] if is_watched else None
        if self._next is None:
            return
        until, end = monotonic() + _LOOK_S, days_of(quarter)[1]
        while self._next < end and monotonic() < until:
            self._found |= await self.collected(connection, self._next, quarter)
            self._next += timedelta(days=1)
        if self._next < end:
            return
        records = [_record(one, now) for one in await self._unwatched(connection)]
        if records:
            await self._producer.send(self._topic, records, _SEND_S)
        self._next = None

    async def collected(self, connection: Connection, day: date, quarter: str) -> dict[str, WatchFees]:
        """The pairs between which something was paid on this day, by their names.

        One submission stands for its pair. Where one was altered all of the day are looked at, since the
        others of its pair say the same.
        """
        span = [_midnight(day, days) for days in (0, 1)]
        rows = await connection.fetch(COLLECTED, *span)
        bodies = [genuine_body(row, self._key) for row in rows]
        if None not in bodies:
            return _pairs(bodies, quarter)
        found, last = dict[str, WatchFees](), str(UUID(int=0))
        while rows := await connection.fetch(_SUBMITTED, *span, last):
            found |= _pairs((self._body(row) for row in rows), quarter)
            last = rows[-1]["dossier"]
        return found

    def _body(self, row: asyncpg.Record) -> dict[str, Any] | None:
        body = genuine_body(row, self._key)
        if body is None:
            self._on_untrusted(AlteredRowError(fact_name(row)))
        return body

    async def _unwatched(self, connection: Connection) -> list[WatchFees]:
        rows = await connection.fetch(_THERE, list(self._found))
        there = {row["alias"] for row in rows if self._key.alias(row["alias"], row["dossier"]) == row["mac"]}
        return [one for alias, one in self._found.items() if alias not in there]


def _pairs(bodies: Iterable[dict[str, Any] | None], quarter: str) -> dict[str, WatchFees]:
    """By their names; who collects for itself hands nothing over."""
    found = {}
    for body in bodies:
        if body is None:
            continue
        organisation, agency = body["data"]["organisation"], body["data"]["agency"]
        if organisation != agency:
            request = WatchFees(organisation=organisation, agency=agency, quarter=quarter)
            found[_alias(request)] = request
    return found


def _midnight(day: date, days: int) -> datetime:
    return datetime.combine(day + timedelta(days=days), time(), VIETNAM)


def _alias(request: WatchFees) -> str:
    return alias_of(f"ref:{request.matter(date.min)}", _HUB)


def _record(request: WatchFees, now: datetime) -> OutgoingRecord:
    name = f"fees-{sha256(f'{request.matter(date.min)}/{request.quarter}'.encode()).hexdigest()[:40]}"
    return own_request(request, name, now)
