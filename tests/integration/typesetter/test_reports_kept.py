"""Reports that were counted and cannot be stored: they wait, and no fact is read once more for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from hub.delivery.adapter import Report
from hub.delivery.host import Also, Host
from hub.documents.reason import DocumentReason
from hub.documents.store import DocumentStore, StoredDocument, documents
from hub.facts.sealing import MasterKey
from hub.forms.form_set import installed_form_sets
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM
from hub.regulation.lawbook import load_book
from hub.settings import PostgresSettings
from hub.settings.documents import DocumentsSettings
from hub.typesetter import adapter, parked
from hub.typesetter.adapter import TypesetterAdapter
from hub.typesetter.parked import Parked
from hub.typesetter.rendering import Renderer
from hub.typesetter.reports import REPORT, Counted, ReportRoom
from hub.typesetter.settings import TypesetterSettings
from hub.typesetter.workshop import Printing, Workshop
from schemas.report import FileReport, ReportDue
from tests.support.requests import ONE_STOP
from tests.support.stored_dossiers import fact_rows
from tests.support.waiting import eventually

MASTER = MasterKey(bytes(range(32)))
NOW = datetime(2026, 11, 5, 9, tzinfo=VIETNAM)
_FACT = ("dossier_id", "sequence", "id", "type", "time", "bytes", "hash", "mac")


def matter(name: str) -> str:
    """The id of a report's matter."""
    return str(UUID(bytes=name.encode().ljust(16, b" ")))


class CountingRoom(ReportRoom):
    """Notes how many reports each pass over the store was for."""

    def __init__(self, postgres: PostgresSettings) -> None:
        super().__init__(MASTER, load_book(), postgres)
        self.passes: list[int] = []

    async def counted(self, waiting: Sequence[Parked], now: datetime) -> list[Counted]:
        self.passes.append(len(waiting))
        return await super().counted(waiting, now)


class CountingStore:
    """Notes how often something was brought to a store."""

    def __init__(self, kept: DocumentStore) -> None:
        self._kept = kept
        self.tries = 0

    async def put(self, *words: Any) -> StoredDocument | DocumentReason:
        self.tries += 1
        return await self._kept.put(*words)


@dataclass
class Desk:
    """The role's place in the runtime; what it reports is kept here."""

    pool: asyncpg.Pool[Any]
    told: list[FileReport] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW

    def opened(self) -> None:
        """The role serves."""

    async def accept(self, report: Report, also: Also) -> bool:
        async with self.pool.acquire() as connection, connection.transaction():
            await also(connection)
        self.told.append(FileReport.model_validate_json(report.data))
        return True


@dataclass(frozen=True, slots=True)
class World:
    """The role beside a store of documents, whose folder may stand in its way."""

    store: Connection
    room: CountingRoom
    kept: CountingStore
    desk: Desk
    folder: Path

    async def due(self, name: str) -> None:
        """A report of October is due: its fact, and that it waits."""
        dossier = matter(name)
        fact = ReportDue(
            organisation=ONE_STOP, report=name, period="2026-10", rule="7.2", kind="work", by="agency",
            about=ONE_STOP, to=ONE_STOP, first=date(2026, 10, 1), last=date(2026, 10, 31),
        )  # fmt: skip
        key = MASTER.new_key()
        rows = list(fact_rows(MASTER, key, dossier, [(fact, NOW)]))
        await self.store.copy_records_to_table("fact", records=rows, columns=_FACT)
        await self.store.execute(
            "insert into dossier_key (dossier_id, wrapped) values ($1, $2)", UUID(dossier), key.wrapped
        )
        await parked.want_new(self.store, Parked(dossier, str(rows[0][2]), REPORT))


@pytest.fixture
async def world(
    store: Connection, hub_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    monkeypatch.setattr(adapter, "_RETRY_S", 0.05)
    settings = TypesetterSettings(again_s=0.05)
    room = CountingRoom(PostgresSettings(dsn=SecretStr(hub_database)))
    kept = CountingStore(documents(DocumentsSettings(folder=tmp_path)))
    renderer = Renderer(settings.limit_s, settings.memory_mib)
    workshop = Workshop(
        MASTER, load_book(), installed_form_sets(), cast("DocumentStore", kept), renderer, Printing(None, "")
    )
    role = TypesetterAdapter(settings, workshop, room)
    async with asyncpg.create_pool(hub_database, min_size=1, max_size=2) as pool:
        desk = Desk(pool)
        await role.attach(cast("Host", desk))
        serving = asyncio.create_task(role.serve())
        yield World(store, room, kept, desk, tmp_path)
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        await role.aclose()


async def test_what_was_counted_is_kept_while_the_store_of_documents_is_away(world: World) -> None:
    (world.folder / "incoming").touch()  # where uploads begin
    async with world.store.transaction():
        await world.due("late")
        await world.due("agencies")
    await eventually(lambda: world.kept.tries > 3, 30, "several tries to store the first report")
    assert world.room.passes == [2], "one pass over the facts for both"
    await world.due("channels")
    await eventually(lambda: len(world.room.passes) == 2, 30, "what became due meanwhile is counted")
    (world.folder / "incoming").unlink()
    await eventually(lambda: len(world.desk.told) == 3, 30, "all are stored and told")
    assert world.room.passes == [2, 1]
    assert {one.report for one in world.desk.told} == {"late", "agencies", "channels"}
    assert await parked.listed(world.store) == []


async def test_what_nobody_wants_any_more_is_not_kept(world: World) -> None:
    (world.folder / "incoming").touch()
    await world.due("late")
    await eventually(lambda: world.kept.tries > 1, 30, "a try to store it")
    await parked.erase(world.store, [matter("late")])
    await world.due("agencies")
    (world.folder / "incoming").unlink()
    await eventually(lambda: len(world.desk.told) == 1, 30, "the other one is told")
    assert [one.report for one in world.desk.told] == ["agencies"]
