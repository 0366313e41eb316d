"""What a supplement brings (Art. 14.1, 17.4): answers to Form 02, and the clock that starts anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.components import components_are_published, known
from hub.dossier.rules.custody import given_at_counter
from hub.dossier.rules.duties import ANSWER_TOLD, PAPERS_BACK
from hub.dossier.rules.late import unfired
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import is_one_stop
from hub.dossier.state.model import Dossier, Holding
from hub.regulation.catalogue import HandlingTime
from hub.regulation.deadlines import due_after_supplement
from schemas.dossier import Component, Components, DossierSupplemented, SupplementAdded, SupplementDossier


@rule("14.3", "A supplement brings nothing beyond the published components")
def supplemented_components_are_published(
    dossier: Dossier, request: SupplementDossier, context: Context
) -> Refused | None:
    """The same measure as at acceptance."""
    return components_are_published(dossier.procedure, request.components, context)


@rule("14.1", "An answer in words names its point of Form 02 and says something")
def answers_are_to_points(dossier: Dossier, request: SupplementDossier, context: Context) -> Refused | None:
    """Blank words are no answer; points are counted from 1, as they stand in Form 02."""
    faults = [
        f"/answers/{index}/answer" for index, one in enumerate(request.answers) if not one.answer.strip()
    ]
    if faults:
        return Refused("rule.14.1.blank", rule="14.1", fields=tuple(faults))
    if context.law.profile.supplement.answers == "any":
        return None
    named = {number for number, _ in dossier.open_points}
    faults = [
        f"/answers/{index}/point" for index, one in enumerate(request.answers) if one.point not in named
    ]
    return Refused("rule.14.1.point", rule="14.1", fields=tuple(faults)) if faults else None


@rule("14.1", "A supplement answers Form 02")
def form_02_is_answered(dossier: Dossier, request: SupplementDossier, context: Context) -> Refused | None:
    """It brings at least one of the papers that were asked for, or an answer to one of the points.

    Nothing more is needed once all of them were reused in the meantime (15.6.b).
    """
    if context.law.profile.supplement.answers == "any":
        is_answered = bool(request.components or request.answers)
    else:
        is_answered = len(still_open(dossier, request)) < len(dossier.open_points) or not dossier.open_points
    return None if is_answered else Refused("rule.14.1", rule="14.1", fields=("/components", "/answers"))


@rule("17.4", "Only the one-stop takes a dossier as full although points of Form 02 are open")
def taker_is_the_one_stop(dossier: Dossier, request: SupplementDossier, context: Context) -> Refused | None:
    """An officer answers for it by name; the portal cannot say it for the applicant."""
    if request.taken_by is None or is_one_stop(dossier, context.sender):
        return None
    return Refused("rule.17.4.taken", rule="17.4", fields=("/taken_by",))


_SUPPLEMENT: tuple[Check[Dossier, SupplementDossier], ...] = (
    supplemented_components_are_published,
    answers_are_to_points,
    form_02_is_answered,
    taker_is_the_one_stop,
)


def still_open(dossier: Dossier, request: SupplementDossier) -> tuple[int, ...]:
    """The points of Form 02 that are open after this supplement, by their numbers."""
    brought = {item.code for item in request.components}
    answered = {one.point for one in request.answers}
    return tuple(
        number
        for number, component in dossier.open_points
        if number not in answered and (not component or component not in brought)
    )


def together(held: Iterable[Holding], brought: Components) -> Components:
    """What the dossier has afterwards: nothing leaves it; what is brought again is the same component."""
    new = {item.code: item for item in brought}
    kept = tuple(_joined(item, new.pop(item.code, None)) for item in held)
    return (*kept, *new.values())


def _joined(held: Holding, brought: Component | None) -> Component:
    if brought is None:
        brought = Component(code=held.code, originals=0, copies=0, electronic=held.electronic)
    return Component(
        code=held.code,
        originals=max(held.originals, brought.originals),
        copies=max(held.copies, brought.copies),
        electronic=held.electronic and brought.electronic,
        digitised=held.is_digitised or brought.digitised,
    )


@rule("17.4", "Handling time is counted again from the start once the dossier is full")
def new_due_time(dossier: Dossier, context: Context) -> datetime | None:
    """The due time after the supplement; None at intake, where no clock runs yet."""
    if dossier.supplement_stage == "intake":
        return None
    assert dossier.handling is not None
    assert dossier.due_at is not None
    assert dossier.supplement_requested_at is not None
    entry = known(dossier.procedure, context)
    return due_after_supplement(
        context.law.calendar,
        context.law.profile,
        HandlingTime.read(dossier.handling),
        due=dossier.due_at,
        requested_at=dossier.supplement_requested_at,
        completed_at=context.now,
        same_day_cutoff=entry.same_day_cutoff if entry else None,
    )


def receipt_anew(context: Context) -> str | None:
    """The number of Form 01 where the time counted from the start is told by a new one (17.4)."""
    profile = context.law.profile
    if profile.supplement.after == "extend" or profile.supplement.on_restart_receipt == "keep":
        return None
    return profile.form("receipt").number


def _handed_in(dossier: Dossier, request: SupplementDossier, context: Context) -> tuple[str, ...]:
    if not is_one_stop(dossier, context.sender):
        return ()
    papers = (item.code for item in request.components if not item.electronic)
    return given_at_counter(dossier, papers)


def supplement(dossier: Dossier, request: SupplementDossier, context: Context) -> Decision:
    """The dossier goes on where it stood once it is full, or an officer takes it so; until then it waits."""
    if (refused := first_refusal(_SUPPLEMENT, dossier, request, context)) is not None:
        return refused
    components = together(dossier.components, request.components)
    points = still_open(dossier, request)
    handed_in = _handed_in(dossier, request, context)
    if points and request.taken_by is None:
        missed = unfired(dossier, context, ANSWER_TOLD)
        added = SupplementAdded(
            components=components,
            answers=request.answers,
            open_points=points,
            handed_in=handed_in,
            added_at=context.now,
        )
        return Accepted((*missed, added), ids_of(_SUPPLEMENT))
    due_at = new_due_time(dossier, context)
    form = receipt_anew(context) if due_at else None
    fact = DossierSupplemented(
        components=components,
        answers=request.answers,
        open_points=points,
        taken_by=request.taken_by if points else None,
        handed_in=handed_in,
        supplemented_at=context.now,
        due_at=due_at,
        form=form,
    )
    missed = unfired(dossier, context, ANSWER_TOLD, PAPERS_BACK)
    return Accepted((*missed, fact), ids_of(_SUPPLEMENT) + ((new_due_time.id,) if due_at else ()))
