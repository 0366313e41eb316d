"""The gateway process: runs the door and its side tasks, watches them, and ends them in order."""

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
from hub.checks.roles import gateway_checks
from hub.checks.watch import CheckWatch
from hub.documents.store import documents
from hub.errors import StartupError
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import tell_untrusted
from hub.gateway.api import make_api
from hub.gateway.budget import Budget
from hub.gateway.callers import Callers
from hub.gateway.context import GatewayContext
from hub.gateway.directory_view import DirectoryView
from hub.gateway.feed import Feed
from hub.gateway.guard import Guard
from hub.gateway.metrics import GatewayMetrics
from hub.gateway.presence import Presence
from hub.gateway.publishing import EventPublisher
from hub.gateway.receipt_wait import Inbox
from hub.gateway.report_process import Reports
from hub.gateway.server import serve_door
from hub.gateway.webhooks import Webhooks
from hub.http.certificates import CertificateWatch
from hub.http.door_tls import check_tls, server_tls
from hub.kafka import client as kafka
from hub.kafka.producer import Producer
from hub.logs import log
from hub.participants.register_editions import ORGANISATIONS, RegisterReader
from hub.postgres import database
from hub.postgres.away import reason_of
from hub.printing.tables import say
from hub.process import client_logs
from hub.process.health import health_app, serve
from hub.process.supervise import AWAY, SideTasks, keep_running
from hub.regulation.lawbook import load_book
from hub.settings import GatewaySettings, KafkaSettings, PostgresSettings, read_tree
from hub.settings.budget import BudgetSettings
from hub.settings.documents import DocumentsSettings

_POOL = 8
_STATEMENT_S = 10
_PREFIX = "HUB_GATEWAY"


class GatewayTree(BaseSettings):
    """The settings of a gateway process: it never holds the master key."""

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
    kafka: KafkaSettings
    postgres: PostgresSettings
    budget: BudgetSettings = BudgetSettings()
    gateway: GatewaySettings = GatewaySettings()
    documents: DocumentsSettings = DocumentsSettings()


def gateway_settings() -> GatewayTree:
    """Settings, or exit status 2 with one line."""
    try:
        return read_tree(GatewayTree)
    except StartupError as error:
        say(f"hub: {error}", err=True)
        raise typer.Exit(2) from None


async def run_gateway(settings: GatewayTree, stop: asyncio.Event) -> None:
    """Run until `stop` is set; returns after a drain of at most 10 s.

    Raises `StartupError` when something is missing and `StopError` when a task died.
    """
    client_logs.install()
    check_tls(settings.gateway, settings.environment, _PREFIX)
    tls = server_tls(settings.gateway, _PREFIX, settings.gateway.client_ca_file)
    registry = CollectorRegistry()
    async with _parts(settings, GatewayMetrics(registry)) as parts:
        guard = Guard(
            make_api(parts), parts.callers, settings.gateway, settings.documents.max_bytes, parts.metrics
        )
        presence = Presence(settings.gateway, parts.pool, parts.key)
        http = parts.metrics.http
        door = asyncio.create_task(
            serve_door(guard, settings.gateway, tls, http, stop, presence.opened), name="door"
        )
        certificates = CertificateWatch(http, {"kafka_ca": settings.kafka.ca_file}, tls)
        hooks = Webhooks(
            settings.postgres,
            parts.feed,
            settings.kafka.prefix,
            settings.gateway.webhook_allowed,
            parts.key,
            parts.metrics,
        )
        side = SideTasks(
            {
                "callers": keep_running("callers", parts.callers.follow),
                "inbox": keep_running("inbox", parts.inbox.step),
                "feed": keep_running("feed", parts.feed.step),
                "webhooks": keep_running("webhooks", hooks.step),
                "presence": keep_running("presence", presence.step),
                "budget": keep_running("budget", parts.budget.step),
                "refusals": keep_running("refusals", guard.refusals.step),
                "checks": keep_running("checks", parts.checks.step),
                "certificates": certificates.run(),
                "health": _serve_health(settings, parts, presence, registry),
            }
        )
        try:
            await side.watch(door, stop)
            parts.stopping.set()
            stop.set()
            await asyncio.wait([door])
            side.raise_for(door)
        finally:
            await side.end()
            await hooks.close()
            await presence.end()
    log("gateway_stopped")


@asynccontextmanager
async def _parts(settings: GatewayTree, metrics: GatewayMetrics) -> AsyncIterator[GatewayContext]:
    async with AsyncExitStack() as stack:
        session = database.Session(settings.postgres, "gateway-checks")
        stack.push_async_callback(session.close)
        await session.open()
        counts = database.Session(settings.postgres, "gateway-budget")
        stack.push_async_callback(counts.close)
        key = StoreKey.from_file(settings.store_key_file)
        checks = gateway_checks(settings.gateway, settings.documents, settings.postgres, session.live, key)
        await must_hold(checks)
        pool = await stack.enter_async_context(_pool(settings.postgres))
        producer = Producer(lambda: kafka.producer(settings.kafka, "gateway"), "gateway", metrics.producers)
        feed = Feed(lambda: kafka.consumer(settings.kafka, "gateway-feed", group=None))
        try:
            stack.push_async_callback(producer.close)
            await producer.open()
            await stack.enter_async_context(feed)
        except (kafka.KafkaError, TimeoutError) as error:
            raise StartupError(f"HUB_KAFKA__*: the broker does not let us in: {error}") from None
        callers, book = Callers(pool, key), load_book(settings.profile, settings.regulation)
        await callers.refresh()
        yield GatewayContext(
            settings.gateway,
            settings.kafka.prefix,
            book,
            pool,
            EventPublisher(producer),
            callers,
            Inbox(pool, key),
            key,
            feed,
            documents(settings.documents),
            metrics,
            CheckWatch(checks, metrics.checks, settings.check_every_s),
            Budget(pool, counts, settings.budget, settings.gateway.event_bytes_per_s),
            DirectoryView(pool, key, book, settings.environment),
            RegisterReader(key, tell_untrusted, ORGANISATIONS),
            settings.environment,
            Reports(settings.gateway.report_limit_s),
        )


def _pool(settings: PostgresSettings) -> asyncpg.Pool:
    return database.create_pool(settings.dsn.get_secret_value(), "gateway", _POOL, _STATEMENT_S)


async def _serve_health(
    settings: GatewayTree, parts: GatewayContext, presence: Presence, registry: CollectorRegistry
) -> None:
    probing = asyncio.Lock()

    async def alive() -> str | None:
        stuck = await parts.publisher.stuck()
        if stuck is None or await ready() is not None:
            return None
        return f"the brokers answer, but {stuck}"

    def impaired() -> list[str]:
        return [str(state) for state in parts.publisher.failing]

    # A session of the pool would be waited for beyond the limit: its return is shielded.
    session = database.Session(settings.postgres, "gateway-probe")

    async def ready() -> str | None:
        if parts.stopping.is_set() or not presence.is_open:
            return "the door is closed"
        try:
            async with probing, asyncio.timeout(5):
                await session.execute("select 1")
                await parts.feed.check()
                return await parts.publisher.trouble()
        except (*AWAY, asyncpg.PostgresError) as error:
            return reason_of(error)

    try:
        await serve(
            health_app(registry, alive, ready, impaired),
            settings.http_host,
            settings.http_port,
            lambda port: log("health_ready", port=port),
            parts.metrics.http,
            settings.stuck_exit_s,
        )
    finally:
        await session.close()
