"""Who gets which fact (events.md, section 5): a table from fact type to audiences (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from hub.dossier.state.matter import Matter
from hub.dossier.state.model import Dossier, Status
from hub.inbound.directory import Directory
from schemas import (
    account,
    archive,
    case,
    component,
    copy,
    dossier,
    due,
    feedback,
    form,
    identity,
    information,
    leg,
    loss,
    notice,
    opinion,
    original,
    paper,
    payment,
    person_data,
    pickup,
    register,
    reminder,
    replanning,
    report,
    result,
    settlement,
    sync,
    ticket,
    verification,
)
from schemas.base import Fact

Audience = Literal[
    "one_stop",
    "agency",
    "population",
    "postal",
    "portal",
    "portal_due",
    "notifier",
    "typesetter",
    "public",
    "named",
    "addressee",
    "watching",
]

_ONE_STOP: frozenset[Audience] = frozenset({"one_stop"})
_BOTH: frozenset[Audience] = frozenset({"one_stop", "agency"})
_PORTAL: frozenset[Audience] = frozenset({"portal"})
_PORTAL_DUE: frozenset[Audience] = frozenset({"portal_due"})
"""Of limits the portal shows the due time only."""
_NAMED: frozenset[Audience] = frozenset({"named"})
_WATCHING: frozenset[Audience] = frozenset({"watching"})
_ADDRESSEE: frozenset[Audience] = frozenset({"addressee"})
_PAPERS: frozenset[Audience] = frozenset({"typesetter"})

AUDIENCES: Mapping[type[Fact], frozenset[Audience]] = {
    dossier.DossierSubmitted: _ONE_STOP | _PORTAL,
    dossier.DossierAccepted: _ONE_STOP | _PORTAL | _PAPERS,
    dossier.SupplementRequested: _BOTH | _PORTAL | _PAPERS,
    dossier.SupplementAdded: _BOTH,
    dossier.DossierSupplemented: _BOTH | _PORTAL | _PAPERS,
    dossier.DossierDeclined: _BOTH | _PORTAL | _PAPERS,
    dossier.DossierWithdrawn: _BOTH | _PORTAL | _PAPERS,
    dossier.DossierForwarded: _BOTH | _PORTAL | _WATCHING | _PAPERS,
    dossier.DossierWatched: _WATCHING,
    dossier.DossierReceived: _ONE_STOP | _WATCHING,
    dossier.DossierTakenOver: _BOTH,
    identity.IdentityCheckRequested: frozenset({"population"}),
    identity.IdentityChecked: _ONE_STOP,
    identity.IdentityMatched: _BOTH,
    identity.IdentityMismatched: _BOTH,
    identity.IdentityUnavailable: _BOTH,
    person_data.PersonDataReceived: _ONE_STOP,
    account.AccountCreated: _ONE_STOP,
    component.ComponentReused: _BOTH | _PORTAL,
    component.ComponentReusable: _BOTH,
    component.MismatchRecorded: _BOTH,
    paper.PaperHandedOver: _BOTH | _PAPERS,
    paper.PaperReceived: _BOTH,
    original.OriginalTaken: _BOTH,
    original.OriginalReturned: _BOTH,
    archive.DossierArchived: _ONE_STOP,
    feedback.RatingRecorded: _ONE_STOP | _NAMED,
    feedback.ComplaintRecorded: _ONE_STOP,
    feedback.ComplaintLodged: _ONE_STOP,
    feedback.ComplaintForwarded: _ONE_STOP | _ADDRESSEE,
    feedback.ComplaintAnswered: _ONE_STOP,
    information.InfoRequested: _ONE_STOP | _ADDRESSEE,
    information.InfoAnswered: _ONE_STOP | _ADDRESSEE,
    notice.NoticeRequested: frozenset({"notifier"}),
    notice.NoticeSent: _ONE_STOP,
    notice.NoticeFailed: _ONE_STOP,
    form.FormMade: _BOTH | _NAMED | {"notifier"},
    loss.LossRecorded: _BOTH | _PAPERS,
    loss.LossSettled: _BOTH | _PAPERS,
    case.CaseAssigned: _ONE_STOP | _PORTAL,
    case.CaseProgressed: _ONE_STOP | _PORTAL,
    case.CaseAppraised: _ONE_STOP,
    verification.VerificationScheduled: _ONE_STOP,
    verification.VerificationRecorded: _ONE_STOP,
    result.ResultIssued: _ONE_STOP | _PORTAL | _WATCHING | _PAPERS,
    result.ResultCorrected: _BOTH,
    result.ResultReturned: _BOTH | _PORTAL | _PAPERS,
    due.ApologySent: _ONE_STOP | _PORTAL | _PAPERS,
    due.DueRescheduled: _BOTH | _PORTAL,
    due.DeadlineNear: _BOTH | _NAMED | _WATCHING,
    opinion.OpinionRequested: _BOTH | _NAMED,
    opinion.OpinionGiven: _BOTH,
    leg.LegsPlanned: _BOTH | _NAMED,
    leg.LegStarted: _BOTH | _NAMED | _PAPERS,
    leg.LegFinished: _BOTH | _NAMED,
    reminder.ReminderIssued: _BOTH | _NAMED | _PAPERS,
    due.DeadlineMissed: _BOTH | _NAMED | _WATCHING,
    due.RuleViolated: _BOTH,
    replanning.CalendarChanged: _BOTH,
    replanning.LimitMoved: _BOTH | _NAMED | _WATCHING | _PORTAL_DUE,
    pickup.PickupOrdered: frozenset({"postal", "one_stop"}),
    pickup.PickupCancelled: frozenset({"postal", "one_stop"}),
    pickup.PickupProgressed: _ONE_STOP | _PAPERS,
    sync.SyncRecorded: _ONE_STOP,
    payment.PaymentRequested: _BOTH | _PORTAL,
    payment.PaymentRecorded: _BOTH | _PORTAL | _PAPERS,
    settlement.FeesSettled: _BOTH,
    settlement.FeesWatched: _BOTH,
    register.RegisterChanged: frozenset(),
    ticket.TicketIssued: _ONE_STOP | {"public"},
    ticket.TicketCalled: _ONE_STOP,
    report.ReportDue: _PAPERS,
    report.ReportMade: _BOTH,
    report.ReportMailing: frozenset({"notifier"}),
    report.ReportSent: _BOTH,
    report.ReportUnsent: frozenset(),
    copy.CopyRegistered: _BOTH | _PORTAL,
    copy.CopyCertified: _BOTH | _PAPERS,
}
"""`one_stop` are the counters that speak for the dossier's one-stop; having lodged it is no reason.
The agency is told only of forwarded dossiers, the portal only of what it shows: its ten status codes,
papers, dates, payments. `named` is an agency beside these whose part it is, as the fact names it,
`watching` the one-stop of the agency, where it watches (17.7.a) or got the dossier itself (16.3),
`addressee` whoever speaks for the organisation that a question, an answer or a complaint is for,
`typesetter` who makes papers of what issues one, `public` the page for everybody of drawn numbers."""

_SERVICES: tuple[Literal["population", "notifier", "typesetter"], ...] = (
    "population",
    "notifier",
    "typesetter",
)
_MAKERS: tuple[Literal["notifier", "typesetter"], ...] = ("notifier", "typesetter")
_AT_AGENCY: frozenset[Status] = frozenset(
    {"forwarded", "received", "in_process", "result_issued", "returned"}
)


def receivers(before: Dossier | None, after: Dossier, fact: Fact, directory: Directory) -> tuple[str, ...]:
    """Names of the participants that get this fact, each once; the dossier before and after it."""
    audiences = AUDIENCES[type(fact)]
    names: list[str] = []
    if "one_stop" in audiences:
        names.extend(directory.speaking_for("counter", after.organisation))
    is_for_agency = "agency" in audiences and not _quotes_database(fact) and not _is_of_one_stop(fact)
    is_for_agency = is_for_agency or _concerns_agency(fact, after)
    if is_for_agency and (_is_at_agency(before) or _is_at_agency(after)):
        names.extend(directory.speaking_for("agency", after.agency))
    if "named" in audiences:
        for agency in _named_by(fact, after):
            names.extend(directory.speaking_for("agency", agency))
    if "watching" in audiences:
        names.extend(_watching(fact, after, directory))
    for role in _SERVICES:
        if role in audiences and (role != "notifier" or _is_for_applicant(fact)):
            names.extend(directory.serving(role, after.organisation))
    if "portal" in audiences and not _rests_on_lookup(fact):
        names.extend(directory.serving("portal", after.organisation))
    if "portal_due" in audiences and getattr(fact, "kind", None) == "due":
        names.extend(directory.serving("portal", after.organisation))
    if "addressee" in audiences:
        names.extend(_addressee(fact, directory))
    if "postal" in audiences:
        assert isinstance(fact, pickup.PickupOrdered | pickup.PickupCancelled)
        names.extend(directory.serving("postal", fact.organisation))
    return tuple(dict.fromkeys(names))


def matter_receivers(matter: Matter, fact: Fact, directory: Directory) -> tuple[str, ...]:
    """The same for a fact that is about no dossier: its one-stop, and the other side."""
    audiences = AUDIENCES[type(fact)]
    names: list[str] = []
    if "one_stop" in audiences and matter.organisation is not None:
        names.extend(directory.speaking_for("counter", matter.organisation))
    if "agency" in audiences and matter.agency is not None:
        names.extend(directory.speaking_for("agency", matter.agency))
    if "addressee" in audiences:
        names.extend(_addressee(fact, directory))
    if "public" in audiences and matter.organisation is not None:
        names.extend(directory.serving("public", matter.organisation))
    for role in _MAKERS:
        if role in audiences and matter.organisation is not None:
            names.extend(directory.serving(role, matter.organisation))
    return tuple(dict.fromkeys(names))


def unheard_agency(fact: Fact, after: Dossier, directory: Directory) -> str | None:
    """The agency that was sent a dossier, or asked, where no participant speaks for it: nobody tells it."""
    if isinstance(fact, dossier.DossierForwarded):
        agency = after.agency
    elif isinstance(fact, opinion.OpinionRequested | leg.LegStarted):
        agency = fact.of
    else:
        return None
    return agency if not directory.speaking_for("agency", agency) else None


def _named_by(fact: Fact, after: Dossier) -> tuple[str, ...]:
    """Who is asked for an opinion or a part, or awaited in vain (17.5, 17.6), or is urged (6.3.b, 7.1).

    A transfer slip is for who had the paper before too: one of them passes it on (17.6.a).
    """
    if isinstance(fact, reminder.ReminderIssued):
        return (fact.to,)
    if isinstance(fact, feedback.RatingRecorded):
        return (fact.told_to,) if fact.told_to is not None else ()
    if isinstance(fact, form.FormMade):
        begun = (one.of for one in after.legs.values() if one.status != "planned")
        had_it = tuple(begun) if fact.fact == "leg.started" else ()
        return (fact.to, *had_it) if fact.to is not None else ()
    if isinstance(fact, opinion.OpinionRequested | leg.LegStarted):
        return (fact.of,)
    if isinstance(fact, leg.LegsPlanned):
        return tuple(one.of for one in fact.legs)
    if isinstance(fact, leg.LegFinished):
        return fact.needed_by
    if isinstance(fact, due.DeadlineMissed | replanning.LimitMoved):
        return (fact.holder,) if fact.kind in {"opinion", "leg"} and fact.holder is not None else ()
    return ()


def _watching(fact: Fact, after: Dossier, directory: Directory) -> Iterator[str]:
    """The agency's own one-stop; one that only watches does not get the dossier itself."""
    watcher = None if isinstance(fact, dossier.DossierForwarded) else after.watched_by
    for one_stop in (after.sent_to, watcher):
        if one_stop is not None:
            yield from directory.speaking_for("counter", one_stop)


