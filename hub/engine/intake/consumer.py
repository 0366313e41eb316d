"""Batches of raw records from the `in.` topics: fair, with dense offsets, from the stored positions on."""

from __future__ import annotations

import asyncio
import time

from hub.engine.errors import DeadClientError, GapError, UnreadableError
from hub.engine.intake.assigned import Assigned, Batch, Load
from hub.engine.intake.careful_fetch import CarefulFetch, Probing
from hub.engine.intake.fair_fetch import FairFetch
from hub.engine.intake.group import GroupState
from hub.engine.intake.pauses import Pauses
from hub.engine.intake.records import Fetched, dense_part, stamped, taken_of, within
from hub.engine.write.writing import OffsetStep
from hub.inbound.envelope import Record
from hub.kafka.client import (
    AIOKafkaConsumer,
    KafkaError,
    TopicPartition,
    position_of,
    raise_group_error,
    share_out_again,
)
from hub.kafka.log_inspector import Position
from hub.kafka.reading import is_fetcher_dead

_LOOK_S = 1.0


class Consumer:
    """Reads the assigned partitions; the engine takes one batch at a time."""

    def __init__(self, client: AIOKafkaConsumer, load: Load, *, max_records: int, max_bytes: int) -> None:
        self._client = client
        self._load = load
        self._max_bytes = max_bytes
        self.probe_width = 2 * max_records
        self.pauses = Pauses()  # what is left alone for a while
        self.group = GroupState()  # whether the partitions are ours for good
        self._fair = FairFetch(client, self.pauses, max_records, max_bytes)  # as all goes right
        self._careful = CarefulFetch(client, max_records)  # after the client failed
        self._probing = Probing(client)  # where processes died
        self._assigned: dict[Position, Assigned] = {}  # what is read, and the next offset of each
        self._left: Fetched = {}  # fetched, but over the size of its batch
        self._loading = asyncio.Lock()  # one at a time goes back to the store
        self._is_new_here = True  # until the group has given it partitions once
        self.is_stale = False  # the positions have to come from the store before the next batch
        self._looked_at = 0.0  # monotonic, for places that hold no record

    # The group

    def hold_still(self) -> None:
        """The partitions are being shared out: nothing more is taken."""
        self.group.move()

    def let_go(self) -> None:
        """What was assigned is another's now."""
        self.group.begin()
        self._assigned = {}
        self._left = {}

    def go_on(self) -> None:
        """The next `take` starts where the store says: there, what goes wrong is seen and tried again."""
        self.is_stale = True
        self.group.settle()
        if self._is_new_here:
            self._is_new_here = False
            share_out_again(self._client)

    def doubt(self) -> None:
        """Something changed on the broker or by an operator: look at the stored positions again."""
        self.is_stale = True

    async def restart(self) -> None:
        """Go back to the stored positions of all partitions: after a miss, a gap or a client's error."""
        self.is_stale = True
        await self._seek_to_store()

    async def _seek_to_store(self) -> None:
        async with self._loading:
            self.group.begin()
            self._left, self._assigned = {}, {}
            wanted = self._client.assignment()
            loaded = await self._load([(tp.topic, tp.partition) for tp in wanted])
            if wanted != self._client.assignment() or not self.group.is_stable:
                return
            for tp in wanted:
                if (tp.topic, tp.partition) in loaded:
                    self._client.seek(tp, loaded[(tp.topic, tp.partition)].next)
                    self._client.resume(tp)
                else:
                    self._client.pause(tp)
            self._assigned = loaded
            self.is_stale = False

    @property
    def assigned(self) -> frozenset[Position]:
        """The partitions that are read now."""
        return frozenset(self._assigned)

    def topic_ids(self) -> dict[str, str]:
        """Ids of the topics that are read now, as they are stored."""
        return {topic: assigned.topic_id for (topic, _), assigned in self._assigned.items()}

    def expected(self) -> dict[Position, int]:
        """The next offset of every partition that is read now."""
        return {position: assigned.next for position, assigned in self._assigned.items()}

    # Batches

    def take_care(self) -> None:
        """The client failed: read partition by partition for a while, to see which one it is."""
        self._careful.begin()

    async def take(self, wait_ms: int) -> Batch | None:
        """The next batch, or None when nothing came in time or the group is in motion.

        Raises `GapError`, `UnreadableError` and what aiokafka and the store raise.
        """
        if is_fetcher_dead(self._client):
            raise DeadClientError
        raise_group_error(self._client)
        if not self.group.is_stable:
            await self.group.stable(wait_ms / 1000)
            return None
        if self.is_stale:
            await self._seek_to_store()
        generation = self.group.generation
        self.pauses.forget()
        probed = self._probing.whose_turn(self._assigned, self.pauses)
        try:
            if probed is not None:
                fetched = await self._probing.probe(probed, self._assigned)
            else:
                fetched = await self._fetch(1 if self._probing.is_flowing else wait_ms)
        except (KafkaError, UnreadableError):
            if generation == self.group.generation and not self.is_stale:
                raise
            return None  # the partitions were given away meanwhile, or have no position yet
        if generation != self.group.generation:
            return None
        self._look_for_empty_places(fetched)
        if not fetched:
            return None
        return self._batch(fetched, is_probe=probed is not None)

    async def _fetch(self, wait_ms: int) -> Fetched:
        if self._left:
            fetched = self._left
        elif not (partitions := self._readable_now()):
            await asyncio.sleep(wait_ms / 1000)
            return {}
        elif self._careful.is_due:
            fetched = await self._careful.fetch(partitions, self._assigned)
        else:
            fetched = await self._fair.fetch(partitions, wait_ms)
        taken, self._left = within(fetched, self._max_bytes)
        return taken

    def _look_for_empty_places(self, fetched: Fetched) -> None:
        """`GapError` where the client went past our place and nothing of the partition is in hand.

        A batch can have places without a record, at the end of the log too: without a look the partition
        would be behind for ever, and whoever waits for its backlog with it.
        """
        now = time.monotonic()
        if now - self._looked_at < _LOOK_S:
            return
        self._looked_at = now
        for position, assigned in self._assigned.items():
            tp = TopicPartition(*position)
            is_in_hand = tp in fetched or tp in self._left
            if not is_in_hand and (position_of(self._client, tp) or 0) > assigned.next:
                raise GapError(position, assigned.next)

    def _readable_now(self) -> list[TopicPartition]:
        return [
            TopicPartition(*position)
            for position, assigned in self._assigned.items()
            if not assigned.is_probing and not self.pauses.is_paused(position)
        ]

    def _batch(self, fetched: Fetched, *, is_probe: bool) -> Batch:
        records: list[Record] = []
        steps: list[OffsetStep] = []
        is_poison = False
        for tp, partition_records in fetched.items():
            position = (tp.topic, tp.partition)
            assigned = self._assigned[position]
            dense = dense_part(partition_records, assigned.next)
            if not dense:
                raise GapError(position, assigned.next)
            if len(dense) < len(partition_records):
                self.is_stale = True
            expected = assigned.next + len(dense)
            records.extend(stamped(dense))
            steps.append(OffsetStep(tp.topic, tp.partition, assigned.topic_id, assigned.next, expected))
            is_poison = is_probe and assigned.is_poison
            self.pauses.tasted(tp.topic)
            self._assigned[position] = assigned.advanced(expected, self.probe_width)
        received_ms = min(record.timestamp for record in records)
        return Batch(records, steps, taken_of(records), received_ms, is_probe, is_poison)
