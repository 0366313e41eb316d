"""What the outside world took of what the hub sent it."""

from __future__ import annotations

from typing import ClassVar, Literal

from schemas.base import Fact, Request, Role, Wire
from schemas.types import Instant, Line, Reference


class _Sync(Wire):
    message: Reference
    outcome: Literal["delivered", "rejected", "unknown"]
    at: Instant
    code: Line | None = None
    reason_vi: Line | None = None
    reason_en: Line | None = None


class ReportSync(_Sync, Request):
    """An adapter tells how the delivery of `message` (an id on its out. topic) ended."""

    type: ClassVar[str] = "onestop.adapter.sync_report.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"portal", "postal", "population"})


class SyncRecorded(_Sync, Fact):
    """How the delivery to a counterpart ended: a business answer for the officer when it was rejected."""

    type: ClassVar[str] = "onestop.sync.recorded.v1"
    counterpart: Line
