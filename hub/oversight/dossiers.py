"""Dossiers as an operator sees them: found among all, and one with everything that it waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from hub.delivery.stored_outcome import short_outcome
from hub.dossier import matters
from hub.dossier.errors import StateError
from hub.dossier.standing import possible_now
from hub.dossier.state.codec import state_from_json
from hub.dossier.state.matter import Matter, State
from hub.dossier.state.model import Dossier
from hub.dossier.turn import open_requests, turn_of
from hub.explaining.due_counted import due_counted
from hub.explaining.entries import short_type
from hub.facts.integrity import StoreKey
from hub.facts.trusted import is_dossier_genuine
from hub.legal_time import LegalClock
from hub.postgres.database import Connection
from hub.regulation.lawbook import LawBook

_ROW = """
d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac,
substr(a.alias, 6) as code
"""
_JOINS = """
left join dossier_key k on k.dossier_id = d.id
left join alias a on a.dossier_id = d.id and a.alias like 'code:%'
"""
BY_IDS = f"select {_ROW} from dossier d {_JOINS} where d.id = any($1::uuid[]) order by d.id desc"  # noqa: S608  our text
NEWEST = f"""
select {_ROW} from (
    select * from dossier where id >= $1::uuid and id < $2::uuid order by id desc limit $3
) d {_JOINS} order by d.id desc
"""  # noqa: S608  our text
"""Ids begin with the time of receipt, so the key of the table is an order of time."""
PARKED = """
select participant, request_id as request, reason, parked_at as since from parked_request
where dossier_id = $1::uuid order by position limit 50
"""
DELIVERIES = """
select adapter, id, type, attempts::bigint + queries as calls, first_at as since, ended_at,
       greatest(next_at, first_at) as next_at,
       outcome::text as outcome,
       case when is_doubtful and state in ('unknown', 'leased') then 'unknown' else state end as state
from delivery where dossier = $1 order by sequence, position limit 200
"""
_REDRIVEN = (
    "select requested_at, operator, outcome from redrive where dossier_id = $1::uuid order by id desc limit 1"
)
_ERASED_AT = "select erased_at from erasure where dossier_id = $1::uuid"
_PAGE = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; None is whatever. Times are those of receipt by the hub, in legal time."""

    since: datetime | None = None
    until: datetime | None = None
    statuses: Collection[str] = ()
    organisations: Collection[str] = ()
    """Those of a participant: the dossier's one-stop or agency is one of them."""
    submitted_by: str | None = None
    is_parked: bool = False
    is_matter: bool = False
    """Matters, which are about no dossier, instead of dossiers."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A dossier as it is listed; `state` is None when it cannot be believed or read, and of a `matter`."""

    id: str
    code: str | None
    received_at: datetime
    state: Dossier | None
    parked: int
    is_erased: bool
    matter: Matter | None = None

    def row(self) -> dict[str, Any]:
        """As a line of a list."""
        state, matter = self.state, self.matter
        found: dict[str, Any] = {
            "dossier": self.code or self.id,
            "status": self.status,
            "turn": turn_of(state) if state is not None else None,
            "due_at": state.due_at if state is not None else None,
            "id": self.id,
            "received_at": self.received_at,
            "parked": max(self.parked, 0),
            "erased": self.is_erased,
        }
        if state is not None:
            found |= {
                "procedure": state.procedure,
                "organisation": state.organisation,
                "agency": state.agency,
                "submitted_by": state.submitted_by,
            }
        if matter is not None:
            found |= {"matter": matter.kind, "organisation": matter.organisation, "agency": matter.agency}
        return found

    @property
    def status(self) -> str:
        """Of a dossier its own; else in a word what it is."""
        if self.state is not None:
            return self.state.status
        return "altered" if self.matter is None else "matter"


class Casebook:
    """Reads dossiers by one session."""

    def __init__(self, connection: Connection, key: StoreKey, clock: LegalClock) -> None:
        self._connection = connection
        self._key = key
        self._clock = clock

    async def of_ids(self, ids: Collection[str]) -> list[Seen]:
        """These dossiers, newest first."""
        return [self._seen(row) for row in await self._connection.fetch(BY_IDS, list(ids))]

    async def newest(self, wanted: Search, most: int) -> AsyncIterator[Seen | None]:
        """Those that are wanted, newest first; None when `most` were looked at and there are more."""
        looked, end = 0, _id_of(wanted.until) if wanted.until is not None else str(UUID(int=(1 << 128) - 1))
        start = (
            _id_of(wanted.since - self._clock.most_ahead) if wanted.since is not None else str(UUID(int=0))
        )
        while rows := await self._connection.fetch(NEWEST, start, end, _PAGE):
            for row in rows:
                seen = self._seen(row)
                if _is_wanted(seen, wanted):
                    yield seen
            looked += len(rows)
            end = rows[-1]["id"]
            if looked >= most and len(rows) == _PAGE:
                yield None
                return

    def _seen(self, row: asyncpg.Record) -> Seen:
        state: State | None = None
        if row["state"] is not None and is_dossier_genuine(row, self._key):
            try:
                state = state_from_json(row["state"])
            except StateError:
                state = None
        received = self._clock.at(int(row["id"][:8] + row["id"][9:13], 16))
        matter = state if isinstance(state, Matter) else None
        dossier = state if isinstance(state, Dossier) else None
        return Seen(row["id"], row["code"], received, dossier, row["parked"], row["wrapped"] is None, matter)

    async def whole(self, dossier_id: str, book: LawBook) -> dict[str, Any]:
        """One dossier with what it waits for; nothing personal is opened."""
        (seen,) = await self.of_ids([dossier_id])
        now = self._clock.of(datetime.now(UTC))
        found = seen.row() | {"dossier": seen.id, "code": seen.code}
        del found["id"]
        if seen.state is not None:
            found |= _state_view(seen.state, now, book)
        if seen.matter is not None:
            found |= _matter_view(seen.matter)
        fetch = self._connection.fetch
        found["parked_requests"] = [dict(row) for row in await fetch(PARKED, dossier_id)]
        found["deliveries"] = [
            delivery_row(row) for row in await fetch(DELIVERIES, dossier_id) if row["ended_at"] is None
        ]
        redriven = await self._connection.fetchrow(_REDRIVEN, dossier_id)
        if redriven is not None:
            found["last_redrive"] = dict(redriven)
        if seen.is_erased:
            found["erased_at"] = await self._connection.fetchval(_ERASED_AT, dossier_id)
        return found


