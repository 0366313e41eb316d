"""Deadlines: the apology (Form 04), the new time, what was missed, and the hub's own timers (Art. 17.9)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Fact, Request, Role, Subject
from schemas.party import Officer
from schemas.types import Instant, Line, NoticeChannel, OrganisationCode, Text, in_words

TimerKind = Literal[
    "intake",
    "forward",
    "forward_electronic",
    "apology",
    "due",
    "supplement_notice",
    "opinion",
    "leg",
    "transit",
    "redelivery",
    "original",
    "complaint",
    "settlement",
    "notice",
    "papers_back",
    "near",
]
"""What a timer watches; apology and `near` fire `deadline.near`, the others `deadline.missed`.

`forward` is the paper (16.2), `forward_electronic` the electronic dossier (16.1); `opinion` is that of
another agency (17.5), whose timer has its name: `opinion:<name>`; `leg` a part of an
interlinked dossier (17.6): `leg:<name>`.
`original` is one that the law of the sector wants back by then (18.2), `complaint` the answer to one (6.2.đ),
`settlement` that of a quarter's fees (9.10): `settlement:<quarter>`; `notice` that the applicant is told of
Form 02 or 03 of a dossier that was lodged online (15.2.a): `notice:answer`, or of the new time of Form 04
(17.9): `notice:new_time`; `papers_back` that the agency hands back the papers of what it sent back or
refused (17.4, 17.8). `near` is the warning before the limit of another timer: `near:<its name>`.
"""


class Apologise(Request):
    """Form 04: the agency apologises before the due time and proposes a new one, at most once (Art. 17.9).

    `new_due_at` lies in working time. One that comes late is recorded as late and takes no delay back.
    """

    type: ClassVar[str] = "onestop.due.apologise.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"agency"})
    officer: Officer
    reason: Annotated[Text, in_words("rule.17.9.reason")]
    new_due_at: Instant


class ApologySent(Fact):
    """Form 04 went out; `is_late` when it came after the last working day before the due day.

    `measured_due_at` is the time by which delay counts from now on: the new one, or after a late Form 04
    still the one before. `notify_by` are the ways on which the one-stop tells the applicant, who also reads
    it on the portal.
    """

    type: ClassVar[str] = "onestop.apology.sent.v1"
    officer: Officer
    agency: OrganisationCode
    reason: Text
    due_at: Instant
    new_due_at: Instant
    is_late: bool
    measured_due_at: Instant | None = None
    notify_by: tuple[NoticeChannel, ...] = ()
    form: Literal["04"] = "04"


class Reschedule(Request):
    """The one-stop officer enters the time of Form 04, once (Art. 17.9)."""

    type: ClassVar[str] = "onestop.due.reschedule.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"counter"})
    officer: Officer
    new_due_at: Instant


class DueRescheduled(Fact):
    """The return time is changed; `measured_due_at` is the earlier one by which delay still counts."""

    type: ClassVar[str] = "onestop.due.rescheduled.v1"
    officer: Officer
    old_due_at: Instant
    new_due_at: Instant
    measured_due_at: Instant | None = None


class FireTimer(Request):
    """The hub's own: a timer of the dossier is due and everything received before it is processed."""

    type: ClassVar[str] = "onestop.timer.fire.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"hub"})
    subject: ClassVar[Subject] = "dossier"
    timer: Line
    kind: TimerKind
    due_at: Instant


class DeadlineNear(Fact):
    """The last day for the apology has come (Art. 17.9), or another limit is near that `holder` has to keep.

    `timer` is its name within the dossier. `due_at` is the limit; of the apology the opening of its last day.
    """

    type: ClassVar[str] = "onestop.deadline.near.v1"
    timer: Line
    kind: TimerKind
    due_at: Instant
    holder: OrganisationCode | None = None


class DeadlineMissed(Fact):
    """A limit of the law passed without the act; `holder` had to act, `timer` as `transit:<order>`."""

    type: ClassVar[str] = "onestop.deadline.missed.v1"
    timer: Line
    kind: TimerKind
    due_at: Instant
    holder: OrganisationCode | None = None


class RuleViolated(Fact):
    """An act was accepted although late: the rule and by how much (`late_act = record`)."""

    type: ClassVar[str] = "onestop.rule.violated.v1"
    rule: Line
    late_s: int = Field(ge=0)
