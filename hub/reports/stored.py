"""The lives of all dossiers out of the store, one after the other, in the memory of one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from hub.errors import AlteredRowError
from hub.facts.fact_bytes import law_of
from hub.facts.integrity import StoreKey
from hub.facts.trusted import FACT_COLUMNS, fact_name, genuine_body
from hub.postgres.database import Connection
from hub.reports.life import ACCEPTED, COUNTED, Life

_FACTS = f"""
select {FACT_COLUMNS} from fact f where f.type = any($1) and f.time < $2 order by f.dossier_id, f.sequence
"""  # noqa: S608  our text
_TYPES = [f"onestop.{name}.v1" for name in COUNTED]
_AT_ONCE = 2000
_PREFIX, _SUFFIX = len("onestop."), -len(".v1")


async def lives(
    connection: Connection, key: StoreKey, end: datetime, told_to: str | None = None
) -> AsyncIterator[Life]:
    """Each dossier as facts before `end` tell it, by one snapshot of the store.

    With `told_to` those of which this participant was told a fact: who may look a dossier up may count it.
    Raises `AlteredRowError` for a fact that is not what the hub has written: no number is made of it.
    """
    current: Life | None = None
    is_told = False
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        async for row in connection.cursor(_FACTS, _TYPES, end, prefetch=_AT_ONCE):
            body = genuine_body(row, key)
            if body is None:
                raise AlteredRowError(fact_name(row))
            if current is None or current.dossier != row["dossier"]:
                if current is not None and is_told:
                    yield current
                current, is_told = Life(row["dossier"]), told_to is None
            is_told = is_told or told_to in body["to"]
            name = row["type"][_PREFIX:_SUFFIX]
            law = law_of(body) if name == ACCEPTED else None
            current.happened(name, row["time"], body["data"], law)
    if current is not None and is_told:
        yield current