def _quotes_database(fact: Fact) -> bool:
    """Values out of a database are for the one-stop alone, which asked for them (NĐ 47/2020 Art. 35)."""
    return isinstance(fact, component.MismatchRecorded) and any(
        item.in_database is not None for item in fact.differences
    )


def _is_for_applicant(fact: Fact) -> bool:
    """A form that goes with what the applicant is told; other papers are not."""
    return not isinstance(fact, form.FormMade) or fact.fact in {
        "dossier.accepted",
        "dossier.supplement_requested",
        "dossier.declined",
        "apology.sent",
    }


def _is_of_one_stop(fact: Fact) -> bool:
    """Papers between the one-stop and the applicant, or the post, whenever they were made."""
    return isinstance(fact, form.FormMade) and fact.fact in {"dossier.accepted", "pickup.progressed"}


def _addressee(fact: Fact, directory: Directory) -> Iterator[str]:
    """Whoever speaks for the organisation that a question, its answer or a complaint is for."""
    assert isinstance(
        fact, feedback.ComplaintForwarded | information.InfoRequested | information.InfoAnswered
    )
    for role in ("counter", "agency"):
        yield from directory.speaking_for(role, fact.to)


def _concerns_agency(fact: Fact, after: Dossier) -> bool:
    """Papers that it gave to the post or has to confirm; a result that a one-stop decided for it (6.2.c)."""
    if isinstance(fact, result.ResultIssued):
        return fact.decided_by is not None
    return isinstance(fact, pickup.PickupProgressed) and any(
        after.agency in {move.giver, move.receiver} for move in fact.moves
    )


def _rests_on_lookup(fact: Fact) -> bool:
    """What was asked of a database about a person is not for the portal; a reused paper is."""
    return isinstance(fact, component.ComponentReused) and fact.paper is None


def _is_at_agency(state: Dossier | None) -> bool:
    if state is None:
        return False
    return state.status in _AT_AGENCY or state.resumes_as in _AT_AGENCY
