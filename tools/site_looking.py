"""What the page of `make up` shows: health, counts, what is broken, dossiers; looked at when asked for."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
from prometheus_client.parser import text_string_to_metric_families
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.facts.integrity import StoreKey
from hub.identifiers import is_uuid
from hub.oversight.dossiers import Casebook, Search
from hub.oversight.due import due_dossiers
from hub.oversight.failures import LATELY, Failure, failures
from hub.oversight.lag import DELIVERIES
from hub.oversight.names import dossiers_named
from hub.oversight.timeline import timeline
from hub.postgres.clock import read_clock
from hub.postgres.database import Connection, Session
from hub.process.supervise import AWAY
from hub.regulation.lawbook import load_book
from hub.settings import KafkaSettings, PostgresSettings
from tools.local_site import Site
from tools.site_facts import Flow
from tools.site_health import Health, health

_FRESH_S = 2.0
_SHOWN = 20
_LOOKED = 1000
_DUE = 500
_STATEMENT_S = 10
_SOON = timedelta(days=1)
_GATES = frozenset({"circuit", "paused"})


class PageSettings(BaseSettings):
    """How the page reaches broker and store; on the broker it may read the facts and nothing else."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    environment: Literal["live", "test"] = "live"
    profile: str = "bentre-45-2023"
    regulation: Path | None = None
    store_key_file: Path
    kafka: KafkaSettings
    postgres: PostgresSettings


@dataclass(slots=True)
class Snapshot:
    """Everything on the first page; a count is None while nobody can tell it."""

    at: datetime
    health: list[Health]
    accepted: int | None = None
    refused: Counter[str] | None = None
    overdue: str | None = None
    due_soon: str | None = None
    circuits: int | None = None
    deliveries: int | None = None
    failures: list[Failure] = field(default_factory=list)
    dossiers: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, str]] = field(default_factory=list)
    is_store_away: bool = False


class Looking:
    """Looks at the running hub; everybody who asks within two seconds sees the same."""

    def __init__(self, site: Site, settings: PageSettings, flow: Flow) -> None:
        self._site = site
        self._environment = settings.environment
        self._key = StoreKey.from_file(settings.store_key_file)
        self._law = load_book(settings.profile, settings.regulation)
        self._session = Session(settings.postgres, "page", timeout_s=_STATEMENT_S)
        self._flow = flow
        self._http = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._one = asyncio.Lock()
        self._last: tuple[float, Snapshot] | None = None

    async def close(self) -> None:
        """End the session and the connections."""
        await self._session.close()
        await self._http.aclose()

    async def snapshot(self) -> Snapshot:
        """As of now, or of a moment ago."""
        async with self._one:
            if self._last is None or time.monotonic() - self._last[0] > _FRESH_S:
                seen = await self._look()
                self._last = time.monotonic(), seen
            return self._last[1]

    async def named(self, name: str) -> list[dict[str, Any]] | None:
        """The dossiers of this name, a line each; None while the store is away.

        `UntrustedRowError` when somebody else than the hub has written which dossier it names.
        """
        async with self._one:
            try:
                async with self._casebook() as (connection, book, _):
                    found = await book.of_ids(await dossiers_named(connection, self._key, name))
                    return [one.row() for one in found]
            except AWAY:
                return None

    async def whole(self, dossier: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """One dossier by its id, as `hub dossier show` and `timeline` tell it; may raise `AWAY`."""
        async with self._one, self._casebook() as (connection, book, _):
            return await book.whole(dossier, self._law), await timeline(connection, self._key, dossier)

    @asynccontextmanager
    async def _casebook(self) -> AsyncIterator[tuple[Connection, Casebook, datetime]]:
        """Session, book, and what time it is for the law."""
        try:
            connection = await self._session.live()
            clock = await read_clock(connection, self._environment)
            yield connection, Casebook(connection, self._key, clock), clock.of(datetime.now(UTC))
        except AWAY:
            self._session.drop()
            raise

    async def _look(self) -> Snapshot:
        found = Snapshot(datetime.now(UTC), await health(self._site, self._http))
        text = await self._metrics_of("engine-1")
        if text is not None:
            found.accepted, found.refused = answered(text)
        try:
            async with self._casebook() as (connection, book, now):
                await self._look_into_the_store(found, connection, book, now)
        except AWAY:
            found.is_store_away = True
        return found

    async def _look_into_the_store(
        self, found: Snapshot, connection: Connection, book: Casebook, now: datetime
    ) -> None:
        lines, has_more = await due_dossiers(connection, book, ["due"], now, _SOON, _DUE)
        late = sum(line["is_overdue"] for line in lines)
        more = "+" if has_more else ""
        found.overdue, found.due_soon = f"{late}{more}", f"{len(lines) - late}{more}"
        found.failures = await failures(connection, found.at - LATELY)
        found.circuits = sum(one.kind in _GATES for one in found.failures)
        found.deliveries = sum(row["count"] for row in await connection.fetch(DELIVERIES))
        async for one in book.newest(Search(), _LOOKED):
            if one is None:
                break
            found.dossiers.append(one.row())
            if len(found.dossiers) == _SHOWN:
                break
        facts = list(self._flow.last)
        ids = {fact["dossier"] for fact in facts if is_uuid(fact["dossier"])}
        codes = {one.id: one.code or one.id for one in await book.of_ids(ids)}
        found.facts = [fact | {"dossier": codes.get(fact["dossier"], fact["dossier"])} for fact in facts]
        found.facts.reverse()

    async def _metrics_of(self, name: str) -> str | None:
        port = self._site.health_port(name)
        if port is None:
            return None
        try:
            answer = await self._http.get(f"http://127.0.0.1:{port}/metrics", timeout=3)
        except httpx.HTTPError:
            return None
        return answer.text if answer.is_success else None


def answered(text: str) -> tuple[int, Counter[str]]:
    """Requests accepted, and refused by code, as an engine's metrics tell (pure)."""
    accepted, refused = 0, Counter[str]()
    for name, labels, value in _samples(text):
        if name == "hub_events_accepted_total":
            accepted += int(value)
        elif name == "hub_events_rejected_total":
            refused[labels["reason"]] += int(value)
    return accepted, refused


def _samples(text: str) -> Iterable[tuple[str, Mapping[str, str], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
