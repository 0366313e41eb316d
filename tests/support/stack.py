"""Test support: one shared Kafka and PostgreSQL per test run; names, databases and users of a test's own."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka.admin import (
    AdminClient,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from hub.embedded import stack as embedded
from hub.embedded.stack import StackAddress
from hub.postgres import database
from hub.postgres.database import Connection
from tests.support import memory

REPOSITORY = Path(__file__).resolve().parents[2]
JARS = Path(os.environ.get("HUB_CACHE") or REPOSITORY / "var" / "cache") / "kafka" / "jars"
DEFAULT_HOME = REPOSITORY / "var" / "test"
_ADMIN_LIMIT_S = 10.0
_DROP_LIMIT_S = 15.0
_TEMPLATE_LOCK = 4712


def shared_home() -> Path:
    """Return the home of the shared stack: `HUB_HOME`, else `var/test` of the repository."""
    return Path(os.environ.get("HUB_HOME") or DEFAULT_HOME).resolve()


def shared_stack() -> Iterator[StackAddress]:
    """Yield the shared stack (body of the session fixture `stack`); left running only if it ran before.

    A stack under the default home that does not run is started empty, so that runs do not pile up topics. It
    lies in memory where there is enough; of such a one the logs are left at its end.
    """
    os.environ.setdefault("HUB_CACHE", str(REPOSITORY / "var" / "cache"))
    home = shared_home()
    was_running = any(server.state != "stopped" for server in embedded.status(home))
    is_in_memory = False
    if not was_running and home == DEFAULT_HOME.resolve():
        embedded.wipe(home)
        is_in_memory = memory.lead_into(DEFAULT_HOME)
        home = shared_home()
    try:
        yield embedded.up(home)
    finally:
        if not was_running:
            embedded.down(home)
            if is_in_memory:
                memory.give_back(DEFAULT_HOME, keep="log")


def own_name(prefix: str = "t") -> str:
    """Return a name that no other test has, good for topics, groups, users, databases and schemas."""
    return f"{prefix}_{secrets.token_hex(5)}"


@asynccontextmanager
async def own_database(address: StackAddress, *, has_tables: bool = False) -> AsyncIterator[str]:
    """Create a database, give its DSN, and drop it with everybody who is still connected.

    It is empty, or `has_tables` of the hub with nothing in them.
    """
    name = own_name("db")
    connection: Connection = await asyncpg.connect(address.postgres_dsn)
    try:
        template = await _with_tables(connection, address) if has_tables else "template0"
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield _dsn(address, name)
        finally:
            await _drop(connection, name)
    finally:
        await connection.close()


def _dsn(address: StackAddress, name: str) -> str:
    return f"{address.postgres_dsn.rsplit('/', 1)[0]}/{name}"


async def _with_tables(connection: Connection, address: StackAddress) -> str:
    """The database that is copied instead of migrating anew; made by the first test that asks for it."""
    texts = sha256(repr(database.scripts()).encode()).hexdigest()
    name = f"tables_{texts[:16]}"
    await connection.execute("select pg_advisory_lock($1)", _TEMPLATE_LOCK)
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", name):
            unfinished = own_name("db")
            await connection.execute(f'CREATE DATABASE "{unfinished}" TEMPLATE template0')
            inside: Connection = await asyncpg.connect(_dsn(address, unfinished))
            await database.migrate(inside)
            await inside.close()
            await connection.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _TEMPLATE_LOCK)
    return name


async def _drop(connection: Connection, name: str) -> None:
    """Drop a database; a vacuum of the server's own in it may not be ended by us, but is soon over."""
    end = time.monotonic() + _DROP_LIMIT_S
    while True:
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def kafka_admin(address: StackAddress) -> AdminClient:
    """Return an administrator's client of the shared broker."""
    return AdminClient(librdkafka_settings(address))


def librdkafka_settings(
    address: StackAddress, user: str | None = None, password: str | None = None
) -> dict[str, Any]:
    """Return the connection settings of a confluent-kafka client; the administrator's unless named."""
    return {
        "bootstrap.servers": address.kafka_bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user or address.kafka_admin_user,
        "sasl.password": password or address.kafka_admin_password,
        "log_level": 0,
    }


def aiokafka_settings(
    address: StackAddress, user: str | None = None, password: str | None = None
) -> dict[str, Any]:
    """Return the connection settings of an aiokafka client; the administrator's unless named."""
    return {
        "bootstrap_servers": address.kafka_bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user or address.kafka_admin_user,
        "sasl_plain_password": password or address.kafka_admin_password,
    }


def create_topic(admin: AdminClient, topic: str, partitions: int = 1, **config: str) -> None:
    """Create a topic; underscores in the names of `config` stand for dots; blocks until it exists."""
    settings = {name.replace("_", "."): value for name, value in config.items()}
    new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=settings)
    admin.create_topics([new], operation_timeout=_ADMIN_LIMIT_S)[topic].result(_ADMIN_LIMIT_S)


def create_user(admin: AdminClient, user: str) -> str:
    """Create a SCRAM user that may do nothing, and return its password."""
    password = secrets.token_hex(16)
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    change = UserScramCredentialUpsertion(user, info, password.encode())
    admin.alter_user_scram_credentials([change])[user].result(_ADMIN_LIMIT_S)
    return password
