"""What the adapter's tables keep of erased dossiers: gone, also while no process of the adapter runs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from hub.delivery.host import Connection

_FOLDER = files("adapters.national_portal") / "sql"
_RECORDS = (_FOLDER / "erase_records.sql").read_text(encoding="utf-8")
_DIGESTS = (_FOLDER / "erase_digests.sql").read_text(encoding="utf-8")


async def erase(connection: Connection, dossiers: Sequence[str]) -> None:
    """Delete their records and lines, and empty the digests of their lodgings. Idempotent."""
    await connection.execute(_RECORDS, dossiers)
    await connection.execute(_DIGESTS, dossiers)
