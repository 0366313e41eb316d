"""The delivery runtime through lost connections, dead tasks, stops and kills."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from hub.embedded.stack import StackAddress
from hub.errors import StartupError
from tests.support.delivery_worlds import (
    LIMIT_S,
    OPTIONS,
    World,
    delivery_world,
    run,
    running,
    until,
)
from tests.support.fake_counterpart import Fault
from tests.support.stack import REPOSITORY
from tests.support.waiting import within

pytestmark = pytest.mark.long


@pytest.fixture
async def world(stack: StackAddress, hub_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with delivery_world(stack, hub_database, tmp_path) as made:
        yield made


async def test_lost_database_connections_only_delay_the_work(world: World) -> None:
    numbers = range(1, 16)
    operator = await asyncpg.connect(world.dsn)
    try:
        async with running(world, concurrency=4):
            await until(lambda: world.progress.ages_s(0).keys() >= {"workers", "publisher", "database"})
            for number in numbers:
                await world.send(number, dossier=f"d-{number % 5}")
                await operator.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            await until(lambda: len(set(world.effects())) == len(numbers))
    finally:
        await operator.close()
    assert sorted(world.effects()) == sorted(f"m-{number}" for number in numbers)


async def test_a_batch_that_could_not_be_stored_is_not_acknowledged_and_comes_again(world: World) -> None:
    async with world.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("lock table delivery in exclusive mode")
        await world.send(1)
        async with running(world):
            await until(lambda: _is_blocked(world))
        await transaction.rollback()
    assert await world.pool.fetchval("select count(*) from delivery") == 0
    async with running(world):
        await until(lambda: world.effects() == ["m-1"])


async def test_an_operators_pause_is_seen_while_a_sweep_is_held_up(world: World) -> None:
    await world.pool.execute(
        """
        insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, state, ended_at)
        values ($1, 'old', 'd-old', 1, 'a', 'b', now(), '', 'delivered', '2020-01-01')
        """,
        world.name,
    )
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("select from delivery where id = 'old' for update")
        async with running(world):
            await until(lambda: _is_blocked(world, "with page as materialized"))
            await world.store.pause("works at the counterpart", "operator-1")
            await until(lambda: world.metric("hub_adapter_circuit_state", state="paused") == 1)
            await world.send(1)
            await until(lambda: _has_row(world, "m-1"))
            await world.store.resume()
            await until(lambda: world.effects() == ["m-1"])


async def _has_row(world: World, message_id: str) -> bool:
    return await world.pool.fetchval("select state from delivery where id = $1", message_id) is not None


async def test_a_report_that_cannot_be_an_envelope_is_a_bug_of_the_adapter(world: World) -> None:
    world.counterpart.report_prefix = "two words "
    await world.send(1)
    async with running(world):
        await until(lambda: world.metric("hub_dead_letters", reason="report") == 1)
    assert await world.state(1) == "delivered"


async def test_a_dead_task_ends_the_runtime(world: World) -> None:
    task = asyncio.create_task(run(world, asyncio.Event()))
    await until(lambda: world.metric("hub_adapter_circuit_state", state="closed") == 1)
    await world.pool.execute("drop table delivery")
    async with within(LIMIT_S):
        with pytest.raises(ExceptionGroup) as caught:
            await task
    assert caught.group_contains(asyncpg.UndefinedTableError)


async def test_a_wrong_password_is_one_line_at_the_start(world: World) -> None:
    wrong = world.kafka.model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(StartupError, match=f"adapter {world.name}: Kafka at 127.0.0.1"):
        await run(world, asyncio.Event(), wrong)


async def test_a_call_that_outlives_the_stop_is_asked_about_after_the_restart(world: World) -> None:
    world.counterpart.faults["m-1"] = ["hang_after"]
    await world.send(1)
    async with running(world, call_timeout_s=1.0, drain_s=0.2):
        await until(lambda: world.effects() == ["m-1"])
    assert await world.state(1) == "leased"
    async with running(world):
        _, _, body = await world.read_report()
    assert body["outcome"] == "delivered"
    assert world.effects() == ["m-1"]
    assert world.counterpart.calls.count(("deliver", "m-1")) == 1


async def test_a_process_killed_between_effect_and_outcome_leaves_one_effect(world: World) -> None:
    await world.send(1)
    await world.send(2)
    child = await _start_child(world, {"m-1": ["crash_after"]})
    async with within(LIMIT_S):
        assert await child.wait() == -signal.SIGKILL
    assert world.effects() == ["m-1"]
    async with running(world):
        bodies = [(await world.read_report())[2] for _ in range(2)]
    assert [body["message"] for body in bodies] == ["m-1", "m-2"]
    assert world.effects() == ["m-1", "m-2"]
    assert ("query", "m-1") in world.counterpart.calls


async def test_a_stopped_process_that_wakes_after_its_lease_cannot_overwrite(world: World) -> None:
    world.counterpart.settling_s = 0.0
    await world.send(1)
    child = await _start_child(world, {"m-1": ["hang_after"]}, call_timeout_s=2.0)
    await until(lambda: world.effects() == ["m-1"])
    child.send_signal(signal.SIGSTOP)
    async with running(world):
        _, _, body = await world.read_report()
        assert body["outcome"] == "delivered"
        stored = await world.pool.fetchrow("select state, outcome, ended_at from delivery")
        child.send_signal(signal.SIGCONT)
        async with within(LIMIT_S):
            child.terminate()
            assert await child.wait() == 0
    assert await world.pool.fetchrow("select state, outcome, ended_at from delivery") == stored
    assert world.effects() == ["m-1"]


async def _is_blocked(world: World, statement: str = "insert into delivery (") -> bool:
    waiting: int = await world.pool.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock' and position($1 in query) > 0",
        statement,
    )
    return waiting > 0


async def _start_child(
    world: World, faults: dict[str, list[Fault]], **options: Any
) -> asyncio.subprocess.Process:
    config = {
        "journal": str(world.counterpart.journal),
        "name": world.name,
        "faults": faults,
        "kafka": world.kafka.model_dump(mode="json") | {"password": world.kafka.password.get_secret_value()},
        "dsn": world.dsn,
        "options": OPTIONS | options,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.fake_counterpart", json.dumps(config), cwd=REPOSITORY
    )
