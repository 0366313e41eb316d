"""A batch after something has gone wrong: one partition at a time, so that what fails has an address."""

from __future__ import annotations

import time
from collections.abc import Mapping

from hub.engine.errors import UnreadableError
from hub.engine.intake.assigned import Assigned
from hub.engine.intake.pauses import Pauses
from hub.engine.intake.records import Fetched, fetched_of
from hub.kafka.client import AIOKafkaConsumer, KafkaError, TopicPartition
from hub.kafka.log_inspector import Position

_CAREFUL_S = 30.0
_CAREFUL_WAIT_MS = 50


class CarefulFetch:
    """Record by record, for a while after the client failed: an error has an address and costs nothing."""

    def __init__(self, client: AIOKafkaConsumer, max_records: int) -> None:
        self._client = client
        self._max_records = max_records
        self._until = 0.0  # monotonic

    def begin(self) -> None:
        """The client failed: read partition by partition for a while, to see which one it is."""
        self._until = time.monotonic() + _CAREFUL_S

    @property
    def is_due(self) -> bool:
        """Whether the while is not over yet."""
        return time.monotonic() < self._until

    async def fetch(self, partitions: list[TopicPartition], assigned: Mapping[Position, Assigned]) -> Fetched:
        """What is there. `UnreadableError` of the first partition that fails with nothing taken before it."""
        fetched: Fetched = {}
        share = max(1, self._max_records // len(partitions))
        for tp in partitions:
            wait_ms = _CAREFUL_WAIT_MS
            while len(fetched.get(tp, ())) < share:
                try:
                    more = await fetched_of(self._client, tp, wait_ms, 1)
                except Exception as error:
                    if fetched:
                        return fetched
                    raise _unreadable(tp, assigned, error) from error
                if not more:
                    break
                fetched.setdefault(tp, []).extend(more)
                wait_ms = 0
        return fetched


class Probing:
    """Partitions at whose records processes have died: they take turns, one record each."""

    def __init__(self, client: AIOKafkaConsumer) -> None:
        self._client = client
        self._turn = 0  # 0: of all that are not probed
        self._flowing: set[Position] = set()  # those whose last probe found a record

    @property
    def is_flowing(self) -> bool:
        """Whether probed partitions have records: the others must not make them wait."""
        return bool(self._flowing)

    def whose_turn(self, assigned: Mapping[Position, Assigned], pauses: Pauses) -> Position | None:
        """Partitions that are probed take turns with each other, and with all the others together (None)."""
        probed = [
            position
            for position, place in assigned.items()
            if place.is_probing and not pauses.is_paused(position)
        ]
        self._flowing.intersection_update(probed)
        self._turn = (self._turn + 1) % (len(probed) + 1)
        return probed[self._turn - 1] if self._turn else None

    async def probe(self, position: Position, assigned: Mapping[Position, Assigned]) -> Fetched:
        """One record, if it is there already: an idle partition must not cost the others its wait."""
        tp = TopicPartition(*position)
        try:
            records = await fetched_of(self._client, tp, 1, 1)
        except KafkaError:
            raise
        except Exception as error:
            raise _unreadable(tp, assigned, error) from error
        (self._flowing.add if records else self._flowing.discard)(position)
        return {tp: records} if records else {}


def _unreadable(
    tp: TopicPartition, assigned: Mapping[Position, Assigned], error: Exception
) -> UnreadableError:
    position = (tp.topic, tp.partition)
    return UnreadableError(position, assigned[position].next, type(error).__name__)
