"""Asks the adapter what the hub is to be told; a bug there never loses the outcome."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from hub.delivery.adapter import Adapter, OutMessage, Report
from hub.delivery.outcome import Delivered, NotFound, QueryOutcome, Rejected, RetryAt
from hub.delivery.wire import check_report
from hub.logs import place_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """The report, if there is one to make; `is_due` when the adapter raised and it has to be made later."""

    report: Report | None
    is_due: bool = False


def report_outcome(
    adapter: Adapter, message: OutMessage, outcome: Delivered | Rejected, at: datetime
) -> Made:
    """Return the report of a final outcome."""
    try:
        return Made(_checked(adapter.report(message, outcome, at)))
    except Exception as error:  # noqa: BLE001 - the outcome is stored, the report is made after a repair
        return _due(adapter, message, error)


def report_dead_letter(adapter: Adapter, message: OutMessage, why: str, at: datetime) -> Made:
    """Return the business answer of a dead letter."""
    try:
        return Made(_checked(adapter.give_up(message, why, at)))
    except Exception as error:  # noqa: BLE001 - the outcome is stored, the report is made after a repair
        return _due(adapter, message, error)


def last_words(outcome: QueryOutcome, fallback: str) -> str:
    """Return why a delivery was given up: the counterpart's last reason, else `fallback`."""
    return outcome.why if isinstance(outcome, RetryAt) and outcome.why else fallback


def report_late(
    adapter: Adapter, message: OutMessage, outcome: QueryOutcome, *, is_dead: bool, at: datetime
) -> Made:
    """Make the report of a delivery that ended earlier."""
    if is_dead or not isinstance(outcome, Delivered | Rejected):
        word = "not_found" if isinstance(outcome, NotFound) else "gave_up"
        return report_dead_letter(adapter, message, last_words(outcome, word), at)
    return report_outcome(adapter, message, outcome, at)


def _checked(report: Report | None) -> Report | None:
    return report if report is None else check_report(report)


def _due(adapter: Adapter, message: OutMessage, error: Exception) -> Made:
    _log.error(
        "the adapter cannot say what to report",
        extra={
            "action": "delivery.report_failed",
            "adapter": adapter.name,
            "message_id": message.id,
            "error": place_of(error),
        },
    )
    return Made(None, is_due=True)
