"""The brakes in the store: for the gateway, for operators, and for the process that comes after this one."""

from __future__ import annotations

from dataclasses import dataclass

from hub.budget.brake import LONGEST_PAUSE_S, Reason
from hub.postgres.database import Connection

RESUMED_H = 1
_PUT = """
insert into participant_brake as b (participant, reason, until)
select name, $2, now() + make_interval(secs => $3) from participant where name = $1
on conflict (participant) do update set reason = excluded.reason, until = greatest(b.until, excluded.until)
"""
_LIFT = "delete from participant_brake where participant = $1 and coalesce(resumed_until, now()) <= now()"
_ALL = """
select participant, reason,
       extract(epoch from greatest(least(until, now() + make_interval(secs => $1)), now()) - now())::float8
           as left_s,
       coalesce(resumed_until > now(), false) as is_resumed
from participant_brake
"""
_RESUME = """
update participant_brake set resumed_until = now() + make_interval(hours => $2), until = now()
where participant = $1 returning reason
"""


@dataclass(frozen=True, slots=True)
class StoredBrake:
    """One row; `left_s`: 0 to the longest pause, `is_resumed`: an operator lets it go on."""

    participant: str
    reason: Reason
    left_s: float
    is_resumed: bool


async def put_brake(connection: Connection, participant: str, reason: str, pause_s: float) -> None:
    """Say that a participant is braked for so long from now."""
    await connection.execute(_PUT, participant, reason, pause_s)


async def lift_brake(connection: Connection, participant: str) -> None:
    """Say that it is not any more."""
    await connection.execute(_LIFT, participant)


async def read_brakes(connection: Connection) -> list[StoredBrake]:
    """All that are braked or let go on by an operator."""
    return [StoredBrake(*row) for row in await connection.fetch(_ALL, LONGEST_PAUSE_S)]


async def resume(connection: Connection, participant: str) -> str | None:
    """An operator lets it go on for an hour; the reason of its brake, or None when it was not braked."""
    reason: str | None = await connection.fetchval(_RESUME, participant, RESUMED_H)
    return reason
