"""What a hub can run out of: dossier codes of the day, and years whose days off are known."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.engine.observe.metrics import StoreMetrics
from hub.postgres.clock import read_clock
from hub.postgres.database import Session
from hub.regulation.clock import local_day
from hub.regulation.lawbook import LawBook

LEASED = "select unit, next from code_block where day = $1"


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
