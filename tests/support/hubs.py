"""Test support: a hub of a test's own on the shared stack: own database, own topic prefix, own users."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
from pydantic import SecretStr

from hub.embedded.stack import StackAddress
from hub.facts.integrity import REPORTS_FILE_NAME
from hub.facts.sealing import MasterKey
from hub.kafka.admin import KafkaAdmin
from hub.participants import registry as participants
from hub.postgres import database
from hub.postgres.database import Connection
from hub.settings import KafkaSettings
from tests.support.clients import Client
from tests.support.processes import HubProcess
from tests.support.stack import REPOSITORY, own_database


class Hub:
    """Participants join it; engines are started, killed and stopped as processes."""

    def __init__(
        self, address: StackAddress, dsn: str, folder: Path, partitions: int, environment: str
    ) -> None:
        self.address = address
        self.dsn = dsn
        self.folder = folder
        self.partitions = partitions
        self.prefix = f"t{secrets.token_hex(4)}."
        self.environment_name = environment
        self.master_key_file = folder / "master.key"
        self.processes: list[HubProcess] = []
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Tables, topics and the hub's user."""
        self.database: Connection = await asyncpg.connect(self.dsn)
        await database.migrate(self.database)
        self.admin = KafkaAdmin(
            KafkaSettings(
                bootstrap=self.address.kafka_hub_bootstrap,
                user=self.address.kafka_admin_user,
                password=SecretStr(self.address.kafka_admin_password),
                prefix=self.prefix,
                replication=self.address.kafka_brokers,
            )
        )
        self.store_key = self._key().store
        self.user = f"{self.prefix}hub"
        self.password = await participants.set_up_hub(self.admin, self.user, self.partitions)

    def _key(self) -> MasterKey:
        return MasterKey.create_file(self.master_key_file)

    async def close(self) -> None:
        """End all processes, leave the topics to the broker's end."""
        await self._stack.aclose()
        for process in self.processes:
            await process.end()
        names = [
            name for name in await asyncio.to_thread(self.admin.topic_names) if name.startswith(self.prefix)
        ]
        with contextlib.suppress(Exception):
            await asyncio.to_thread(self.admin.delete_topics, names)
        await self.database.close()

    @property
    def environment(self) -> dict[str, str]:
        """The settings of this hub's processes."""
        return {
            "HUB_ENVIRONMENT": self.environment_name,
            "HUB_MASTER_KEY_FILE": str(self.master_key_file),
            "HUB_DELIVERY__KEY_FILE": str(self.master_key_file.with_name(REPORTS_FILE_NAME)),
            "HUB_POSTGRES__DSN": self.dsn,
            "HUB_KAFKA__BOOTSTRAP": self.address.kafka_hub_bootstrap,
            "HUB_KAFKA__PARTICIPANTS_BOOTSTRAP": self.address.kafka_bootstrap,
            "HUB_KAFKA__USER": self.user,
            "HUB_KAFKA__PASSWORD": self.password,
            "HUB_KAFKA__PREFIX": self.prefix,
            "HUB_ENGINE__TOPICS_EVERY_MS": "500",
            "HUB_SHARDS": "4",
            "HUB_ENGINE__SESSION_TIMEOUT_MS": "3000",
            "HUB_ENGINE__FETCH_WAIT_MS": "50",
        }

    async def register(self, name: str, roles: Sequence[str], organisations: Sequence[str] = ()) -> str:
        """Register a participant; returns its password."""
        participant = participants.Participant(name, tuple(roles), tuple(organisations), self.partitions)
        return await participants.add(self.admin, self.database, self.store_key, participant)

    async def join(self, name: str, roles: Sequence[str], organisations: Sequence[str] = ()) -> Client:
        """Register a participant and connect as it; it is closed with the hub."""
        password = await self.register(name, roles, organisations)
        client = Client(self.address.kafka_bootstrap, self.prefix, name, password)
        await self._stack.enter_async_context(client)
        return client

    def engine(self, name: str = "engine-1", *, root: Path = REPOSITORY, **settings: str) -> HubProcess:
        """An engine process, not started yet; `root` is the checkout that it runs."""
        environment = self.environment | {"HUB_ENGINE__INSTANCE": name} | settings
        process = HubProcess("engine", name, environment, self.folder, root)
        self.processes.append(process)
        return process

    async def start_engine(self, name: str = "engine-1", **extra: str) -> HubProcess:
        """An engine process that is ready; `extra` are settings of its first life only."""
        process = self.engine(name)
        process.start(**extra)
        await process.ready()
        return process


@asynccontextmanager
async def own_hub(
    address: StackAddress, folder: Path, *, partitions: int = 2, environment: str = "live"
) -> AsyncIterator[Hub]:
    """A hub without any process yet."""
    async with own_database(address, has_tables=True) as dsn:
        hub = Hub(address, dsn, folder, partitions, environment)
        await hub.open()
        try:
            yield hub
        finally:
            await hub.close()
