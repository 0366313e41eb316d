"""Acts after their limit: recorded with `rule.violated`, or refused, as the profile says (`late_acts`)."""

from __future__ import annotations

from datetime import datetime

from hub.dossier.decision import Context, Refused
from hub.dossier.state.model import APPLICANT, POST, Dossier
from hub.regulation.clock import is_after
from schemas.due import DeadlineMissed, RuleViolated, TimerKind

_ONE_STOP_ACTS: frozenset[TimerKind] = frozenset({"intake", "forward", "forward_electronic", "notice"})
_POST_ACTS: frozenset[TimerKind] = frozenset({"transit", "redelivery"})


Late = tuple[()] | tuple[RuleViolated] | Refused
"""In time; late and recorded; late and refused."""


def violation(context: Context, limit: datetime | None, rule_id: str) -> Late:
    """Nothing when the act is in time or has no limit; else the violated rule with the seconds of delay."""
    if limit is None or not is_after(context.now, limit):
        return ()
    if context.law.profile.due.late_acts == "refuse":
        return Refused("late.act", rule=rule_id)
    return (RuleViolated(rule=rule_id, late_s=seconds_late(context.now, limit)),)


def unfired(dossier: Dossier, context: Context, *names: str) -> tuple[DeadlineMissed, ...]:
    """The missed limits that an act ends before their timers fired: on record all the same, each once."""
    missed = [
        (name, dossier.timers[name])
        for name in names
        if name in dossier.timers and dossier.timers[name].due_at < context.now
    ]
    return tuple(
        [
            DeadlineMissed(
                timer=name,
                kind=timer.kind,
                due_at=timer.due_at,
                holder=who_had_to_act(dossier, timer.kind, name),
            )
            for name, timer in missed
        ]
    )


def who_had_to_act(dossier: Dossier, kind: TimerKind, name: str) -> str | None:
    """The organisation whose part it was by the timer of this name; None for the post."""
    if kind == "original":
        holder = dossier.custody[name.removeprefix("original:")]
        return None if holder in {APPLICANT, POST} else holder
    if kind == "complaint":
        handler = dossier.complaints[name.removeprefix("complaint:")].handler
        return None if handler == POST else handler
    if kind in _POST_ACTS:
        return None
    if kind == "leg":
        return dossier.legs[name.removeprefix("leg:")].of
    if kind == "opinion":
        return dossier.opinions[name.removeprefix("opinion:")].of
    return dossier.organisation if kind in _ONE_STOP_ACTS else dossier.agency


def seconds_late(now: datetime, limit: datetime) -> int:
    """Whole seconds since the limit; 0 when in time."""
    return max(0, int((now - limit).total_seconds()))


def running_due(dossier: Dossier) -> datetime | None:
    """The due time, unless the clock stands still because a supplement is awaited (17.4)."""
    return None if dossier.status == "awaiting_supplement" else dossier.measure


def limits_of(dossier: Dossier) -> dict[str, tuple[str, datetime]]:
    """Limits of agencies that are not met, by the name of their timer: whose part it is, and until when.

    Also those that were missed, whose timers are gone.
    """
    limits = {
        f"opinion:{name}": (opinion.of, opinion.answer_by)
        for name, opinion in dossier.opinions.items()
        if not opinion.is_given
    }
    limits |= {
        f"leg:{name}": (leg.of, leg.finish_by)
        for name, leg in dossier.legs.items()
        if leg.status == "started" and leg.finish_by is not None
    }
    if (due := running_due(dossier)) is not None:
        limits["due"] = (dossier.agency, due)
    if dossier.appraisal == "to_supplement" and dossier.notice_limit is not None:
        limits["supplement_notice"] = (dossier.agency, dossier.notice_limit)
    return limits
