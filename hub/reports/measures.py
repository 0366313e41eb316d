"""What is counted of a dossier in a period: a measure says yes or no, and all numbers are sums (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.reports.life import Life


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` to before `end`; `until` is its end, or the present moment where that comes first."""

    begin: datetime
    end: datetime
    until: datetime

    def holds(self, moment: datetime | None) -> bool:
        """Whether it lies in the period."""
        return moment is not None and self.begin <= moment < self.end


class InPeriod:
    """A dossier in a period, with what the formula set and the catalogue say of it.

    `has_results`: its procedure has papers as results; `dislike_most`: the share of the scale up to which a
    rating says that the applicant is not content.
    """

    __slots__ = (
        "dislike_most",
        "has_ended",
        "has_results",
        "is_handled",
        "is_issued",
        "is_late",
        "is_received",
        "late_by",
        "life",
    )

    def __init__(self, life: Life, period: Period, *, has_results: bool, dislike_most: float) -> None:
        self.life = life
        self.has_results = has_results
        self.dislike_most = dislike_most
        self.is_received = period.holds(life.accepted_at)
        self.has_ended = life.ended_at is not None
        self.is_issued = period.holds(life.issued_at)
        self.is_handled = _is_open_within(life, period)
        self.is_late = self.is_handled and not is_in_time(life, period.until)
        self.late_by = delay(life, period.until) if self.is_late else timedelta()


def _is_open_within(life: Life, period: Period) -> bool:
    """Open at some moment of the period."""
    has_begun = life.accepted_at is not None and life.accepted_at < period.end
    return has_begun and (life.ended_at is None or life.ended_at >= period.begin)


def is_in_time(life: Life, until: datetime) -> bool:
    """By the due time that counts; an open first supplement ends with its request, a second one is late."""
    if len(life.spells) > 1 or life.due_at is None:
        return False
    return _counted_end(life, until) <= life.due_at


def delay(life: Life, until: datetime) -> timedelta:
    """How long after the due time that counts; nothing, where it is late by a second supplement alone."""
    if life.due_at is None:
        return timedelta()
    return max(timedelta(), _counted_end(life, until) - life.due_at)


def _counted_end(life: Life, until: datetime) -> datetime:
    ended = life.ended_at
    if ended is None and life.spells and life.spells[-1].ended is None:
        ended = life.spells[-1].begun
    return ended or until


def _with_result(seen: InPeriod) -> bool:
    return seen.is_issued and seen.has_results


def _online_with_result(seen: InPeriod) -> bool:
    is_online = seen.is_received and seen.life.channel == "online"
    return is_online and (seen.life.has_electronic_result or not seen.has_results)


def _is_disliked(seen: InPeriod) -> bool:
    lowest = seen.life.lowest_score
    return bool(seen.life.complaints) or (lowest is not None and lowest <= seen.dislike_most)


MEASURES: Mapping[str, Callable[[InPeriod], bool]] = {
    "received": lambda seen: seen.is_received,
    "handled": lambda seen: seen.is_handled,
    "on_time": lambda seen: seen.is_handled and not seen.is_late,
    "issued": lambda seen: seen.is_issued,
    "with_result": _with_result,
    "e_result": lambda seen: _with_result(seen) and seen.life.has_electronic_result,
    "digitised": lambda seen: seen.is_issued and seen.life.has_copy and seen.life.has_electronic_result,
    "synced": lambda seen: seen.is_received and seen.life.is_synced,
    "online": lambda seen: seen.is_received and seen.life.channel == "online",
    "online_with_result": _online_with_result,
    "post": lambda seen: seen.is_received and seen.life.channel == "post",
    "direct": lambda seen: seen.is_received and seen.life.channel not in {"online", "post"},
    "duty": lambda seen: seen.is_received and seen.life.has_duty,
    "paid_online": lambda seen: seen.is_received and seen.life.is_paid_online,
    "reused": lambda seen: seen.is_received and seen.life.has_reuse,
    "connected": lambda seen: seen.is_received and seen.life.has_reused_paper,
    "population_data": lambda seen: seen.is_received and seen.life.has_population_data,
    "late": lambda seen: seen.is_late,
    "disliked": lambda seen: seen.is_handled and _is_disliked(seen),
}
"""By name, as formula sets and explanations use them."""
