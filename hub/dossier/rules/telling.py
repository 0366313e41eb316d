"""What applicants who agreed to a way are told of, and what follows when one of them cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from msgspec import Struct

from hub.dossier.decision import Accepted, Context, Decision
from hub.dossier.errors import ContextError
from hub.dossier.room import MOST
from hub.dossier.state.model import Dossier, Notice
from hub.regulation.clock import local_day
from schemas.base import Fact
from schemas.dossier import DossierAccepted, DossierDeclined, SupplementRequested
from schemas.due import ApologySent
from schemas.notice import AgreedChannel, NoticePoint, NoticePurpose, NoticeRequested
from schemas.payment import PaymentRequested
from schemas.pickup import PickupProgressed, PickupStatus
from schemas.replanning import LimitMoved
from schemas.result import ResultIssued
from schemas.types import NoticeChannel
from schemas.verification import VerificationScheduled

_LONGEST_NAME = 250
_TOLD_OF_THE_POST: frozenset[PickupStatus] = frozenset(
    {"collected", "delivery_failed", "delivered", "returned", "lost"}
)
"""Reports of the post that an applicant is told of: not each hand that a parcel goes through."""
_MOST_OF_THE_POST = 50


CAUSES: frozenset[type[Fact]] = frozenset(
    {
        DossierAccepted,
        SupplementRequested,
        DossierDeclined,
        ApologySent,
        ResultIssued,
        PaymentRequested,
        PickupProgressed,
        VerificationScheduled,
        LimitMoved,
    }
)
"""Facts that an applicant who agreed to a way is told of."""


class _Cause(Struct, frozen=True, gc=False):
    """What a fact gives to be told, and the rule that asks for it."""

    purpose: NoticePurpose
    rule: str
    points: tuple[str, ...] = ()
    guidance: str | None = None
    code: str | None = None
    due_at: datetime | None = None
    competent: str | None = None
    amount: int | None = None
    status: PickupStatus | None = None


def with_notices(dossier: Dossier, decision: Decision, context: Context) -> Decision:
    """The decision, and for each cause in it the notices that it asks for; none without an agreed way.

    On as many of the agreed ways as the profile wants at once (15.2.a).
    """
    is_full = len(dossier.notices) >= MOST
    if not isinstance(decision, Accepted) or not dossier.notice_ways or is_full:
        return decision
    made: list[NoticeRequested] = []
    for fact in decision.facts:
        cause = _cause_of(dossier, fact, context) if type(fact) in CAUSES else None
        if cause is None or _is_left_to_the_one_stop(fact, context):
            continue
        at_once = context.law.profile.notices.min_channels
        for way in islice(_ways(dossier, cause.purpose, context), at_once):
            name = f"TB{len(dossier.notices) + len(made) + 1}"
            made.append(_requested(dossier, name, cause, way, context))
    return Accepted((*decision.facts, *made), decision.rules) if made else decision


def next_way(
    dossier: Dossier, name: str, failed: NoticeChannel, context: Context
) -> tuple[NoticeChannel, NoticeRequested | None]:
    """The way after one on which nobody was reached: the next agreed one, then a call of the counter.

    Ways that were taken at once are not taken again.
    """
    notice, at_once = dossier.notices[name], context.law.profile.notices.min_channels
    ways = list(_ways(dossier, notice.purpose, context))
    later = ways[max(ways.index(failed) + 1, at_once) :] if failed in ways else []
    if not later:
        return "call", None
    return later[0], _requested(dossier, name, _cause_again(notice), later[0], context)


def permitted(purpose: NoticePurpose, context: Context) -> frozenset[str]:
    """On which ways the profile lets this be told (15.2.a, 17.9, 18.4)."""
    notices = context.law.profile.notices
    if purpose == "reschedule":
        return notices.reschedule
    return notices.early if purpose == "early_return" else notices.intake


def _is_left_to_the_one_stop(fact: Fact, context: Context) -> bool:
    """Whether the one-stop itself tells what the agency decided (17.4, 17.8 «thông qua Bộ phận Một cửa»).

    By `via_one_stop` the hub tells it in its name, or the one-stop does and reports that (`notice.report`).
    """
    if context.law.profile.returning.via_one_stop == "pass":
        return False
    if isinstance(fact, SupplementRequested):
        return fact.stage == "appraisal"
    return isinstance(fact, DossierDeclined) and fact.mode != "refuse_intake"


def _ways(dossier: Dossier, purpose: NoticePurpose, context: Context) -> Iterator[AgreedChannel]:
    return (way for way in dossier.notice_ways if way in permitted(purpose, context))


def _cause_of(dossier: Dossier, fact: Fact, context: Context) -> _Cause | None:
    is_online = dossier.channel == "online"
    match fact:
        case DossierAccepted():
            rule = "15.2.b" if is_online else "15.1.a"
            return _Cause("receipt", rule, code=fact.code, due_at=fact.due_at)
        case SupplementRequested():
            at_intake = "15.2.a" if is_online else "15.1.b"
            points = tuple(gap.reason for gap in fact.gaps)
            rule = at_intake if fact.stage == "intake" else "17.4"
            return _Cause("supplement", rule, points, fact.guidance)
        case DossierDeclined():
            at_intake = "15.2.a" if is_online else "15.1.c"
            rule = at_intake if fact.mode == "refuse_intake" else "17.8"
            return _Cause("decline", rule, (fact.explanation,), competent=fact.competent)
        case ApologySent():
            return _Cause("reschedule", "17.9", (fact.reason,), due_at=fact.new_due_at)
        case ResultIssued():
            is_early = dossier.measure is not None and context.now < dossier.measure
            return _Cause("early_return", "18.4") if is_early else _Cause("ready", "18.3")
        case PaymentRequested():
            return _Cause("fee", "3.5", amount=fact.total)
        case PickupProgressed() if _is_told(dossier, fact):
            return _Cause("post", "13.2", status=fact.status)
        case VerificationScheduled():
            return _Cause("appointment", "17.3.b", (fact.place, fact.content), due_at=fact.at)
        case LimitMoved() if _is_promised(dossier, fact):
            return _Cause("moved", "blld45-2019.112", due_at=fact.new_due_at)
        case _:
            return None


def _is_promised(dossier: Dossier, fact: LimitMoved) -> bool:
    """Whether it is the time at which the applicant was told to come; other limits are those of offices."""
    promised = {dossier.due_at, dossier.apology_due_at}
    return fact.kind == "due" and fact.old_due_at.astimezone(UTC) in promised


def _is_told(dossier: Dossier, fact: PickupProgressed) -> bool:
    """A new place of a parcel; a post that repeats itself leaves room for what else has to be told."""
    pickup = dossier.pickups[fact.order]
    is_new = fact.status != pickup.status or fact.failures > len(pickup.failed_at)
    told = sum(notice.purpose == "post" for notice in dossier.notices.values())
    return (
        fact.status in _TOLD_OF_THE_POST
        and is_new
        and pickup.is_news(fact.status, fact.at)
        and told < _MOST_OF_THE_POST
    )


def _cause_again(notice: Notice) -> _Cause:
    """Without words: what can hold them was tried first."""
    return _Cause(
        notice.purpose,
        notice.rule,
        due_at=notice.due_at,
        competent=notice.competent,
        amount=notice.amount,
        status=notice.status,
    )


def _requested(
    dossier: Dossier, name: str, cause: _Cause, way: AgreedChannel, context: Context
) -> NoticeRequested:
    wish = context.notices
    if wish is None:
        raise ContextError("a notice needs to know where it goes")
    is_email = way == "email"
    procedure = context.law.catalogue.procedures.get(dossier.procedure)
    one_stop = context.registers.organisations.on(dossier.organisation, local_day(context.now))
    return NoticeRequested(
        notice=name,
        purpose=cause.purpose,
        rule=cause.rule,
        channel=way,
        email=wish.email if is_email else None,
        phone=None if is_email else wish.phone,
        language=wish.language,
        organisation=dossier.organisation,
        organisation_name=one_stop.name_vi[:_LONGEST_NAME] if one_stop is not None else None,
        procedure=dossier.procedure,
        procedure_title=procedure.name[:_LONGEST_NAME] if procedure is not None else None,
        code=cause.code or dossier.code,
        due_at=cause.due_at.astimezone(UTC) if cause.due_at is not None else None,
        points=tuple(NoticePoint(text=text) for text in cause.points) if is_email else (),
        guidance=cause.guidance if is_email else None,
        competent=cause.competent,
        amount=cause.amount,
        status=cause.status,
    )
