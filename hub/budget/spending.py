"""Counts in memory what participants take, and adds it to the store: all processes share the sums."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from asyncpg.pool import Pool

from hub.budget.allowance import KINDS, LEAST, Use
from hub.errors import AlteredRowError
from hub.facts.untrusted import tell_untrusted
from hub.postgres.database import Connection
from hub.regulation.clock import VIETNAM

_ADD = """
insert into participant_use as u (participant, day, kind, records, bytes)
select w.participant, $1, 'events', w.records, w.bytes
from unnest($2::text[], $3::bigint[], $4::bigint[]) w(participant, records, bytes)
on conflict (participant, day, kind) do update
set records = least(u.records::numeric + excluded.records, 9223372036854775807),
    bytes = least(u.bytes::numeric + excluded.bytes, 9223372036854775807)
"""
"""Whatever stands in a row: a sum beyond what the column holds would end every engine, again and again."""
_TODAY = "select participant, kind, records, bytes from participant_use where day = $1"
_BUDGETS = f"select participant, {', '.join(KINDS)} from participant_budget"  # noqa: S608  names of fields
_LETTERS = """
select topic, count(*) as records, coalesce(sum(octet_length(record)), 0)::bigint as bytes from dead_letter
where resolved_at is null and dropped_at is null group by topic
"""
Uses = Mapping[tuple[str, str], Use]
"""By participant and kind."""


def day_of(now: datetime) -> date:
    """The day to which a moment counts."""
    return now.astimezone(VIETNAM).date()


class Spending:
    """Events of this process that the store does not know yet, and the sums of the day."""

    def __init__(self) -> None:
        self._fresh: dict[str, Use] = {}
        self._today: Uses = {}

    def count(self, participant: str, taken: Use) -> None:
        """So much more was taken."""
        self._fresh[participant] = self._fresh.get(participant, Use()).plus(taken.records, taken.bytes)

    def today(self, participant: str, kind: str = "events") -> Use:
        """What it took today, of all processes."""
        known = self._today.get((participant, kind), Use())
        fresh = self._fresh.get(participant) if kind == "events" else None
        return known.plus(fresh.records, fresh.bytes) if fresh is not None else known

    def names(self) -> set[str]:
        """Who took something today."""
        return {name for name, _ in self._today}

    async def flush(self, connection: Connection) -> None:
        """Add to the store, and read the sums; what is counted meanwhile waits for the next time."""
        day = day_of(datetime.now(UTC))
        adding, self._fresh = self._fresh, {}
        try:
            if adding:
                await add_events(connection, day, adding)
        except BaseException:
            for name, taken in adding.items():
                self.count(name, taken)
            raise
        self._today = await read_use(connection, day)


async def add_events(connection: Connection | Pool, day: date, taken: Mapping[str, Use]) -> None:
    """Add to what participants have taken of the day's events."""
    names = sorted(taken)
    sizes = ([taken[name].records for name in names], [taken[name].bytes for name in names])
    await connection.execute(_ADD, day, names, *sizes)


async def read_use(connection: Connection, day: date) -> Uses:
    """What was taken on a day."""
    rows = await connection.fetch(_TODAY, day)
    return {(row["participant"], row["kind"]): Use(row["records"], row["bytes"]) for row in rows}


async def read_budgets(connection: Connection) -> dict[str, dict[str, int | None]]:
    """What the participants' own rows change of the defaults; a limit that can be none is left out."""
    rows = await connection.fetch(_BUDGETS)
    return {
        row["participant"]: {kind: possible(row["participant"], kind, row[kind]) for kind in KINDS}
        for row in rows
    }


def possible(participant: str, kind: str, limit: int | None) -> int | None:
    """A stored limit, or None for the default; told once when it is none that could be set."""
    if limit is None or limit >= LEAST[kind]:
        return limit
    _tell_impossible(participant, kind)
    return None


@lru_cache(maxsize=256)
def _tell_impossible(participant: str, kind: str) -> None:
    tell_untrusted(AlteredRowError(f"participant_budget {participant}", f"{kind} cannot be so little"))


async def read_letters(connection: Connection, topic_prefix: str) -> dict[str, Use]:
    """What is kept of each participant's dead letters."""
    start = len(f"{topic_prefix}in.")
    rows = await connection.fetch(_LETTERS)
    return {row["topic"][start:]: Use(row["records"], row["bytes"]) for row in rows}
