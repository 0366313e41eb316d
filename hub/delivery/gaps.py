"""Messages that were gone from an adapter's topic before it read them: remembered, and told."""

from __future__ import annotations

import logging

from hub.delivery.context import AdapterContext
from hub.kafka.client import TopicPartition

_log = logging.getLogger(__name__)


async def note_gap(parts: AdapterContext, tp: TopicPartition, first: int, start: int) -> None:
    """Nothing from `first` on was there any more, up to `start`; the same gap may be noted again."""
    await parts.patiently("delivery.gap", lambda: parts.store.note_gap(tp.topic, tp.partition, first, start))
    _log.error(
        "messages were gone before they were read",
        extra={
            "action": "delivery.messages_gone",
            "adapter": parts.name,
            "topic": tp.topic,
            "partition": tp.partition,
            "first": first,
            "next": start,
            "remedy": f"hub replay {parts.name}",
        },
    )
