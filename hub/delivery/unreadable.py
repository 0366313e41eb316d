"""Batches of an adapter's topic; what cannot be read, and what is gone, is passed over and told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from itertools import chain

from hub.delivery.rows import PoisonRecord
from hub.errors import StopError
from hub.kafka.client import AIOKafkaConsumer, ConsumerRecord, TopicPartition, errors, raise_group_error
from hub.kafka.reading import NewConsumer, first_readable, is_fetcher_dead, is_unparsable

_log = logging.getLogger(__name__)
Keep = Callable[[list[PoisonRecord]], Awaitable[None]]
NoteGap = Callable[[TopicPartition, int, int], Awaitable[None]]
"""Gets the first offset that was not read, and where the log begins now."""
_OUT_OF_LOG = (errors.OffsetOutOfRangeError, errors.NoOffsetForPartitionError)


class ReadableBatches:
    """What FastStream asks for the next batch.

    When parsing fails, aiokafka 0.14 has dropped what it drained from other partitions beside it. So all go
    back to what is committed, and are read record by record until the one that cannot be read comes first.
    """

    def __init__(
        self, new_consumer: NewConsumer, keep: Keep, note_gap: NoteGap, *, max_records: int, wait_ms: int
    ) -> None:
        self._new_consumer = new_consumer
        self._keep = keep
        self._note_gap = note_gap
        self._max_records = max_records
        self._wait_ms = wait_ms
        self._is_careful = False

    async def get(self, consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord, ...]:
        """The next batch, empty when there is none; raises what the client raises for other reasons.

        `StopError` when damage has ended the client's fetching: what cannot be read is committed as done, and
        the next start goes on behind it.
        """
        most = 1 if self._is_careful else self._max_records
        raise_group_error(consumer)
        try:
            found = await consumer.getmany(timeout_ms=self._wait_ms, max_records=most)
        except _OUT_OF_LOG:
            await self._begin_in_log(consumer)
            return ()
        except Exception as error:
            if not is_unparsable(error):
                raise
            await self._go_behind(consumer)
            return ()
        if not found and is_fetcher_dead(consumer):
            await self._go_behind(consumer)
            raise StopError("the Kafka client has met a damaged batch: start again")
        return tuple(chain.from_iterable(found.values()))

    async def _begin_in_log(self, consumer: AIOKafkaConsumer) -> None:
        """Where the log begins, if what follows the committed offset is gone, or nothing was ever read.

        Also where it ends before that offset: what is read again is only a repeat.
        """
        partitions = list(consumer.assignment())
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        begun: dict[TopicPartition, int] = {}
        for tp, start in starts.items():
            done = await consumer.committed(tp) or 0
            if done < start:
                await self._note_gap(tp, done, start)
            if not start <= done <= ends[tp]:
                begun[tp] = start
            consumer.seek(tp, begun.get(tp, done))
        if begun:
            await consumer.commit(begun)

    async def _go_behind(self, consumer: AIOKafkaConsumer) -> None:
        passed: dict[TopicPartition, int] = {}
        ends = await consumer.end_offsets(list(consumer.assignment()))
        for tp, end in ends.items():
            done = await self._done(consumer, tp)
            readable = await first_readable(self._new_consumer, tp, done, end)
            if readable > done:
                await self._keep([_letter(tp, offset) for offset in range(done, readable)])
                _log.warning(
                    "unreadable",
                    extra={"action": "delivery.unreadable", "topic": tp.topic, "partition": tp.partition,
                           "offset": done, "next": readable},
                )  # fmt: skip
                passed[tp] = readable
            consumer.seek(tp, readable)
        if passed:
            await consumer.commit(passed)
        self._is_careful = not passed

    async def _done(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
        committed = await consumer.committed(tp)
        if committed is not None:
            return int(committed)
        return int((await consumer.beginning_offsets([tp]))[tp])


def _letter(tp: TopicPartition, offset: int) -> PoisonRecord:
    return PoisonRecord(tp.topic, tp.partition, offset, "unreadable", None, "[]", None)
