"""Originals (Art. 18.2): taken to be copied, compared or authenticated, and given back."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.components import known
from hub.dossier.rules.late import seconds_late
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import foreign_organisation
from hub.dossier.state.model import Dossier
from schemas.due import RuleViolated
from schemas.original import OriginalReturned, OriginalTaken, ReturnOriginal, TakeOriginal


@rule("18.2", "An office takes originals for itself")
def taker_speaks(dossier: Dossier, request: TakeOriginal, context: Context) -> Refused | None:
    """The one-stop or the agency of the dossier, and nobody in its name."""
    is_office = request.organisation in {dossier.organisation, dossier.agency}
    return (
        None if is_office and request.organisation in context.sender.organisations else foreign_organisation()
    )


@rule("18.2", "An original is taken of a component of the dossier")
def original_is_of_a_component(dossier: Dossier, request: TakeOriginal, context: Context) -> Refused | None:
    """One that is lodged, or that stands in the published list."""
    entry = known(dossier.procedure, context)
    codes = {item.code for item in dossier.components}
    codes |= {item.code for item in entry.components} if entry is not None else set()
    if request.component not in codes:
        return Refused("rule.18.2.component", rule="18.2", fields=("/component",))
    return None


@rule("18.2", "The time of the return is that of the law of the sector, which is named, and lies ahead")
def time_is_of_the_sector(_dossier: Dossier, request: TakeOriginal, context: Context) -> Refused | None:
    """No office sets itself a time."""
    if request.return_by is None:
        return None
    if request.sector_law is None or not request.sector_law.strip():
        return Refused("rule.18.2.law", rule="18.2", fields=("/sector_law",))
    if request.return_by <= context.now:
        return Refused("rule.18.2.law", rule="18.2", fields=("/return_by",))
    return None


_TAKE: tuple[Check[Dossier, TakeOriginal], ...] = (
    taker_speaks,
    original_is_of_a_component,
    time_is_of_the_sector,
)


def take(dossier: Dossier, request: TakeOriginal, context: Context) -> Decision:
    """The office holds the original, which goes from hand to hand under a name of its own."""
    if (refused := first_refusal(_TAKE, dossier, request, context)) is not None:
        return refused
    fact = OriginalTaken(
        component=request.component,
        purpose=request.purpose,
        organisation=request.organisation,
        return_by=request.return_by,
        sector_law=request.sector_law,
        officer=request.officer,
        original=f"original-{len(dossier.originals) + 1}",
        taken_at=context.now,
    )
    return Accepted((fact,), ids_of(_TAKE))


@rule("18.2", "Who holds an original gives it back")
def holder_gives_back(dossier: Dossier, request: ReturnOriginal, context: Context) -> Refused | None:
    """Each taken, not given back yet, in the sender's hands, and named once."""
    under_way, missing = dossier.papers_under_way, dossier.missing_papers
    faults = tuple(
        f"/originals/{index}"
        for index, name in enumerate(request.originals)
        if name not in dossier.open_originals
        or dossier.custody[name] not in context.sender.organisations
        or name in under_way | missing
        or name in request.originals[:index]
    )
    return Refused("rule.18.2.original", rule="18.2", fields=faults) if faults else None


@rule("18.2", "An original that comes back after the time of the law of the sector is recorded as late")
def given_back_late(dossier: Dossier, request: ReturnOriginal, context: Context) -> tuple[RuleViolated, ...]:
    """Each with its delay."""
    limits = [dossier.originals[name].return_by for name in request.originals]
    return tuple(
        RuleViolated(rule="18.2", late_s=seconds_late(context.now, limit))
        for limit in limits
        if limit is not None and context.now > limit
    )


def give_back(dossier: Dossier, request: ReturnOriginal, context: Context) -> Decision:
    """The applicant has the originals again."""
    if (refused := holder_gives_back(dossier, request, context)) is not None:
        return refused
    fact = OriginalReturned(
        originals=request.originals,
        received_by=request.received_by,
        officer=request.officer,
        returned_at=context.now,
    )
    late = given_back_late(dossier, request, context)
    return Accepted((fact, *late), ids_of((holder_gives_back, given_back_late)))
