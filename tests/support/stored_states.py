"""Test support: states as a program writes them that has the master key, for engines to read."""

from __future__ import annotations

from hub.postgres.versions import move_version
from tests.support.hubs import Hub


async def write_state(hub: Hub, dossier: str, state: bytes) -> None:
    """Put the state with its check into the row of its dossier, for engines to read."""
    row = await hub.database.fetchrow(
        "select head, sequence, private, wrapped from dossier join dossier_key on dossier_id = id"
        " where id = $1",
        dossier,
    )
    assert row is not None
    head, sequence, private, wrapped = row
    check = hub.store_key.dossier(dossier, head, sequence, state, private, wrapped)
    await hub.database.execute("update dossier set state = $2, mac = $3 where id = $1", dossier, state, check)
    await forgotten(hub)


async def forgotten(hub: Hub) -> None:
    """Engines know nothing of dossiers any more: what was altered behind them is read at the next request."""
    await move_version(hub.database, "operations")
