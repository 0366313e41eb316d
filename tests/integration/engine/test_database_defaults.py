"""A database whose defaults an operator changed: the hub waits with a reason, or is not touched by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from hub.embedded.stack import StackAddress
from hub.postgres import database
from hub.postgres.database import Connection
from hub.settings import PostgresSettings
from tests.integration.engine.test_engine_group import start_two
from tests.support.delivery_worlds import World, delivery_world, running, until
from tests.support.hubs import Hub, own_hub
from tests.support.plain_http import plain_http
from tests.support.processes import HubProcess
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

_END_OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        yield made


async def change(connection: Connection, setting: str) -> None:
    """Change a default of this database, as it is known to sessions that begin from now on."""
    name = await connection.fetchval("select current_database()")
    await connection.execute(f'alter database "{name}" {setting}')
    await connection.execute(_END_OTHERS)


async def said_by(process: HubProcess) -> tuple[int, str]:
    async with plain_http(10) as client:
        answer = await client.get(f"{await process.url()}/readyz")
    return answer.status_code, str(answer.json()["reason"])


async def test_an_engine_waits_for_a_read_only_database_and_goes_on_when_it_is_reset(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        engine = await hub.start_engine()
        await traffic.dossiers(counter, 2)
        await change(hub.database, "set default_transaction_read_only = on")
        await traffic.submit(counter)

        async def says_why() -> bool:
            status, reason = await said_by(engine)
            return status == 503 and reason == "ReadOnlySQLTransactionError (25006)"

        await eventually(says_why, 20, "the reason", engine.output)
        await eventually(
            lambda: any("25006" in str(line.get("error")) for line in engine.lines()),
            10,
            "a line",
            engine.output,
        )
        await hub.database.execute("set default_transaction_read_only = off")
        name = await hub.database.fetchval("select current_database()")
        await hub.database.execute(f'alter database "{name}" reset default_transaction_read_only')
        await engine.ready()
        await traffic.check()
        assert engine.exit_status is None


async def test_an_adapter_waits_for_a_read_only_database_and_goes_on_when_it_is_reset(world: World) -> None:
    async with running(world):
        await until(lambda: world.progress.ages_s(0).keys() >= {"workers", "publisher", "database"})
        async with world.pool.acquire() as operator:
            name = await operator.fetchval("select current_database()")
            await operator.execute(f'alter database "{name}" set default_transaction_read_only = on')
            await operator.execute(_END_OTHERS)
            await world.send(1)
            now = asyncio.get_running_loop().time
            await until(lambda: "25006" in (world.progress.waits_for(now(), 60) or ""))
            await operator.execute(f'alter database "{name}" reset default_transaction_read_only')
        await until(lambda: world.effects() == ["m-1"])


@pytest.mark.parametrize(
    "setting",
    [
        "set default_transaction_isolation = 'serializable'",
        "set lock_timeout = '1ms'",
        "set statement_timeout = '1s'",
        "set idle_session_timeout = '300ms'",
        "set idle_in_transaction_session_timeout = '1ms'",
    ],
)
async def test_a_default_of_the_database_decides_nothing_in_the_sessions_of_the_hub(
    hub_database: str, setting: str
) -> None:
    settings = PostgresSettings(dsn=SecretStr(hub_database))
    before = await database.connect(settings, "test")
    name = setting.split()[1]
    ours = await before.fetchval("select current_setting($1)", name)
    await change(before, setting)
    after = await database.connect(settings, "test")
    async with database.create_pool(hub_database, "test", 1, 30) as pool:
        for _ in range(2):
            assert await pool.fetchval("select current_setting($1)", name) == ours
    assert await after.fetchval("select current_setting($1)", name) == ours
    await after.close()
    await before.close()


async def test_two_engines_work_on_a_database_that_is_serializable_by_default_and_hardly_waits_for_locks(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        await change(hub.database, "set default_transaction_isolation = 'serializable'")
        await change(hub.database, "set lock_timeout = '200ms'")
        counters = [await hub.join(name, ["counter"], [ONE_STOP]) for name in ("counter-a", "counter-b")]
        traffic = Traffic(hub, counters)
        engines = await start_two(hub)
        dossiers = await traffic.dossiers(counters[0], 5)
        sending = asyncio.gather(*(traffic.verify(counter, dossiers, 10) for counter in counters))
        await hold_tables(hub, 3.0)
        await sending
        await traffic.check()
        assert [engine.exit_status for engine in engines] == [None, None]
        assert not any("Serialization" in line for engine in engines for line in engine.output().splitlines())


async def hold_tables(hub: Hub, seconds: float) -> None:
    """Hold tables that every process writes, for longer than the default of the database waits."""
    async with hub.database.transaction():
        await hub.database.execute("lock table dossier, timer, engine in exclusive mode")
        await asyncio.sleep(seconds)
