"""Fees settled per quarter between one-stop and agency (Điều 9.10)."""

from __future__ import annotations

from datetime import datetime

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.late import violation
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import foreign_organisation
from hub.dossier.state.matter import Matter
from hub.regulation.clock import local_day
from hub.regulation.errors import CalendarYearError
from hub.regulation.quarters import after, end_of, settlement_limit
from schemas.settlement import FeesSettled, FeesWatched, SettleFees, WatchFees


def _settler(request: SettleFees, context: Context) -> str | None:
    """In whose name the sender settles: the one-stop's or the agency's."""
    sender = context.sender
    if "counter" in sender.roles and request.organisation in sender.organisations:
        return request.organisation
    if "agency" in sender.roles and request.agency in sender.organisations:
        return request.agency
    return None


@rule("9.10", "Fees are settled by the one-stop that collected them, or the agency for which it did")
def settler_is_one_of_both(_matter: Matter | None, request: SettleFees, context: Context) -> Refused | None:
    """Two organisations, and the sender speaks for one of them."""
    if request.organisation == request.agency:
        return Refused("rule.9.10.same", rule="9.10", fields=("/agency",))
    return None if _settler(request, context) is not None else foreign_organisation()


@rule("9.10", "A quarter is settled when it is over")
def quarter_is_over(_matter: Matter | None, request: SettleFees, context: Context) -> Refused | None:
    """By the calendar, on the day of the act."""
    if local_day(context.now) > end_of(request.quarter):
        return None
    return Refused("rule.9.10.quarter", rule="9.10", fields=("/quarter",))


@rule("9.10", "A quarter is settled once; what was wrong is corrected by name")
def quarter_is_settled_once(matter: Matter | None, request: SettleFees, _context: Context) -> Refused | None:
    """A correction needs something to correct, and each kind of charge stands once."""
    kinds = [one.kind for one in request.sums]
    if len(set(kinds)) < len(kinds):
        return Refused("rule.9.10.sums", rule="9.10", fields=("/sums",))
    is_settled = matter is not None and request.quarter in matter.quarters
    if is_settled and not request.corrects:
        return Refused("rule.9.10.settled", rule="9.10", fields=("/quarter",))
    if request.corrects and not is_settled:
        return Refused("rule.9.10.unsettled", rule="9.10", fields=("/corrects",))
    return None


@rule("9.10", "What was collected and what was handed over are the same, or the settlement says why not")
def difference_is_explained(_matter: Matter | None, request: SettleFees, _context: Context) -> Refused | None:
    """Kind by kind; blank words explain nothing."""
    differs = any(one.collected != one.handed_over for one in request.sums)
    if not differs or (request.difference or "").strip():
        return None
    return Refused("rule.9.10.difference", rule="9.10", fields=("/difference",))


_SETTLE: tuple[Check[Matter | None, SettleFees], ...] = (
    settler_is_one_of_both,
    quarter_is_over,
    quarter_is_settled_once,
    difference_is_explained,
)


@rule("9.10", "A quarter is settled in the time that the profile gives after its end")
def settle_by(quarter: str, context: Context) -> datetime | None:
    """None where it gives none: the text says every quarter, and no day."""
    return settlement_limit(context.law.calendar, context.law.profile, quarter)


def _next_limit(quarter: str, context: Context) -> datetime | None:
    try:
        return settle_by(after(quarter), context)
    except CalendarYearError:  # its days off are not known yet
        return None


@rule(
    "9.10", "The first quarter in which a one-stop collected for an agency is watched as the later ones are"
)
def first_quarter(matter: Matter | None, request: WatchFees, context: Context) -> datetime | None:
    """Until when; None where something is on record of the two, or the profile gives no time."""
    return settle_by(request.quarter, context) if matter is None else None


def watch(matter: Matter | None, request: WatchFees, context: Context) -> Decision:
    """Both are told that the quarter has to be settled; later ones are watched from each settlement on."""
    limit = first_quarter(matter, request, context)
    if limit is None:
        return Refused("rule.9.10.watched", rule="9.10", fields=("/quarter",))
    return Accepted((FeesWatched(**dict(request), settle_by=limit),), (first_quarter.id,))


def settle(matter: Matter | None, request: SettleFees, context: Context) -> Decision:
    """The quarter is settled; a late settlement is recorded as late, and a correction is never late."""
    if (refused := first_refusal(_SETTLE, matter, request, context)) is not None:
        return refused
    limit = settle_by(request.quarter, context)
    late = violation(context, None if request.corrects else limit, "9.10")
    if isinstance(late, Refused):
        return late
    settler = _settler(request, context)
    assert settler is not None
    fact = FeesSettled(
        organisation=request.organisation,
        agency=request.agency,
        quarter=request.quarter,
        sums=request.sums,
        difference=request.difference,
        document=request.document,
        officer=request.officer,
        corrects=request.corrects,
        collected=sum(one.collected for one in request.sums),
        handed_over=sum(one.handed_over for one in request.sums),
        by=settler,
        settle_by=limit,
        next_by=_next_limit(request.quarter, context),
    )
    return Accepted((fact, *late), (*ids_of(_SETTLE), settle_by.id))
