"""The adapter's tables in PostgreSQL: records folded as messages come in, and where each dossier stands.

Records and lines are sealed (`sealing.py`). One that cannot be opened is logged and counts as not there.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.resources import files
from typing import Any, Final

import asyncpg

from adapters.national_portal.errors import UnopenedError
from adapters.national_portal.folding import UnreadableError, fold
from adapters.national_portal.kept import LineState, Standing
from adapters.national_portal.lodging import Lodging, request_id
from adapters.national_portal.record import Line, Record
from adapters.national_portal.sealing import RecordSeal
from hub.delivery.adapter import OutMessage
from hub.delivery.database import translated
from hub.delivery.host import Connection
from hub.delivery.origin import is_opened_by
from hub.errors import StartupError

_log = logging.getLogger(__name__)
_IsNamed = Callable[[str, Record], bool]
PARTICIPANT: Final = "portal"
_LONGEST_NAME: Final = 100
_LONG_S: Final = 300.0
_FOLDER = files("adapters.national_portal") / "sql"


def _statement(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


_READ_STANDING = _statement("read_standing")
_READ_RECORD = _statement("read_record")
_STORE_RECORD = _statement("store_record")
_STORE_LINE = _statement("store_line")
_BEGIN_SYNC = _statement("begin_sync")
_END_SYNC = _statement("end_sync")
_FORGET_SYNC = _statement("forget_sync")
_SET_THERE = _statement("set_there")
_BEGIN_LINE = _statement("begin_line")
_END_LINE = _statement("end_line")
_FIND_SHOWN = _statement("find_shown")
_FIND_CHARGED = _statement("find_charged")
_FIND_LODGING = _statement("find_lodging")
_STORE_LODGING = _statement("store_lodging")
_SOME_RECORDS = _statement("some_records")
_CLEAR_RECORDS = _statement("clear_records")
_CLEAR_LINES = _statement("clear_lines")
_EMPTY_OLD_DIGESTS = _statement("empty_old_digests")
_SET_RECORD = _statement("set_record")
_SET_LINE = _statement("set_line")
_SWEEP = _statement("sweep")
_UNDER_WAY = _statement("under_way")
_HAS_ERASURES = _statement("has_erasures")
_SWEEP_ERASED = _statement("sweep_erased")


class Tables:
    """Fills `Kept`, and folds messages into records in the transaction that stores them."""

    def __init__(self, pool: asyncpg.Pool[Any], seal: RecordSeal) -> None:
        self._pool = pool
        self._seal = seal

    async def prepare(self) -> None:
        """Seal what was kept in clear, drop digests without a key; StartupError when another key was used."""
        with translated():
            await self._pool.execute(_EMPTY_OLD_DIGESTS, timeout=_LONG_S)
            for page, store in ((_CLEAR_RECORDS, _SET_RECORD), (_CLEAR_LINES, _SET_LINE)):
                while rows := await self._pool.fetch(page, timeout=_LONG_S):
                    sealed = [(row["id"], self._seal.seal(row["content"], row["id"])) for row in rows]
                    await self._pool.executemany(store, sealed)
        await self.must_fit()

    async def must_fit(self) -> None:
        """StartupError when what is kept was sealed with another key."""
        with translated():
            some = await self._pool.fetch(_SOME_RECORDS)
        if some and all(_opened(self._seal, row, row["dossier"]) is None for row in some):
            raise StartupError("HUB_PORTAL_RECORD_KEY: the key does not fit what is kept of dossiers")

    async def standing(self, dossier: str, message: str) -> Standing | None:
        """As `Kept`."""
        with translated():
            row = await self._pool.fetchrow(_READ_STANDING, dossier, message)
        if row is None:
            return None
        try:
            record = Record.model_validate_json(self._seal.open(row["record"], dossier))
            line = self._line(row["line"], message)
        except UnopenedError as error:
            _not_opened(dossier, error)
            return None
        return Standing(
            record=record,
            folded=row["folded"],
            synced=row["synced"],
            tried=row["tried"],
            is_insert=row["is_insert"],
            is_there=row["is_there"],
            line=line,
            line_state=row["state"],
        )

    async def begin_sync(self, dossier: str, sequence: int, *, is_insert: bool) -> None:
        """As `Kept`."""
        await self._execute(_BEGIN_SYNC, dossier, sequence, is_insert)

    async def end_sync(self, dossier: str, sequence: int) -> None:
        """As `Kept`."""
        await self._execute(_END_SYNC, dossier, sequence)

    async def forget_sync(self, dossier: str) -> None:
        """As `Kept`."""
        await self._execute(_FORGET_SYNC, dossier)

    async def set_there(self, dossier: str, *, is_there: bool) -> None:
        """As `Kept`."""
        await self._execute(_SET_THERE, dossier, is_there)

    async def begin_line(self, message: str) -> bool:
        """As `Kept`."""
        with translated():
            return await self._pool.fetchval(_BEGIN_LINE, message) is not None

    async def end_line(self, message: str, state: LineState) -> None:
        """As `Kept`."""
        await self._execute(_END_LINE, message, state)

    async def shown(self, code: str) -> tuple[str, Record] | None:
        """The dossier that the portal knows under this MaHoSo: id and record."""
        return await self._find(_FIND_SHOWN, code, lambda _, record: record.wire_code == code)

    async def charged(self, name: str) -> tuple[str, Record] | None:
        """The dossier that the number of a payment names, by official code or id: id and record."""
        return await self._find(_FIND_CHARGED, name, lambda dossier, record: name in (dossier, record.code))

    async def lodged(self, request: str) -> bytes | None:
        """The digest of what was lodged under a request."""
        with translated():
            row = await self._pool.fetchrow(_FIND_LODGING, request)
        return None if row is None else bytes(row["digest"])

    async def under_way(self) -> AsyncIterator[Record]:
        """Every dossier that has not ended, a page of rows at a time."""
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                async for row in connection.cursor(_UNDER_WAY, prefetch=500):
                    record = _opened(self._seal, row, row["dossier"])
                    if record is not None:
                        yield record

    def digest(self, lodging: Lodging) -> bytes:
        """What tells a repeat from another dossier under the same code."""
        return self._seal.digest(lodging.content, lodging.report.id)

    def _line(self, sealed: bytes | None, message: str) -> Line | None:
        return Line.model_validate_json(self._seal.open(sealed, message)) if sealed is not None else None

    async def _find(self, statement: str, name: str, is_named: _IsNamed) -> tuple[str, Record] | None:
        """The first dossier whose sealed record has the name too: columns are what anybody wrote there."""
        if not 0 < len(name) <= _LONGEST_NAME:
            return None
        with translated():
            rows = await self._pool.fetch(statement, name)
        for row in rows:
            record = _opened(self._seal, row, row["dossier"])
            if record is not None and is_named(row["dossier"], record):
                return row["dossier"], record
            if record is not None:
                _not_believed("portal_dossier", row["dossier"])
        return None

    async def _execute(self, statement: str, *arguments: object) -> None:
        with translated():
            await self._pool.execute(statement, *arguments)


async def store_lodging(connection: Connection, request: str, code: str, digest: bytes) -> None:
    """Note the portal's code of a dossier that is being lodged."""
    await connection.execute(_STORE_LODGING, request, code, digest)


