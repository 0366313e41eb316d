"""What the hub is told on `in.postal`: pure, with ids that the same effect always gets again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, cast
from uuid import UUID

from adapters.postal.mapping import subject_of
from adapters.postal.status_codes import StatusCodes
from adapters.postal.tracking import Record
from hub.delivery import reports
from hub.delivery.adapter import OutMessage, Report
from hub.delivery.wire import check_report
from schemas.pickup import PickupStatus, ReportPickup

_NAMESPACE: Final = UUID("0f2f1c39-5a52-5c6b-9f58-6c9b3d4f2a10")
sync_report = partial(reports.sync_report, _NAMESPACE)
"""How the delivery of a message ended."""


@dataclass(frozen=True, slots=True)
class Told:
    """What records of the feed become: reports in their order, and what is passed over.

    `foreign` counts records of somebody else's orders; `unreadable` are the ids of those that cannot be told,
    `retimed` those whose EventTime is replaced.
    """

    reports: tuple[Report, ...]
    foreign: int
    unreadable: tuple[str, ...]
    retimed: tuple[str, ...]


def tell(records: Iterable[Record], codes: StatusCodes, quiet: frozenset[str], now: datetime) -> Told:
    """Report each record on its own, but those of a quiet status; one that cannot be told costs no other."""
    made: list[Report] = []
    unreadable: list[str] = []
    retimed: list[str] = []
    foreign = 0
    for record in records:
        if codes.status_of(record.code) in quiet:
            continue
        try:
            at, is_timed = record.time_as_of(now)
            report = tracked_report(replace(record, at=at), codes)
            if report is None:
                foreign += 1
                continue
            made.append(check_report(report))
            if not is_timed:
                retimed.append(record.id)
        except ValueError:
            unreadable.append(record.id)
    return Told(tuple(made), foreign, tuple(unreadable), tuple(retimed))


def registered_report(message: OutMessage, order: str, at: datetime, price: int | None = None) -> Report:
    """The operator has taken the order, for `price` in đồng when it was asked; one id per order."""
    data = ReportPickup(order=order, status="registered", at=at.astimezone(UTC), amount=price)
    identity = reports.report_id(_NAMESPACE, f"registered|{order}")
    return _pickup_report(identity, message.subject, data)


def tracked_report(record: Record, codes: StatusCodes) -> Report | None:
    """What the feed says of an order of this hub, one id per record; None for somebody else's order.

    No free text of the operator is passed on: it may name people, and a pick-up's progress is not sealed.
    """
    subject = subject_of(record.order)
    if subject is None:
        return None
    status = codes.status_of(record.code)
    data = ReportPickup(
        order=record.order,
        status=cast("PickupStatus", status),
        at=record.at,
        raw_code=record.code,
        item=record.item,
        minutes=record.minutes if status == "handed_over" else None,
        amount=record.cash if status in {"cod_collected", "cod_remitted"} else None,
    )
    return _pickup_report(f"vnpost-{record.id}", subject, data)


def _pickup_report(identity: str, subject: str, data: ReportPickup) -> Report:
    body = data.model_dump_json(exclude_none=True).encode()
    return Report(identity, ReportPickup.type, subject, data.at, body)
