"""Licensed data of a database of the administration in the delivery tables: gone when their use ends."""

from __future__ import annotations

from datetime import datetime

from hub.postgres.database import Connection
from schemas.person_data import ReportPersonData

# A late report made of what is left tells the match alone, as it must after the end.
ANSWERS = """
with emptied as (
    update delivery set outcome = outcome #- '{answer,person_data}'
    where left(outcome #>> '{answer,person_data,usable_until}', 10)
          <= to_char(($1::timestamptz at time zone 'UTC') + interval '1 day', 'YYYY-MM-DD')
      and outcome #>> '{answer,person_data,usable_until}' is not null
      and instant_of(outcome #>> '{answer,person_data,usable_until}') <= $1
    returning 1
)
select count(*) from emptied
"""
REPORTS = f"""
with emptied as (
    update delivery_report set data = ''
    where type = '{ReportPersonData.type}' and state = 'confirmed' and data <> ''
      and instant_of(json_of(data) ->> 'usable_until') <= $1
    returning 1
)
select count(*) from emptied
"""  # noqa: S608  a constant, as the index has it


async def empty_past_use(connection: Connection, now: datetime) -> int:
    """Take licensed data out of stored answers and confirmed reports once they may not be used any more.

    `now` is legal time (NĐ 47/2020 Art. 41: the end is reported with the data). How many; idempotent.
    """
    answers: int = await connection.fetchval(ANSWERS, now)
    reports: int = await connection.fetchval(REPORTS, now)
    return answers + reports
