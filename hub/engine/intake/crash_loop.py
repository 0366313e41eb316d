"""Finds the record that kills the process: durable counts of processes that began at a place, and marks."""

from __future__ import annotations

from collections.abc import Mapping

from hub.engine.intake import positions
from hub.engine.intake.assigned import Batch
from hub.facts.integrity import StoreKey
from hub.inbound.authorise import Reading, Unreadable
from hub.inbound.envelope import Malformed, Record, participant_of
from hub.kafka.log_inspector import Position
from hub.postgres.database import Connection


class Starts:
    """What this process has counted and touched: coming by again, it has proved that it survived."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._counted: dict[Position, tuple[int, int]] = {}
        self._touched: dict[Position, int] = {}

    async def announce(self, connection: Connection, batch: Batch, generation: int, key: StoreKey) -> None:
        """Before a batch is touched: count the first one of each partition, mark each record taken alone."""
        if batch.is_probe:
            step = batch.steps[0]
            position = (step.topic, step.partition)
            if not batch.is_poison and self._touched.get(position) != step.expected:
                await positions.mark_probe(connection, position, step.expected, self._width, key)
                self._touched[position] = step.expected
            return
        starts = self._to_count(batch, generation)
        if starts:
            await positions.count_starts(connection, starts)

    def _to_count(self, batch: Batch, generation: int) -> Mapping[Position, int]:
        starts: dict[Position, int] = {}
        for step in batch.steps:
            position = (step.topic, step.partition)
            counted = self._counted.get(position)
            if counted is not None and counted[0] == generation:
                continue
            if counted is None or counted[1] != step.expected:
                starts[position] = step.expected
            self._counted[position] = (generation, step.expected)
        return starts

    def is_poison(self, batch: Batch) -> bool:
        """Whether the batch is the record that killed others, and not one that this process survived."""
        if not batch.is_poison:
            return False
        step = batch.steps[0]
        return self._touched.get((step.topic, step.partition)) != step.expected


def poisonous(record: Record, reading: Reading) -> Unreadable:
    """The record as a dead letter, without looking into it: looking may be what kills (pure)."""
    event_id = next((value for name, value in record.headers if name == "ce_id" and value), b"")
    text = event_id.decode("ascii", "ignore")
    why = Malformed("poison.crash", text if 1 <= len(text) <= 64 and text.isprintable() else None)
    owner = participant_of(record.topic, reading.topic_prefix)
    return Unreadable(record, owner, reading.clock.at(record.timestamp), why)
