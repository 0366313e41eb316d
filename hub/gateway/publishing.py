"""Posted events on their way into the participant's own topic."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from hub.gateway.cloud_events import Posted
from hub.kafka import AIOKafkaProducer, KafkaError

_SEND_S = 5.0


class Publisher:
    """The process's one producer, and since when nothing has got through it."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._failing_since: float | None = None

    @property
    def failing_s(self) -> float:
        """For how long every try has failed; 0 after one that worked."""
        return time.monotonic() - self._failing_since if self._failing_since is not None else 0.0

    async def publish(self, posted: Sequence[Posted]) -> None:
        """In order per subject, acknowledged by all replicas; KafkaError and TimeoutError: nobody knows."""
        try:
            async with asyncio.timeout(_SEND_S):
                sent = [
                    await self._producer.send(
                        event.topic, event.value, key=event.key, headers=list(event.headers)
                    )
                    for event in posted
                ]
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError):
            self._failing_since = self._failing_since or time.monotonic()
            raise
        if posted:
            self._failing_since = None
