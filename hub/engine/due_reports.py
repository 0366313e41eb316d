"""Tells the hub itself of each report whose day has come, so that it is made and sent, once."""

from __future__ import annotations

import time
from datetime import datetime

from hub.checks.reports import legal_now, periods_now, progress
from hub.engine.own_requests import own_request
from hub.facts.integrity import StoreKey
from hub.facts.untrusted import OnUntrusted
from hub.kafka.producer import OutgoingRecord, Producer
from hub.participants.register_editions import ORGANISATIONS, RegisterReader
from hub.postgres.database import Connection
from hub.regulation.lawbook import LawBook
from hub.regulation.organisations import Organisations
from hub.regulation.report_days import Due, PlannedReport, reports_of
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
        self, producer: Producer, book: LawBook, *, topic: str, environment: str, key: StoreKey,
        told: OnUntrusted,
    ) -> None:  # fmt: skip
        self._producer = producer
        self._book = book
        self._topic = topic
        self._environment = environment
        self._key = key
        self._registers = RegisterReader(key, told, ORGANISATIONS)
        self._on_record: tuple[Organisations, tuple[Due, ...]] | None = None
        """The organisations and periods of which nothing was left to tell."""
        self._next_look = 0.0

    async def tell(self, connection: Connection) -> None:
        """Send those that are due and on record nowhere, some at a time.

        Looks every ten seconds whether a day has come or the register has changed; the reports themselves
        are looked for only then.
        """
        if time.monotonic() < self._next_look:
            return
        now = await legal_now(connection, self._environment)
        known = (await self._registers.read(connection)).organisations
        periods = await periods_now(connection, self._book, now)
        before = self._on_record
        if before is None or before[0] is not known or before[1] != periods:
            due = await progress(connection, self._key, reports_of(periods, known))
            records = [_record(one.planned, now) for one in due if one.last is None][:_AT_ONCE]
            if records:
                await self._producer.send(self._topic, records, _SEND_S)
            self._on_record = None if records else (known, periods)
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
    return own_request(request, name, now)
