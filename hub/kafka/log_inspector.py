"""What the broker says of the `in.` topics: ids, first and next offsets, and what can be read of them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import KafkaException

from hub.kafka.admin import KafkaAdmin
from hub.kafka.client import AIOKafkaConsumer, KafkaError, TopicPartition
from hub.kafka.errors import NoAnswerError
from hub.kafka.reading import NewConsumer, first_readable, read_at
from hub.kafka.topics import reasons_to_stop

Position = tuple[str, int]


@dataclass(frozen=True, slots=True)
class LogEnds:
    """What the broker says of a partition: the id of its topic, first and next offset."""

    topic_id: str
    start: int
    end: int


"""A partition: topic and number."""

_ASK_S = 10.0
_LOOK_S = 5.0
T = TypeVar("T")


class LogObserver:
    """Asks, and reads single records to see whether they can be read; belongs to no group."""

    def __init__(
        self, consumer: AIOKafkaConsumer, admin: KafkaAdmin, prefix: str, new_consumer: NewConsumer
    ) -> None:
        self._consumer = consumer
        self._admin = admin
        self._prefix = prefix
        self._new_consumer = new_consumer

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """Ids of the topics that exist; `NoAnswerError` when the broker is away."""
        names = sorted(set(topics))
        return await in_thread(lambda: self._admin.topic_ids(names)) if names else {}

    async def ends(self, positions: Iterable[Position]) -> dict[Position, LogEnds]:
        """Topic id and both ends of each partition that exists."""
        wanted = list(positions)
        ids = await self.topic_ids(topic for topic, _ in wanted)
        known = [TopicPartition(*position) for position in wanted if position[0] in ids]
        if not known:
            return {}
        async with asyncio.timeout(_ASK_S):
            starts = await self._consumer.beginning_offsets(known)
            ends = await self._consumer.end_offsets(known)
        return {
            (tp.topic, tp.partition): LogEnds(ids[tp.topic], starts[tp], ends[tp])
            for tp in known
            if tp in starts and tp in ends
        }

    async def readers(self, names: Iterable[str]) -> dict[str, dict[Position, int]]:
        """The groups of these participants, and where each goes on; only an administrator sees them."""
        own = {f"{self._prefix}{name}" for name in names}
        return await in_thread(
            lambda: self._admin.group_offsets(
                lambda group: any(group == name or group.startswith(f"{name}.") for name in own)
            )
        )

    async def partitions(self, topics: Iterable[str]) -> list[Position]:
        """All partitions of the topics among these that exist and may be seen."""
        wanted = set(topics)
        async with asyncio.timeout(_ASK_S):
            cluster = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001  as below
        return [
            (topic, number)
            for topic in sorted(wanted & set(cluster.topics()))
            for number in sorted(cluster.partitions_for_topic(topic) or ())
        ]

    async def received(self) -> dict[Position, int]:
        """End offsets of all `in.` partitions of participants, as of now."""
        own = f"{self._prefix}in."
        async with asyncio.timeout(_ASK_S):
            cluster = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001  `topics()` forgets the partitions
            partitions = [
                TopicPartition(topic, number)
                for topic in cluster.topics()
                if topic.startswith(own) and topic != f"{own}hub"
                for number in cluster.partitions_for_topic(topic) or ()
            ]
            ends = await self._consumer.end_offsets(partitions) if partitions else {}
        return {(tp.topic, tp.partition): offset for tp, offset in ends.items()}

    async def topic_settings(self, topics: Iterable[str]) -> dict[str, dict[str, str]]:
        """The settings in effect of each topic; those that cannot be asked are left out."""
        names = sorted(set(topics))
        return await in_thread(lambda: self._admin.topic_settings(names)) if names else {}

    async def reasons_to_stop(self, topics: Iterable[str]) -> dict[str, str]:
        """Topics among these whose settings forbid to read them, with the reason."""
        return reasons_to_stop(self._prefix, await self.topic_settings(topics))

    async def received_at(self, wanted: Mapping[Position, int]) -> dict[Position, int]:
        """Time of receipt (ms since 1970) of the record at each offset; what cannot be read is left out.

        Takes 5 s at most.
        """
        found: dict[Position, int] = {}
        consumer = self._new_consumer()
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await consumer.start()
                for position, offset in wanted.items():
                    with contextlib.suppress(NoAnswerError):
                        record = await read_at(consumer, TopicPartition(*position), offset)
                        if record is not None:
                            found[position] = record.timestamp
        await consumer.stop()
        return found

    async def first_readable(self, position: Position, offset: int) -> int:
        """Where the damage at `offset` ends: as `kafka_reading.first_readable`, up to the end of the log."""
        log = (await self.ends([position])).get(position)
        end = log.end if log is not None else offset  # a topic that is gone is not damaged
        return await first_readable(self._new_consumer, TopicPartition(*position), offset, end)


async def in_thread(work: Callable[[], T]) -> T:
    """Run a blocking call of the administrator's client, in a thread that does not hold up the exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # without an error there is a result

    def body() -> None:
        try:
            outcome, error = work(), None
        except BaseException as raised:  # noqa: BLE001  handed to the caller
            outcome, error = None, raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, outcome, error)

    threading.Thread(target=body, daemon=True).start()
    try:
        return await asyncio.wait_for(future, _ASK_S)
    except (KafkaException, TimeoutError) as error:
        raise NoAnswerError(type(error).__name__) from None
