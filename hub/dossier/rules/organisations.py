"""Organisations by the imported register (Điều 3.10, 4.5-4.7, 16, 20.2); without one, all passes."""

from __future__ import annotations

from hub.dossier.decision import Context, Refused
from hub.dossier.rules.rule import Check, rule
from hub.dossier.state.model import Dossier
from hub.regulation.clock import local_day
from hub.regulation.organisations import ONE_STOPS, Organisation
from schemas.dossier import ForwardDossier, SubmitDossier


def _found(code: str, field: str, rule_id: str, context: Context) -> Organisation | Refused | None:
    """The organisation as it is today, or the refusal that names who follows it; None without a register."""
    known = context.registers.organisations
    if not known:
        return None
    today = local_day(context.now)
    found = known.on(code, today)
    if found is not None:
        return found
    if not known.is_known(code):
        return Refused("organisation.unknown", rule=rule_id, fields=(field,))
    return Refused("organisation.ended", rule=rule_id, fields=(field,), possible=known.followers(code, today))


def _is_own_office(request: SubmitDossier, context: Context) -> bool:
    known = context.registers.organisations
    return known.is_listed("own_office", request.procedure, local_day(context.now))


@rule("3.10", "Dossiers are taken in by a one-stop that is there on that day")
def one_stop_is_there(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """By the register: the centre or a section; an agency itself where the list of 4.5 says so."""
    found = _found(request.organisation, "/organisation", "3.10", context)
    if not isinstance(found, Organisation):
        return found
    is_exempt = request.organisation == request.agency and _is_own_office(request, context)
    if found.kind in ONE_STOPS or is_exempt:
        return None
    return Refused("organisation.no_one_stop", rule="3.10", fields=("/organisation",))


@rule("4.5", "What the Chairman's list exempts is taken in at the agency's own office")
def own_office_takes_in(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """The refusal names the agency, which is where the applicant goes."""
    if request.organisation == request.agency or not _is_own_office(request, context):
        return None
    return Refused("rule.4.5", rule="4.5", fields=("/organisation",), possible=(request.agency,))


@rule("4.6", "Vertical branches handle at the one-stop what the Prime Minister's list names")
def branch_is_listed(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """Their other procedures go by the rules of their own branch (25.1)."""
    known, today = context.registers.organisations, local_day(context.now)
    agency = known.on(request.agency, today)
    if agency is None or agency.kind != "vertical" or not known.is_kept("vertical"):
        return None
    if known.is_listed("vertical", request.procedure, today):
        return None
    return Refused("rule.4.6", rule="4.6", fields=("/procedure",))


@rule("4.7", "Beyond its own area a one-stop takes in what the Chairman's list names")
def area_is_its_own(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """The agency's area has the one-stop in it, or the procedure is listed; unsaid areas bind nobody."""
    if context.law.profile.intake.boundaries == "free":
        return None
    known, today = context.registers.organisations, local_day(context.now)
    one_stop, agency = known.on(request.organisation, today), known.on(request.agency, today)
    if one_stop is None or agency is None or agency.covers(one_stop):
        return None
    if known.is_listed("beyond_boundaries", request.procedure, today, one_stop.level):
        return None
    return Refused("rule.4.7", rule="4.7", fields=("/organisation",))


@rule("20.2", "The post is used for the procedures that the Chairman's list names")
def post_is_listed(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """For lodging and for the return; without an imported list the channels of the catalogue say it alone."""
    fields = tuple(
        field
        for field, channel in (("/channel", request.channel), ("/return_channel", request.return_channel))
        if channel == "post"
    )
    known = context.registers.organisations
    if not fields or not known.is_kept("post"):
        return None
    if known.is_listed("post", request.procedure, local_day(context.now)):
        return None
    return Refused("rule.20.2", rule="20.2", fields=fields)


def _competence(code: str, procedure: str, field: str, context: Context) -> Refused | None:
    found = _found(code, field, "16", context)
    if not isinstance(found, Organisation) or found.is_competent(procedure):
        return found if isinstance(found, Refused) else None
    return Refused("organisation.not_competent", rule="16", fields=(field,))


@rule("16", "The agency of a dossier is there on that day, and competent for the procedure")
def agency_is_competent(_dossier: None, request: SubmitDossier, context: Context) -> Refused | None:
    """By the register; the refusal of a merged one names who follows it."""
    return _competence(request.agency, request.procedure, "/agency", context)


@rule("16", "Who gets the dossier is there on that day, and competent for the procedure")
def target_is_there(dossier: Dossier, request: ForwardDossier, context: Context) -> Refused | None:
    """The same at the transfer: since the submission it may have been merged, or lost a competence."""
    if request.to == request.one_stop:
        return _competence(dossier.agency, dossier.procedure, "/to", context)
    return _competence(request.to, dossier.procedure, "/to", context)


SUBMITTED: tuple[Check[None, SubmitDossier], ...] = (
    one_stop_is_there,
    agency_is_competent,
    own_office_takes_in,
    branch_is_listed,
    area_is_its_own,
    post_is_listed,
)
"""What a submission is held against."""
