"""Names and locks: what two processes must not share, and an address at which no lock holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from hub.embedded.stack import StackAddress
from hub.engine.intake import positions
from hub.errors import StartupError
from hub.postgres import database
from hub.postgres.database import Connection
from hub.postgres.names import claim, take_name
from hub.postgres.session_locks import session_trouble
from hub.settings import PostgresSettings
from tests.support.hubs import own_hub
from tests.support.pooler import pooler
from tests.support.requests import ONE_STOP
from tests.support.traffic import Traffic
from tests.support.waiting import eventually, within

pytestmark = pytest.mark.long


async def test_a_second_engine_of_the_same_name_ends_with_a_line_that_names_the_setting(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        counter = await hub.join("counter-a", ["counter"], [ONE_STOP])
        traffic = Traffic(hub, [counter])
        first = await hub.start_engine()
        (tmp_path / "second").mkdir()
        second = hub.engine()
        second.log_file = tmp_path / "second" / "engine.log"
        second.start()
        assert await second.ended(30) == 2
        said = [line for line in second.output().splitlines() if line.startswith("hub: ")]
        assert said == [
            "hub: HUB_ENGINE__INSTANCE: another process runs as engine engine-1; give each its own name"
        ]
        await traffic.dossiers(counter, 3)
        await traffic.check()
        assert first.exit_status is None


async def test_an_engine_whose_session_was_cut_takes_its_name_again(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        await hub.join("counter-a", ["counter"], [ONE_STOP])
        engine = await hub.start_engine()

        async def cut() -> bool:
            return bool(
                await hub.database.fetchval(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'engine-1-shards' and datname = current_database()"
                )
            )

        await eventually(lambda: bool(engine.actions("shards_gained")), 20, "its shards", engine.output)
        assert await cut()
        await eventually(lambda: len(engine.actions("shards_gained")) > 1, 20, "its shards", engine.output)
        assert not await take_name(hub.database, "engine engine-1")
        assert engine.exit_status is None


async def test_a_name_whose_holder_is_silent_is_taken_from_it_and_one_without_a_beat_is_not(
    store: Connection, hub_database: str
) -> None:
    silent: Connection = await asyncpg.connect(hub_database)
    assert await take_name(silent, "engine one")
    with pytest.raises(StartupError, match="HUB_X: another process runs as engine one"):
        await claim(store, "engine one", "HUB_X", beats=False)
    async with within(20):
        await claim(store, "engine one", "HUB_X", beats=True)
    assert silent.is_closed() or await _is_over(silent)


async def _is_over(connection: Connection) -> bool:
    try:
        await connection.execute("select 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError):
        return True
    return False


async def test_starts_are_counted_in_one_order_of_rows(store: Connection, hub_database: str) -> None:
    await store.execute(
        "insert into intake_offset (topic, partition, topic_id, next)"
        " values ('in.b', 0, 'y', 7), ('in.a', 0, 'x', 5)"
    )
    other: Connection = await asyncpg.connect(hub_database)
    third: Connection = await asyncpg.connect(hub_database)
    transaction = store.transaction()
    await transaction.start()
    await store.execute("select from intake_offset where topic = 'in.a' for update")
    counting = asyncio.create_task(positions.count_starts(other, {("in.b", 0): 7, ("in.a", 0): 5}))
    await eventually(lambda: _waits(third), 10, "the count to wait")
    async with third.transaction():
        await third.execute("select from intake_offset where topic = 'in.b' for update nowait")
    await transaction.rollback()
    await counting
    assert await store.fetchval("select array_agg(starts) from intake_offset") == [1, 1]
    await other.close()
    await third.close()


async def _waits(connection: Connection) -> bool:
    count = await connection.fetchval(
        "select count(*) from pg_locks l join pg_stat_activity a using (pid)"
        " where not l.granted and a.datname = current_database()"
    )
    return bool(count)


async def test_locks_of_a_session_hold_at_postgresql_itself(hub_database: str) -> None:
    assert await session_trouble(PostgresSettings(dsn=SecretStr(hub_database))) is None


@pytest.mark.needs("pgbouncer")
@pytest.mark.parametrize(("mode", "holds"), [("transaction", False), ("statement", False), ("session", True)])
async def test_a_pooler_is_refused_unless_it_gives_each_client_its_own_session(
    store: Connection, hub_database: str, mode: str, *, holds: bool
) -> None:
    with pooler(hub_database, mode) as address:
        settings = PostgresSettings(dsn=SecretStr(address))
        try:
            trouble = await session_trouble(settings)
        except asyncpg.PostgresError as error:
            trouble = str(error)
        assert (trouble is None) is holds, trouble
        if holds:
            connection = await database.connect(settings, "test")
            assert await connection.fetchval("show default_transaction_isolation") == "read committed"
            await connection.close()


@pytest.mark.needs("pgbouncer")
async def test_an_engine_behind_a_pooler_of_transactions_does_not_start(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path) as hub:
        with pooler(hub.dsn, "transaction") as address:
            engine = hub.engine(HUB_POSTGRES__DSN=address)
            engine.start()
            assert await engine.ended(30) == 2
            said = [line for line in engine.output().splitlines() if line.startswith("hub: ")]
            assert len(said) == 1
            assert "session" in said[0]
            assert "pooler" in said[0]
