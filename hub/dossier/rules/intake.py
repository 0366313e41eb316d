"""Intake (Art. 14.3, 15): the one-stop accepts a dossier and gives it its code and due time."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.errors import ContextError
from hub.dossier.making import maker
from hub.dossier.rules.completeness import dossier_is_whole, with_reused
from hub.dossier.rules.components import components_are_published, published
from hub.dossier.rules.custody import given_at_counter
from hub.dossier.rules.digitising import is_due, paper_stays_paper, with_duties
from hub.dossier.rules.hours import counter_is_open
from hub.dossier.rules.identity import refusal_of
from hub.dossier.rules.identity_paper import known_of
from hub.dossier.rules.late import violation
from hub.dossier.rules.rule import Check, HasId, first_refusal, ids_of, rule
from hub.dossier.state.model import Dossier
from hub.regulation.catalogue import HandlingTime, Procedure
from hub.regulation.deadlines import due_time
from schemas.dossier import AcceptDossier, DossierAccepted


@rule("15.6.a", "The applicant's identity is checked before acceptance")
def identity_is_checked(dossier: Dossier, _request: AcceptDossier, context: Context) -> Refused | None:
    """Needs an answer, or the officer's check of the paper; could-not-ask is no mismatch.

    Organisations with a tax code and foreigners with a travel document are not in the population database:
    the officer's check is the one that counts. Of citizens the database is asked first; while it does not
    answer, the paper may do (`unasked_identity`): the check goes on, and its outcome reaches the agency.
    """
    intake = context.law.profile.intake
    is_seen = "owner" in dossier.papers_checked
    if dossier.is_owner_checked_by_hand:
        is_done = is_seen or intake.hand_check == "assumed"
        return None if is_done else Refused("identity.paper_unchecked", rule="15.6.a")
    outcome = dossier.owner.outcome
    if is_seen and outcome != "none" and intake.unasked_identity == "paper":
        return None
    match outcome:
        case "matched" | "mismatched":
            return None
        case "requested":
            return Refused("identity.pending", rule="15.6.a")
        case "unavailable":
            return Refused(refusal_of(dossier.owner.cause), rule="15.6.a")
        case "none":
            return Refused("identity.not_checked", rule="15.6.a")


@rule("15.6.b2", "Where the population database disagrees about a person, the officer sees the paper")
def identity_is_no_mismatch(dossier: Dossier, _request: AcceptDossier, context: Context) -> Refused | None:
    """Also for a proxy that was asked about; asking about the proxy is the officer's choice.

    The dossier is received on paper then, with the mismatch on record; data are corrected by sector law.
    """
    takes_paper = context.law.profile.intake.mismatch_identity == "paper"
    for party, known in (("owner", dossier.owner), ("proxy", dossier.proxy)):
        if known.outcome == "mismatched" and not (takes_paper and party in dossier.papers_checked):
            return Refused("rule.15.6.b2.identity", rule="15.6.b2")
    return None


@rule("3.8", "Dossiers are accepted only while the procedure is in force")
def procedure_is_still_in_force(
    dossier: Dossier, _request: AcceptDossier, context: Context
) -> Refused | None:
    """A procedure may end between submission and acceptance: then the one-stop declines."""
    if published(dossier.procedure, context) is None:
        return Refused("rule.3.8", rule="3.8")
    return None


@rule("14.3", "Exactly the published components are accepted, in the published numbers")
def accepted_components_are_published(
    dossier: Dossier, request: AcceptDossier, context: Context
) -> Refused | None:
    """Each component is published for the procedure, with no more originals or copies than published, once.

    There is at least one when the list has any, and nothing was reused. The number of sets is not published;
    it is taken as the officer counts it.
    """
    if request.components or dossier.reused:
        return components_are_published(dossier.procedure, request.components, context)
    procedure = published(dossier.procedure, context)
    if procedure is not None and procedure.components:
        return Refused("rule.14.3", rule="14.3", fields=("/components",))
    return None


@rule("15.4", "Form 01 may be left out only where the result is given at once")
def form_01_may_be_left_out(dossier: Dossier, request: AcceptDossier, context: Context) -> Refused | None:
    """By the published time that applies; the national record has no mark: the administrator says it.

    "In the day" is not at once: there Form 01 says the day.
    """
    if request.form_01:
        return None
    procedure = published(dossier.procedure, context)
    if procedure is None or not procedure.is_immediate(dossier.channel, request.case):
        return Refused("rule.15.4", rule="15.4", fields=("/form_01",))
    return None


_ACCEPT: tuple[Check[Dossier, AcceptDossier], ...] = (
    counter_is_open,
    identity_is_no_mismatch,
    identity_is_checked,
    procedure_is_still_in_force,
    accepted_components_are_published,
    paper_stays_paper,
    form_01_may_be_left_out,
)
"""Before the time that applies is known."""


@rule("15.1.a", "Form 01 names the published handling time that applies")
def handling_time_of(
    dossier: Dossier, request: AcceptDossier, procedure: Procedure, context: Context
) -> HandlingTime | Refused:
    """The one published time of the channel, or the one that the officer names by `case`, or altogether."""
    if request.named_time is not None:
        refused = time_may_be_named(dossier, request, procedure, context)
        return refused or HandlingTime.read(request.named_time.time)
    if request.case is not None:
        choice = procedure.choice(dossier.channel, request.case)
        found = choice.time if choice else None
    else:
        found = procedure.handling_time(dossier.channel)
    if found is not None:
        return found
    choices = tuple(choice.id for choice in procedure.choices(dossier.channel))
    code = "handling_time.ambiguous" if choices else "handling_time.unpublished"
    return Refused(code, rule="15.1.a", fields=("/case",), possible=choices)


@rule("15.1.a", "Where no usable time is published an officer names it, with where it stands")
def time_may_be_named(
    dossier: Dossier, request: AcceptDossier, procedure: Procedure, context: Context
) -> Refused | None:
    """Never beside a published one; blank words are no source; a profile may let nobody name one."""
    choices = tuple(choice.id for choice in procedure.choices(dossier.channel))
    if choices or context.law.profile.intake.unpublished_time == "refuse":
        return Refused("handling_time.published", rule="15.1.a", fields=("/named_time",), possible=choices)
    if request.named_time is None or not request.named_time.source.strip():
        return Refused("handling_time.named", rule="15.1.a", fields=("/named_time/source",))
    return None


@rule("15.3", "Each dossier gets one code, at acceptance and not before")
def issued_code(context: Context) -> str | Refused:
    """The next code of the one-stop, drawn when all else is decided: a refusal uses none up."""
    if context.next_code is None:
        raise ContextError("an acceptance needs next_code")
    return context.next_code() or Refused("codes.used_up", rule="15.3")


@rule("15.3", "A dossier that was lodged online gets Form 01, or its code alone where the regulation says so")
def gets_form_01(dossier: Dossier, request: AcceptDossier, context: Context) -> bool:
    """By the profile's `online_receipt`; elsewhere as the officer asks (15.4)."""
    is_code_only = dossier.channel == "online" and context.law.profile.intake.online_receipt == "code_only"
    return request.form_01 and not is_code_only


