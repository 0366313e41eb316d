"""A batch as long as all goes right: what the client has, each partition its share."""

from __future__ import annotations

from hub.engine.errors import UnparsableError
from hub.engine.intake.pauses import Pauses
from hub.engine.intake.records import Fetched, fetched_of, weight
from hub.kafka.client import AIOKafkaConsumer, KafkaError, TopicPartition


class FairFetch:
    """No partition waits for the backlog of another."""

    def __init__(self, client: AIOKafkaConsumer, pauses: Pauses, max_records: int, max_bytes: int) -> None:
        self._client = client
        self._pauses = pauses
        self._max_records = max_records
        self._max_bytes = max_bytes

    async def fetch(self, partitions: list[TopicPartition], wait_ms: int) -> Fetched:
        """What is there, or comes in time; `UnparsableError` when the client fails on what they hold."""
        try:
            first = await self._client.getmany(*partitions, timeout_ms=wait_ms, max_records=1)
            fetched = {tp: list(records) for tp, records in first.items()}
            if fetched:
                await self._fill(fetched, partitions)
        except KafkaError:
            raise
        except Exception as error:  # an OSError of gzip must not be taken for a lost connection either
            raise UnparsableError(type(error).__name__) from error
        return fetched

    async def _fill(self, fetched: Fetched, ready: list[TopicPartition]) -> None:
        """Take what is buffered, each partition its share, until the batch is full or nothing is left.

        It is also full after a round in which it became too large: the client makes objects of records as
        they are taken, and those of a MiB of headers take thirty times as much.
        """
        room = self._max_records - 1
        size = 0
        while room > 0 and ready and size < self._max_bytes:
            share = max(1, room // len(ready))
            still_ready = []
            for tp in ready:
                wanted = self._pauses.share(tp.topic, min(share, room))
                more = await fetched_of(self._client, tp, 0, wanted)
                if more:
                    fetched.setdefault(tp, []).extend(more)
                    room -= len(more)
                    size += sum(map(weight, more))
                if len(more) == share and not self._pauses.is_tasted(tp.topic):
                    still_ready.append(tp)
                if room <= 0:
                    return
            ready = still_ready
