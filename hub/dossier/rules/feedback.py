"""Ratings and complaints (Art. 3.1, 6.2.đ, 7.5, 20.2; TT 17/2017 Điều 8): recorded, passed on, answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.late import violation
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation, may_serve
from hub.dossier.state.matter import Matter, State
from hub.dossier.state.model import APPLICANT, Dossier
from hub.regulation.clock import local_day
from hub.regulation.deadlines import complaint_limit, postal_complaint_end, postal_complaint_limit
from hub.regulation.roster import Posting
from schemas.feedback import (
    AnswerComplaint,
    ComplaintAnswered,
    ComplaintForwarded,
    ComplaintLodged,
    ComplaintRecorded,
    ForwardComplaint,
    LodgeComplaint,
    RatingRecorded,
    RecordComplaint,
    RecordRating,
)


@rule("3.1", "An applicant rates each side once, on the scale of the regulation")
def rating_counts_once(dossier: Dossier, request: RecordRating, context: Context) -> Refused | None:
    """The one-stop, the agency, the post: a second rating would count twice."""
    if request.score > context.law.profile.feedback.rating_scale:
        return Refused("rule.3.1.scale", rule="3.1", fields=("/score",))
    return Refused("rule.3.1", rule="3.1", fields=("/about",)) if request.about in dossier.ratings else None


@rule("9.2", "A rating names an officer who was posted with the rated side while the dossier was there")
def rated_officer_is_known(dossier: Dossier, request: RecordRating, context: Context) -> Refused | None:
    """By account, from the day of lodging on, where its officers are listed: a low one counts against him."""
    code = _rated(dossier).get(request.about)
    is_listed = code is not None and context.registers.roster.level_of(code) is not None
    if request.official_account is None or not is_listed or _posting(dossier, request, context) is not None:
        return None
    return Refused("officer.not_rated", rule="9.2", fields=("/official_account",))


def _posting(dossier: Dossier, request: RecordRating, context: Context) -> Posting | None:
    code, account = _rated(dossier).get(request.about), request.official_account
    if code is None or account is None:
        return None
    days = local_day(dossier.submitted_at), local_day(context.now)
    return context.registers.roster.was_posted(code, account, *days)


@rule("9.2", "A low rating of an officer is told to the agency that posted him, which replaces him")
def agency_to_tell(dossier: Dossier, request: RecordRating, context: Context) -> str | None:
    """Up to the score of the profile, by the roster; None for any other."""
    low, posting = context.law.profile.feedback.low_score, _posting(dossier, request, context)
    if posting is None or low is None or request.score > low:
        return None
    return posting.sent_by


def _rated(dossier: Dossier) -> Mapping[str, str]:
    return {"one_stop": dossier.organisation, "agency": dossier.agency}


_RATE: tuple[Check[Dossier, RecordRating], ...] = (rating_counts_once, rated_officer_is_known)


def rate(dossier: Dossier, request: RecordRating, context: Context) -> Decision:
    """How content the applicant is."""
    if (refused := first_refusal(_RATE, dossier, request, context)) is not None:
        return refused
    fact = RatingRecorded(
        about=request.about,
        score=request.score,
        way=request.way,
        official=request.official,
        official_account=request.official_account,
        comment=request.comment,
        scale=context.law.profile.feedback.rating_scale,
        organisation=_rated(dossier).get(request.about),
        told_to=agency_to_tell(dossier, request, context),
    )
    return Accepted((fact,), (*ids_of(_RATE), agency_to_tell.id))


@rule("6.2.đ", "A complaint says what it is about, and names the official")
def complaint_says_what(
    _state: State | None, request: RecordComplaint | LodgeComplaint, _context: Context
) -> Refused | None:
    """Blank words are no complaint."""
    if not request.text.strip():
        return Refused("rule.6.2.đ.blank", rule="6.2.đ", fields=("/text",))
    is_named = request.official is not None or request.about != "official"
    if not is_named or (request.official is not None and not request.official.strip()):
        return Refused("rule.6.2.đ.official", rule="6.2.đ", fields=("/official",))
    return None


@rule("tt17-2017.8", "A complaint about the post names its order, and comes within its months")
def order_is_complained_of(dossier: Dossier, request: RecordComplaint, context: Context) -> Refused | None:
    """Counted from what is known last of the parcel."""
    if request.about != "post":
        return None
    pickup = dossier.pickups.get(request.order or "")
    if pickup is None:
        return Refused("pickup.unknown_order", rule="tt17-2017.8", fields=("/order",))
    law = context.law
    if context.now > postal_complaint_end(law.calendar, law.profile, pickup.status_at):
        return Refused("rule.tt17-2017.8", rule="tt17-2017.8", fields=("/order",))
    return None


_RECORD: tuple[Check[Dossier, RecordComplaint], ...] = (complaint_says_what, order_is_complained_of)


@rule("6.2.đ", "A complaint is answered within the time of its kind")
def answer_limit(dossier: Dossier, request: RecordComplaint, context: Context) -> datetime:
    """About the post within the working days of its own norms, by how far it carried."""
    law = context.law
    if request.about == "post" and request.order is not None:
        relation = dossier.pickups[request.order].relation
        return postal_complaint_limit(law.calendar, law.profile, context.now, relation)
    return complaint_limit(law.calendar, law.profile, context.now, request.kind)


def record(dossier: Dossier, request: RecordComplaint, context: Context) -> Decision:
    """The one-stop has to deal with it, or to report it."""
    if (refused := first_refusal(_RECORD, dossier, request, context)) is not None:
        return refused
    fact = ComplaintRecorded(
        kind=request.kind,
        about=request.about,
        way=request.way,
        text=request.text,
        complainant=request.complainant,
        official=request.official,
        order=request.order,
        complaint=f"K{len(dossier.complaints) + 1}",
        handler=dossier.organisation,
        answer_by=answer_limit(dossier, request, context),
    )
    return Accepted((fact,), (*ids_of(_RECORD), answer_limit.id))


@rule("6.2.đ", "Who takes a complaint in is a one-stop in its own name, or serves it")
def taker_speaks_for_it(_state: State | None, request: LodgeComplaint, context: Context) -> Refused | None:
    """A counter of this one-stop, or the portal and the page that serve it."""
    sender, organisation = context.sender, request.organisation
    is_its_own = "counter" in sender.roles and organisation in sender.organisations
    serves = any(may_serve(sender, role, organisation) for role in ("portal", "public"))
    return None if is_its_own or serves else foreign_organisation()


@rule("27", "A report about a rule names the provision that is unlawful or cannot be carried out")
def provision_is_named(_state: State | None, request: LodgeComplaint, _context: Context) -> Refused | None:
    """So that it can be passed on to who may change it (8.5.d, 27)."""
    if request.about != "rule" or (request.provision or "").strip():
        return None
    return Refused("rule.27", rule="27", fields=("/provision",))


_LODGE: tuple[Check[State | None, LodgeComplaint], ...] = (
    taker_speaks_for_it,
    complaint_says_what,
    provision_is_named,
)


@rule("6.2.đ", "A complaint of no dossier is answered within the time of its kind too")
def lodged_answer_limit(request: LodgeComplaint, context: Context) -> datetime:
    """From the day on which it came."""
    return complaint_limit(context.law.calendar, context.law.profile, context.now, request.kind)


def lodge(matter: Matter | None, request: LodgeComplaint, context: Context) -> Decision:
    """A complaint that names no dossier: the one-stop deals with it or passes it on."""
    if matter is not None:
        return Refused("reference.in_use")
    if (refused := first_refusal(_LODGE, matter, request, context)) is not None:
        return refused
    fact = ComplaintLodged(
        organisation=request.organisation,
        kind=request.kind,
        about=request.about,
        way=request.way,
        text=request.text,
        complainant=request.complainant,
        official=request.official,
        concerns=request.concerns,
        provision=request.provision,
        complaint="K1",
        handler=request.organisation,
        answer_by=lodged_answer_limit(request, context),
    )
    return Accepted((fact,), (*ids_of(_LODGE), lodged_answer_limit.id))


@rule("6.2.đ", "An open complaint is passed on and answered")
def complaint_is_open(
    dossier: State, request: ForwardComplaint | AnswerComplaint, context: Context
) -> Refused | None:
    """Known in this dossier or matter, and answered once."""
    found = dossier.complaints.get(request.complaint)
    if found is None:
        return Refused("complaint.unknown", rule="6.2.đ", fields=("/complaint",))
    if found.is_open:
        return None
    if isinstance(dossier, Matter):
        return Refused("complaint.answered", rule="6.2.đ", state=dossier.kind)
    return conflict(dossier, context, "complaint.answered", "6.2.đ")


@rule("6.2.đ", "A complaint is passed on to somebody else who deals with it")
def receiver_is_another(dossier: State, request: ForwardComplaint, _context: Context) -> Refused | None:
    """An organisation or the post, and not who has it already."""
    if request.to in {APPLICANT, dossier.complaints[request.complaint].handler}:
        return Refused("rule.6.2.đ.receiver", rule="6.2.đ", fields=("/to",))
    return None


@rule("6.2.đ", "What is passed on says what the complaint is")
def summary_is_in_words(_dossier: State, request: ForwardComplaint, _context: Context) -> Refused | None:
    """Who gets it has not seen it before; blank words tell nothing."""
    if not request.summary.strip():
        return Refused("rule.6.2.đ.blank", rule="6.2.đ", fields=("/summary",))
    return None


_FORWARD: tuple[Check[State, ForwardComplaint], ...] = (
    complaint_is_open,
    receiver_is_another,
    summary_is_in_words,
)


def forward(dossier: State, request: ForwardComplaint, context: Context) -> Decision:
    """Who is competent deals with it; its time goes on."""
    if (refused := first_refusal(_FORWARD, dossier, request, context)) is not None:
        return refused
    found = dossier.complaints[request.complaint]
    fact = ComplaintForwarded(
        complaint=request.complaint,
        to=request.to,
        summary=request.summary,
        officer=request.officer,
        kind=found.kind,
        about=found.about,
        answer_by=found.answer_by,
    )
    return Accepted((fact,), ids_of(_FORWARD))


@rule("6.2.đ", "Who deals with a complaint answers it, or the one-stop passes the explanation on")
def handler_answers(dossier: State, request: AnswerComplaint, context: Context) -> Refused | None:
    """In its own name; the post answers through the one-stop (20.2). Others are not told of complaints."""
    found, sender = dossier.complaints.get(request.complaint), context.sender
    is_handler = found is not None and found.handler in sender.organisations
    is_taker = "counter" in sender.roles and dossier.organisation in sender.organisations
    return None if is_handler or is_taker else foreign_organisation()


@rule("6.2.đ", "An answer to a complaint says something")
def answer_is_in_words(_dossier: State, request: AnswerComplaint, _context: Context) -> Refused | None:
    """Blank words are none."""
    if not request.answer.strip():
        return Refused("rule.6.2.đ.blank", rule="6.2.đ", fields=("/answer",))
    return None


@rule("6.2.đ", "An answer is recorded when the complainant has it")
def answer_is_told(_dossier: State, request: AnswerComplaint, context: Context) -> Refused | None:
    """Not before it was told."""
    if request.told_at > context.now:
        return Refused("rule.6.2.đ.told", rule="6.2.đ", fields=("/told_at",))
    return None


@rule("7.5", "Who complained about an official's violation is told what was done about it")
def official_outcome_is_told(dossier: State, request: AnswerComplaint, _context: Context) -> Refused | None:
    """Where the complaint about the official is right, wholly or in part."""
    about = dossier.complaints[request.complaint].about
    if about != "official" or request.outcome not in {"upheld", "partly"}:
        return None
    if not (request.official_outcome or "").strip():
        return Refused("rule.7.5", rule="7.5", fields=("/official_outcome",))
    return None


_ANSWER: tuple[Check[State, AnswerComplaint], ...] = (
    handler_answers,
    complaint_is_open,
    answer_is_in_words,
    answer_is_told,
    official_outcome_is_told,
)


def answer(dossier: State, request: AnswerComplaint, context: Context) -> Decision:
    """The complainant knows; a late answer is recorded as late."""
    if (refused := first_refusal(_ANSWER, dossier, request, context)) is not None:
        return refused
    found = dossier.complaints[request.complaint]
    late = violation(context, found.answer_by, "tt17-2017.8" if found.about == "post" else "6.2.đ")
    if isinstance(late, Refused):
        return late
    fact = ComplaintAnswered(
        complaint=request.complaint,
        outcome=request.outcome,
        answer=request.answer,
        official_outcome=request.official_outcome,
        told_by=request.told_by,
        told_at=request.told_at,
        officer=request.officer,
        handler=found.handler,
    )
    return Accepted((fact, *late), ids_of(_ANSWER))
