"""Test support: the delivery runtime of one adapter on real Kafka and PostgreSQL, and its counterpart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from hub.delivery.database import open_pool
from hub.delivery.metrics import DeliveryMetrics
from hub.delivery.options import DeliveryOptions
from hub.delivery.progress import Progress
from hub.delivery.runtime import run_adapter
from hub.delivery.store import DeliveryStore
from hub.embedded.stack import StackAddress
from hub.kafka.admin import KafkaAdmin
from hub.kafka.client import AIOKafkaConsumer, AIOKafkaProducer
from hub.participants.registry import participant_grants, user_of
from hub.settings import KafkaSettings
from schemas.receipt import RECEIPT_ACCEPTED, RECEIPT_REFUSED
from tests.support.fake_counterpart import EFFECT_TYPE, FakeCounterpart
from tests.support.report_keys import KEY_FILE, REPORTS_KEY
from tests.support.stack import aiokafka_settings, own_name
from tests.support.waiting import within

LIMIT_S = 20.0
PREFIX = "delivery-test."
OPTIONS: dict[str, Any] = {
    "key_file": str(KEY_FILE),
    "call_timeout_s": 1.0,
    "lease_margin_s": 1.0,
    "idle_s": 0.05,
    "fetch_wait_ms": 20,
    "retry_base_s": 0.02,
    "retry_cap_s": 0.2,
    "circuit_failures": 1000,
    "gauges_s": 0.1,
    "drain_s": 2.0,
    "session_timeout_ms": 1000,
}


@dataclass(slots=True)
class World:
    """One adapter's topics, tables and counterpart; `hub` reads and writes its topics as the hub would."""

    kafka: KafkaSettings
    dsn: str
    counterpart: FakeCounterpart
    store: DeliveryStore
    pool: asyncpg.Pool[Any]
    producer: AIOKafkaProducer
    reports: AIOKafkaConsumer
    registry: CollectorRegistry
    metrics: DeliveryMetrics
    progress: Progress = field(default_factory=Progress)

    @property
    def name(self) -> str:
        return self.counterpart.name

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, {"adapter": self.name, **labels}) or 0.0

    async def send(
        self, number: int, dossier: str = "d-1", type_: str = EFFECT_TYPE, **changed: bytes
    ) -> None:
        """Put message `m-<number>` on the adapter's topic, as the relay does."""
        headers = {
            "ce_specversion": b"1.0",
            "ce_id": f"m-{number}".encode(),
            "ce_source": b"/hub",
            "ce_type": type_.encode(),
            "ce_time": b"2026-03-10T08:00:00+07:00",
            "ce_subject": dossier.encode(),
            "ce_sequence": str(number).encode(),
        }
        value = changed.pop("value", b'{"wanted":true}')
        await self.producer.send_and_wait(
            f"{PREFIX}out.{self.name}", value, key=dossier.encode(), headers=list((headers | changed).items())
        )

    async def answer(self, request: str, code: str | None = None) -> None:
        """Send the hub's receipt for a report."""
        body: dict[str, Any] = {"request": request, "dossier": "d-1", "facts": []}
        if code:
            body = {"request": request, "code": code}
        kind = RECEIPT_REFUSED if code else RECEIPT_ACCEPTED
        headers = {"ce_specversion": b"1.0", "ce_id": b"receipt-of-" + request.encode()}
        headers |= {"ce_type": kind.encode(), "ce_time": b"2026-03-10T08:00:00+07:00", "ce_subject": b"d-1"}
        await self.producer.send_and_wait(
            f"{PREFIX}out.{self.name}", json.dumps(body).encode(), key=b"d-1", headers=list(headers.items())
        )

    async def read_report(self) -> tuple[dict[str, bytes], bytes, Any]:
        """Read the next record of the adapter's in. topic: headers, key, value."""
        async with within(LIMIT_S):
            record = await self.reports.getone()
        return dict(record.headers), record.key, json.loads(record.value)

    async def state(self, number: int) -> str:
        state: str = await self.pool.fetchval("select state from delivery where id = $1", f"m-{number}")
        return state

    def effects(self) -> list[str]:
        return [entry["id"] for entry in self.counterpart.effects()]


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait for a condition with a limit."""
    async with within(LIMIT_S):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def delivery_world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    counterpart = FakeCounterpart(tmp_path / "journal.jsonl", own_name("fake"))
    kafka = await asyncio.to_thread(registered, stack, counterpart.name)
    producer = AIOKafkaProducer(**aiokafka_settings(stack))
    reports = AIOKafkaConsumer(
        f"{PREFIX}in.{counterpart.name}", **aiokafka_settings(stack), auto_offset_reset="earliest"
    )
    registry = CollectorRegistry()
    async with open_pool(hub_database, counterpart.name) as pool, producer, reports:
        store = DeliveryStore(pool, counterpart.name, REPORTS_KEY)
        yield World(
            kafka,
            hub_database,
            counterpart,
            store,
            pool,
            producer,
            reports,
            registry,
            DeliveryMetrics(registry),
        )


@asynccontextmanager
async def running(world: World, **options: Any) -> AsyncIterator[asyncio.Event]:
    """Run the adapter in this process; stops it at the end and fails if it needs too long or died."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(world, stop, **options))
    try:
        yield stop
    finally:
        stop.set()
        async with within(15):
            await task


async def run(world: World, stop: asyncio.Event, kafka: KafkaSettings | None = None, **options: Any) -> None:
    await run_adapter(
        world.counterpart,
        kafka or world.kafka,
        world.dsn,
        environment="test",
        options=DeliveryOptions(**(OPTIONS | options)),
        stop=stop,
        metrics=world.metrics,
        progress=world.progress,
    )


def registered(address: StackAddress, name: str) -> KafkaSettings:
    """Create topics and a user that may do no more than a participant."""
    admin = KafkaAdmin(
        KafkaSettings(
            bootstrap=address.kafka_bootstrap,
            user=address.kafka_admin_user,
            password=SecretStr(address.kafka_admin_password),
            prefix=PREFIX,
        )
    )
    for topic in (f"{PREFIX}in.{name}", f"{PREFIX}out.{name}"):
        admin.create_topic(topic, 2, {})
    user = user_of(name, PREFIX)
    password = admin.set_password(user)
    admin.grant(user, participant_grants(name, PREFIX))
    return KafkaSettings(
        bootstrap=address.kafka_bootstrap, user=user, password=SecretStr(password), prefix=PREFIX
    )
