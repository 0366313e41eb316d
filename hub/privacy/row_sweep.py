"""The sweep over all that is stored: each row against its check, chains, states and timers against facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from msgspec.structs import replace

from hub.dossier.state.codec import state_from_json, to_json
from hub.dossier.state.folding import evolve_state
from hub.dossier.state.matter import State
from hub.dossier.state.model import Dossier, Timer
from hub.dossier.state.near import rows_of
from hub.errors import AlteredRowError, HubError, UntrustedRowError
from hub.facts import checked
from hub.facts.fact_bytes import law_of, open_fact
from hub.facts.integrity import StoreKey
from hub.facts.sealing import SEED_UNREADABLE, MasterKey
from hub.facts.trusted import (
    FACT_COLUMNS,
    NOT_ERASED,
    fact_name,
    is_dossier_genuine,
    is_erased,
    is_fact_genuine,
    is_receipt_genuine,
    receipt_name,
)
from hub.postgres.database import Connection
from hub.regulation.lawbook import LawBook
from schemas.registry import FACTS

_PAGE = 200
_FINER = re.compile(rb"(T\d\d:\d\d:\d\d\.\d{3})\d+")
_LEAST = -(1 << 63)
_NOBODY = "00000000-0000-0000-0000-000000000000"
_DOSSIERS = """
select d.id::text as id, d.head, d.sequence, d.parked, d.state, d.private, k.wrapped, d.mac,
       (select count(*) from parked_request p where p.dossier_id = d.id) as waiting,
       exists (select from erasure e where e.dossier_id = d.id) as is_named_erased
from dossier d left join dossier_key k on k.dossier_id = d.id
where d.id > $1::uuid order by d.id limit $2
"""
_FACTS = f"""
select {FACT_COLUMNS} from fact f where f.dossier_id = any($1::uuid[]) order by f.dossier_id, f.sequence
"""  # noqa: S608  no value stands in it
_TIMERS = """
select dossier_id::text as dossier, name, kind,
       greatest(least(due_at, timestamptz '9999-01-01 00:00Z'), timestamptz 'epoch') as due_at
