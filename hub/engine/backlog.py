"""Whether timers wait for what was received before they were due.

For those who are served always, for those whose own doing holds them back only for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import Counter

from hub.inbound.envelope import participant_of
from hub.kafka.log_inspector import Position
from hub.logs import log
from hub.postgres.database import Session

_BEHIND = """
select w.topic, coalesce(o.stopped, '') as stopped
from unnest($1::text[], $2::int[], $3::bigint[]) w(topic, partition, until)
left join intake_offset o on o.topic = w.topic and o.partition = w.partition
where coalesce(o.next, 0) < w.until or o.stopped is not null
"""
_SLOWED = """
select participant from participant_brake where until > now()
union
select participant from parked_request where reason like 'bug.%'
group by participant having count(distinct dossier_id) > $1
"""
_OWN_DOING = ("lost:", "corrupt:")
"""Reasons for which a partition stops that its owner alone can bring about, with what it sends."""


@dataclass(frozen=True, slots=True)
class BacklogLimits:
    """For how long due timers wait for who is held back, and how many parked dossiers one may have."""

    wait_s: float
    parked: int


class Backlog:
    """What was received and is not processed; one per clockwork."""

    def __init__(
        self,
        session: Session,
        limits: BacklogLimits,
        prefix: str,
        paced: Callable[[], Collection[str]],
        passed_over: Counter,
    ) -> None:
        self._session = session
        self._limits = limits
        self._prefix = prefix
        self._paced = paced
        self._metric = passed_over
        self._since: float | None = None
        self._passed_over: frozenset[str] = frozenset()

    def forget(self) -> None:
        """No timer is due, or nobody is behind: the next ones wait in full again."""
        self._since, self._passed_over = None, frozenset()

    async def holds_timers(self, ends: Mapping[Position, int]) -> bool:
        """Whether a partition that is not processed up to its end has to be waited for."""
        topics, numbers = [topic for topic, _ in ends], [number for _, number in ends]
        rows = await self._session.fetch(_BEHIND, topics, numbers, list(ends.values()))
        if not rows:
            self.forget()
            return False
        if self._since is None:
            self._since = time.monotonic()
        slowed = await self._slowed()
        behind = [(participant_of(topic, self._prefix), str(stopped)) for topic, stopped in rows]
        if not all(is_held_back(owner, stopped, slowed) for owner, stopped in behind):
            return True
        if time.monotonic() - self._since < self._limits.wait_s:
            return True
        self._pass_over(owner for owner, _ in behind)
        return False

    async def _slowed(self) -> frozenset[str]:
        rows = await self._session.fetch(_SLOWED, self._limits.parked)
        return frozenset([*self._paced(), *(row["participant"] for row in rows)])

    def _pass_over(self, owners: Iterable[str]) -> None:
        """Told once for all timers that are due together."""
        found = frozenset(owners)
        for owner in sorted(found - self._passed_over):
            self._metric.labels(owner).inc()
            log("timers_passed_over", participant=owner, waited_s=self._limits.wait_s)
        self._passed_over |= found


def is_held_back(owner: str, stopped: str, slowed: Collection[str]) -> bool:
    """Whether a partition is behind by its owner's own doing (pure); other stops are the hub's to mend."""
    return stopped.startswith(_OWN_DOING) if stopped else owner in slowed
