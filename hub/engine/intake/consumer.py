"""Batches of raw records from the `in.` topics: fair, with dense offsets, from the stored positions on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from hub.engine.intake.pauses import Pauses
from hub.engine.intake.records import dense_part, stamped
from hub.engine.write.writing import OffsetStep
from hub.inbound.envelope import Record
from hub.kafka.client import (
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    KafkaError,
    TopicPartition,
    share_out_again,
)
from hub.kafka.log_inspector import Position
from hub.kafka.reading import is_fetcher_dead

PROBE_AFTER = 3
"""Processes that died at the same place, after which records are taken one by one, each marked before."""
POISON_AFTER = 2
"""Processes that died with the same record marked, after which it is taken for the one that kills."""
_CAREFUL_S = 30.0
_CAREFUL_WAIT_MS = 50


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
    """Records in the order of their partitions, and how far each partition comes with them."""

    records: Sequence[Record]
    steps: Sequence[OffsetStep]
    is_probe: bool = False
    is_poison: bool = False


Load = Callable[[Iterable[Position]], Awaitable[dict[Position, Assigned]]]
"""Positions from the store, checked against the log; partitions that are stopped are left out."""
FirstReadable = Callable[[Position, int], Awaitable[int]]
"""The first offset from the given one on that can be read at all."""
Drain = Callable[[], Awaitable[None]]
"""Waits (with a limit) until what was taken is committed or given up."""


class GapError(Exception):
    """The broker handed out an offset that is not the next one."""

    def __init__(self, position: Position, expected: int) -> None:
        super().__init__(f"{position[0]}-{position[1]}: not the expected offset {expected}")
        self.position = position
        self.expected = expected


class UnparsableError(KafkaError):  # type: ignore[misc]  # aiokafka has no type hints
    """The client's own parser failed on what some partition holds; a careful fetch finds out which."""

    retriable = True


