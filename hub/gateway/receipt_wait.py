"""Receipts read from the inbox: one query for all who wait, and only while somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import asyncpg
from asyncpg.pool import Pool

from hub.errors import AlteredRowError, UntrustedRowError
from hub.facts.integrity import StoreKey
from hub.facts.message import Message, decode_message
from hub.facts.trusted import is_receipt_genuine, receipt_name
from hub.facts.untrusted import tell_untrusted
from hub.logs import log

_EVERY_S = 0.015
_PAUSE_S = 0.5
_READ = """
select i.participant, i.id, i.digest, i.receipt, i.dossier_id::text as dossier, i.mac
from unnest($1::text[], $2::text[]) w(participant, id)
join inbox i on i.participant = w.participant and i.id = w.id
"""
Key = tuple[str, str]
"""Participant and request id."""


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """What the engine has stored of a request: without a receipt it is parked behind a fault."""

    digest: bytes
    receipt: Message | None


class Inbox:
    """The inbox as the gateway sees it; it survives this process, so a receipt is never lost with it."""

    def __init__(self, pool: Pool, key: StoreKey) -> None:
        self._pool = pool
        self._key = key
        self._waiting: dict[Key, list[asyncio.Future[StoredReceipt]]] = {}
        self._wanted = asyncio.Event()

    async def read(self, keys: Iterable[Key]) -> dict[Key, StoredReceipt]:
        """What is stored now; an altered row is left out, as if it were not decided yet."""
        wanted = list(keys)
        participants, ids = [key[0] for key in wanted], [key[1] for key in wanted]
        rows = await self._pool.fetch(_READ, participants, ids)
        found: dict[Key, StoredReceipt] = {}
        for row in rows:
            try:
                answered = self._answered(row)
            except UntrustedRowError as error:
                tell_untrusted(error)
            except Exception as error:  # noqa: BLE001  who waits for others gets theirs
                log("receipt_failed", participant=row["participant"], error=type(error).__name__)
            else:
                found[(row["participant"], row["id"])] = answered
        return found

    def _answered(self, row: asyncpg.Record) -> StoredReceipt:
        if not is_receipt_genuine(row, self._key):
            raise AlteredRowError(receipt_name(row))
        receipt = decode_message(row["receipt"]) if row["receipt"] is not None else None
        return StoredReceipt(row["digest"], receipt)

    async def wait(self, keys: Iterable[Key], limit_s: float) -> Mapping[Key, StoredReceipt]:
        """What is decided within the limit; requests that are missing in it are not decided yet."""
        loop = asyncio.get_running_loop()
        futures: dict[Key, asyncio.Future[StoredReceipt]] = {key: loop.create_future() for key in keys}
        for key, future in futures.items():
            self._waiting.setdefault(key, []).append(future)
        self._wanted.set()
        try:
            if futures:
                await asyncio.wait(futures.values(), timeout=limit_s)
        finally:
            for key, future in futures.items():
                self._leave(key, future)
        return {key: future.result() for key, future in futures.items() if future.done()}

    async def step(self) -> None:
        """One look of the side task at all that is waited for; returns at once after it."""
        if not self._waiting:
            self._wanted.clear()
            await self._wanted.wait()
        try:
            found = await self.read(list(self._waiting))
        except BaseException:
            await asyncio.sleep(_PAUSE_S)
            raise
        for key, answered in found.items():
            if answered.receipt is not None:
                for future in self._waiting.get(key, ()):
                    if not future.done():
                        future.set_result(answered)
        await asyncio.sleep(_EVERY_S)

    def _leave(self, key: Key, future: asyncio.Future[StoredReceipt]) -> None:
        waiting = self._waiting[key]
        waiting.remove(future)
        if not waiting:
            del self._waiting[key]
