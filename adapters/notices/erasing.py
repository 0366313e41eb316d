"""What the adapter's table keeps of erased dossiers: gone, also while no process of the adapter runs."""

from __future__ import annotations

from collections.abc import Sequence

from hub.delivery.host import Connection

_ERASE = "delete from notices_paper where dossier = any($1::text[])"


async def erase(connection: Connection, dossiers: Sequence[str]) -> None:
    """Forget their papers. Idempotent."""
    await connection.execute(_ERASE, dossiers)
