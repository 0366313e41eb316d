"""What a participant is told of what was read from its topic; what is no message is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.gateway.cloud_events import told
from hub.gateway.feed import Read, UnreadableRange
from hub.gateway.metrics import GatewayMetrics
from hub.logs import log


@dataclass(frozen=True, slots=True)
class Told:
    """One place of a topic: the message that lies there, or None; `following` is the offset behind it."""

    partition: int
    following: int
    event: dict[str, object] | None


def tell(found: Sequence[Read], participant: str, metrics: GatewayMetrics) -> list[Told]:
    """What was read, in its order; what is no message is counted, and logged by its place alone."""
    places: list[Told] = []
    for item in found:
        event = None if isinstance(item, UnreadableRange) else told(item)
        if event is None:
            metrics.passed_over.labels(participant).inc()
            log("message_passed_over", participant=participant, partition=item.partition, offset=item.offset)
        places.append(Told(item.partition, item.offset + 1, event))
    return places
