"""Reports of the regulation (7.2, 7.3, 9.10, 20.1, 22.1): due once, made, sent to the register's address."""

from __future__ import annotations

from typing import Any

from hub.dossier.decision import Accepted, Context, Decision, Refused, Sender
from hub.dossier.standing import foreign_organisation, may_serve
from hub.dossier.state.matter import Matter, ReportState
from hub.regulation.clock import local_day
from schemas.base import Fact
from schemas.report import (
    FileReport,
    PlanReport,
    ReportDue,
    ReportMade,
    ReportMailing,
    ReportSent,
    ReportUnsent,
    SendReport,
    TellReport,
)

_LONGEST_NAME = 250


def plan(matter: Matter | None, request: PlanReport, _context: Context) -> Decision:
    """Each report of a period once, whenever its day was noticed."""
    if matter is not None:
        return Refused("report.on_record", fields=("/period",))
    return Accepted((ReportDue(**dict(request)),))


def file(matter: Matter, request: FileReport, context: Context) -> Decision:
    """The paper is there: it goes to who gets it; without an address that is a task of the operators."""
    if not serves(matter, "typesetter", context.sender):
        return foreign_organisation()
    report = _of(matter)
    named = _named(request)
    made = ReportMade(**named, digest=request.digest, size=request.size, to=report.to)
    return Accepted((made, _mailing(report, named, request.digest, request.size, context)))


def send(matter: Matter, request: SendReport, context: Context) -> Decision:
    """Once more, by an operator's order: what is made, where there is an address now."""
    report = _of(matter)
    if report.digest is None:
        return Refused("report.not_made")
    following = _mailing(report, _named(request), report.digest, report.size, context)
    if isinstance(following, ReportUnsent):
        return Refused("report.no_address")
    return Accepted((following,))


def tell(matter: Matter, request: TellReport, context: Context) -> Decision:
    """What became of the e-mail; one that failed is a task of the operators."""
    if not serves(matter, "notifier", context.sender):
        return foreign_organisation()
    report = _of(matter)
    if report.digest is None:
        return Refused("report.not_made")
    named = _named(request)
    if request.failure is None:
        return Accepted((ReportSent(**named, to=report.to, at=request.at, proof=request.proof),))
    return Accepted((ReportUnsent(**named, to=report.to, cause="failed", failure=request.failure),))


def _mailing(report: ReportState, named: dict[str, Any], digest: str, size: int, context: Context) -> Fact:
    """To the address of today; nobody guesses one."""
    known, today = context.registers.organisations, local_day(context.now)
    receiver = known.on(report.to, today)
    if receiver is None or receiver.report_email is None:
        return ReportUnsent(**named, to=report.to, cause="no_address")
    owner = known.on(named["organisation"], today)
    return ReportMailing(
        **named,
        digest=digest,
        size=size,
        rule=report.rule,
        kind=report.kind,
        to=report.to,
        email=receiver.report_email,
        organisation_name=owner.name_vi[:_LONGEST_NAME] if owner is not None else None,
        first=report.first,
        last=report.last,
    )


def _named(request: FileReport | SendReport | TellReport) -> dict[str, Any]:
    return {name: getattr(request, name) for name in ("organisation", "report", "period")}


def serves(matter: Matter, role: str, sender: Sender) -> bool:
    """Who makes and sends reports is told of those of its own organisations, and speaks of no others."""
    return matter.organisation is not None and may_serve(sender, role, matter.organisation)


def _of(matter: Matter) -> ReportState:
    assert matter.report is not None  # its first fact makes it
    return matter.report
