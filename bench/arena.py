"""Where one run takes place: the benchmark's own stack, a fresh database and fresh topics per run."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from hub.embedded import stack
from hub.embedded.stack import StackAddress
from hub.facts.sealing import MasterKey
from hub.participants import registry as participants
from hub.participants.registry import Participant
from hub.postgres.database import Connection
from tests.support.hubs import Hub
from tests.support.stack import aiokafka_settings, own_name

REPOSITORY = Path(__file__).resolve().parents[1]
HOME = REPOSITORY / "var" / "bench"
SHARDS = 8


@dataclass(frozen=True, slots=True)
class Bench:
    """The running stack: addresses and the process ids of broker and postmaster."""

    address: StackAddress
    broker_pid: int
    postmaster_pid: int


def open_stack() -> Bench:
    """Start what is not running under `var/bench`; the stack stays up for the next run."""
    os.environ.setdefault("HUB_CACHE", str(REPOSITORY / "var" / "cache"))
    address = stack.up(HOME)
    pids = {status.server: status.pid for status in stack.status(HOME)}
    broker, postmaster = pids["kafka"], pids["postgres"]
    assert broker is not None
    assert postmaster is not None
    return Bench(address, broker, postmaster_of(postmaster))


def close_stack() -> None:
    """Stop the servers and delete their data: gigabytes of events that nobody needs again."""
    stack.wipe(HOME)


def postmaster_of(pid: int) -> int:
    """The recorded process may be a launcher of `postgres`."""
    process = psutil.Process(pid)
    children = [child for child in process.children() if child.name() == "postgres"]
    return pid if process.name() == "postgres" or not children else children[0].pid


class Arena:
    """One run's hub: its database, its topic prefix, and clients with the administrator's rights."""

    def __init__(self, bench: Bench, hub: Hub, folder: Path) -> None:
        self.bench = bench
        self.hub = hub
        self.folder = folder
        self.client = aiokafka_settings(bench.address)

    def topic(self, name: str) -> str:
        """A topic of this run."""
        return self.hub.prefix + name

    async def register(self, name: str, role: str, organisations: tuple[str, ...], partitions: int) -> str:
        """Register a participant with as many partitions as the run wants; returns its password."""
        participant = Participant(name, (role,), organisations, partitions)
        return await participants.add(self.hub.admin, self.hub.database, self.hub.store_key, participant)

    def engine_environment(self, instance: str, batch: int) -> dict[str, str]:
        """Settings of an engine process; everything not named here is the product's default."""
        return self.hub.environment | {
            "HUB_ENGINE__INSTANCE": instance,
            "HUB_ENGINE__SESSION_TIMEOUT_MS": "30000",
            "HUB_ENGINE__MAX_BATCH_RECORDS": str(batch),
            "HUB_SHARDS": str(SHARDS),
        }

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """A producer for loading topics before the clock starts."""
        producer = AIOKafkaProducer(
            **self.client, enable_idempotence=True, acks="all", linger_ms=2, max_batch_size=200_000
        )
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A consumer without a group, for watermarks and outputs, of transactions when they are committed."""
        consumer = AIOKafkaConsumer(
            **self.client, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_bytes=32 << 20,
            max_partition_fetch_bytes=8 << 20, isolation_level="read_committed",
        )  # fmt: skip
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def partitions(self, topics: Mapping[str, int]) -> list[TopicPartition]:
        """All partitions of topics with known numbers of partitions."""
        return [TopicPartition(topic, number) for topic, count in topics.items() for number in range(count)]


@asynccontextmanager
async def arena(
    bench: Bench, *, partitions: int, template: str = "template0", key: Path | None = None
) -> AsyncIterator[Arena]:
    """A fresh hub for one run; `template` is a database to copy, whose dossiers were sealed with `key`."""
    server = await asyncpg.connect(bench.address.postgres_dsn)
    name = own_name("bench")
    await server.execute(f'create database "{name}" template "{template}"')
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        dsn = f"{bench.address.postgres_dsn.rsplit('/', 1)[0]}/{name}"
        hub = Hub(bench.address, dsn, Path(folder), partitions, "live")
        try:
            await hub.open()
            if key is not None:
                hub.master_key_file, hub.store_key = key, MasterKey.from_file(key).store
            await hub.database.execute("delete from participant")
            await hub.database.execute("delete from intake_offset")
            yield Arena(bench, hub, Path(folder))
        finally:
            await hub.close()
            await drop_database(server, name)
            await server.close()


async def drop_database(server: Connection, name: str) -> None:
    """Drop a database with everybody in it; an autovacuum worker may be there, which only its end removes."""
    for _ in range(60):
        try:
            await server.execute(f'drop database if exists "{name}" with (force)', timeout=120)
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            await asyncio.sleep(0.5)
        else:
            return
    raise TimeoutError(f"database {name} cannot be dropped: somebody is still in it")


async def settle_disk(bench: Bench) -> None:
    """A checkpoint before the clock starts, so that no run pays for the one before it."""
    server = await asyncpg.connect(bench.address.postgres_dsn, command_timeout=120)
    try:
        await server.execute("checkpoint")
    except asyncpg.InsufficientPrivilegeError:
        await asyncio.sleep(0)
    finally:
        await server.close()
