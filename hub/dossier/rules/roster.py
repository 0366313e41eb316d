"""Officers by the imported roster (Điều 4.6, 5.2, 6.2.c, 7.1, 8, 19.7); what it does not list passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.parties import plain_name
from hub.dossier.rules.rule import Rule, rule
from hub.dossier.standing import decides_at_the_one_stop, is_agency, is_forwarded
from hub.dossier.state.model import Dossier
from hub.regulation.clock import local_day
from hub.regulation.organisations import Level, PostTask
from hub.regulation.roster import SIGNING
from schemas.base import Request
from schemas.copy import RegisterCopy
from schemas.dossier import AcceptDossier, RequestSupplement, SubmitDossier
from schemas.due import RuleViolated
from schemas.opinion import RequestOpinion
from schemas.party import Officer
from schemas.reminder import IssueReminder
from schemas.result import CorrectResult, IssueResult
from schemas.settlement import SettleFees
from schemas.ticket import CallTicket

_NAMED = ("officer", "taken_by", "officer_account", "assisted_by")
"""Fields of requests in which a one-stop names who acts."""

_NAME_IT = SubmitDossier | SettleFees | CallTicket
"""Requests that name their one-stop themselves."""

Marks = tuple[RuleViolated, ...] | Refused


def _officers(request: Request) -> Iterator[tuple[str, str, str | None]]:
    """Field, account, and the name where one is given, of who acts in a request."""
    for field in _NAMED:
        found = getattr(request, field, None)
        if isinstance(found, Officer):
            yield f"/{field}", found.account, found.name
        elif isinstance(found, str):
            yield f"/{field}", found, None


def _one_stop(dossier: Dossier | None, request: Request, context: Context) -> str | None:
    """The one-stop in whose name the sender acts; None for an act of an agency or of nobody's counter."""
    sender = context.sender
    if "counter" not in request.roles & sender.roles:
        return None
    if dossier is None:
        code = request.organisation if isinstance(request, _NAME_IT) else None
    elif is_forwarded(dossier) and is_agency(dossier, sender):
        return None
    else:
        code = dossier.organisation
    return code if code in sender.organisations else None


def _unlisted(level: Level, dossier: Dossier | None, request: Request, context: Context) -> tuple[str, ...]:
    """Fields that name somebody who is not on the roster of a one-stop of this level on this day."""
    roster, code = context.registers.roster, _one_stop(dossier, request, context)
    if code is None or roster.level_of(code) != level:
        return ()
    day, wrong = local_day(context.now), []
    for field, account, name in _officers(request):
        posting = roster.posted(code, account, day)
        if posting is None or (name is not None and plain_name(posting.name) != plain_name(name)):
            wrong.append(field)
    return tuple(wrong)


@rule("8.1.c", "At the provincial centre officers of the approved list act, official or reserve")
def provincial_officer_is_listed(
    dossier: Dossier | None, request: Request, context: Context
) -> Refused | None:
    """By account and name, on the day of the act."""
    fields = _unlisted("province", dossier, request, context)
    return Refused("officer.not_listed", rule="8.1.c", fields=fields) if fields else None


@rule("8.2.c", "At a district one-stop officers of the approved list act")
def district_officer_is_listed(dossier: Dossier | None, request: Request, context: Context) -> Refused | None:
    """By account and name, on the day of the act."""
    fields = _unlisted("district", dossier, request, context)
    return Refused("officer.not_listed", rule="8.2.c", fields=fields) if fields else None


@rule("8.3.b", "At a commune one-stop the civil servants act whom its Chairman has assigned")
def commune_officer_is_listed(dossier: Dossier | None, request: Request, context: Context) -> Refused | None:
    """By account and name, on the day of the act."""
    fields = _unlisted("commune", dossier, request, context)
    return Refused("officer.not_listed", rule="8.3.b", fields=fields) if fields else None


@rule("19.7", "Who signs results is the agency's head or deputy, or has an authority to sign on record")
def signer_is_authorised(dossier: Dossier | None, request: Request, context: Context) -> Refused | None:
    """By authority of 8.3.a at a commune, of 19.7 elsewhere, and of who corrects one as of who issues it.

    Asked of agencies whose officers are listed.
    """
    if dossier is None or not isinstance(request, IssueResult | CorrectResult):
        return None
    roster, code, account = context.registers.roster, dossier.agency, request.signer.account
    if roster.level_of(code) is None:
        return None
    day = local_day(context.now)
    posting = roster.posted(code, account, day)
    if posting is not None and posting.position in {"head", "deputy"}:
        return None
    if roster.may(code, account, SIGNING, dossier.procedure, day):
        return None
    return Refused("officer.may_not_sign", rule="19.7", fields=("/signer",))


@rule("6.2.c", "A one-stop decides itself what the agency has assigned or delegated to its officer")
def one_stop_may_decide(dossier: Dossier, request: IssueResult, context: Context) -> Refused | None:
    """By an authority on record for this procedure on this day, whatever else is asked of officers.

    Its officer, or who was posted there to sign on the spot for a commune (8.3.a) or an agency (19.7), and is
    on its list of that day, where it has one.
    """
    if not decides_at_the_one_stop(dossier, request, context.sender):
        return None
    day, roster, account = local_day(context.now), context.registers.roster, request.signer.account
    one_stop = dossier.organisation
    is_its_own = roster.level_of(one_stop) is None or roster.posted(one_stop, account, day) is not None
    if is_its_own and roster.may(dossier.agency, account, SIGNING, dossier.procedure, day):
        return None
    return Refused("officer.may_not_decide", rule="6.2.c", fields=("/signer",))


