"""What a hub can run out of: codes and numbers of the day, and years whose days off are known."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hub.engine.observe.metrics import StoreMetrics
from hub.postgres.clock import read_clock
from hub.postgres.database import Session
from hub.regulation.clock import local_day
from hub.regulation.lawbook import LawBook
from schemas.ticket import LAST_NUMBER

LEASED = "select unit, next from code_block where day = $1"
DRAWN = """
select queue.unit, last.number from (
    select unit, 'ref:hub:queue/' || unit || '/' || to_char($1::date, 'YYYY-MM-DD') as alias
    from (select distinct unnest(organisations) as unit from participant) served
) queue join alias a on a.alias = queue.alias cross join lateral (
    select json_of(f.bytes) -> 'data' ->> 'number' as number from fact f
    where f.dossier_id = a.dossier_id and f.type = 'onestop.ticket.issued.v1' order by f.sequence desc limit 1
) last
"""
"""Of each one-stop for which a participant speaks the last number that was drawn on a day."""
_NUMBER = re.compile("[0-9]{1,9}")


class Supplies:
    """Counted in the store and in the law, by legal time; the same numbers in every engine."""

    def __init__(self, metrics: StoreMetrics, session: Session, book: LawBook, environment: str) -> None:
        self._metrics = metrics
        self._session = session
        self._book = book
        self._environment = environment

    async def count(self) -> None:
        """Set the gauges; raises what the session raises."""
        clock = await read_clock(await self._session.live(), self._environment)
        now = clock.of(datetime.now(UTC))
        law = self._book.in_force(local_day(now))
        self._metrics.calendar_left.set(law.calendar.days_left(now))
        last = law.profile.dossier_code.max_serial
        leased = await self._session.fetch(LEASED, local_day(now))
        self._metrics.codes_left.clear()
        for row in leased:
            self._metrics.codes_left.labels(row["unit"]).set(max(0, last - row["next"] + 1))
        drawn = await self._session.fetch(DRAWN, local_day(now))
        self._metrics.tickets_left.clear()
        for row in drawn:
            if _NUMBER.fullmatch(row["number"] or ""):  # as the hub writes it
                self._metrics.tickets_left.labels(row["unit"]).set(max(0, LAST_NUMBER - int(row["number"])))
