"""The rows of the delivery tables as typed values, and how they are read and written (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from hub.delivery.adapter import OutMessage, Report, Urgency
from hub.delivery.lease import Lease
from hub.delivery.outcome import Delivered, QueryOutcome, Rejected
from hub.delivery.stored_outcome import outcome_text, read_outcome
from hub.facts.checked import DELIVERY_REPORT, at_micros, micros
from hub.facts.integrity import StoreKey

_LONG_BEFORE = timedelta(days=36_500)

FinalState = Literal["delivered", "rejected", "dead"]
ReportFields = tuple[str | None, str | None, str | None, datetime | None, bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class PoisonRecord:
    """A record that is no message, with its place in the topic and its raw bytes (`headers` is JSON)."""

    topic: str
    partition: int
    offset: int
    why: str
    key: bytes | None
    headers: str
    value: bytes | None


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What a batch brought: new messages, repeats, poison, and receipts (refused ones counted apart).

    `noted` of the new messages were over with it.
    """

    new: int
    repeated: int
    poison: int
    confirmed: int
    refused: int
    noted: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report to publish, `sends` so far; one that the adapter has not written (so) is not genuine."""

    report: Report
    sends: int
    is_genuine: bool = True


@dataclass(frozen=True, slots=True)
class DueReport:
    """A finished delivery whose report has still to be made, as it was decided at `at`."""

    message: OutMessage
    state: FinalState
    outcome: QueryOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """A delivery that is over; `is_due`: its report could not be made (yet)."""

    lease: Lease
    state: FinalState
    outcome: QueryOutcome
    report: Report | None
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Depths and ages (seconds) for the metrics; the field names are the columns of `counts.sql`."""

    pending: int
    oldest_age_s: float
    retries: int
    unknown: int
    unknown_age_s: float
    dead: int
    dead_age_s: float
    reports_due: int
    poison: int
    poison_age_s: float
    unconfirmed: int
    unconfirmed_age_s: float


def final_state(outcome: Delivered | Rejected) -> FinalState:
    """Return the state of a delivery that ended with `outcome`."""
    return "delivered" if isinstance(outcome, Delivered) else "rejected"


def message_columns(messages: Sequence[OutMessage], urgent: Urgency | None = None) -> list[list[Any]]:
    """Return one list per column of `store_messages`."""
    names = ("id", "dossier", "sequence", "type", "subject", "time", "data")
    columns = [[getattr(message, name) for message in messages] for name in names]
    return [*columns, [_order_of(message, urgent) for message in messages]]


def _order_of(message: OutMessage, urgent: Urgency | None) -> datetime | None:
    """Far before now, so that what is stored is due at once, the earliest first."""
    until = urgent(message) if urgent is not None else None
    return until - _LONG_BEFORE if until is not None else None


def report_fields(report: Report | None, adapter: str, key: StoreKey) -> ReportFields:
    """Return the parameters of a report, with its check; all None without one."""
    if report is None:
        return (None, None, None, None, None, None)
    names = report.id, report.type, report.subject
    check = DELIVERY_REPORT.check(key, adapter, *names, micros(report.time), report.data)
    return (*names, report.time, report.data, check)


def finished_columns(finished: Sequence[Finished], adapter: str, key: StoreKey) -> list[list[Any]]:
    """Return one list per column of `finish`."""
    rows = [
        (
            one.lease.message.id,
            one.lease.token,
            one.state,
            outcome_text(one.outcome),
            one.is_due,
            *report_fields(one.report, adapter, key),
        )
        for one in finished
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def read_waiting(row: Any, key: StoreKey) -> Waiting:
    """Return the report of a row of `reports_to_send`."""
    is_genuine = DELIVERY_REPORT.is_genuine(row, key)
    at = at_micros(row["time"] if is_genuine else "0")
    report = Report(row["id"], row["type"], row["subject"], at, row["data"])
    return Waiting(report, row["sends"], is_genuine)


def read_message(row: Any) -> OutMessage:
    """Return the message of a row."""
    names = ("id", "type", "dossier", "subject", "sequence", "time", "data")
    return OutMessage(*(row[name] for name in names))


def read_lease(row: Any) -> Lease:
    """Return the lease of a row of `lease_heads`."""
    token: UUID = row["lease_token"]
    return Lease(
        message=read_message(row),
        token=token,
        attempts=row["attempts"],
        queries=row["queries"],
        is_doubtful=row["is_doubtful"],
        age_s=row["age_s"],
        doubt_age_s=row["doubt_age_s"],
        decision=row["decision"],
        decided_by=row["decided_by"],
    )


def read_due(row: Any) -> DueReport:
    """Return the finished delivery of a row of `reports_due`."""
    return DueReport(read_message(row), row["state"], read_outcome(row["outcome"]), row["ended_at"])
