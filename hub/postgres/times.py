"""Times and days as every session of the hub reads them: what stands in a row never ends who reads it.

PostgreSQL keeps infinite times, and some outside of Python's calendar; the hub writes neither. They are read
as the nearest moment between the years 1000 and 9000: what is computed from it lies in the calendar too.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

AnyConnection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"
FIRST, LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_BEGAN = datetime(2000, 1, 1, tzinfo=UTC)
"""From which PostgreSQL counts."""
_MICROSECOND, _DAY = timedelta(microseconds=1), timedelta(days=1)


async def read_any_time(connection: AnyConnection) -> None:
    """Let a session read every time and day that a row can hold."""
    for name, encoder, decoder in (("timestamptz", _micros, _moment), ("date", _days, _date)):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=encoder, decoder=decoder, format="tuple"
        )


def _micros(moment: datetime) -> tuple[int]:
    return ((moment - _BEGAN) // _MICROSECOND,)


(_FIRST_MICROS,), (_LAST_MICROS,) = map(_micros, (FIRST, LAST))


def _moment(counted: tuple[int]) -> datetime:
    micros = counted[0]
    if not _FIRST_MICROS <= micros <= _LAST_MICROS:
        micros = min(max(micros, _FIRST_MICROS), _LAST_MICROS)
    return _BEGAN + timedelta(microseconds=micros)


def _days(day: date) -> tuple[int]:
    return ((day - _BEGAN.date()) // _DAY,)


def _date(counted: tuple[int]) -> date:
    return _BEGAN.date() + min(max(counted[0], _days(FIRST.date())[0]), _days(LAST.date())[0]) * _DAY
