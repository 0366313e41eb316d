"""Notices to the applicant (Art. 15.2.a, 17.9, 18.4): on a permitted way, and before an early result."""

from __future__ import annotations

from collections.abc import Mapping

from hub.dossier.decision import Accepted, Context, Decision, Refused
from hub.dossier.rules.late import Late
from hub.dossier.rules.rule import Check, first_refusal, rule
from hub.dossier.state.model import Dossier
from schemas.due import RuleViolated
from schemas.notice import NoticeFailed, NoticePurpose, NoticeSent, ReportNotice
from schemas.result import ReturnResult

_RULES: Mapping[NoticePurpose, str] = {"intake": "15.2.a", "reschedule": "17.9", "early_return": "18.4"}


def _refused(request: ReportNotice, purpose: NoticePurpose, permitted: frozenset[str]) -> Refused | None:
    if request.purpose != purpose or request.channel in permitted:
        return None
    return Refused(
        "notice.channel", rule=_RULES[purpose], fields=("/channel",), possible=tuple(sorted(permitted))
    )


@rule("15.2.a", "The answer to an online dossier is told by e-mail, message or call")
def intake_is_told(_dossier: Dossier, request: ReportNotice, context: Context) -> Refused | None:
    """By the ways of the profile: no social network here."""
    return _refused(request, "intake", context.law.profile.notices.intake)


@rule("17.9", "The new time of Form 04 is told on one of its ways, once there is one")
def new_time_is_told(dossier: Dossier, request: ReportNotice, context: Context) -> Refused | None:
    """Nothing to tell before the apology."""
    if request.purpose == "reschedule" and not dossier.apologies:
        return Refused("notice.nothing", rule="17.9", fields=("/purpose",))
    return _refused(request, "reschedule", context.law.profile.notices.reschedule)


@rule("18.4", "That a result can be had early is told on one of its ways, once it is issued")
def early_result_is_told(dossier: Dossier, request: ReportNotice, context: Context) -> Refused | None:
    """Nothing to tell before the result, and not after its return."""
    if request.purpose == "early_return" and dossier.status != "result_issued":
        return Refused("notice.nothing", rule="18.4", fields=("/purpose",))
    return _refused(request, "early_return", context.law.profile.notices.early)


_REPORT: tuple[Check[Dossier, ReportNotice], ...] = (intake_is_told, new_time_is_told, early_result_is_told)


def report(dossier: Dossier, request: ReportNotice, context: Context) -> Decision:
    """The applicant was told, or was not reached."""
    if (refused := first_refusal(_REPORT, dossier, request, context)) is not None:
        return refused
    rule_id = _RULES[request.purpose]
    fact: NoticeSent | NoticeFailed
    if request.failure is None:
        fact = NoticeSent(
            purpose=request.purpose,
            channel=request.channel,
            at=request.at,
            proof=request.proof,
            rule=rule_id,
        )
    else:
        fact = NoticeFailed(
            purpose=request.purpose,
            channel=request.channel,
            at=request.at,
            proof=request.proof,
            rule=rule_id,
            failure=request.failure,
        )
    return Accepted((fact,), (rule_id,))


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
