"""Brakes for bugs: whose requests hit them is left alone; an engine whose rules fail for many stops."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from hub.engine.decide.decide_batch import BatchDecision
from hub.engine.intake.pauses import Pauses
from hub.errors import StopError
from hub.inbound.directory import HUB
from hub.inbound.envelope import participant_of
from hub.logs import log
from hub.postgres.database import Connection

_PAUSE_S = 5.0
_PARKED = (
    "select distinct participant, dossier_id::text as dossier from parked_request where reason like 'bug.%'"
)


class Limiter:
    """Watches committed batches.

    One participant's requests stop nobody but itself: the engine stops only when more dossiers than the limit
    hit bugs by requests of others than the one that has most of them. The hub's own timers always count.
    """

    def __init__(self, parked_limit: int, topic_prefix: str) -> None:
        self._topic_prefix = topic_prefix
        self._parked_limit = parked_limit
        self._parked: dict[str, set[str]] = defaultdict(set)
        self._buried: dict[str, set[str]] = defaultdict(set)
        self._held: frozenset[str] = frozenset()

    def remember(self, parked: Iterable[tuple[str, str]]) -> None:
        """(Participant, dossier) parked by bugs now: a restart gives a broken rule no new allowance."""
        self._parked = defaultdict(set)
        for participant, dossier in parked:
            self._parked[participant].add(dossier)

    async def recall(self, connection: Connection) -> None:
        """Remember what the store says."""
        rows = await connection.fetch(_PARKED)
        self.remember((row["participant"], row["dossier"]) for row in rows)

    def watch(self, decision: BatchDecision, pauses: Pauses) -> None:
        """`StopError` when too many distinct dossiers hit a bug."""
        new = [item for item in decision.parked if item.reason.startswith("bug.")]
        for item in new:
            self._parked[item.participant].add(item.dossier_id)
        for request_type, error in decision.bugs:
            log("rule_failed", type=request_type, error=error)
        for letter in decision.dead_letters:
            if letter.reason == "poison.crash":
                owner = participant_of(letter.topic, self._topic_prefix)
                self._buried[owner].add(f"{letter.topic}-{letter.partition}-{letter.offset}")
        if new and (count := _of_many(self._parked, self._parked_limit)):
            raise StopError(f"rules failed for {count} dossiers; the engine stops (HUB_ENGINE__PARKED_LIMIT)")
        if count := _of_many(self._buried, self._parked_limit):
            raise StopError(
                f"{count} records could not be processed; the engine stops (HUB_ENGINE__PARKED_LIMIT)"
            )
        self.hold(pauses)

    def hold(self, pauses: Pauses) -> frozenset[str]:
        """Go on leaving alone those whose requests hit more bugs than the limit, until they are redriven."""
        over = frozenset(
            owner
            for counted in (self._parked, self._buried)
            for owner, found in counted.items()
            if owner != HUB.name and len(found) > self._parked_limit
        )
        for owner in over:
            self._set_aside(owner, pauses)
        for owner in over - self._held:
            log("participant_held", participant=owner, limit="HUB_ENGINE__PARKED_LIMIT")
        self._held = over
        return over

    def _set_aside(self, owner: str, pauses: Pauses) -> None:
        pauses.set_aside(f"{self._topic_prefix}in.{owner}", time.monotonic() + _PAUSE_S)


def _of_many(counted: Mapping[str, AbstractSet[str]], limit: int) -> int:
    """How many distinct ones there are; 0 unless those of others than the worst exceed the limit."""
    worst = max(
        (name for name in counted if name != HUB.name), key=lambda name: len(counted[name]), default=""
    )
    others = {item for name, found in counted.items() if name != worst for item in found}
    return len(set().union(*counted.values())) if len(others) > limit else 0