@rule("12.2", "Acceptance moves no paper that somebody else holds")
def papers_on_the_counter(dossier: Dossier, request: AcceptDossier) -> tuple[str, ...]:
    """Only what an applicant lodges in person changes hands here; all else by recorded hand-over (21.2)."""
    if dossier.channel != "in_person":
        return ()
    return given_at_counter(dossier, [item.code for item in request.components if not item.electronic])


_ALL_OF_ACCEPTANCE: tuple[HasId, ...] = (*_ACCEPT, handling_time_of, dossier_is_whole, issued_code, is_due)
_accepted = maker(DossierAccepted)


def accept(dossier: Dossier, request: AcceptDossier, context: Context) -> Decision:
    """Take the dossier as complete: code, due time, Form 01 (15.1.a, 15.3)."""
    if (refused := first_refusal(_ACCEPT, dossier, request, context)) is not None:
        return refused
    procedure = published(dossier.procedure, context)
    assert procedure is not None
    handling = handling_time_of(dossier, request, procedure, context)
    if isinstance(handling, Refused):
        return handling
    late = violation(context, dossier.intake_limit, "15.2")
    if isinstance(late, Refused):
        return late
    if (refused := dossier_is_whole(dossier, request, context)) is not None:
        return refused
    law = context.law
    due_at = due_time(law.calendar, law.profile, handling, context.now, procedure.same_day_cutoff)
    code = issued_code(context)
    if isinstance(code, Refused):
        return code
    fact = _accepted(
        code=code,
        procedure=dossier.procedure,
        organisation=dossier.organisation,
        agency=dossier.agency,
        officer=request.officer,
        components=with_duties(
            dossier, with_reused(dossier, request.components), procedure, context.law.profile
        ),
        sets=request.sets,
        handling=handling.text,
        accepted_at=context.now,
        due_at=due_at,
        handed_in=papers_on_the_counter(dossier, request),
        form="01" if gets_form_01(dossier, request, context) else None,
        identity=known_of(dossier),
        not_needed=request.not_needed,
        named_time=request.named_time,
    )
    return Accepted((fact, *late), ids_of(_ALL_OF_ACCEPTANCE))
