"""Reports of the regulation, period by period: due, made, sent to an office (Art. 7, 9.10, 20.1, 22.1)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Fact, Request, Role, Subject, Wire
from schemas.copy import Digest
from schemas.party import Officer
from schemas.types import Day, Email, Instant, Line, OrganisationCode, Reference, Text

ReportName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
ReportPeriod = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}(-Q[1-4]|-(0[1-9]|1[0-2]))?$")]
"""A year, a quarter or a month: `2026`, `2026-Q3`, `2026-10`."""
ReportKind = Literal["work", "late", "settlement", "officers"]
ReportGroups = Literal["all", "organisation", "agency", "procedure", "channel", "level"]


class _Report(Wire):
    """`organisation` is whose report it is, `report` its name in the profile."""

    organisation: OrganisationCode
    report: ReportName
    period: ReportPeriod

    def matter(self, _day: date) -> str:
        """One report of one period."""
        return f"reports/{self.organisation}/{self.report}/{self.period}"


class _Planned(_Report):
    rule: Line
    kind: ReportKind
    by: ReportGroups
    about: OrganisationCode | None = None
    to: OrganisationCode
    first: Day
    last: Day


class PlanReport(_Planned, Request):
    """The hub's own: the day has come on which the report of a period is due.

    `about` is the one-stop whose dossiers are counted, None for all; `to` is who gets it.
    """

    type: ClassVar[str] = "onestop.report.plan.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"hub"})
    subject: ClassVar[Subject] = "matter"


class ReportDue(_Planned, Fact):
    """The report is made now; each is due once, whatever happened on that day."""

    type: ClassVar[str] = "onestop.report.due.v1"


class _File(Wire):
    digest: Digest
    size: int = Field(ge=1, le=1 << 30)


class FileReport(_Report, _File, Request):
    """The report as a paper lies in the store of documents."""

    type: ClassVar[str] = "onestop.report.file.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"typesetter"})
    subject: ClassVar[Subject] = "matter"


class ReportMade(_Report, _File, Fact):
    """The report is a document; who is told of it may download it."""

    type: ClassVar[str] = "onestop.report.made.v1"
    to: OrganisationCode


class ReportMailing(_Report, _File, Fact):
    """It has to go by e-mail to the address that the register of organisations has of `to`."""

    type: ClassVar[str] = "onestop.report.mailing.v1"
    rule: Line
    kind: ReportKind
    to: OrganisationCode
    email: Email
    organisation_name: Line | None = None
    first: Day
    last: Day


class TellReport(_Report, Request):
    """What became of the e-mail: the mail server's answer, or why it could not be sent."""

    type: ClassVar[str] = "onestop.report.tell.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"notifier"})
    subject: ClassVar[Subject] = "matter"
    at: Instant
    proof: Reference | None = None
    failure: Line | None = None


class ReportSent(_Report, Fact):
    """The mail server took it; `proof` is its answer."""

    type: ClassVar[str] = "onestop.report.sent.v1"
    to: OrganisationCode
    at: Instant
    proof: Reference | None = None


class ReportUnsent(_Report, Fact):
    """It did not go, and operators have to see to it: `no_address`, or what the notifier said."""

    type: ClassVar[str] = "onestop.report.unsent.v1"
    to: OrganisationCode
    cause: Literal["no_address", "failed"]
    failure: Line | None = None


class SendReport(_Report, Request):
    """The hub's own, by an operator's order: a report that is made goes once more."""

    type: ClassVar[str] = "onestop.report.send.v1"
    roles: ClassVar[frozenset[Role]] = frozenset({"hub"})
    subject: ClassVar[Subject] = "matter"
    officer: Officer
    reason: Text
