"""Opinions (Art. 17.5): asked of other agencies with content and limit, answered, or late."""

from __future__ import annotations

from datetime import datetime

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.copies import file_refusal, files_of
from hub.dossier.rules.late import violation
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation, is_agency, is_consulted, is_one_stop
from hub.dossier.state.model import Dossier
from schemas.base import Request
from schemas.opinion import GiveOpinion, OpinionGiven, OpinionRequested, RequestOpinion


@rule("17.5.a", "The agency that handles the dossier asks, or a one-stop by assignment or delegation")
def asker_is_right(dossier: Dossier, request: RequestOpinion, context: Context) -> Refused | None:
    """The one-stop names the document."""
    if is_agency(dossier, context.sender) or (request.delegation or "").strip():
        return None
    return Refused("rule.17.5.a.delegation", rule="17.5.a", fields=("/delegation",))


@rule("17.5.a", "It is told what the opinion is about")
def content_is_given(_dossier: Dossier, request: RequestOpinion, _context: Context) -> Refused | None:
    """Blank words ask nothing."""
    if request.content.strip():
        return None
    return Refused("rule.17.5.a.blank", rule="17.5.a", fields=("/content",))


@rule("17.5.a", "An opinion is that of another agency")
def another_is_asked(dossier: Dossier, request: RequestOpinion, _context: Context) -> Refused | None:
    """Not of the one that handles the dossier."""
    if request.of != dossier.agency:
        return None
    return Refused("rule.17.5.a.self", rule="17.5.a", fields=("/of",))


@rule("17.5.a", "Each question has a name of its own, so that no second one moves the limit of the first")
def question_is_new(dossier: Dossier, request: RequestOpinion, context: Context) -> Refused | None:
    """Whoever wants to know more asks again, under another name."""
    if request.opinion not in dossier.opinions:
        return None
    return conflict(dossier, context, "state.opinion_known", "17.5.a")


@rule("17.5.a", "An opinion has a time limit")
def answer_limit(request: RequestOpinion, context: Context) -> datetime:
    """A moment, or the closing of the last of the working days; the day of the question does not count."""
    if request.answer_by is not None:
        return request.answer_by
    assert request.working_days is not None
    calendar = context.law.calendar
    return calendar.closing(calendar.working_day_after(context.now, request.working_days))


@rule("17.5.a", "The limit of an opinion lies ahead")
def limit_lies_ahead(_dossier: Dossier, request: RequestOpinion, context: Context) -> Refused | None:
    """Nobody can answer before being asked."""
    if request.answer_by is None or request.answer_by > context.now:
        return None
    return Refused("rule.17.5.a.past", rule="17.5.a", fields=("/answer_by",))


_REQUEST: tuple[Check[Dossier, RequestOpinion], ...] = (
    asker_is_right,
    content_is_given,
    another_is_asked,
    question_is_new,
    limit_lies_ahead,
)


def request_opinion(dossier: Dossier, request: RequestOpinion, context: Context) -> Decision:
    """Another agency is asked; its time runs, and so does that of the dossier."""
    if (refused := first_refusal(_REQUEST, dossier, request, context)) is not None:
        return refused
    assert dossier.code is not None
    fact = OpinionRequested(
        opinion=request.opinion,
        officer=request.officer,
        of=request.of,
        content=request.content,
        delegation=request.delegation,
        by=dossier.agency if is_agency(dossier, context.sender) else dossier.organisation,
        code=dossier.code,
        procedure=dossier.procedure,
        answer_by=answer_limit(request, context),
        working_days=request.working_days,
    )
    return Accepted((fact,), ids_of((*_REQUEST, answer_limit)))


@rule("17.5.b", "An opinion that was asked for is given once")
def opinion_is_awaited(dossier: Dossier, request: GiveOpinion, context: Context) -> Refused | None:
    """By the name under which it was asked for."""
    known = dossier.opinions.get(request.opinion)
    if known is None:
        return Refused("rule.17.5.b.unknown", rule="17.5.b", fields=("/opinion",))
    return conflict(dossier, context, "state.opinion_given", "17.5.b") if known.is_given else None


@rule("17.5.b", "The agency that was asked answers; an answer on paper is entered with its letter")
def answerer_is_right(dossier: Dossier, request: GiveOpinion, context: Context) -> Refused | None:
    """Who asked enters what came on paper."""
    sender = context.sender
    if is_consulted(dossier, request.opinion, sender):
        return None
    if not is_agency(dossier, sender) and not is_one_stop(dossier, sender):
        return foreign_organisation()
    if (request.letter or "").strip():
        return None
    return Refused("rule.17.5.b.letter", rule="17.5.b", fields=("/letter",))


@rule("17.5.b", "The answer is in words")
def answer_is_in_words(_dossier: Dossier, request: GiveOpinion, _context: Context) -> Refused | None:
    """Blank words are none."""
    if request.text.strip():
        return None
    return Refused("rule.17.5.b.blank", rule="17.5.b", fields=("/text",))


@rule("17.3.b", "An answer on paper is kept as a digitised file, unless a law provides otherwise")
def paper_answer_is_filed(dossier: Dossier, request: GiveOpinion, context: Context) -> Refused | None:
    """The file's package, or the law that is the exception; what the agency itself answers is no paper."""
    is_own = is_consulted(dossier, request.opinion, context.sender)
    if is_own or context.law.profile.handling.paper_answers == "letter" or request.package is not None:
        return None
    if (request.exception or "").strip():
        return None
    return Refused("rule.17.3.b.answer", rule="17.3.b", fields=("/package", "/exception"))


@rule("17.3.b", "The file is of this answer, signed by an officer of who enters it")
def file_is_of_this_answer(_dossier: Dossier, request: GiveOpinion, context: Context) -> Refused | None:
    """As the file of a verification, with the name of the question."""
    if request.package is None:
        return None
    return file_refusal(request.package, request.opinion, "17.3.b", context)


_GIVE: tuple[Check[Dossier, GiveOpinion], ...] = (
    opinion_is_awaited,
    answerer_is_right,
    answer_is_in_words,
    paper_answer_is_filed,
    file_is_of_this_answer,
)


def give_opinion(dossier: Dossier, request: GiveOpinion, context: Context) -> Decision:
    """The answer is on record; a late one says by how much."""
    if (refused := first_refusal(_GIVE, dossier, request, context)) is not None:
        return refused
    known = dossier.opinions[request.opinion]
    late = violation(context, known.answer_by, "17.5.b")
    if isinstance(late, Refused):
        return late
    fact = OpinionGiven(
        opinion=request.opinion,
        officer=request.officer,
        answer=request.answer,
        text=request.text,
        letter=request.letter,
        package=request.package,
        exception=request.exception,
        of=known.of,
        files=files_of(request.package, context),
    )
    return Accepted((fact, *late), ids_of(_GIVE))


@rule("17.5.b", "A result waits for the opinions that were asked for")
def opinions_are_there(dossier: Dossier, _request: Request, context: Context) -> Refused | None:
    """Silence is no consent; a profile may let a result go on without an answer that is late."""
    goes_on = context.law.profile.handling.opinion_silence == "proceed"
    if all(one.is_given or (goes_on and one.answer_by < context.now) for one in dossier.opinions.values()):
        return None
    return conflict(dossier, context, "rule.17.5.b.open", "17.5.b")
