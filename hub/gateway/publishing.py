"""Posted events on their way into the participant's own topic."""

from __future__ import annotations

from collections.abc import Sequence

from hub.gateway.cloud_events import Posted
from hub.kafka.producer import Failing, OutgoingRecord, Producer

_SEND_S = 5.0
_PROBE_S = 3.0


class EventPublisher:
    """The process's one producer; each participant's topic is a lane of its own."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def publish(self, posted: Sequence[Posted]) -> None:
        """All to one topic, in order per subject, acknowledged by all replicas.

        KafkaError and TimeoutError: nobody knows.
        """
        if posted:
            records = [OutgoingRecord(event.key, event.value, event.headers) for event in posted]
            await self._producer.send(posted[0].topic, records, _SEND_S)

    @property
    def failing(self) -> list[Failing]:
        """Topics that cannot be written now."""
        return self._producer.failing

    async def trouble(self) -> str | None:
        """Why the next events could not be published, whoever posts them."""
        return await self._producer.trouble(_PROBE_S)

    async def stuck(self) -> Failing | None:
        """A topic that a restart may help while the brokers take what others write.

        Asked again at the end: asking for trouble renews a producer, and one just renewed is not stuck.
        """
        if self._producer.stuck() is None or await self.trouble() is not None:
            return None
        return self._producer.stuck()
