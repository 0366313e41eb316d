"""The start of an adapter beside others that use the same tables."""

from __future__ import annotations

import signal
from pathlib import Path

import asyncpg

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.population_adapter import population_adapter, start_another
from tests.support.waiting import eventually

NOBODY = "http://127.0.0.1:9"
_NOT_COMMITTED = """
insert into delivery (adapter, id, dossier, sequence, type, subject, time, data, next_at)
values ('another', 'm-1', 'd-1', 1, 't.v1', 'd-1', now(), '{}', now())
"""
_LEASED = "update delivery set next_at = now() where adapter = 'others'"


async def test_an_adapter_starts_beside_a_row_that_is_not_committed_and_holds_up_nobody(
    stack: StackAddress, tmp_path: Path
) -> None:
    async with own_hub(stack, tmp_path, environment="test") as hub:
        others = await asyncpg.connect(hub.dsn, server_settings={"lock_timeout": "1s"})
        try:
            async with hub.database.transaction():
                await hub.database.execute(_NOT_COMMITTED)
                adapter = await population_adapter(hub, NOBODY, NOBODY, tmp_path)
                await others.execute(_LEASED)
                assert await adapter.stop() == 0
        finally:
            await others.close()


async def test_an_adapter_that_waits_for_its_partitions_ends_when_it_is_asked_to(
    stack: StackAddress, tmp_path: Path
) -> None:
    """The other of its group stands still, so that the brokers share the partitions out much later."""
    async with own_hub(stack, tmp_path, environment="test") as hub:
        first = await population_adapter(
            hub, NOBODY, NOBODY, tmp_path, HUB_DELIVERY__SESSION_TIMEOUT_MS="60000"
        )
        first.signal(signal.SIGSTOP)
        second = start_another(hub, "population-2", first.environment, tmp_path)
        await eventually(lambda: "Subscribed to topic" in second.output(), 30, "it to join", second.output)
        assert await second.stop(15) == 0
        assert not second.actions("delivery.started")
