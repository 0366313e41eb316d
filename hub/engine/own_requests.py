"""A request of the hub itself, as it lies on the hub's own topic (pure)."""

from __future__ import annotations

from datetime import datetime

import orjson

from hub.facts.fact_bytes import rfc3339
from hub.facts.message import HUB_SOURCE, cloud_event
from hub.kafka.producer import OutgoingRecord
from schemas.base import Request


def own_request(
    request: Request, event_id: str, at: datetime, *, subject: str | None = None, partition: int = 0
) -> OutgoingRecord:
    """Sent twice under one id it is one request; what is about no dossier has the id as its reference too.

    `at` is the legal time.
    """
    about = subject or f"ref:{event_id}"
    headers = cloud_event(
        event_id=event_id, source=HUB_SOURCE, event_type=request.type, subject=about, time=rfc3339(at)
    )
    value = orjson.dumps(request.model_dump(mode="json", exclude_none=True))
    return OutgoingRecord(about.encode(), value, headers, partition)
