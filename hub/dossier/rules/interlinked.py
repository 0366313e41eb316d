"""Interlinked dossiers (Art. 17.6): parts of several agencies, on paper by turns, electronically at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.making import maker
from hub.dossier.rules.late import violation
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation, is_agency
from hub.dossier.state.model import Dossier, Leg
from hub.regulation.clock import local_day
from schemas.base import Fact, Request
from schemas.copy import HeldCopy
from schemas.dossier import Component, ForwardDossier
from schemas.leg import FinishLeg, LegFinished, LegOrder, LegsPlanned, LegStarted, PlannedLeg, StartLeg
from schemas.leg_plan import LegPlan
from schemas.party import Party

_ON_PAPER = frozenset({"in_person", "post"})


@rule("17.6.a", "Parts follow one another where the applicant lodged on paper, and else are told at once")
def order_of(dossier: Dossier, context: Context) -> LegOrder:
    """By how it was lodged, also when the paper was digitised; a profile may go by the papers."""
    if context.law.profile.interlinked.mode_by == "papers":
        return "sequence" if dossier.paper_codes else "at_once"
    return "sequence" if dossier.channel in _ON_PAPER else "at_once"


@rule("17.6.a", "The one-stop fixes the order of the agencies")
def order_is_clear(dossier: Dossier, request: ForwardDossier, context: Context) -> Refused | None:
    """Each part has its own name and needs earlier ones; on paper the list itself is the order."""
    if not request.legs:
        return None
    names = [leg.leg for leg in request.legs]
    faults = [f"/legs/{index}/leg" for index, name in enumerate(names) if name in names[:index]]
    on_paper = order_of(dossier, context) == "sequence"
    for index, leg in enumerate(request.legs):
        if leg.needs and (on_paper or not set(leg.needs) <= set(names[:index])):
            faults.append(f"/legs/{index}/needs")
    return Refused("rule.17.6.a.order", rule="17.6.a", fields=tuple(faults)) if faults else None


@rule("17.6.b", "Each agency is told in words what it has to do")
def tasks_are_in_words(_dossier: Dossier, request: ForwardDossier, _context: Context) -> Refused | None:
    """Blank words name no task."""
    faults = tuple([f"/legs/{index}/task" for index, leg in enumerate(request.legs) if not leg.task.strip()])
    return Refused("rule.17.6.b.task", rule="17.6.b", fields=faults) if faults else None


@rule("17.6.b", "Each agency of a part is there on that day")
def agencies_are_there(_dossier: Dossier, request: ForwardDossier, context: Context) -> Refused | None:
    """By the imported register; the first that is not is named with who follows it."""
    if not request.legs or not context.registers.organisations:
        return None
    known, day = context.registers.organisations, local_day(context.now)
    for index, leg in enumerate(request.legs):
        if known.on(leg.of, day) is None:
            code = "organisation.ended" if known.is_known(leg.of) else "organisation.unknown"
            followers = known.followers(leg.of, day)
            return Refused(code, rule="17.6.b", fields=(f"/legs/{index}/of",), possible=followers)
    return None


def _closing(begin: datetime, working_days: int, context: Context) -> datetime:
    calendar = context.law.calendar
    return calendar.closing(calendar.working_day_after(begin, working_days))


def _planned(dossier: Dossier, request: ForwardDossier, context: Context) -> tuple[PlannedLeg, ...]:
    """With what each needs, and its limit when nobody before it is late."""
    on_paper = order_of(dossier, context) == "sequence"
    limits: dict[str, datetime] = {}
    planned: list[PlannedLeg] = []
    for leg in request.legs:
        needs = (tuple(limits)[-1:]) if on_paper else leg.needs
        begin = max([context.now, *(limits[name] for name in needs)])
        limits[leg.leg] = _closing(begin, leg.working_days, context)
        values = {**dict(leg), "needs": needs, "finish_by": limits[leg.leg]}
        planned.append(PlannedLeg(**values))
    return tuple(planned)


@rule("17.6.b", "The limits of all parts lie inside the time of the whole")
def limits_are_inside(dossier: Dossier, request: ForwardDossier, context: Context) -> Refused | None:
    """The last of them is not after the due time of Form 01, however they follow one another."""
    if not request.legs or context.law.profile.interlinked.limits == "free" or dossier.due_at is None:
        return None
    legs = enumerate(_planned(dossier, request, context))
    faults = tuple(f"/legs/{index}/working_days" for index, leg in legs if leg.finish_by > dossier.due_at)
    return Refused("rule.17.6.b.limit", rule="17.6.b", fields=faults) if faults else None


PLANNED: tuple[Check[Dossier, ForwardDossier], ...] = (
    order_is_clear,
    tasks_are_in_words,
    agencies_are_there,
    limits_are_inside,
)
"""What the parts of a transfer are held against."""


def plan(dossier: Dossier, request: ForwardDossier, context: Context) -> Iterator[Fact]:
    """All are told at once of the plan; those that need nothing start, unless paper has to be passed on."""
    if not request.legs:
        return
    order, legs = order_of(dossier, context), _planned(dossier, request, context)
    assert dossier.code is not None
    assert dossier.due_at is not None
    yield LegsPlanned(
        lead=dossier.agency,
        order=order,
        code=dossier.code,
        procedure=dossier.procedure,
        due_at=dossier.due_at,
        legs=legs,
    )
    for leg in legs:
        if not leg.needs and not goes_by_slip(leg, order, dossier.agency):
            yield _started(dossier, leg, leg.leg, context)


def goes_by_slip(leg: LegPlan, order: LegOrder, lead: str) -> bool:
    """Whether paper has to be passed on for it: not where the lead begins, which has it by the transfer."""
    return order == "sequence" and (bool(leg.needs) or leg.of != lead)


def reachless(applicant: Party) -> Party:
    """Who the applicant is, without any way to reach them."""
    return applicant.model_copy(update={"phone": None, "email": None, "address": None})


def _started(
    dossier: Dossier, leg: Leg | LegPlan, name: str, context: Context, passing: StartLeg | None = None
) -> LegStarted:
    if context.applicant is None:
        raise ContextError("a part needs the applicant")
    assert dossier.code is not None
    return LegStarted(
        leg=name,
        of=leg.of,
        lead=dossier.agency,
        slip=passing.slip if passing is not None else None,
        passed_by=_passer(dossier, leg, context) if passing is not None else None,
        officer=passing.officer if passing is not None else None,
        code=dossier.code,
        procedure=dossier.procedure,
        components=given_components(dossier),
        copies=held_copies(dossier),
        applicant=reachless(context.applicant),
        started_at=context.now,
        finish_by=_closing(context.now, leg.working_days, context),
    )


def _passer(dossier: Dossier, leg: Leg | LegPlan, context: Context) -> str:
    """The lead, or the agency of the part before."""
    before = (dossier.legs[name].of for name in leg.needs)
    return next((of for of in before if of in context.sender.organisations), dossier.agency)


_component = maker(Component)


def given_components(dossier: Dossier) -> tuple[Component, ...]:
    """What the dossier has, as it goes to an agency."""
    return tuple(
        [
            _component(
                code=item.code,
                originals=item.originals,
                copies=item.copies,
                electronic=item.electronic,
                digitised=item.is_digitised,
            )
            for item in dossier.components
        ]
    )


def held_copies(dossier: Dossier) -> tuple[HeldCopy, ...]:
    """Its signed copies, by their digests."""
    return tuple(
        [
            HeldCopy(component=component, package=copy.package, manifest=copy.manifest)
            for component, copy in dossier.digitised.items()
        ]
    )


@rule("17.6.a", "A part is one that the one-stop has fixed")
def leg_is_known(dossier: Dossier, request: StartLeg | FinishLeg, _context: Context) -> Refused | None:
    """By its name in the plan."""
    if request.leg in dossier.legs:
        return None
    return Refused("rule.17.6.a.unknown", rule="17.6.a", fields=("/leg",))


@rule(
    "17.6.a", "On paper the agency that finished passes dossier and result to the next one, or the lead does"
)
def passer_is_right(dossier: Dossier, request: StartLeg, context: Context) -> Refused | None:
    """Nobody takes it by itself."""
    before = {dossier.legs[name].of for name in dossier.legs[request.leg].needs}
    if is_agency(dossier, context.sender) or not before.isdisjoint(context.sender.organisations):
        return None
    return foreign_organisation()


@rule("17.6.a", "The paper goes in the order that was fixed")
def turn_has_come(dossier: Dossier, request: StartLeg, context: Context) -> Refused | None:
    """Each part once, and after the one before it."""
    leg = dossier.legs[request.leg]
    if leg.by_slip and dossier.is_ready(leg):
        return None
    return conflict(dossier, context, "rule.17.6.a.turn", "17.6.a")


@rule("17.6.a", "A transfer slip goes with the paper")
def slip_is_named(_dossier: Dossier, request: StartLeg, _context: Context) -> Refused | None:
    """Number and day of the Phiếu chuyển xử lý; blank words name none."""
    if request.slip.strip():
        return None
    return Refused("rule.17.6.a.slip", rule="17.6.a", fields=("/slip",))


_START: tuple[Check[Dossier, StartLeg], ...] = (leg_is_known, passer_is_right, turn_has_come, slip_is_named)


def start(dossier: Dossier, request: StartLeg, context: Context) -> Decision:
    """The paper is passed on; the next agency's time runs."""
    if (refused := first_refusal(_START, dossier, request, context)) is not None:
        return refused
    fact = _started(dossier, dossier.legs[request.leg], request.leg, context, request)
    return Accepted((fact,), ids_of(_START))


