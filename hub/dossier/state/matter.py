"""What is on record without a dossier: the state of one matter, by its own facts; nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, final

from msgspec import Struct, field

from hub.dossier.state.model import Complaint, Dossier, Timer
from schemas.report import ReportKind
from schemas.ticket import PriorityGround

MatterKind = Literal["fees", "complaint", "register", "queue", "report"]
"""`fees`: what one one-stop collects for one agency, settled quarter by quarter (9.10); `complaint`: one that
names no dossier (6.2.đ, 27); `register`: what operators imported of it, edition by edition; `queue`: who
waits at a one-stop on one day (5.1); `report`: of one period, as 7.2, 7.3, 9.10, 20.1 and 22.1 want it."""

MATTER_VERSION = 1001
"""Of the stored form; far from the versions of dossiers, so that each state says what it is."""


class ReportState(Struct, frozen=True, gc=False):
    """A report of a period: what it is and who gets it, its document, and how far it has come."""

    rule: str
    kind: ReportKind
    to: str
    first: date
    last: date
    digest: str | None = None
    size: int = 0
    stage: Literal["due", "made", "mailing", "sent", "unsent"] = "due"


class Settlement(Struct, frozen=True, gc=False, array_like=True):
    """A settled quarter: when, and đồng collected by the one-stop and handed to the agency."""

    settled_at: datetime
    collected: int
    handed_over: int


class WaitingTicket(Struct, frozen=True, gc=False, array_like=True):
    """A number that waits: since when, for which field, and on what ground it comes first."""

    since: datetime
    field: str | None = None
    priority: PriorityGround | None = None


class DeskCall(Struct, frozen=True, gc=False, array_like=True):
    """What a desk called last, and when."""

    number: int
    at: datetime


@final
class Matter(
    Struct, frozen=True, omit_defaults=True, tag_field="v", tag=MATTER_VERSION, forbid_unknown_fields=True
):
    """The state of one matter; `organisation` is the one-stop, `agency` the other side, if any."""

    kind: MatterKind
    organisation: str | None
    opened_at: datetime
    sequence: int
    agency: str | None = None
    timers: Mapping[str, Timer] = field(default_factory=dict)
    quarters: Mapping[str, Settlement] = field(default_factory=dict)
    """Settled quarters of `fees`, as `2026-Q3`."""
    edition: int = 0
    """The newest one of a `register` that is on record."""
    complaints: Mapping[str, Complaint] = field(default_factory=dict)
    """The one of a `complaint`, by its name as in a dossier; `agency` is who deals with it after all."""
    numbers: int = 0
    """How many were drawn of a `queue`; the last one's number."""
    waiting: Mapping[str, WaitingTicket] = field(default_factory=dict)
    """By number, in their order."""
    calls: Mapping[str, DeskCall] = field(default_factory=dict)
    """By desk, the one that called last at the end."""
    report: ReportState | None = None
    """The one of a `report`; `agency` is who gets it, where that is not its own one-stop."""


State = Dossier | Matter
"""What the facts of one subject add up to."""
