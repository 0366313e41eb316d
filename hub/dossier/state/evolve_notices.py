"""What notices to the applicant make of a dossier (15.2.a, 17.9, 18.4)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from msgspec.structs import replace

from hub.dossier.rules.duties import TELLS
from hub.dossier.state.model import Dossier, Notice
from hub.dossier.state.timers import TimerStep, without
from schemas.notice import AgreedChannel, NoticeFailed, NoticeRequested, NoticeSent, NoticeWish


def ways_of(wish: NoticeWish | None) -> tuple[AgreedChannel, ...]:
    """The ways to which the applicant agreed, e-mail first."""
    if wish is None:
        return ()
    ways: tuple[tuple[AgreedChannel, object], ...] = (("email", wish.email), ("sms", wish.phone))
    return tuple(way for way, address in ways if address is not None)


def notice_requested(dossier: Dossier, fact: NoticeRequested, _step: TimerStep) -> dict[str, Any]:
    """It is under way."""
    due_at = fact.due_at.astimezone(UTC) if fact.due_at is not None else None
    found = Notice(
        fact.purpose, fact.rule, fact.channel, True, due_at, fact.competent, fact.amount, fact.status
    )
    return {"notices": {**dossier.notices, fact.notice: found}}


def noticed(dossier: Dossier, fact: NoticeSent, _step: TimerStep) -> dict[str, Any]:
    """The applicant was reached: what had to be told in time is told, and an early result is known."""
    changes: dict[str, Any] = {"is_early_told": True} if fact.purpose == "early_return" else {}
    if (duty := TELLS.get(fact.purpose)) is not None and duty in dossier.timers:
        changes["timers"] = without(dossier, duty)
    if fact.notice is not None:
        found = replace(dossier.notices[fact.notice], is_open=False, channel=fact.channel)
        changes["notices"] = {**dossier.notices, fact.notice: found}
    return changes


def notice_failed(dossier: Dossier, fact: NoticeFailed, _step: TimerStep) -> dict[str, Any]:
    """Another way is taken, or the counter calls; what was sent and came back is open again."""
    if fact.notice is None or fact.then is None:
        return {}
    found = replace(dossier.notices[fact.notice], is_open=True, channel=fact.then)
    changes: dict[str, Any] = {"is_early_told": False} if fact.purpose == "early_return" else {}
    return changes | {"notices": {**dossier.notices, fact.notice: found}}
