"""The start of an adapter beside others that use the same tables."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from hub.embedded.stack import StackAddress
from tests.support.hubs import own_hub
from tests.support.population_adapter import population_adapter

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
