"""The process of the public page: runs its door and its side tasks, watches them, and ends them in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import asyncpg
import typer
from prometheus_client import CollectorRegistry
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.checks.check import must_hold
from hub.checks.roles import public_checks
from hub.checks.watch import CheckWatch
from hub.errors import StartupError
from hub.facts.integrity import StoreKey
from hub.http.certificates import CertificateWatch
from hub.http.door_tls import check_tls, no_tls, server_tls
from hub.http.limits import DoorLimits
from hub.http.server import Door, serve_until
from hub.kafka import client as kafka
from hub.logs import log
from hub.postgres import database
from hub.postgres.away import reason_of
from hub.printing.tables import say
from hub.process import client_logs
from hub.process.health import health_app, serve
from hub.process.supervise import AWAY, SideTasks, keep_running
from hub.public.door import Page
from hub.public.limits import Limits
from hub.public.look_up import LookUp
from hub.public.metrics import PublicMetrics
from hub.public.queue import QueueScreens
from hub.public.sending import PageSender
from hub.public.voices import Voices
from hub.regulation.lawbook import load_book
from hub.settings import KafkaSettings, PostgresSettings, read_tree
from hub.settings.public import PublicSettings

_POOL = 8
_STATEMENT_S = 5
_REFRESH_S = 5.0
_PREFIX = "HUB_PUBLIC"


class PublicTree(BaseSettings):
    """The settings of such a process: it never holds the master key.

    With `kafka`, the user of a participant with the role `public`, applicants rate and complain too, and
    machines draw numbers.
    """

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_nested_delimiter="__", frozen=True, extra="ignore",
        nested_model_default_partial_update=True,
    )  # fmt: skip

    environment: Literal["live", "test"] = Field(default="live", description="as the hub's")
    profile: str = Field(default="bentre-45-2023", description="as the hub's")
    regulation: Path | None = Field(default=None, description="as the hub's")
    http_host: str = Field(default="127.0.0.1", description="address of metrics and health")
    http_port: int = Field(default=0, ge=0, le=65535, description="port of metrics and health")
    stuck_exit_s: float | None = Field(default=None, ge=30, description="as the hub's")
    check_every_s: float = Field(default=60.0, gt=0, description="as the hub's")
    store_key_file: Path = Field(description="the key of the rows' checks")
    postgres: PostgresSettings
    kafka: KafkaSettings | None = None
    public: PublicSettings = PublicSettings()


def public_settings() -> PublicTree:
    """Settings, or exit status 2 with one line."""
    try:
        return read_tree(PublicTree)
    except StartupError as error:
        say(f"hub: {error}", err=True)
        raise typer.Exit(2) from None


class _Parts:
    """What runs in the process."""

    def __init__(self, page: Page, look_up: LookUp, checks: CheckWatch, sender: PageSender | None) -> None:
        self.page = page
        self.sender = sender
        self.look_up = look_up
        self.checks = checks
        self.is_open = False

    def opened(self, port: int) -> None:
        """The door listens on this port."""
        log("public_ready", port=port)
        self.is_open = True

    async def receipts(self) -> None:
        """One look for receipts; without a sender there are none, ever."""
        await (self.sender.step() if self.sender is not None else asyncio.Event().wait())

    async def refresh(self) -> None:
        """One step of the side task."""
        await self.look_up.refresh()
        await asyncio.sleep(_REFRESH_S)


async def run_public(settings: PublicTree, stop: asyncio.Event) -> None:
    """Run until `stop` is set; returns after a drain of some seconds.

    Raises `StartupError` when something is missing and `StopError` when a task died.
    """
    client_logs.install()
    check_tls(settings.public, settings.environment, _PREFIX)
    tls, registry = server_tls(settings.public, _PREFIX), CollectorRegistry()
    metrics = PublicMetrics(registry)
    async with _parts(settings, metrics) as parts:
        door = Door(
            "public", settings.public.host, settings.public.port, _limits(settings.public), metrics.http,
            tls or no_tls,
        )  # fmt: skip
        serving = asyncio.create_task(serve_until(parts.page, door, stop, parts.opened), name="door")
        side = SideTasks(
            {
                "receipts": keep_running("receipts", parts.receipts),
                "refresh": keep_running("refresh", parts.refresh),
                "refusals": keep_running("refusals", parts.page.step),
                "checks": keep_running("checks", parts.checks.step),
                "certificates": CertificateWatch(metrics.http, {}, tls).run(),
                "health": _serve_health(settings, parts, metrics, registry),
            }
        )
        try:
            await side.watch(serving, stop)
            parts.is_open = False
            stop.set()
            await asyncio.wait([serving])
            side.raise_for(serving)
        finally:
            await side.end()
    log("public_stopped")


@asynccontextmanager
async def _parts(settings: PublicTree, metrics: PublicMetrics) -> AsyncIterator[_Parts]:
    session = database.Session(settings.postgres, "public-checks")
    try:
        await session.open()
        key = StoreKey.from_file(settings.store_key_file)
        checks = public_checks(session.live)
        await must_hold(checks)
        dsn = settings.postgres.dsn.get_secret_value()
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(database.create_pool(dsn, "public", _POOL, _STATEMENT_S))
            sender = await _sender(settings.kafka, stack) if settings.kafka is not None else None
            book = load_book(settings.profile, settings.regulation)
            look_up = LookUp(pool, key, book, settings.environment)
            await look_up.refresh()
            limits = Limits(settings.public)
            voices = Voices(sender, limits) if sender is not None else None
            screens = QueueScreens(look_up, key.look_up, sender)
            page = Page(look_up, limits, metrics, screens, voices)
            watch = CheckWatch(checks, metrics.checks, settings.check_every_s)
            yield _Parts(page, look_up, watch, sender)
    finally:
        await session.close()


async def _sender(settings: KafkaSettings, stack: AsyncExitStack) -> PageSender:
    sender = PageSender(settings)
    stack.push_async_callback(sender.close)
    try:
        await sender.open()
    except (kafka.KafkaError, TimeoutError) as error:
        raise StartupError(f"HUB_KAFKA__*: the broker does not let us in: {error}") from None
    return sender


def _limits(settings: PublicSettings) -> DoorLimits:
    return DoorLimits(
        connections=settings.max_connections, per_address=settings.max_address_connections, keep_alive_s=15
    )


async def _serve_health(
    settings: PublicTree, parts: _Parts, metrics: PublicMetrics, registry: CollectorRegistry
) -> None:
    session = database.Session(settings.postgres, "public-probe")
    probing = asyncio.Lock()

    async def alive() -> str | None:
        return None

    async def ready() -> str | None:
        if not parts.is_open:
            return "the door is closed"
        try:
            async with probing, asyncio.timeout(5):
                await session.execute("select 1")
        except (*AWAY, asyncpg.PostgresError) as error:
            return reason_of(error)
        return None

    try:
        await serve(
            health_app(registry, alive, ready),
            settings.http_host,
            settings.http_port,
            lambda port: log("health_ready", port=port),
            metrics.http,
            settings.stuck_exit_s,
        )
    finally:
        await session.close()
