"""Information asked and answered between the one-stop and agencies (Art. 6.3.a, 6.3.b)."""

from __future__ import annotations

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.rule import Check, first_refusal, ids_of, rule
from hub.dossier.standing import conflict, foreign_organisation
from hub.dossier.state.model import Dossier
from schemas.information import AnswerInfo, InfoAnswered, InfoRequested, RequestInfo


@rule("6.3.a", "A question to another organisation says what is wanted")
def question_is_in_words(_dossier: Dossier, request: RequestInfo, _context: Context) -> Refused | None:
    """Blank words ask nothing."""
    if not request.question.strip():
        return Refused("rule.6.3.a.blank", rule="6.3.a", fields=("/question",))
    return None


@rule("6.3.b", "One-stop and agency ask others, and not themselves")
def another_is_asked(dossier: Dossier, request: RequestInfo, context: Context) -> Refused | None:
    """Whoever asks stands in the dossier."""
    if request.to == asker_of(dossier, context):
        return Refused("rule.6.3.b", rule="6.3.b", fields=("/to",))
    return None


def asker_of(dossier: Dossier, context: Context) -> str:
    """The organisation in whose name the sender asks: the one-stop, else the agency."""
    is_counter = "counter" in context.sender.roles and dossier.organisation in context.sender.organisations
    return dossier.organisation if is_counter else dossier.agency


_ASK: tuple[Check[Dossier, RequestInfo], ...] = (question_is_in_words, another_is_asked)


def ask(dossier: Dossier, request: RequestInfo, context: Context) -> Decision:
    """Who is asked has to answer."""
    if (refused := first_refusal(_ASK, dossier, request, context)) is not None:
        return refused
    fact = InfoRequested(
        to=request.to,
        about=request.about,
        question=request.question,
        wanted_by=request.wanted_by,
        officer=request.officer,
        info=f"Q{len(dossier.questions) + 1}",
        by=asker_of(dossier, context),
    )
    return Accepted((fact,), ids_of(_ASK))


@rule("6.3.a", "An answer is to an open question, of who was asked")
def question_is_open(dossier: Dossier, request: AnswerInfo, context: Context) -> Refused | None:
    """Answered once."""
    found = dossier.questions.get(request.info)
    if found is None:
        return Refused("info.unknown", rule="6.3.a", fields=("/info",))
    if found.to not in context.sender.organisations:
        return foreign_organisation()
    return None if found.is_open else conflict(dossier, context, "info.answered", "6.3.a")


@rule("6.3.a", "An answer says something")
def answer_is_in_words(_dossier: Dossier, request: AnswerInfo, _context: Context) -> Refused | None:
    """Blank words are none."""
    if not request.answer.strip():
        return Refused("rule.6.3.a.blank", rule="6.3.a", fields=("/answer",))
    return None


_ANSWER: tuple[Check[Dossier, AnswerInfo], ...] = (question_is_open, answer_is_in_words)


def answer(dossier: Dossier, request: AnswerInfo, context: Context) -> Decision:
    """Who asked has the answer."""
    if (refused := first_refusal(_ANSWER, dossier, request, context)) is not None:
        return refused
    found = dossier.questions[request.info]
    fact = InfoAnswered(
        info=request.info, answer=request.answer, officer=request.officer, of=found.to, to=found.by
    )
    return Accepted((fact,), ids_of(_ANSWER))
