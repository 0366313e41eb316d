"""Publishes reports on `in.<adapter>`, and again with the same id until the hub's receipt came."""

from __future__ import annotations

import asyncio
import logging
from itertools import groupby

from hub.backoff import backoff_s
from hub.delivery.context import AdapterContext
from hub.delivery.rows import Waiting
from hub.delivery.wire import report_headers
from hub.errors import AlteredRowError
from hub.facts.untrusted import kind_of, tell_untrusted
from hub.kafka.client import KafkaError
from hub.kafka.producer import OutgoingRecord, Producer

_log = logging.getLogger(__name__)
_BATCH = 100
_SEND_LIMIT_S = 20.0
_ASIDE_S = 3600.0
_TOGETHER_S = 0.02
"""After a report the next ones wait so long for each other: they and their receipts come together."""
_BASE_S, _CAP_S = 0.2, 5.0


class ReportPublisher:
    """Sends stored reports in order per subject; a second process doing the same only sends repeats."""

    def __init__(self, parts: AdapterContext, producer: Producer) -> None:
        self._parts = parts
        self._producer = producer

    async def run(self) -> None:
        """Publish until stopped."""
        failures = 0
        while not self._parts.stop.is_set():
            sent, is_failed = await self.publish_due()
            self._parts.mark("publisher")
            failures = failures + 1 if is_failed else 0
            if is_failed:
                await asyncio.sleep(backoff_s(_BASE_S, _CAP_S, failures, 1.0))
            elif sent:
                await asyncio.sleep(_TOGETHER_S)
            else:
                await self._parts.reports.wait(self._parts.options.idle_s)

    async def publish_due(self) -> tuple[int, bool]:
        """Publish what is due now; returns how many were sent, and whether some could not be."""
        store = self._parts.store
        found = await self._parts.patiently("delivery.reports", lambda: store.reports_to_send(_BATCH))
        due = [waiting for waiting in found if waiting.is_genuine]
        ordered = sorted(due, key=lambda waiting: waiting.report.subject)
        groups = [list(group) for _, group in groupby(ordered, key=lambda waiting: waiting.report.subject)]
        again_in_s = {
            waiting.report.id: self._aside_s(waiting) for waiting in found if not waiting.is_genuine
        }
        sent = sum(await asyncio.gather(*(self._publish_in_order(group, again_in_s) for group in groups)))
        if again_in_s:
            await self._parts.patiently("delivery.mark_sent", lambda: store.mark_sent(again_in_s))
        return sent, sent < len(due)

    def _aside_s(self, waiting: Waiting) -> float:
        """Nobody is told what the adapter has not said; the row is looked at again after an hour."""
        error = AlteredRowError(f"delivery_report {self._parts.name} {waiting.report.id}")
        tell_untrusted(error)
        self._parts.metrics.untrusted.labels(kind_of(error)).inc()
        return _ASIDE_S

    async def _publish_in_order(self, reports: list[Waiting], again_in_s: dict[str, float]) -> int:
        """Up to the first that does not go out; `again_in_s` gets when each is looked at again."""
        for count, waiting in enumerate(reports):
            if not await self._publish(waiting, again_in_s):
                return count
        return len(reports)

    async def _publish(self, waiting: Waiting, again_in_s: dict[str, float]) -> bool:
        parts, report = self._parts, waiting.report
        try:
            record = self._record(waiting)
        except Exception as error:  # noqa: BLE001 - it comes again later; reports of other subjects go out
            _log.error("report failed", extra={"action": "delivery.report_bug", **self._ids(waiting, error)})
            again_in_s[report.id] = self._resent_after_s(waiting)
            return False
        try:
            await self._producer.send(parts.in_topic, [record], _SEND_LIMIT_S)
        except (KafkaError, TimeoutError) as error:
            _log.warning(
                "report not sent", extra={"action": "delivery.report_not_sent", **self._ids(waiting, error)}
            )
            return False
        again_in_s[report.id] = self._resent_after_s(waiting)
        parts.metrics.reports_sent.labels(parts.name).inc()
        _log.info(
            "report sent",
            extra={"action": "delivery.report_sent", "adapter": parts.name, "report_id": report.id},
        )
        return True

    def _record(self, waiting: Waiting) -> OutgoingRecord:
        parts, report = self._parts, waiting.report
        headers = report_headers(report, parts.name, parts.environment)
        pairs = [(name, text.encode()) for name, text in headers.items()]
        return OutgoingRecord(report.subject.encode(), report.data, pairs)

    def _resent_after_s(self, waiting: Waiting) -> float:
        """It is sent again when its receipt has not come by then."""
        options = self._parts.options
        return backoff_s(options.resend_s, options.resend_cap_s, waiting.sends + 1, 1.0)

    def _ids(self, waiting: Waiting, error: Exception) -> dict[str, str]:
        reason = type(error).__name__
        return {"adapter": self._parts.name, "report_id": waiting.report.id, "reason": reason}
