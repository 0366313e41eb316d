"""What adapters have in common in what they report (pure)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID, uuid5

from hub.delivery.adapter import OutMessage, Report
from schemas.sync import ReportSync
from schemas.types import IDENTITY_SHAPE

_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


def report_id(namespace: UUID, effect: str) -> str:
    """The same for the same effect in the adapter's own namespace, and never like a person's number."""
    identity = str(uuid5(namespace, effect))
    return identity if IDENTITY_SHAPE.search(identity) is None else identity.translate(_LETTERS)


def sync_report(
    namespace: UUID,
    message: OutMessage,
    outcome: Literal["delivered", "rejected", "unknown"],
    at: datetime,
    *,
    code: str | None = None,
    reasons: tuple[str, str] | None = None,
) -> Report:
    """How a delivery ended; one id per message and outcome, `reasons` are (vi, en)."""
    vi, en = reasons or (None, None)
    data = ReportSync(
        message=message.id, outcome=outcome, at=at.astimezone(UTC), code=code, reason_vi=vi, reason_en=en
    )
    identity = report_id(namespace, f"sync|{outcome}|{message.id}")
    body = data.model_dump_json(exclude_none=True).encode()
    return Report(identity, ReportSync.type, message.subject, data.at, body)
