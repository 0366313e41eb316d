"""What a participant may still post and upload: its budget, as the store was last seen, and its brake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncpg.pool import Pool

from hub.budget.allowance import DAY_S, Allowances, Use
from hub.budget.brakes_store import read_brakes
from hub.budget.spending import Uses, add_events, day_of, read_budgets, read_use
from hub.gateway.problems import ProblemError
from hub.http.buckets import Buckets
from hub.postgres.database import Session
from hub.settings.budget import BudgetSettings

_LOOK_S = 1.0
_BURST_S = 20
_TAKE = """
insert into participant_use as u (participant, day, kind, records, bytes) values ($1, $2, 'uploads', 1, $3)
on conflict (participant, day, kind) do update set records = u.records + 1, bytes = u.bytes + excluded.bytes
where u.records < $4 and u.bytes::numeric + excluded.bytes <= $5::bigint returning true
"""
_GIVE_BACK = """
update participant_use
set records = greatest(records::numeric - $3::bigint, 0), bytes = greatest(bytes::numeric - $4::bigint, 0)
where participant = $1 and day = $2 and kind = 'uploads'
"""


@dataclass(slots=True)
class Upload:
    """One upload under way: `size` is what was taken of the budget for it."""

    size: int
    is_stored: bool = False

    def stored(self, size: int) -> None:
        """It is stored, and had so many bytes."""
        self.size, self.is_stored = size, True


class Budget:
    """One per gateway; other processes may be seen a second late, uploads never."""

    def __init__(
        self, pool: Pool, session: Session, settings: BudgetSettings, event_bytes_per_s: int
    ) -> None:
        self._pool = pool
        self._session = session
        self._settings = settings
        self._allowances = Allowances(settings)
        self._today: Uses = {}
        self._braked: dict[str, float] = {}
        self._bytes = Buckets(event_bytes_per_s, event_bytes_per_s * _BURST_S)
        self._beyond: dict[str, Buckets] = {}

    async def step(self) -> None:
        """Look at the store, then rest."""
        connection = await self._session.live()
        self._today = await read_use(connection, day_of(datetime.now(UTC)))
        self._allowances = Allowances(self._settings, await read_budgets(connection))
        brakes = await read_brakes(connection)
        now_s = time.monotonic()
        self._braked = {row.participant: now_s + row.left_s for row in brakes if not row.is_resumed}
        await asyncio.sleep(_LOOK_S)

    def take_event(self, participant: str, size: int) -> None:
        """Let a body in as one event, before it is read; raises `ProblemError` with the seconds to wait."""
        now_s = time.monotonic()
        left_s = self._braked.get(participant, 0.0) - now_s
        if left_s > 0:
            raise _wait("budget.braked", left_s)
        wait_s = self._beyond_day(participant, now_s)
        if wait_s:
            raise _wait("budget.used_up", wait_s)
        self.take_bytes(participant, size)

    def take_bytes(self, participant: str, size: int) -> None:
        """Let bytes in; raises `ProblemError` with the seconds to wait when they are too many now."""
        wait_s = self._bytes.take(participant, time.monotonic(), size)
        if wait_s:
            raise _wait("http.too_many_requests", wait_s)

    def owe_events(self, participant: str, events: int) -> None:
        """So many more were in the body: beyond the day's budget the next one waits for them."""
        if participant in self._beyond:
            self._beyond[participant].owe(participant, events)

    async def count_refused(self, participant: str, size: int) -> None:
        """Add a body of which nothing was published to the events of the day; the engine adds the others."""
        await add_events(self._pool, day_of(datetime.now(UTC)), {participant: Use(1, size)})

    def _beyond_day(self, participant: str, now_s: float) -> float:
        budget, used = self._allowances.of(participant), self._today.get((participant, "events"), Use())
        if used.records < budget.records_per_day and used.bytes < budget.bytes_per_day:
            self._beyond.pop(participant, None)
            return 0.0
        bucket = self._beyond.get(participant)
        if bucket is None:
            bucket = self._beyond[participant] = Buckets(budget.records_per_day / DAY_S, 1)
        return bucket.take(participant, now_s)

    @asynccontextmanager
    async def upload(self, participant: str, size: int) -> AsyncIterator[Upload]:
        """Take the announced (or largest) size of the day's budget; what was not stored is given back."""
        budget, day = self._allowances.of(participant), day_of(datetime.now(UTC))
        limits = (budget.uploads_per_day, budget.upload_bytes_per_day)
        is_taken = size <= budget.upload_bytes_per_day and await self._pool.fetchval(
            _TAKE, participant, day, size, *limits
        )
        if not is_taken:
            raise _wait("budget.uploads", _until_midnight_s(datetime.now(UTC)))
        upload = Upload(size)
        try:
            yield upload
        finally:
            over = (0, size - upload.size) if upload.is_stored else (1, size)
            if over != (0, 0):
                await asyncio.shield(self._pool.execute(_GIVE_BACK, participant, day, *over))


def _until_midnight_s(now: datetime) -> float:
    seconds_of_day = (now.timestamp() + 7 * 3600) % DAY_S
    return DAY_S - seconds_of_day


def _wait(code: str, seconds: float) -> ProblemError:
    return ProblemError(code, headers={"retry-after": str(int(seconds) + 1)})