@rule("17.6.b", "A part is finished once, while its time runs or after it")
def leg_is_open(dossier: Dossier, request: FinishLeg, context: Context) -> Refused | None:
    """Not before it has started."""
    if dossier.legs[request.leg].status == "started":
        return None
    return conflict(dossier, context, "rule.17.6.b.state", "17.6.b")


@rule("17.6.b", "The agency of a part enters its result; what came on paper the lead does, with its letter")
def finisher_is_right(dossier: Dossier, request: FinishLeg, context: Context) -> Refused | None:
    """Else nobody could go on where an agency is not connected."""
    sender = context.sender
    if dossier.legs[request.leg].of in sender.organisations:
        return None
    if not is_agency(dossier, sender):
        return foreign_organisation()
    if (request.letter or "").strip():
        return None
    return Refused("rule.17.6.b.letter", rule="17.6.b", fields=("/letter",))


@rule("17.6.b", "The result of a part is in words")
def part_result_is_in_words(_dossier: Dossier, request: FinishLeg, _context: Context) -> Refused | None:
    """Blank words are none."""
    if request.result.strip():
        return None
    return Refused("rule.17.6.b.result", rule="17.6.b", fields=("/result",))


_FINISH: tuple[Check[Dossier, FinishLeg], ...] = (
    leg_is_known,
    leg_is_open,
    finisher_is_right,
    part_result_is_in_words,
)