class UnreadableError(Exception):
    """The next record of a partition cannot be read, whatever the others do."""

    def __init__(self, position: Position, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.offset = offset
        self.reason = reason


class DeadClientError(Exception):
    """The client has stopped to fetch and would never say so."""


class Consumer:
    """Reads the assigned partitions; the engine takes one batch at a time."""

    def __init__(self, consumer: AIOKafkaConsumer, load: Load, *, max_records: int, max_bytes: int) -> None:
        self._consumer = consumer
        self._load = load
        self._max_records = max_records
        self._max_bytes = max_bytes
        self.probe_width = 2 * max_records
        self._assigned: dict[Position, Assigned] = {}
        self._left: dict[TopicPartition, list[ConsumerRecord]] = {}
        self._is_stable = asyncio.Event()
        self._is_new_here = True
        self._unstable_since = time.monotonic()
        self.is_stale = False
        self._loading = asyncio.Lock()
        self.pauses = Pauses()
        self._careful_until = 0.0
        self._turn = 0
        self._flowing: set[Position] = set()
        self.generation = 0
        self.rebalances = 0

    # The group

    def hold_still(self) -> None:
        """The partitions are being shared out: nothing more is taken."""
        self._is_stable.clear()
        self._unstable_since = time.monotonic()
        self.rebalances += 1

    def let_go(self) -> None:
        """What was assigned is another's now."""
        self.generation += 1
        self._assigned = {}
        self._left = {}

    def go_on(self) -> None:
        """The next `take` starts where the store says: there, what goes wrong is seen and tried again."""
        self.is_stale = True
        self._is_stable.set()
        if self._is_new_here:
            self._is_new_here = False
            share_out_again(self._consumer)

    @property
    def unstable_s(self) -> float:
        """For how long this process has waited for its partitions; 0 when it has them."""
        return 0.0 if self._is_stable.is_set() else time.monotonic() - self._unstable_since

    def doubt(self) -> None:
        """Something changed on the broker or by an operator: look at the stored positions again."""
        self.is_stale = True

    async def restart(self) -> None:
        """Go back to the stored positions of all partitions: after a miss, a gap or a client's error."""
        self.is_stale = True
        await self._seek_to_store()

    async def _seek_to_store(self) -> None:
        async with self._loading:
            self.generation += 1
            self._left, self._assigned = {}, {}
            wanted = self._consumer.assignment()
            loaded = await self._load([(tp.topic, tp.partition) for tp in wanted])
            if wanted != self._consumer.assignment() or not self._is_stable.is_set():
                return
            for tp in wanted:
                if (tp.topic, tp.partition) in loaded:
                    self._consumer.seek(tp, loaded[(tp.topic, tp.partition)].next)
                    self._consumer.resume(tp)
                else:
                    self._consumer.pause(tp)
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

    async def take(self, wait_ms: int) -> Batch | None:
        """The next batch, or None when nothing came in time or the group is in motion.

        Raises `GapError`, `UnreadableError` and what aiokafka and the store raise.
        """
        if is_fetcher_dead(self._consumer):
            raise DeadClientError
        if not self._is_stable.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_stable.wait(), wait_ms / 1000)
            return None
        if self.is_stale:
            await self._seek_to_store()
        generation = self.generation
        probed = self._whose_turn()
        try:
            if probed is not None:
                fetched = await self._probe(probed)
            else:
                fetched = await self._fetch(1 if self._flowing else wait_ms)
        except (KafkaError, UnreadableError, GapError):
            if generation == self.generation and not self.is_stale:
                raise
            return None  # the partitions were given away meanwhile, or have no position yet
        if generation != self.generation or not fetched:
            return None
        return self._batch(fetched, is_probe=probed is not None)

    def _whose_turn(self) -> Position | None:
        """Partitions that are probed take turns with each other, and with all the others together (None)."""
        self.pauses.forget()
        probed = [
            position
            for position, assigned in self._assigned.items()
            if assigned.is_probing and not self.pauses.is_paused(position)
        ]
        self._flowing.intersection_update(probed)
        self._turn = (self._turn + 1) % (len(probed) + 1)
        return probed[self._turn - 1] if self._turn else None

    async def _probe(self, position: Position) -> dict[TopicPartition, list[ConsumerRecord]]:
        """One record, if it is there already: an idle partition must not cost the others its wait."""
        tp = TopicPartition(*position)
        try:
            fetched = await self._getmany(tp, 1, 1)
        except KafkaError:
            raise
        except Exception as error:
            raise self._unreadable(tp, error) from error
        (self._flowing.add if fetched else self._flowing.discard)(position)
        return fetched

    def take_care(self) -> None:
        """The client failed: read partition by partition for a while, to see which one it is."""
        self._careful_until = time.monotonic() + _CAREFUL_S

    async def _fetch(self, wait_ms: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        if self._left:
            fetched, self._left = self._left, {}
            return self._cut(fetched)
        partitions = self._readable_now()
        if not partitions:
            await asyncio.sleep(wait_ms / 1000)
            return {}
        if time.monotonic() < self._careful_until:
            return self._cut(await self._fetch_carefully(partitions))
        try:
            first = await self._consumer.getmany(*partitions, timeout_ms=wait_ms, max_records=1)
            fetched = {tp: list(records) for tp, records in first.items()}
            if fetched:
                await self._fill(fetched, partitions)
        except KafkaError:
            raise
        except Exception as error:  # an OSError of gzip must not be taken for a lost connection either
            raise UnparsableError(type(error).__name__) from error
        return self._cut(fetched)

    def _readable_now(self) -> list[TopicPartition]:
        return [
            TopicPartition(*position)
            for position, assigned in self._assigned.items()
            if not assigned.is_probing and not self.pauses.is_paused(position)
        ]

    async def _fill(
        self, fetched: dict[TopicPartition, list[ConsumerRecord]], ready: list[TopicPartition]
    ) -> None:
        """Take what is buffered, each partition its share, until the batch is full or nothing is left."""
        room = self._max_records - 1
        while room > 0 and ready:
            share = max(1, room // len(ready))
            still_ready = []
            for tp in ready:
                wanted = self.pauses.share(tp.topic, min(share, room))
                more = (await self._getmany(tp, 0, wanted)).get(tp, [])
                if more:
                    fetched.setdefault(tp, []).extend(more)
                    room -= len(more)
                if len(more) == share and not self.pauses.is_tasted(tp.topic):
                    still_ready.append(tp)
                if room <= 0:
                    return
            ready = still_ready

    async def _fetch_carefully(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """One partition at a time and record by record, so that an error has an address and costs nothing."""
        fetched: dict[TopicPartition, list[ConsumerRecord]] = {}
        share = max(1, self._max_records // len(partitions))
        for tp in partitions:
            wait_ms = _CAREFUL_WAIT_MS
            while len(fetched.get(tp, ())) < share:
                try:
                    more = (await self._getmany(tp, wait_ms, 1)).get(tp, [])
                except Exception as error:
                    if fetched:
                        return fetched
                    raise self._unreadable(tp, error) from error
                if not more:
                    break
                fetched.setdefault(tp, []).extend(more)
                wait_ms = 0
        return fetched

    def _unreadable(self, tp: TopicPartition, error: Exception) -> Exception:
        position = (tp.topic, tp.partition)
        assigned = self._assigned.get(position)
        if assigned is None:
            return GapError(position, -1)  # it was given away meanwhile
        return UnreadableError(position, assigned.next, type(error).__name__)

    async def _getmany(
        self, tp: TopicPartition, wait_ms: int, records: int
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        fetched: dict[TopicPartition, list[ConsumerRecord]] = await self._consumer.getmany(
            tp, timeout_ms=wait_ms, max_records=records
        )
        return fetched

    def _cut(
        self, fetched: dict[TopicPartition, list[ConsumerRecord]]
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Keep at most `max_bytes`; what is over stays for the next batch."""
        taken: dict[TopicPartition, list[ConsumerRecord]] = {}
        size = 0
        for tp, records in fetched.items():
            for number, record in enumerate(records):
                size += len(record.value or b"")
                if size > self._max_bytes and taken:
                    self._left[tp] = records[number:]
                    break
                taken.setdefault(tp, []).append(record)
        return taken

    def _batch(self, fetched: dict[TopicPartition, list[ConsumerRecord]], *, is_probe: bool) -> Batch:
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
        return Batch(records, steps, is_probe, is_poison)


class GroupListener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no type hints
    """What the group tells this process."""

    def __init__(self, consumer: Consumer, drain: Drain) -> None:
        self._consumer = consumer
        self._drain = drain

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002  a callback
        """Blocks the rebalance until what was taken is committed, so that the next owner starts behind it."""
        self._consumer.hold_still()
        await self._drain()
        self._consumer.let_go()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:  # noqa: ARG002  a callback
        """From here on records may be taken."""
        self._consumer.go_on()
