"""An adapter process: one outside system behind the delivery runtime, found by its entry point."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

from prometheus_client import CollectorRegistry
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from hub.checks.check import must_hold
from hub.checks.roles import adapter_checks
from hub.checks.watch import CheckWatch
from hub.delivery.adapter import Adapter, Certified
from hub.delivery.declaration import AdapterDeclaration, declarations
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.progress import Progress
from hub.delivery.runtime import run_adapter
from hub.errors import StartupError, StopError
from hub.http.certificates import CertificateWatch
from hub.http.metrics import HttpMetrics
from hub.legal_time import LegalClock
from hub.logs import log
from hub.postgres import database
from hub.postgres.clock import read_clock
from hub.postgres.names import claim
from hub.process import client_logs
from hub.process.health import health_app, serve
from hub.process.supervise import SideTasks, keep_running
from hub.settings import NESTED, KafkaSettings, PostgresSettings, explained

_STUCK_S = 60.0
_WAITING_S = 6.0
"""Longer than the longest pause between two tries of a loop that is held up."""
_CLOCK_S = 0.5


class AdapterSettings(BaseSettings):
    """Settings of every adapter process; those of its outside system are the adapter's own."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    environment: Literal["live", "test"] = Field(default="live", description="as the hub's")
    http_host: str = Field(default="127.0.0.1", description="address of metrics and health")
    http_port: int = Field(default=0, ge=0, le=65535, description="port of metrics and health")
    stuck_exit_s: float | None = Field(default=None, ge=30, description="as the hub's")
    check_every_s: float = Field(default=60.0, gt=0, description="as the hub's")
    kafka: KafkaSettings
    postgres: PostgresSettings
    delivery: DeliveryOptions = DeliveryOptions()


async def run_adapter_role(name: str, stop: asyncio.Event) -> None:
    """Run the adapter `name` until `stop` is set.

    Raises `StartupError` for an unknown adapter or a wrong setting, `StopError` when a task died.
    """
    client_logs.install()
    declaration, settings, adapter = _read(name)
    dsn = settings.postgres.dsn.get_secret_value()
    registry, progress = CollectorRegistry(), Progress()
    metrics = DeliveryMetrics(registry)
    connection = await database.connect_at_start(settings.postgres, f"adapter-{name}")
    session = database.Session(settings.postgres, f"adapter-{name}-checks")
    checks = (*adapter_checks(settings.postgres, session.live, name), *declaration.checks(session.live))
    await must_hold(checks)
    await _claim_name(settings, connection, name)
    watch = CheckWatch(checks, metrics.checks, settings.check_every_s)
    async with _clock(settings, name) as clock:

        async def run() -> None:
            try:
                await run_adapter(
                    adapter,
                    settings.kafka,
                    dsn,
                    environment=settings.environment,
                    options=settings.delivery,
                    stop=stop,
                    metrics=metrics,
                    clock=clock.now,
                    ask_time=clock.asked,
                    progress=progress,
                )
            except ExceptionGroup as group:
                first = group.exceptions[0]
                raise StopError(f"adapter {name}: a task died: {type(first).__name__}: {first}") from group

        work = asyncio.create_task(run(), name=name)
        side = SideTasks(
            {
                "health": _serve(settings, registry, progress, metrics.http),
                "certificates": _certificates(settings, adapter, metrics.http).run(),
                "checks": keep_running("checks", watch.step),
                "clock": keep_running("clock", clock.step),
            }
        )
        try:
            await side.watch(work, stop)
            stop.set()
            await asyncio.wait([work])
            side.raise_for(work)
        finally:
            await side.end(work, limit_s=5)
            await connection.close(timeout=5)
            await session.close()


async def _claim_name(settings: AdapterSettings, connection: database.Connection, name: str) -> None:
    if settings.delivery.instance is not None:
        await claim(connection, f"{name} {settings.delivery.instance}", "HUB_DELIVERY__INSTANCE", beats=False)


def _read(name: str) -> tuple[AdapterDeclaration, AdapterSettings, Adapter]:
    known = declarations()
    if name not in known:
        raise StartupError(f"no adapter {name}; installed: {', '.join(known) or 'none'}")
    try:
        return known[name], AdapterSettings(), known[name].build()
    except SettingsError as error:
        raise StartupError(f"settings: {error}") from None
    except RecursionError:
        raise StartupError(f"settings: {NESTED}") from None
    except ValidationError as error:
        tree = next(kind for kind in BaseSettings.__subclasses__() if kind.__name__ == error.title)
        wrong = [explained(item, tree) for item in error.errors(include_input=False, include_url=False)]
        raise StartupError(f"settings: {'; '.join(wrong)}") from None


class _Clock:
    """Legal time for reports: the machine's, moved by the recorded steps in environment `test`."""

    def __init__(self) -> None:
        self.steps = LegalClock()
        self.renew: Callable[[], Awaitable[None]] | None = None

    def now(self) -> datetime:
        return self.steps.of(datetime.now(UTC))

    async def asked(self) -> datetime:
        """With every step that is recorded by now."""
        if self.renew is not None:
            await self.renew()
        return self.now()

    async def step(self) -> None:
        if self.renew is None:
            await asyncio.Event().wait()
        await self.asked()
        await asyncio.sleep(_CLOCK_S)


@contextlib.asynccontextmanager
async def _clock(settings: AdapterSettings, name: str) -> AsyncIterator[_Clock]:
    clock, environment = _Clock(), settings.environment
    if environment == "live":
        yield clock
        return
    session = database.Session(settings.postgres, f"adapter-{name}-clock")
    await session.open()
    turn = asyncio.Lock()

    async def renew() -> None:
        async with turn:
            clock.steps = await read_clock(await session.live(), environment)

    await renew()
    clock.renew = renew
    try:
        yield clock
    finally:
        await session.close()


def _certificates(settings: AdapterSettings, adapter: Adapter, metrics: HttpMetrics) -> CertificateWatch:
    own = adapter.certificates if isinstance(adapter, Certified) else {}
    return CertificateWatch(metrics, {"kafka_ca": settings.kafka.ca_file, **own})


async def _serve(
    settings: AdapterSettings, registry: CollectorRegistry, progress: Progress, metrics: HttpMetrics
) -> None:
    async def alive() -> str | None:
        now = time.monotonic()
        if progress.waits_for(now, _STUCK_S) is not None:
            return None
        ages = progress.ages_s(now)
        stuck = [part for part in ("workers", "publisher") if ages.get(part, 0.0) > _STUCK_S]
        return f"no progress: {', '.join(stuck)}" if stuck else None

    async def ready() -> str | None:
        if progress.is_door_closed:
            return "the door is closed"
        now = time.monotonic()
        waits_for = progress.waits_for(now, _WAITING_S)
        if waits_for is not None:
            return waits_for
        ages = progress.ages_s(now)
        away = [
            part
            for part in ("database", "kafka")
            if ages.get(part, _STUCK_S) > settings.delivery.gauges_s * 3
        ]
        return f"away: {', '.join(away)}" if away else None

    await serve(
        health_app(registry, alive, ready, progress.impaired),
        settings.http_host,
        settings.http_port,
        lambda port: log("health_ready", port=port),
        metrics,
        settings.stuck_exit_s,
    )
