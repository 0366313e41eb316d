"""Who may come in: tokens and certificates of HTTP participants, as a snapshot that follows the store."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
from asyncpg.pool import Pool

from hub.dossier.decision import Sender
from hub.facts.checked import CREDENTIAL, HTTP_PARTICIPANT, PARTICIPANT, at_micros, micros_in
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import tell_untrusted
from hub.logs import log
from hub.participants.credentials import fingerprint

_FOLLOW_S = 1.0
_ASK_AGAIN_S = 0.1
_ALL = f"""
select c.fingerprint, c.kind, c.participant, {micros_in("c.expires_at")} as expires_at, c.mac,
       h.is_documents_only, h.mac as http_mac,
       p.name, p.roles, p.organisations, p.partitions, p.mac as participant_mac
from http_credential c join http_participant h on h.name = c.participant join participant p on p.name = h.name
where c.expires_at is null or c.expires_at > now()
"""  # noqa: S608  no value stands in it
_VERSION = "select version from configuration_version where kind = 'participants'"


@dataclass(frozen=True, slots=True)
class Caller:
    """A participant that has shown what it must; `partitions` are those of its topics.

    `is_documents_only`: its events go over Kafka, and the gateway has no right on its topics.
    """

    name: str
    sender: Sender
    partitions: int
    fingerprint: bytes
    expires_at: datetime | None
    is_documents_only: bool


class Callers:
    """All credentials that are valid now; nothing of them is secret, only their SHA-256 is known."""

    def __init__(self, pool: Pool, key: StoreKey) -> None:
        self._pool = pool
        self._key = key
        self._known: dict[bytes, Caller] = {}
        self._version = -1
        self._asked_at = 0.0
        self._is_current = False
        self._asking = asyncio.Lock()

    async def follow(self) -> None:
        """One step of the side task: read again when participants changed."""
        await asyncio.sleep(_FOLLOW_S)
        await self.refresh()

    async def refresh(self) -> None:
        """Read the credentials if they changed since the last look."""
        async with self._asking:
            await self._read()

    async def _read(self) -> None:
        self._asked_at, self._is_current = time.monotonic(), False
        async with self._pool.acquire() as connection:
            version = await connection.fetchval(_VERSION)
            if version == self._version:
                self._is_current = True
                return
            rows = await connection.fetch(_ALL)
        callers = [caller for row in rows if (caller := self._caller_or_none(row)) is not None]
        self._known = {caller.fingerprint: caller for caller in callers}
        self._version, self._is_current = version, True

    def _caller_or_none(self, row: asyncpg.Record) -> Caller | None:
        """A participant of which nothing can be made is logged and stays outside; the others come in."""
        try:
            return _caller(row) if self._is_believed(row) else None
        except Exception as error:  # noqa: BLE001  see above
            log("caller_failed", participant=row["name"], error=type(error).__name__)
            return None

    def _is_believed(self, row: asyncpg.Record) -> bool:
        """Whether the hub has written what the row is made of; else its token opens no door."""
        parts = ((CREDENTIAL, "mac"), (HTTP_PARTICIPANT, "http_mac"), (PARTICIPANT, "participant_mac"))
        for table, mac in parts:
            if not table.is_genuine(row, self._key, mac):
                tell_untrusted(table.altered(row))
                return False
        return True

    def known(self, shown: bytes) -> Caller | None:
        """Who shows this token or certificate, as far as the snapshot tells; never waits."""
        caller = self._known.get(fingerprint(shown))
        return caller if caller is not None and self.is_valid(caller) else None

    async def find(self, shown: bytes) -> Caller | None:
        """Who shows this token or certificate; one that is not known yet is looked for in the store.

        Raises one of `AWAY` for it while the store is away: nobody knows whether it is valid.
        """
        if fingerprint(shown) not in self._known:
            await self._look_again()
        return self.known(shown)

    async def _look_again(self) -> None:
        """Read the store as it is now; all who ask meanwhile wait for the same look, at most ten a second."""
        came_at = time.monotonic()
        async with self._asking:
            if self._is_current and self._asked_at >= came_at:
                return
            await asyncio.sleep(self._asked_at + _ASK_AGAIN_S - time.monotonic())
            await self._read()

    def is_valid(self, caller: Caller) -> bool:
        """Whether what the caller showed still opens the door; known within a second after a change."""
        known = self._known.get(caller.fingerprint)
        if known is None or known.name != caller.name:
            return False
        return known.expires_at is None or known.expires_at > datetime.now(UTC)


def _caller(row: asyncpg.Record) -> Caller:
    ends = row["expires_at"]
    return Caller(
        row["name"],
        Sender(row["name"], frozenset(row["roles"]), frozenset(row["organisations"])),
        row["partitions"],
        row["fingerprint"],
        at_micros(ends) if ends is not None else None,
        row["is_documents_only"],
    )
