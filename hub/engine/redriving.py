"""Redrive of parked requests: an operator's command row, run by an engine from PostgreSQL, in order."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable

import asyncpg
from cryptography.exceptions import InvalidTag

from hub.engine.decide.decide_batch import BatchDecision, Tools
from hub.engine.decide.known import Wanted
from hub.engine.errors import FOREIGN_AFTER, CodesMissingError, MissError
from hub.engine.write.reading import read_batch
from hub.engine.write.writing import write_batch
from hub.errors import AlteredRowError, UntrustedRowError
from hub.facts.parking import DOCUMENTS_AWAY, StoredRecord, open_record
from hub.facts.sealing import MasterKey
from hub.inbound.authorise import Authorised, Reading, authorise
from hub.logs import log
from hub.outbox.segments import Outgoing, Written
from hub.postgres.database import Connection
from hub.postgres.numbers import next_free

WAITING = "select id, dossier_id::text as dossier from redrive where done_at is null order by id limit 20"
_NEXT = """
select p.position, p.record from parked_request p
where p.dossier_id = $1 order by p.position limit 1
"""
_REASON = "update parked_request set reason = $2 where position = $1"
_DONE = "update redrive set done_at = now(), outcome = $2 where id = $1 and done_at is null"
_ORDER = "insert into redrive (dossier_id, operator, reason) values ($1, $2, $3)"
_MISCOUNTED = "select 1 from dossier where id = $1 and parked <> 0 for update"
_RELEASE = """
update dossier set parked = 0
where id = $1 and not exists (select from parked_request p where p.dossier_id = $1)
"""
"""After the lock: whoever parks a request has the row's lock too."""
_NOTHING = Outgoing([], [], [])

LeaseCodes = Callable[[CodesMissingError], Awaitable[None]]
"""Leases the dossier codes that are missing."""


class Redriver:
    """Runs between two batches, so that nothing of this process is under way."""

    def __init__(
        self,
        reader: Connection,
        writer: Connection,
        tools: Tools,
        world: Reading,
        lease_codes: LeaseCodes,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._tools = tools
        self._world = world
        self._lease_codes = lease_codes

    async def run(self, limit_s: float) -> int:
        """Run the waiting commands for about `limit_s`; returns how many requests were decided."""
        until = time.monotonic() + limit_s
        decided = 0
        for row in await self._reader.fetch(WAITING):
            count, outcome = await self._dossier(row["dossier"], until)
            decided += count
            if outcome is None:
                break
            await self._reader.execute(_DONE, row["id"], outcome)
            log("redriven", dossier=row["dossier"], requests=count, outcome=outcome)
        return decided

    async def _dossier(self, dossier_id: str, until: float) -> tuple[int, str | None]:
        """How many requests were decided, and the outcome; None when the time is over before the work."""
        count = foreign = 0
        while foreign or time.monotonic() < until:
            row = await self._reader.fetchrow(_NEXT, dossier_id)
            if row is None:
                await self._release(dossier_id)
                return count, "done"
            try:
                bug = await self._request(dossier_id, row)
            except MissError as miss:
                foreign = foreign + 1 if miss.row else 0
                if foreign > FOREIGN_AFTER:
                    return count, f"failed again: {miss.foreign_row()}"
                continue
            except CodesMissingError as missing:
                await self._lease_codes(missing)
                continue
            except UntrustedRowError as error:
                return count, f"failed again: {error}"
            if bug is not None:
                reason = bug if bug == DOCUMENTS_AWAY else f"bug.{bug}"
                await self._reader.execute(_REASON, row["position"], reason)
                return count, f"failed again: {bug}"
            count += 1
            foreign = 0
        return count, None

    async def _release(self, dossier_id: str) -> None:
        """Nothing of the dossier waits: its count says so, whatever was written there."""
        async with self._reader.transaction():
            if await self._reader.fetchval(_MISCOUNTED, dossier_id):
                await self._reader.execute(_RELEASE, dossier_id)

    async def _request(self, dossier_id: str, row: asyncpg.Record) -> str | None:
        master = self._tools.master
        view = (await read_batch(self._reader, Wanted(dossiers=[dossier_id]), master.store)).view
        stored = view.dossiers.get(dossier_id)
        if stored is None or stored.is_altered:
            raise AlteredRowError(f"dossier {dossier_id}")
        if stored.wrapped_key is None:
            return "its key was destroyed"
        record = _opened(row, master, stored.wrapped_key, dossier_id)
        try:
            item = authorise(record, self._world)
        except Exception as error:  # noqa: BLE001  as below
            return type(error).__name__
        if not isinstance(item, Authorised):
            return item.why.code
        await self._tools.copies.bring([item], self._tools.rules, self._reader, view)
        await self._tools.sources.bring([item], self._reader, master.store)
        decision = BatchDecision(str(uuid.uuid4()), self._tools, view, None)
        try:
            decision.redrive(item, dossier_id, row["position"])
            decision.finish()
        except (CodesMissingError, UntrustedRowError):
            raise
        except Exception as error:  # noqa: BLE001  what fails around the rules fails for this dossier only
            return type(error).__name__
        if decision.bugs:
            return decision.bugs[0][1]
        if decision.waiting:
            return DOCUMENTS_AWAY
        await self._write(decision)
        return None

    async def _write(self, decision: BatchDecision) -> Written:
        rules, shards = self._tools.rules, self._tools.shards
        return await write_batch(self._writer, decision, [], _NOTHING, dump=rules.dump, shards=shards)


def _opened(row: asyncpg.Record, master: MasterKey, wrapped: bytes, dossier_id: str) -> StoredRecord:
    """What waited while the dossier's row was altered is sealed with another key than the rest."""
    for key in (master.unwrap(wrapped), master.quarantine(dossier_id)):
        with contextlib.suppress(InvalidTag, UntrustedRowError):
            return open_record(row["record"], key, dossier_id)
    raise AlteredRowError(f"parked_request {row['position']}")


async def order_redrive(connection: Connection, dossier_id: str, operator: str, reason: str) -> bool:
    """Ask for the redrive of a parked dossier; False when nothing of it is parked."""
    if (
        await connection.fetchval("select 1 from parked_request where dossier_id = $1 limit 1", dossier_id)
        is None
    ):
        return False

    async def write() -> None:
        async with connection.transaction():
            await connection.execute(_ORDER, dossier_id, operator, reason)

    await next_free(write)
    return True