from timer where dossier_id = any($1::uuid[])
"""
_INBOX = """
select participant, id, digest, receipt, dossier_id::text as dossier, mac from inbox
where (participant, id) > ($1, $2) order by participant, id limit $3
"""
_ALIASES = """
select alias, dossier_id::text as dossier, mac from alias where alias > $1 order by alias limit $2
"""
_OFFSETS = """
select topic, partition, topic_id, next, batch::text as batch, goes_on, mac from intake_offset
order by topic, partition
"""
_MARKS = """
select topic, partition, topic_id, probing, marks, marks_mac from intake_offset
where marks <> 0 order by topic, partition
"""
_SEGMENTS = "select id, shard, payload, mac from segment where id > $1 order by id limit $2"
_BLOCKED = "select id, topic, shard, payload, mac from blocked_message where id > $1 order by id limit $2"
_STRAYS = """
select f.dossier_id::text as dossier, min(f.sequence) as sequence from fact f
where not exists (select from dossier d where d.id = f.dossier_id) group by f.dossier_id
"""
_CODES = """
select alias from alias where dossier_id = any($1::uuid[]) and alias like 'code:%'
"""
_ANSWERED = """
select i.participant, i.id from unnest($1::text[], $2::text[]) w(participant, id)
join inbox i on i.participant = w.participant and i.id = w.id
"""
_NAMELESS = """
select d.id::text as id from dossier d
where not exists (select from alias a where a.dossier_id = d.id and a.alias like 'ref:%')
"""


class RowSweep:
    """Reads in pages, without locks; what is written meanwhile is as genuine as the rest."""

    def __init__(self, connection: Connection, master: MasterKey, book: LawBook) -> None:
        self._connection = connection
        self._master = master
        self._key: StoreKey = master.store
        self._book = book
        kinds = ("dossier", "fact", "inbox", "alias", "segment", "blocked_message")
        self.counts = Counter(dict.fromkeys((*kinds, *(one.table for one in checked.ALL)), 0))

    async def findings(self) -> AsyncIterator[UntrustedRowError]:
        """Every row that is not what the hub has written, by its name."""
        for part in (
            self._dossiers(), self._answers(), self._aliases(), self._others(), self._blocked(),
            checked.findings(self._connection, self._key, counts=self.counts),
        ):  # fmt: skip
            async for finding in part:
                yield finding

    async def _dossiers(self) -> AsyncIterator[UntrustedRowError]:
        last = _NOBODY
        while page := await self._connection.fetch(_DOSSIERS, last, _PAGE):
            ids = [row["id"] for row in page]
            # One snapshot of a dossier and its facts: an engine writes them together.
            async with self._connection.transaction(isolation="repeatable_read", readonly=True):
                rows = await self._connection.fetch(_DOSSIERS, last, len(page))
                facts = _by_dossier(await self._connection.fetch(_FACTS, ids))
                timers = _by_dossier(await self._connection.fetch(_TIMERS, ids))
                codes = {row["alias"] for row in await self._connection.fetch(_CODES, ids)}
                missing = await self._missing_answers(facts)
            for row in rows:
                self.counts["dossier"] += 1
                for finding in self._dossier(row, facts.get(row["id"], ()), timers.get(row["id"], ())):
                    yield finding
                if (code := _code_of(row)) is not None and f"code:{code}" not in codes:
                    yield AlteredRowError(f"alias of dossier {row['id']}", "that of its code is missing")
            for participant, request in missing:
                yield AlteredRowError(f"inbox {participant} {request}", "it is missing")
            last = ids[-1]
        for row in await self._connection.fetch(_NAMELESS):
            yield AlteredRowError(f"alias of dossier {row['id']}", "that of its reference is missing")
        for row in await self._connection.fetch(_STRAYS):
            yield AlteredRowError(fact_name(row), "there is no such dossier")

    async def _missing_answers(self, facts: Mapping[str, Sequence[asyncpg.Record]]) -> list[tuple[str, str]]:
        """The requests that facts name and of which the inbox knows nothing: a repeat would count anew."""
        named = {
            (body["source"].removeprefix("/participants/"), body["request"])
            for some in facts.values()
            for fact in some
            if is_fact_genuine(fact, self._key)
            for body in (orjson.loads(fact["bytes"]),)
        }
        participants, requests = [name for name, _ in named], [request for _, request in named]
        rows = await self._connection.fetch(_ANSWERED, participants, requests)
        return sorted(named - {(row["participant"], row["id"]) for row in rows})

    def _dossier(
        self, row: asyncpg.Record, facts: Sequence[asyncpg.Record], timers: Sequence[asyncpg.Record]
    ) -> Iterator[UntrustedRowError]:
        self.counts["fact"] += len(facts)
        altered = [AlteredRowError(fact_name(fact)) for fact in facts if not is_fact_genuine(fact, self._key)]
        yield from altered
        name = f"dossier {row['id']}"
        if not is_dossier_genuine(row, self._key):
            yield AlteredRowError(name)
        elif row["is_named_erased"] != is_erased(row, self._key):
            said = NOT_ERASED if row["is_named_erased"] else "it is missing"
            yield AlteredRowError(f"erasure {row['id']}", said)
        elif not altered:
            yield from self._chain(name, row, facts)
            yield from self._meaning(name, row, facts, timers)

    def _chain(
        self, name: str, row: asyncpg.Record, facts: Sequence[asyncpg.Record]
    ) -> Iterator[UntrustedRowError]:
        """Each fact names the one before, none is missing, and the dossier names the last."""
        before: bytes | None = None
        for number, fact in enumerate(facts, start=1):
            named = orjson.loads(fact["bytes"])["previous"]
            if fact["sequence"] != number or named != (before.hex() if before is not None else None):
                yield AlteredRowError(fact_name(fact), "it does not follow the fact before it")
                return
            before = fact["hash"]
        if (before, len(facts)) != (row["head"], row["sequence"]):
            yield AlteredRowError(name, "its last fact is not the one that it names")

    def _meaning(
        self,
        name: str,
        row: asyncpg.Record,
        facts: Sequence[asyncpg.Record],
        timers: Sequence[asyncpg.Record],
    ) -> Iterator[UntrustedRowError]:
        """The state is what the facts add up to, as far as they can be opened; the timers are the state's."""
        if row["wrapped"] is None or row["state"] is None:
            return
        if row["waiting"] != row["parked"]:
            yield AlteredRowError(name, f"{row['waiting']} requests are parked, it says {row['parked']}")
        try:
            state = state_from_json(row["state"])
            folded = self._fold(row["wrapped"], facts)
        except UntrustedRowError as error:
            yield UntrustedRowError(name, error.why)
            return
        if folded is not None and _said(folded) != _said(state):
            yield AlteredRowError(name, "its state is not what its facts add up to")
        stored = {timer["name"]: (timer["kind"], timer["due_at"]) for timer in timers}
        if stored != {key: (timer.kind, timer.due_at) for key, timer in rows_of(state.timers).items()}:
            yield AlteredRowError(name, "its timers are not those of its state")

    def _fold(self, wrapped: bytes, facts: Sequence[asyncpg.Record]) -> State | None:
        """None where that cannot be told: a law that is not here, or fields that nobody can open any more."""
        key = self._master.unwrap(wrapped)
        state: State | None = None
        for fact in facts:
            body = open_fact(fact["bytes"], key)
            model = FACTS.get(body["type"])
            if "sealed" in body or model is None:
                return None
            at, sender = datetime.fromisoformat(body["time"]), body["source"].removeprefix("/participants/")
            data = model.model_validate_json(orjson.dumps(body["data"]), extra="ignore")
            try:
                state = evolve_state(state, data, at, sender, self._book.of(law_of(body)))
            except HubError:
                return None
        return state

    async def _answers(self) -> AsyncIterator[UntrustedRowError]:
        last = ("", "")
        while rows := await self._connection.fetch(_INBOX, *last, _PAGE):
            self.counts["inbox"] += len(rows)
            for row in rows:
                if not is_receipt_genuine(row, self._key):
                    yield AlteredRowError(receipt_name(row))
            last = rows[-1]["participant"], rows[-1]["id"]

    async def _aliases(self) -> AsyncIterator[UntrustedRowError]:
        last = ""
        while rows := await self._connection.fetch(_ALIASES, last, _PAGE):
            self.counts["alias"] += len(rows)
            for row in rows:
                if self._key.alias(row["alias"], row["dossier"]) != row["mac"]:
                    yield AlteredRowError(f"alias of dossier {row['dossier']}")
            last = rows[-1]["alias"]

    async def _others(self) -> AsyncIterator[UntrustedRowError]:
        if self._master.terms is None:
            yield SEED_UNREADABLE
        for row in await self._connection.fetch(_OFFSETS):
            *place, check = tuple(row.values())
            if self._key.offset(*place) != check:
                yield AlteredRowError(f"intake_offset {row['topic']} {row['partition']}")
        for row in await self._connection.fetch(_MARKS):
            *said, check = tuple(row.values())
            if self._key.marks(*said) != check:
                yield AlteredRowError(f"intake_offset {row['topic']} {row['partition']}", "its marks")
        last = _LEAST
        while rows := await self._connection.fetch(_SEGMENTS, last, _PAGE):
            self.counts["segment"] += len(rows)
            for row in rows:
                if self._key.segment(row["shard"], row["payload"]) != row["mac"]:
                    yield AlteredRowError(f"segment {row['id']}")
            last = rows[-1]["id"]

    async def _blocked(self) -> AsyncIterator[UntrustedRowError]:
        last = _LEAST
        while rows := await self._connection.fetch(_BLOCKED, last, _PAGE):
            self.counts["blocked_message"] += len(rows)
            for row in rows:
                if self._key.blocked(row["topic"], row["shard"], row["payload"]) != row["mac"]:
                    yield AlteredRowError(f"blocked_message {row['id']}")
            last = rows[-1]["id"]


def _code_of(row: asyncpg.Record) -> str | None:
    """The official code that a dossier's state names, as far as it can be read."""
    try:
        state = state_from_json(row["state"]) if row["state"] is not None else None
        return state.code if isinstance(state, Dossier) else None
    except UntrustedRowError:
        return None


def _said(state: State) -> bytes:
    """As stored, in milliseconds: facts tell the time of their receipt no finer.

    Less the warnings to come: limits that were set by a program without them have none.
    """
    timers = {name: Timer(timer.kind, timer.due_at) for name, timer in state.timers.items()}
    return _FINER.sub(rb"\1", to_json(replace(state, timers=timers)))


def _by_dossier(rows: Sequence[Any]) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["dossier"], []).append(row)
    return found
