"""Test support: a dossier as an erasure leaves it, without one that lived."""

from __future__ import annotations

from hub.facts.integrity import StoreKey
from hub.postgres.database import Connection

_DOSSIER = """
insert into dossier (id, sequence, parked, mac) values ($1, 0, -1, $2)
on conflict (id) do update set sequence = 0, parked = -1, head = null, state = null, private = null, mac = $2
"""


async def erased(connection: Connection, key: StoreKey, dossier_id: str) -> None:
    """The rows that `hub erase` leaves."""
    await connection.execute(_DOSSIER, dossier_id, key.dossier(dossier_id, None, 0, None, None, None))
    await connection.execute("delete from dossier_key where dossier_id = $1", dossier_id)
    await connection.execute("insert into erasure values ($1, 'operator-1', 'a test')", dossier_id)