def _state_view(state: Dossier, now: datetime, book: LawBook) -> dict[str, Any]:
    """What a state says to an operator (pure)."""
    return {
        "channel": state.channel,
        "return_channel": state.return_channel,
        "submitted_at": state.submitted_at,
        "accepted_at": state.accepted_at,
        "handling": state.handling,
        "due_counted": due_counted(state, book.of(state.law)),
        "overdue": state.measure is not None and state.measure <= now and _is_running(state),
        "deadlines": [
            {"kind": timer.kind, "due_at": timer.due_at}
            for timer in sorted(state.timers.values(), key=lambda timer: timer.due_at)
        ],
        "waits_for": [{"what": one.what, "of": one.of, "since": one.since} for one in open_requests(state)],
        "identity": {
            party: check.outcome
            for party, check in (("owner", state.owner), ("proxy", state.proxy))
            if check.outcome != "none"
        },
        "identity_papers": list(state.papers_checked),
        "supplements": state.supplements_intake + state.supplements_appraisal,
        "appraisal": state.appraisal,
        "apologies": state.apologies,
        "reschedules": state.reschedules,
        "papers": dict(state.custody),
        "originals": {name: state.custody[name] for name in sorted(state.open_originals)},
        "archived_at": state.archived_at,
        "ratings": dict(state.ratings),
        "complaints": {
            name: {"kind": one.kind, "about": one.about, "handler": one.handler, "open": one.is_open}
            for name, one in state.complaints.items()
        },
        "losses": {
            name: {"kind": one.kind, "holder": one.holder, "papers": list(one.papers), "open": one.is_open}
            for name, one in state.losses.items()
        },
        "copies": {
            code: "certified" if copy.is_certified else "signed" for code, copy in state.digitised.items()
        },
        "law": list(state.law),
        "possible": [short_type(kind) for kind in possible_now(state, book.of(state.law).profile)],
    }


def _matter_view(matter: Matter) -> dict[str, Any]:
    """What a matter says to an operator (pure)."""
    return {
        "opened_at": matter.opened_at,
        "deadlines": [
            {"kind": timer.kind, "name": name, "due_at": timer.due_at}
            for name, timer in sorted(matter.timers.items(), key=lambda one: one[1].due_at)
        ],
        "quarters": {
            quarter: {
                "settled_at": one.settled_at,
                "collected": one.collected,
                "handed_over": one.handed_over,
            }
            for quarter, one in sorted(matter.quarters.items())
        },
        **(_queue_view(matter) if matter.kind == "queue" else {}),
        "possible": [short_type(kind) for kind in matters.possible_now(matter)],
    }


def _queue_view(matter: Matter) -> dict[str, Any]:
    """Numbers that wait, and what each desk called last (pure)."""
    return {
        "numbers": matter.numbers,
        "waiting": {
            number: {"field": one.field, "priority": one.priority, "since": one.since}
            for number, one in matter.waiting.items()
        },
        "calls": {desk: {"number": one.number, "at": one.at} for desk, one in matter.calls.items()},
    }


def _is_running(state: Dossier) -> bool:
    return state.status in {"accepted", "forwarded", "received", "in_process"}


def _is_wanted(seen: Seen, wanted: Search) -> bool:
    state = seen.state
    if (seen.matter is not None) != wanted.is_matter:
        return False
    if wanted.since is not None and seen.received_at < wanted.since:
        return False
    if wanted.until is not None and seen.received_at >= wanted.until:
        return False
    if wanted.is_parked and seen.parked <= 0:
        return False
    if wanted.statuses and (state is None or state.status not in wanted.statuses):
        return False
    if seen.matter is not None:
        named = {seen.matter.organisation, seen.matter.agency}
        return not wanted.organisations or not named.isdisjoint(wanted.organisations)
    concerned = wanted.organisations or wanted.submitted_by is not None
    return not concerned or (
        state is not None
        and (
            state.submitted_by == wanted.submitted_by
            or state.organisation in wanted.organisations
            or state.agency in wanted.organisations
        )
    )


def delivery_row(row: asyncpg.Record) -> dict[str, Any]:
    """A delivery as a line, without contents (pure)."""
    return {
        "adapter": row["adapter"],
        "id": row["id"],
        "type": short_type(row["type"]),
        "state": row["state"],
        "calls": row["calls"],
        "since": row["since"],
        "ended_at": row["ended_at"],
        "next_at": row["next_at"] if row["ended_at"] is None else None,
        "last_outcome": short_outcome(row["outcome"]),
    }


def _id_of(moment: datetime) -> str:
    """The first id of that moment."""
    ms = max(0, int((moment - _EPOCH).total_seconds() * 1000))
    return str(UUID(f"{ms:012x}".ljust(32, "0")))
