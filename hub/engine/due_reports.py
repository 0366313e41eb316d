"""Tells the hub itself of each report whose day has come, so that it is made and sent, once."""

from __future__ import annotations

import time
from datetime import datetime

import orjson

from hub.checks.reports import legal_now, progress
from hub.facts.fact_bytes import rfc3339
from hub.facts.integrity import StoreKey
from hub.facts.message import HUB_SOURCE, cloud_event
from hub.kafka.producer import OutgoingRecord, Producer
from hub.postgres.database import Connection
from hub.regulation.lawbook import LawBook
from hub.regulation.report_days import PlannedReport
from schemas.report import PlanReport

_SEND_S = 20.0
_LOOK_S = 10.0
_AT_ONCE = 20


class ReportTeller:
    """What is on record is told no more, and what was sent twice has one id.

    A report is a matter under the hub's own name: a second one of the same period is refused by its rules,
    also when the answer to the first request was forgotten.
    """

    def __init__(
        self, producer: Producer, book: LawBook, *, topic: str, environment: str, key: StoreKey
    ) -> None:
        self._producer = producer
        self._book = book
        self._topic = topic
        self._environment = environment
        self._key = key
        self._next_look = 0.0

    async def tell(self, connection: Connection) -> None:
        """Send those that are due and on record nowhere, some at a time; looks every ten seconds."""
        if time.monotonic() < self._next_look:
            return
        now = await legal_now(connection, self._environment)
        due = await progress(connection, self._key, self._book, now)
        records = [_record(one.planned, now) for one in due if one.last is None][:_AT_ONCE]
        if records:
            await self._producer.send(self._topic, records, _SEND_S)
        self._next_look = time.monotonic() + _LOOK_S


def _record(planned: PlannedReport, now: datetime) -> OutgoingRecord:
    request = PlanReport(
        organisation=planned.organisation,
        report=planned.report.name,
        period=planned.span.name,
        rule=planned.report.rule,
        kind=planned.report.kind,
        by=planned.report.by,
        about=planned.about,
        to=planned.to,
        first=planned.span.first,
        last=planned.span.last,
    )
    name = planned.matter.replace("/", "-")
    headers = cloud_event(
        event_id=name,
        source=HUB_SOURCE,
        event_type=PlanReport.type,
        subject=f"ref:{name}",
        time=rfc3339(now),
    )
    value = orjson.dumps(request.model_dump(mode="json", exclude_none=True))
    return OutgoingRecord(f"ref:{name}".encode(), value, headers, 0)