async def keep_messages(connection: Connection, messages: Sequence[OutMessage], seal: RecordSeal) -> set[str]:
    """Fold new messages; one that cannot be folded is logged, and its delivery will say so to the officer.

    Returns the ids of those that need no call: the dossier has no code yet, and the message that brings one
    brings them too.
    """
    noted: set[str] = set()
    for message in messages:
        row = await connection.fetchrow(_READ_RECORD, message.dossier)
        if row is not None and row["folded"] >= message.sequence:
            continue
        before = _opened(seal, row, message.dossier) if row is not None else None
        portal_code = await _portal_code(connection, message) if before is None else None
        try:
            after, line = fold(before, message, portal_code)
        except UnreadableError as error:
            _log.warning("not folded", extra={"action": "portal.not_folded", "reason": str(error)})
            continue
        await connection.execute(
            _STORE_RECORD,
            message.dossier,
            after.code,
            after.portal_code,
            message.sequence,
            seal.seal(after.model_dump_json(exclude_none=True).encode(), message.dossier),
            after.is_over,
        )
        if line is not None:
            sealed = seal.seal(line.model_dump_json(exclude_none=True).encode(), message.id)
            await connection.execute(_STORE_LINE, message.id, message.dossier, sealed)
        if after.wire_code is None:
            noted.add(message.id)
    return noted


async def _portal_code(connection: Connection, message: OutMessage) -> str | None:
    """The portal's code of a dossier that a lodging of ours opened; `cause` can be anybody's request."""
    if message.cause is None or not is_opened_by(message.dossier, PARTICIPANT, message.cause):
        return None
    lodging = await connection.fetchrow(_FIND_LODGING, message.cause)
    if lodging is None:
        return None
    code: str = lodging["code"]
    if request_id(code) == message.cause:  # the request's id is derived from the code
        return code
    _not_believed("portal_lodging", message.dossier)
    return None


def _not_believed(table: str, dossier: str) -> None:
    _log.error("row altered", extra={"action": "portal.row_altered", "reason": table, "dossier": dossier})


def _opened(seal: RecordSeal, row: Any, dossier: str) -> Record | None:
    try:
        return Record.model_validate_json(seal.open(row["record"], dossier))
    except UnopenedError as error:
        _not_opened(dossier, error)
        return None


def _not_opened(dossier: str, error: UnopenedError) -> None:
    extra = {"action": "portal.not_opened", "dossier": dossier, "reason": str(error)}
    _log.error("record not opened", extra=extra)


async def sweep(connection: Connection, days: int, adapter: str) -> None:
    """Delete the records of dossiers that ended so many days ago, and of those that the hub has erased."""
    await connection.execute(_SWEEP, days, adapter)
    if await connection.fetchval(_HAS_ERASURES):
        await connection.execute(_SWEEP_ERASED, adapter)