@rule("17.6.b", "A result goes to those that need it next, whose time runs from then on")
def next_legs(dossier: Dossier, request: FinishLeg, context: Context) -> tuple[LegStarted, ...]:
    """So that nobody's delay is charged to who comes after; on paper it has to be passed on."""
    if request.outcome != "done":
        return ()
    ended = replace(dossier.legs[request.leg], status="done")
    after = replace(dossier, legs={**dossier.legs, request.leg: ended})
    return tuple(
        _started(dossier, leg, name, context)
        for name, leg in after.legs.items()
        if request.leg in leg.needs and not leg.by_slip and after.is_ready(leg)
    )


def finish(dossier: Dossier, request: FinishLeg, context: Context) -> Decision:
    """The part's result is on record; a late one says by how much, and whose it was."""
    if (refused := first_refusal(_FINISH, dossier, request, context)) is not None:
        return refused
    leg = dossier.legs[request.leg]
    late = violation(context, leg.finish_by, "17.6.a" if leg.by_slip else "17.6.b")
    if isinstance(late, Refused):
        return late
    fact = LegFinished(
        leg=request.leg,
        officer=request.officer,
        outcome=request.outcome,
        result=request.result,
        letter=request.letter,
        of=leg.of,
        needed_by=_needed_by(dossier.legs, request.leg),
    )
    return Accepted((fact, *late, *next_legs(dossier, request, context)), (*ids_of(_FINISH), next_legs.id))


def _needed_by(legs: Mapping[str, Leg], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.of for one in legs.values() if name in one.needs))


@rule("17.6.a", "The lead gives the result to the one-stop when all parts are done")
def legs_are_finished(dossier: Dossier, _request: Request, context: Context) -> Refused | None:
    """Parts that need one that was not done never start; the lead answers for what that means (17.8)."""
    if not dossier.open_legs:
        return None
    return conflict(dossier, context, "rule.17.6.a.open", "17.6.a")
