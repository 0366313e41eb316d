"""What the hub is told on `in.portal`: pure, with ids that the same effect always gets again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID, uuid5

from hub.delivery.adapter import OutMessage, Report
from schemas.sync import ReportSync

_NAMESPACE: Final = UUID("6d0a7d0e-6a0f-5b39-8b6f-1f7a5a2c9e41")


def sync_report(
    message: OutMessage,
    outcome: Literal["delivered", "rejected", "unknown"],
    at: datetime,
    *,
    code: str | None = None,
    reasons: tuple[str, str] | None = None,
) -> Report:
    """How the delivery of `message` ended; one id per message and outcome; `reasons` are (vi, en)."""
    vi, en = reasons or (None, None)
    data = ReportSync(
        message=message.id, outcome=outcome, at=at.astimezone(UTC), code=code, reason_vi=vi, reason_en=en
    )
    identity = uuid5(_NAMESPACE, f"sync|{outcome}|{message.id}")
    body = data.model_dump_json(exclude_none=True).encode()
    return Report(str(identity), ReportSync.type, message.subject, data.at, body)
