"""Timers as part of the state: facts start and drop them, and the engine stores the difference."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from hub.dossier.rules.transfer import electronic_limit, paper_limit
from hub.dossier.state.model import Dossier, Timer
from hub.regulation.clock import in_viet_nam
from hub.regulation.deadlines import latest_apology_day
from hub.regulation.law import Law
from schemas.due import TimerKind

Timers = dict[str, Timer]


class TimerStep(Struct, frozen=True, gc=False):
    """When a fact was received (legal time, UTC), from whom, under which law."""

    at: datetime
    submitted_by: str
    law: Law


def intake_timer(limit: datetime) -> Timers:
    """The end of the 8 working hours of an online dossier (15.2)."""
    return {"intake": Timer("intake", limit)}


def forward_timer(dossier: Dossier, has_paper: bool, accepted_at: datetime, law: Law) -> Timers:
    """Until when paper must be handed on (16.2); none for an electronic dossier."""
    limit = paper_limit(dossier, has_paper, accepted_at, law)
    return {"forward": Timer("forward", limit.astimezone(UTC))} if limit else {}


def electronic_timer(dossier: Dossier, accepted_at: datetime, law: Law) -> Timers:
    """Until when the electronic dossier must go (16.1)."""
    limit = electronic_limit(dossier, accepted_at, law)
    kind: TimerKind = "forward_electronic"
    return {kind: Timer(kind, limit.astimezone(UTC))} if limit else {}


def clock_timers(due_at: datetime, counted_from: datetime, apologies: int, law: Law) -> Timers:
    """The due time, and the opening of the last day for the apology while one is still possible (17.9).

    There is no apology timer when that day is over before handling time begins.
    """
    timers, begin = {"due": Timer("due", due_at)}, in_viet_nam(counted_from)
    if apologies >= law.profile.reschedule.max_count:
        return timers
    day = latest_apology_day(law.calendar, law.profile, due_at)
    if law.calendar.closing(day) >= begin:
        near = max(law.calendar.opening(day), begin)
        timers["apology"] = Timer("apology", near.astimezone(UTC))
    return timers


def without(dossier: Dossier, *names: str) -> Timers:
    """The timers but these."""
    return {name: timer for name, timer in dossier.timers.items() if name not in names}
