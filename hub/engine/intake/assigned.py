"""What of the log is ours and how far it is taken, and a batch of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.budget.allowance import Use
from hub.engine.write.writing import OffsetStep
from hub.inbound.envelope import Record
from hub.kafka.log_inspector import Position

PROBE_AFTER = 3
"""Processes that died at the same place, after which records are taken one by one, each marked before."""
POISON_AFTER = 2
"""Processes that died with the same record marked, after which it is taken for the one that kills."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """A partition of ours: its topic's id, the next offset to take, and how often processes died at it.

    Records before `probe_until` are taken alone; `marks` processes have touched `marked` alone.
    """

    topic_id: str
    next: int
    starts: int = 0
    marked: int | None = None
    marks: int = 0
    probe_until: int | None = None

    @property
    def is_probing(self) -> bool:
        """Whether its next record is taken alone: processes have died in this range."""
        return self.starts >= PROBE_AFTER or (self.probe_until is not None and self.next < self.probe_until)

    @property
    def is_poison(self) -> bool:
        """Whether its next record has killed every process that touched it."""
        return self.marked == self.next and self.marks >= POISON_AFTER

    def advanced(self, following: int, probe_width: int) -> Assigned:
        """The same partition behind the records up to `following`; probing goes on for its width."""
        probe_until = self.probe_until
        if self.is_probing and probe_until is None:
            probe_until = self.next + probe_width
        return Assigned(self.topic_id, following, probe_until=probe_until)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in the order of their partitions, and how far each partition comes with them.

    `taken` is counted by topic, `received_ms` is the earliest time of receipt.
    """

    records: Sequence[Record]
    steps: Sequence[OffsetStep]
    taken: Mapping[str, Use]
    received_ms: int
    is_probe: bool = False
    is_poison: bool = False


Load = Callable[[Iterable[Position]], Awaitable[dict[Position, Assigned]]]
"""Positions from the store, checked against the log; partitions that are stopped are left out."""
FirstReadable = Callable[[Position, int], Awaitable[int]]
"""The first offset from the given one on that can be read at all."""