@rule("17.5.a", "A one-stop asks for opinions by an authority on record")
def asker_is_authorised(dossier: Dossier | None, request: Request, context: Context) -> Refused | None:
    """The officer who asks has it; the document alone, which the request names, does where no roster is."""
    code = _one_stop(dossier, request, context)
    if dossier is None or code is None or not isinstance(request, RequestOpinion):
        return None
    roster, account = context.registers.roster, request.officer.account
    if roster.level_of(code) is None:
        return None
    if roster.may(code, account, frozenset({"17.5.a"}), dossier.procedure, local_day(context.now)):
        return None
    return Refused("officer.may_not_ask", rule="17.5.a", fields=("/delegation",))


@rule("4.6", "What a vertical branch handles is taken in by the officers whom it posts to the one-stop")
def branch_officer_acts(dossier: Dossier | None, request: Request, context: Context) -> Refused | None:
    """Where the roster has such officers of this branch there on that day."""
    code = _one_stop(dossier, request, context)
    if dossier is None or code is None or not isinstance(request, AcceptDossier):
        return None
    day, roster = local_day(context.now), context.registers.roster
    branch = context.registers.organisations.on(dossier.agency, day)
    posted = roster.sent(code, dossier.agency, day)
    if branch is None or branch.kind != "vertical" or not posted or request.officer.account in posted:
        return None
    return Refused("officer.not_of_branch", rule="4.6", fields=("/officer",))


_TASKS: Mapping[type[Request], PostTask] = {
    AcceptDossier: "receive", RequestSupplement: "guide", RegisterCopy: "digitise",
}  # fmt: skip


@rule("5.2", "Staff of the post do at the one-stop what the province has assigned to the post")
def post_has_the_task(dossier: Dossier | None, request: Request, context: Context) -> Refused | None:
    """By the register of organisations, for who is posted there by a public post."""
    code, task = _one_stop(dossier, request, context), _TASKS.get(type(request))
    if code is None or task is None:
        return None
    day, known = local_day(context.now), context.registers.organisations
    for field, account, _ in _officers(request):
        posting = context.registers.roster.posted(code, account, day)
        if posting is None or posting.sent_by is None:
            continue
        sender = known.on(posting.sent_by, day)
        if sender is not None and sender.kind == "post" and task not in sender.tasks:
            return Refused("officer.no_task_of_post", rule="5.2", fields=(field,), possible=sender.tasks)
    return None


@rule("7.1", "The head of the one-stop signs its urging letters")
def letter_is_the_heads(dossier: Dossier | None, request: Request, context: Context) -> Refused | None:
    """By account, where the one-stop's officers are listed with a head."""
    code = _one_stop(dossier, request, context)
    if code is None or not isinstance(request, IssueReminder) or request.letter is None:
        return None
    heads = context.registers.roster.heads(code, local_day(context.now))
    if not heads or request.letter.signer.account in heads:
        return None
    return Refused("officer.not_head", rule="7.1", fields=("/letter/signer",))


_Check = Rule[[Dossier | None, Request, Context], Refused | None]


@cache
def checks_of(request: type[Request]) -> tuple[_Check, ...]:
    """The rules of this file that look at requests of this type."""
    if request in {IssueResult, CorrectResult}:
        return (signer_is_authorised,)
    names_somebody = any(field in request.model_fields for field in _NAMED)
    if not names_somebody or "counter" not in request.roles:
        return ()
    listed = (provincial_officer_is_listed, district_officer_is_listed, commune_officer_is_listed)
    return (*listed, *_OTHERS.get(request, ()))


_OTHERS: Mapping[type[Request], tuple[_Check, ...]] = {
    RequestOpinion: (asker_is_authorised,),
    AcceptDossier: (branch_officer_acts, post_has_the_task),
    RequestSupplement: (post_has_the_task,),
    RegisterCopy: (post_has_the_task,),
    IssueReminder: (letter_is_the_heads,),
}
"""Beside the lists of the three levels."""


def marks_of(dossier: Dossier | None, request: Request, context: Context) -> Marks:
    """What the roster says of who acts, as the profile wants it: nothing, on record, or a refusal."""
    choice = context.law.profile.officers.unlisted
    if choice == "ignore" or not context.registers.roster:
        return ()
    wrong = [
        found for check in checks_of(type(request)) if (found := check(dossier, request, context)) is not None
    ]
    if wrong and choice == "refuse":
        return wrong[0]
    return tuple(RuleViolated(rule=found.rule or "", late_s=0) for found in wrong)


def with_marks(decision: Decision, marks: Marks) -> Decision:
    """The violations stand behind what the act makes; a refusal stays what it is."""
    if not marks:
        return decision
    if isinstance(decision, Refused):
        return decision
    if isinstance(marks, Refused):
        return marks
    return Accepted((*decision.facts, *marks), decision.rules)
