"""Transfer (Art. 16): the accepted dossier goes to the competent agency, and the agency has it."""

from __future__ import annotations

from datetime import datetime

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.making import maker
from hub.dossier.rules.copies import copies_are_signed
from hub.dossier.rules.identity_paper import known_of
from hub.dossier.rules.interlinked import PLANNED, given_components, held_copies, plan
from hub.dossier.rules.late import violation
from hub.dossier.rules.levels import FORWARDED, watched
from hub.dossier.rules.organisations import target_is_there
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import may_receive
from hub.dossier.state.model import Dossier
from hub.regulation.deadlines import forward_electronic_limit, forward_paper_limit
from hub.regulation.law import Law
from schemas.dossier import (
    DossierForwarded,
    DossierReceived,
    ForwardDossier,
    ReceiveDossier,
)


@rule("16", "A dossier goes to the competent agency and nowhere else")
def target_is_competent(dossier: Dossier, request: ForwardDossier, _context: Context) -> Refused | None:
    """The agency is the one named at submission; its own one-stop, which is named too, takes it in (16.3)."""
    if request.to not in {dossier.agency, request.one_stop}:
        return Refused("rule.16", rule="16", fields=("/to",))
    return None


@rule("16.2", "Paper is handed on the same working day, or at the next opening after 15:00")
def paper_limit(dossier: Dossier, has_paper: bool, accepted_at: datetime, law: Law) -> datetime | None:
    """Until when paper must be handed on; None for an electronic dossier, which goes at once (16.1).

    One for another agency may have the time of paper (16.3, `other_agency_electronic`).
    """
    forward = law.profile.forward
    goes_elsewhere = dossier.agency != dossier.organisation
    has_time = has_paper or (goes_elsewhere and forward.other_agency_electronic == "as_paper")
    if not has_time or (forward.paper_scope == "in_person" and dossier.channel != "in_person"):
        return None
    return forward_paper_limit(law.calendar, law.profile, accepted_at)


@rule("16.1", "The electronic dossier goes right after acceptance")
def electronic_limit(dossier: Dossier, accepted_at: datetime, law: Law) -> datetime | None:
    """Its own clock beside that of the paper; None under a profile that has one for both.

    One for another agency may have the time of paper (16.3, `other_agency_electronic`).
    """
    goes_elsewhere = dossier.agency != dossier.organisation
    limit = forward_electronic_limit(law.calendar, law.profile, accepted_at)
    if limit is not None and goes_elsewhere and law.profile.forward.other_agency_electronic == "as_paper":
        return forward_paper_limit(law.calendar, law.profile, accepted_at)
    return limit


@rule("16.2", "The clock of the paper runs while the one-stop holds it")
def hand_on_limit(dossier: Dossier, held_from: datetime, law: Law) -> datetime | None:
    """Until when the one-stop hands on what it holds; None when it holds none, or is the agency itself."""
    if dossier.agency == dossier.organisation or not held_papers(dossier):
        return None
    return paper_limit(dossier, True, held_from, law)


def held_papers(dossier: Dossier) -> tuple[str, ...]:
    """The applicant's papers that the one-stop has and has not given on."""
    return papers_held_by(dossier, dossier.organisation)


def papers_held_by(dossier: Dossier, holder: str) -> tuple[str, ...]:
    """The applicant's papers that somebody has and has not given on."""
    under_way, custody = dossier.papers_under_way, dossier.custody
    return tuple(
        [code for code in dossier.paper_codes if custody.get(code) == holder and code not in under_way]
    )


def has_two_clocks(law: Law) -> bool:
    """Whether the electronic dossier and the paper are watched each by itself."""
    return law.profile.forward.electronic_working_minutes is not None


_FORWARD: tuple[Check[Dossier, ForwardDossier], ...] = (
    target_is_there,
    target_is_competent,
    *FORWARDED,
    *PLANNED,
    copies_are_signed,
)


_forwarded = maker(DossierForwarded)


def forward(dossier: Dossier, request: ForwardDossier, context: Context) -> Decision:
    """Send the dossier to the agency with what it needs to work on it; a late transfer is recorded (16.1).

    The paper goes by hand-over (16.2), except under a profile that has one clock for both.
    """
    if (refused := first_refusal(_FORWARD, dossier, request, context)) is not None:
        return refused
    if context.applicant is None:
        raise ContextError("forwarding needs the applicant")
    assert dossier.code is not None
    assert dossier.due_at is not None
    assert dossier.accepted_at is not None
    if has_two_clocks(context.law):
        late = violation(context, electronic_limit(dossier, dossier.accepted_at, context.law), "16.1")
    else:
        limit = paper_limit(dossier, bool(dossier.paper_codes), dossier.accepted_at, context.law)
        late = violation(context, limit, "16.2")
    if isinstance(late, Refused):
        return late
    fact = _forwarded(
        officer=request.officer,
        to=request.to,
        code=dossier.code,
        procedure=dossier.procedure,
        components=given_components(dossier),
        copies=held_copies(dossier),
        applicant=context.applicant,
        identity=known_of(dossier),
        due_at=dossier.due_at,
    )
    clock = electronic_limit if has_two_clocks(context.law) else paper_limit
    others = (*watched(dossier, request, context), *plan(dossier, request, context))
    return Accepted((fact, *late, *others), (*ids_of(_FORWARD), clock.id))


def receive(dossier: Dossier, request: ReceiveDossier, _context: Context) -> Decision:
    """The agency acknowledges the electronic dossier."""
    return Accepted((DossierReceived(officer=request.officer, agency=dossier.agency),), (may_receive.id,))
