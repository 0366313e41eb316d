"""Licensed data of the population database in the delivery tables: gone when their use ends."""

from __future__ import annotations

from datetime import datetime

from hub.store.database import Connection
from schemas.person_data import ReportPersonData

# A late report made of what is left tells the match alone, as it must after the end.
_ANSWERS = """
with emptied as (
    update delivery set outcome = outcome #- '{answer,person_data}'
    where (outcome #>> '{answer,person_data,usable_until}')::timestamptz <= $1
    returning 1
)
select count(*) from emptied
"""
_REPORTS = """
with emptied as (
    update delivery_report set data = ''
    where type = $2 and state = 'confirmed' and data <> ''
      and (convert_from(data, 'UTF8')::jsonb ->> 'usable_until')::timestamptz <= $1
    returning 1
)
select count(*) from emptied
"""


async def empty_past_use(connection: Connection, now: datetime) -> int:
    """Take licensed data out of stored answers and confirmed reports once they may not be used any more.

    `now` is legal time (NĐ 47/2020 Art. 41: the end is reported with the data). How many; idempotent.
    """
    answers: int = await connection.fetchval(_ANSWERS, now)
    reports: int = await connection.fetchval(_REPORTS, now, ReportPersonData.type)
    return answers + reports
