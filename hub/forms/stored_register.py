"""The register of a one-stop out of the store, dossier by dossier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from hub.facts.sealing import MasterKey
from hub.facts.trusted import FACT_COLUMNS
from hub.forms.case_file import CaseFile
from hub.forms.register import REGISTERED, RegisterRow, register_row
from hub.forms.stored import CaseFiles
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM

_ACCEPTANCE = "onestop.dossier.accepted.v1"
_ACCEPTED = f"""
select f.dossier_id from fact f
where f.type = '{_ACCEPTANCE}' and f.time >= $1 and f.time < $2
  and (position($4::bytea in f.bytes) > 0 or coalesce(json_of(f.bytes) -> 'data' ->> 'organisation', $3) = $3)
order by f.time, f.dossier_id
"""  # noqa: S608  our text
"""Facts with these bytes anywhere are looked at once more when they are opened: to read JSON takes longer."""
_FACTS = f"""
select {FACT_COLUMNS}, (select k.wrapped from dossier_key k where k.dossier_id = f.dossier_id) as wrapped
from unnest($1::uuid[]) as wanted (dossier_id) join fact f using (dossier_id)
where f.type = any($2) order by f.dossier_id, f.sequence
"""  # noqa: S608  our text
_TYPES = [f"onestop.{name}.v1" for name in REGISTERED]
_AT_ONCE = 500
_IN_ONE_GO = 10
"""Dossiers between two looks at what the store has sent."""
_Page = tuple[Sequence[UUID], Sequence[asyncpg.Record]]
"""Dossiers, and the facts of all of them."""


async def register_rows(
    connection: Connection, master: MasterKey, cases: CaseFiles, one_stop: str, first: date, last: date
) -> AsyncGenerator[RegisterRow]:
    """A row for each dossier that the one-stop accepted on these days of Viet Nam, in that order.

    Raises `AlteredRowError` for a fact that is not what the hub has written, and `FormError`.
    """
    begin, end = (datetime.combine(day, time(), VIETNAM) for day in (first, last + timedelta(days=1)))
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        named = orjson.dumps({"organisation": one_stop})[1:-1]
        found = await connection.cursor(_ACCEPTED, begin, end, one_stop, named)

        async def following() -> _Page:
            ids = [row["dossier_id"] for row in await found.fetch(_AT_ONCE)]
            return ids, await connection.fetch(_FACTS, ids, _TYPES) if ids else []

        async with aclosing(_read_ahead(following)) as pages:
            async for ids, facts in pages:
                of_dossier = {key: list(rows) for key, rows in groupby(facts, lambda row: row["dossier"])}
                for number, dossier in enumerate(ids):
                    rows = of_dossier[str(dossier)]
                    wrapped = rows[0]["wrapped"]
                    case, form_set = cases.for_register(rows, wrapped, master)
                    if not _is_of(case, one_stop):
                        continue
                    yield register_row(case, form_set, is_erased=wrapped is None)
                    if number % _IN_ONE_GO == 0:
                        await asyncio.sleep(0)


def _is_of(case: CaseFile, one_stop: str) -> bool:
    accepted = (fact["data"] for fact in case.facts if fact["type"] == _ACCEPTANCE)
    return all(data.get("organisation", one_stop) == one_stop for data in accepted)


async def _read_ahead(following: Callable[[], Coroutine[Any, Any, _Page]]) -> AsyncGenerator[_Page]:
    """Each page while the store looks for the one behind it; the last one is empty and is not given."""
    reading = asyncio.create_task(following())
    try:
        while (page := await reading)[0]:
            reading = asyncio.create_task(following())
            yield page
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
