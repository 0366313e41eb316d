"""Notices to the applicant (Art. 15.2.a, 17.9, 18.4): on a permitted way, and before an early result."""

from __future__ import annotations

from collections.abc import Mapping

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.duties import TELLS
from hub.dossier.rules.late import Late, unfired
from hub.dossier.rules.rule import Check, first_refusal, rule
from hub.dossier.rules.telling import next_way, permitted
from hub.dossier.state.model import Dossier
from schemas.due import RuleViolated
from schemas.notice import NoticeFailed, NoticePurpose, NoticeSent, ReportNotice
from schemas.result import ReturnResult

_RULES: Mapping[NoticePurpose, str] = {
    "intake": "15.2.a",
    "reschedule": "17.9",
    "early_return": "18.4",
    "receipt": "15.1.a",
    "supplement": "15.1.b",
    "decline": "15.1.c",
    "ready": "18.3",
    "fee": "3.5",
    "post": "13.2",
    "appointment": "17.3.b",
    "moved": "blld45-2019.112",
}


def _refused(request: ReportNotice, context: Context) -> Refused | None:
    ways = permitted(request.purpose, context)
    if request.channel in ways:
        return None
    return Refused(
        "notice.channel", rule=_RULES[request.purpose], fields=("/channel",), possible=tuple(sorted(ways))
    )


@rule("15.2.a", "The answer to an online dossier is told by e-mail, message or call")
def intake_is_told(_dossier: Dossier, request: ReportNotice, context: Context) -> Refused | None:
    """By the ways of the profile: no social network here, nor for what else is told of a dossier."""
    return None if request.purpose in {"reschedule", "early_return"} else _refused(request, context)


@rule("17.9", "The new time of Form 04 is told on one of its ways, once there is one")
def new_time_is_told(dossier: Dossier, request: ReportNotice, context: Context) -> Refused | None:
    """Nothing to tell before the apology."""
    if request.purpose != "reschedule":
        return None
    if not dossier.apologies:
        return Refused("notice.nothing", rule="17.9", fields=("/purpose",))
    return _refused(request, context)


@rule("18.4", "That a result can be had early is told on one of its ways, once it is issued")
def early_result_is_told(dossier: Dossier, request: ReportNotice, context: Context) -> Refused | None:
    """Nothing to tell before the result, and not after its return, unless the hub asked for it in time."""
    if request.purpose != "early_return":
        return None
    if dossier.status != "result_issued" and request.notice is None:
        return Refused("notice.nothing", rule="18.4", fields=("/purpose",))
    return _refused(request, context)


def _is_unknown(dossier: Dossier, request: ReportNotice) -> bool:
    """A report names a notice that is open, of this purpose, on the way that it goes now or by call.

    One that was sent can come back (a bounce): its failure on that way is told later.
    """
    if request.notice is None:
        return False
    notice = dossier.notices.get(request.notice)
    if notice is None or notice.purpose != request.purpose:
        return True
    if not notice.is_open:
        return request.failure is None or request.channel != notice.channel or request.channel == "call"
    return request.channel not in {notice.channel, "call"}


_REPORT: tuple[Check[Dossier, ReportNotice], ...] = (intake_is_told, new_time_is_told, early_result_is_told)


def report(dossier: Dossier, request: ReportNotice, context: Context) -> Decision:
    """The applicant was told, or was not reached."""
    if (refused := first_refusal(_REPORT, dossier, request, context)) is not None:
        return refused
    if _is_unknown(dossier, request):
        return Refused("notice.nothing", rule=_RULES[request.purpose], fields=("/notice",))
    rule_id = _RULES[request.purpose]
    asked_by = rule_id if request.notice is None else dossier.notices[request.notice].rule
    then, again = None, None
    if request.notice is not None and request.failure is not None:
        then, again = next_way(dossier, request.notice, request.channel, context)
    fact: NoticeSent | NoticeFailed
    if request.failure is None:
        fact = NoticeSent(
            purpose=request.purpose,
            channel=request.channel,
            at=request.at,
            proof=request.proof,
            notice=request.notice,
            rule=asked_by,
        )
    else:
        fact = NoticeFailed(
            purpose=request.purpose,
            channel=request.channel,
            at=request.at,
            proof=request.proof,
            notice=request.notice,
            rule=asked_by,
            failure=request.failure,
            then=then,
        )
    duty = TELLS.get(request.purpose)
    missed = unfired(dossier, context, duty) if duty is not None and request.failure is None else ()
    return Accepted((*missed, fact) if again is None else (fact, again), (rule_id,))


@rule("18.4", "A result that is returned before its time was announced before")
def early_return_is_announced(dossier: Dossier, request: ReturnResult, context: Context) -> Late:
    """As the profile says: taken, recorded, or refused; a delivery online may count as the notice."""
    returning = context.law.profile.returning
    is_early = dossier.measure is not None and context.now < dossier.measure
    is_delivered = returning.early_notice == "delivery_counts" and request.channel in {"online", "email"}
    if not is_early or dossier.is_early_told or is_delivered or returning.unannounced_early == "accept":
        return ()
    if returning.unannounced_early == "refuse":
        return Refused("rule.18.4", rule="18.4")
    return (RuleViolated(rule="18.4", late_s=0),)
